"""A real gRPC client against grpc_server.py: `grpc_checks.py ADDRESS [CA-FILE] [-- CHECK...]`.

ADDRESS is where the server is seen through the proxy; with CA-FILE the channel is over TLS.
"""

import queue
import sys
import threading
import time

import grpc

from checks import check, equal, expect, main

OPTIONS = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.enable_http_proxy", 0),
    ("grpc.enable_retries", 0),  # what the proxy loses has to be seen
]


class Channel:
    """A connection of its own to the service."""

    def __init__(self, arguments, *options):
        if len(arguments) > 1:
            with open(arguments[1], "rb") as file:
                credentials = grpc.ssl_channel_credentials(file.read())
            self.channel = grpc.secure_channel(arguments[0], credentials, OPTIONS + list(options))
        else:
            self.channel = grpc.insecure_channel(arguments[0], OPTIONS + list(options))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.channel.close()

    def unary(self, name):
        return self.channel.unary_unary(f"/headrace.Test/{name}")

    def down(self, name):
        return self.channel.unary_stream(f"/headrace.Test/{name}")

    def up(self, name):
        return self.channel.stream_unary(f"/headrace.Test/{name}")

    def both(self, name):
        return self.channel.stream_stream(f"/headrace.Test/{name}")


def failure(call):
    """The error that a call ends with."""
    try:
        result = call()
    except grpc.RpcError as error:
        return error
    raise AssertionError(f"no error but {str(result)[:100]}")


@check
def unary(arguments):
    with Channel(arguments) as channel:
        for message in [b"", b"hello", bytes(range(256)) * 100]:
            equal(channel.unary("Echo")(message, timeout=20), message)


@check
def metadata(arguments):
    """Initial metadata, trailers, repeated keys, binary values; both ways."""
    sent = [
        ("reply-text", "a b, c"), ("reply-twice", "1"), ("reply-twice", "2"),
        ("reply-raw-bin", bytes(range(200))), ("trail-text", "end"), ("trail-raw-bin", b"\x00\x01"),
    ]
    with Channel(arguments) as channel:
        _, call = channel.unary("Echo").with_call(b"x", timeout=20, metadata=sent)
        initial = [tuple(item) for item in call.initial_metadata()]
        trailing = [tuple(item) for item in call.trailing_metadata()]
        for item in sent:
            where = initial if item[0].startswith("reply") else trailing
            joined = ("reply-twice", "1, 2") in where or ("reply-twice", "1,2") in where
            expect(item in where or (item[0] == "reply-twice" and joined), item, "in", where)
        expect(not any(key.startswith("trail") for key, _ in initial), "trailers in the head")
        equal(call.code(), grpc.StatusCode.OK)


@check
def request_fields(arguments):
    """What gRPC asks of a proxy: te, user-agent and the server's own fields pass through."""
    with Channel(arguments) as channel:
        seen = channel.unary("Peer")(b"", timeout=20, metadata=[("mine", "1")]).decode()
        expect("mine: 1" in seen, seen)
        expect("user-agent: grpc-python" in seen, seen)


@check
def errors_without_messages(arguments):
    """Trailers-only responses: every status code and a message that needs percent coding."""
    with Channel(arguments) as channel:
        for code in list(grpc.StatusCode):
            if code is grpc.StatusCode.OK:
                continue
            text = f"because {code.name} ä%⚡"
            error = failure(
                lambda: channel.unary("Fail")(f"{code.value[0]} {text}".encode(), timeout=20))
            equal((error.code(), error.details()), (code, text))
            trailing = [tuple(item) for item in error.trailing_metadata()]
            expect(("why", "asked") in trailing, trailing)
            expect(("blob-bin", b"\x00\xff\x01") in trailing, trailing)


@check
def errors_after_messages(arguments):
    with Channel(arguments) as channel:
        call = channel.down("FailLate")(b"", timeout=20)
        got = []
        error = failure(lambda: got.extend(iter_into(call, got)))
        equal(got, [b"0", b"1", b"2"])
        equal((error.code(), error.details()), (grpc.StatusCode.DATA_LOSS, "after three ⚡\n"))


def iter_into(call, got):
    for message in call:
        got.append(message)
    return []


@check
def unknown_method(arguments):
    with Channel(arguments) as channel:
        error = failure(lambda: channel.unary("Nothing")(b"", timeout=20))
        equal(error.code(), grpc.StatusCode.UNIMPLEMENTED)


@check
def server_streaming(arguments):
    with Channel(arguments) as channel:
        messages = list(channel.down("Count")(b"500 1000", timeout=20))
        equal([int.from_bytes(m[:4], "big") for m in messages], list(range(500)))
        expect(all(len(m) == 1000 for m in messages))
        equal(list(channel.down("Count")(b"0 4", timeout=20)), [], "no message at all")


@check
def client_streaming(arguments):
    with Channel(arguments) as channel:
        messages = (bytes(size) for size in range(300))
        equal(channel.up("Collect")(messages, timeout=20), f"300 {sum(range(300))}".encode())
        equal(channel.up("Collect")(iter([]), timeout=20), b"0 0", "no message at all")


@check
def bidirectional(arguments):
    """In lockstep: each question is asked only when the one before is answered."""
    with Channel(arguments) as channel:
        questions = queue.Queue()
        answers = channel.both("Chat")(iter(questions.get, None), timeout=20)
        for number in range(100):
            questions.put(f"question {number}".encode())
            equal(next(answers), f"re: question {number}".encode())
        questions.put(None)
        equal(list(answers), [])
        equal(answers.code(), grpc.StatusCode.OK)


@check
def deadline_is_passed_on(arguments):
    with Channel(arguments) as channel:
        left = int(channel.unary("Remaining")(b"", timeout=9))
        # The deadline travels as a duration that is rounded up, to 100 ms at most.
        expect(5000 < left <= 9100, left, "ms left of 9000")


@check
def deadline_ends_a_call(arguments):
    with Channel(arguments) as channel:
        began = time.monotonic()
        error = failure(lambda: channel.unary("Sleep")(b"3", timeout=0.5))
        equal(error.code(), grpc.StatusCode.DEADLINE_EXCEEDED)
        expect(time.monotonic() - began < 2)
        equal(channel.unary("Echo")(b"after", timeout=20), b"after", "the same channel")


@check
def cancel_reaches_the_server(arguments):
    with Channel(arguments) as channel:
        call = channel.down("Forever")(b"", timeout=30)
        equal([next(call) for _ in range(5)], [b"0", b"1", b"2", b"3", b"4"])
        call.cancel()
        equal(channel.unary("WasCancelled")(b"10", timeout=20), b"yes")


@check
def large_messages(arguments):
    """4 MiB and more: many times the flow-control windows, both ways."""
    with Channel(arguments) as channel:
        for size in [65_535, 65_536, 4 << 20, 16 << 20]:
            message = (b"%07d " % size) * (size // 8 + 1)
            equal(len(channel.unary("Echo")(message, timeout=25)), len(message))
        equal(len(list(channel.down("Count")(b"8 2000000", timeout=25))), 8)


@check
def slow_reader(arguments):
    """The server takes 100 messages of 64 KiB in 2 s: the client is held back, nothing is lost."""
    with Channel(arguments) as channel:
        messages = (bytes(1 << 16) for _ in range(100))
        equal(channel.up("SlowReader")(messages, timeout=25), str(100 << 16).encode())


@check
def parallel_calls(arguments):
    """100 at once on one connection, and each waits, so that they do run at once."""
    with Channel(arguments) as channel:
        channel.unary("Echo")(b"warm", timeout=20)
        began = time.monotonic()
        calls = [channel.unary("Sleep").future(b"0.5", timeout=20) for _ in range(100)]
        equal([call.result() for call in calls], [b"slept"] * 100)
        took = time.monotonic() - began
        expect(took < 10, took, "s for 100 calls of 0.5 s")


@check
def many_calls(arguments):
    with Channel(arguments) as channel:
        echo = channel.unary("Echo")
        for _ in range(10):
            calls = [echo.future(b"%d" % n, timeout=20) for n in range(100)]
            equal([call.result() for call in calls], [b"%d" % n for n in range(100)])


@check
def one_stream_does_not_stop_another(arguments):
    """A stream whose reader sleeps fills its own window only."""
    with Channel(arguments) as channel:
        stalled = channel.down("Count")(b"2000 100000", timeout=30)
        next(stalled)
        for number in range(50):
            equal(channel.unary("Echo")(b"%d" % number, timeout=10), b"%d" % number)
        stalled.cancel()


def steady(arguments, seconds):
    """Calls from four threads for a while; what failed."""
    errors, done = [], [0]
    ending = time.monotonic() + seconds

    def work(channel):
        while time.monotonic() < ending:
            try:
                channel.unary("Sleep")(b"0.01", timeout=20)
                done[0] += 1
            except grpc.RpcError as error:
                errors.append(f"{error.code().name}: {error.details()}")
                time.sleep(0.05)

    with Channel(arguments) as channel:
        threads = [threading.Thread(target=work, args=[channel]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return done[0], errors


@check
def no_call_is_lost(arguments):
    """For 4 s; the test runs it with a server that ends its connections every 300 ms."""
    done, errors = steady(arguments, 4)
    expect(not errors and done > 100, done, "done,", len(errors), "lost:", errors[:3])


@check
def survives_a_restart(arguments):
    """For 5 s, while the test restarts the server: some calls fail, with UNAVAILABLE or so, but
    the channel goes on, and soon a second is clean. On a slow machine not at once: the server
    takes its time to start, and as long as it fails the breaker waits longer for each trial."""
    done, _ = steady(arguments, 5)
    expect(done > 50, done, "done")
    ending = time.monotonic() + 60
    done, errors = steady(arguments, 1)
    while (errors or done <= 20) and time.monotonic() < ending:
        done, errors = steady(arguments, 1)
    expect(not errors and done > 20, done, "done,", len(errors), "lost:", errors[:3])


if __name__ == "__main__":
    main()

"""A gRPC server for the tests, without protobuf: messages are bytes.

`grpc_server.py [PORT] [MAX-AGE-MS]` prints its port and serves until killed. With MAX-AGE-MS it ends
each connection that often by GOAWAY, as servers behind balancers do. SIGTERM ends it in order.
"""

import signal
import sys
import threading
import time
from concurrent import futures

import grpc

cancelled = threading.Event()  # a stream saw its client go
seen_deadline = []


def echo(request, context):
    """Answers the message; metadata `reply-*` and `trail-*` come back in head and trailers."""
    given = context.invocation_metadata()
    context.send_initial_metadata([item for item in given if item[0].startswith("reply-")])
    context.set_trailing_metadata([item for item in given if item[0].startswith("trail-")])
    return request


def peer(request, context):
    return "\n".join(f"{key}: {value}" for key, value in context.invocation_metadata()).encode()


def fail(request, context):
    """`CODE MESSAGE`: ends with that status before any message (trailers only)."""
    code, _, message = request.decode().partition(" ")
    context.set_trailing_metadata([("why", "asked"), ("blob-bin", b"\x00\xff\x01")])
    context.abort(next(c for c in grpc.StatusCode if c.value[0] == int(code)), message)


def fail_late(request, context):
    for number in range(3):
        yield str(number).encode()
    context.abort(grpc.StatusCode.DATA_LOSS, "after three ⚡\n")


def remaining(request, context):
    """How many milliseconds the call has left, as the server sees it; -1 without a deadline."""
    left = context.time_remaining()
    return b"-1" if left is None or left > 1e6 else str(int(left * 1000)).encode()


def sleep(request, context):
    time.sleep(float(request))
    return b"slept"


def count(request, context):
    """`N SIZE`: N messages of SIZE bytes."""
    number, size = map(int, request.split())
    for index in range(number):
        yield index.to_bytes(4, "big") + bytes(size - 4)


def forever(request, context):
    """Until the client goes away, which `was-cancelled` tells afterwards."""
    context.add_callback(lambda: cancelled.set())
    cancelled.clear()
    number = 0
    while context.is_active():
        yield str(number).encode()
        number += 1
        time.sleep(0.02)


def was_cancelled(request, context):
    return b"yes" if cancelled.wait(float(request)) else b"no"


def collect(requests, context):
    """Client streaming: how many messages and bytes came."""
    messages = total = 0
    for message in requests:
        messages += 1
        total += len(message)
    return f"{messages} {total}".encode()


def chat(requests, context):
    """Bidirectional: each message is answered at once."""
    for message in requests:
        yield b"re: " + message


def slow_reader(requests, context):
    """Takes one message each 20 ms."""
    total = 0
    for message in requests:
        total += len(message)
        time.sleep(0.02)
    return str(total).encode()


HANDLERS = {
    "Echo": grpc.unary_unary_rpc_method_handler(echo),
    "Peer": grpc.unary_unary_rpc_method_handler(peer),
    "Fail": grpc.unary_unary_rpc_method_handler(fail),
    "FailLate": grpc.unary_stream_rpc_method_handler(fail_late),
    "Remaining": grpc.unary_unary_rpc_method_handler(remaining),
    "Sleep": grpc.unary_unary_rpc_method_handler(sleep),
    "Count": grpc.unary_stream_rpc_method_handler(count),
    "Forever": grpc.unary_stream_rpc_method_handler(forever),
    "WasCancelled": grpc.unary_unary_rpc_method_handler(was_cancelled),
    "Collect": grpc.stream_unary_rpc_method_handler(collect),
    "Chat": grpc.stream_stream_rpc_method_handler(chat),
    "SlowReader": grpc.stream_unary_rpc_method_handler(slow_reader),
}


def main():
    port = sys.argv[1] if len(sys.argv) > 1 else "0"
    options = [
        ("grpc.max_receive_message_length", -1),
        ("grpc.max_send_message_length", -1),
        ("grpc.so_reuseport", 0),
    ]
    if len(sys.argv) > 2:
        options += [
            ("grpc.max_connection_age_ms", int(sys.argv[2])),
            ("grpc.max_connection_age_grace_ms", 20_000),
        ]
    server = grpc.server(futures.ThreadPoolExecutor(150), options=options)
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler("headrace.Test", HANDLERS)])
    number = server.add_insecure_port(f"127.0.0.1:{port}")
    if number == 0:
        sys.exit("the port is taken")
    server.start()
    print(f"port {number}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: server.stop(5))
    server.wait_for_termination()


main()

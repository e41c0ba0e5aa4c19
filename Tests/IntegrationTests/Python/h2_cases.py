"""RFC 9113 sections 3 to 7, case by case: `h2_cases.py ADDRESS [CA-FILE] [-- CHECK...]`.

The server behind ADDRESS answers every request with 200 and a body `ok` but /hold, which it takes
and never answers. A request for /bad must not reach it. The cases are those that h2spec has, with
the codes of RFC 9113; where the RFC leaves a choice, all choices are right.
"""

import struct
import time

import h2_messages  # noqa: F401  registers the cases of section 8 and of RFC 7541
from checks import check, equal, expect, main
from h2_wire import *  # noqa: F403  the names of the RFC


def word(value):
    return struct.pack(">I", value)


def opened(arguments, path="/hold", *settings_pairs):
    """A connection with stream 1 open: its head is sent, its body is not."""
    connection = Connection(arguments, *settings_pairs)
    connection.headers(1, request(path, method="POST"), END_HEADERS)
    return connection


def finished(arguments):
    """A connection with stream 1 answered and closed."""
    connection = Connection(arguments)
    connection.headers(1, request("/"))
    connection.answered(1)
    return connection


# 3.4 Connection preface

@check
def preface_is_answered_by_settings_first(arguments):
    with Connection(arguments) as c:
        expect(c.seen[0].kind == SETTINGS and not c.seen[0].flags & ACK, c.story)


@check
def preface_that_is_wrong_ends_the_connection(arguments):
    with Connection(arguments, begin=False) as c:
        c.send(b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", frame(SETTINGS, 0, 0))
        deadline = time.monotonic() + 8
        while c.socket.recv(4096):
            expect(time.monotonic() < deadline, "not closed")


@check
def preface_without_settings(arguments):
    with Connection(arguments, begin=False) as c:
        c.send(PREFACE, frame(PING, 0, 0, bytes(8)))
        c.connection_error(PROTOCOL_ERROR)


@check
def preface_in_single_bytes(arguments):
    with Connection(arguments, begin=False) as c:
        everything = PREFACE + frame(SETTINGS, 0, 0) + frame(
            HEADERS, END_STREAM | END_HEADERS, 1, request("/"))
        for at in range(len(everything)):
            c.send(everything[at : at + 1])
        c.answered(1)


# 4 Frames

@check
def unknown_frame_types_are_ignored(arguments):
    with Connection(arguments) as c:
        c.send(frame(0x16, 0xFF, 0, b"x" * 20), frame(0xFE, 0, 0, b""))
        c.alive()


@check
def undefined_flags_are_ignored(arguments):
    with Connection(arguments) as c:
        c.send(frame(PING, 0x16, 0, b"flagged "))
        c.until(lambda: any(f.payload == b"flagged " for f in c.seen), "answer to the PING")
        c.alive()


@check
def reserved_bit_is_ignored(arguments):
    with Connection(arguments) as c:
        c.send(frame(PING, 0, 1 << 31, b"reserved"))
        c.until(lambda: any(f.payload == b"reserved" for f in c.seen), "answer to the PING")
        c.alive()


@check
def data_of_the_largest_size(arguments):
    with opened(arguments, "/") as c:
        c.send(frame(DATA, END_STREAM, 1, bytes(16384)))
        c.answered(1)


@check
def data_larger_than_allowed(arguments):
    with opened(arguments) as c:
        c.send(frame(DATA, END_STREAM, 1, bytes(c.setting(MAX_FRAME_SIZE) + 1)))
        c.stream_error(1, FRAME_SIZE_ERROR)


@check
def headers_larger_than_allowed(arguments):
    with Connection(arguments) as c:
        block = request("/bad")
        while len(block) <= c.setting(MAX_FRAME_SIZE):
            block += literal("x-filler", "y" * 4000)
        c.headers(1, block)
        c.connection_error(FRAME_SIZE_ERROR)


@check
def settings_larger_than_allowed(arguments):
    with Connection(arguments) as c:
        size = c.setting(MAX_FRAME_SIZE) // 6 + 1
        c.send(frame(SETTINGS, 0, 0, settings((9, 9)) * size))
        c.connection_error(FRAME_SIZE_ERROR)


@check
def field_section_that_is_no_hpack(arguments):
    with Connection(arguments) as c:
        # A literal whose name is said to have 100 bytes.
        c.headers(1, b"\x40" + integer(100, 7) + b"ab")
        c.connection_error(COMPRESSION_ERROR)


@check
def priority_inside_a_field_section(arguments):
    with Connection(arguments) as c:
        c.headers(1, request("/bad"), END_STREAM)
        c.send(frame(PRIORITY, 0, 1, word(0) + b"\xff"))
        c.connection_error(PROTOCOL_ERROR)


@check
def headers_inside_a_field_section(arguments):
    with Connection(arguments) as c:
        c.headers(1, request("/bad"), END_STREAM)
        c.headers(3, request("/bad"))
        c.connection_error(PROTOCOL_ERROR)


@check
def unknown_frame_inside_a_field_section(arguments):
    with Connection(arguments) as c:
        c.headers(1, request("/bad"), END_STREAM)
        c.send(frame(0x16, 0, 1, b"x"))
        c.connection_error(PROTOCOL_ERROR)


# 5.1 Stream states

@check
def idle_stream_gets_data(arguments):
    with Connection(arguments) as c:
        c.send(frame(DATA, END_STREAM, 1, b"x"))
        c.connection_error(PROTOCOL_ERROR)


@check
def idle_stream_gets_reset(arguments):
    with Connection(arguments) as c:
        c.send(frame(RST_STREAM, 0, 1, word(CANCEL)))
        c.connection_error(PROTOCOL_ERROR)


@check
def idle_stream_gets_window_update(arguments):
    with Connection(arguments) as c:
        c.send(frame(WINDOW_UPDATE, 0, 1, word(100)))
        c.connection_error(PROTOCOL_ERROR)


@check
def idle_stream_gets_continuation(arguments):
    with Connection(arguments) as c:
        c.send(frame(CONTINUATION, END_HEADERS, 1, request("/bad")))
        c.connection_error(PROTOCOL_ERROR)


@check
def half_closed_stream_gets_data(arguments):
    with Connection(arguments) as c:
        c.headers(1, request("/hold"))
        c.send(frame(DATA, END_STREAM, 1, b"x"))
        c.stream_error(1, STREAM_CLOSED)


@check
def half_closed_stream_gets_headers(arguments):
    with Connection(arguments) as c:
        c.headers(1, request("/hold"))
        c.headers(1, request("/bad"))
        c.stream_error(1, STREAM_CLOSED)


@check
def half_closed_stream_gets_continuation(arguments):
    with Connection(arguments) as c:
        c.headers(1, request("/hold"))
        c.send(frame(CONTINUATION, END_HEADERS, 1, request("/bad")))
        c.connection_error(PROTOCOL_ERROR, STREAM_CLOSED)


@check
def half_closed_stream_gets_window_update_and_priority(arguments):
    """Both are allowed there."""
    with Connection(arguments) as c:
        c.headers(1, request("/hold"))
        c.send(frame(WINDOW_UPDATE, 0, 1, word(5)), frame(PRIORITY, 0, 1, word(0) + b"\x01"))
        c.alive()
        equal(c.response(1).reset, None)


@check
def reset_stream_gets_data(arguments):
    with opened(arguments) as c:
        c.send(frame(RST_STREAM, 0, 1, word(CANCEL)), frame(DATA, END_STREAM, 1, b"x"))
        c.ignored_or(1, STREAM_CLOSED)


@check
def reset_stream_gets_headers(arguments):
    with opened(arguments) as c:
        c.send(frame(RST_STREAM, 0, 1, word(CANCEL)))
        c.headers(1, request("/bad"))
        c.ignored_or(1, STREAM_CLOSED, PROTOCOL_ERROR)


@check
def reset_stream_gets_continuation(arguments):
    with opened(arguments) as c:
        c.send(frame(RST_STREAM, 0, 1, word(CANCEL)))
        c.send(frame(CONTINUATION, END_HEADERS, 1, request("/bad")))
        c.connection_error(PROTOCOL_ERROR, STREAM_CLOSED)


@check
def closed_stream_gets_data(arguments):
    with finished(arguments) as c:
        c.send(frame(DATA, END_STREAM, 1, b"x"))
        c.ignored_or(1, STREAM_CLOSED)


@check
def closed_stream_gets_headers(arguments):
    """It may not be opened again: section 5.1.1 says that an old identifier is an error."""
    with finished(arguments) as c:
        c.headers(1, request("/bad"))
        c.stream_error(1, STREAM_CLOSED, PROTOCOL_ERROR)


@check
def closed_stream_gets_window_update_reset_and_priority(arguments):
    """Each may arrive late, and is ignored."""
    with finished(arguments) as c:
        c.send(
            frame(WINDOW_UPDATE, 0, 1, word(1)), frame(RST_STREAM, 0, 1, word(CANCEL)),
            frame(PRIORITY, 0, 1, word(0) + b"\x01"))
        c.alive()


@check
def even_stream_from_a_client(arguments):
    with Connection(arguments) as c:
        c.headers(2, request("/bad"))
        c.connection_error(PROTOCOL_ERROR)


@check
def stream_number_that_goes_back(arguments):
    with Connection(arguments) as c:
        c.headers(5, request("/"))
        c.answered(5)
        c.headers(3, request("/bad"))
        c.connection_error(PROTOCOL_ERROR, STREAM_CLOSED)


@check
def stream_numbers_may_be_skipped(arguments):
    with Connection(arguments) as c:
        for stream in (1, 7, 101, 0x7FFFFFFF):
            c.headers(stream, request("/"))
            c.answered(stream)


@check
def more_streams_than_allowed(arguments):
    with Connection(arguments) as c:
        limit = c.setting(MAX_CONCURRENT_STREAMS)
        expect(limit <= 1000, limit, "streams are allowed")
        for number in range(limit + 1):
            c.headers(2 * number + 1, request("/hold"))
        c.stream_error(2 * limit + 1, REFUSED_STREAM, PROTOCOL_ERROR)


@check
def dependency_on_itself(arguments):
    """An error of RFC 7540; RFC 9113 has no priorities."""
    with Connection(arguments) as c:
        c.headers(
            1, word(1) + b"\xff" + request("/"), END_STREAM | END_HEADERS | PRIORITIZED)
        c.ignored_or(1, PROTOCOL_ERROR)
    with Connection(arguments) as c:
        c.send(frame(PRIORITY, 0, 3, word(3) + b"\xff"))
        c.ignored_or(3, PROTOCOL_ERROR)


@check
def connection_error_names_the_last_stream(arguments):
    with finished(arguments) as c:
        c.send(frame(PING, 0, 0, b"short"))
        c.connection_error(FRAME_SIZE_ERROR)
        equal(c.goaway.last, 1)


# 6.1 DATA

@check
def data_on_stream_0(arguments):
    with Connection(arguments) as c:
        c.send(frame(DATA, END_STREAM, 0, b"x"))
        c.connection_error(PROTOCOL_ERROR)


@check
def data_with_more_padding_than_payload(arguments):
    for payload in [b"\x06hello", b"\x05hello", b""]:
        with opened(arguments) as c:
            c.send(frame(DATA, END_STREAM | PADDED, 1, payload))
            right = [PROTOCOL_ERROR] if payload[:1] == b"\x06" else [
                PROTOCOL_ERROR, FRAME_SIZE_ERROR]
            if payload[:1] == b"\x05":
                c.alive()  # all of it is padding, which is allowed
            else:
                c.connection_error(*right)


# 6.2 HEADERS

@check
def headers_on_stream_0(arguments):
    with Connection(arguments) as c:
        c.headers(0, request("/bad"))
        c.connection_error(PROTOCOL_ERROR)


@check
def headers_with_more_padding_than_payload(arguments):
    with Connection(arguments) as c:
        block = request("/bad")
        c.headers(1, bytes([len(block) + 1]) + block, END_STREAM | END_HEADERS | PADDED)
        c.connection_error(PROTOCOL_ERROR)


@check
def headers_too_short_for_their_flags(arguments):
    for flags, payload in [(PADDED, b""), (PRIORITIZED, b"abcd"), (PADDED | PRIORITIZED, b"\0abc")]:
        with Connection(arguments) as c:
            c.headers(1, payload, END_STREAM | END_HEADERS | flags)
            c.connection_error(FRAME_SIZE_ERROR, PROTOCOL_ERROR)


# 6.3 PRIORITY

@check
def priority_on_stream_0(arguments):
    with Connection(arguments) as c:
        c.send(frame(PRIORITY, 0, 0, word(0) + b"\x01"))
        c.connection_error(PROTOCOL_ERROR)


@check
def priority_of_a_wrong_size(arguments):
    with opened(arguments) as c:
        c.send(frame(PRIORITY, 0, 1, word(0)))
        c.stream_error(1, FRAME_SIZE_ERROR)


# 6.4 RST_STREAM

@check
def reset_on_stream_0(arguments):
    with Connection(arguments) as c:
        c.send(frame(RST_STREAM, 0, 0, word(CANCEL)))
        c.connection_error(PROTOCOL_ERROR)


@check
def reset_of_a_wrong_size(arguments):
    for payload in [b"", b"\0\0\0", b"\0\0\0\0\x08"]:
        with opened(arguments) as c:
            c.send(frame(RST_STREAM, 0, 1, payload))
            c.connection_error(FRAME_SIZE_ERROR)


# 6.5 SETTINGS

@check
def settings_ack_with_a_payload(arguments):
    with Connection(arguments) as c:
        c.send(frame(SETTINGS, ACK, 0, settings((1, 1))))
        c.connection_error(FRAME_SIZE_ERROR)


@check
def settings_on_a_stream(arguments):
    with opened(arguments) as c:
        c.send(frame(SETTINGS, 0, 1, settings((3, 100))))
        c.connection_error(PROTOCOL_ERROR)


@check
def settings_of_a_wrong_size(arguments):
    with Connection(arguments) as c:
        c.send(frame(SETTINGS, 0, 0, b"\0\x03\0"))
        c.connection_error(FRAME_SIZE_ERROR)


@check
def settings_with_wrong_values(arguments):
    for key, value, code in [
        (ENABLE_PUSH, 2, PROTOCOL_ERROR), (INITIAL_WINDOW_SIZE, 1 << 31, FLOW_CONTROL_ERROR),
        (INITIAL_WINDOW_SIZE, 0xFFFFFFFF, FLOW_CONTROL_ERROR),
        (MAX_FRAME_SIZE, 16383, PROTOCOL_ERROR), (MAX_FRAME_SIZE, 1 << 24, PROTOCOL_ERROR),
    ]:
        with Connection(arguments) as c:
            c.send(frame(SETTINGS, 0, 0, settings((key, value))))
            c.connection_error(code)


@check
def settings_that_are_unknown_are_ignored(arguments):
    with Connection(arguments) as c:
        c.send(frame(SETTINGS, 0, 0, settings((0xFF, 1), (0, 7), (0xFFFF, 0xFFFFFFFF))))
        c.until(lambda: c.acknowledged == 2, "ACK")
        c.alive()


@check
def settings_are_acknowledged_each(arguments):
    with Connection(arguments) as c:
        for _ in range(3):
            c.send(frame(SETTINGS, 0, 0, settings((ENABLE_PUSH, 0))))
        c.until(lambda: c.acknowledged == 4, "four ACKs")


@check
def settings_are_taken_in_their_order(arguments):
    pairs = [(INITIAL_WINDOW_SIZE, 100), (INITIAL_WINDOW_SIZE, 1)]
    with Connection(arguments, *pairs) as c:
        c.credits = False
        c.headers(1, request("/"))
        c.until(lambda: any(f.kind == DATA for f in c.seen), "DATA")
        c.alive()
        equal(c.response(1).body, b"o", "one byte of window")


# 6.6 PUSH_PROMISE, 6.7 PING, 6.8 GOAWAY

@check
def push_promise_from_a_client(arguments):
    with opened(arguments) as c:
        c.send(frame(PUSH_PROMISE, END_HEADERS, 1, word(2) + request("/bad")))
        c.connection_error(PROTOCOL_ERROR)


@check
def ping_is_answered_with_its_payload(arguments):
    with Connection(arguments) as c:
        c.alive()
        c.send(frame(PING, ACK, 0, b"unasked "))
        c.alive()
        expect(not any(f.payload == b"unasked " for f in c.seen), "an ACK is not answered")


@check
def ping_on_a_stream(arguments):
    with opened(arguments) as c:
        c.send(frame(PING, 0, 1, bytes(8)))
        c.connection_error(PROTOCOL_ERROR)


@check
def ping_of_a_wrong_size(arguments):
    for size in (0, 6, 9):
        with Connection(arguments) as c:
            c.send(frame(PING, 0, 0, bytes(size)))
            c.connection_error(FRAME_SIZE_ERROR)


@check
def goaway_on_a_stream(arguments):
    with opened(arguments) as c:
        c.send(frame(GOAWAY, 0, 1, word(0) + word(0)))
        c.connection_error(PROTOCOL_ERROR)


@check
def goaway_too_short(arguments):
    with Connection(arguments) as c:
        c.send(frame(GOAWAY, 0, 0, word(0)))
        c.connection_error(FRAME_SIZE_ERROR)


@check
def goaway_of_the_client_lets_streams_end(arguments):
    with opened(arguments, "/") as c:
        c.send(frame(GOAWAY, 0, 0, word(0) + word(NO_ERROR) + b"bye"))
        c.send(frame(DATA, END_STREAM, 1, b"body"))
        c.answered(1)


# 6.9 WINDOW_UPDATE

@check
def window_update_of_0(arguments):
    with Connection(arguments) as c:
        c.send(frame(WINDOW_UPDATE, 0, 0, word(0)))
        c.connection_error(PROTOCOL_ERROR)
    with opened(arguments) as c:
        c.send(frame(WINDOW_UPDATE, 0, 1, word(0)))
        c.stream_error(1, PROTOCOL_ERROR)


@check
def window_update_of_a_wrong_size(arguments):
    for size in (0, 3, 5):
        with Connection(arguments) as c:
            c.send(frame(WINDOW_UPDATE, 0, 0, bytes(size)))
            c.connection_error(FRAME_SIZE_ERROR)


@check
def window_beyond_its_end(arguments):
    with Connection(arguments) as c:
        for _ in range(2):
            c.send(frame(WINDOW_UPDATE, 0, 0, word(0x7FFFFFFF)))
        c.connection_error(FLOW_CONTROL_ERROR)
    with opened(arguments) as c:
        for _ in range(2):
            c.send(frame(WINDOW_UPDATE, 0, 1, word(0x7FFFFFFF)))
        c.stream_error(1, FLOW_CONTROL_ERROR)


@check
def window_beyond_its_end_by_settings(arguments):
    with opened(arguments) as c:
        c.send(frame(WINDOW_UPDATE, 0, 1, word(0x7FFFFFFF - 65535)))
        c.send(frame(SETTINGS, 0, 0, settings((INITIAL_WINDOW_SIZE, 65536))))
        c.connection_error(FLOW_CONTROL_ERROR)


@check
def window_is_obeyed_and_grows(arguments):
    with Connection(arguments, (INITIAL_WINDOW_SIZE, 1)) as c:
        c.credits = False
        c.headers(1, request("/"))
        c.until(lambda: c.response(1).body == b"o", "one byte")
        c.alive()
        equal(c.response(1).body, b"o")
        c.send(frame(WINDOW_UPDATE, 0, 1, word(1)))
        equal(c.answered(1).body, b"ok")


@check
def window_of_0_grows_by_settings(arguments):
    with Connection(arguments, (INITIAL_WINDOW_SIZE, 0)) as c:
        c.credits = False
        c.headers(1, request("/"))
        c.until(lambda: c.response(1).heads, "the head, which needs no window")
        c.alive()
        equal(c.response(1).body, b"")
        c.send(frame(SETTINGS, 0, 0, settings((INITIAL_WINDOW_SIZE, 1))))
        c.until(lambda: c.response(1).body == b"o", "one byte")
        c.alive()
        c.send(frame(SETTINGS, 0, 0, settings((INITIAL_WINDOW_SIZE, 100))))
        equal(c.answered(1).body, b"ok")


@check
def window_may_become_negative(arguments):
    """1 byte was sent of a window of 1; with 0 it is -1, so that +1 gives nothing yet."""
    with Connection(arguments, (INITIAL_WINDOW_SIZE, 1)) as c:
        c.credits = False
        c.headers(1, request("/"))
        c.until(lambda: c.response(1).body == b"o", "one byte")
        c.send(frame(SETTINGS, 0, 0, settings((INITIAL_WINDOW_SIZE, 0))))
        c.until(lambda: c.acknowledged == 2, "ACK")
        c.send(frame(WINDOW_UPDATE, 0, 1, word(1)))
        c.alive()
        equal(c.response(1).body, b"o")
        c.send(frame(WINDOW_UPDATE, 0, 1, word(1)))
        equal(c.answered(1).body, b"ok")


@check
def body_beyond_the_window(arguments):
    """32 MiB to a backend that takes none of it, without asking whether there is room."""
    with opened(arguments) as c:
        c.socket.settimeout(8)
        piece = frame(DATA, 0, 1, bytes(16384)) * 16
        for _ in range(128):
            if not c.send(piece):
                break
        # Either way: what is still sent to the stream after its end is beyond the connection's.
        response = c.response(1)
        c.until(lambda: response.reset is not None or c.goaway is not None, "end of it")
        equal(response.reset if c.goaway is None else c.goaway.code, FLOW_CONTROL_ERROR)


# 6.10 CONTINUATION

@check
def continuation_frames_make_one_field_section(arguments):
    with Connection(arguments) as c:
        block = request("/", ("x-a", "1"), ("x-b", "2"))
        c.headers(1, block[:10], END_STREAM)
        c.send(frame(CONTINUATION, 0, 1, block[10:11]), frame(CONTINUATION, 0, 1, block[11:30]))
        c.send(frame(CONTINUATION, END_HEADERS, 1, block[30:]))
        c.answered(1)


@check
def continuation_then_something_else(arguments):
    with Connection(arguments) as c:
        block = request("/bad")
        c.headers(1, block[:10], END_STREAM)
        c.send(frame(CONTINUATION, 0, 1, block[10:20]), frame(DATA, END_STREAM, 1, b"x"))
        c.connection_error(PROTOCOL_ERROR)


@check
def continuation_on_stream_0_or_another(arguments):
    for stream in (0, 3):
        with Connection(arguments) as c:
            c.headers(1, request("/bad"), END_STREAM)
            c.send(frame(CONTINUATION, END_HEADERS, stream, fields(("x-a", "b"))))
            c.connection_error(PROTOCOL_ERROR)


@check
def continuation_after_the_end_of_headers(arguments):
    with opened(arguments) as c:
        c.send(frame(CONTINUATION, END_HEADERS, 1, fields(("x-a", "b"))))
        c.connection_error(PROTOCOL_ERROR)
    with opened(arguments) as c:
        c.send(frame(DATA, 0, 1, b"x"))
        c.send(frame(CONTINUATION, END_HEADERS, 1, fields(("x-a", "b"))))
        c.connection_error(PROTOCOL_ERROR)
    with Connection(arguments) as c:
        c.headers(1, request("/hold"), 0)
        c.send(frame(CONTINUATION, END_HEADERS, 1), frame(CONTINUATION, END_HEADERS, 1))
        c.connection_error(PROTOCOL_ERROR)


# 7 Error codes

@check
def unknown_error_codes_mean_nothing_special(arguments):
    with opened(arguments) as c:
        c.send(frame(RST_STREAM, 0, 1, word(0xFF)))
        c.alive()
        c.headers(3, request("/"))
        c.answered(3)
        c.headers(5, request("/"))
        c.send(frame(GOAWAY, 0, 0, word(0) + word(0xFF)))
        c.answered(5)


if __name__ == "__main__":
    main()

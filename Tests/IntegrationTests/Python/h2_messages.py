"""RFC 9113 section 8 (messages) and RFC 7541 (HPACK), case by case; see h2_cases.py."""

import struct

import hpack

from checks import check, equal, expect
from h2_wire import *  # noqa: F403  the names of the RFC

OPEN = END_HEADERS  # the body follows
WHOLE = END_STREAM | END_HEADERS


def refused(arguments, name, block, flags=WHOLE, *codes):
    """A head that is malformed; the name of the row says which when it is not refused."""
    with Connection(arguments) as c:
        try:
            c.headers(1, block, flags)
            c.malformed(1, *codes)
        except AssertionError as error:
            return f"{name}: {error}"
    return None


def all_refused(arguments, rows, *codes):
    """Every row is tried; all that were not refused are named."""
    wrong = [refused(arguments, name, block, WHOLE, *codes) for name, block in rows]
    wrong = [problem for problem in wrong if problem]
    expect(not wrong, f"{len(wrong)} of {len(rows)}:", "; ".join(wrong))


def accepted(arguments, block, status=200):
    with Connection(arguments) as c:
        c.headers(1, block)
        return c.answered(1, status)


# Requests that are right

@check
def get_head_and_post(arguments):
    with Connection(arguments) as c:
        c.headers(1, request("/"))
        equal(c.answered(1).body, b"ok")
        c.headers(3, request("/", method="HEAD"))
        equal(c.answered(3).body, b"")
        c.headers(5, request("/", ("content-length", "4"), method="POST"), OPEN)
        c.send(frame(DATA, 0, 5, b"bo"), frame(DATA, END_STREAM, 5, b"dy"))
        c.answered(5)


@check
def post_with_trailers(arguments):
    with Connection(arguments) as c:
        c.headers(1, request("/", ("trailer", "x-sum"), method="POST"), OPEN)
        c.send(frame(DATA, 0, 1, b"body"))
        c.headers(1, fields(("x-sum", "7")))
        c.answered(1)


@check
def padding_and_priority(arguments):
    with Connection(arguments) as c:
        block = request("/", method="POST")
        payload = b"\x08" + struct.pack(">I", 0) + b"\x10" + block + bytes(8)
        c.headers(1, payload, OPEN | PADDED | PRIORITIZED)
        c.send(frame(DATA, PADDED, 1, b"\x03abc" + bytes(3)))
        c.send(frame(DATA, END_STREAM | PADDED, 1, b"\x00d"))
        c.answered(1)


@check
def interleaved_streams(arguments):
    with Connection(arguments) as c:
        for stream in range(1, 40, 2):
            c.headers(stream, request("/", method="POST"), OPEN)
        for stream in range(39, 0, -2):
            c.send(frame(DATA, END_STREAM, stream, b"x" * stream))
        for stream in range(1, 40, 2):
            c.answered(stream)


@check
def split_cookies_and_options(arguments):
    accepted(arguments, request("/", ("cookie", "a=b"), ("cookie", "c=d")))
    accepted(arguments, request("/", ("te", "trailers")))
    accepted(arguments, request("/", ("host", "localhost")))


@check
def options_of_the_server(arguments):
    """`*` is a target of OPTIONS alone."""
    with Connection(arguments) as c:
        c.headers(1, request("*", method="OPTIONS"))
        c.until(lambda: c.response(1).ended, "answer")
        expect(c.response(1).status in (200, 204, 404, 405, 400, 501), c.response(1).status)


# 8.1 Framing

@check
def trailers_without_end_of_stream(arguments):
    with Connection(arguments) as c:
        c.headers(1, request("/hold", method="POST"), OPEN)
        c.headers(1, fields(("x-a", "b")), OPEN)
        c.malformed(1)


@check
def pseudo_header_in_trailers(arguments):
    with Connection(arguments) as c:
        c.headers(1, request("/hold", method="POST"), OPEN)
        c.send(frame(DATA, 0, 1, b"body"))
        c.headers(1, fields((":method", "POST")))
        c.malformed(1)


@check
def malformed_trailers_behind_content_of_known_length(arguments):
    length = ("content-length", "4")
    for trailer in [(":method", "POST"), ("X-Upper", "a"), ("connection", "close"), ("x", "a\n")]:
        with Connection(arguments) as c:
            c.headers(1, request("/hold", length, method="POST"), OPEN)
            c.send(frame(DATA, 0, 1, b"body"))
            c.headers(1, fields(trailer))
            c.malformed(1)


@check
def content_length_that_is_wrong(arguments):
    """Section 8.1.1: the sum of the DATA frames is what content-length says."""
    length = ("content-length", "5")
    for frames in [[b"1234"], [b"123456"], [b"123", b"456"], [b""], [b"12345", b"6"]]:
        with Connection(arguments) as c:
            c.headers(1, request("/hold", length, method="POST"), OPEN)
            for number, data in enumerate(frames):
                c.send(frame(DATA, END_STREAM if number == len(frames) - 1 else 0, 1, data))
            c.malformed(1)
    with Connection(arguments) as c:
        c.headers(1, request("/hold", length, method="POST"), OPEN)
        c.send(frame(DATA, 0, 1, b"123"))
        c.headers(1, fields(("x-a", "b")))
        c.malformed(1)


@check
def content_length_that_is_no_length(arguments):
    def row(*values):
        return (
            " ".join(values),
            request("/bad", *[("content-length", v) for v in values], method="POST"))

    all_refused(arguments, [
        row("5"), row("-1"), row("+1"), row("1 "), row("0x1"), row("1", "2"), row("1, 2"),
        row("99999999999999999999999"), row("a"), row(""),
    ])


# 8.2 Fields

@check
def field_names_that_are_none(arguments):
    names = [b"X-Upper", b"x-\x00", b"x y", b"x\ty", b"x\r\ny", b"x:y", b":", b"", b"\x7f",
             b"x-\xc3\xa4", b"x\ny", b" x", b"x "]
    all_refused(arguments, [(repr(n), request("/bad", (n, "1"))) for n in names])


@check
def field_values_that_are_none(arguments):
    values = [b"a\x00b", b"a\rb", b"a\nb", b"a\r\nx-b: c", b"\n", b" a", b"a ", b"\ta", b"a\t",
              b"a\r\n\r\nGET /bad HTTP/1.1\r\nHost: x\r\n\r\n"]
    all_refused(arguments, [(repr(v), request("/bad", ("x-a", v))) for v in values])


@check
def connection_fields(arguments):
    pairs = [
        ("connection", "keep-alive"), ("connection", "x-a"), ("keep-alive", "timeout=5"),
        ("proxy-connection", "keep-alive"), ("transfer-encoding", "chunked"),
        ("transfer-encoding", "identity"), ("upgrade", "websocket"), ("te", "gzip"),
        ("te", "trailers, deflate"),
    ]
    all_refused(arguments, [(f"{n}: {v}", request("/bad", (n, v))) for n, v in pairs])


@check
def chunked_body_is_no_framing(arguments):
    """The classic downgrade: transfer-encoding must not reach a backend of HTTP/1.1."""
    with Connection(arguments) as c:
        c.headers(
            1, request("/bad", ("transfer-encoding", "chunked"), method="POST"), OPEN)
        c.send(frame(DATA, END_STREAM, 1, b"0\r\n\r\nGET /bad HTTP/1.1\r\nHost: x\r\n\r\n"))
        c.malformed(1)


# 8.3 Control data

@check
def pseudo_headers(arguments):
    method, scheme = (":method", "GET"), (":scheme", "http")
    path, authority = (":path", "/bad"), (":authority", "localhost")
    rows = [
        ("unknown", request("/bad", (":test", "x"))),
        ("of responses", request("/bad", (":status", "200"))),
        ("after a field", fields(method, scheme, ("x-a", "b"), path, authority)),
        ("at the end", fields(method, scheme, path, ("x-a", "b"), authority)),
        ("no method", fields(scheme, path, authority)),
        ("no scheme", fields(method, path, authority)),
        ("no path", fields(method, scheme, authority)),
        ("no authority, no host", fields(method, scheme, path)),
        ("two methods", fields(method, method, scheme, path, authority)),
        ("two schemes", fields(method, scheme, scheme, path, authority)),
        ("two paths", fields(method, scheme, path, path, authority)),
        ("two authorities", fields(method, scheme, path, authority, authority)),
        ("empty method", fields((":method", ""), scheme, path, authority)),
        ("empty path", fields(method, scheme, (":path", ""), authority)),
        ("protocol without CONNECT", request("/bad", (":protocol", "websocket"))),
        ("upper case", fields((":Method", "GET"), scheme, path, authority)),
    ]
    all_refused(arguments, rows)


@check
def head_without_any_field(arguments):
    with Connection(arguments) as c:
        c.headers(1, b"")
        c.malformed(1, PROTOCOL_ERROR, FRAME_SIZE_ERROR)


@check
def methods_that_are_none(arguments):
    methods = ["GE T", "GET /x HTTP/1.1\r\nX:", "G\0T", "GET\n", "G:T", "GÄT"]
    all_refused(arguments, [(repr(m), request("/bad", method=m)) for m in methods])


@check
def paths_that_are_none(arguments):
    paths = ["bad", "/bad b", "/bad\r\nx: y", "/bad HTTP/1.1\r\nHost: y\r\n\r\n", "/bad\0", "/b\nad",
             "*", "http://localhost/bad", "/bad\x7f", "/bad\t"]
    all_refused(arguments, [(repr(p), request(p)) for p in paths])


@check
def authorities_that_are_none(arguments):
    values = ["a b", "a\r\nx: y", "a/b", "user@localhost", "a\0b", "local host:80", "a?b", "a#b"]
    all_refused(arguments, [(repr(v), request("/bad", authority=v)) for v in values])


@check
def host_that_differs_from_the_authority(arguments):
    rows = [
        ("other", request("/bad", ("host", "other.example"))),
        ("two hosts", request("/bad", ("host", "a"), ("host", "b"), authority=None)),
        ("same and other", request("/bad", ("host", "localhost"), ("host", "other"))),
    ]
    all_refused(arguments, rows)


@check
def host_in_place_of_the_authority(arguments):
    accepted(arguments, request("/", ("host", "localhost"), authority=None))


@check
def connect_requests(arguments):
    method, authority = (":method", "CONNECT"), (":authority", "localhost:443")
    rows = [
        ("with path", fields(method, authority, (":path", "/bad"))),
        ("with scheme", fields(method, authority, (":scheme", "http"))),
        ("without authority", fields(method)),
    ]
    all_refused(arguments, rows)
    with Connection(arguments) as c:
        c.headers(1, fields(method, authority), OPEN)
        c.until(lambda: c.response(1).heads or c.response(1).reset is not None, "refusal")
        expect(not 200 <= c.response(1).status < 300, "an open proxy")
        c.alive()


# RFC 7541: HPACK

@check
def index_that_does_not_exist(arguments):
    for index in (0, 70, 1 << 20):
        with Connection(arguments) as c:
            c.headers(1, request("/bad") + integer(index, 7, 0x80))
            c.connection_error(COMPRESSION_ERROR)
    with Connection(arguments) as c:  # the name of a literal
        c.headers(1, request("/bad") + integer(99, 4) + string("x"))
        c.connection_error(COMPRESSION_ERROR)


@check
def table_size_update_in_a_wrong_place(arguments):
    for block in [request("/bad") + integer(0, 5, 0x20), literal("x-a", "b") + b"\x20"]:
        with Connection(arguments) as c:
            c.headers(1, block)
            c.connection_error(COMPRESSION_ERROR)


@check
def table_size_update_beyond_the_limit(arguments):
    with Connection(arguments) as c:
        c.headers(1, integer(c.setting(HEADER_TABLE_SIZE) + 1, 5, 0x20) + request("/bad"))
        c.connection_error(COMPRESSION_ERROR)


@check
def table_size_updates_at_the_beginning(arguments):
    with Connection(arguments) as c:
        c.headers(1, b"\x20" + integer(100, 5, 0x20) + request("/"))
        c.answered(1)


@check
def huffman_padding(arguments):
    """Longer than 7 bits, of zeros, and the EOS symbol: all three are errors."""
    for text in [b"\xff\xff", b"\x1c\x64\xff\xff", b"\x18", b"\xff\xff\xff\xff", b"\x1f\xff\xff"]:
        with Connection(arguments) as c:
            c.headers(1, request("/bad") + b"\x00" + string("x-a") + integer(len(text), 7, 0x80)
                      + text)
            c.connection_error(COMPRESSION_ERROR)


@check
def integers_without_end(arguments):
    for block in [b"\xff" + b"\xff" * 20 + b"\x01", b"\x00\x7f" + b"\x80" * 12 + b"\x01a",
                  b"\x3f" + b"\xff" * 30, b"\x7f" + b"\xff" * 9 + b"\x7f"]:
        with Connection(arguments) as c:
            c.headers(1, request("/bad") + block)
            c.connection_error(COMPRESSION_ERROR)


@check
def field_section_that_is_cut(arguments):
    for block in [b"\x00", b"\x00\x03x-", b"\x00\x03x-a\x05b", b"\x40", b"\xff", b"\x3f"]:
        with Connection(arguments) as c:
            c.headers(1, request("/bad") + block)
            c.connection_error(COMPRESSION_ERROR)


@check
def dynamic_table(arguments):
    """What the first request puts into the table, the second takes from it; then it is evicted."""
    with Connection(arguments) as c:
        head = [(":method", "GET"), (":scheme", c.scheme), (":path", "/"),
                (":authority", "localhost")]
        c.headers(1, b"".join(literal(n, v, 0x40) for n, v in head) + literal("x-a", "1", 0x40))
        c.answered(1)
        # The latest entry is 62.
        c.headers(3, b"".join(integer(index, 7, 0x80) for index in (66, 65, 64, 63, 62)))
        c.answered(3)
        c.headers(5, b"\x20" + request("/"))  # size 0: all entries go
        c.answered(5)
        c.headers(7, request("/bad") + integer(62, 7, 0x80))
        c.connection_error(COMPRESSION_ERROR)


@check
def requests_by_another_encoder(arguments):
    """python-hyper's encoder: Huffman codes, the static and the dynamic table, many requests."""
    encoder = hpack.Encoder()
    with Connection(arguments) as c:
        for number in range(200):
            head = [
                (":method", "GET"), (":scheme", c.scheme), (":path", "/"),
                (":authority", "localhost"), ("user-agent", " ".join(["python-hyper"] * 3)),
                ("cookie", f"session={number:032x}"), ("x-n", str(number)), ("accept", "*/*"),
            ]
            c.headers(2 * number + 1, encoder.encode(head, huffman=True))
            c.answered(2 * number + 1)


@check
def refused_requests_still_count_for_the_table(arguments):
    """The field section of a request that is refused changes the table all the same."""
    with Connection(arguments) as c:
        head = [(":method", "GET"), (":scheme", c.scheme), (":path", "/"),
                (":authority", "localhost")]
        c.headers(1, b"".join(literal(n, v, 0x40) for n, v in head) + literal("X-Bad", "1"))
        c.malformed(1)
        c.headers(3, b"".join(integer(index, 7, 0x80) for index in (65, 64, 63, 62)))
        c.answered(3)

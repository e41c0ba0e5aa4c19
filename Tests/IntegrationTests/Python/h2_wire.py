"""HTTP/2 frames by hand (RFC 9113): a client that sends exactly the bytes it is told to.

Field sections are written as literals without indexing (RFC 7541, section 6.2.2), so that nothing
is wrong by accident; responses are read with python-hyper's `hpack`.
"""

import socket
import ssl
import struct
import time

import hpack

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS = 0, 1, 2, 3, 4
PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 5, 6, 7, 8, 9
NAMES = "DATA HEADERS PRIORITY RST_STREAM SETTINGS PUSH_PROMISE PING GOAWAY WINDOW_UPDATE " \
    "CONTINUATION"

END_STREAM = ACK = 0x1
END_HEADERS, PADDED, PRIORITIZED = 0x4, 0x8, 0x20

HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS = 1, 2, 3
INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE, MAX_HEADER_LIST_SIZE = 4, 5, 6

NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR = 0, 1, 2, 3
SETTINGS_TIMEOUT, STREAM_CLOSED, FRAME_SIZE_ERROR, REFUSED_STREAM = 4, 5, 6, 7
CANCEL, COMPRESSION_ERROR, CONNECT_ERROR, ENHANCE_YOUR_CALM = 8, 9, 10, 11
CODES = "NO_ERROR PROTOCOL_ERROR INTERNAL_ERROR FLOW_CONTROL_ERROR SETTINGS_TIMEOUT " \
    "STREAM_CLOSED FRAME_SIZE_ERROR REFUSED_STREAM CANCEL COMPRESSION_ERROR CONNECT_ERROR " \
    "ENHANCE_YOUR_CALM"


def code_names(codes):
    words = CODES.split()
    return "/".join(words[c] if c < len(words) else hex(c) for c in codes)


def frame(kind, flags, stream, payload=b"", length=None):
    """`length` is what the header says where that is to be wrong."""
    size = len(payload) if length is None else length
    return struct.pack(">I", size)[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def settings(*pairs):
    return b"".join(struct.pack(">HI", key, value) for key, value in pairs)


def integer(value, bits, pattern=0):
    """RFC 7541, section 5.1."""
    limit = (1 << bits) - 1
    if value < limit:
        return bytes([pattern | value])
    out = bytearray([pattern | limit])
    value -= limit
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def string(value):
    value = value if isinstance(value, bytes) else value.encode()
    return integer(len(value), 7) + value


def literal(name, value, pattern=0x00):
    """0x00: without indexing, 0x10: never indexed, 0x40: with incremental indexing."""
    return bytes([pattern]) + string(name) + string(value)


def fields(*pairs):
    return b"".join(literal(name, value) for name, value in pairs)


def request(path, *more, method="GET", authority="localhost"):
    """A request's field section; None leaves a pseudo-header out."""
    pseudo = [(":method", method), (":scheme", Connection.scheme), (":path", path), (":authority", authority)]
    return fields(*[pair for pair in pseudo if pair[1] is not None], *more)


class Frame:
    def __init__(self, kind, flags, stream, payload):
        self.kind, self.flags, self.stream, self.payload = kind, flags, stream, payload

    def __str__(self):
        names = NAMES.split()
        name = names[self.kind] if self.kind < len(names) else hex(self.kind)
        more = ""
        if self.kind == RST_STREAM:
            more = " " + code_names([self.code])
        if self.kind == GOAWAY:
            more = f" {code_names([self.code])} last={self.last} {self.payload[8:80]!r}"
        return f"{name} flags={self.flags:#x} stream={self.stream}{more}"

    @property
    def code(self):
        at = 4 if self.kind == GOAWAY else 0
        return struct.unpack_from(">I", self.payload, at)[0]

    @property
    def last(self):
        return struct.unpack_from(">I", self.payload)[0] & 0x7FFFFFFF


class Response:
    """What one stream answered."""

    def __init__(self):
        self.heads = []  # interim heads, the head, trailers
        self.body = b""
        self.ended = False
        self.reset = None

    @property
    def status(self):
        finals = [h for h in self.heads if not h.get(":status", "1").startswith("1")]
        return int(finals[0][":status"]) if finals else 0


class Connection:
    """A client connection. `begin` sends the preface, takes the server's SETTINGS and waits for
    the ACK of its own."""

    def __init__(self, arguments, *own_settings, begin=True, seconds=8, context=None):
        host, _, port = arguments[0].rpartition(":")
        self.seconds = seconds
        Connection.scheme = "https" if len(arguments) > 1 else "http"
        self.socket = socket.create_connection((host, int(port)), timeout=seconds)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if len(arguments) > 1:
            context = context or ssl.create_default_context(cafile=arguments[1])
            context.set_alpn_protocols(["h2"])
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
        self.buffer = b""
        self.ended = False
        self.goaway = None
        self.seen = []
        self.settings = {}
        self.responses = {}
        self.acknowledged = 0
        self.decoder = hpack.Decoder()
        self.block = None  # (stream, flags, bytes) of a field section under way
        self.credits = True  # gives back what DATA takes
        if begin:
            self.send(PREFACE, frame(SETTINGS, 0, 0, settings(*own_settings)))
            self.until(lambda: self.settings_came and self.acknowledged, "SETTINGS and its ACK")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    settings_came = False
    scheme = "http"  # of all connections of a run

    def setting(self, key):
        defaults = {
            HEADER_TABLE_SIZE: 4096, INITIAL_WINDOW_SIZE: 65535, MAX_FRAME_SIZE: 16384,
            MAX_CONCURRENT_STREAMS: 1 << 31,
        }
        return self.settings.get(key, defaults.get(key))

    # Sending

    def send(self, *parts):
        """A peer that has closed is no error here: what it said before is read later."""
        try:
            self.socket.sendall(b"".join(parts))
        except (BrokenPipeError, ConnectionError, ssl.SSLError):
            return False
        except (socket.timeout, TimeoutError):
            return False
        return True

    def headers(self, stream, block, flags=END_STREAM | END_HEADERS):
        return self.send(frame(HEADERS, flags, stream, block))

    # Receiving

    def receive(self, deadline):
        """The next frame, looked at; None at the end of the connection."""
        while True:
            if len(self.buffer) >= 9:
                size = int.from_bytes(self.buffer[:3], "big")
                if len(self.buffer) >= 9 + size:
                    kind, flags, stream = struct.unpack_from(">BBI", self.buffer, 3)
                    got = Frame(kind, flags, stream & 0x7FFFFFFF, self.buffer[9 : 9 + size])
                    self.buffer = self.buffer[9 + size :]
                    self.note(got)
                    return got
            if self.ended:
                return None
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self.socket.settimeout(left)
            try:
                piece = self.socket.recv(1 << 16)
            except (ConnectionError, ssl.SSLEOFError):
                piece = b""
            self.ended = piece == b""
            self.buffer += piece

    def note(self, got):
        self.seen.append(got)
        if got.kind == SETTINGS and not got.flags & ACK:
            self.settings_came = True
            for at in range(0, len(got.payload), 6):
                key, value = struct.unpack_from(">HI", got.payload, at)
                self.settings[key] = value
            self.send(frame(SETTINGS, ACK, 0))
        elif got.kind == SETTINGS:
            self.acknowledged += 1
        elif got.kind == PING and not got.flags & ACK:
            self.send(frame(PING, ACK, 0, got.payload))
        elif got.kind == GOAWAY:
            self.goaway = got
        elif got.kind in (HEADERS, CONTINUATION):
            self.note_fields(got)
        elif got.kind == DATA:
            response = self.response(got.stream)
            body = got.payload
            if got.flags & PADDED:
                body = body[1 : len(body) - body[0]]
            response.body += body
            response.ended |= bool(got.flags & END_STREAM)
            if self.credits and got.payload:
                more = struct.pack(">I", len(got.payload))
                self.send(frame(WINDOW_UPDATE, 0, 0, more))
                if not response.ended:
                    self.send(frame(WINDOW_UPDATE, 0, got.stream, more))
        elif got.kind == RST_STREAM:
            self.response(got.stream).reset = got.code

    def note_fields(self, got):
        payload, flags = got.payload, got.flags
        if got.kind == HEADERS:
            if flags & PADDED:
                payload = payload[1 : len(payload) - payload[0]]
            if flags & PRIORITIZED:
                payload = payload[5:]
            self.block = (got.stream, flags, payload)
        else:
            stream, first, before = self.block
            self.block = (stream, first, before + payload)
        if flags & END_HEADERS:
            stream, first, block = self.block
            head = {}
            for name, value in self.decoder.decode(block):
                head[name] = f"{head[name]}, {value}" if name in head else value
            response = self.response(stream)
            response.heads.append(head)
            response.ended |= bool(first & END_STREAM)

    def response(self, stream):
        return self.responses.setdefault(stream, Response())

    def until(self, condition, what, seconds=None):
        """Reads frames until the condition holds."""
        deadline = time.monotonic() + (seconds or self.seconds)
        while not condition():
            try:
                if self.receive(deadline) is None:
                    break
            except TimeoutError:
                raise AssertionError(f"no {what} in time; {self.story}") from None
        if not condition():
            raise AssertionError(f"the connection ended without {what}; {self.story}")

    @property
    def story(self):
        if not self.seen:
            return "nothing came"
        return "came: " + ", ".join(str(f) for f in self.seen[-6:])

    # Expectations

    def alive(self):
        """The connection still answers a PING."""
        data = struct.pack(">d", time.monotonic())
        self.send(frame(PING, 0, 0, data))
        self.until(
            lambda: any(f.kind == PING and f.flags & ACK and f.payload == data for f in self.seen),
            "answer to a PING")
        assert not self.goaway, f"GOAWAY; {self.story}"

    def answered(self, stream, status=200):
        response = self.response(stream)
        self.until(lambda: response.ended or response.reset is not None, "answer")
        assert response.reset is None, f"reset: {self.story}"
        assert response.status == status, f"{response.status}, wanted {status}"
        return response

    def connection_error(self, *codes):
        """GOAWAY with one of these codes (the first is what the RFC names), then the end."""
        self.until(
            lambda: self.goaway is not None and self.goaway.code != NO_ERROR, "GOAWAY with "
            + code_names(codes))
        assert self.goaway.code in codes, f"wanted {code_names(codes)}; {self.story}"
        self.until(lambda: self.ended, "end after GOAWAY", 15)

    def stream_error(self, stream, *codes):
        """RST_STREAM with one of these codes and a connection that goes on; or the same as a
        connection error, which section 5.4.2 lets an endpoint make of it."""
        response = self.response(stream)
        self.until(
            lambda: response.reset is not None or self.goaway is not None,
            f"RST_STREAM with {code_names(codes)}")
        if response.reset is None:
            return self.connection_error(*codes)
        assert response.reset in codes, f"wanted {code_names(codes)}; {self.story}"
        return self.alive()

    def malformed(self, stream, *codes):
        """A malformed request: RST_STREAM, or an answer 4xx before it (section 8.1.1)."""
        response = self.response(stream)
        self.until(
            lambda: response.reset is not None or self.goaway is not None or response.ended,
            "refusal")
        if response.reset is None and response.ended:
            assert 400 <= response.status < 500, f"answered {response.status}"
            return self.alive()
        return self.stream_error(stream, *(codes or (PROTOCOL_ERROR,)))

    def ignored_or(self, stream, *codes):
        """Nothing happens, or an error with one of these codes."""
        data = b"ignored?"
        self.send(frame(PING, 0, 0, data))
        self.until(
            lambda: self.goaway is not None
            or any(f.kind == PING and f.flags & ACK and f.payload == data for f in self.seen),
            "answer to a PING")
        if self.goaway is not None:
            return self.connection_error(*codes)
        reset = self.response(stream).reset
        assert reset is None or reset in codes, f"wanted {code_names(codes)}; {self.story}"
        return None

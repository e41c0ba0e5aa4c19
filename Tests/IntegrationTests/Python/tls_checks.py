"""TLS as hostile and careless clients speak it: `HOST:PORT CA [CERTIFICATE KEY]`."""

import socket
import ssl
import time

import h2_wire
from checks import check, equal, expect, main


def target(arguments):
    host, port = arguments[0].rsplit(":", 1)
    return host, int(port)


def context(arguments, shows=False, version=None):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.load_verify_locations(arguments[1])
    if shows:
        made.load_cert_chain(arguments[2], arguments[3])
    if version is not None:
        made.minimum_version = made.maximum_version = version
    return made


def plain(arguments):
    opened = socket.create_connection(("127.0.0.1", target(arguments)[1]))
    opened.settimeout(20)
    return opened


def secure(arguments, made=None, session=None):
    return (made or context(arguments)).wrap_socket(
        plain(arguments), server_hostname=target(arguments)[0], session=session,
        suppress_ragged_eofs=False)


def request(path, *lines, version="1.1"):
    head = [f"GET {path} HTTP/{version}", "Host: localhost", *lines]
    return "".join(line + "\r\n" for line in head + [""]).encode()


def everything(connection):
    """What comes, and how it ends: `end` (close_notify, or the socket's end in clear) or `cut`."""
    got = b""
    try:
        while piece := connection.recv(65536):
            got += piece
        return got, "end"
    except (ssl.SSLError, ConnectionResetError):
        return got, "cut"


def ask(connection, path, *lines):
    """The body; the answer has a length."""
    connection.sendall(request(path, *lines))
    with connection.makefile("rb") as stream:
        return answer(stream)


def answer(stream):
    status = stream.readline().split()[1]
    length = 0
    while (line := stream.readline()) not in (b"\r\n", b""):
        name, value = line.split(b":", 1)
        if name.lower() == b"content-length":
            length = int(value)
    equal(status, b"200", "status")
    return stream.read(length)


class Memory:
    """A connection whose flights are sent by hand; `last` is the client's last one, unsent."""

    def __init__(self, arguments, version=None, single=False):
        self.socket = plain(arguments)
        self.came, self.goes = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context(arguments, version=version).wrap_bio(
            self.came, self.goes, server_hostname=target(arguments)[0])
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.send(self.goes.read(), single)
                self.receive()
        self.last = self.goes.read()

    def send(self, data, single=False):
        for at in range(0, len(data), 1 if single else max(len(data), 1)):
            self.socket.sendall(data[at:at + 1] if single else data)

    def receive(self):
        piece = self.socket.recv(65536)
        expect(piece, "the connection ended without close_notify")
        self.came.write(piece)

    def write(self, data):
        self.tls.write(data)
        return self.goes.read()

    def end(self):
        """The bytes of a close_notify."""
        try:
            self.tls.unwrap()
        except ssl.SSLWantReadError:
            pass
        return self.goes.read()

    def read_to_end(self):
        """Plaintext until close_notify."""
        got = b""
        while True:
            try:
                piece = self.tls.read(65536)
                if not piece:
                    return got
                got += piece
            except ssl.SSLZeroReturnError:
                return got
            except ssl.SSLWantReadError:
                self.receive()


VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


def hello(arguments):
    came, goes = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context(arguments).wrap_bio(came, goes, server_hostname="localhost")
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return goes.read()


@check
def end_right_behind_the_handshake(arguments):
    for version in VERSIONS:
        client = Memory(arguments, version)
        client.send(client.last + client.end())
        equal(client.read_to_end(), b"", version)


@check
def half_close_behind_the_request(arguments):
    for version in VERSIONS:
        client = Memory(arguments, version)
        sent = client.last + client.write(request("/large")) + client.end()
        client.send(sent + b"bytes behind close_notify" * 10)
        got = b""
        while piece := client.socket.recv(65536):
            got += piece
        expect(len(got) > 3_000_000, version, len(got))


@check
def hello_in_single_bytes(arguments):
    client = Memory(arguments, single=True)
    client.send(client.last + client.write(request("/", "Connection: close")), single=True)
    expect(client.read_to_end().endswith(b"ok"))


@check
def garbage(arguments):
    first = hello(arguments)
    for data in [
        b"\0" * 100, b"\xff" * 1000, b"\x16\x03\x01\xff\xff" + b"a" * 70000,
        b"\x16\x03\x01\x40\x01\x01\x00\x40\x00" + b"a" * 16384, b"\x15\x03\x01\x00\x02\x02\x28",
        b"\x14\x03\x03\0\1\1" * 50, b"\x17\x03\x03\0\x05hello", b"\x16\x03\x01\0\0" * 100,
        b"\x16\x03\x01\x40\x00\x01\xff\xff\xff" + b"a" * 16380, first + first,
        first + request("/"), bytes.fromhex("802e010002001500000010") + b"x" * 40,
    ]:
        with plain(arguments) as client:
            client.sendall(data)
            everything(client)
    for count in [0, 1, 5, 100, len(first)]:
        with plain(arguments) as client:
            client.sendall(first[:count])
            client.shutdown(socket.SHUT_WR)
            everything(client)
    equal(ask(secure(arguments), "/"), b"ok")


@check
def plain_http(arguments):
    for data in [request("/"), request("/", "Content-Length: 200000") + b"x" * 200_000]:
        with plain(arguments) as client:
            client.sendall(data)
            got, end = everything(client)
            expect(got.startswith(b"HTTP/1.1 400 ") and end == "end", got[:40], end)


@check
def hello_without_end(arguments):
    first = hello(arguments)
    began = time.monotonic()
    with plain(arguments) as client:
        client.sendall(first[:100])
        equal(everything(client), (b"", "end"))
    expect(0.8 < time.monotonic() - began < 10)


@check
def many_half_open(arguments):
    first = hello(arguments)
    waiting = [plain(arguments) for _ in range(300)]
    for number, client in enumerate(waiting):
        client.sendall(first if number % 2 else first[:1 + number])
    for _ in range(20):
        with secure(arguments) as client:
            equal(ask(client, "/"), b"ok")
    for client in waiting:
        client.close()


@check
def cut_answers(arguments):
    for version in VERSIONS:
        for path, end in [("/cut", "cut"), ("/close", "end")]:
            with secure(arguments, context(arguments, version=version)) as client:
                client.sendall(request(path, version="1.0"))
                got, how = everything(client)
                expect(got.endswith(b"hello") and how == end, version, path, got[-20:], how)


@check
def records_and_requests(arguments):
    with secure(arguments) as client, client.makefile("rb") as stream:
        client.sendall(request("/") * 100)
        for _ in range(100):
            equal(answer(stream), b"ok")
        for byte in request("/"):
            client.sendall(bytes([byte]))
        equal(answer(stream), b"ok")


@check
def slow_reader(arguments):
    """Each of several reads late; together they are more than may be held for them."""
    clients = [secure(arguments) for _ in range(8)]
    for client in clients:
        client.sendall(request("/large", "Connection: close"))
    time.sleep(0.3)
    for client in clients:
        got, how = everything(client)
        expect(len(got) > 3_000_000 and how == "end", len(got), how)


SPOOFED = ["X-Client-Verify: SUCCESS", "x-client-subject: CN=root", "X-Client-Fingerprint: 00"]


@check
def certificate_is_told(arguments):
    equal(ask(secure(arguments), "/who", *SPOOFED), b"NONE;none")
    shown = secure(arguments, context(arguments, shows=True))
    equal(ask(shown, "/who", *SPOOFED), b"SUCCESS;CN=a\\,b\\+c \\0D\\0AX-Evil: 1")


@check
def resumed_as_it_began(arguments):
    for version in VERSIONS:
        for shows, verdict in [(False, b"NONE;"), (True, b"SUCCESS;")]:
            made = context(arguments, shows, version)
            first = secure(arguments, made)
            expect(ask(first, "/who").startswith(verdict))
            # A certificate that is at hand only now changes nothing about the session.
            made.load_cert_chain(arguments[2], arguments[3])
            second = secure(arguments, made, first.session)
            expect(second.session_reused, version, "not resumed")
            expect(ask(second, "/who").startswith(verdict), version, verdict)


@check
def stored_for_nobody_else(arguments):
    for _ in range(2):
        shown = secure(arguments, context(arguments, shows=True))
        expect(ask(shown, "/stored").startswith(b"SUCCESS;"))
        equal(ask(secure(arguments), "/stored"), b"NONE;none")


def fetched_anew(ask_once):
    """The answer that a fetch in the background brought, which nobody waited for."""
    number = ask_once().split(b" ", 1)[0]
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        now, words = ask_once().split(b" ", 1)
        if now != number:
            return words
        time.sleep(0.05)
    raise AssertionError("it was not fetched anew")


WHO = b"SUCCESS;CN=a\\,b\\+c \\0D\\0AX-Evil: 1;"


@check
def refreshed_as_it_was_asked(arguments):
    shown = secure(arguments, context(arguments, shows=True))
    words = fetched_anew(lambda: ask(shown, "/refreshed", *SPOOFED))
    expect(words.startswith(WHO) and len(words) == len(WHO) + 64, words)
    hidden = secure(arguments)
    equal(fetched_anew(lambda: ask(hidden, "/refreshed", *SPOOFED)), b"NONE;none;none")


@check
def refreshed_as_it_was_asked_over_http2(arguments):
    for shows, who in [(True, WHO), (False, b"NONE;none;")]:
        with h2_wire.Connection(arguments, context=context(arguments, shows)) as connection:
            streams = iter(range(1, 10_000, 2))

            def ask_once():
                stream = next(streams)
                more = [tuple(line.lower().split(": ")) for line in SPOOFED]
                connection.headers(stream, h2_wire.request("/refreshed", *more))
                return connection.answered(stream).body

            words = fetched_anew(ask_once)
            expect(words.startswith(who), words)


if __name__ == "__main__":
    main()

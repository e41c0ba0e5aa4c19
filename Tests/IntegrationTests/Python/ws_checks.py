"""A real WebSocket client against ws_server.py: `ws_checks.py URL [CA-FILE] [-- CHECK...]`.

URL is where the server is seen through the proxy, such as ws://127.0.0.1:8080 or wss://....
"""

import asyncio
import os
import ssl

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from checks import check, equal, expect, main


def to(arguments, path, **options):
    url = arguments[0]
    if url.startswith("wss:"):
        options["ssl"] = ssl.create_default_context(cafile=arguments[1])
    return connect(
        url + path, max_size=1 << 26, ping_interval=None, open_timeout=20, proxy=None, **options)


@check
async def text(arguments):
    async with to(arguments, "/echo") as socket:
        for message in ["", "a", "GET / HTTP/1.1\r\n\r\n", "ä€𝄞" * 1000]:
            await socket.send(message)
            equal(await socket.recv(), message)


@check
async def binary(arguments):
    async with to(arguments, "/echo") as socket:
        for size in [0, 1, 125, 126, 65535, 65536, 100_000]:
            message = os.urandom(size)
            await socket.send(message)
            equal(await socket.recv(), message, size)


@check
async def fragments_up(arguments):
    async with to(arguments, "/echo", compression=None) as socket:
        parts = [str(number) * number for number in range(1, 50)]
        await socket.send(parts)
        equal(await socket.recv(), "".join(parts))


@check
async def fragments_down(arguments):
    async with to(arguments, "/echo", compression=None) as socket:
        message = b"parts" + os.urandom(50_000)
        await socket.send(message)
        parts = [part async for part in socket.recv_streaming()]
        equal(b"".join(parts), message)
        expect(len(parts) >= 51, len(parts), "fragments")


@check
async def large_messages(arguments):
    """Both ways at once, so that neither direction waits for the other."""
    async with to(arguments, "/echo", compression=None) as socket:
        messages = [os.urandom(size << 20) for size in [1, 3, 8]]
        sending = asyncio.create_task(send_all(socket, messages))
        for message in messages:
            equal(await socket.recv(), message, len(message))
        await sending


async def send_all(socket, messages):
    for message in messages:
        await socket.send(message)


@check
async def deflate(arguments):
    """permessage-deflate is negotiated between the ends; the proxy only passes it on."""
    async with to(arguments, "/echo", compression="deflate") as socket:
        equal([e.name for e in socket.protocol.extensions], ["permessage-deflate"])
        await socket.send("who")
        expect((await socket.recv()).endswith(" permessage-deflate"))
        message = "the same again " * 200_000
        await socket.send(message)
        equal(await socket.recv(), message)
    async with to(arguments, "/echo", compression=None) as socket:
        await socket.send("who")
        expect((await socket.recv()).endswith(" -"), "the server saw no extension")


@check
async def subprotocol(arguments):
    async with to(arguments, "/echo", subprotocols=["chat", "other"]) as socket:
        equal(socket.subprotocol, "chat")


@check
async def pings(arguments):
    async with to(arguments, "/ping") as socket:
        equal(await socket.recv(), "pong came")
        for payload in [b"", b"x" * 125]:
            answered = await socket.ping(payload)
            await asyncio.wait_for(answered, 10)
        await socket.send("still here")
        equal(await socket.recv(), "still here")


@check
async def close_by_server(arguments):
    for code, reason in [(1000, "done"), (1001, "going"), (1008, "policy"), (4999, "own")]:
        async with to(arguments, f"/close/{code}/{reason}") as socket:
            try:
                await socket.recv()
                raise AssertionError("no close")
            except ConnectionClosed as closed:
                equal((closed.rcvd.code, closed.rcvd.reason), (code, reason))
                expect(closed.rcvd_then_sent)


@check
async def close_by_client(arguments):
    for code in [1000, 3000, 4000]:
        socket = await to(arguments, f"/mine/{code}")
        await socket.send("hi")
        equal(await socket.recv(), "hi")
        await socket.close(code, "bye")
        equal(socket.close_code, code, "the server's answer")


@check
async def refused(arguments):
    try:
        async with to(arguments, "/deny"):
            raise AssertionError("accepted")
    except InvalidStatus as refusal:
        equal(refusal.response.status_code, 403)
        equal(refusal.response.body, b"not for you\n")


@check
async def rewritten(arguments):
    """The route of /ws/v1/... takes that prefix away."""
    async with to(arguments, "/ws/v1/rooms/7?x=%20y") as socket:
        await socket.send("who")
        equal((await socket.recv()).split()[1:3], ["/rooms/7?x=%20y", "127.0.0.1"])


@check
async def many(arguments):
    """200 at once, each with its own conversation."""

    async def one(number):
        async with to(arguments, f"/echo/{number}", compression=None) as socket:
            for turn in range(5):
                message = f"{number} {turn} " + "x" * 500
                await socket.send(message)
                equal(await socket.recv(), message)
                await asyncio.sleep(0.05)
            return socket

    sockets = await asyncio.gather(*[one(number) for number in range(200)])
    equal(len(sockets), 200)


@check
async def streams_down(arguments):
    async with to(arguments, "/echo") as socket:
        await socket.send("count 5000")
        for number in range(5000):
            equal(await socket.recv(), str(number))


if __name__ == "__main__":
    main()

"""A WebSocket server for the tests: `ws_server.py [NAME]` prints its port and serves until killed.

The path says what a connection does: /close/CODE/REASON closes, /deny is refused with 403, /ping
asks the client to answer a ping; everything else echoes. The message `who` is answered with
`NAME PATH FORWARDED-FOR EXTENSIONS`, `count N` with N messages.
"""

import asyncio
import http
import sys

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosedError

NAME = sys.argv[1] if len(sys.argv) > 1 else "server"


async def talk(socket):
    path = socket.request.path
    if path.startswith("/close/"):
        _, _, code, reason = path.split("/")
        await socket.close(int(code), reason)
        return
    if path == "/ping":
        answered = await socket.ping(b"from the server")
        await asyncio.wait_for(answered, 10)
        await socket.send("pong came")
    try:
        async for message in socket:
            if message == "who":
                names = ",".join(extension.name for extension in socket.protocol.extensions)
                source = socket.request.headers.get("X-Forwarded-For", "-")
                await socket.send(f"{NAME} {path} {source} {names or '-'}")
            elif isinstance(message, str) and message.startswith("count "):
                for number in range(int(message[6:])):
                    await socket.send(str(number))
            elif isinstance(message, bytes) and message.startswith(b"parts"):
                await socket.send(message[i : i + 1000] for i in range(0, len(message), 1000))
            else:
                await socket.send(message)
    except ConnectionClosedError:
        pass  # by another code than 1000 or 1001
    # The close code that this side saw goes to the log, where the test finds it.
    print(f"closed {path} {socket.close_code} {socket.close_reason}", flush=True)


def refuse(socket, request):
    if request.path.startswith("/deny"):
        return socket.respond(http.HTTPStatus.FORBIDDEN, "not for you\n")
    return None


async def main():
    async with serve(
        talk, "127.0.0.1", 0, process_request=refuse, max_size=1 << 26, ping_interval=None,
        select_subprotocol=lambda _, offered: "chat" if "chat" in offered else None,
    ) as server:
        print(f"port {server.sockets[0].getsockname()[1]}", flush=True)
        await server.serve_forever()


asyncio.run(main())

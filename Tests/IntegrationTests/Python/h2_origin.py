"""An HTTP/1.1 backend for trying h2_cases.py and h2_attacks.py by hand; prints its port.

The Swift suite has one of its own, which also says what reached it.
"""

import asyncio
import sys


async def serve(reader, writer):
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            method, target = head.split(b" ")[:2]
            if target.startswith(b"/bad"):
                print(f"REACHED {head!r}", flush=True)
            lines = head.lower().split(b"\r\n")
            if target == b"/hold":
                await asyncio.sleep(3600)
            for line in lines:
                if line.startswith(b"content-length:"):
                    await reader.readexactly(int(line[15:]))
                if line.startswith(b"transfer-encoding:"):
                    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
                        await reader.readexactly(size + 2)
                    while await reader.readuntil(b"\r\n") != b"\r\n":
                        pass
            body = bytes(1 << 20) if target == b"/large" else b"ok"
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
            if method != b"HEAD":
                writer.write(body)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main():
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    server = await asyncio.start_server(serve, "127.0.0.1", port)
    print(f"port {server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


asyncio.run(main())

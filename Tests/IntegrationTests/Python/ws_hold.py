"""Tunnels that stay open while a test does something to the proxy: `ws_hold.py URL COUNT [CA-FILE]`.

Prints `open COUNT`. Each line on SIGUSR1: `alive N NAME`, after a round trip through every tunnel.
Prints `ended N` when all have ended, with the number that ended without a closing handshake.
"""

import asyncio
import signal
import ssl
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed


async def ask(sockets):
    alive, names = 0, set()
    for socket in sockets:
        try:
            await socket.send("who")
            names.add((await asyncio.wait_for(socket.recv(), 10)).split()[0])
            alive += 1
        except (ConnectionClosed, asyncio.TimeoutError):
            pass
    print(f"alive {alive} {','.join(sorted(names)) or '-'}", flush=True)


async def main():
    options = {"ping_interval": None, "proxy": None, "compression": None}
    if sys.argv[1].startswith("wss:"):
        options["ssl"] = ssl.create_default_context(cafile=sys.argv[3])
    sockets = [await connect(sys.argv[1], **options) for _ in range(int(sys.argv[2]))]
    asking = set()
    loop = asyncio.get_running_loop()

    def wake():
        task = loop.create_task(ask(sockets))
        asking.add(task)
        task.add_done_callback(asking.discard)

    loop.add_signal_handler(signal.SIGUSR1, wake)
    print(f"open {len(sockets)}", flush=True)
    for socket in sockets:
        await socket.wait_closed()
    print(f"ended {sum(socket.close_code == 1006 for socket in sockets)}", flush=True)


# Whoever started this may have had it blocked.
signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR1])
asyncio.run(main())

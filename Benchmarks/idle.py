#!/usr/bin/env python3
"""Process memory per idle keep-alive client connection, side by side.

usage: idle.py [--n 8000] [--tls] [--peers nginx,haproxy] [--sut 'NAME=COMMAND with {port}']...

Each connection makes one request and then stays silent. 100 connections come first, so that what a
proxy allocates once is not counted.
"""

import argparse
import os
import socket
import ssl
import sys
import time

import harness
import peers

REQUEST = b"GET /b/100 HTTP/1.1\r\nHost: localhost\r\n\r\n"


def context():
    made = ssl.create_default_context()
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    return made


def connect(port, tls):
    connection = socket.create_connection(("127.0.0.1", port))
    if tls:
        connection = tls.wrap_socket(connection)
    connection.sendall(REQUEST)
    connection.recv(4096)
    return connection


def measure(name, pid, port, count, tls):
    kept = [connect(port, tls) for _ in range(100)]
    time.sleep(0.5)
    before = harness.memory_mb(pid)
    kept += [connect(port, tls) for _ in range(count)]
    time.sleep(1)
    after = harness.memory_mb(pid)
    each = (after - before) * 1024 * 1024 / count
    print(f"{name:10s} {each:8.0f} bytes per idle connection   {before:.1f} -> {after:.1f} MB",
          flush=True)
    for connection in kept:
        connection.close()


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=8000)
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--peers", default="nginx,haproxy")
    parser.add_argument("--sut", action="append", default=[])
    options = parser.parse_args()
    systems = harness.parse_systems(options.sut)
    harness.raise_descriptor_limit()
    tls = context() if options.tls else None
    with harness.workspace() as top, harness.origins():
        if options.tls:
            harness.make_certificate(top)
        for name in [name for name in options.peers.split(",") if name] + list(systems):
            folder, port = harness.subfolder(top, name), harness.free_port()
            setup = peers.Setup(folder, port, options.tls)
            command = peers.command(name, setup, systems, "tls" if options.tls else "small")
            if not command:
                print(f"{name}: not installed", file=sys.stderr)
                continue
            log = os.path.join(folder, "out")
            with harness.proxy(command, port, log) as pid:
                if pid is None:
                    harness.report_failed_start(name, log)
                else:
                    measure(name, pid, port, options.n, tls)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""User instructions and system calls per request, which do not depend on how busy the machine is.

usage: Benchmarks/instructions.py [--binary PATH] [--requests N] [--cached | --missed]

Runs the release binary with one worker under valgrind (callgrind) and strace, with two loads of
small GETs on one kept connection; what the second one costs more, by request, is the figure. With
`--cached` they are hits of a cache, with `--missed` responses that are stored. Needs
valgrind and strace; `make build` comes first.
"""

import argparse
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PATHS = {"plain": "/b/1024", "cached": "/static/1024", "missed": "/static/1024?{number}"}
CONFIG = """listen: 127.0.0.1:{port}
workers: 1
caches: {{ all: {{ }} }}
routes: [{{ to: app, match: {{ path: "/b/**" }} }}, {{ to: app, cache: all }}]
pools: {{ app: [{origins}] }}
"""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def await_port(port, seconds=60):
    end = time.time() + seconds
    while time.time() < end:
        try:
            return socket.create_connection(("127.0.0.1", port))
        except OSError:
            time.sleep(0.05)
    sys.exit(f"instructions.py: nobody listens on port {port}")


def load(port, count, path):
    """Sends `count` requests, one after the other."""
    with await_port(port) as client:
        for number in range(count):
            target = path.format(number=number)
            client.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            received = b""
            while True:
                received += client.recv(65536)
                head, _, body = received.partition(b"\r\n\r\n")
                if len(body) >= 1024:
                    break


def run(wrapper, binary, config, port, count, path):
    """The wrapper's own output after a run with that many requests."""
    process = subprocess.Popen(
        [*wrapper, binary, "run", config], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        load(port, count, path)
    finally:
        # Under strace the proxy is a child, under valgrind it is the process itself.
        with open(f"/proc/{process.pid}/task/{process.pid}/children") as file:
            children = file.read().split()
        os.kill(int(children[0]) if children else process.pid, signal.SIGTERM)
    return process.communicate(timeout=120)[1].decode(errors="replace")


def instructions(binary, config, port, count, folder, path):
    out = os.path.join(folder, f"callgrind.{count}")
    wrapper = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}"]
    run(wrapper, binary, config, port, count, path)
    with open(out) as file:
        return int(re.search(r"^(?:summary|totals): (\d+)", file.read(), re.M)[1])


def system_calls(binary, config, port, count, folder, path):
    out = os.path.join(folder, f"strace.{count}")
    run(["strace", "-f", "-qq", "-o", out], binary, config, port, count, path)
    calls = {}
    with open(out) as file:
        for line in file:
            found = re.match(r"\d+\s+(\w+)\(", line)
            if found:
                calls[found[1]] = calls.get(found[1], 0) + 1
    return calls


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--binary", default=os.path.join(HERE, "..", ".build", "release", "headrace"))
    parser.add_argument("--requests", type=int, default=4000)
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--cached", dest="kind", action="store_const", const="cached")
    kind.add_argument("--missed", dest="kind", action="store_const", const="missed")
    options = parser.parse_args()
    path = PATHS[options.kind or "plain"]
    if not os.access(options.binary, os.X_OK):
        sys.exit(f"instructions.py: no {options.binary}; run `make build` first")
    with tempfile.TemporaryDirectory() as folder:
        # valgrind does not read the debug information of Swift.
        binary = os.path.join(folder, "headrace")
        subprocess.run(["objcopy", "--strip-debug", options.binary, binary], check=True)
        program = os.path.join(folder, "origin")
        subprocess.run(["cc", "-O2", "-o", program, os.path.join(HERE, "origin.c")], check=True)
        ports = [free_port(), free_port()]
        origins = [subprocess.Popen([program, str(port)]) for port in ports]
        try:
            for port in ports:
                await_port(port).close()
            port = free_port()
            config = os.path.join(folder, "site.yaml")
            with open(config, "w") as file:
                file.write(CONFIG.format(
                    port=port, origins=", ".join(f"127.0.0.1:{origin}" for origin in ports)))
            few, many = 500, 500 + options.requests
            low = instructions(binary, config, port, few, folder, path)
            high = instructions(binary, config, port, many, folder, path)
            print(f"user instructions per request: {(high - low) / options.requests:.0f}")
            low = system_calls(binary, config, port, few, folder, path)
            high = system_calls(binary, config, port, many, folder, path)
            for name in sorted(high, key=high.get, reverse=True):
                each = (high[name] - low.get(name, 0)) / options.requests
                if abs(each) >= 0.005:
                    print(f"{name} per request: {each:.2f}")
        finally:
            for origin in origins:
                origin.terminate()


main()

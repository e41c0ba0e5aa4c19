#!/usr/bin/env python3
"""What established TLS connections feel of a flood of handshakes, side by side.

usage: handshakes.py [--clients 8] [--secs 4] [--peers nginx,haproxy]
                     [--sut 'NAME=COMMAND with {port} {certs}']...

One connection asks 200 times a second, first alone, then while `openssl s_time -new` clients make
full handshakes as fast as they can. The proxy has a core of its own; the clients share the other
one, and the flood's run at the lowest priority, so that the figures are the proxy's.
"""

import argparse
import os
import re
import ssl
import subprocess
import sys
import time

import harness
import idle
import peers

REQUEST = b"GET /b/100 HTTP/1.1\r\nHost: localhost\r\n\r\n"


def ask(port, seconds):
    """Milliseconds of each request, sorted."""
    connection = idle.connect(port, idle.context())
    times = []
    start = due = time.perf_counter()
    while due < start + seconds:
        time.sleep(max(due - time.perf_counter(), 0))
        sent = time.perf_counter()
        connection.sendall(REQUEST)
        answer = b""
        while b"\r\n\r\n" not in answer or len(answer) < answer.index(b"\r\n\r\n") + 104:
            part = connection.recv(65536)
            if not part:
                raise ConnectionError("closed")
            answer += part
        times.append((time.perf_counter() - sent) * 1000)
        due += 0.005
    return sorted(times)


def flood(port, clients, seconds):
    command = ["nice", "-n", "19", "openssl", "s_time", "-new", "-connect", f"127.0.0.1:{port}",
               "-time", str(seconds)]
    return [
        subprocess.Popen(
            harness.pinned(harness.cores()[1], command), stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True)
        for _ in range(clients)]


def rate(run):
    said = run.communicate()[0]
    found = re.search(r"(\d+) connections in (\d+) real seconds", said)
    return int(found[1]) / int(found[2]) if found else 0


def share(times, percent):
    return times[min(len(times) * percent // 100, len(times) - 1)]


def measure(name, port, options):
    ask(port, 1)
    calm = ask(port, options.secs)
    runs = flood(port, options.clients, options.secs + 2)
    time.sleep(1)
    stormy = ask(port, options.secs)
    made = sum(rate(run) for run in runs)
    calm99, stormy99 = share(calm, 99), share(stormy, 99)
    print(
        f"{name:10s} alone p50 {share(calm, 50):6.2f} p99 {calm99:6.2f} ms   "
        f"in the flood p50 {share(stormy, 50):6.2f} p99 {stormy99:6.2f} ms, "
        f"{stormy99 / calm99:4.1f} times   {made:6.0f} handshakes/s", flush=True)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--secs", type=int, default=4)
    parser.add_argument("--peers", default="nginx,haproxy")
    parser.add_argument("--sut", action="append", default=[])
    options = parser.parse_args()
    systems = harness.parse_systems(options.sut)
    _, load_core = harness.cores()
    os.sched_setaffinity(0, {load_core})
    with harness.workspace() as top, harness.origins():
        harness.make_certificate(top)
        for name in [name for name in options.peers.split(",") if name] + list(systems):
            folder, port = harness.subfolder(top, name), harness.free_port()
            command = peers.command(name, peers.Setup(folder, port, True), systems, "tls")
            if not command:
                print(f"{name}: not installed", file=sys.stderr)
                continue
            log = os.path.join(folder, "out")
            with harness.proxy(command, port, log) as pid:
                if pid is None:
                    harness.report_failed_start(name, log)
                else:
                    measure(name, port, options)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Latency at a fixed rate of requests, side by side.

usage: latency.py [--rates 5000,15000,25000] [--peers nginx,haproxy] [--secs 3] [--rounds 3]
                  [--path /b/1024] [--sut 'NAME=COMMAND with {port}']...

The proxy runs alone on one core, origins and the open-loop client on another; rounds are
interleaved; microseconds, the median of the rounds. "(origin)" is the same load without a proxy:
what a proxy adds is the difference.
"""

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import time

import harness
import peers

DIRECT = "(origin)"
CONNECTIONS = "64"


@contextlib.contextmanager
def target(name, number, rate, top, systems):
    """The port to load, or None."""
    if name == DIRECT:
        yield harness.ORIGIN_PORTS[0]
        return
    folder, port = harness.subfolder(top, f"{name}-{rate}-{number}"), harness.free_port()
    command = peers.command(name, peers.Setup(folder, port), systems, "small")
    if not command:
        yield None
        return
    log = os.path.join(folder, "out")
    with harness.proxy(command, port, log, harness.cores()[0]) as pid:
        if pid is None:
            harness.report_failed_start(name, log)
        yield port if pid else None


def run(port, path, rate, seconds):
    """[sent, ok, errors, p50, p90, p99, p99.9, max], empty when the client failed."""
    command = [harness.compiled("openloop"), str(port), path, rate, str(seconds), CONNECTIONS]
    said = subprocess.run(
        harness.pinned(harness.cores()[1], command), capture_output=True, text=True)
    return [float(figure) for figure in said.stdout.split()]


def report(rate, rows):
    print(f"\nrate {rate}/s")
    for name, rounds in rows.items():
        if not rounds:
            continue
        median = [statistics.median(column) for column in zip(*rounds)]
        _, _, errors, p50, p90, p99, p999, most = median
        print(f"  {name:10s} p50 {p50:7.0f}  p90 {p90:7.0f}  p99 {p99:7.0f}  p99.9 {p999:7.0f}  "
              f"max {most:8.0f}  errors {errors:.0f}", flush=True)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rates", default="5000,15000,25000")
    parser.add_argument("--peers", default="nginx,haproxy")
    parser.add_argument("--sut", action="append", default=[])
    parser.add_argument("--secs", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--path", default="/b/1024")
    options = parser.parse_args()
    systems = harness.parse_systems(options.sut)
    names = [DIRECT] + [name for name in options.peers.split(",") if name] + list(systems)
    harness.raise_descriptor_limit()
    with harness.workspace() as top, harness.origins():
        for rate in options.rates.split(","):
            rows = {name: [] for name in names}
            for number in range(options.rounds):
                for name in names:
                    with target(name, number, rate, top, systems) as port:
                        if port is None:
                            print(f"{name}: left out", file=sys.stderr)
                            continue
                        time.sleep(0.2)
                        run(port, options.path, rate, 1)
                        if figures := run(port, options.path, rate, options.secs):
                            rows[name].append(figures)
            report(rate, rows)


if __name__ == "__main__":
    main()

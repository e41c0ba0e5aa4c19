#!/usr/bin/env python3
"""CPU time per request of several proxies, side by side.

usage: bench.py [--peers a,b] [--scenarios s,t] [--secs 4] [--rounds 3] [--json FILE]
                [--sut 'NAME=COMMAND with {port} {scenario} {certs}']...

The proxy runs alone on one core, origins and load on another. Rounds are interleaved (A B C, A B C,
...), so that a machine that slows down slows all of them. Per proxy, the median of the rounds:
requests per second, CPU microseconds of the proxy (all its processes) per request, that CPU time
as a ratio to the best peer and to the relay, p50 and p99 in milliseconds, memory in MB, errors.

Absolute figures are worth little on shared machines: quote the ratios. "Best peer" is the cheapest
of --peers without the relay, which parses nothing and is the floor. (In "close" the relay passes
the origin's close on unannounced, which wrk counts as errors, and opens two connections for each
request: there it is no floor.)
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import time
from typing import NamedTuple

import harness
import peers


class Scenario(NamedTuple):
    path: str
    connections: int
    tls: bool = False
    cache: bool = False
    tool: str = "wrk"
    options: tuple = ()


def script(name):
    return ("-s", os.path.join(harness.HERE, name))


CLOSE = ("-H", "Connection: close")
SCENARIOS = {
    "small": Scenario("/b/1024", 64),
    "browser": Scenario("/b/1024", 64, options=script("browser.lua")),
    "medium": Scenario("/b/65536", 64),
    "large": Scenario("/b/1048576", 16),
    "post": Scenario("/b/100", 64, options=script("post.lua")),
    "close": Scenario("/b/1024", 64, options=CLOSE),
    "many": Scenario("/b/1024", 2000),
    "cached": Scenario("/static/1024", 64, cache=True),
    "cached64k": Scenario("/static/65536", 64, cache=True),
    # Each URL is asked for once: what storing costs, beside the same load on a build without.
    "miss": Scenario("/static/1024", 64, cache=True, options=script("unique.lua")),
    "tls": Scenario("/b/1024", 64, tls=True),
    "tls64k": Scenario("/b/65536", 64, tls=True),
    "tlsclose": Scenario("/b/100", 64, tls=True, options=CLOSE),
    "h2": Scenario("/b/1024", 16, tls=True, tool="h2load"),
}


class Load(NamedTuple):
    """What the load generator saw. Times in milliseconds."""
    rate: float
    requests: int
    errors: int
    p50: float
    p99: float


def milliseconds(text):
    number, unit = re.match(r"([\d.]+)(us|ms|s|m)$", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000, "m": 60000}[unit]


def run_on_load_core(command):
    pinned = harness.pinned(harness.cores()[1], command)
    return subprocess.run(pinned, capture_output=True, text=True, check=True).stdout


def load(scenario, port, seconds):
    url = f"{'https' if scenario.tls else 'http'}://127.0.0.1:{port}{scenario.path}"
    generate = load_with_h2load if scenario.tool == "h2load" else load_with_wrk
    return generate(scenario, url, seconds)


def load_with_wrk(scenario, url, seconds):
    said = run_on_load_core(
        ["wrk", "-t1", f"-c{scenario.connections}", f"-d{seconds}", "--latency",
         "--timeout", "10s", *scenario.options, url])
    errors = re.findall(r"(?:Non-2xx or 3xx responses: |connect |read |write |timeout )(\d+)", said)
    return Load(
        rate=float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1]),
        requests=int(re.search(r"(\d+) requests in", said)[1]),
        errors=sum(map(int, errors)),
        p50=percentile(said, 50), p99=percentile(said, 99))


def percentile(said, share):
    # At the start of a line: wrk also prints shares such as "87.50%" in the middle of one.
    return milliseconds(re.search(rf"^\s+{share}%\s+(\S+)", said, re.MULTILINE)[1])


def load_with_h2load(scenario, url, seconds):
    said = run_on_load_core(
        ["h2load", "-c", str(scenario.connections), "-m", "16", "-t", "1", "-D", str(seconds), url])
    requests, errors = re.search(r"(\d+) succeeded, (\d+) failed", said).groups()
    times = re.search(r"time for request:\s+\S+\s+\S+\s+(\S+)", said)
    return Load(
        rate=float(re.search(r"finished in [\d.]+m?s, ([\d.]+) req/s", said)[1]),
        requests=int(requests), errors=int(errors), p50=milliseconds(times[1]), p99=0)


def measure(pid, scenario, port, seconds):
    """One round of one proxy, after a second of warming up."""
    time.sleep(0.3)
    load(scenario, port, 1)
    before = harness.cpu_seconds(pid)
    seen = load(scenario, port, seconds)
    used = harness.cpu_seconds(pid) - before
    return {
        "rps": seen.rate, "us": used / max(seen.requests, 1) * 1e6,
        "p50": seen.p50, "p99": seen.p99, "bad": seen.errors, "rss": harness.memory_mb(pid),
    }


def run_round(name, number, top, scenario_name, systems, seconds):
    """The figures of one round, or None when the proxy is missing or failed."""
    scenario = SCENARIOS[scenario_name]
    folder = harness.subfolder(top, f"{name}-{scenario_name}-{number}")
    port = harness.free_port()
    setup = peers.Setup(folder, port, scenario.tls, scenario.cache)
    command = peers.command(name, setup, systems, scenario_name)
    if not command:
        if number == 0:
            print(f"{name}: not installed, or not for {scenario_name}", file=sys.stderr)
        return None
    log = os.path.join(folder, "out")
    with harness.proxy(command, port, log, harness.cores()[0]) as pid:
        if pid is None:
            harness.report_failed_start(name, log)
            return None
        try:
            return measure(pid, scenario, port, seconds)
        except (subprocess.CalledProcessError, TypeError, AttributeError) as error:
            print(f"{name}, {scenario_name}: no figures: {error!r}", file=sys.stderr)
            return None


def medians(rounds):
    return {key: statistics.median(row[key] for row in rounds) for key in rounds[0]}


def report(scenario_name, figures, systems):
    scenario = SCENARIOS[scenario_name]
    others = [f["us"] for n, f in figures.items() if n not in systems and n != peers.FLOOR]
    best = min(others, default=None)
    floor = figures.get(peers.FLOOR, {}).get("us")

    def ratio(value, base):
        return f"{value / base:6.2f}" if base else "     -"

    print(f"\n{scenario_name}: {scenario.path}, {scenario.connections} connections")
    print(f"  {'':10s} {'req/s':>9s} {'us/req':>8s} {'/best':>6s} {'/relay':>6s} "
          f"{'p50 ms':>8s} {'p99 ms':>8s} {'MB':>7s} {'errors':>6s}")
    for name, f in sorted(figures.items(), key=lambda item: item[1]["us"]):
        print(f"  {name:10s} {f['rps']:9.0f} {f['us']:8.2f} {ratio(f['us'], best)} "
              f"{ratio(f['us'], floor)} {f['p50']:8.3f} {f['p99']:8.3f} {f['rss']:7.1f} "
              f"{f['bad']:6.0f}", flush=True)


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", default="nginx,haproxy,envoy")
    parser.add_argument("--scenarios", default="small,medium,large,post,close")
    parser.add_argument("--secs", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sut", action="append", default=[])
    parser.add_argument("--json")
    return parser.parse_args()


def main():
    options = arguments()
    systems = harness.parse_systems(options.sut)
    names = [name for name in options.peers.split(",") if name] + list(systems)
    wanted = options.scenarios.split(",")
    for name in wanted:
        if name not in SCENARIOS:
            harness.fail(f"unknown scenario {name!r} ({', '.join(SCENARIOS)})")
    harness.raise_descriptor_limit()
    versions = {n: v for n in names if (v := peers.version(n))}
    print(harness.describe_machine())
    print(", ".join(f"{name} {version}" for name, version in versions.items()), flush=True)

    result = {}
    with harness.workspace() as top, harness.origins():
        if any(SCENARIOS[name].tls for name in wanted):
            harness.make_certificate(top)
        for scenario in wanted:
            rows = {name: [] for name in names}
            for number in range(options.rounds):
                for name in names:
                    row = run_round(name, number, top, scenario, systems, options.secs)
                    if row:
                        rows[name].append(row)
            result[scenario] = {name: medians(row) for name, row in rows.items() if row}
            report(scenario, result[scenario], systems)
    if options.json:
        with open(options.json, "w") as file:
            json.dump(result, file, indent=1)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""CPU time per request with one worker and with several, in the same run.

usage: workers.py [--workers 1,2] [--rounds 5] [--secs 4] [--path /b/1024]

The proxy is not pinned, so that its workers can spread over the cores; the load and the origins
share those cores with it. Rounds are interleaved; the median is printed, and its ratio to the first
number of workers."""

import argparse
import os
import statistics
import subprocess

import harness

CONFIG = """
listen: 127.0.0.1:{port}
workers: {count}
routes: [{{ to: app }}]
pools:
  app: {{ backends: ["127.0.0.1:9001", "127.0.0.1:9002"], keep_alive: {{ max_idle: 4096 }} }}
"""


def measure(top, count, path, seconds):
    port = harness.free_port()
    folder = harness.subfolder(top, f"workers-{count}-{port}")
    config = os.path.join(folder, "headrace.yaml")
    with open(config, "w") as file:
        file.write(CONFIG.format(port=port, count=count))
    binary = os.path.join(harness.ROOT, ".build", "release", "headrace")
    with harness.proxy([binary, "run", config], port, os.path.join(folder, "out")) as pid:
        if not pid:
            harness.fail(f"headrace did not start; is it built? see {folder}/out")
        load = ["wrk", "-t1", "-c128", f"http://127.0.0.1:{port}{path}"]
        subprocess.run([*load, "-d1"], capture_output=True, check=True)
        before = harness.cpu_seconds(pid)
        out = subprocess.run([*load, f"-d{seconds}"], capture_output=True, text=True).stdout
        requests = int(out.split(" requests in")[0].split()[-1])
        return (harness.cpu_seconds(pid) - before) / requests * 1e6


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", default="1,2")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--secs", type=int, default=4)
    parser.add_argument("--path", default="/b/1024")
    options = parser.parse_args()
    counts = [int(text) for text in options.workers.split(",")]
    rows = {count: [] for count in counts}
    harness.raise_descriptor_limit()
    with harness.workspace() as top, harness.origins():
        for _ in range(options.rounds):
            for count in counts:
                rows[count].append(measure(top, count, options.path, options.secs))
    first = statistics.median(rows[counts[0]])
    for count, values in rows.items():
        middle = statistics.median(values)
        rounds = " ".join(f"{value:.2f}" for value in values)
        print(f"workers {count}: {middle:6.2f} us/req  x{middle / first:.2f}   rounds {rounds}")


if __name__ == "__main__":
    main()

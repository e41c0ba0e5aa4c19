"""What the check scripts share: each check prints one line, `ok NAME` or `not ok NAME: why`.

The Swift suites read those lines (see Harness/PythonChecks.swift); the scripts also run by hand.
"""

import asyncio
import inspect
import sys
import time
import traceback

CHECKS = {}


def check(function):
    """Registers a check under its name, with `-` for `_`."""
    CHECKS[function.__name__.replace("_", "-")] = function
    return function


def expect(condition, *what):
    if not condition:
        raise AssertionError(" ".join(str(part) for part in what) or "not as expected")


def equal(got, wanted, what=""):
    if got != wanted:
        raise AssertionError(f"{what} got {str(got)[:300]!r}, wanted {str(wanted)[:300]!r}")


def run(names, argument, seconds=30):
    """Runs the named checks (all when none is named); the exit status for the script."""
    failed = 0
    for name in names or list(CHECKS):
        if name not in CHECKS:
            print(f"not ok {name}: no such check", flush=True)
            failed += 1
            continue
        began = time.monotonic()
        try:
            function = CHECKS[name]
            if inspect.iscoroutinefunction(function):
                asyncio.run(asyncio.wait_for(function(argument), seconds))
            else:
                function(argument)
            print(f"ok {name} ({time.monotonic() - began:.2f} s)", flush=True)
        except Exception as error:  # whatever it is, it belongs to this check
            failed += 1
            text = " ".join(str(error).split()) or type(error).__name__
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = next(
                (f.lineno for f in reversed(traceback.extract_tb(error.__traceback__))
                 if f.name == function.__name__), place.lineno)
            print(f"not ok {name}: line {where}: {type(error).__name__}: {text}", flush=True)
    return 1 if failed else 0


def main(seconds=30):
    """`SCRIPT ADDRESS... [-- CHECK...]`: the addresses are handed to every check."""
    words = sys.argv[1:]
    names = []
    if "--" in words:
        names = words[words.index("--") + 1:]
        words = words[:words.index("--")]
    sys.exit(run(names, words, seconds))

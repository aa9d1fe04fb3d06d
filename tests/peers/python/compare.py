"""Runs the scenarios on Ficha and on Django's own sessions, side by side, and compares what came of each step.

usage: compare.py     Prints a pair of outcomes for each step, and ends with 1 where they differ in another way than the
documentation says.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
DOCUMENTATION = HERE.parents[2] / "bindings" / "python" / "README.md"
#: (package, step) → what Ficha does instead, and the words by which its documentation says so.
DIFFERENCES: dict[tuple[str, str], tuple[Any, str]] = {}


def run(side: str, directory: Path) -> subprocess.Popen[str]:
    """Start the scenarios."""
    environment = {
        **os.environ,
        "SIDE": side,
        "DATABASE": str(directory / f"{side}.sqlite3"),
        "REDIS_URL": f"unix://{directory / 'redis.sock'}",
    }
    command = [sys.executable, str(HERE / "scenarios.py")]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def main() -> int:
    """Compare, and print."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        redis = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", str(directory / "redis.sock"), "--save", ""],
            stdout=subprocess.DEVNULL,
        )
        try:
            while not (directory / "redis.sock").exists():
                assert redis.poll() is None, "redis-server ended"
                time.sleep(0.01)
            sides = [run(side, directory) for side in ("django", "ficha")]
            django, ficha = (json.loads(side.communicate(timeout=120)[0]) for side in sides)
        finally:
            redis.terminate()
            redis.wait()
    return report(django, ficha)


def report(django: dict[str, Any], ficha: dict[str, Any]) -> int:
    """Print each pair, and return whether one differs as nobody said."""
    failed = 0
    for package in django:
        for step in {**django[package], **ficha[package]}:
            theirs, ours = (side[package].get(step, "did not come to it") for side in (django, ficha))
            expected, words = DIFFERENCES.get((package, step), (theirs, ""))
            right = ours == expected and words in DOCUMENTATION.read_text() and step != "raised"
            failed += not right
            told = "the same" if ours == theirs else f"Ficha's: {json.dumps(ours)} ({words or 'not documented'})"
            mark = "ok      " if right else "FAILED  "
            sys.stdout.write(f"{mark} {package}: {step}: Django's {json.dumps(theirs)}, {told}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

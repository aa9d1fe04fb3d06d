"""Starts the bank, and with --check tries everything in it. Called by examples/run."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys

from build import BuildFailed, build
from check import run_check
from processes import ProcessDied
from services import components
from system import System
from tour import tour


def main() -> int:
    """Build, start, and wait for Ctrl-C, or check."""
    parser = argparse.ArgumentParser(
        prog="examples/run", description="Starts the bank; `examples/run quickstart` the C++ quickstart alone."
    )
    parser.add_argument("--check", action="store_true", help="try everything without a user; exit 0 if it works, or 1")
    parser.add_argument("--proxy", choices=("nginx", "haproxy"), default="nginx", help="which reverse proxy (nginx)")
    parser.add_argument("--idle", type=int, metavar="SECONDS", help="sessions end when not used for this long (1800)")
    options = parser.parse_args()

    signal.signal(signal.SIGTERM, _interrupt)
    try:
        subprocess.run(["packaging/setup", *components()], check=True)
        build()
        os.umask(0o077)  # of all that is started, too: what the bank keeps is nothing for other users of the machine
        if options.check:
            return run_check(options.proxy)
        with System(options.proxy, idle_seconds=options.idle) as system:
            print(tour(system), flush=True)
            system.wait()
    except KeyboardInterrupt:
        if not options.check:
            return 0
        print("bank: interrupted before everything was tried", file=sys.stderr)
    except (BuildFailed, ProcessDied, subprocess.CalledProcessError) as failure:
        print(f"bank: {failure}", file=sys.stderr)
    return 1


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


sys.exit(main())

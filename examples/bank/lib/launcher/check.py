"""--check: everything that the bank promises, tried through the proxy."""

from __future__ import annotations

import json
import os
import subprocess
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import check_oauth
import check_sessions
import check_trust
from build import BANK, BUILD
from scene import Failed, Scene
from system import System

# In this order; each begins with browsers of its own.
_CHECKS: tuple[Callable[[Scene], None], ...] = (
    *check_sessions.CHECKS,
    *check_oauth.CHECKS,
    *check_trust.CHECKS,
)
_IDLE_SECONDS = 3


def run_check(proxy: str) -> int:
    """Run every check under one proxy; return the exit status."""
    failures = 0
    with System(proxy) as system:
        print(f"bank: open at {system.origin} behind {proxy}", flush=True)
        failures += sum(_passes(system, check) for check in _CHECKS)
        failures += _walk(system)
    with System(proxy, idle_seconds=_IDLE_SECONDS) as system, ThreadPoolExecutor() as pool:
        idle = pool.submit(_passes, system, check_sessions.a_session_that_is_not_used_ends)
        failures += _walk(system) + idle.result()
    print("bank: everything worked" if not failures else f"bank: {failures} failed", flush=True)
    return 1 if failures else 0


def _passes(system: System, check: Callable[[Scene], None]) -> int:
    sentence = check.__name__.replace("_", " ")
    started = time.monotonic()
    try:
        check(Scene(system))
    except Exception as failure:  # noqa: BLE001 -- what a check did not expect is a failure of that check
        if not isinstance(failure, Failed):
            traceback.print_exc()
        print(f"FAILED   {sentence}: {failure}", flush=True)
        for process in system.processes:
            if not process.running:
                print(f"         {process.name} has ended\n{process.last_lines()}")
        return 1
    print(f"ok       {sentence} ({time.monotonic() - started:.1f} s)", flush=True)
    return 0


def _walk(system: System) -> int:
    """Run what drives a real browser."""
    if not (BANK / "tests" / "package.json").exists():
        return 0
    environment = {
        **os.environ,
        "BANK_ORIGIN": system.origin,
        "BANK_PASSWORDS": json.dumps(system.passwords),
        "BANK_CLIENT_SECRET": system.client_secret,
        "BANK_REDIS_PORT": str(system.redis_port),
        "BANK_REDIS_CONF": str(system.redis_configuration),
        "BANK_PROXY": system.proxy,
        "BANK_ARTEFACTS": str(BUILD / "screenshots" / system.proxy),
    }
    if system.idle_seconds is not None:
        environment["BANK_IDLE_SECONDS"] = str(system.idle_seconds)
    walked = subprocess.run(["npm", "test", "--silent"], cwd=BANK / "tests", env=environment, check=False)
    if walked.returncode == 0:
        return 0
    print(f"FAILED   the walk with a browser ended with status {walked.returncode}", flush=True)
    return 1

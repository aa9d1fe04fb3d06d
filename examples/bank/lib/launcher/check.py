"""--check: everything that the bank promises, tried through the proxy."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Future

import check_guessing
import check_oauth
import check_sessions
import check_trust
from build import BANK, BUILD
from scene import Failed, Scene
from services import SERVICES
from system import System

# In this order; each begins with browsers of its own.
_CHECKS: tuple[Callable[[Scene], None], ...] = (
    *check_sessions.CHECKS,
    *check_guessing.CHECKS,
    *check_oauth.CHECKS,
    *check_trust.CHECKS,
)
_IDLE_SECONDS = 3


def run_check(proxy: str) -> int:
    """Run every check under one proxy; return the exit status.

    All goes on at the same time: alice walks through the bank in a browser, bob tries what no browser shows, and in
    another bank somebody waits for the end of an idle session. What stops Redis comes last.
    """
    begun = time.monotonic()
    for service in SERVICES:  # each of the two banks has databases of its own, and nobody's data is touched
        os.environ.pop(f"{service.name.upper()}_DATABASE_URL", None)
    system, idle_system = System(proxy), System(proxy, idle_seconds=_IDLE_SECONDS, port=0)
    idle = _Beside(lambda: _idle(idle_system))
    with system:
        print(f"bank: open at {system.origin} behind {proxy}", flush=True)
        Scene(system).open_account("bob")
        walk = _Beside(lambda: _browse(system, "walk"))
        failures = sum(_passes(system, check) for check in _CHECKS)
        if proxy == "nginx":  # the page is the same behind any proxy
            failures += _browse(system, "page")
        failures += walk.result()
        failures += _passes(system, check_sessions.an_outage_of_redis_logs_nobody_out)
        failures += _browse(system, "outage")
    failures += idle.result()
    verdict = f"{failures} failed" if failures else "everything worked"
    print(f"bank: {verdict} ({time.monotonic() - begun:.0f} s)", flush=True)
    return 1 if failures else 0


class _Beside:
    """Something that goes on in a thread of its own, and ends with this program."""

    def __init__(self, count_failures: Callable[[], int]) -> None:
        self._future: Future[int] = Future()
        threading.Thread(target=self._run, args=(count_failures,), daemon=True).start()

    def _run(self, count_failures: Callable[[], int]) -> None:
        try:
            self._future.set_result(count_failures())
        except BaseException as error:  # noqa: BLE001 -- result() raises it
            self._future.set_exception(error)

    def result(self) -> int:
        """Return how many checks failed, once that is known; raises what was raised."""
        return self._future.result()


def _idle(system: System) -> int:
    with system:
        check = _Beside(lambda: _passes(system, check_sessions.a_session_that_is_not_used_ends))
        return _browse(system, "idle") + check.result()


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


def _browse(system: System, what: str) -> int:
    """Run what drives a real browser: tests/WHAT.test.mjs."""
    environment = {
        **os.environ,
        "BANK_ORIGIN": system.origin,
        "BANK_PASSWORDS": json.dumps(system.passwords),
        "BANK_REDIS_PORT": str(system.redis_port),
        "BANK_REDIS_CONF": str(system.redis_configuration),
        "BANK_ARTEFACTS": str(BUILD / "screenshots" / system.proxy),
    }
    if system.idle_seconds is not None:
        environment["BANK_IDLE_SECONDS"] = str(system.idle_seconds)
    # It ends with the thread that waits for it.
    command = ("setpriv", "--pdeathsig", "TERM", "--", "node", "run.mjs", what)
    browsed = subprocess.run(command, cwd=BANK / "tests", env=environment, check=False)
    if browsed.returncode == 0:
        return 0
    print(f"FAILED   the browser's part {what} ended with status {browsed.returncode}", flush=True)
    return 1

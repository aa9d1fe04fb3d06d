"""Processes that are started together, watched, and stopped together."""

from __future__ import annotations

import queue
import subprocess
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path


class ProcessDied(Exception):
    """A process ended by itself, or did not start; its last lines are in the message."""


class Process:
    """A program whose output goes to a log, and whose line "ready" says that it serves."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        ended: queue.Queue[Process],
        *,
        environment: Mapping[str, str] | None = None,
        directory: Path | None = None,
    ) -> None:
        """Start it. It gets SIGTERM when the thread that starts it ends, or this process dies, whatever kills it."""
        self.name = name
        self.log = log
        self.ready = threading.Event()
        self.stopping = False
        self._ended = ended
        self._child = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", "--", *command],
            env=environment,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches us, and we stop what we started
        )
        threading.Thread(target=self._follow, daemon=True).start()

    @property
    def pid(self) -> int:
        """The program's process id."""
        return self._child.pid

    @property
    def running(self) -> bool:
        """Whether it is still there."""
        return self._child.poll() is None

    def await_ready(self, seconds: float) -> None:
        """Wait for "ready"; raises ProcessDied if that does not come."""
        if not self.ready.wait(seconds) or not self.running:
            raise ProcessDied(f"{self.name} did not start\n{self.last_lines()}")

    def terminate(self) -> None:
        """Ask it to end."""
        self.stopping = True
        if self.running:
            self._child.terminate()

    def wait(self, seconds: float) -> None:
        """Wait for its end, and make it end if need be."""
        try:
            self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def last_lines(self, count: int = 20) -> str:
        """Return the end of the log."""
        with self.log.open(errors="replace") as log:
            lines = deque(log, count)
        return "".join(f"  {self.name}| {line}" for line in lines) + f"  (whole log: {self.log})"

    def _follow(self) -> None:
        assert self._child.stdout is not None
        with self.log.open("ab", buffering=0) as log:
            for line in self._child.stdout:
                log.write(line)
                if line.strip() == b"ready":
                    self.ready.set()
        self._child.wait()
        self._ended.put(self)
        self.ready.set()  # nobody waits for what will not come

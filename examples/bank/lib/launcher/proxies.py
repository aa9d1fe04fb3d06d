"""The reverse proxies: their configurations, filled in from the templates in ../../proxy."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import re
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from build import BANK
from processes import Process, ProcessDied

_TEMPLATES = BANK / "proxy"
_START_SECONDS = 60


def template_of(proxy: str) -> str:
    """Return the name of a proxy's template."""
    return {"nginx": "nginx.conf", "haproxy": "haproxy.cfg"}[proxy]


def write_configuration(template: str, run: Path, values: Mapping[str, object]) -> Path:
    """Fill a template in, and return the path of the result."""
    pages = (_TEMPLATES / "pages.conf").read_text()
    text = (_TEMPLATES / template).read_text().replace("@PAGES@\n", pages)
    # Workers of a master that runs as root would change to a user who cannot read what is here.
    known = {**values, "RUN": run, "WEB": BANK / "web" / "dist", "USER": "user root;" if os.geteuid() == 0 else ""}
    filled = re.sub(r"@([A-Z][A-Z_0-9]*)@", lambda found: str(known[found[1]]), text)
    path = run / template
    path.write_text(filled)
    return path


def command(proxy: str, configuration: Path, run: Path) -> tuple[str, ...]:
    """Return how to start a proxy in the foreground."""
    if proxy == "haproxy":
        return ("/usr/sbin/haproxy", "-db", "-f", str(configuration))
    return ("/usr/sbin/nginx", "-p", str(run), "-e", "stderr", "-c", str(configuration))


def await_port(process: Process, port: int) -> None:
    """Wait until a process accepts connections; raises ProcessDied."""
    deadline = time.monotonic() + _START_SECONDS
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if not process.running or time.monotonic() > deadline:
            raise ProcessDied(f"{process.name} did not start\n{process.last_lines()}")
        time.sleep(0.02)


def free_port(wanted: int = 0) -> int:
    """Return the wanted port, or another that is free, and that no connection going out takes meanwhile."""
    below_ephemeral = (random.randrange(10_000, 32_000) for _ in range(100))
    for port in itertools.chain((wanted or next(below_ephemeral),), below_ephemeral):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    sys.exit("bank: no free port")

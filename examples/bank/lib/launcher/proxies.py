"""The reverse proxies: their configurations, filled in from the templates in ../../proxy."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from build import BANK

_TEMPLATES = BANK / "proxy"


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

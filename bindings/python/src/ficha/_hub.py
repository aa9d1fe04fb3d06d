"""gevent: what waits for the store lets the other greenlets of its hub run. Called by the native module."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any


def waiter() -> Callable[[int], None] | None:
    """Return what waits for a descriptor through this thread's hub; None where there is none, or in itself."""
    local: Any = sys.modules.get("gevent._hub_local")
    hub = local.get_hub_if_exists() if local is not None else None
    if hub is None or sys.modules["greenlet"].getcurrent() is hub:
        return None

    def wait(descriptor: int) -> None:
        watcher = hub.loop.io(descriptor, 1)
        try:
            hub.wait(watcher)
        finally:
            watcher.close()

    return wait

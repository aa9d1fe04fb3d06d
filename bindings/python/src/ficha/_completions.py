"""Completions of the core, delivered to the futures of an event loop."""

from __future__ import annotations

import asyncio
import itertools
import os
import threading
import weakref
from typing import Any

from ficha import _core

#: Where an operation completes, under which id, and the future of it.
Expected = tuple[_core.CompletionQueue, int, "asyncio.Future[Any]"]


def running_loop() -> asyncio.AbstractEventLoop:
    """Return the running event loop; raises RuntimeError, with what to do instead, where there is none of asyncio's."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        pass
    raise RuntimeError(
        "ficha's asynchronous calls need a running event loop of asyncio; under trio, call the blocking form in a "
        "thread: await trio.to_thread.run_sync(client.load, token)"
    )


class LoopCompletions:
    """One queue per event loop, read by the loop itself: the core's thread never waits for the GIL.

    Used in the loop's thread only. A cancelled await drops its completion; the operation itself goes on.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Make a queue and have the loop watch it."""
        self._queue = _core.CompletionQueue()
        self._ids = itertools.count(1)
        self._pending: dict[int, asyncio.Future[Any]] = {}
        loop.add_reader(self._queue.fileno(), self._deliver)

    def expect(self, loop: asyncio.AbstractEventLoop) -> Expected:
        """Return where an operation is to complete, and the future of its value or its error."""
        operation = next(self._ids)
        future = self._pending[operation] = loop.create_future()
        return self._queue, operation, future

    def forget(self, operation: int) -> None:
        """Expect the operation no longer."""
        self._pending.pop(operation, None)

    def _deliver(self) -> None:
        for operation, outcome in self._queue.drain():
            future = self._pending.pop(operation, None)
            if future is None or future.done():
                continue  # nobody awaits it any more
            if isinstance(outcome, BaseException):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)


_by_loop: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, LoopCompletions] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


def completions_of(loop: asyncio.AbstractEventLoop) -> LoopCompletions:
    """Return the loop's completions; made at its first use, gone with it."""
    try:
        return _by_loop[loop]
    except KeyError:
        with _lock:
            forget_closed_loops()
            return _by_loop.setdefault(loop, LoopCompletions(loop))


def expect() -> Expected:
    """Have an operation complete in the running event loop. Called by the native module, too."""
    loop = running_loop()
    return completions_of(loop).expect(loop)


def forget(operation: int) -> None:
    """Expect an operation of the running event loop no longer: it could not be submitted."""
    completions_of(running_loop()).forget(operation)


def forget_closed_loops() -> None:
    """Give back the queues of loops that are closed, even where somebody still holds on to them."""
    for loop in [loop for loop in _by_loop if loop.is_closed()]:
        del _by_loop[loop]


def _start_afresh() -> None:
    # A child has its own event loops, and must not read its parent's queues.
    global _by_loop, _lock
    _by_loop = weakref.WeakKeyDictionary()
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_start_afresh)

"""Store operations one after the other, without saying who waits for them: a thread or an event loop."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, TypeVar, cast

from ficha import Client, FichaError
from ficha._core import Request

T = TypeVar("T")

#: Yields requests, is sent their results; an error is thrown in where its request was yielded.
Steps = Generator[Request, Any, T]


def run(client: Client, steps: Steps[T], noted: Callable[[FichaError], FichaError]) -> T:
    """Carry the steps out in the calling thread; ``noted`` hears of every error."""
    advance = steps.__next__
    try:
        while True:
            request = advance()
            try:
                advance = _sender(steps, client.run(request))
            except FichaError as error:
                advance = _thrower(steps, noted(error))
    except StopIteration as stop:
        return cast(T, stop.value)


async def arun(client: Client, steps: Steps[T], noted: Callable[[FichaError], FichaError]) -> T:
    """Asynchronous run()."""
    advance = steps.__next__
    while True:
        try:
            request = advance()
        except StopIteration as stop:
            return cast(T, stop.value)
        try:
            advance = _sender(steps, await client.arun(request))
        except FichaError as error:
            advance = _thrower(steps, noted(error))


def _sender(steps: Steps[T], value: object) -> Any:
    return lambda: steps.send(value)


def _thrower(steps: Steps[T], error: Exception) -> Any:
    return lambda: steps.throw(error)

"""Middleware that rewrites, before and after Ficha's, for the services in Starlette and FastAPI."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

Change = Callable[[dict[str, Any], str], None]


class Rewriting:
    """Changes a request by what a header of it says."""

    def __init__(self, app: Callable[..., Awaitable[None]], header: str, change: Change) -> None:
        """Wrap an application."""
        self.app, self.header, self.change = app, header.lower().encode(), change

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Change the scope where it has the header."""
        if scope["type"] == "http":
            value = dict(scope["headers"]).get(self.header)
            if value is not None:
                scope = dict(scope)
                self.change(scope, value.decode("latin-1"))
        await self.app(scope, receive, send)


def path(scope: dict[str, Any], value: str) -> None:
    """Route by another path."""
    scope["path"] = value


def method(scope: dict[str, Any], value: str) -> None:
    """Route by another method."""
    scope["method"] = value.upper()

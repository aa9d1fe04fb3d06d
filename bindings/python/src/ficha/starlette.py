"""Starlette and FastAPI below ``ficha.asgi.FichaMiddleware``, for type checkers.

>>> from ficha.starlette import Request, decision
>>> @app.post("/login")
... async def enter(request: Request) -> None:
...     await request.session.login("alice", roles=["customer"])

At run time ``Request`` is Starlette's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from starlette.requests import HTTPConnection
from starlette.requests import Request as StarletteRequest

from ficha import Decision
from ficha.asgi import RequestSession

if TYPE_CHECKING:

    class Request(StarletteRequest):
        """Starlette's request, whose session is Ficha's."""

        @property
        def session(self) -> RequestSession:  # type: ignore[override]  # pyright: ignore
            """The session, to read and change; login and logout."""
            ...

else:
    Request = StarletteRequest


def decision(request: HTTPConnection) -> Decision:
    """Return the decision on a request or a handshake, on the session that it has now: after a logout, on none."""
    return cast(Decision, request.scope["ficha"])


__all__ = ["Request", "decision"]

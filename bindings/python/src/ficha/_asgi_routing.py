"""Where Starlette and FastAPI route: what they route by is judged there, if it is not what was judged before."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ficha._asgi_answers import Scope, refuse
from ficha._core import Decision
from ficha._errors import respond_to
from ficha._http import RawRequest, routed_path, to_bytes
from ficha.routes import STARLETTE_PARAMETER, Finding, Route, name_of, template

if TYPE_CHECKING:
    from ficha import Client

_JUDGED = "ficha.judged"
_GUARD = "_ficha_guard"


def is_mounted(scope: Scope) -> bool:
    """Whether the scope has been through a router of Starlette's, or below a mount."""
    root = scope.get("root_path", "")
    return "router" in scope or scope.get("app_root_path", root) != root


class Judged:
    """What was judged, for the router that comes. It shows no credential."""

    __slots__ = ("client", "raw", "routed")

    def __init__(self, client: Client, raw: RawRequest, scope: Scope) -> None:
        """Keep the arguments of authorize(), and what the scope said then."""
        self.client, self.raw, self.routed = client, raw, _routed(scope)

    async def again(self, scope: Scope) -> Decision | None:
        """Return the decision on a request that is routed by something else than was judged; None if it is not."""
        routed = _routed(scope)
        if routed == self.routed:
            return None
        method, path, root = routed
        reading = (method or "", to_bytes(routed_path(path, root)), True)
        if self.client.is_judged(self.raw, reading):
            return None
        raw = (*self.raw[:6], (*self.raw[6], reading))
        scope[_JUDGED] = Judged(self.client, raw, scope)
        return await self.client.aauthorize(*raw)


def _routed(scope: Scope) -> tuple[str | None, str, str]:
    # Below a mount root_path has grown, while path is still whole.
    return scope.get("method"), scope["path"], scope.get("app_root_path", scope.get("root_path", ""))


def watch(client: Client, scope: Scope, raw: RawRequest) -> None:
    """Have the routers and routes that the request will come to look at it again."""
    routing = sys.modules.get("starlette.routing")
    if routing is not None and routing.BaseRoute not in _guarded:
        routing.Router.__call__ = _judged_first(routing.Router.__call__)
        routing.BaseRoute.__init_subclass__ = classmethod(_guard)
        _guard(routing.BaseRoute)
    scope[_JUDGED] = Judged(client, raw, scope)


_guarded: set[type] = set()


def _guard(kind: Any) -> None:
    """Put the check before what a kind of route does with a request, and before those of the kinds made of it.

    At the classes, where it is looked up for each request: whatever stands between the layer and a route.
    """
    _guarded.add(kind)
    if not hasattr(kind.handle, _GUARD):  # its own, or that of a mixin
        kind.handle = _judged_first(kind.handle)
    for derived in kind.__subclasses__():
        if derived not in _guarded:
            _guard(derived)


def _judged_first(run: Any) -> Any:
    @functools.wraps(run)
    async def judged_first(self: Any, scope: Scope, receive: Any, send: Any) -> None:
        judged: Judged | None = scope.get(_JUDGED)
        decision = await judged.again(scope) if judged is not None else None
        if decision is None or decision.allowed:
            await run(self, scope, receive, send)
        else:
            await refuse(scope, receive, send, respond_to(decision))

    setattr(judged_first, _GUARD, True)
    return judged_first


def routes(app: Any, client: Client) -> list[Finding]:
    """Return the findings about every route of a Starlette or FastAPI application, mounted ones too."""
    return client.check_routes(list(_routes(app, "")))


def _routes(app: Any, prefix: str) -> Iterator[Route]:
    for route in app.routes:
        path = prefix + getattr(route, "path", "")
        below = getattr(route, "routes", None)
        if below:
            yield from _routes(route, path)
        elif hasattr(route, "endpoint"):
            methods = sorted(set(getattr(route, "methods", None) or ()) - {"HEAD"}) or ["GET"]
            yield Route(name_of(route.endpoint), methods, template(path, STARLETTE_PARAMETER))
        elif hasattr(route, "app"):
            yield Route(name_of(route.app), (), template(path + "/{rest:path}", STARLETTE_PARAMETER))

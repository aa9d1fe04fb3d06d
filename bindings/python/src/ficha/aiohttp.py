"""aiohttp: the policy before every handler, and the session.

>>> ficha.aiohttp.setup(app, client)
>>> session = ficha.aiohttp.session_of(request)   # a mapping; saved before the response starts
>>> await session.login("alice", roles=["customer"])

``app`` is the outermost application. Handlers see neither the session's cookie nor its token.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, cast

from aiohttp import web

from ficha import Client, Decision, ErrorResponse, respond_to
from ficha._asgi_answers import Fields, encode, merged
from ficha._errors import ANSWERED, answer_to
from ficha._http import to_bytes
from ficha.asgi import RequestSession

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class _State:
    """What a request and its copies share."""

    def __init__(self, session: RequestSession, decision: Decision) -> None:
        self.session, self.decision = session, decision
        self.told = False  # whether the response carries what the client is to know


_STATE: Any = web.RequestKey("ficha", _State) if hasattr(web, "RequestKey") else "ficha"


def setup(app: web.Application, client: Client) -> None:
    """Put the policy and the session before an application's handlers; before its other middlewares, too."""
    app.middlewares.insert(0, _middleware(client))
    app.on_response_prepare.append(_tell)


def session_of(request: web.BaseRequest) -> RequestSession:
    """Return the session of a request."""
    return cast(_State, request[_STATE]).session


def decision_of(request: web.BaseRequest) -> Decision:
    """Return the decision on a request, on the session that it has now: after a logout, on none."""
    return cast(_State, request[_STATE]).decision


def _middleware(client: Client) -> Any:
    @web.middleware
    async def judge(request: web.Request, handler: Handler) -> web.StreamResponse:
        scope = {"headers": list(request.raw_headers)}
        routed = ((request.method, to_bytes(request.rel_url.path), True),)
        decision = await client.aauthorize(
            request.method, request.raw_path, scope["headers"], request.scheme, request.remote or "", b"", routed
        )
        decision.credential = client.hide_in_scope(scope)
        if not decision.allowed:
            return _answer(respond_to(decision))
        request[_STATE] = state = _State(RequestSession(client, decision.session, decision), decision)
        fields = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        seen = request.clone(headers=fields)
        seen._match_info = request._match_info
        try:
            try:
                response = await handler(seen)
            except web.HTTPException as raised:
                await _tell(request, raised)
                raise
            if not response.prepared:
                await _tell(request, response)
        except ANSWERED as error:
            if state.told:
                raise
            state.told = True
            return _answer(answer_to(error), _headers(state))
        return response

    return judge


async def _tell(request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Save the session, and add what the client is to know, once: before the response starts."""
    state: _State | None = request.get(_STATE)
    if state is None or state.told:
        return
    if response.status < 500:
        await state.session.save()
    state.told = True
    given = [(name.encode(), value.encode()) for name, value in response.headers.items()]
    together = _decoded(merged(given, encode(_headers(state))))
    response.headers.clear()
    response.headers.extend(together)


def _headers(state: _State) -> Fields:
    headers = list(state.decision.headers)
    if state.session.cookie is not None and state.decision.carrier != "bearer":
        headers += [("Set-Cookie", state.session.cookie.field()), ("Cache-Control", "no-store")]
    return headers


def _answer(answer: ErrorResponse, also: Fields = ()) -> web.Response:
    headers = _decoded(merged(encode(also), encode(answer.headers)))
    kind = "application/json" if answer.body else None
    return web.Response(status=answer.status, headers=headers, body=answer.body, content_type=kind)


def _decoded(fields: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [(name.decode(), value.decode("latin-1")) for name, value in fields]


__all__ = ["decision_of", "session_of", "setup"]

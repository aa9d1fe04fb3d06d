"""Plain ASGI middleware, for Starlette, FastAPI and anything else that speaks ASGI.

>>> app = FichaMiddleware(app, client)  # in Starlette and FastAPI: app.add_middleware(FichaMiddleware, client=client)

``scope["ficha"]`` is the decision, on the session that the request has now: after a logout, on none.
``scope["session"]`` is the session as a mutable mapping (Starlette's ``request.session``), saved before the response
starts. What a stream, a background task or an open WebSocket changes later is saved when the application returns.

The middleware stands outermost: what is judged is the path as it came, less what ``Client(prefixes=…)`` names. Where
Starlette or FastAPI route by another path or method than that, since a middleware in between has rewritten it, they are
judged again. ``routes(app, client)`` lists every route with the rule that judges it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import Any

from ficha import Client, Decision, InvalidConfig, ResponseCookie, Session, SessionGone, _requests, respond_to
from ficha._asgi_answers import Message, Receive, Scope, Send, encode, merged, refuse
from ficha._asgi_routing import is_mounted, routes, watch
from ficha._attributes import Bag, Baseline, Op, Texts, to_pairs
from ficha._errors import ANSWERED, answer_to
from ficha._http import scope_request

App = Callable[[Scope, Receive, Send], Awaitable[None]]


class RequestSession(MutableMapping[str, Any]):
    """The attributes of the caller's session, to read and change; login and logout. For one request."""

    def __init__(self, client: Client, session: Session | None, judged: Decision | None = None) -> None:
        """Stand for the session the request came with, or for none; ``judged``: the decision on it."""
        self._client = client
        self._judged = judged
        self.stored = session
        self._baseline = Baseline(session.attributes_json() if session else None)
        self._values: dict[str, Any] | None = None
        self._bag_ops: list[Op] = []
        #: The cookie that the response has to set, or None.
        self.cookie: ResponseCookie | None = None

    @property
    def _data(self) -> dict[str, Any]:
        if self._values is None:
            self._values = self._baseline.values()
        return self._values

    def __getitem__(self, name: str) -> Any:
        """Return an attribute."""
        return self._data[name]

    def __setitem__(self, name: str, value: Any) -> None:
        """Set an attribute."""
        self._data[name] = value

    def __delitem__(self, name: str) -> None:
        """Remove an attribute."""
        del self._data[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the attributes' names."""
        return iter(self._data)

    def __len__(self) -> int:
        """Return how many attributes there are."""
        return len(self._data)

    def put(self, bag: str, key: str, value: Any) -> None:
        """Set one key of a bag, which is an attribute that is an object; parallel requests keep each other's keys.

        Names that a client chooses belong here, not among the attributes.
        """
        Bag(self._data, self._baseline, bag, self._bag_ops).put(key, value)

    def take(self, bag: str, key: str, default: Any = None) -> Any:
        """Remove one key of a bag, and return its value."""
        return Bag(self._data, self._baseline, bag, self._bag_ops).take(key, default)

    async def login(self, principal: str, **options: Any) -> Session:
        """Make this the principal's session, under a new token; options as Client.login()."""
        own, difference = Texts(), None
        if self.stored is None:
            difference = self._baseline.difference(self._data)
            own = difference.texts
        elif self.stored.principal not in ("", principal):
            # Of another principal's session nothing goes along but what this request put in.
            difference = self._baseline.difference(self._data)
            own = difference.put_in_alone(self._bag_ops)
        else:
            try:
                await self.save()
            except SessionGone:
                if not self.stored.anonymous:
                    raise
                # A parallel login took the visitor's session: this one has what this request put in.
                difference = self._baseline.difference(self._data)
                own = difference.put_in(self._bag_ops)
        if own and options.get("keep_attributes", True):
            options["attributes"] = Texts({**own, **dict(to_pairs(options.get("attributes")))})
        written = difference.texts if difference is not None else self._baseline.texts
        return self._take(await self._client.alogin(self.stored, principal, **options), written)

    async def rotate(self) -> Session | None:
        """Move the session to a new token, if there is one."""
        await self.save()
        return self._take(await self._client.arotate(self.stored), self._baseline.texts) if self.stored else None

    async def logout(self) -> None:
        """Revoke the session, and clear the cookie."""
        if self.stored is not None:
            await self._client.arevoke(self.stored)
        self._move_to(None)
        self._baseline, self._values = Baseline(), {}
        self._bag_ops.clear()
        self.cookie = self._client.clear_cookie()

    @property
    def changed(self) -> bool:
        """Whether there is something to save; changes inside of a value count."""
        return self._values is not None and (bool(self._bag_ops) or self._baseline.changed(self._values))

    async def save(self) -> None:
        """Write what changed in one step; nothing if nothing did. Raises SessionGone; never brings a session back."""
        if self._values is None:
            return
        difference = self._baseline.difference(self._values)
        ops = [*self._bag_ops, *difference.ops]
        if not ops:
            return
        values = dict(self._values)
        if self.stored is None:
            session = await self._client.acreate(attributes=difference.texts)
            self._move_to(session)
            self.cookie = self._client.set_cookie(session)
        else:
            await self._client.arun(_requests.patch_ops(self.stored, ops))
        self._baseline = Baseline(difference.texts, values)
        self._bag_ops.clear()

    def _take(self, session: Session, written: Texts) -> Session:
        known = self._values or {}
        self._move_to(session)
        self._baseline = Baseline(session.attributes_json())
        self._bag_ops.clear()
        # A value that has not changed stays the object that the application may hold on to, and go on changing.
        self._values = self._baseline.values()
        self._values.update(
            (name, known[name])
            for name, text in self._baseline.texts.items()
            if name in known and written.get(name) == text
        )
        self.cookie = self._client.set_cookie(session)
        return session

    def _move_to(self, session: Session | None) -> None:
        self.stored = session
        if self._judged is not None:
            self._client._decide_on(self._judged, session)


class FichaMiddleware:
    """Applies the policy to every HTTP request and WebSocket handshake, and keeps the session.

    Inside of a mounted application it needs ``prefix``, where that is mounted, and the client the same among its
    ``prefixes``: rules never contain one.
    """

    def __init__(self, app: App, client: Client, *, prefix: str | None = None) -> None:
        """Wrap an application."""
        if prefix is not None and prefix not in client.config.prefixes:
            raise InvalidConfig(f"prefix {prefix!r} is not one of Client(prefixes=…)")
        self.app = app
        self.client = client
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Decide, and refuse or pass on."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        if self._prefix is None and is_mounted(scope):
            raise InvalidConfig(
                "FichaMiddleware stands inside of a mounted application, where it would judge another path than came: "
                "put it around the outermost one, or give it prefix=… and the client prefixes=[…]"
            )
        raw = scope_request(scope)
        decision = await self.client.aauthorize(*raw)
        decision.credential = self.client.hide_in_scope(scope)
        if not decision.allowed:
            await refuse(scope, receive, send, respond_to(decision))
            return
        watch(self.client, scope, raw)
        del raw  # no frame of a traceback shows the credential
        scope["ficha"] = decision
        scope["session"] = session = RequestSession(self.client, decision.session, decision)
        response = _Response(send, decision, session)
        try:
            await self.app(scope, receive, response.send)
            await response.end()
        except ANSWERED as error:
            if response.started:
                raise
            await refuse(scope, receive, send, answer_to(error), response.headers())


class _Response:
    """Saves the session when the response starts, so that the next request reads what this one wrote."""

    def __init__(self, send: Send, decision: Decision, session: RequestSession) -> None:
        self._send = send
        self._decision = decision
        self._session = session
        self._failed = False
        self.started = False

    async def send(self, message: Message) -> None:
        if message["type"] in ("http.response.start", "websocket.accept"):
            self._failed = message.get("status", 101) >= 500
            if not self._failed:
                await self._session.save()
            message = {**message, "headers": merged(message.get("headers", ()), encode(self.headers()))}
            self.started = True
        await self._send(message)

    async def end(self) -> None:
        """Save what was changed after the start."""
        if not self.started or self._failed:
            return
        if self._session.stored is None and self._session.changed:
            raise RuntimeError("a new session was filled after the response had started: its cookie cannot be sent")
        await self._session.save()

    def headers(self) -> list[tuple[str, str]]:
        headers = list(self._decision.headers)
        if self._session.cookie is not None and self._decision.carrier != "bearer":
            headers += [("Set-Cookie", self._session.cookie.field()), ("Cache-Control", "no-store")]
        return headers


__all__ = ["FichaMiddleware", "RequestSession", "routes"]

"""The client: sessions, and the decision on every request."""

from __future__ import annotations

import atexit
import inspect
import logging
import weakref
from asyncio import _get_running_loop
from collections.abc import Callable, Coroutine, Iterable, MutableMapping, Sequence
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from ficha import _core, _requests
from ficha._completions import expect, forget, running_loop
from ficha._config import Source, read_config
from ficha._core import Decision, Request, Session
from ficha._credential import Credential, hide_in_environ, hide_in_scope
from ficha._http import Headers, Reading, Text, environ_fields, environ_request, scope_request
from ficha._hub import waiter
from ficha._requirement import Requirement, requirement
from ficha.routes import Finding, Route

P = ParamSpec("P")
T = TypeVar("T")
ClientT = TypeVar("ClientT", bound="Client")
Sessions = list[Session]  # a name that Client.list does not hide

_logger = logging.getLogger("ficha")
_LEVELS = (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR)


def _log(level: int, message: str) -> None:
    _logger.log(_LEVELS[level], "%s", message)


def _present(
    method: Callable[..., Any], build: Callable[..., Request], name: str, doc: str | None, returns: str
) -> None:
    signature = inspect.signature(build)
    client = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    method.__name__, method.__qualname__, method.__doc__ = name, f"Client.{name}", doc
    method.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[client, *signature.parameters.values()], return_annotation=returns
    )


def _blocking(name: str, build: Callable[P, Request], result: type[T]) -> Callable[Concatenate[Client, P], T]:
    """Make the method that waits for the answer in the calling thread, without the GIL."""

    def method(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return cast(T, self.run(build(*args, **kwargs)))

    _present(method, build, name, build.__doc__, result.__name__)
    return method


def _awaited(
    name: str, build: Callable[P, Request], result: type[T]
) -> Callable[Concatenate[Client, P], Coroutine[Any, Any, T]]:
    """Make the method that waits for the answer in the running event loop."""

    async def method(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return cast(T, await self.arun(build(*args, **kwargs)))

    _present(method, build, name, f"Asynchronous {name[1:]}().", result.__name__)
    return method


class Client(_core.Client):
    """Sessions in one store, and the policy on them.

    Usable from any thread and any event loop; methods named ``a…`` are the asynchronous forms. A forked child may go on
    using its parent's client: its first call makes a connection of its own. Every call that asks the store may raise
    StoreError; after close() it raises ClientClosed. authorize() does not: what a closed client cannot find out is
    "unavailable".
    """

    def __init__(
        self,
        config: Source,
        *,
        prefixes: Iterable[str] = (),
        log: Callable[[int, str], None] = _log,
        clock: _core.ManualClock | None = None,
    ) -> None:
        """Open a client; it connects in the background, so an unreachable Redis is an error of the calls.

        ``config`` is a URL, the path of a ficha.toml, or a dict in its shape; a mistake raises InvalidConfig.
        ``prefixes`` are what proxies, servers or mounts take off this service's paths, such as "/shop".
        ``log`` receives (0 debug to 3 error, message); the default is the logger "ficha". ``clock`` is for tests.
        """
        given = list(_requests.to_list(prefixes))
        #: The configuration in force.
        self.config = read_config(config).with_prefixes(given) if given else read_config(config)
        super().__init__(self.config, clock, log)
        self._cookie_name = self.config.cookie_name
        self._strips_identity = bool(self.config.identity_headers)
        #: Where a WSGI environ has the fields that a decision may depend on.
        self.environ_fields = environ_fields(self.judged_fields)
        _open_clients.add(self)

    def __enter__(self: ClientT) -> ClientT:
        """Return the client, to be closed at the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the client."""
        self.close()

    async def __aenter__(self: ClientT) -> ClientT:
        """Return the client, to be closed at the end of the block."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the client."""
        self.close()

    def run(self, request: Request) -> Any:
        """Carry the request out, and wait for the answer: without the GIL, and under gevent through the hub."""
        wait = waiter()
        if wait is None:
            return super().run(request)
        queue = _core.CompletionQueue()
        self.submit(queue, 0, request)
        while not (completions := queue.drain()):
            wait(queue.fileno())
        outcome = completions[0][1]
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    async def arun(self, request: Request) -> Any:
        """Carry the request out; the asynchronous form of run()."""
        queue, operation, future = expect()
        try:
            self.submit(queue, operation, request)
        except BaseException:
            forget(operation)
            raise
        return await future

    async def aload(self, token: str | bytes, *, touch: bool = True, fresh: bool = False) -> Session | None:
        """Asynchronous load(). A hit in the near cache is returned without waiting for the loop."""
        # Before a hit too: under trio, an error with misses alone would wait for production.
        _get_running_loop() or running_loop()
        found = self._aload(token, touch=touch, fresh=fresh)
        return found if found is None or type(found) is Session else cast("Session | None", await found)

    def check_routes(self, routes: Sequence[Route]) -> list[Finding]:
        """Return which rules decide about each route, and what is wrong with that; one finding or more for each."""
        found = self._check_routes([(route.handler, route.methods, route.pattern) for route in routes])
        return [Finding(routes[index], methods, rule, line, problem) for index, methods, rule, line, problem in found]

    def find(self, session_id: str) -> Session | None:
        """Return the live session of a public id, or None; for those who administer sessions.

        Asks the store, and does not extend the idle timeout. Raises InvalidArgument for what is no id.
        """
        return cast("Session | None", self.run(_requests.find(session_id)))

    async def afind(self, session_id: str) -> Session | None:
        """Asynchronous find()."""
        return cast("Session | None", await self.arun(_requests.find(session_id)))

    async def aauthorize(
        self,
        method: str,
        path: str | bytes,
        headers: Headers,
        scheme: str = "https",
        peer: str = "",
        prefix: Text = "",
        readings: Sequence[Reading] = (),
    ) -> Decision:
        """Asynchronous authorize(). A hit in the near cache is returned without waiting for the loop."""
        _get_running_loop() or running_loop()  # as aload()
        decided = self._aauthorize(method, path, headers, scheme, peer, prefix, readings)
        return decided if type(decided) is Decision else cast(Decision, await decided)

    def authorize_wsgi(self, environ: MutableMapping[str, Any]) -> Decision:
        """authorize() for the request of a WSGI environ.

        Our credential and identity headers leave the environ; ``decision.credential`` and a second call know it still.
        """
        decision = self.authorize(*environ_request(environ, self.environ_fields))
        decision.credential = self.hide_in_environ(environ)
        return decision

    async def aauthorize_asgi(self, scope: MutableMapping[str, Any]) -> Decision:
        """aauthorize() for the request of an ASGI scope.

        Our credential and identity headers leave the scope; ``decision.credential`` and a second call know it still.
        """
        decision = await self.aauthorize(*scope_request(scope))
        decision.credential = self.hide_in_scope(scope)
        return decision

    def hide_in_environ(self, environ: MutableMapping[str, Any]) -> Credential | None:
        """Take what handlers must not see out of a WSGI environ, and return the credential; for integrations."""
        if self._strips_identity:
            for key in [key for key in environ if key.startswith("HTTP_") and self.is_identity_header(key[5:])]:
                del environ[key]
        return hide_in_environ(self, dict(environ) if self.config.pass_credential else environ, self._cookie_name)

    def hide_in_scope(self, scope: MutableMapping[str, Any]) -> Credential | None:
        """Take what handlers must not see out of an ASGI scope, and return the credential; for integrations."""
        if self._strips_identity:
            scope["headers"] = [
                field for field in scope["headers"] if not self.is_identity_header(field[0].decode("latin-1"))
            ]
        return hide_in_scope(self, dict(scope) if self.config.pass_credential else scope, self._cookie_name)

    def require(self, decision: Decision, **required: Any) -> Decision:
        """Judge a requirement of the matched route or handler, on what authorize() returned.

        Any one of ``roles``, all of ``scopes``, at least ``level``, and a proof of identity no older than
        ``max_auth_age``; or ``allow``: "anyone", "authenticated", "nobody". At least one of them is named, and none is
        empty. What authorize() looked up is what is judged: ``fresh`` belongs to the rule of the path.
        """
        return self.require_checked(decision, requirement(required))

    def require_checked(self, decision: Decision, required: Requirement) -> Decision:
        """Judge a requirement that was checked when it was defined; for integrations."""
        return self._require(decision, *required)

    create = _blocking("create", _requests.create, Session)
    acreate = _awaited("acreate", _requests.create, Session)
    login = _blocking("login", _requests.login, Session)
    alogin = _awaited("alogin", _requests.login, Session)
    patch = _blocking("patch", _requests.patch, int)
    apatch = _awaited("apatch", _requests.patch, int)
    rotate = _blocking("rotate", _requests.rotate, Session)
    arotate = _awaited("arotate", _requests.rotate, Session)
    revoke = _blocking("revoke", _requests.revoke, bool)
    arevoke = _awaited("arevoke", _requests.revoke, bool)
    revoke_principal = _blocking("revoke_principal", _requests.revoke_principal, int)
    arevoke_principal = _awaited("arevoke_principal", _requests.revoke_principal, int)
    patch_principal = _blocking("patch_principal", _requests.patch_principal, int)
    apatch_principal = _awaited("apatch_principal", _requests.patch_principal, int)
    list = _blocking("list", _requests.list_sessions, Sessions)
    alist = _awaited("alist", _requests.list_sessions, Sessions)


_open_clients: weakref.WeakSet[Client] = weakref.WeakSet()


@atexit.register
def _close_clients() -> None:
    # While threads still may return into Python: operations in flight end with ClientClosed instead of hanging on.
    for client in tuple(_open_clients):
        client.close()

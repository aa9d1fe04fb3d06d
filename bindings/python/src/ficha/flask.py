"""Flask: ``flask.session`` is the shared session, and the policy stands before every view.

>>> Sessions(app, client)
>>> session["theme"] = "dark"          # flask.session; only what changed is written, in one step
>>> session.login("alice", roles=["customer"])

flash(), Flask-WTF and Flask-Login work as before. What Flask-Login keeps of a login lies apart from the application's
values, and only ``login_user()``, ``confirm_login()`` and its remember-cookie write it; the user's id, or what
``identity`` returns for a user, becomes the session's principal, under a new token. ``logout_user()`` ends the session.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast

import flask
from flask.sessions import SessionInterface, SessionMixin

from ficha import (
    Client,
    Decision,
    ErrorResponse,
    FichaError,
    InvalidArgument,
    ResponseCookie,
    Session,
    SessionGone,
    _requests,
    respond_to,
)
from ficha._attributes import Bag, Baseline, Op, Texts, to_pairs
from ficha._core import Request
from ficha._errors import ANSWERED, answer_to
from ficha._identity import Identity
from ficha._requirement import requirement

ViewT = TypeVar("ViewT", bound=Callable[..., Any])

#: What Flask-Login keeps of a login: the user's id, whether it was entered now, and a digest of the browser.
_LOGIN = frozenset({"_user_id", "_fresh", "_id"})
# What survives logout_user(): what it tells its own after_request, and the messages for the next page.
_KEPT = frozenset({"_remember", "_flashes"})
_DECISION = "ficha.decision"
# What a view said of its own answer: not true of an answer about an error.
_OF_CONTENT = re.compile(
    "content-.*|etag|last-modified|location|transfer-encoding|accept-ranges|cache-control|expires", re.IGNORECASE
)


class Refused(InvalidArgument):
    """A name that this service may not write, or a value that holds the request's own token. The answer is 400."""


class ReservedName(Refused):
    """A value was assigned to a name of Flask-Login's by somebody else. The answer is 400."""

    def __init__(self, name: str) -> None:
        """Name the name, never the value."""
        super().__init__(f"{name!r} is not the application's to assign: flask_login.login_user() does")


class FichaSession(SessionMixin):
    """The caller's session, as ``flask.session``. For one request."""

    def __init__(self, client: Client, stored: Session | None, judged: Decision | None = None) -> None:
        """Stand for the session that the request came with, or for none; ``judged``: the decision on it."""
        self._client = client
        self._judged: Decision | None = None
        self._bag_ops: list[Op] = []
        #: The cookie that the response has to set, or None.
        self.cookie: ResponseCookie | None = None
        self._take(stored)
        self._judged = judged

    def _take(self, stored: Session | None) -> None:
        self._move_to(stored)
        self._baseline = Baseline(stored.attributes_json() if stored else None)
        apart = stored.protected_json() if stored else {}
        self._apart = Baseline({name: apart[name] for name in _LOGIN & apart.keys()})
        self._values = {name: value for name, value in self._baseline.values().items() if name not in _LOGIN}
        self._login = self._apart.values()
        self._unproven: dict[str, Any] = {}
        self._bag_ops.clear()

    def _move_to(self, stored: Session | None) -> None:
        #: The session as it is stored: id, principal, roles, deadlines. None before it is stored.
        self.stored = stored
        if self._judged is not None:
            self._client._decide_on(self._judged, stored)

    # --- a mapping ---------------------------------------------------------------------------------------------------

    def __getitem__(self, name: str) -> Any:
        """Return a value."""
        return self._login[name] if name in _LOGIN else self._values[name]

    def __setitem__(self, name: str, value: Any) -> None:
        """Set a value. One of Flask-Login's counts when it has said that somebody logged in, and not before."""
        if name not in _LOGIN:
            self._values[name] = value
        elif name != "_user_id" and "_user_id" not in {**self._login, **self._unproven}:
            return  # Flask-Login says something of strangers too, which says nothing of anybody
        elif name == "_fresh" and not value and "_user_id" in self._login:
            self._login[name] = value
        elif self._login.get(name) != value:
            self._unproven[name] = value

    def __delitem__(self, name: str) -> None:
        """Remove a value."""
        del (self._login if name in _LOGIN else self._values)[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter([*self._values, *self._login])

    def __len__(self) -> int:
        """Return how many values there are."""
        return len(self._values) + len(self._login)

    @property
    def principal(self) -> str | None:
        """Whose session it is, whichever service has logged them in; None for nobody's."""
        return (self.stored.principal or None) if self.stored else None

    @property
    def modified(self) -> bool:
        """Whether there is something to save; changes inside of a value count."""
        return bool(self._bag_ops or self._unproven) or self._differs()

    @modified.setter
    def modified(self, value: bool) -> None:
        """Change nothing: what is compared is what counts."""

    def _differs(self) -> bool:
        return self._baseline.changed(self._values) or self._apart.changed(self._login)

    def put(self, bag: str, key: str, value: Any) -> None:
        """Set one key of a bag, which is an attribute that is an object; parallel requests keep each other's keys.

        Names that a client chooses belong here, not among the session's.
        """
        Bag(self._values, self._baseline, bag, self._bag_ops).put(key, value)

    def take(self, bag: str, key: str, default: Any = None) -> Any:
        """Remove one key of a bag, and return its value."""
        return Bag(self._values, self._baseline, bag, self._bag_ops).take(key, default)

    # --- logins ------------------------------------------------------------------------------------------------------

    def login(self, principal: str, **options: Any) -> Session:
        """Make this the principal's session, under a new token; options as Client.login()."""
        own = Texts()
        self._settle_login()
        if self.stored is None:
            own = self._baseline.difference(self._values).texts
        elif self.stored.principal not in ("", principal):
            # Of another principal's session nothing goes along but what this request put in.
            own = self._baseline.difference(self._values).put_in_alone(self._bag_ops)
        else:
            try:
                self.save()
            except SessionGone:
                if not self.stored.anonymous:
                    raise
                # A parallel login took the visitor's session: this one has what this request put in.
                own = self._baseline.difference(self._values).put_in(self._bag_ops)
        if own and options.get("keep_attributes", True):
            options["attributes"] = Texts({**own, **dict(to_pairs(options.get("attributes")))})
        session = self._client.login(self.stored, principal, **options)
        self._take(session)
        self.cookie = self._client.set_cookie(session)
        return session

    def rotate(self) -> Session | None:
        """Move the session to a new token, if there is one."""
        self.save()
        if self.stored is None:
            return None
        session = self._client.rotate(self.stored)
        self._take(session)
        self.cookie = self._client.set_cookie(session)
        return session

    def logout(self) -> None:
        """Revoke the session, and clear the cookie."""
        if self.stored is not None:
            self._client.revoke(self.stored)
        kept = {name: value for name, value in self._values.items() if name in _KEPT}
        self._take(None)
        self._values.update(kept)
        self.cookie = self._client.clear_cookie()

    def prove(self, user_id: str, identity: Identity | None, now: bool) -> None:
        """Take over what Flask-Login has written, of a user who has logged in; ``now``: with more than a cookie.

        Without an identity it is a login confirmed, of the same user.
        """
        written = {"_fresh": False, **self._login, **self._unproven}
        if str(written.get("_user_id")) != user_id:
            raise ReservedName("_user_id")
        self._unproven.clear()
        if identity is None:
            self._login.update(written)
            if self.stored is not None:
                self.login(self.stored.principal, protected=written, **_same(self.stored))
            return
        roles = {"roles": identity.roles, "scopes": identity.scopes, "device": identity.device}
        if now:
            self.login(identity.principal, protected=written, level=identity.level, **roles)
        else:
            self.login(identity.principal, protected=written, authenticated=False, **roles)

    def forget_unproven(self, user_id: str | None) -> None:
        """Drop what Flask-Login has written of a user whom a remember-cookie names, and nobody knows any more."""
        if user_id is not None and self._unproven.get("_user_id") == user_id:
            self._unproven.clear()

    # --- storing -----------------------------------------------------------------------------------------------------

    def save(self) -> None:
        """Write what changed in one step; nothing if nothing did. Raises SessionGone; never brings a session back."""
        self._settle_login()
        difference, apart = self._baseline.difference(self._values), self._apart.difference(self._login)
        ops = [*self._bag_ops, *difference.ops]
        if not ops and not apart.ops:
            return
        if self.stored is None:
            session = self._run(_requests.create(attributes=difference.texts))
            self._move_to(session)
            self.cookie = self._client.set_cookie(session)
        else:
            self._run(_requests.patch_ops(self.stored, ops, apart.ops))
        self._baseline = Baseline(difference.texts, self._values)
        self._apart = Baseline(apart.texts, self._login)
        self._bag_ops.clear()

    def _settle_login(self) -> None:
        if self._unproven:
            raise ReservedName(min(self._unproven))
        if "_user_id" in self._apart.texts and "_user_id" not in self._login:
            self.logout()  # Flask-Login has thrown the user out

    def _run(self, request: Request) -> Any:
        try:
            return self._client.run(request)
        except InvalidArgument as error:
            raise Refused(str(error)) from None


def _same(session: Session) -> dict[str, Any]:
    return {"roles": session.roles, "scopes": session.scopes, "level": session.level, "device": session.device}


class Sessions(SessionInterface):
    """Flask's session interface, and the policy on every request."""

    def __init__(self, app: flask.Flask, client: Client, *, identity: Callable[[Any], Identity] | None = None) -> None:
        """Serve an application; ``identity`` makes an Identity of a user of Flask-Login's."""
        self._client = client
        self._identity = identity or (lambda user: Identity(str(user.get_id())))
        app.session_interface = self
        app.before_request_funcs.setdefault(None, []).insert(0, _refusal)
        for kind in ANSWERED:
            app.error_handler_spec[None][None].setdefault(kind, _answer)
        self._listen(app)

    def open_session(self, app: flask.Flask, request: flask.Request) -> FichaSession:
        """Judge the request, and return its session."""
        decision = self._client.authorize_wsgi(request.environ)
        request.environ[_DECISION] = decision
        return FichaSession(self._client, decision.session, decision)

    def save_session(self, app: flask.Flask, session: SessionMixin, response: flask.Response) -> None:
        """Save what the request changed, and tell the client."""
        ours, judged = cast(FichaSession, session), decision()
        try:
            if response.status_code < 500:
                ours.forget_unproven(_remembered())
                ours.save()
        except ANSWERED as error:
            _become(response, answer_to(error))
        for name, value in judged.headers:
            if name == "Vary":
                response.vary.update(word.strip() for word in value.split(","))
            else:
                response.headers[name] = value
        if ours.cookie is not None and judged.carrier != "bearer" and response.status_code < 500:
            response.headers.add("Set-Cookie", ours.cookie.field())
            response.cache_control.no_store = True

    def _listen(self, app: flask.Flask) -> None:
        try:
            from flask_login import signals
        except ImportError:
            return
        self._receivers = (self._on_login, self._on_cookie, self._on_confirmed, self._on_logout)
        signals.user_logged_in.connect(self._on_login, app)
        signals.user_loaded_from_cookie.connect(self._on_cookie, app)
        signals.user_login_confirmed.connect(self._on_confirmed, app)
        signals.user_logged_out.connect(self._on_logout, app)

    def _on_login(self, _app: flask.Flask, *, user: Any, **_: object) -> None:
        _session().prove(str(user.get_id()), self._identity(user), now=True)

    def _on_cookie(self, _app: flask.Flask, *, user: Any, **_: object) -> None:
        _session().prove(str(user.get_id()), self._identity(user), now=False)

    def _on_confirmed(self, _app: flask.Flask, **_: object) -> None:
        _session().prove(str(flask.session.get("_user_id")), None, now=True)

    def _on_logout(self, _app: flask.Flask, **_: object) -> None:
        _session().logout()


def decision() -> Decision:
    """Return the decision on the current request, on the session that it has now: after a logout, on none."""
    return cast(Decision, flask.request.environ[_DECISION])


def require(**required: Any) -> Callable[[ViewT], ViewT]:
    """Require roles, scopes, a level or a recent proof of identity of whoever calls a view; as Client.require().

    >>> @app.post("/transfer")
    ... @require(roles=["teller"])
    ... def transfer(): ...
    """
    checked = requirement(required)

    def decorate(view: ViewT) -> ViewT:
        @functools.wraps(view)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            judged = cast(Sessions, flask.current_app.session_interface)._client.require_checked(decision(), checked)
            return flask.current_app.ensure_sync(view)(*args, **kwargs) if judged.allowed else _denial(judged)

        return cast(ViewT, wrapper)

    return decorate


def _session() -> FichaSession:
    return cast(FichaSession, flask.session._get_current_object())  # type: ignore[attr-defined]


def _remembered() -> str | None:
    """Return whom the request's remember-cookie names, if there is one of Flask-Login's."""
    name = flask.current_app.config.get("REMEMBER_COOKIE_NAME", "remember_token")
    if not hasattr(flask.current_app, "login_manager") or name not in flask.request.cookies:
        return None
    from flask_login import decode_cookie

    return cast("str | None", decode_cookie(flask.request.cookies[name]))


def _refusal() -> flask.Response | None:
    judged = decision()
    return None if judged.allowed else _denial(judged)


def _denial(judged: Decision) -> flask.Response:
    response = flask.Response()
    _become(response, respond_to(judged))
    return response


def _answer(error: FichaError) -> flask.Response:
    """Answer an error that a view ran into; an application that registers a handler for it answers itself."""
    response = flask.Response()
    _become(response, answer_to(error))
    return response


def _become(response: flask.Response, answer: ErrorResponse) -> None:
    response.status_code = answer.status
    for name in [name for name, _ in response.headers if _OF_CONTENT.fullmatch(name)]:
        response.headers.remove(name)
    response.set_data(answer.body)
    response.headers.update(answer.headers)
    if answer.body:
        response.headers["Content-Type"] = "application/json"


__all__ = ["FichaSession", "Sessions", "decision", "require"]

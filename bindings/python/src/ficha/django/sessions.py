"""The session engine: ``SESSION_ENGINE = "ficha.django.sessions"``.

Attributes are stored as plain JSON that services in other languages read. The session key is the token: what goes into
the cookie. A visitor's session is stored when something is put into it, and written only when something changed.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar, cast

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.utils import timezone

from ficha import FichaError, Session, SessionGone, StoreError, _requests
from ficha._attributes import Baseline, Op
from ficha._core import Request
from ficha.django.conf import Identity, get_client
from ficha.django.signals import session_issued, session_revoked

T = TypeVar("T")

#: Store operations one after the other, without saying who waits for them: yields requests, is sent their results.
Steps = Generator[Request, Any, T]

_EXPIRY = "_session_expiry"

#: The longest that a session may live.
_LONGEST_SECONDS = 400 * 86400


class Timeouts(TypedDict, total=False):
    """A session's own timeouts, in seconds; the configuration's where they are absent."""

    idle_timeout: int
    absolute_timeout: int


class SessionStore(SessionBase):
    """One visitor's session, as Django wants it. For one request, used by one thread at a time."""

    if TYPE_CHECKING:  # what SessionBase has, and its stubs leave out
        _session_cache: dict[str, Any]

        def _get_session(self, no_load: bool = False) -> dict[str, Any]: ...

    def __init__(self, session_key: str | None = None) -> None:
        """Stand for the session of a token, which is read when it is first asked for."""
        self._modified = False
        self._baseline = Baseline()
        self._stored: Session | None = None  # as it was read or written last; None: not stored, or not read yet
        self._admitted: Session | None = None  # what the middleware has read already
        self._identity: Identity | None = None
        #: The session whose cookie, with its token and deadlines, the client does not have yet.
        self.cookie_due: Session | None = None
        #: Whether the store has failed to answer.
        self.outage = False
        super().__init__(session_key)

    # --- what Django calls -------------------------------------------------------------------------------------------

    @property
    def modified(self) -> bool:
        """Whether there is something to save; changes inside of a value count."""
        return self._modified or ("_session_cache" in self.__dict__ and self._baseline.changed(self._session_cache))

    @modified.setter
    def modified(self, value: bool) -> None:
        self._modified = value

    def is_empty(self) -> bool:
        """Whether there is neither a key, nor data, nor a principal."""
        return self._identity is None and super().is_empty()

    def load(self) -> dict[str, Any]:
        """Return the attributes; of a session that is not live none, and it is forgotten."""
        return self._loaded(self._admitted or self._watched_load(self.session_key))

    async def aload(self) -> dict[str, Any]:
        """Asynchronous load()."""
        return self._loaded(self._admitted or await self._awatched_load(self.session_key))

    def exists(self, session_key: str) -> bool:
        """Whether the token is that of a live session. Does not extend it."""
        return self._watched_load(session_key, touch=False) is not None

    async def aexists(self, session_key: str) -> bool:
        """Asynchronous exists()."""
        return await self._awatched_load(session_key, touch=False) is not None

    def create(self) -> None:
        """Store a new session with what was put into this one, under a new token."""
        self._forget_key()
        self.save(must_create=True)
        self.modified = True

    async def acreate(self) -> None:
        """Asynchronous create()."""
        self._forget_key()
        await self.asave(must_create=True)
        self.modified = True

    def save(self, must_create: bool = False) -> None:
        """Store what changed, in one step. Never brings a session back: raises UpdateError if it is gone.

        Keys are the store's to give: with ``must_create`` the session gets a new one; CreateError if it has one.
        """
        data = self._get_session(no_load=must_create)
        self._run(self._saving(data, must_create))

    async def asave(self, must_create: bool = False) -> None:
        """Asynchronous save()."""
        data = await self._adata(no_load=must_create)
        await self._arun(self._saving(data, must_create))

    def delete(self, session_key: str | None = None) -> None:
        """Revoke the session of the token, or this one. Raises if the store has not acknowledged it."""
        self._run(self._deleting(session_key or self.session_key))

    async def adelete(self, session_key: str | None = None) -> None:
        """Asynchronous delete()."""
        await self._arun(self._deleting(session_key or self.session_key))

    def cycle_key(self) -> None:
        """Move the session to a new token; nothing happens to one that is not stored yet."""
        self._get_session()
        self._run(self._cycling())

    async def acycle_key(self) -> None:
        """Asynchronous cycle_key()."""
        await self._adata()
        await self._arun(self._cycling())

    def flush(self) -> None:
        """Revoke the session, and start with an empty one."""
        super().flush()
        self._forget()

    async def aflush(self) -> None:
        """Asynchronous flush()."""
        self.clear()
        await self.adelete()
        self._forget()

    @classmethod
    def clear_expired(cls) -> None:
        """Do nothing: the store forgets expired sessions by itself."""

    @classmethod
    async def aclear_expired(cls) -> None:
        """Do nothing: the store forgets expired sessions by itself."""

    def get_session_cookie_age(self) -> int:
        """Return the absolute timeout, in seconds."""
        return get_client().config.absolute_timeout

    # --- beyond Django -----------------------------------------------------------------------------------------------

    def admit(self, session: Session) -> None:
        """Take over what the middleware has read."""
        self._admitted = session

    def identify(self, identity: Identity) -> None:
        """Make this the session of a principal that has just proved itself: the next save() gives a new token.

        Of another principal's session only what this request has put in stays.
        """
        if is_another_s(self._stored, identity):
            self._session_cache = dict(self._baseline.changes(self._session_cache))
        self._identity = identity
        self.modified = True

    @property
    def snapshot(self) -> Session | None:
        """The session as it is stored: id, principal, roles, deadlines. None before it is stored."""
        self._get_session()
        return self._stored

    async def asnapshot(self) -> Session | None:
        """Asynchronous form of ``snapshot``."""
        await self._adata()
        return self._stored

    # --- how it is done ----------------------------------------------------------------------------------------------

    async def _adata(self, no_load: bool = False) -> dict[str, Any]:
        # As SessionBase._aget_session(), which came with Django 5.1.
        self.accessed = True
        if "_session_cache" not in self.__dict__:
            self._session_cache = await self.aload() if self.session_key and not no_load else {}
        return self._session_cache

    def _watched_load(self, token: str | None, touch: bool = True) -> Session | None:
        try:
            return get_client().load(token, touch=touch) if token else None
        except StoreError:
            self.outage = True
            raise

    async def _awatched_load(self, token: str | None, touch: bool = True) -> Session | None:
        try:
            return await get_client().aload(token, touch=touch) if token else None
        except StoreError:
            self.outage = True
            raise

    def _loaded(self, session: Session | None) -> dict[str, Any]:
        self._admitted = None
        if session is None:
            self._forget()
            return {}
        self._stored = session
        self._baseline = Baseline(session.attributes_json())
        return self._baseline.values()

    def _forget_key(self) -> None:
        self._session_key = None
        self._stored = None
        self._admitted = None
        self.cookie_due = None
        self._baseline = Baseline()

    def _forget(self) -> None:
        self._forget_key()
        self._identity = None

    def _run(self, steps: Steps[T]) -> T:
        client, advance = get_client(), steps.__next__
        try:
            while True:
                request = advance()
                try:
                    advance = _sender(steps, client.run(request))
                except FichaError as error:
                    advance = _thrower(steps, self._noted(error))
        except StopIteration as stop:
            return cast(T, stop.value)

    async def _arun(self, steps: Steps[T]) -> T:
        client, advance = get_client(), steps.__next__
        while True:
            try:
                request = advance()
            except StopIteration as stop:
                return cast(T, stop.value)
            try:
                advance = _sender(steps, await client.arun(request))
            except FichaError as error:
                advance = _thrower(steps, self._noted(error))

    def _noted(self, error: FichaError) -> FichaError:
        self.outage = self.outage or isinstance(error, StoreError)
        return error

    def _saving(self, data: dict[str, Any], must_create: bool) -> Steps[None]:
        if must_create:
            if self.session_key and (yield _requests.load(self.session_key, touch=False)) is not None:
                raise CreateError
            self._forget_key()
        elif self._stored is None and self.session_key:
            # clear() emptied the session without reading it.
            self._loaded((yield _requests.load(self.session_key)))
            if self._stored is None:
                raise UpdateError
        try:
            yield from self._writing(data)
        except SessionGone:
            raise UpdateError from None
        self._baseline = Baseline.of(data)
        self._identity = None
        self.modified = False

    def _writing(self, data: dict[str, Any]) -> Steps[None]:
        stored, timeouts = self._stored, _timeouts(data.get(_EXPIRY))
        if timeouts is None:
            yield from self._deleting(self.session_key)
            self._forget()
            return
        identity = self._new_identity(data)
        if identity is not None:
            yield from self._logging_in(identity, data, timeouts)
        elif stored is None:
            self._issue((yield _requests.create("", data, **timeouts)))
        elif ops := self._baseline.ops(data):
            if data.get(_EXPIRY) != stored.attributes.get(_EXPIRY):
                yield from self._changing_expiry(stored, ops, timeouts)
            else:
                yield _requests.patch_ops(stored, ops)

    def _new_identity(self, data: dict[str, Any]) -> Identity | None:
        if self._identity is not None:
            return self._identity
        user_id = data.get(SESSION_KEY)
        known = self._stored.attributes.get(SESSION_KEY) if self._stored else None
        return Identity(str(user_id)) if user_id is not None and user_id != known else None

    def _logging_in(self, identity: Identity, data: dict[str, Any], timeouts: Timeouts) -> Steps[None]:
        carried_over = not is_another_s(self._stored, identity)
        removed = [name for name in self._baseline.names if name not in data and carried_over]
        current = self._stored
        if current is not None and current.anonymous:
            current = yield _requests.find(current.id)  # its values move along: as they are now
        self._issue(
            (
                yield _requests.login(
                    current,
                    identity.principal,
                    dict(self._baseline.changes(data)),
                    roles=identity.roles,
                    scopes=identity.scopes,
                    level=identity.level,
                    device=identity.device,
                    **timeouts,
                )
            )
        )
        if removed and self._stored is not None:
            yield _requests.patch(self._stored, remove=removed)

    def _changing_expiry(self, stored: Session, ops: list[Op], timeouts: Timeouts) -> Steps[None]:
        config = get_client().config
        lifetime: Timeouts = {"idle_timeout": config.idle_timeout, "absolute_timeout": config.absolute_timeout}
        lifetime.update(timeouts)
        yield _requests.patch_ops(stored, ops, **lifetime)
        token = cast(str, self.session_key)
        self._stored = changed = yield _requests.load(token, fresh=True)
        # The token of a session that was rotated a moment ago must not replace its successor in the browser.
        if changed is not None and get_client().session_id(token) == changed.id:
            self.cookie_due = changed

    def _deleting(self, token: str | None) -> Steps[None]:
        session_id = get_client().session_id(token) if token else None
        if session_id is not None and (yield _requests.revoke(session_id)):
            session_revoked.send(type(self), session_id=session_id)

    def _cycling(self) -> Steps[None]:
        if self._stored is not None:
            try:
                self._issue((yield _requests.rotate(self._stored)))
            except SessionGone:
                raise SessionInterrupted("The session was ended while it was to get a new key.") from None
        self.modified = True

    def _issue(self, session: Session) -> None:
        self._stored = self.cookie_due = session
        self._session_key = session.token
        session_issued.send(type(self), session=session)


def _sender(steps: Steps[T], value: object) -> Any:
    return lambda: steps.send(value)


def _thrower(steps: Steps[T], error: Exception) -> Any:
    return lambda: steps.throw(error)


def is_another_s(session: Session | None, identity: Identity) -> bool:
    """Whether the session is that of another principal."""
    return session is not None and session.principal not in ("", identity.principal)


def _timeouts(expiry: object) -> Timeouts | None:
    """Return the timeouts of a session with this ``_session_expiry``; None if it has passed already."""
    if not expiry:
        return {}
    if isinstance(expiry, (str, datetime)):
        moment = datetime.fromisoformat(expiry) if isinstance(expiry, str) else expiry
        now = timezone.now() if timezone.is_aware(moment) else datetime.now()
        seconds = math.ceil(min((moment - now).total_seconds(), _LONGEST_SECONDS))
        timeouts: Timeouts = {"idle_timeout": seconds, "absolute_timeout": seconds}
    else:
        seconds = math.ceil(min(cast(float, expiry), _LONGEST_SECONDS))
        timeouts = {
            "idle_timeout": seconds,
            "absolute_timeout": max(seconds, get_client().config.absolute_timeout),
        }
    return timeouts if seconds > 0 else None

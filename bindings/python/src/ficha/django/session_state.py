"""What a session of Django's holds, and the steps in which it is stored. The contract itself is in sessions.py."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.core.exceptions import SuspiciousOperation

from ficha import Decision, FichaError, InvalidArgument, Session, SessionGone, StoreError, _requests
from ficha._attributes import Bag, Baseline, Difference, Op, Texts, from_json
from ficha._core import Request
from ficha._identity import Identity
from ficha.django.conf import claimed_identity, get_client
from ficha.django.expiry import InvalidExpiry, Timeouts, changed_timeouts, checked_expiry, timeouts_of
from ficha.django.identity import (
    EXPIRY,
    PROTECTED,
    RefusedValue,
    ReservedName,
    SessionData,
    only_protected,
    ordinary,
    protected,
    without_protected,
)
from ficha.django.signals import session_issued, session_revoked
from ficha.django.steps import Steps, arun, run

T = TypeVar("T")

_ID = re.compile(r"[A-Za-z0-9_-]{24}")


def is_id(key: str) -> bool:
    """Whether the text has the shape of a session's public id."""
    return _ID.fullmatch(key) is not None


def id_of(key: str | None) -> str | None:
    """Return the public id of a session given by its id or its token; None for anything else."""
    if not key:
        return None
    return key if is_id(key) else get_client().session_id(key)


class _Changes(NamedTuple):
    """What a request made of a session: each value encoded once, for all that is written of it."""

    ordinary: Difference
    protected: Difference
    bag_ops: list[Op]

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return bool(self.bag_ops or self.ordinary.ops or self.protected.ops)

    @property
    def ops(self) -> list[Op]:
        """The steps on ordinary attributes."""
        return [*self.bag_ops, *self.ordinary.ops]


class SessionState(SessionBase):
    """How a session is read, written, moved and ended; for SessionStore."""

    if TYPE_CHECKING:  # what SessionBase has, and its stubs leave out

        def _get_session(self, no_load: bool = False) -> SessionData: ...

    def __init__(self, session_key: str | None = None) -> None:
        """Stand for a session, which is read when it is first asked for.

        By its id it can be read, changed and deleted, but gets no token; what a cookie holds belongs to of_cookie().
        """
        self._given: str | None = None  # what the session is looked up by: its token, or its id
        self._modified = False
        self._values: SessionData | None = None
        self._baseline, self._protected = Baseline(), Baseline()
        self._bag_ops: list[Op] = []
        self._stored: Session | None = None  # as it was read or written last; None: not stored, or not read yet
        self._admitted: Session | None = None  # what the middleware has read already
        self._identity: Identity | None = None
        self._entered = False  # whether a login was stored meanwhile
        self._lost = False  # whether it was gone when it was to get a new key
        self._judged: Decision | None = None
        self._left = False  # whether the request has another session now than it came with, or none
        #: The session whose cookie, with its token and deadlines, the client does not have yet.
        self.cookie_due: Session | None = None
        #: Whether the store has failed to answer.
        self.outage = False
        super().__init__(session_key)
        self._left = False

    @property
    def session_key(self) -> str | None:
        """The session's public id: stable, no secret, and known inside of login(); None for a session without one."""
        if self._stored is not None:
            return self._stored.id
        known = id_of(self._given)
        return known if known or (self._given or "").startswith("fch1_") else self._given

    @property
    def _session_key(self) -> str | None:
        return self.session_key

    @_session_key.setter
    def _session_key(self, key: str | None) -> None:
        self._forget_key()
        self._given = key if key and len(key) >= 8 else None  # as Django's own keys

    @property
    def modified(self) -> bool:
        """Whether there is something to save; changes inside of a value count."""
        if self._modified or self._bag_ops:
            return True
        data = self._values
        return data is not None and (self._baseline.changed(ordinary(data)) or self._protected.changed(protected(data)))

    @modified.setter
    def modified(self, value: bool) -> None:
        self._modified = value

    @property
    def may_be_modified(self) -> bool:
        """Whether there can be something to save, for the middleware: save() compares, and encodes, once."""
        return self._modified or bool(self._bag_ops) or self._values is not None

    @property
    def cookie_value(self) -> str | None:
        """The token that the client is to have; for the middleware."""
        return None if self._given is None or is_id(self._given) else self._given

    @property
    def _session_cache(self) -> SessionData:
        # Where SessionBase keeps the values, and whose absence tells it to load them.
        if self._values is None:
            raise AttributeError("_session_cache")
        return self._values

    @_session_cache.setter
    def _session_cache(self, values: Mapping[str, Any]) -> None:
        self._values = values if isinstance(values, SessionData) else SessionData(values)

    async def _adata(self, no_load: bool = False) -> SessionData:
        # As SessionBase._aget_session(), which came with Django 5.1.
        self.accessed = True
        if self._values is None:
            self._session_cache = await self.aload() if self._given and not no_load else {}
        return self._session_cache

    def _set_expiry(self, data: SessionData, value: Any) -> None:
        if value is None:
            data.pop(EXPIRY, None)
        else:
            data.set_expiry(checked_expiry(value))
        self.modified = True

    def _bag(self, data: SessionData, name: str) -> Bag:
        if name in PROTECTED:
            raise ReservedName(name)
        return Bag(data, self._baseline, name, self._bag_ops)

    def _watched(self, key: str | None, touch: bool = True) -> Session | None:
        try:
            if not key:
                return None
            return get_client().find(key) if is_id(key) else get_client().load(key, touch=touch)
        except StoreError:
            self.outage = True
            raise

    async def _awatched(self, key: str | None, touch: bool = True) -> Session | None:
        try:
            if not key:
                return None
            return await (get_client().afind(key) if is_id(key) else get_client().aload(key, touch=touch))
        except StoreError:
            self.outage = True
            raise

    @property
    def _by_id(self) -> bool:
        return self._given is not None and is_id(self._given)

    def _check_not_by_id(self) -> None:
        if self._by_id:
            raise SuspiciousOperation("a session that was opened by its id gets no token")

    def _loaded(self, session: Session | None) -> dict[str, Any]:
        self._admitted = None
        if session is None:
            self._forget()
            return {}
        self._stored = session
        self._baseline = Baseline(without_protected(session.attributes_json()))
        self._protected = Baseline(only_protected(session.protected_json()))
        values = {**self._baseline.values(), **self._protected.values()}
        try:
            timeouts_of(values.get(EXPIRY))
        except InvalidExpiry:
            del values[EXPIRY]
        return SessionData(values)

    def follow(self, judged: Decision) -> None:
        """Have the decision on the request be one on the session that the request has at any moment."""
        self._judged = judged
        if self._left:
            self._move_to(self._stored)

    def _move_to(self, session: Session | None) -> None:
        self._stored, self._left, self._lost = session, True, False
        if self._judged is not None:
            get_client()._decide_on(self._judged, session)

    def _forget_key(self) -> None:
        self._given = None
        self._move_to(None)
        self._admitted = None
        self.cookie_due = None
        self._baseline, self._protected = Baseline(), Baseline()
        self._bag_ops.clear()

    def _forget(self) -> None:
        self._forget_key()
        self._identity = None
        self._entered = False

    def _run(self, steps: Steps[T]) -> T:
        return run(get_client(), steps, self._noted)

    async def _arun(self, steps: Steps[T]) -> T:
        return await arun(get_client(), steps, self._noted)

    def _noted(self, error: FichaError) -> FichaError:
        self.outage = self.outage or isinstance(error, StoreError)
        return RefusedValue(str(error)) if isinstance(error, InvalidArgument) else error

    def _saving(self, data: SessionData, must_create: bool) -> Steps[None]:
        if must_create:
            if self._given and (yield self._looked_up(self._given, touch=False)) is not None:
                raise CreateError
            self._forget_key()
        elif self._stored is None and self._given and self.session_key:
            # clear() emptied the session without reading it.
            self._loaded((yield self._looked_up(self._given)))
            if self._stored is None:
                raise UpdateError
        values, apart = ordinary(data), protected(data)
        changes = _Changes(self._baseline.difference(values), self._protected.difference(apart), self._bag_ops)
        data.check(self._protected.values())
        if self._stored is None or changes or self._modified or self._identity is not None:
            try:
                yield from self._writing(data, changes)
            except SessionGone:
                raise UpdateError from None
            self._baseline = Baseline(changes.ordinary.texts, values)
            self._protected = Baseline(changes.protected.texts, apart)
        self._bag_ops.clear()
        self._identity = None
        self.modified = False

    @staticmethod
    def _looked_up(key: str, touch: bool = True) -> Request:
        return _requests.find(key) if is_id(key) else _requests.load(key, touch=touch)

    def _writing(self, data: SessionData, changes: _Changes) -> Steps[None]:
        stored, timeouts = self._stored, timeouts_of(data.get(EXPIRY))
        if timeouts is None:
            yield from self._deleting(self._given)
            self._forget()
            return
        identity = self._new_identity(data)
        if identity is not None:
            yield from self._logging_in(identity, changes, timeouts)
        elif self._lost:
            raise SessionGone("the visitor's session was ended while it was to get a new key")
        elif stored is None:
            texts, apart = changes.ordinary.texts, changes.protected.texts
            self._issue((yield _requests.create("", texts, protected=apart, **timeouts)))
        elif any(op[1] == EXPIRY for op in changes.protected.ops):
            yield from self._changing_expiry(stored, changes, timeouts)
        elif changes:
            yield _requests.patch_ops(stored, changes.ops, changes.protected.ops)

    def _new_identity(self, data: SessionData) -> Identity | None:
        if self._identity is not None or not data.logged_in:
            return self._identity
        user_id = data.get(SESSION_KEY)  # of a login whose signal did not reach us
        known = self._stored.protected.get(SESSION_KEY) if self._stored else None
        return claimed_identity(str(user_id)) if user_id is not None and user_id != known else None

    def _logging_in(self, identity: Identity, changes: _Changes, timeouts: Timeouts) -> Steps[None]:
        stored, own = self._stored, changes.ordinary.put_in(changes.bag_ops)
        if stored is None:
            own = changes.ordinary.texts
        elif is_another_s(stored, identity):
            own = changes.ordinary.put_in_alone(changes.bag_ops)
        else:
            # Saved first: the store carries over what it holds when the session ends, with what other requests put in.
            removed = [op for op in changes.protected.ops if op[0] == "remove"]
            try:
                if changes.ops or removed:
                    yield _requests.patch_ops(stored, changes.ops, removed)
                own = Texts()
            except SessionGone:
                if not stored.anonymous:
                    raise
                # A parallel login took the visitor's session: this one has what this request put in.
        self._issue(
            (
                yield _requests.login(
                    stored,
                    identity.principal,
                    own,
                    protected=changes.protected.texts,
                    roles=identity.roles,
                    scopes=identity.scopes,
                    level=identity.level,
                    device=identity.device,
                    **timeouts,
                )
            )
        )
        self._entered = True

    def _undoing(self) -> Steps[None]:
        given = self._given
        self._forget()
        self._session_cache = {}
        yield from self._deleting(given)

    def _changing_expiry(self, stored: Session, changes: _Changes, timeouts: Timeouts) -> Steps[None]:
        yield _requests.patch_ops(stored, changes.ops, changes.protected.ops, **changed_timeouts(stored, timeouts))
        token = self.cookie_value
        if token is None:
            self._move_to((yield _requests.find(stored.id)))
            return
        changed: Session | None = yield _requests.load(token, fresh=True)
        self._move_to(changed)
        # The token of a session that was rotated a moment ago must not replace its successor in the browser.
        if changed is not None and get_client().session_id(token) == changed.id:
            self.cookie_due = changed

    def _deleting(self, key: str | None) -> Steps[None]:
        session_id = id_of(key)
        if session_id is None:
            return
        revoked = yield _requests.revoke(session_id)
        if session_id == self.session_key:
            self._move_to(None)
        if revoked:
            session_revoked.send(type(self), session_id=session_id)

    def _cycling(self) -> Steps[None]:
        self._check_not_by_id()
        if self._stored is not None:
            try:
                self._issue((yield _requests.rotate(self._stored)))
            except SessionGone:
                if not self._stored.anonymous:
                    raise SessionInterrupted("The session was ended while it was to get a new key.") from None
                self._lost = (
                    True  # a parallel login may have taken the visitor's session: this one's goes on without it
                )
        self._session_cache.begin_login()
        self.modified = True

    def put_in(self) -> dict[str, Any]:
        """Return what this request has put into the session that was read; of bags the keys that were put, alone."""
        difference = self._baseline.difference(ordinary(self._session_cache))
        return {name: from_json(name, text) for name, text in difference.put_in_alone(self._bag_ops).items()}

    def _drop_what_was_read(self, data: SessionData) -> None:
        kept = self.put_in()
        for name in [name for name in data if name not in kept and name not in data.granted]:
            del data[name]
        for name in {op[1] for op in self._bag_ops} & kept.keys():
            dict.__setitem__(data, name, kept[name])

    def _issue(self, session: Session) -> None:
        self._move_to(session)
        self.cookie_due = session
        self._given = session.token
        session_issued.send(type(self), session=session)


def is_another_s(session: Session | None, identity: Identity) -> bool:
    """Whether the session is that of another principal."""
    return session is not None and session.principal not in ("", identity.principal)

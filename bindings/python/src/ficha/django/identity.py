"""What only Django itself may write into a session: whose it is, and how long it lives.

Attributes are data: whoever may name one must gain nothing by the name. These names are kept in the session's protected
attributes, and Django's own writes are told from all others by when they come: straight after it has renewed the
session, in the order in which ``login()`` and ``update_session_auth_hash()`` write them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.core.exceptions import SuspiciousOperation

from ficha import InvalidArgument

EXPIRY = "_session_expiry"
PROTECTED = frozenset({SESSION_KEY, BACKEND_SESSION_KEY, HASH_SESSION_KEY, EXPIRY})

# What login() writes after each of its writes; update_session_auth_hash() writes the hash alone.
_AFTER: dict[str, frozenset[str]] = {
    SESSION_KEY: frozenset({BACKEND_SESSION_KEY}),
    BACKEND_SESSION_KEY: frozenset({HASH_SESSION_KEY}),
    HASH_SESSION_KEY: frozenset(),
}
_FIRST = frozenset({SESSION_KEY, HASH_SESSION_KEY})
_ABSENT = object()


class ReservedName(SuspiciousOperation, InvalidArgument):
    """A value was assigned to a name that carries identity or authority. Django answers 400."""

    def __init__(self, name: str) -> None:
        """Name the name, never the value."""
        instead = "set_expiry() does" if name == EXPIRY else "django.contrib.auth.login() does"
        super().__init__(f"{name!r} is not the application's to assign: {instead}")


class RefusedValue(SuspiciousOperation, InvalidArgument):
    """The store refuses a name or a value: one that this service may not write, or that holds the request's token.

    Names and values of that kind come from clients. Django answers 400.
    """


class SessionData(dict[str, Any]):
    """The values of one session. The protected names can be read and removed, and be assigned in a login only."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        """Hold what was read, or what a request starts with."""
        super().__init__(values)
        self._expected: frozenset[str] = frozenset()
        self._loaded_expiry = values.get(EXPIRY, _ABSENT)
        #: What a login has written.
        self.granted: dict[str, Any] = {}

    def begin_login(self) -> None:
        """Django has renewed the session: what it writes next may be a login."""
        self._expected = _FIRST
        self.granted = {name: value for name, value in self.granted.items() if name == EXPIRY}

    @property
    def logged_in(self) -> bool:
        """Whether a whole login was written."""
        return self.granted.keys() >= _AFTER.keys()

    def check(self, before: Mapping[str, Any]) -> None:
        """Raise ReservedName unless what differs from ``before`` was written by a login, as a whole."""
        for name in PROTECTED & self.keys():
            if self[name] not in (before.get(name, _ABSENT), self.granted.get(name, _ABSENT)):
                raise ReservedName(name)
        if SESSION_KEY in self.granted and SESSION_KEY in self and not self.logged_in:
            raise ReservedName(SESSION_KEY)

    def set_expiry(self, value: object) -> None:
        """Take over an expiry that was checked."""
        self.granted[EXPIRY] = value
        super().__setitem__(EXPIRY, value)

    def __setitem__(self, name: str, value: Any) -> None:
        """Set a value; raises ReservedName outside of a login for the names that a login writes."""
        if name not in PROTECTED:
            self._expected = frozenset()
        elif name == EXPIRY:
            if value != self._loaded_expiry:
                raise ReservedName(name)
            self.granted[EXPIRY] = value
        elif name in self._expected:
            self.granted[name] = value
            self._expected = _AFTER[name]
        elif self.get(name, _ABSENT) == value:
            self._expected = _AFTER[name]  # the same user again, whose session login() does not renew
        else:
            raise ReservedName(name)
        super().__setitem__(name, value)

    def update(self, *others: Any, **named: Any) -> None:
        """Set several values, as one after the other."""
        for name, value in dict(*others, **named).items():
            self[name] = value

    def __ior__(self, other: Any) -> SessionData:  # type: ignore[override,misc]
        """Set several values, as one after the other."""
        self.update(other)
        return self

    def setdefault(self, name: str, default: Any = None) -> Any:
        """Return a value, which is set first where it is absent."""
        if name not in self:
            self[name] = default
        return self[name]


def ordinary(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is the application's."""
    return {name: value for name, value in values.items() if name not in PROTECTED}


def protected(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is Django's."""
    return {name: values[name] for name in PROTECTED & values.keys()}


def without_protected(texts: Mapping[str, str]) -> dict[str, str]:
    """Return stored attributes without those that earlier versions, or anybody, stored under Django's names."""
    return {name: text for name, text in texts.items() if name not in PROTECTED}


def only_protected(texts: Mapping[str, str]) -> dict[str, str]:
    """Return Django's among a session's protected attributes; other frameworks' are none of its business."""
    return {name: texts[name] for name in PROTECTED & texts.keys()}

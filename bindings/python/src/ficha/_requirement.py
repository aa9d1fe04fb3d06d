"""A requirement on a route or handler: checked when it is defined, judged by the core on each request."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, NamedTuple

from ficha._errors import InvalidArgument

_ALLOW = ("anyone", "authenticated", "nobody")
_KEYS = ("allow", "roles", "scopes", "level", "max_auth_age")


class Requirement(NamedTuple):
    """What a caller must be: any one of the roles, all of the scopes, at least the level, proven recently enough."""

    allow: str
    roles: list[str]
    scopes: list[str]
    level: int
    max_auth_age: int | None


def requirement(given: dict[str, Any]) -> Requirement:
    """Return the requirement that the keyword arguments describe.

    What is unknown, None, or empty where something must stand is an error: no requirement is lost by a slip.
    """
    for key, value in given.items():
        if key not in _KEYS:
            nearest = difflib.get_close_matches(key, _KEYS, 1, 0.4)
            raise TypeError(f"a requirement has no {key!r}" + (f"; did you mean {nearest[0]!r}?" if nearest else ""))
        if value is None:
            raise InvalidArgument(f"{key} is None: leave it out, or say what is required")
    allow = given.get("allow", "authenticated")
    if allow not in _ALLOW:
        raise InvalidArgument("allow is 'anyone', 'authenticated' or 'nobody'")
    checked = Requirement(
        allow, _names("roles", given), _names("scopes", given), _level(given), _seconds("max_auth_age", given)
    )
    if "allow" not in given and checked == Requirement("authenticated", [], [], 0, None):
        raise InvalidArgument("an empty requirement: name roles, scopes, level or max_auth_age, or say allow=…")
    if allow != "authenticated" and checked[1:] != ([], [], 0, None):
        raise InvalidArgument(f"allow={allow!r} contradicts what else is required")
    return checked


def _names(key: str, given: dict[str, Any]) -> list[str]:
    if key not in given:
        return []
    value = given[key]
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise TypeError(f"{key} are several str, not one {type(value).__name__}")
    names = list(value)
    if not names:
        raise InvalidArgument(f"{key} is empty: whoever comes would pass")
    if not all(isinstance(name, str) for name in names):
        raise TypeError(f"{key} are str")
    if not all(names):
        raise InvalidArgument(f"{key} holds an empty name")
    return names


def _level(given: dict[str, Any]) -> int:
    level = given.get("level", 0)
    if not isinstance(level, int) or isinstance(level, bool):
        raise TypeError(f"level is an int, not {type(level).__name__}")
    if not 0 <= level <= 3:
        raise InvalidArgument("level is 0 to 3")
    return level


def _seconds(key: str, given: dict[str, Any]) -> int | None:
    age = given.get(key)
    if age is None:
        return None
    if isinstance(age, timedelta):
        age = age // timedelta(seconds=1)
    if not isinstance(age, int) or isinstance(age, bool):
        raise TypeError(f"{key} is seconds as an int, or a timedelta, not {type(age).__name__}")
    if age <= 0:
        raise InvalidArgument(f"{key} is at least a second")
    return age

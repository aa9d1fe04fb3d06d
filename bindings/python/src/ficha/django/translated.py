"""Django's own settings of sessions, as configuration: each is translated, or refused by its name. None is ignored."""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterator, Mapping
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.sessions.middleware import SessionMiddleware as DjangoSessionMiddleware
from django.utils.module_loading import import_string

from ficha import Config, InvalidConfig

ENGINE = "ficha.django.sessions"

_LONGEST = 400 * 86400
_LIFETIMES = ("idle_timeout", "absolute_timeout")

_logger = logging.getLogger("ficha")


def cookie_table() -> dict[str, Any]:
    """Return the cookie that Django's SESSION_COOKIE_* settings describe, as a table of the configuration."""
    same_site = settings.SESSION_COOKIE_SAMESITE
    if not isinstance(same_site, str) or same_site.lower() not in ("lax", "strict", "none"):
        raise InvalidConfig(f"SESSION_COOKIE_SAMESITE = {same_site!r}: say 'Lax', 'Strict' or 'None'")
    return {
        "name": settings.SESSION_COOKIE_NAME,
        "same_site": same_site.lower(),
        # A leading dot has meant nothing since RFC 6265 (5.2.3).
        "domain": (settings.SESSION_COOKIE_DOMAIN or "").removeprefix("."),
        "persistent": not settings.SESSION_EXPIRE_AT_BROWSER_CLOSE,
        "insecure_http": not settings.SESSION_COOKIE_SECURE,
    }


def session_table(given: Any) -> Any:
    """Return the table "session" with the lifetimes that Django's settings describe, where it names none itself.

    A session ends SESSION_COOKIE_AGE after its start or its login; with SESSION_SAVE_EVERY_REQUEST, after its last use.
    """
    if not isinstance(given, Mapping) or any(name in given for name in _LIFETIMES):
        return given
    age = settings.SESSION_COOKIE_AGE
    if not isinstance(age, int) or isinstance(age, bool) or not 1 <= age <= _LONGEST:
        raise InvalidConfig(f"SESSION_COOKIE_AGE = {age!r}: a session lives for 1 to {_LONGEST} seconds (400 days)")
    absolute = _LONGEST if settings.SESSION_SAVE_EVERY_REQUEST else age
    return {**given, "idle_timeout": f"{age}s", "absolute_timeout": f"{absolute}s"}


def check_settings(config: Config, options: Mapping[str, Any]) -> None:
    """Raise InvalidConfig for a setting of Django's that says something else than what will hold."""
    for problem in _problems(config, options):
        raise InvalidConfig(problem)


def _problems(config: Config, options: Mapping[str, Any]) -> Iterator[str]:
    if not apps.is_installed("ficha.django"):
        yield 'INSTALLED_APPS lacks "ficha.django"'
    for path in settings.MIDDLEWARE:
        if _knows_no_token(path):
            yield f'MIDDLEWARE: "{path}" would take an id for a token; ficha.django.SessionMiddleware takes its place'
    if config.cookie_name != settings.SESSION_COOKIE_NAME:
        yield f"SESSION_COOKIE_NAME is not the configured cookie {config.cookie_name!r}: Django's own code looks there"
    for name, only, instead in (
        ("SESSION_COOKIE_PATH", "/", "the cookie is for every path"),
        ("SESSION_COOKIE_HTTPONLY", True, "no script ever sees the cookie"),
        ("SESSION_SERIALIZER", "django.contrib.sessions.serializers.JSONSerializer", "attributes are JSON"),
    ):
        value = getattr(settings, name)
        if value != only:
            yield f"{name} = {value!r}: {instead}, leave the setting out"
    yield from _contradictions(config, options)


def _knows_no_token(path: str) -> bool:
    """Whether a middleware is Django's, or derived from it and not from ours."""
    from ficha.django import middleware

    try:
        found = import_string(path)
    except ImportError:
        return False  # being imported now; or Django says so
    is_django_s = isinstance(found, type) and issubclass(found, DjangoSessionMiddleware)
    return is_django_s and not issubclass(found, middleware.SessionMiddleware)


def _contradictions(config: Config, options: Mapping[str, Any]) -> Iterator[str]:
    """Return the settings that were set although the configuration says otherwise."""
    own_cookie = "file" in options or "cookie" in options
    session = options.get("session", {})
    own_life = "file" in options or (isinstance(session, Mapping) and any(name in session for name in _LIFETIMES))
    same_site, domain = settings.SESSION_COOKIE_SAMESITE, settings.SESSION_COOKIE_DOMAIN or ""
    for name, ours, agrees in (
        ("SESSION_COOKIE_SECURE", own_cookie, config.cookie_secure is bool(settings.SESSION_COOKIE_SECURE)),
        ("SESSION_COOKIE_SAMESITE", own_cookie, config.cookie_same_site == str(same_site).lower()),
        ("SESSION_COOKIE_DOMAIN", own_cookie, config.cookie_domain == domain.removeprefix(".")),
        (
            "SESSION_EXPIRE_AT_BROWSER_CLOSE",
            own_cookie,
            config.cookie_persistent is not settings.SESSION_EXPIRE_AT_BROWSER_CLOSE,
        ),
        ("SESSION_COOKIE_AGE", own_life, config.absolute_timeout == settings.SESSION_COOKIE_AGE),
    ):
        if ours and settings.is_overridden(name) and not agrees:
            where = "[session] absolute_timeout" if name == "SESSION_COOKIE_AGE" else "[cookie]"
            yield f"{name} = {getattr(settings, name)!r} is not what {where} of the configuration says: say it once"


@functools.cache  # once in a process
def tell_lifetimes(idle: int, absolute: int) -> None:
    """Log how long sessions live, where Django's default of two weeks does not hold."""
    if absolute != settings.SESSION_COOKIE_AGE and not settings.is_overridden("SESSION_COOKIE_AGE"):
        unused = f"after {idle} s without use, and " if idle else ""
        _logger.info(
            "sessions end %safter %d s: the configuration's [session], not SESSION_COOKIE_AGE", unused, absolute
        )

"""System checks. Their ids are stable."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.utils.module_loading import import_string

from ficha import InvalidConfig
from ficha.django.conf import configuration, cookie_settings

_ENGINE = "ficha.django.sessions"

# Settings that change nothing here: the value that does no harm, and what holds instead.
_UNUSED: dict[str, tuple[object, str]] = {
    "SESSION_COOKIE_AGE": (None, "set idle_timeout and absolute_timeout in FICHA"),
    "SESSION_SAVE_EVERY_REQUEST": (False, "sessions are kept alive by use"),
    "SESSION_SERIALIZER": ("django.contrib.sessions.serializers.JSONSerializer", "attributes are JSON"),
    "SESSION_COOKIE_PATH": ("/", "the cookie is for every path"),
    "SESSION_COOKIE_HTTPONLY": (True, "no script ever sees the cookie"),
}


@register(Tags.security)
def check_configuration(app_configs: object, **_: Any) -> list[CheckMessage]:
    """E001 to E003: what cannot work."""
    try:
        config = configuration()
    except InvalidConfig as error:
        return [Error(f"FICHA: {error}", id="ficha.E001")]
    messages: list[CheckMessage] = []
    if settings.SESSION_ENGINE == _ENGINE and config.cookie_name != settings.SESSION_COOKIE_NAME:
        messages.append(
            Error(
                f"SESSION_COOKIE_NAME is not the configured cookie {config.cookie_name!r}.",
                hint=f"Set SESSION_COOKIE_NAME = {config.cookie_name!r}: Django's own code looks there.",
                id="ficha.E002",
            )
        )
    ours, policy = _position("SessionMiddleware"), _position("FichaMiddleware")
    if ours is not None and policy is not None and policy < ours:
        messages.append(Error("FichaMiddleware stands before SessionMiddleware.", id="ficha.E003"))
    return messages


@register(Tags.security)
def check_use(app_configs: object, **_: Any) -> list[CheckMessage]:
    """W001 to W004: what works otherwise than it looks."""
    if settings.SESSION_ENGINE != _ENGINE:
        return [Warning(f"SESSION_ENGINE is not {_ENGINE!r}: sessions are not shared.", id="ficha.W001")]
    messages: list[CheckMessage] = []
    if _position("SessionMiddleware") is None:
        messages.append(
            Warning(
                "Django's own SessionMiddleware answers 500, not 503, when the store cannot be reached.",
                hint="Replace it by ficha.django.SessionMiddleware.",
                id="ficha.W002",
            )
        )
    messages += [
        Warning(f"{name} is not used: {instead}.", id="ficha.W003")
        for name, (harmless, instead) in _UNUSED.items()
        if settings.is_overridden(name) and getattr(settings, name) != harmless
    ]
    return messages + [
        Warning(
            f"{name} is not what FICHA says about the cookie, and is not used.",
            hint="Say it in the configuration's table [cookie] only.",
            id="ficha.W004",
        )
        for name in _contradicted()
    ]


@register(Tags.security, deploy=True)
def check_deployment(app_configs: object, **_: Any) -> list[CheckMessage]:
    """W010: what must not reach production."""
    try:
        config = configuration()
    except InvalidConfig:
        return []
    if config.cookie_secure:
        return []
    return [Warning("The session cookie is sent over plain HTTP.", hint="Set SESSION_COOKIE_SECURE.", id="ficha.W010")]


def _contradicted() -> list[str]:
    try:
        config = configuration()
    except InvalidConfig:
        return []
    wanted = cookie_settings()
    return [
        name
        for name, agrees in (
            ("SESSION_COOKIE_SECURE", config.cookie_secure is not wanted["insecure_http"]),
            ("SESSION_COOKIE_SAMESITE", config.cookie_same_site == wanted["same_site"]),
            ("SESSION_COOKIE_DOMAIN", config.cookie_domain == wanted["domain"]),
            ("SESSION_EXPIRE_AT_BROWSER_CLOSE", config.cookie_persistent is wanted["persistent"]),
        )
        if settings.is_overridden(name) and not agrees
    ]


def _position(name: str) -> int | None:
    from ficha.django import middleware

    wanted = getattr(middleware, name)
    for position, path in enumerate(settings.MIDDLEWARE):
        found = import_string(path)
        if isinstance(found, type) and issubclass(found, wanted):
            return position
    return None

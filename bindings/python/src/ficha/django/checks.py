"""System checks. Their ids are stable."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.utils.module_loading import import_string

from ficha import InvalidConfig
from ficha.django.conf import configuration
from ficha.django.translated import ENGINE


@register(Tags.security)
def check_configuration(app_configs: object, **_: Any) -> list[CheckMessage]:
    """E001 and E003: what cannot work."""
    try:
        configuration()
    except InvalidConfig as error:
        return [Error(str(error), hint="FICHA and Django's SESSION_* settings.", id="ficha.E001")]
    messages: list[CheckMessage] = []
    ours, policy = _position("SessionMiddleware"), _position("FichaMiddleware")
    if ours is not None and policy is not None and policy < ours:
        messages.append(Error("FichaMiddleware stands before SessionMiddleware.", id="ficha.E003"))
    return messages


@register(Tags.security)
def check_use(app_configs: object, **_: Any) -> list[CheckMessage]:
    """W001 to W003: what works otherwise than it looks."""
    if settings.SESSION_ENGINE != ENGINE:
        return [Warning(f"SESSION_ENGINE is not {ENGINE!r}: sessions are not shared.", id="ficha.W001")]
    messages: list[CheckMessage] = []
    if _position("SessionMiddleware") is None:
        messages.append(Warning("ficha.django.SessionMiddleware is not in MIDDLEWARE.", id="ficha.W002"))
    return messages + [
        Warning(f"{name} belongs to another engine, and is not used.", id="ficha.W003")
        for name in ("SESSION_CACHE_ALIAS", "SESSION_FILE_PATH")
        if settings.is_overridden(name)
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


def _position(name: str) -> int | None:
    from ficha.django import middleware

    wanted = getattr(middleware, name)
    for position, path in enumerate(settings.MIDDLEWARE):
        found = import_string(path)
        if isinstance(found, type) and issubclass(found, wanted):
            return position
    return None

"""Django's side of the parity services: handlers, languages, middleware that rewrites before and after Ficha's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import serving
from django.conf import settings

SEEDS = ["/en/secret", "/de/secret", "/de/account/x", "/secret/any/case", "/public/slash/"]


def configure(urlconf: str, **more: Any) -> None:
    """Set Django up with this file's middleware around Ficha's."""
    settings.configure(
        SECRET_KEY="parity",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=urlconf,
        USE_TZ=True,
        LANGUAGE_CODE="en",
        LANGUAGES=[("en", "English"), ("de", "Deutsch")],
        INSTALLED_APPS=["ficha.django", *more.pop("INSTALLED_APPS", [])],
        SESSION_ENGINE="ficha.django.sessions",
        SESSION_COOKIE_NAME="ficha",
        MIDDLEWARE=[
            "django_service.rewrite_before",
            "django_service.override_before",
            "ficha.django.SessionMiddleware",
            *more.pop("POLICY", ["ficha.django.FichaMiddleware"]),
            "django_service.rewrite_after",
            "django_service.override_after",
            "django.middleware.locale.LocaleMiddleware",
            "django.middleware.common.CommonMiddleware",
        ],
        FICHA={**serving.tables(), "prefixes": serving.PREFIXES},
        LOGGING={"version": 1, "disable_existing_loggers": False, "loggers": {"django": {"level": "CRITICAL"}}},
        **more,
    )
    import django

    django.setup()


def _rewrite(header: str) -> Callable[[Any], Any]:
    def middleware(get_response: Any) -> Any:
        def answer(request: Any) -> Any:
            if header in request.headers:
                request.path_info = request.path = request.headers[header]
            return get_response(request)

        return answer

    return middleware


def _override(header: str) -> Callable[[Any], Any]:
    def middleware(get_response: Any) -> Any:
        def answer(request: Any) -> Any:
            if header in request.headers:
                request.method = request.headers[header].upper()
            return get_response(request)

        return answer

    return middleware


rewrite_before, rewrite_after = _rewrite("X-Rewrite-URL"), _rewrite("X-Original-URL")
override_before, override_after = _override("X-Method-Override"), _override("X-HTTP-Method-Override")


def announce(seeds: list[str]) -> None:
    """Tell the driver."""
    from ficha.django import get_client

    serving.announce(get_client(), [*serving.SEEDS, *SEEDS, *seeds])

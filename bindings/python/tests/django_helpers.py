"""What several files of Django's tests call."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import AsyncClient, Client

from ficha.django.sessions import SessionStore
from project import urls

COOKIE = "sessionid"


def users() -> Any:
    return get_user_model().objects


def token(browser: Client | AsyncClient) -> str:
    return str(browser.cookies[COOKIE].value)


def cookie_of(response: Any) -> Any:
    return response.cookies.get(COOKIE)


def replace_view(monkeypatch: pytest.MonkeyPatch, view: Any) -> None:
    """Have /plain answered by another view."""
    pattern = next(p for p in urls.urlpatterns if getattr(p, "callback", None) is urls.plain)
    monkeypatch.setattr(pattern, "callback", view)


def again(session: SessionStore) -> SessionStore:
    """The same session, as the next request meets it."""
    return SessionStore.of_cookie(session.cookie_value)

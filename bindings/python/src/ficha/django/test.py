"""Django's test clients, with sessions of Ficha's.

Django's own put ``session_key`` into the cookie, which is an id here, and no server accepts one. Here the token goes
there: ``force_login()``, ``login()`` and ``client.session`` work as before.

``manage.py test`` does that by itself, and so does pytest, by the plugin that comes with the package. Otherwise: the
``RunnerMixin`` for a TEST_RUNNER of one's own, ``install()`` after ``setup_test_environment()``, or ``Client`` and
``AsyncClient`` from here.
"""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.test import AsyncClient as DjangoAsyncClient
from django.test import Client as DjangoClient
from django.test.client import ClientMixin

from ficha.django.sessions import SessionStore
from ficha.django.translated import ENGINE

_django_session = cast(property, ClientMixin.session)
_django_asession: Any = getattr(ClientMixin, "asession", None)
_django_login: Any = vars(ClientMixin)["_login"]
_django_alogin: Any = vars(ClientMixin).get("_alogin")


def _given(client: Any) -> SessionStore:
    """Return the session of the client's cookie, and remember it: that is the one which a login changes."""
    cookie = client.cookies.get(settings.SESSION_COOKIE_NAME)
    client._ficha_session = session = SessionStore.of_cookie(cookie.value if cookie else None)
    return session


def _put_token(client: Any) -> None:
    session: SessionStore | None = getattr(client, "_ficha_session", None)
    morsel = client.cookies.get(settings.SESSION_COOKIE_NAME)
    if session is not None and morsel is not None and session.cookie_value is not None:
        morsel.set(morsel.key, session.cookie_value, session.cookie_value)


class TokenCookies:
    """What Client and AsyncClient do differently from Django's."""

    @property
    def session(self) -> Any:
        """The client's session; one is stored, and its token becomes the cookie, if there is none."""
        if settings.SESSION_ENGINE != ENGINE:
            return _django_session.fget(self)  # type: ignore[misc]
        session = _given(self)
        if session.cookie_value is None:
            session.save()
            cast(Any, self).cookies[settings.SESSION_COOKIE_NAME] = session.cookie_value
        return session

    async def asession(self) -> Any:
        """Asynchronous ``session``."""
        if settings.SESSION_ENGINE != ENGINE:
            return await _django_asession(self)
        session = _given(self)
        if session.cookie_value is None:
            await session.asave()
            cast(Any, self).cookies[settings.SESSION_COOKIE_NAME] = session.cookie_value
        return session

    def _login(self, user: Any, backend: str | None = None) -> None:
        _django_login(self, user, backend)
        _put_token(self)

    async def _alogin(self, user: Any, backend: str | None = None) -> None:
        await _django_alogin(self, user, backend)
        _put_token(self)


class Client(TokenCookies, DjangoClient):
    """Django's Client, whose cookie is the token."""


class AsyncClient(TokenCookies, DjangoAsyncClient):
    """Django's AsyncClient, whose cookie is the token."""


def install() -> None:
    """Have every test client of Django's put the token into the cookie; nothing changes where another engine is set."""
    for name in ("session", "asession", "_login", "_alogin"):
        if hasattr(ClientMixin, name):
            setattr(ClientMixin, name, vars(TokenCookies)[name])


class RunnerMixin:
    """For a TEST_RUNNER: ``class Runner(ficha.django.test.RunnerMixin, DiscoverRunner)``."""

    def setup_test_environment(self, **kwargs: Any) -> None:
        """Set Django's test environment up, and install()."""
        super().setup_test_environment(**kwargs)  # type: ignore[misc]
        install()

"""Channels: its own SessionMiddleware and AuthMiddleware, with the token in the cookie. Installed by the application.

``SessionMiddlewareStack`` and ``AuthMiddlewareStack`` are used as their documentation says.
"""

from __future__ import annotations

from typing import Any

from channels import sessions
from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.sessions.backends.base import UpdateError
from django.core.exceptions import SuspiciousOperation

from ficha.django.conf import get_client
from ficha.django.sessions import SessionStore
from ficha.django.translated import ENGINE

_Wrapper: Any = sessions.InstanceSessionWrapper


class SessionWrapper(_Wrapper):  # type: ignore[misc]
    """Reads the token that the cookie holds, and never takes an id for one; sends the token, not ``session_key``."""

    async def resolve_session(self) -> None:
        """Give the scope its session, without reading it yet."""
        if settings.SESSION_ENGINE != ENGINE:
            await super().resolve_session()
            return
        self.scope["session"]._wrapped = SessionStore.of_cookie(self.scope["cookies"].get(self.cookie_name))

    async def send(self, message: dict[str, Any]) -> Any:
        """Save what was changed, and send or clear the cookie, with the start of an HTTP response."""
        if settings.SESSION_ENGINE != ENGINE or not self.activated:
            return await super().send(message)
        if message["type"] in self.save_message_types and message.get("status", 200) < 500:
            await self._save(message)
        return await self.real_send(message)

    async def _save(self, message: dict[str, Any]) -> None:
        session: SessionStore = self.scope["session"]._wrapped
        if session.modified and not session.is_empty():
            try:
                await database_sync_to_async(session.save)()
            except UpdateError:
                raise SuspiciousOperation("The session was ended before the request completed.") from None
        client = get_client()
        if session.cookie_due is not None:
            cookie = client.set_cookie(session.cookie_due, session.cookie_value)
        elif session.accessed and session.session_key is None and self.cookie_name in self.scope["cookies"]:
            cookie = client.clear_cookie()
        else:
            return
        session.cookie_due = None
        headers = message.setdefault("headers", [])
        headers += [(b"set-cookie", cookie.field().encode()), (b"cache-control", b"no-store")]


def install() -> None:
    """Have Channels' SessionMiddleware work with it."""
    sessions.InstanceSessionWrapper = SessionWrapper

"""Logins: of Django's users, and of principals without a user table."""

from __future__ import annotations

from typing import Any, cast

from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest

from ficha._identity import Identity
from ficha.django.conf import claim, get_client, identity_of
from ficha.django.session_state import is_another_s
from ficha.django.sessions import SessionStore


def login(request: HttpRequest, identity: Identity) -> None:
    """Log a principal in that has just proved itself, without a user table. The response carries a new token.

    The session is stored, under its new id. Another principal's is ended first, and nothing of it goes along but what
    this request put in.
    """
    session = cast(SessionStore, request.session)
    if is_another_s(session.snapshot, identity):
        own = session.put_in()
        session.flush()
        session.update(own)
    session.identify(identity)
    session.save()


async def alogin(request: HttpRequest, identity: Identity) -> None:
    """Asynchronous login()."""
    session = cast(SessionStore, request.session)
    if is_another_s(await session.asnapshot(), identity):
        own = session.put_in()
        await session.aflush()
        session.update(own)
    session.identify(identity)
    await session.asave()


def revoke_other_sessions(request: HttpRequest) -> int:
    """End all other sessions of this session's principal, as after a change of password; return how many."""
    session = cast(SessionStore, request.session).snapshot
    if session is None or session.anonymous:
        return 0
    return get_client().revoke_principal(session.principal, keep=session)


async def arevoke_other_sessions(request: HttpRequest) -> int:
    """Asynchronous revoke_other_sessions()."""
    session = await cast(SessionStore, request.session).asnapshot()
    if session is None or session.anonymous:
        return 0
    return await get_client().arevoke_principal(session.principal, keep=session)


def _on_user_logged_in(*, request: HttpRequest | None, user: Any, **_: object) -> None:
    session = getattr(request, "session", None)
    if isinstance(session, SessionStore):
        # Stored at once: session_key is the final one inside of login(), for the receivers that come.
        session.identify(identity_of(user))
        session.save()
    elif request is None:
        claim(user)  # channels.auth.login(), which keeps the session for itself


user_logged_in.connect(_on_user_logged_in, dispatch_uid="ficha.django.logins")
# Before those of the application, wherever this was imported: they may ask for session_key.
user_logged_in.receivers.insert(0, user_logged_in.receivers.pop())

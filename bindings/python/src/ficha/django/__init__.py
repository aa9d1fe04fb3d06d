"""Django: session engine, middleware, checks, management command and signals.

``SESSION_ENGINE = "ficha.django.sessions"``, ``ficha.django.SessionMiddleware`` in the place of Django's, and, for the
policy, ``ficha.django.FichaMiddleware`` after it. Settings are one dict, ``FICHA``.
"""

from ficha.django.conf import Identity, get_client
from ficha.django.logins import alogin, arevoke_other_sessions, login, revoke_other_sessions
from ficha.django.middleware import FichaMiddleware, SessionMiddleware, require

__all__ = [
    "FichaMiddleware",
    "Identity",
    "SessionMiddleware",
    "alogin",
    "arevoke_other_sessions",
    "get_client",
    "login",
    "require",
    "revoke_other_sessions",
]

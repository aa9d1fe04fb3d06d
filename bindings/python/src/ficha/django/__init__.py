"""Django: session engine, middleware, checks, management command and signals.

``SESSION_ENGINE = "ficha.django.sessions"``, ``ficha.django.SessionMiddleware`` in the place of Django's, and, for the
policy, ``ficha.django.FichaMiddleware`` after it. Settings are one dict, ``FICHA``.
"""

from typing import TYPE_CHECKING

from django.http import HttpRequest

from ficha import Decision
from ficha._identity import Identity
from ficha.django.conf import get_client
from ficha.django.logins import alogin, arevoke_other_sessions, login, revoke_other_sessions
from ficha.django.middleware import FichaMiddleware, SessionMiddleware, require
from ficha.django.sessions import SessionStore

if TYPE_CHECKING:

    class Request(HttpRequest):
        """For annotations: a request below our middleware. At run time it is Django's HttpRequest."""

        session: SessionStore
        #: Of FichaMiddleware, ficha.django.require() and ficha.drf.
        ficha: Decision

else:
    Request = HttpRequest

__all__ = [
    "FichaMiddleware",
    "Identity",
    "Request",
    "SessionMiddleware",
    "alogin",
    "arevoke_other_sessions",
    "get_client",
    "login",
    "require",
    "revoke_other_sessions",
]

"""The session as this service sees it: the same in every service."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ficha import Session
from ficha.django import get_client
from ficha.drf import HasScope

#: The one attribute that holds what the page's user notes. Names that users choose are keys in it, never attributes.
NOTES = "notes"


def describe(session: Session) -> dict[str, Any]:
    """Return what web shows of a session."""
    return {
        "service": settings.SERVICE,
        "instance": settings.INSTANCE,
        "principal": session.principal,
        "roles": session.roles,
        "scopes": session.scopes,
        "authenticated_at": session.authenticated_at,
        "notes": session.attributes.get(NOTES, {}),
    }


class SessionView(APIView):
    """The caller's session."""

    def get(self, request: Request) -> Response:
        """Return it."""
        return Response(describe(request.auth))


class NoteView(APIView):
    """One note in the caller's session, changed in one step, whatever other services do at the same time."""

    permission_classes = (HasScope("account"),)

    def put(self, request: Request, key: str) -> Response:
        """Set it to the JSON value in the body."""
        get_client().patch(request.auth, put={NOTES: {key: request.data}})
        return self.current(request)

    def delete(self, request: Request, key: str) -> Response:
        """Remove it, if it is there."""
        get_client().patch(request.auth, take={NOTES: [key]})
        return self.current(request)

    def current(self, request: Request) -> Response:
        """Return the session after the change."""
        return Response(describe(get_client().find(request.auth.id) or request.auth))


class HealthView(APIView):
    """Whether this instance answers at all; for proxies, so without a look at the session."""

    authentication_classes = ()
    permission_classes = ()

    def get(self, request: Request) -> Response:
        """Say so."""
        return Response({"service": settings.SERVICE, "instance": settings.INSTANCE})


session_urls = [
    path("health", HealthView.as_view()),
    path("session", SessionView.as_view()),
    path("session/notes/<str:key>", NoteView.as_view()),
]

"""Who calls: the session of the cookie or the Bearer token, judged by the policy."""

from __future__ import annotations

from typing import Any

from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from ficha import Decision, Session, respond_to
from ficha.django.requests import decide as django_decide


class Principal:
    """The caller as ``request.user``, for services that have no user table."""

    is_authenticated = True
    is_anonymous = False
    is_active = True
    is_staff = False
    is_superuser = False

    def __init__(self, session: Session) -> None:
        """Stand for the principal of a live session."""
        self.session = session
        self.pk = self.id = self.username = session.principal
        self.roles = session.roles
        self.scopes = session.scopes

    def __str__(self) -> str:
        """Return the principal's name."""
        return self.username

    def __eq__(self, other: object) -> bool:
        """Principals are equal by name."""
        return isinstance(other, Principal) and other.pk == self.pk

    def __hash__(self) -> int:
        """Return the hash of the name."""
        return hash(self.pk)

    def get_username(self) -> str:
        """Return the principal's name."""
        return self.username

    def has_role(self, role: str) -> bool:
        """Whether the session has the role."""
        return self.session.has_role(role)

    def has_scope(self, scope: str) -> bool:
        """Whether the session has the scope."""
        return self.session.has_scope(scope)


class Refused(exceptions.APIException):
    """A decision other than allow, with its status and its headers."""

    default_detail = "The request was refused."

    def __init__(self, decision: Decision) -> None:
        """Carry what the client may know."""
        answer = respond_to(decision)
        super().__init__(detail=answer.message, code=answer.code)
        # DRF gives every exception a body, which 204 must not have.
        self.status_code = answer.status if answer.body else 200
        headers = dict(answer.headers)
        if "WWW-Authenticate" in headers:
            self.auth_header = headers["WWW-Authenticate"]
        if "Retry-After" in headers:
            self.wait = int(headers["Retry-After"])


# What exceptions of DRF's say themselves.
_BY_DRF = frozenset({"WWW-Authenticate", "Retry-After"})


class FichaAuthentication(BaseAuthentication):
    """The policy decides, with or without FichaMiddleware; ``request.auth`` is the session.

    CSRF is part of the decision. Override get_user() to map principals to a user table.
    """

    def authenticate(self, request: Request) -> tuple[Any, Session] | None:
        """Return (user, session), or None for an anonymous request that the policy allows."""
        decision = decide(request)
        if not decision.allowed:
            raise Refused(decision)
        if decision.session is None or decision.session.anonymous:
            return None
        return self.get_user(decision.session), decision.session

    def get_user(self, session: Session) -> Any:
        """Return what becomes ``request.user``."""
        return Principal(session)

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge; without one, DRF would answer 403 for 401."""
        return "Bearer"


def decide(request: Request) -> Decision:
    """Return the decision on a request, made once."""
    first = getattr(request._request, "ficha", None) is None
    decision = django_decide(request._request)
    if first:
        _add_headers(request, decision)
    return decision


def _add_headers(request: Request, decision: Decision) -> None:
    # Without FichaMiddleware nobody else adds them: Vary, and what applications of other origins need.
    headers = response_headers((request.parser_context or {}).get("view"))
    for name, value in decision.headers:
        if name == "Vary":
            headers["Vary"] = ", ".join(filter(None, (headers.get("Vary"), value)))
        elif name not in _BY_DRF:
            headers[name] = value


def response_headers(view: object) -> dict[str, str]:
    """Return what an APIView adds to its response, whatever that is; nothing comes of it for other callers."""
    headers: dict[str, str] = getattr(view, "headers", {})
    return headers

"""From sessions to users, and back."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, Group, User
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject
from rest_framework import exceptions
from rest_framework.request import Request

from accounts.throttle import client_address
from ficha import Session
from ficha.django import Identity, get_client, login
from ficha.drf import FichaAuthentication, Principal


class UserAuthentication(FichaAuthentication):
    """The session's principal is the name of a user in this service's database."""

    def get_user(self, session: Session) -> User | Principal:
        """Return the user; one who was deleted or locked is nobody. An application's own session has no user."""
        if session.principal.startswith("client:"):
            return Principal(session)
        user = User.objects.filter(username=session.principal, is_active=True).first()
        if user is None:
            raise exceptions.AuthenticationFailed
        return user


class UserMiddleware:
    """Gives views without REST framework, those of the OAuth toolkit, their ``request.user``: who logged in here."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Wrap the views."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Look the user up when a view asks."""
        request.user = SimpleLazyObject(lambda: _user_of(request))  # type: ignore[assignment]
        return self.get_response(request)


def _user_of(request: HttpRequest) -> User | AnonymousUser:
    session: Session | None = request.ficha.session  # type: ignore[attr-defined]
    # A token given to an application is not its user: who approves further applications has logged in.
    if session is None or not session.has_scope("account"):
        return AnonymousUser()
    return User.objects.filter(username=session.principal, is_active=True).first() or AnonymousUser()


def roles_of(user: User) -> tuple[str, ...]:
    """Return the names of the user's groups, sorted."""
    return tuple(sorted(user.groups.values_list("name", flat=True)))


def start_session(request: Request, user: User) -> Session:
    """Make this the session of a user who has just given the password: a new token, the old one dead."""
    roles = roles_of(user)
    device = (client_address(request), request.headers.get("User-Agent", ""))
    login(request._request, Identity(user.username, roles, settings.LOGIN_SCOPES, level=1, device=device))
    session: Session = request.session.snapshot
    current = roles_of(user)
    if current != roles:  # assigned while the session came into being, too late for assign_roles() to see it
        get_client().patch(session, roles=current)
    return session


def assign_roles(user: User, roles: list[str]) -> None:
    """Change a user's roles, in the database and in every live session: they count at once.

    Raises StoreError when the sessions could not be changed; the roles are then assigned all the same, and assigning
    them again completes it.
    """
    user.groups.set(Group.objects.filter(name__in=roles))
    get_client().patch_principal(user.username, roles=roles)

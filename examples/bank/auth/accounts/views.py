"""Registration, login, logout, devices, roles."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.models import Group, User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as PasswordRejected
from django.db import IntegrityError, transaction
from django.shortcuts import get_object_or_404
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import throttle
from accounts.authentication import assign_roles, roles_of, start_session
from bank_service.views import describe
from ficha import Session
from ficha.django import get_client
from ficha.drf import HasRole


class WrongPassword(exceptions.AuthenticationFailed):
    """Name or password is wrong: which one, nobody learns."""

    default_detail = "Name or password is wrong."
    default_code = "wrong_password"


class NameTaken(exceptions.APIException):
    """Somebody has this name already."""

    status_code = 409
    default_detail = "This name is taken."
    default_code = "name_taken"


class Credentials(serializers.Serializer[Any]):
    """A name and a password."""

    username = serializers.RegexField(r"^[\w.@+-]+$", max_length=150)
    password = serializers.CharField(max_length=128, trim_whitespace=False)


class Password(serializers.Serializer[Any]):
    """A password."""

    password = serializers.CharField(max_length=128, trim_whitespace=False)


class Roles(serializers.Serializer[Any]):
    """Roles by name."""

    roles = serializers.ListField(child=serializers.ChoiceField(choices=settings.ROLES))


def validated(kind: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """Return the request's body, checked."""
    serializer = kind(data=request.data)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def check_password(request: Request, username: str, password: str) -> User:
    """Return the user; raises Throttled, or WrongPassword after as much work for an unknown name as for a known one."""
    attempt = throttle.attempt(request, username)
    user = authenticate(request._request, username=username, password=password)
    if not isinstance(user, User):
        raise WrongPassword
    attempt.succeeded()
    return user


class Open(APIView):
    """A view for those who are nobody yet."""

    permission_classes = ()


class RegisterView(Open):
    """New users."""

    def post(self, request: Request) -> Response:
        """Make one."""
        credentials = validated(Credentials, request)
        attempt = throttle.attempt(request)
        user = User(username=credentials["username"])
        try:
            validate_password(credentials["password"], user)
        except PasswordRejected as error:
            raise serializers.ValidationError({"password": error.messages}) from None
        user.set_password(credentials["password"])
        try:
            with transaction.atomic():
                user.save(force_insert=True)
                user.groups.set(Group.objects.filter(name=settings.FIRST_ROLE))
        except IntegrityError:
            raise NameTaken from None
        attempt.succeeded()
        return Response({"username": user.username, "roles": roles_of(user)}, status=201)


class LoginView(Open):
    """Where sessions come from."""

    def post(self, request: Request) -> Response:
        """Log in. Always a new token, whatever the client sent."""
        user = check_password(request, **validated(Credentials, request))
        return Response(describe(start_session(request, user)))


class StepUpView(APIView):
    """The password once more, for what needs a recent login."""

    def post(self, request: Request) -> Response:
        """Renew the login: the same session under a new token."""
        password = validated(Password, request)["password"]
        user = check_password(request, request.user.username, password)
        return Response(describe(start_session(request, user)))


class LogoutView(APIView):
    """The end of this session."""

    def post(self, request: Request) -> Response:
        """Revoke it; not said to be done before Redis says so."""
        request.session.flush()
        return Response(status=204)


class LogoutEverywhereView(APIView):
    """The end of all sessions of the user."""

    def post(self, request: Request) -> Response:
        """Revoke them."""
        get_client().revoke_principal(request.auth.principal)
        request.session.flush()
        return Response(status=204)


class DevicesView(APIView):
    """Where the user is logged in, and the applications that act for the user."""

    def get(self, request: Request) -> Response:
        """List the sessions, oldest first."""
        sessions = get_client().list(request.auth.principal)
        return Response([self.describe(session, request.auth) for session in sessions])

    def describe(self, session: Session, own: Session) -> dict[str, Any]:
        """Return what a user may want to know of a session."""
        address, user_agent = session.device
        return {
            "id": session.id,
            "device": user_agent,
            "address": address,
            "created_at": session.created_at,
            "last_seen_at": session.idle_deadline - session.idle_seconds,
            "current": session.id == own.id,
        }


class DeviceView(APIView):
    """One of them."""

    def delete(self, request: Request, session_id: str) -> Response:
        """End it."""
        if session_id == request.auth.id:
            request.session.flush()
            return Response(status=204)
        if all(session.id != session_id for session in get_client().list(request.auth.principal)):
            raise exceptions.NotFound
        get_client().revoke(session_id)
        return Response(status=204)


class UsersView(APIView):
    """For administrators: who there is."""

    permission_classes = (HasRole("admin"),)

    def get(self, request: Request) -> Response:
        """List the users and their roles."""
        users = User.objects.order_by("username").prefetch_related("groups")
        return Response([_summary(user) for user in users])


class RolesView(APIView):
    """For administrators: what somebody may do."""

    permission_classes = (HasRole("admin"),)

    def put(self, request: Request, username: str) -> Response:
        """Assign roles; they count in the user's live sessions before the answer is here."""
        user = get_object_or_404(User, username=username)
        roles = sorted(set(validated(Roles, request)["roles"]))
        if user == request.user and "admin" not in roles:
            raise serializers.ValidationError({"roles": ["Administrators cannot take this role from themselves."]})
        assign_roles(user, roles)
        return Response(_summary(user))


def _summary(user: User) -> dict[str, Any]:
    return {"username": user.username, "roles": sorted(group.name for group in user.groups.all())}

"""The packages' own views, and a few that use the session and store what came with the request."""

from __future__ import annotations

from typing import Any

import django_otp
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import include, path
from rest_framework.decorators import api_view, authentication_classes, permission_classes


def who(request: HttpRequest) -> JsonResponse:
    user: Any = request.user
    verified = user.is_authenticated and user.is_verified()
    return JsonResponse({"user": user.get_username(), "verified": verified, "theme": request.session.get("theme")})


def put(request: HttpRequest) -> HttpResponse:
    request.session["theme"] = request.GET["theme"]
    return HttpResponse()


def second_factor(request: HttpRequest) -> JsonResponse:
    device = django_otp.match_token(request.user, request.GET["token"])
    if device is not None:
        django_otp.login(request, device)
    return JsonResponse({"device": device is not None})


@login_required
def members(request: HttpRequest) -> HttpResponse:
    return HttpResponse("members")


def everything(request: Any) -> dict[str, Any]:
    """All that a careless application keeps of a request, to come back to it after a login."""
    return {
        "meta": {key: value for key, value in request.META.items() if isinstance(value, str)},
        "headers": dict(request.headers),
        "cookies": dict(request.COOKIES),
        "url": request.build_absolute_uri(),
    }


def remember(request: HttpRequest) -> HttpResponse:
    request.session["saved_request"] = everything(request)
    messages.info(request, f"you came from {request.get_full_path()} with {dict(request.headers)}")
    return HttpResponse()


@api_view(["GET"])
@authentication_classes([])
@permission_classes([])
def api_remember(request: Any) -> HttpResponse:
    request._request.session["saved_call"] = everything(request)
    return HttpResponse()


urlpatterns = [
    path("who", who),
    path("put", put),
    path("second-factor", second_factor),
    path("members", members),
    path("remember", remember),
    path("api/remember", api_remember),
    path("plain/login", LoginView.as_view(template_name="account/login.html")),
    path("plain/logout", LogoutView.as_view()),
    path("accounts/", include("allauth.urls")),
    path("hijack/", include("hijack.urls")),
]

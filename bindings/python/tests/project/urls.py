"""Views that read, change, log in and out, synchronous and asynchronous."""

from __future__ import annotations

import json
from typing import Any, cast

from asgiref.sync import sync_to_async
from django.contrib import admin, messages
from django.contrib.auth import authenticate, get_user_model, update_session_auth_hash
from django.contrib.auth import login as auth_login
from django.contrib.auth import logout as auth_logout
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

from ficha.django import Identity, alogin, arevoke_other_sessions, login, require, revoke_other_sessions
from ficha.django.sessions import SessionStore


def show(request: HttpRequest) -> JsonResponse:
    return JsonResponse(dict(request.session.items()))


def plain(request: HttpRequest) -> HttpResponse:
    return HttpResponse("no session here")


def put(request: HttpRequest) -> JsonResponse:
    for name, value in request.GET.items():
        request.session[name] = json.loads(str(value))
    return JsonResponse(dict(request.session.items()))


def append(request: HttpRequest) -> HttpResponse:
    """Changes inside of a value, without telling the session."""
    request.session["list"].append(request.GET["value"])
    return HttpResponse()


def count(request: HttpRequest) -> JsonResponse:
    request.session["count"] = request.session.get("count", 0) + 1
    return JsonResponse({"count": request.session["count"], "owner": request.session.get("owner")})


def empty(request: HttpRequest) -> HttpResponse:
    request.session["x"] = 1
    del request.session["x"]
    return HttpResponse()


def enter(request: HttpRequest) -> HttpResponse:
    user = authenticate(request, username=request.GET["name"], password="password")
    assert user is not None
    auth_login(request, user)
    if "expiry" in request.GET:
        request.session.set_expiry(int(request.GET["expiry"]))
    messages.success(request, "welcome")
    return HttpResponse()


def enter_without_user(request: HttpRequest) -> HttpResponse:
    device = (request.META["REMOTE_ADDR"], request.headers.get("User-Agent", ""))
    login(request, Identity(request.GET["name"], roles=tuple(request.GET.getlist("role")), device=device))
    return HttpResponse()


def leave(request: HttpRequest) -> HttpResponse:
    auth_logout(request)
    return HttpResponse()


def expire(request: HttpRequest) -> HttpResponse:
    request.session.set_expiry(json.loads(request.GET["expiry"]))
    return HttpResponse()


def change_password(request: HttpRequest) -> JsonResponse:
    user = cast(Any, request.user)
    user.set_password("password")
    user.save()
    update_session_auth_hash(request, user)
    return JsonResponse({"revoked": revoke_other_sessions(request)})


def who(request: HttpRequest) -> JsonResponse:
    stored = cast(SessionStore, request.session).snapshot
    return JsonResponse(
        {
            "user": request.user.get_username(),
            "principal": stored.principal if stored else None,
            "roles": stored.roles if stored else None,
            "messages": [str(message) for message in messages.get_messages(request)],
        }
    )


def fail_after_rotation(request: HttpRequest) -> HttpResponse:
    request.session.cycle_key()
    raise RuntimeError("the view fails")


@require(roles=["teller"])
def tellers_only(request: HttpRequest) -> HttpResponse:
    return HttpResponse("cash")


@require(roles=["teller"])
async def async_tellers_only(request: HttpRequest) -> HttpResponse:
    return HttpResponse("cash")


async def async_put(request: HttpRequest) -> JsonResponse:
    session = cast(Any, request.session)
    for name, value in request.GET.items():
        await session.aset(name, json.loads(str(value)))
    return JsonResponse(dict(await session.aitems()))


async def async_show(request: HttpRequest) -> JsonResponse:
    return JsonResponse(dict(await cast(Any, request.session).aitems()))


async def async_enter(request: HttpRequest) -> HttpResponse:
    await alogin(request, Identity(request.GET["name"]))
    return HttpResponse()


async def django_alogin(request: HttpRequest) -> HttpResponse:
    from django.contrib import auth

    user = await cast(Any, get_user_model().objects).aget(username=request.GET["name"])
    enter_user: Any = getattr(auth, "alogin", None) or sync_to_async(auth_login)
    await enter_user(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return HttpResponse()


async def async_revoke_others(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"revoked": await arevoke_other_sessions(request)})


def make_user(request: HttpRequest) -> HttpResponse:
    cast(Any, get_user_model().objects).create_user(request.GET["name"], password="password")
    return HttpResponse()


urlpatterns = [
    path("admin/", admin.site.urls),
    path("show", show),
    path("plain", plain),
    path("put", put),
    path("append", append),
    path("count", count),
    path("empty", empty),
    path("enter", enter),
    path("enter-without-user", enter_without_user),
    path("leave", leave),
    path("expire", expire),
    path("change-password", change_password),
    path("who", who),
    path("fail-after-rotation", fail_after_rotation),
    path("tellers-only", tellers_only),
    path("async-tellers-only", async_tellers_only),
    path("async-put", async_put),
    path("async-show", async_show),
    path("async-enter", async_enter),
    path("django-alogin", django_alogin),
    path("make-user", make_user),
    path("async-revoke-others", async_revoke_others),
    path("nobody", show),
    path("private/page", show),
    path("tellers/page", show),
    path("recent", show),
]

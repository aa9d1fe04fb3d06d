"""What applications write, for mypy --strict and pyright in its strict mode; nothing here runs."""

from __future__ import annotations

from django.http import HttpResponse
from typing_extensions import assert_type

import ficha
import ficha.django
import ficha.starlette
from ficha.django.sessions import SessionStore


def django_view(request: ficha.django.Request) -> HttpResponse:
    assert_type(request.session, SessionStore)
    assert_type(request.ficha, ficha.Decision)
    request.session.put("pref", "theme", "dark")
    request.session["cart"] = [*request.session.get("cart", []), "book"]
    session = request.session.snapshot
    assert_type(request.session.session_key, str | None)
    return HttpResponse(session.principal if session else "")


@ficha.django.require(roles=["teller"])
def guarded(request: ficha.django.Request) -> HttpResponse:
    ficha.django.login(request, ficha.django.Identity("alice"))
    return HttpResponse(request.ficha.reason)


async def starlette_handler(request: ficha.starlette.Request) -> str:
    session = await request.session.login("alice", roles=["customer"])
    assert_type(session, ficha.Session)
    request.session["cart"] = ["book"]
    assert_type(ficha.starlette.decision(request), ficha.Decision)
    await request.session.logout()
    return session.principal

"""What wire.json asks, in Django and DRF."""

from __future__ import annotations

from typing import Any

import serving
from django.http import HttpRequest, JsonResponse
from ficha import Client
from ficha.django import Identity, get_client
from ficha.django import login as log_in


def see(request: HttpRequest) -> dict[str, Any]:
    """Return what the request shows of itself."""
    decision = getattr(request, "ficha", None)
    return serving.seen_of_environ(decision.session if decision is not None else None, environ_of(request))


def environ_of(request: HttpRequest) -> dict[str, Any]:
    """Return META with the path that the view was found by."""
    return {**request.META, "PATH_INFO": request.path_info.encode().decode("latin-1")}


def act(request: HttpRequest, action: str, login: str) -> None:
    """Do what the last segment of the path says."""
    session: Any = request.session
    if action == "put":
        session["kept"] = 1
    elif action == "login":
        log_in(request, Identity(login))
    elif action == "logout":
        session.flush()
    elif action in serving.UNFIT:
        session.update(serving.UNFIT[action])
    elif action == "away":
        with Client(serving.AWAY) as away:
            away.create()
    elif action == "gone":
        session["kept"] = 1
        get_client().revoke(request.ficha.session)  # type: ignore[attr-defined]


def wire(request: HttpRequest, action: str) -> JsonResponse:
    """Act on the session, and say what was seen."""
    act(request, action, request.headers.get("X-Login", "wanda"))
    return JsonResponse(see(request))

"""Errors as JSON {"error", "message"}, whoever refuses: the policy, Django or a view. Statuses and headers stay."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from ficha import FichaError

_MESSAGES = {
    "unauthenticated": "Log in first.",
    "reauthenticate": "This needs a more recent login: confirm your password.",
    "forbidden": "You may not do this.",
    "bad_request": "The request is ambiguous.",
    "method_not_allowed": "This cannot be done here.",
    "unavailable": "The session store cannot be reached. Try again.",
    "not_found": "There is nothing here.",
    "internal": "Something went wrong.",
}
_NAMES = {
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    500: "internal",
    503: "unavailable",
}


def error_response(status: int, name: str = "") -> JsonResponse:
    """Return an error of a status, with the words for it."""
    name = name or _NAMES.get(status, HTTPStatus(status).phrase.lower().replace(" ", "_"))
    return JsonResponse({"error": name, "message": _MESSAGES.get(name, HTTPStatus(status).phrase + ".")}, status=status)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer for a path without a view; Django's handler404."""
    return error_response(404)


def internal(request: HttpRequest) -> HttpResponse:
    """Answer for a view that failed; Django's handler500."""
    return error_response(500)


class JsonErrors:
    """Gives refusals that are plain text a JSON body: those of the middleware, before any view."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Wrap the other middleware."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, and translate."""
        response = self.get_response(request)
        if response.status_code >= 400 and response.headers.get("Content-Type", "").startswith("text/plain"):
            decision = getattr(request, "ficha", None)
            denied = decision is not None and not decision.allowed
            body = error_response(response.status_code, decision.verdict if denied else "")
            response.content = body.content
            response.headers["Content-Type"] = body.headers["Content-Type"]
        return response


def respond(exception: Exception, context: dict[str, Any]) -> Response | None:
    """Answer for what a view raised; the EXCEPTION_HANDLER of Django REST Framework."""
    if isinstance(exception, FichaError):
        exception = _refusal(exception)
    response = exception_handler(exception, context)
    if response is None or not isinstance(exception, exceptions.APIException):
        return response
    code = exception.get_codes()
    name = code if isinstance(code, str) else "invalid"
    if isinstance(exception, (exceptions.NotAuthenticated, exceptions.PermissionDenied)):
        name = _NAMES[response.status_code]
    response.data = {"error": name, "message": _MESSAGES.get(name) or _words(exception.detail)}
    return response


def _refusal(error: FichaError) -> exceptions.APIException:
    refusal = exceptions.APIException(str(error), error.name)
    refusal.status_code = error.http_status or 500
    if refusal.status_code == 401:
        refusal.auth_header = 'Bearer error="invalid_token"'  # type: ignore[attr-defined]
    if refusal.status_code == 503:
        refusal = exceptions.APIException(_MESSAGES["unavailable"], "unavailable")
        refusal.status_code = 503
        refusal.wait = 1  # type: ignore[attr-defined]
    return refusal


def _words(detail: Any) -> str:
    if isinstance(detail, dict):
        return " ".join(f"{field}: {_words(value)}" for field, value in detail.items())
    return " ".join(map(str, detail)) if isinstance(detail, list) else str(detail)

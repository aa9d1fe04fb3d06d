"""Django's and its views' errors as JSON {"error", "message"}, as Ficha's are."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from ficha import FichaError, respond_to

_MESSAGES = {
    "unauthenticated": "log in first",
    "forbidden": "you may not do this",
    "method_not_allowed": "this cannot be done here",
    "not_found": "there is nothing here",
    "internal": "something went wrong here",
}
_NAMES = {
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    500: "internal",
}


def _error_response(status: int) -> JsonResponse:
    name = _NAMES[status]
    return JsonResponse({"error": name, "message": _MESSAGES[name]}, status=status)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer for a path without a view; Django's handler404."""
    return _error_response(404)


def internal(request: HttpRequest) -> HttpResponse:
    """Answer for a view that failed; Django's handler500."""
    return _error_response(500)


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
    answer = respond_to(error)
    refusal = exceptions.APIException(answer.message, answer.code)
    refusal.status_code = answer.status
    headers = dict(answer.headers)
    if "WWW-Authenticate" in headers:
        refusal.auth_header = headers["WWW-Authenticate"]  # type: ignore[attr-defined]
    if "Retry-After" in headers:
        refusal.wait = int(headers["Retry-After"])  # type: ignore[attr-defined]
    return refusal


def _words(detail: Any) -> str:
    if isinstance(detail, dict):
        return " ".join(f"{field}: {_words(value)}" for field, value in detail.items())
    return " ".join(map(str, detail)) if isinstance(detail, list) else str(detail)

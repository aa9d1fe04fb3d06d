"""The handlers in Django REST Framework: view sets of the default router, with its suffixes, and single views."""

from __future__ import annotations

from typing import Any

from django.urls import include, path
from django_wire import act, see
from rest_framework.response import Response
from rest_framework.routers import DefaultRouter
from rest_framework.urlpatterns import format_suffix_patterns
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet


def _labelled(label: str) -> Any:
    def handler(self: Any, request: Any, **parameters: Any) -> Response:
        return Response({}, headers={"X-Handler": label})

    return handler


class Secret(ViewSet):
    """For staff."""

    list = create = retrieve = update = destroy = _labelled("secret")


class Items(ViewSet):
    """Anybody may read."""

    list, create = _labelled("items_read"), _labelled("items_write")


class Users(ViewSet):
    """For whoever is known."""

    list = retrieve = _labelled("users")


def _view(label: str) -> Any:
    handler = _labelled(label)
    return type(label, (APIView,), {"get": handler, "post": handler}).as_view()


class Wire(APIView):
    """What wire.json asks."""

    def get(self, request: Any, action: str) -> Response:
        """Act on the session, and say what was seen."""
        act(request._request, action, request.headers.get("X-Login", "wanda"))
        return Response(see(request._request))

    post = get


router = DefaultRouter(trailing_slash=False)
router.register("secret", Secret, basename="secret")
router.register("items", Items, basename="items")
router.register("users", Users, basename="users")

single = [
    path("Capital/x", _view("capital")),
    path("account/x", _view("account")),
    path("closed/x", _view("closed")),
]
urlpatterns = [
    path("", _view("public")),
    path("public/<path:rest>", _view("public")),
    path("wire/<action>", Wire.as_view()),
    *format_suffix_patterns(single),
    path("", include(router.urls)),
]

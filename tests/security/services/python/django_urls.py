"""The handlers in plain Django."""

from __future__ import annotations

from typing import Any

from django.conf.urls.i18n import i18n_patterns
from django.http import HttpRequest, HttpResponse
from django.urls import include, path, re_path
from django_wire import wire


def labelled(label: str) -> Any:
    """Return a handler that names itself first."""

    def view(request: HttpRequest, **parameters: Any) -> HttpResponse:
        return HttpResponse(label, headers={"X-Handler": label})

    return view


secret, account = labelled("secret"), labelled("account")
items_read, items_write = labelled("items_read"), labelled("items_write")


def items(request: HttpRequest) -> HttpResponse:
    """Tell reading from writing, as views of several methods do."""
    handler: HttpResponse = (items_write if request.method == "POST" else items_read)(request)
    return handler


urlpatterns = [
    path("secret", secret),
    re_path(r"(?i)^secret/any/case$", secret),
    path("secret/", include([path("<int:number>", secret), path("deep/", include([path("er", secret)]))])),
    path("Capital/x", labelled("capital")),
    path("account/x", account),
    path("items", items),
    path("users", labelled("users")),
    path("users/<int:number>", labelled("users")),
    path("closed/x", labelled("closed")),
    path("public/slash/", labelled("public")),
    path("wire/<action>", wire),
    path("public/<path:rest>", labelled("public")),
    path("", labelled("public")),
    *i18n_patterns(path("secret", secret), path("account/x", account)),
]

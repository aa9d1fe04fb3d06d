"""OAuth 2: the page that asks the user, and what is there to know about a token."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import View
from oauth2_provider.views import AuthorizationView as ToolkitAuthorizationView
from oauth2_provider.views.mixins import OAuthLibMixin

from accounts.models import Application
from accounts.oauth import application_of
from ficha import Session
from ficha.django import get_client

# The page has no scripts and no frame around it; its form ends at the application's own address.
_PAGE_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'"


class AuthorizationView(ToolkitAuthorizationView):
    """Asks a user who has logged in whether an application may act for them."""

    http_method_names = ("get", "head", "post", "options")  # the form's class would take PUT, too

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer; never from a cache."""
        response = super().dispatch(request, *args, **kwargs)
        response.headers["Content-Security-Policy"] = _PAGE_POLICY
        response.headers["Cache-Control"] = "no-store"
        return response


class IntrospectionView(OAuthLibMixin, View):
    """What is known of a token (RFC 7662), for the services that are registered to ask."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Say what every service would say: this asks Redis, not the near cache."""
        client = self.get_oauthlib_core().authenticated_client(request)
        if client is None:
            return JsonResponse({"error": "invalid_client"}, status=401, headers={"WWW-Authenticate": "Basic"})
        if not client.may_introspect:
            return JsonResponse({"error": "unauthorized_client"}, status=403)
        token = request.POST.get("token")
        if token is None:
            return JsonResponse({"error": "invalid_request"}, status=400)
        session = get_client().load(token, touch=False, fresh=True)
        answer = {"active": False} if session is None else _facts(session, application_of(token))
        return JsonResponse(answer, headers={"Cache-Control": "no-store"})


def _facts(session: Session, application: Application | None) -> dict[str, Any]:
    facts = {
        "active": True,
        "token_type": "Bearer",
        "scope": " ".join(session.scopes),
        "sub": session.principal,
        "iat": session.created_at,
        "exp": session.expires_at,
    }
    if application is not None:
        facts["client_id"] = application.client_id
    return facts

"""Django REST Framework: status codes, challenges, permissions, the OpenAPI document."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import path
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import BrowsableAPIRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import UserRateThrottle
from rest_framework.views import APIView

from ficha.django import get_client
from ficha.drf import FichaAuthentication, HasRole, HasScope, PolicyPermission

pytestmark = pytest.mark.usefixtures("store", "urls")


class Who(APIView):
    authentication_classes = (FichaAuthentication,)
    permission_classes: Any = ()
    schema = AutoSchema()

    def get(self, request: Request) -> Response:
        user: Any = request.user
        return Response({"user": str(user), "authenticated": user.is_authenticated})

    def post(self, request: Request) -> Response:
        return Response({"user": str(request.user)})


class Known(Who):
    permission_classes = (IsAuthenticated,)


class Tellers(Who):
    permission_classes = (HasRole("teller", "manager"),)


class Both(Who):
    permission_classes = (HasRole("teller") & HasScope("cash:read", "cash:write"),)


class Either(Who):
    permission_classes = (HasRole("manager") | HasScope("cash:read"),)


class Recent(Who):
    permission_classes = (PolicyPermission(level=1, max_auth_age=300),)


class Throttled(Who):
    throttle_classes = (UserRateThrottle,)


class Browsable(Who):
    renderer_classes = (BrowsableAPIRenderer,)


urlpatterns = [
    path("throttled", Throttled.as_view()),
    path("browsable", Browsable.as_view()),
    path("who", Who.as_view()),
    path("known", Known.as_view()),
    path("tellers-view", Tellers.as_view()),
    path("both", Both.as_view()),
    path("either", Either.as_view()),
    path("private/x", Who.as_view()),
    path("recent-view", Recent.as_view()),
]


@pytest.fixture
def urls(settings: Any) -> None:
    settings.ROOT_URLCONF = __name__


def call(path: str, token: str | None = None, method: str = "get") -> Any:
    headers = {"HTTP_AUTHORIZATION": f"Bearer {token}"} if token else {}
    return getattr(Client(), method)(path, **headers)


def session(**options: Any) -> str:
    return str(get_client().create("alice", **options).token)


def test_anonymous_is_allowed_where_the_view_allows_it() -> None:
    assert call("/who").json() == {"user": "AnonymousUser", "authenticated": False}


def test_the_caller_is_a_principal_without_a_user_table() -> None:
    assert call("/who", session()).json() == {"user": "alice", "authenticated": True}


def test_no_credential_is_401_with_a_challenge_and_not_403() -> None:
    response = call("/known")
    assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_the_words_of_a_refusal_are_those_of_every_other_host() -> None:
    assert call("/private/x").json() == {"detail": "log in first"}


def test_a_dead_token_is_401_with_the_reason_the_client_may_know() -> None:
    response = call("/private/x", "fch1_" + "A" * 51)
    assert response.status_code == 401
    assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]


def test_roles_and_scopes() -> None:
    assert call("/tellers-view", session()).status_code == 403
    assert call("/tellers-view", session(roles=["manager"])).status_code == 200
    assert call("/both", session(roles=["teller"], scopes=["cash:read"])).status_code == 403
    assert call("/both", session(roles=["teller"], scopes=["cash:read", "cash:write"])).status_code == 200
    response = call("/both", session(roles=["teller"], scopes=["cash:read"]))
    assert 'error="insufficient_scope"' in response.headers["WWW-Authenticate"]
    response = call("/either", session(scopes=["cash:read"]))
    assert (response.status_code, response.headers.get("WWW-Authenticate")) == (200, None)
    assert call("/either", session()).status_code == 403


def ends(get_response: Any) -> Any:
    """Middleware that logs out."""

    def middleware(request: Any) -> Any:
        request.session.flush()
        return get_response(request)

    return middleware


@pytest.mark.parametrize("carrier", ["cookie", "bearer"])
def test_a_session_that_this_request_has_ended_authenticates_nobody(settings: Any, carrier: str) -> None:
    first, *others = settings.MIDDLEWARE
    settings.MIDDLEWARE = [first, "ficha.django.FichaMiddleware", f"{__name__}.ends", *others]

    def call(path: str) -> Any:
        value = session(roles=["teller"])
        headers: Any = {"HTTP_AUTHORIZATION": f"Bearer {value}"}
        if carrier == "cookie":
            headers = {"HTTP_COOKIE": f"{settings.SESSION_COOKIE_NAME}={value}"}
        return Client().get(path, **headers)

    assert call("/who").json() == {"user": "AnonymousUser", "authenticated": False}
    assert call("/tellers-view").status_code == call("/known").status_code == 401


def test_an_old_or_weak_authentication_is_asked_for_again() -> None:
    assert call("/recent-view", session(level=1)).status_code == 200
    response = call("/recent-view", session(level=0))
    assert response.status_code == 401
    assert "insufficient_user_authentication" in response.headers["WWW-Authenticate"]
    assert call("/recent-view", session(level=1, authenticated=False)).status_code == 401


def test_a_foreign_page_cannot_use_the_cookie(settings: Any) -> None:
    settings.FICHA = {**settings.FICHA, "csrf": {"mode": "origin"}}
    browser = Client()
    browser.cookies["sessionid"] = session()
    assert browser.post("/who").status_code == 403
    assert browser.post("/who", HTTP_SEC_FETCH_SITE="cross-site").status_code == 403
    assert browser.post("/who", HTTP_SEC_FETCH_SITE="same-origin").status_code == 200
    assert call("/who", session(), "post").status_code == 200


def test_an_outage_is_503_and_not_401(settings: Any) -> None:
    token = session()
    settings.FICHA = {**settings.FICHA, "redis": {"url": "redis://127.0.0.1:1/0"}}
    response = call("/known", token)
    assert response.status_code == 503
    assert response.headers["Retry-After"]


def test_caches_are_told_that_the_answer_depends_on_the_cookie() -> None:
    browser = Client()
    browser.cookies["sessionid"] = session()
    response = browser.get("/who")
    assert response.json()["user"] == "alice"
    assert "Cookie" in response.headers["Vary"].split(", ")
    assert "Cookie" in call("/known").headers["Vary"].split(", ")


def test_a_principal_is_throttled_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(UserRateThrottle, "rate", "1/day", raising=False)
    one, two, other = session(), session(), str(get_client().create("bob").token)
    assert [call("/throttled", token).status_code for token in (one, two, other)] == [200, 429, 200]
    cache.clear()


def test_the_browsable_api_shows_the_principal(settings: Any) -> None:
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "rest_framework"]
    response = call("/browsable", session())
    assert response.status_code == 200
    assert b"alice" in response.content


def test_the_openapi_document_names_cookie_and_bearer() -> None:
    generator: Any = SchemaGenerator  # untyped
    schema = generator(patterns=[path("who", Known.as_view())]).get_schema(request=None, public=True)
    assert schema["paths"]["/who"]["get"]["security"] == [{"fichaCookie": []}, {"fichaBearer": []}]
    schemes = schema["components"]["securitySchemes"]
    assert schemes["fichaCookie"] == {"type": "apiKey", "in": "cookie", "name": "sessionid"}
    assert schemes["fichaBearer"] == {"type": "http", "scheme": "bearer"}

"""What Django routes by is what is judged: script names, rewriting middleware, languages, suffixes; the listing."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.core.management import CommandError, call_command
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client
from django.urls import clear_url_caches, include, path, re_path
from django.utils import translation
from django.utils.functional import lazy
from django.views.generic import TemplateView
from rest_framework.response import Response
from rest_framework.routers import DefaultRouter
from rest_framework.urlpatterns import format_suffix_patterns
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from ficha.django import get_client
from ficha.django.routes import from_regex, routes
from ficha.drf import FichaAuthentication
from ficha.routes import pattern_of

pytestmark = pytest.mark.usefixtures("routed")

RULES: list[dict[str, Any]] = [
    {"path": "/staff", "roles": ["staff"]},
    {"path": "/staff/**", "roles": ["staff"]},
    {"path": "/users", "allow": "authenticated"},
    {"path": "/users/**", "allow": "authenticated"},
    {"path": "/items", "methods": ["GET"], "allow": "anyone"},
    {"path": "/items", "methods": ["POST"], "roles": ["staff"]},
    {"path": "/admin/**", "roles": ["staff"]},
    {"path": "/**", "allow": "anyone"},
]


def ran(request: HttpRequest, **parameters: Any) -> HttpResponse:
    return HttpResponse(f"ran {request.method} {request.path_info}")


async def async_ran(request: HttpRequest) -> HttpResponse:
    return ran(request)


class Users(ViewSet):
    authentication_classes = (FichaAuthentication,)

    def list(self, request: Any, format: str | None = None) -> Response:
        return Response([])

    def retrieve(self, request: Any, pk: str, format: str | None = None) -> Response:
        return Response({})


class Single(APIView):
    authentication_classes = (FichaAuthentication,)

    def get(self, request: Any, format: str | None = None) -> Response:
        return Response({})


def other(request: HttpRequest) -> HttpResponse:
    return HttpResponse("other")


router = DefaultRouter(trailing_slash=False)
router.register("users", Users, basename="users")
urlpatterns = [
    path("staff/x", ran),
    path("staff/async", async_ran),
    path("public/x", other),
    path("items", ran),
    *format_suffix_patterns([path("staff/single", Single.as_view())]),
    path("", include(router.urls)),
    *i18n_patterns(path("staff/x", ran), path("public/y", other)),
]


def rewrite(get_response: Any) -> Any:
    def middleware(request: HttpRequest) -> Any:
        request.path_info = request.headers.get("X-Rewrite", request.path_info)
        request.method = request.headers.get("X-Method", request.method)
        return get_response(request)

    return middleware


class InEnglish:
    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        translation.activate("en")


BASE = [
    "ficha.django.SessionMiddleware",
    "ficha.django.FichaMiddleware",
    "test_django_routing.rewrite",
    "django.middleware.locale.LocaleMiddleware",
]


@pytest.fixture
def routed(store: None, settings: Any) -> None:
    settings.ROOT_URLCONF = __name__
    settings.LANGUAGE_CODE, settings.LANGUAGES = "en", [("en", "English"), ("de", "German")]
    settings.FICHA = {**settings.FICHA, "rule": RULES}
    settings.MIDDLEWARE = BASE


@pytest.fixture(autouse=True)
def usual_language() -> Any:
    yield
    translation.deactivate()


def bearer(role: str) -> dict[str, str]:
    return {"HTTP_AUTHORIZATION": f"Bearer {get_client().create(role, roles=[role]).token}"}


def status(target: str, method: str = "get", **fields: str) -> int:
    code: int = getattr(Client(), method)(target, **fields).status_code
    return code


# --- prefixes --------------------------------------------------------------------------------------------------------


def test_a_script_name_that_nobody_configured_is_refused() -> None:
    assert status("/staff/x", SCRIPT_NAME="/public") == 400
    assert status("/public/x", SCRIPT_NAME="/public") == 400


def test_a_configured_script_name_is_no_part_of_the_rules(settings: Any) -> None:
    settings.FICHA = {**settings.FICHA, "prefixes": ["/shop"]}
    assert status("/staff/x", SCRIPT_NAME="/shop") == 401
    assert status("/staff/x", SCRIPT_NAME="/shop", RAW_URI="/shop/staff/x") == 401
    assert status("/public/x", SCRIPT_NAME="/shop", RAW_URI="/shop/public/x") == 200


def test_force_script_name_is_a_prefix_by_itself(settings: Any) -> None:
    settings.FORCE_SCRIPT_NAME = "/shop/"
    assert get_client().config.prefixes == ["/shop"]
    settings.FORCE_SCRIPT_NAME = "/shop"
    assert status("/public/x") == 200
    assert status("/staff/x") == 401


async def test_a_root_path_is_judged_as_a_script_name_is(async_client: AsyncClient, settings: Any) -> None:
    async def asked(target: str) -> int:
        # Django's client has no root_path; the handler's own request does.
        async_client.defaults["root_path"] = "/api"
        code: int = (await async_client.get(target)).status_code
        return code

    assert await asked("/api/staff/x") == 400
    settings.FICHA = {**settings.FICHA, "prefixes": ["/api"]}
    assert await asked("/api/staff/x") == 401
    assert await asked("/api/public/x") == 200


def test_a_method_in_another_case_does_not_run_as_the_known_one() -> None:
    assert Client().generic("post", "/items").status_code == 400


# --- routed again ----------------------------------------------------------------------------------------------------


def test_what_a_middleware_rewrites_is_judged_where_it_is_routed() -> None:
    assert status("/public/x", HTTP_X_REWRITE="/staff/x") == 401
    assert status("/public/x", HTTP_X_REWRITE="/staff/async") == 401
    assert status("/public/x", HTTP_X_REWRITE="/STAFF/x") in (401, 404)
    assert status("/public/x", HTTP_X_REWRITE="/items") == 200
    assert status("/items", HTTP_X_METHOD="POST") == 401
    assert status("/public/x", HTTP_X_REWRITE="/staff/x", **bearer("staff")) == 200


async def test_in_an_asynchronous_chain_too(async_client: AsyncClient) -> None:
    response = await async_client.get("/public/x", headers={"X-Rewrite": "/staff/async"})
    assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert (await async_client.get("/public/x", headers={"X-Rewrite": "/items"})).status_code == 200


def test_a_language_prefix_is_no_way_around_a_rule() -> None:
    assert status("/de/staff/x") == 401
    assert status("/en/staff/x") == 401
    assert status("/de/staff/x", **bearer("staff")) == 200
    assert status("/de/public/y") == 200


def test_nor_where_middleware_has_changed_the_language_since(settings: Any) -> None:
    settings.MIDDLEWARE = ["test_django_routing.InEnglish", *BASE]
    assert status("/de/staff/x") == 401
    assert status("/de/public/y") == 200


def test_a_suffix_of_rest_framework_is_no_way_around_a_rule(settings: Any) -> None:
    for middleware in (BASE, [BASE[0]]):
        settings.MIDDLEWARE = middleware
        for target in ("/users", "/users.json", "/users/7", "/users/7.json", "/users.json/", "/staff/single.json"):
            assert status(target) == 401, target
        assert status("/users.json", **bearer("customer")) == 200
        assert status("/staff/single.json", **bearer("customer")) == 403
        assert status("/staff/single.json", **bearer("staff")) == 200


# --- CORS and methods ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("with_middleware", [True, False])
def test_a_browser_application_of_another_origin_is_served(settings: Any, with_middleware: bool) -> None:
    origin = "https://app.example"
    settings.FICHA = {**settings.FICHA, "cors": {"origins": [origin], "credentials": True}}
    settings.MIDDLEWARE = BASE if with_middleware else [BASE[0]]
    asked = {"HTTP_ORIGIN": origin, "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "GET"}
    preflight = Client().options("/users", **asked)  # type: ignore[arg-type]
    assert preflight.status_code == (204 if with_middleware else 200)
    assert preflight.headers["Access-Control-Allow-Origin"] == origin
    if with_middleware:
        assert preflight.content == b""
        assert "Content-Type" not in preflight.headers
    denied = Client().get("/users", HTTP_ORIGIN=origin)
    assert (denied.status_code, denied.headers["Access-Control-Allow-Origin"]) == (401, origin)
    allowed = Client().get("/users", HTTP_ORIGIN=origin, **bearer("customer"))  # type: ignore[arg-type]
    assert (allowed.status_code, allowed.headers["Access-Control-Allow-Origin"]) == (200, origin)
    assert "Origin" in allowed.headers["Vary"]


def test_a_method_that_no_rule_lists_is_405() -> None:
    response = Client().delete("/items", **bearer("staff"))  # type: ignore[arg-type]
    assert response.status_code == 405
    assert {"GET", "POST"} <= {word.strip() for word in response.headers["Allow"].split(",")}


# --- the listing -----------------------------------------------------------------------------------------------------


def listed(urlconf: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for finding in routes(urlconf):
        found.setdefault(finding.route.pattern, []).append(finding.problem)
    return found


class Plain:
    """Every kind of pattern."""

    urlpatterns = [  # noqa: RUF012
        path("", other),
        path("staff/<int:number>/<slug:name>", ran),
        path("files/<path:rest>", other),
        path("deep/", include([path("er/<str:name>.html", TemplateView.as_view(template_name="a.html"))])),
        re_path(r"^archive/(?P<year>[0-9]{4})/$", TemplateView.as_view(template_name="b.html")),
        *i18n_patterns(path("public/y", other)),
        *format_suffix_patterns([path("staff/single", Single.as_view())]),
        path("", include(router.urls)),
    ]


def test_every_route_is_listed_with_its_rule() -> None:
    found = listed(Plain)
    assert set(found) == {
        "/", "/staff/*/*", "/files/**", "/deep/er/*", "/archive/*", "/public/y", "/staff/single", "/users", "/users/*",
    }  # fmt: skip
    assert not any(problem for listed_problems in found.values() for problem in listed_problems)
    lines = [str(finding) for finding in routes(Plain)]
    assert any("Users.list" in line and "rule[2]" in line for line in lines)


def test_a_path_is_listed_in_every_language(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    translated = lazy(lambda: "personal" if translation.get_language() == "de" else "staff", str)()
    monkeypatch.setattr(sys.modules[__name__], "urlpatterns", i18n_patterns(path(translated, ran)))
    clear_url_caches()
    with translation.override("en"):
        listed = routes()
    assert {(finding.route.pattern, finding.rule) for finding in listed if not finding.problem} == {
        ("/staff", 0),
        ("/personal", 7),
    }
    assert any(finding.problem for finding in listed)  # /de/personal is the handler of /en/staff, and for anyone


def test_the_command_prints_the_listing_and_fails_where_a_handler_is_left_open(settings: Any) -> None:
    settings.FICHA = {**settings.FICHA, "rule": RULES}
    output = io.StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("ficha_routes", stdout=output)
    assert caught.value.returncode == 1
    assert "/items" in output.getvalue()
    assert "the same handler is at" in output.getvalue()


def test_the_command_passes_where_nothing_is(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("test_django_routing.urlpatterns", Plain.urlpatterns)
    call_command("ficha_routes", stdout=io.StringIO())


def test_a_route_without_a_rule_fails(settings: Any) -> None:
    settings.FICHA = {**settings.FICHA, "rule": RULES[:-1]}
    assert listed(Plain)["/files/**"] != [""]


def test_the_admin_s_views_of_each_model_are_handlers_of_their_own(settings: Any) -> None:
    class WithAdmin:
        urlpatterns = (path("admin/", admin.site.urls),)

    rules = [{"path": "/admin/auth/user/**", "roles": ["staff"], "level": 2}, *RULES]
    settings.FICHA = {**settings.FICHA, "rule": rules}
    assert not [problem for found in listed(WithAdmin).values() for problem in found if "same handler" in problem]


@pytest.mark.parametrize(
    ("expression", "pattern"),
    [
        (r"^users/$", "/users"),
        (r"^users/?$", "/users"),
        (r"^users/(?P<pk>[^/.]+)/$", "/users/*"),
        (r"^users/(?P<pk>\d+)/edit$", "/users/*/edit"),
        (r"^a\.b/\w+/x-y$", "/a.b/*/x-y"),
        (r"^files/(.*)$", "/files/**"),
        (r"^files/.+/raw$", "/files/**/raw"),
        (r"^open", "/**"),
        (r"^(?:a|b)/c$", "/*/c"),
        (r"^x{1,3}/c$", "/*/c"),
        (r"^a|b$", "/**"),
        (r"^[a-z]*/c\Z", "/*/c"),
    ],
)
def test_a_regular_expression_as_a_pattern_of_rules(expression: str, pattern: str) -> None:
    assert pattern_of(from_regex(expression, last=True)) == pattern

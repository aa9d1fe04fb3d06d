"""What is judged is what is routed: prefixes, decoded paths, rewriting, suffixes and languages, in every framework."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from flask import Flask
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route, Router, WebSocketRoute

import ficha
import ficha.asgi
from ficha import Client
from ficha.asgi import FichaMiddleware
from ficha.routes import of_flask

RULES: list[dict[str, Any]] = [
    {"path": "/staff", "roles": ["staff"]},
    {"path": "/staff/**", "roles": ["staff"]},
    {"path": "/items", "methods": ["GET"], "allow": "anyone"},
    {"path": "/items", "methods": ["POST"], "roles": ["staff"]},
    {"path": "/**", "allow": "anyone"},
]
TABLES: dict[str, Any] = {
    "redis": {"url": "memory://"},
    "cookie": {"name": "sid", "insecure_http": True},
    "rule": RULES,
}
UNAUTHENTICATED = '{"error":"unauthenticated","message":"log in first"}\n'
ORIGIN = "https://app.example"
CORS = {"origins": [ORIGIN], "headers": ["X-Extra"], "credentials": True}


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(TABLES) as opened:
        yield opened


@pytest.fixture
def mounted() -> Iterator[Client]:
    with Client(TABLES, prefixes=["/shop"]) as opened:
        yield opened


# --- WSGI ------------------------------------------------------------------------------------------------------------


def environ(path: str, script: str = "", method: str = "GET", **more: str) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": script,
        "PATH_INFO": path,
        "wsgi.url_scheme": "https",
        "HTTP_HOST": "shop.example",
        **more,
    }


def reason(client: Client, *arguments: str, **more: str) -> str:
    return client.authorize_wsgi(environ(*arguments, **more)).reason


def test_a_script_name_that_nobody_configured_is_refused(client: Client) -> None:
    # SCRIPT_NAME as a header of the client's, which gunicorn takes from local peers.
    assert reason(client, "/staff/x", "/public", RAW_URI="/public/staff/x") == "prefix_not_configured"


@pytest.mark.parametrize("raw", [{}, {"RAW_URI": "/shop/staff/x"}, {"REQUEST_URI": "/shop/staff/x?a=1"}])
def test_a_configured_script_name_is_no_part_of_the_rules(mounted: Client, raw: dict[str, str]) -> None:
    assert reason(mounted, "/staff/x", "/shop", **raw) == "no_credential"
    public = {name: target.replace("staff", "public") for name, target in raw.items()}
    assert reason(mounted, "/public/x", "/shop", **public) == "allowed_anonymous"


def test_what_wsgi_routes_by_is_judged_besides_what_came(client: Client) -> None:
    assert reason(client, "/staff/x", RAW_URI="/public/x") == "no_credential"
    assert reason(client, "/public/x", RAW_URI="/staff/x") == "no_credential"
    assert reason(client, "/public/x", RAW_URI="/public/x") == "allowed_anonymous"
    assert reason(client, "", RAW_URI="/") == "allowed_anonymous"


def test_path_info_is_bytes_in_the_guise_of_text(client: Client) -> None:
    assert reason(client, "/caf\xc3\xa9", RAW_URI="/caf%C3%A9") == "allowed_anonymous"
    assert reason(client, "/caf\xe9") == "ambiguous_path"
    assert reason(client, "/staff/caf\xc3\xa9") == "no_credential"


def test_a_handshake_of_a_foreign_page_is_refused_under_wsgi_too(client: Client) -> None:
    cookie = f"sid={client.create('alice').token}"
    for upgrade in ({"HTTP_UPGRADE": "websocket"}, {"HTTP_SEC_WEBSOCKET_KEY": "AAAAAAAAAAAAAAAAAAAAAA=="}):
        foreign = {"HTTP_COOKIE": cookie, "HTTP_ORIGIN": "https://evil.example", **upgrade}
        assert reason(client, "/public/x", **foreign) == "csrf_foreign_origin"


def test_a_copy_is_judged_by_its_destination_too() -> None:
    rules = [{"path": "/public/**", "methods": ["GET", "COPY", "PUT"], "allow": "anyone"}, *RULES]
    with Client({**TABLES, "rule": rules}) as client:
        assert reason(client, "/public/x", method="COPY", HTTP_DESTINATION="/staff/x") != "allowed_anonymous"
        assert reason(client, "/public/x", method="COPY") == "ambiguous_destination"


def test_no_field_that_a_decision_depends_on_is_left_out(client: Client) -> None:
    keys = {key for key, _ in client.environ_fields}
    assert {"HTTP_COOKIE", "HTTP_UPGRADE", "HTTP_DESTINATION", "HTTP_SEC_WEBSOCKET_KEY"} <= keys
    assert {name for _, name in client.environ_fields} == set(client.judged_fields)


def test_cookie_lines_that_gunicorn_joined_by_a_comma_are_read_as_elsewhere(client: Client) -> None:
    token, path = client.create("alice", roles=["staff"]).token, "/staff/x"
    for field in (
        f"sid={token},a=1",
        f"a=1; sid={token}",
        f"sid={token},sid={token}",
        f"a=1,sid={token}",
        f"a=1, sid={token}, b=2",
    ):
        request = environ(path, HTTP_COOKIE=field)
        decision = client.authorize_wsgi(request)
        assert decision.allowed, field
        assert str(token) not in repr(request)


def test_what_may_as_well_be_another_cookie_s_value_is_not_ours() -> None:
    tables = {**TABLES, "cookie": {"name": "__Host-sid"}}
    with Client(tables) as client:
        token = client.create("alice", roles=["staff"]).token
        for field in (f"a=1,__Host-sid={token}", f"a=1, __Host-sid={token}, b=2"):
            assert reason(client, "/staff/x", HTTP_COOKIE=field) == "ambiguous_cookie"


# --- ASGI ------------------------------------------------------------------------------------------------------------


async def answer(app: Any, path: str, **more: Any) -> tuple[int, str, dict[str, str]]:
    """Ask an application as a server does."""
    sent: list[Any] = []
    scope = {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "root_path": "", "query_string": b"",
        "headers": [(b"host", b"shop.example")], "scheme": "https", "client": ("127.0.0.1", 1), "http_version": "1.1",
        **more,
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], body.decode(), {name.decode(): value.decode() for name, value in sent[0]["headers"]}


async def run(request: Any) -> PlainTextResponse:
    return PlainTextResponse(f"ran {request.method} {request.url.path}")


def starlette(client: Client, *layers: Any, **options: Any) -> Starlette:
    any_method = ["GET", "POST"]
    routes = [
        Route(path, run, methods=any_method) for path in ("/staff/x", "/public/x", "/items", "/shop/x", "/private/x")
    ]
    app = Starlette(routes=routes)
    for layer in layers:
        app.add_middleware(layer)
    app.add_middleware(FichaMiddleware, client=client, **options)
    return app


async def test_a_root_path_that_nobody_configured_is_refused(client: Client) -> None:
    # uvicorn --root-path /api puts it before what came.
    status, _, _ = await answer(starlette(client), "/api/staff/x", root_path="/api")
    assert status == 400


@pytest.mark.parametrize("path", ["/shop/staff/x", "/staff/x"], ids=["whole path", "proxy that strips"])
async def test_a_configured_root_path_is_no_part_of_the_rules(mounted: Client, path: str) -> None:
    app = starlette(mounted)
    assert (await answer(app, path, root_path="/shop"))[0] == 401
    assert (await answer(app, path.replace("staff", "public"), root_path="/shop"))[0] == 200


async def test_what_asgi_routes_by_is_judged_besides_what_came(client: Client) -> None:
    assert (await answer(starlette(client), "/staff/x", raw_path=b"/public/x"))[0] == 401
    assert (await answer(starlette(client), "/public/x", raw_path=b"/staff/x"))[0] == 401
    assert (await answer(starlette(client), "/public/x", raw_path=None))[0] == 200


def rewriting(**changes: str) -> Callable[[Any], Any]:
    def layer(app: Any) -> Any:
        async def rewrite(scope: Any, receive: Any, send: Any) -> None:
            await app({**scope, **changes} if scope["type"] != "lifespan" else scope, receive, send)

        return rewrite

    return layer


@pytest.mark.parametrize("around", [False, True], ids=["added", "around the application"])
async def test_what_is_rewritten_below_the_layer_is_judged_where_it_is_routed(client: Client, around: bool) -> None:
    def app(**changes: str) -> Any:
        if not around:
            return starlette(client, rewriting(**changes))
        inner = Starlette(
            routes=[Route(path, run, methods=["GET", "POST"]) for path in ("/staff/x", "/items", "/public/x")]
        )
        inner.add_middleware(rewriting(**changes))
        return FichaMiddleware(inner, client)

    assert (await answer(app(path="/staff/x"), "/public/x"))[:2] == (401, UNAUTHENTICATED)
    assert (await answer(app(method="POST"), "/items"))[0] == 401
    assert (await answer(app(path="/items"), "/public/x"))[0] == 200
    staff = f"Bearer {client.create('stella', roles=['staff']).token}".encode()
    headers = [(b"host", b"shop.example"), (b"authorization", staff)]
    assert (await answer(app(path="/staff/x"), "/public/x", headers=headers))[0] == 200


async def test_what_a_mounted_application_rewrites_is_judged_too(client: Client) -> None:
    below = Starlette(routes=[Route("/x", run)])
    below.add_middleware(rewriting(path="/staff/x"))
    app = Starlette(routes=[Mount("/public", below), Mount("/staff", below)])
    app.add_middleware(FichaMiddleware, client=client)
    assert (await answer(app, "/public/x"))[0] == 401


@pytest.mark.parametrize("place", ["a wrapper", "a wrapper mounted late", "of a router"])
@pytest.mark.parametrize("framework", [Starlette, FastAPI])
async def test_what_anything_else_rewrites_on_the_way_to_a_router_is_judged_too(
    client: Client, framework: type[Starlette], place: str
) -> None:
    rewrite = rewriting(path="/staff/x", root_path="", app_root_path="")
    staff = framework(routes=[Route("/staff/x", run)])
    if place == "a wrapper":
        app = FichaMiddleware(rewrite(staff), client)
    elif place == "of a router":
        app = FichaMiddleware(Router([Route("/staff/x", run)], middleware=[Middleware(rewrite)]), client)
    else:
        outer = framework()
        app = FichaMiddleware(outer, client)
        assert (await answer(app, "/public/x"))[0] == 404
        outer.mount("/public", rewrite(staff))
    assert (await answer(app, "/public/x"))[:2] == (401, UNAUTHENTICATED)
    staff_s = f"Bearer {client.create('stella', roles=['staff']).token}".encode()
    headers = [(b"host", b"shop.example"), (b"authorization", staff_s)]
    assert (await answer(app, "/public/x", headers=headers))[0] == 200


@pytest.mark.parametrize("place", ["mounted", "of a mount", "of a route"])
async def test_inside_of_a_mount_the_layer_raises_at_the_first_request(client: Client, place: str) -> None:
    layer = ficha.asgi.FichaMiddleware
    below = Starlette(routes=[Route("/x", run)])
    routes: list[Any]
    if place == "mounted":
        below.add_middleware(layer, client=client)
        routes = [Mount("/staff", below)]
    elif place == "of a mount":
        routes = [Mount("/staff", layer(below, client))]
    else:
        routes = [Route("/staff/x", layer(below, client))]
    with pytest.raises(ficha.InvalidConfig, match="outermost"):
        await answer(Starlette(routes=routes), "/staff/x")


async def test_with_its_prefix_the_layer_may_stand_inside_of_a_mount(mounted: Client) -> None:
    below = starlette(mounted, prefix="/shop")
    app = Starlette(routes=[Mount("/shop", below)])
    assert (await answer(app, "/shop/staff/x"))[0] == 401
    assert (await answer(app, "/shop/public/x"))[0] == 200
    with pytest.raises(ficha.InvalidConfig, match="prefix '/other'"):
        FichaMiddleware(below, mounted, prefix="/other")


# --- CORS and methods ------------------------------------------------------------------------------------------------


def merged_vary(headers: dict[str, str]) -> set[str]:
    return {word.strip() for word in headers["vary"].split(",")}


async def test_a_preflight_is_answered_before_the_application() -> None:
    with Client({**TABLES, "cors": CORS}) as client:
        app = starlette(client)
        asked = [(b"host", b"shop.example"), (b"origin", ORIGIN.encode()), (b"access-control-request-method", b"POST")]
        status, body, headers = await answer(app, "/items", method="OPTIONS", headers=asked)
        assert (status, body) == (204, "")
        assert headers["access-control-allow-origin"] == ORIGIN
        assert "content-length" not in headers
        fields = {name.decode(): value.decode() for name, value in asked}
        wsgi = {"HTTP_" + name.upper().replace("-", "_"): value for name, value in fields.items()}
        decision = client.authorize_wsgi(environ("/items", method="OPTIONS", **wsgi))
        assert (decision.verdict, decision.allowed, decision.status) == ("preflight", False, 204)


async def test_cors_fields_are_on_answers_and_on_denials() -> None:
    with Client({**TABLES, "cors": CORS}) as client:

        async def varying(request: Any) -> PlainTextResponse:
            own = {"Vary": "Accept, Cookie", "Access-Control-Allow-Origin": "*"}
            return PlainTextResponse("", headers=own)

        app = Starlette(routes=[Route("/public/x", varying)])
        app.add_middleware(FichaMiddleware, client=client)
        asked = [(b"host", b"shop.example"), (b"origin", ORIGIN.encode())]
        status, _, headers = await answer(app, "/public/x", headers=asked)
        assert (status, headers["access-control-allow-origin"]) == (200, ORIGIN)
        assert merged_vary(headers) == {"Accept", "Cookie", "Origin"}
        status, _, headers = await answer(app, "/staff/x", headers=asked)
        assert (status, headers["access-control-allow-origin"]) == (401, ORIGIN)


async def test_a_method_that_no_rule_lists_is_405_with_those_that_are(client: Client) -> None:
    token = f"Bearer {client.create('stella', roles=['staff']).token}".encode()
    headers = [(b"host", b"shop.example"), (b"authorization", token)]
    status, _, fields = await answer(starlette(client), "/items", method="DELETE", headers=headers)
    assert status == 405
    assert {"GET", "POST"} <= {word.strip() for word in fields["allow"].split(",")}


# --- listings --------------------------------------------------------------------------------------------------------


def problems(findings: list[ficha.Finding]) -> list[tuple[str, str]]:
    return [(finding.route.pattern, finding.problem) for finding in findings if finding.problem]


async def anything(request: Any) -> None:
    pass


def test_every_route_of_starlette_is_listed_with_its_rule(client: Client) -> None:
    below = Starlette(
        routes=[Route("/x/{number:int}", run), Mount("/deeper", routes=[Route("/{rest:path}", anything)])]
    )
    app = Starlette(routes=[Route("/staff/x", anything), Mount("/public", below), WebSocketRoute("/socket", anything)])
    findings = ficha.asgi.routes(app, client)
    patterns = {finding.route.pattern: finding.rule for finding in findings if not finding.problem}
    assert patterns == {"/staff/x": 1, "/public/x/*": 4, "/public/deeper/**": 4, "/socket": 4}
    assert {pattern for pattern, _ in problems(findings)} >= {"/public/deeper/**"}
    assert "rule[1]" in str(findings[0])


def test_every_route_of_fastapi_is_listed_with_its_rule(client: Client) -> None:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    for path in ("/staff/{name}", "/items"):
        app.add_api_route(path, anything_else, methods=["GET"])
    assert {finding.route.pattern for finding in ficha.asgi.routes(app, client)} == {"/staff/*", "/items"}
    assert problems(ficha.asgi.routes(app, client))


async def anything_else() -> None:
    pass


def test_every_route_of_flask_is_listed_with_its_rule(client: Client) -> None:
    app = Flask(__name__, static_folder=None)
    app.add_url_rule("/staff/<int:number>", "a", view_func=lambda number: "")
    app.add_url_rule("/public/<path:rest>", "b", view_func=view)
    assert problems(of_flask(app, client)) == []
    app.add_url_rule("/staff/too", "c", view_func=view)
    assert len(problems(of_flask(app, client))) == 1


def view(**parameters: Any) -> str:
    return ""


async def test_a_browser_application_of_another_origin_is_served_by_fastapi() -> None:
    with Client({**TABLES, "cors": CORS}) as client:
        app = FastAPI()
        app.add_api_route("/items", anything_else, methods=["POST"])
        app.add_middleware(FichaMiddleware, client=client)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="https://shop.example") as browser:
            asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
            assert (await browser.options("/items", headers=asked)).status_code == 204
            staff = f"Bearer {client.create('stella', roles=['staff']).token}"
            answered = await browser.post("/items", headers={"Origin": ORIGIN, "Authorization": staff})
            assert (answered.status_code, answered.headers["access-control-allow-origin"]) == (200, ORIGIN)

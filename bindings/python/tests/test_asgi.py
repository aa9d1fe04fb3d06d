"""The ASGI middleware under Starlette's own client, and as bare ASGI."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from fastapi import FastAPI, Request, WebSocket
from fastapi.responses import StreamingResponse

import ficha
from ficha import Client
from ficha.asgi import FichaMiddleware

RULES = [
    {"path": "/private/**", "allow": "authenticated"},
    {"path": "/tellers", "roles": ["teller"]},
    {"path": "/**", "allow": "anyone"},
]
COOKIE = {"name": "sid", "insecure_http": True}


@pytest.fixture(params=["memory", "redis"])
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    url = "memory://" if request.param == "memory" else request.getfixturevalue("redis_server").url
    with Client({"redis": {"url": url}, "cookie": COOKIE, "csrf": {"mode": "off"}, "rule": RULES}) as opened:
        yield opened


def application(client: Client) -> FichaMiddleware:
    app = FastAPI()

    @app.get("/show")
    @app.get("/private/show")
    @app.get("/tellers")
    async def show(request: Request) -> dict[str, Any]:
        return dict(request.session)

    @app.get("/put")
    async def put(request: Request) -> None:
        request.session.setdefault("list", []).append(request.query_params["v"])

    @app.get("/fail")
    async def fail(request: Request) -> None:
        request.session["lost"] = True
        raise RuntimeError

    @app.get("/enter")
    async def enter(request: Request) -> None:
        await request.scope["session"].login("alice", roles=["teller"])

    @app.get("/rotate")
    async def rotate(request: Request) -> None:
        request.session["before"] = 1
        await request.scope["session"].rotate()

    @app.get("/leave")
    async def leave(request: Request) -> None:
        await request.scope["session"].logout()

    @app.get("/revoked-meanwhile")
    async def revoked_meanwhile(request: Request) -> None:
        request.session["late"] = 1
        await client.arevoke(request.scope["ficha"].session)

    @app.get("/late")
    async def late(request: Request) -> StreamingResponse:
        async def body() -> AsyncIterator[str]:
            yield "a"
            request.session["late"] = True
            yield "b"

        return StreamingResponse(body(), status_code=int(request.query_params.get("status", "200")))

    @app.get("/save-and-enter")
    async def save_and_enter(request: Request) -> None:
        request.session["cart"] = [1]
        await request.scope["session"].login("alice")

    @app.get("/rotate-only")
    async def rotate_only(request: Request) -> None:
        session: ficha.asgi.RequestSession = request.scope["session"]
        session._take(await client.arotate(cast(ficha.Session, session.stored)), session._baseline.texts)

    @app.websocket("/late-socket")
    async def late_socket(websocket: WebSocket) -> None:
        await websocket.accept()
        websocket.session["late"] = [1]
        await websocket.close()

    @app.websocket("/private/socket")
    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(websocket.scope["ficha"].session.principal)
        await websocket.close()

    return FichaMiddleware(app, client)


@pytest.fixture
def browser(client: Client) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=application(client), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://shop.example")


async def test_a_visitor_who_puts_nothing_in_gets_no_cookie(browser: httpx.AsyncClient) -> None:
    response = await browser.get("/show")
    assert (response.json(), response.headers.get("set-cookie")) == ({}, None)


async def test_what_was_put_in_is_there_for_the_next_request(browser: httpx.AsyncClient) -> None:
    response = await browser.get("/put?v=a")
    assert response.headers["set-cookie"].startswith("sid=fch1_")
    assert response.headers["cache-control"] == "no-store"
    assert "set-cookie" not in (await browser.get("/put?v=b")).headers
    response = await browser.get("/show")
    assert response.json() == {"list": ["a", "b"]}
    assert response.headers["vary"] == "Cookie"


async def test_what_a_response_says_of_caching_stays_beside_no_store(client: Client) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        scope["session"]["a"] = 1
        headers = [(b"Cache-Control", b"private, no-transform"), (b"vary", b"Accept")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body"})

    transport = httpx.ASGITransport(app=FichaMiddleware(app, client))
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.example") as browser:
        response = await browser.get("/show")
    assert response.headers.get_list("cache-control") == ["private, no-transform, no-store"]
    assert response.headers.get_list("vary") == ["Accept, Cookie"]


async def test_a_request_that_changes_nothing_writes_nothing(browser: httpx.AsyncClient, client: Client) -> None:
    await browser.get("/put?v=a")
    await browser.get("/show")
    session = client.load(browser.cookies["sid"])
    assert session is not None
    assert session.generation == 1


async def test_what_a_stream_changes_late_is_saved_at_its_end(browser: httpx.AsyncClient) -> None:
    await browser.get("/put?v=a")
    assert (await browser.get("/late")).text == "ab"
    assert (await browser.get("/show")).json() == {"list": ["a"], "late": True}


async def test_what_a_failed_stream_changes_late_is_not_saved(browser: httpx.AsyncClient) -> None:
    await browser.get("/put?v=a")
    assert (await browser.get("/late?status=500")).text == "ab"
    assert (await browser.get("/show")).json() == {"list": ["a"]}


async def test_a_new_session_that_is_filled_too_late_is_reported(client: Client) -> None:
    transport = httpx.ASGITransport(app=application(client))
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.example") as browser:
        with pytest.raises(RuntimeError, match="after the response had started"):
            await browser.get("/late")


async def test_a_login_carries_over_what_the_same_request_and_parallel_ones_have_written(
    browser: httpx.AsyncClient, client: Client
) -> None:
    await browser.get("/put?v=a")
    await browser.get("/save-and-enter")
    assert (await browser.get("/show")).json() == {"list": ["a"], "cart": [1]}


async def test_an_outage_at_the_save_does_not_cost_the_token_of_a_rotation(
    browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(self: Any) -> None:
        raise ficha.Unavailable("lost")

    await browser.get("/put?v=a")
    before = browser.cookies["sid"]
    with monkeypatch.context() as patched:
        patched.setattr(ficha.asgi.RequestSession, "save", lost)
        response = await browser.get("/rotate-only")
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert browser.cookies["sid"] != before
    assert (await browser.get("/show")).json() == {"list": ["a"]}


async def test_a_failed_request_saves_nothing(browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/fail")).status_code == 500
    assert (await browser.get("/show")).json() == {}


async def test_login_rotation_and_logout(browser: httpx.AsyncClient, client: Client) -> None:
    await browser.get("/put?v=a")
    tokens = [browser.cookies["sid"]]
    await browser.get("/enter")
    tokens.append(browser.cookies["sid"])
    assert (await browser.get("/tellers")).json() == {"list": ["a"]}
    await browser.get("/rotate")
    tokens.append(browser.cookies["sid"])
    assert (await browser.get("/private/show")).json() == {"list": ["a"], "before": 1}
    await browser.get("/leave")
    assert "sid" not in browser.cookies
    assert len(set(tokens)) == 3
    assert [client.load(token) for token in tokens] == [None] * 3


async def test_the_policy_answers_before_the_application(browser: httpx.AsyncClient, client: Client) -> None:
    response = await browser.get("/private/show")
    assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {"error": "unauthenticated", "message": "log in first"}
    bearer = {"Authorization": f"Bearer {client.create('bob', {'x': 1}).token}"}
    assert (await browser.get("/private/show", headers=bearer)).json() == {"x": 1}
    assert (await browser.get("/tellers", headers=bearer)).status_code == 403


async def test_a_session_revoked_meanwhile_is_401_and_stays_dead(browser: httpx.AsyncClient, client: Client) -> None:
    await browser.get("/put?v=a")
    response = await browser.get("/revoked-meanwhile")
    assert (response.status_code, response.headers["www-authenticate"]) == (401, 'Bearer error="invalid_token"')
    assert response.content == ficha.respond_to(ficha.SessionGone).body
    assert client.load(browser.cookies["sid"], fresh=True) is None


async def test_an_outage_is_503_with_the_cookie_untouched() -> None:
    with Client({"redis": {"url": "redis://127.0.0.1:1/0"}, "cookie": COOKIE, "rule": RULES}) as lost:
        transport = httpx.ASGITransport(app=application(lost))
        async with httpx.AsyncClient(transport=transport, base_url="http://x", cookies={"sid": a_token()}) as browser:
            response = await browser.get("/show")
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert "set-cookie" not in response.headers


@pytest.mark.parametrize(
    ("error", "status", "header"),
    [
        (ficha.Unavailable, 503, "retry-after"),
        (ficha.SessionGone, 401, "www-authenticate"),
        (ficha.SessionLimit, 429, "content-type"),
        (ficha.InvalidArgument, 400, "content-type"),
        (ficha.TooLarge, 413, "content-type"),
        (ficha.Conflict, 409, "content-type"),
        (ficha.AttributeExists, 409, "content-type"),
    ],
)
async def test_what_a_handler_of_fastapi_raises_has_its_status_when_the_middleware_is_added_there(
    client: Client, error: type[ficha.FichaError], status: int, header: str
) -> None:
    app = FastAPI()
    app.add_middleware(FichaMiddleware, client=client)

    @app.get("/enter")
    async def enter() -> None:
        raise error("here")

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://shop.example") as browser:
        response = await browser.get("/enter")
    assert response.status_code == status
    assert header in response.headers
    assert response.content == ficha.respond_to(error("here")).body


async def test_a_value_that_is_too_large_is_413_and_the_log_says_where(
    client: Client, browser: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    await browser.get("/put?v=" + "x" * 40_000)
    response = await browser.get("/put?v=" + "x" * 40_000)
    assert response.status_code == 413
    assert response.json() == {"error": "too_large", "message": 'attribute "list": a value is at most 64 KiB'}
    assert "a request is answered 413" in caplog.text
    assert "xxx" not in caplog.text
    caplog.clear()  # its traceback


def a_token() -> str:
    with Client("memory://") as other:
        return str(other.create().token)


async def test_a_value_stays_the_same_object_after_saves_a_rotation_and_a_login(client: Client) -> None:
    session = ficha.asgi.RequestSession(client, None)
    cart = session.setdefault("cart", [])
    for number, step in enumerate((session.save, session.rotate, lambda: session.login("alice"), session.save)):
        await step()
        cart.append(number)
    await session.save()
    assert session.stored is not None
    assert client.find(session.stored.id).attributes == {"cart": [0, 1, 2, 3]}  # type: ignore[union-attr]


async def test_a_login_without_a_session_stores_what_was_put_in_with_it(client: Client) -> None:
    session = ficha.asgi.RequestSession(client, None)
    session["cart"] = [1]
    cart = session["cart"]
    entered = await session.login("alice", attributes={"theme": "dark"})
    assert entered.attributes == {"cart": [1], "theme": "dark"}
    assert entered.generation == 1
    cart.append(2)
    await session.save()
    assert client.find(entered.id).attributes["cart"] == [1, 2]  # type: ignore[union-attr]


async def test_a_login_that_keeps_no_attributes_keeps_none_whether_they_are_stored_or_not(client: Client) -> None:
    for stored in (False, True):
        session = ficha.asgi.RequestSession(client, None)
        session["cart"] = [1]
        if stored:
            await session.save()
        entered = await session.login("alice", attributes={"theme": "dark"}, keep_attributes=False)
        assert entered.attributes == dict(session) == {"theme": "dark"}


async def test_a_visitor_whose_session_a_parallel_login_took_logs_in_with_what_this_request_put_in(
    client: Client,
) -> None:
    visitor = client.create(attributes={"cart": [1]})
    session = ficha.asgi.RequestSession(client, client.load(str(visitor.token)))
    session["seen"] = True
    session.put("bag", "key", 1)
    client.login(visitor, "alice")
    entered = await session.login("alice")
    assert entered.attributes == dict(session) == {"seen": True, "bag": {"key": 1}}
    session["seen"] = False
    client.revoke(entered)
    with pytest.raises(ficha.SessionGone):
        await session.login("alice")


async def test_to_another_principal_s_login_nothing_goes_along_but_what_this_request_put_in(client: Client) -> None:
    stored = client.create(
        "alice", {"cart": [1], "theme": "dark", "pref": {"old": 1, "taken": 2}, "seen": {"alice": 1}}
    )
    session = ficha.asgi.RequestSession(client, client.load(str(stored.token)))
    session["theme"] = "light"
    session["new"] = {"a": 1}
    del session["cart"]
    session.put("pref", "own", 3)
    session.put("pref", "gone", 4)
    session.take("pref", "gone")
    session.take("seen", "nothing")
    entered = await session.login("bob", attributes={"given": True})
    assert entered.attributes == dict(session) == {"theme": "light", "new": {"a": 1}, "pref": {"own": 3}, "given": True}
    assert client.find(stored.id) is None
    session["theme"] = "blue"
    assert (await session.login("carol", keep_attributes=False)).attributes == {}


async def test_the_decision_is_on_the_session_that_the_request_has_then(client: Client) -> None:
    stored = client.create("alice", roles=["teller"])
    decision = client.authorize("GET", "/show", [("Authorization", f"Bearer {stored.token}")])
    session = ficha.asgi.RequestSession(client, decision.session, decision)

    def judged() -> str:
        return client.require(decision, roles=["teller"]).verdict

    assert judged() == "allow"
    rotated = await session.rotate()
    assert decision.session is not None
    assert (judged(), decision.session.id, decision.session.token) == ("allow", rotated and rotated.id, None)
    await session.login("bob")
    assert (judged(), decision.session.principal) == ("forbidden", "bob")
    await session.login("carol", roles=["teller"])
    assert judged() == "allow"
    await session.logout()
    assert (judged(), decision.allowed) == ("unauthenticated", True)
    assert not decision.session
    session["a"] = 1
    await session.save()
    assert judged() == "unauthenticated"


async def test_parallel_requests_keep_each_other_s_changes(client: Client) -> None:
    session = client.create(attributes={})
    one, two = (ficha.asgi.RequestSession(client, client.load(str(session.token))) for _ in range(2))
    one["a"], two["b"] = 1, 2
    await asyncio.gather(one.save(), two.save())
    assert client.load(str(session.token), fresh=True).attributes == {"a": 1, "b": 2}  # type: ignore[union-attr]


async def handshake(
    app: Any, headers: list[tuple[bytes, bytes]], extensions: dict[str, Any], path: str = "/private/socket"
) -> list[Any]:
    sent: list[Any] = []
    scope = {
        "type": "websocket", "path": path, "raw_path": path.encode(), "headers": headers,
        "scheme": "ws", "query_string": b"", "client": ("127.0.0.1", 1), "subprotocols": [], "extensions": extensions,
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


async def test_a_websocket_handshake_is_judged_too(client: Client) -> None:
    app = application(client)
    assert (await handshake(app, [], {}))[0] == {"type": "websocket.close", "code": 1008}
    assert (await handshake(app, [], {"websocket.http.response": {}}))[0]["status"] == 401
    bearer = f"Bearer {client.create('bob').token}".encode()
    messages = await handshake(app, [(b"authorization", bearer)], {})
    assert [m["type"] for m in messages] == ["websocket.accept", "websocket.send", "websocket.close"]
    assert messages[1]["text"] == "bob"


async def test_what_a_websocket_changes_while_it_is_open_is_saved_at_its_end(client: Client) -> None:
    token = str(client.create("bob").token)
    await handshake(application(client), [(b"authorization", f"Bearer {token}".encode())], {}, "/late-socket")
    assert client.load(token, fresh=True).attributes == {"late": [1]}  # type: ignore[union-attr]


async def test_a_cookie_header_split_in_two_is_one_and_two_different_sessions_are_refused(client: Client) -> None:
    token, other = (str(client.create("bob").token).encode() for _ in range(2))
    fields = [(b"cookie", b"theme=dark"), (b"cookie", b"sid=" + token)]
    messages = await handshake(application(client), fields, {})
    assert messages[1]["text"] == "bob"
    refused = await handshake(
        application(client), [*fields, (b"cookie", b"sid=" + other)], {"websocket.http.response": {}}
    )
    assert refused[0]["status"] == 401


async def test_other_scopes_pass_untouched(client: Client) -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope)

    lifespan = {"type": "lifespan"}
    await FichaMiddleware(app, client)(lifespan, None, None)  # type: ignore[arg-type]
    assert seen == [{"type": "lifespan"}]


# --- the examples ----------------------------------------------------------------------------------------------------


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Any]]:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[3] / "examples" / "quickstart" / "python"))
    modules: list[str] = []

    def load(name: str) -> Any:
        modules.append(name)
        return importlib.import_module(name)

    yield load
    for name in modules:
        sys.modules.pop(name).client.close()


@pytest.mark.parametrize(
    ("name", "list_routes"), [("fastapi_shop", ficha.asgi.routes), ("flask_shop", ficha.routes.of_flask)]
)
def test_the_policy_leaves_no_handler_of_the_examples_open(
    example: Callable[[str], Any], name: str, list_routes: Any
) -> None:
    module = example(name)
    findings = list_routes(module.app, module.client)
    assert any(finding.route.pattern == "/add/*" for finding in findings)
    assert [str(finding) for finding in findings if finding.problem] == []


async def test_the_fastapi_example_runs_without_a_server(example: Callable[[str], Any]) -> None:
    transport = httpx.ASGITransport(app=example("fastapi_shop").app)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.example") as browser:
        await browser.get("/add/book")
        assert (await browser.get("/add/pen")).json() == ["book", "pen"]


def test_the_flask_example_runs_without_a_server(example: Callable[[str], Any]) -> None:
    module = example("flask_shop")
    browser = module.app.test_client()
    first = browser.get("/add/book")
    assert (first.headers["Vary"], first.headers["Cache-Control"]) == ("Cookie", "no-store")
    assert browser.get("/add/pen").json == ["book", "pen"]
    cart = module.client.load(browser.get_cookie("shop").value, fresh=True).attributes["cart"]
    assert cart == {"book": 1, "pen": 1}
    without_jar = module.app.test_client(use_cookies=False)
    bearer = {"Authorization": f"Bearer {module.client.create('alice').token}"}
    assert without_jar.get("/add/pen", headers=bearer).json == ["pen"]

"""aiohttp's applications: sessions, the policy, streams, outages."""

from __future__ import annotations

import importlib.util
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import ClientSession, CookieJar, web
from aiohttp.test_utils import TestClient, TestServer

import ficha
import ficha.aiohttp
from ficha import Client
from ficha.aiohttp import decision_of, session_of
from redis_server import PATIENT, RedisServer

Browser = TestClient[web.Request, web.Application]
EXAMPLE = Path(__file__).parents[3] / "examples" / "quickstart" / "python" / "aiohttp_shop.py"


def application(client: Client) -> web.Application:
    async def put(request: web.Request) -> web.Response:
        session_of(request)[request.match_info["name"]] = request.query["value"]
        return web.Response(headers={"Cache-Control": "private"})

    async def show(request: web.Request) -> web.Response:
        return web.json_response({**session_of(request), "seen": [*request.headers, *request.cookies]})

    async def enter(request: web.Request) -> web.Response:
        await session_of(request).login("alice", roles=["customer"])
        raise web.HTTPFound("/who")

    async def who(request: web.Request) -> web.Response:
        stored = decision_of(request).session
        return web.json_response(stored.principal if stored else None)

    async def leave(request: web.Request) -> web.Response:
        await session_of(request).logout()
        return web.Response()

    async def tellers(request: web.Request) -> web.Response:
        for step in request.query.getall("then", []):
            if step == "out":
                await session_of(request).logout()
            else:
                await session_of(request).login("bob", roles=["teller"])
        answer = ficha.respond_to(client.require(decision_of(request), roles=["teller"]))
        return web.Response(status=answer.status)

    async def stream(request: web.Request) -> web.StreamResponse:
        session_of(request)["streamed"] = 1
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"x" * 10)
        return response

    async def fail(request: web.Request) -> web.Response:
        session_of(request)["lost"] = 1
        raise RuntimeError("the handler fails")

    async def large(request: web.Request) -> web.Response:
        session_of(request)["large"] = "x" * 70_000
        return web.Response()

    async def wrong(request: web.Request) -> web.Response:
        raise ficha.InvalidArgument("wrong")

    app = web.Application()
    app.router.add_post("/large", large)
    app.router.add_post("/wrong", wrong)
    app.router.add_get("/put/{name}", put)
    app.router.add_get("/show", show)
    app.router.add_get("/enter", enter)
    app.router.add_get("/who", who)
    app.router.add_get("/leave", leave)
    app.router.add_get("/stream", stream)
    app.router.add_get("/tellers", tellers)
    app.router.add_get("/fail", fail)
    app.router.add_get("/private", show)
    ficha.aiohttp.setup(app, client)
    return app


def tables(url: str, namespace: str) -> dict[str, Any]:
    return {
        "redis": {"url": url, "namespace": namespace, **PATIENT},
        "cookie": {"name": "sid", "insecure_http": True},
        "csrf": {"mode": "off"},
        "rule": [{"path": "/private", "allow": "authenticated"}, {"path": "/**", "allow": "anyone"}],
    }


async def served(app: web.Application) -> Browser:
    browser = TestClient(TestServer(app), cookie_jar=CookieJar(unsafe=True))
    await browser.start_server()
    return browser


@pytest_asyncio.fixture
async def browser(redis_server: RedisServer, namespace: str) -> AsyncIterator[Browser]:
    with Client(tables(redis_server.url, namespace)) as client:
        opened = await served(application(client))
        yield opened
        await opened.close()


async def test_values_are_there_for_the_next_request_and_no_credential_is_seen(browser: Browser) -> None:
    response = await browser.get("/put/a", params={"value": "1"})
    assert response.headers.getall("Cache-Control") == ["private, no-store"]
    assert response.headers["Vary"] == "Cookie"
    shown = await (await browser.get("/show")).json()
    assert shown["a"] == "1"
    assert "sid" not in shown["seen"]
    assert "Cookie" not in shown["seen"]
    assert "Set-Cookie" not in (await browser.get("/put/b", params={"value": "2"})).headers


async def test_login_and_logout(browser: Browser) -> None:
    await browser.get("/put/a", params={"value": "1"})
    refused = await browser.get("/private")
    assert (refused.status, refused.content_type) == (401, "application/json")
    assert (await refused.json())["error"] == "unauthenticated"
    assert await (await browser.get("/enter")).json() == "alice"
    assert (await browser.get("/private")).status == 200
    await browser.get("/leave")
    assert (await browser.get("/private")).status == 401


async def test_a_requirement_is_judged_by_the_session_that_the_request_has_then(browser: Browser) -> None:
    async def call(*then: str) -> int:
        return (await browser.get("/tellers", params=[("then", step) for step in then])).status

    assert [await call(), await call("login"), await call(), await call("out")] == [401, 200, 200, 401]
    assert [await call(), await call("login", "out"), await call("out", "login")] == [401, 401, 200]


async def test_a_stream_carries_the_cookie(browser: Browser) -> None:
    response = await browser.get("/stream")
    assert await response.read() == b"x" * 10
    assert (await (await browser.get("/show")).json())["streamed"] == 1


async def test_a_failed_request_saves_nothing(browser: Browser) -> None:
    assert (await browser.get("/fail")).status == 500
    assert "lost" not in await (await browser.get("/show")).json()


async def test_an_outage_is_503_and_no_logout(own_redis_server: RedisServer) -> None:
    with Client(tables(own_redis_server.url, "t")) as client:
        browser = await served(application(client))
        await browser.get("/put/a", params={"value": "1"})
        own_redis_server.stop()
        for path in ("/put/b?value=2", "/stream"):
            response = await browser.get(path)
            assert (response.status, response.headers["Retry-After"]) == (503, "1")
            assert "Set-Cookie" not in response.headers
            assert await response.read() == ficha.respond_to(ficha.Unavailable).body
        await browser.close()


async def test_what_a_session_cannot_hold_is_413_or_400_with_the_reason(
    browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    large = await browser.post("/large")
    assert (large.status, (await large.json())["message"]) == (413, 'attribute "large": a value is at most 64 KiB')
    wrong = await browser.post("/wrong")
    assert (wrong.status, (await wrong.json())["error"]) == (400, "invalid_argument")
    assert "large" not in await (await browser.get("/show")).json()
    caplog.clear()  # its traceback


async def test_the_example_runs_without_a_server() -> None:
    spec = importlib.util.spec_from_file_location("aiohttp_shop", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    browser = await served(module.app)
    await browser.get("/add/book")
    assert await (await browser.get("/add/pen")).json() == ["book", "pen"]
    await browser.close()
    module.client.close()


async def test_a_route_that_is_read_in_two_ways_is_refused(browser: Browser) -> None:
    url = browser.make_url("/")
    async with ClientSession() as session, session.get(f"{str(url).rstrip('/')}/public/..%2fprivate") as response:
        assert response.status in (400, 404)

"""The caller's credential and what proxies say of identity: judged, and hidden from what handlers see and may store."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import AsyncClient
from django.test import Client as Browser
from fastapi import FastAPI, Request

import ficha
from django_helpers import COOKIE, replace_view
from ficha import Client
from ficha._credential import take_cookie
from ficha.asgi import FichaMiddleware
from ficha.django import get_client

RULES = [{"path": "/private/**"}, {"path": "/**", "allow": "anyone"}]
TABLES: dict[str, Any] = {
    "redis": {"url": "memory://"},
    "cookie": {"name": "sid", "insecure_http": True},
    "trust": {"identity_headers": ["X-User"]},
    "rule": RULES,
}
FOREIGN = "Basic dTpw"


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(TABLES) as opened:
        yield opened


# --- cookies ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "left", "taken"),
    [
        ("sid=T", "", "sid=T"),
        ("a=1; sid=T; b=2", "a=1; b=2", "sid=T"),
        ("sid=T; b=2", "b=2", "sid=T"),
        ("a=1;sid=T", "a=1", "sid=T"),
        ('a="x;y" ; \t sid \t=T;  b=é%20,', 'a="x;y" ;  b=é%20,', "sid \t=T"),
        ("sid=T; a=1; sid=U", "a=1", "sid=T; sid=U"),
        ("a=1,sid=T", "a=1", "sid=T"),
        ("sid=T,b=2", "b=2", "sid=T"),
        ("a=1, sid=T, b=2; c=3,4", "a=1, b=2; c=3,4", "sid=T"),
        ("Sid=T; xsid=U; sidx=V", "Sid=T; xsid=U; sidx=V", ""),
        ("a=sid=T", "a=sid=T", ""),
        ("sid", "sid", ""),
        ("", "", ""),
    ],
)
def test_our_cookie_is_taken_out_and_the_others_stay_byte_by_byte(field: str, left: str, taken: str) -> None:
    assert take_cookie(field, "sid") == (left, taken)


# --- WSGI ------------------------------------------------------------------------------------------------------------


def environ(**more: str) -> dict[str, Any]:
    return {"REQUEST_METHOD": "GET", "PATH_INFO": "/private/x", "wsgi.url_scheme": "https", **more}


@pytest.mark.parametrize("carrier", ["cookie", "bearer"])
def test_a_wsgi_application_sees_no_credential_of_ours_and_can_forward_it(client: Client, carrier: str) -> None:
    token = client.create("alice").token
    sent = {"HTTP_COOKIE": f"a=1; sid={token}"} if carrier == "cookie" else {"HTTP_AUTHORIZATION": f"Bearer {token}"}
    request = environ(**sent, HTTP_X_USER="root", HTTP_X_OTHER="y")
    decision = client.authorize_wsgi(request)
    assert decision.allowed
    assert str(token) not in repr(request)
    assert ("HTTP_X_USER" in request, request["HTTP_X_OTHER"]) == (False, "y")
    assert request.get("HTTP_COOKIE") == ("a=1" if carrier == "cookie" else None)
    assert decision.credential is not None
    expected = ("Cookie", f"sid={token}") if carrier == "cookie" else ("Authorization", f"Bearer {token}")
    assert decision.credential.forward() == expected
    name, value = decision.credential.forward()
    assert client.authorize("GET", "/private/x", [(name, value)]).allowed
    assert client.authorize_wsgi(request).session.principal == "alice"  # type: ignore[union-attr]


def test_what_was_hidden_is_still_judged_by_a_second_step(client: Client) -> None:
    tokens = [client.create("alice").token for _ in range(2)]
    both = environ(HTTP_COOKIE=f"sid={tokens[0]}", HTTP_AUTHORIZATION=f"Bearer {tokens[1]}")
    assert [client.authorize_wsgi(both).reason for _ in range(2)] == ["two_credentials"] * 2


@pytest.mark.parametrize("value", [FOREIGN, "Bearer not-ours", "Bearer fch1_", "Token x"])
def test_another_authorization_than_ours_stays(client: Client, value: str) -> None:
    request = environ(HTTP_AUTHORIZATION=value)
    decision = client.authorize_wsgi(request)
    assert (request["HTTP_AUTHORIZATION"], decision.credential) == (value, None)


def test_a_proxy_in_the_service_may_see_it_where_it_is_told_to() -> None:
    with Client({**TABLES, "trust": {"pass_credential": True}}) as client:
        token = client.create("alice").token
        request = environ(HTTP_COOKIE=f"sid={token}")
        decision = client.authorize_wsgi(request)
        assert request["HTTP_COOKIE"] == f"sid={token}"
        assert decision.credential is not None


def test_a_credential_cannot_be_shown_or_stored(client: Client) -> None:
    token = str(client.create("alice").token)
    credential = client.authorize_wsgi(environ(HTTP_COOKIE=f"sid={token}")).credential
    assert repr(credential) == "<ficha.Credential Cookie>"
    for store in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            store(credential)
    with pytest.raises(ficha.InvalidArgument):
        client.create(attributes={"request": credential})


# --- ASGI ------------------------------------------------------------------------------------------------------------


async def test_an_asgi_application_sees_no_credential_of_ours_and_can_forward_it(client: Client) -> None:
    app = FastAPI()
    seen: list[Any] = []

    @app.get("/private/x")
    async def show(request: Request) -> None:
        seen.append((dict(request.headers), dict(request.cookies), request.scope["ficha"].credential.forward()))

    app.add_middleware(FichaMiddleware, client=client)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://x", cookies={"a": "1"}) as browser:
        token = client.create("alice").token
        await browser.get("/private/x", headers={"Authorization": f"Bearer {token}", "X-User": "root", "X-Other": "y"})
        browser.cookies["sid"] = str(token)
        await browser.get("/private/x")
    (by_bearer, _, bearer), (by_cookie, cookies, cookie) = seen
    assert ("authorization" in by_bearer, "x-user" in by_bearer, by_bearer["x-other"]) == (False, False, "y")
    assert (by_cookie["cookie"], cookies) == ("a=1", {"a": "1"})
    assert bearer == ("Authorization", f"Bearer {token}")
    assert cookie == ("Cookie", f"sid={token}")


# --- Django ----------------------------------------------------------------------------------------------------------


def show(request: HttpRequest) -> HttpResponse:
    shown = {name: value for name, value in request.META.items() if name.startswith("HTTP_")}
    scope = getattr(request, "scope", {"headers": ()})
    headers = [[name.decode(), value.decode()] for name, value in scope["headers"]]
    credential = request.ficha.credential if hasattr(request, "ficha") else None
    return JsonResponse(
        {
            "meta": shown,
            "headers": dict(request.headers),
            "scope": headers,
            "cookies": request.COOKIES,
            "principal": request.session.snapshot.principal if request.session.snapshot else None,  # type: ignore[attr-defined]
            "forward": credential.forward() if credential else None,
        }
    )


@pytest.fixture
def shown(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.FICHA = {**settings.FICHA, "trust": {"identity_headers": ["X-User"]}}
    replace_view(monkeypatch, show)


@pytest.fixture
def with_policy(settings: Any) -> None:
    settings.MIDDLEWARE = [settings.MIDDLEWARE[0], "ficha.django.FichaMiddleware", *settings.MIDDLEWARE[1:]]


@pytest.mark.usefixtures("shown", "with_policy")
@pytest.mark.parametrize("carrier", ["cookie", "bearer"])
def test_a_view_of_django_s_sees_no_credential_of_ours_and_can_forward_it(carrier: str) -> None:
    browser, token = Browser(), str(get_client().create("alice").token)
    fields = {"HTTP_X_USER": "root", "HTTP_X_OTHER": "y"}
    browser.cookies["theme"] = "dark"
    if carrier == "cookie":
        browser.cookies[COOKIE] = token
    else:
        fields["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    answer = browser.get("/plain", **fields).json()  # type: ignore[arg-type]
    forwarded = answer.pop("forward")
    assert token not in repr(answer)
    assert "root" not in repr(answer)
    assert answer["cookies"] == {"theme": "dark"}
    assert (answer["principal"], answer["headers"]["X-Other"]) == ("alice", "y")
    assert forwarded == (
        ["Cookie", f"{COOKIE}={token}"] if carrier == "cookie" else ["Authorization", f"Bearer {token}"]
    )


@pytest.mark.usefixtures("shown", "with_policy")
async def test_an_asynchronous_view_of_django_s_sees_none_either(async_client: AsyncClient) -> None:
    token = str(get_client().create("alice").token)
    async_client.cookies[COOKIE] = token
    answer = (await async_client.get("/plain", headers={"x-user": "root"})).json()
    assert answer.pop("forward") == ["Cookie", f"{COOKIE}={token}"]
    assert token not in repr(answer)
    assert "root" not in repr(answer)
    assert answer["principal"] == "alice"


@pytest.mark.usefixtures("shown")
def test_the_session_alone_hides_its_cookie_and_clears_a_dead_one() -> None:
    browser, session = Browser(), get_client().create("alice")
    browser.cookies[COOKIE] = str(session.token)
    answer = browser.get("/plain").json()
    assert str(session.token) not in repr(answer)
    assert answer["principal"] == "alice"
    get_client().revoke(session)
    assert browser.get("/plain").cookies[COOKIE].value == ""


@pytest.mark.usefixtures("shown")
def test_a_view_of_django_s_sees_the_credential_where_it_is_told_to(settings: Any) -> None:
    settings.FICHA = {**settings.FICHA, "trust": {"pass_credential": True}}
    browser, token = Browser(), str(get_client().create("alice").token)
    browser.cookies[COOKIE] = token
    assert browser.get("/plain").json()["cookies"] == {COOKIE: token}

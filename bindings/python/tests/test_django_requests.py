"""Whole requests through Django: cookies, the policy, asynchronous ones, outages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest
from django.conf import settings as django_settings
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client

import ficha
from django_helpers import COOKIE, cookie_of, replace_view, token, users
from ficha import _attributes
from ficha.django import Identity, conf, get_client, login
from ficha.django.signals import request_denied
from project import urls
from redis_server import PATIENT, RedisServer

pytestmark = [pytest.mark.usefixtures("store"), pytest.mark.django_db]


@pytest.fixture
def with_policy(settings: Any) -> None:
    settings.MIDDLEWARE = [settings.MIDDLEWARE[0], "ficha.django.FichaMiddleware", *settings.MIDDLEWARE[1:]]


@pytest.fixture
def long_lived(store: None, settings: Any) -> None:
    settings.FICHA = {**settings.FICHA, "session": {"absolute_timeout": "400d"}}


# --- cookies ---------------------------------------------------------------------------------------------------------


def test_nothing_is_stored_or_sent_for_a_visitor_who_puts_nothing_in(browser: Client) -> None:
    response = browser.get("/show")
    assert cookie_of(response) is None
    assert response.headers["Vary"] == "Cookie"
    assert cookie_of(browser.get("/empty")) is None


def test_a_page_without_a_session_does_not_vary_on_cookies(browser: Client) -> None:
    assert "Vary" not in browser.get("/plain").headers


def test_the_first_value_gives_a_cookie_and_later_ones_do_not_repeat_it(browser: Client) -> None:
    response = browser.get("/put", {"a": "[1]"})
    cookie = cookie_of(response)
    assert len(cookie.value) == 56
    assert (cookie["httponly"], cookie["path"], cookie["samesite"]) == (True, "/", "Lax")
    assert int(cookie["max-age"]) <= get_client().config.absolute_timeout
    assert response.headers["Cache-Control"] == "no-store"
    again = browser.get("/put", {"b": "2"})
    assert cookie_of(again) is None
    assert browser.get("/show").json() == {"a": [1], "b": 2}


def test_a_session_for_the_browser_s_life_has_a_cookie_without_an_age(browser: Client, alice: Any) -> None:
    cookie = cookie_of(browser.get("/enter", {"name": "alice", "expiry": "0"}))
    assert cookie["max-age"] == cookie["expires"] == ""


@pytest.mark.usefixtures("long_lived")
def test_an_expiry_changed_later_reaches_the_cookie(browser: Client) -> None:
    browser.get("/put", {"a": "1"})
    before = token(browser)
    cookie = cookie_of(browser.get("/expire", {"expiry": str(20 * 86400)}))
    assert cookie.value == before
    assert 0 <= 20 * 86400 - int(cookie["max-age"]) < 10
    assert browser.get("/show").json()["a"] == 1


def test_an_expiry_gives_the_cookie_of_a_browser_s_session_an_age(browser: Client, settings: Any) -> None:
    settings.SESSION_EXPIRE_AT_BROWSER_CLOSE = True
    assert cookie_of(browser.get("/put", {"a": "1"}))["max-age"] == ""
    cookie = cookie_of(browser.get("/expire", {"expiry": "3600"}))
    assert 3590 <= int(cookie["max-age"]) <= 3600
    assert cookie["expires"]


def test_saving_every_request_sends_the_cookie_with_its_age_each_time(browser: Client, settings: Any) -> None:
    settings.SESSION_COOKIE_AGE, settings.SESSION_SAVE_EVERY_REQUEST = 3600, True
    assert cookie_of(browser.get("/plain")) is None
    browser.get("/put", {"a": "1"})
    before = token(browser)
    cookie = cookie_of(browser.get("/plain"))
    assert (cookie.value, cookie["max-age"]) == (before, 3600)
    assert cookie_of(browser.get("/leave")).value == ""


async def test_saving_every_request_asynchronously(async_client: AsyncClient, settings: Any) -> None:
    settings.SESSION_COOKIE_AGE, settings.SESSION_SAVE_EVERY_REQUEST = 3600, True
    await async_client.get("/put", {"a": "1"})
    assert cookie_of(await async_client.get("/show"))["max-age"] == 3600


def test_what_a_view_says_of_caching_stays_beside_no_store(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def private(request: HttpRequest) -> HttpResponse:
        request.session["a"] = 1
        return HttpResponse(headers={"Cache-Control": "private, no-transform"})

    replace_view(monkeypatch, private)
    words = browser.get("/plain").headers["Cache-Control"].split(", ")
    assert set(words) == {"private", "no-transform", "no-store"}


@pytest.mark.usefixtures("long_lived")
def test_an_expiry_set_in_the_login_counts(browser: Client, alice: Any) -> None:
    browser.get("/enter", {"name": "alice", "expiry": str(14 * 86400)})
    session = get_client().load(token(browser))
    assert session is not None
    assert session.idle_seconds == 14 * 86400
    assert session.authenticated_at > 0


def test_a_nested_change_that_was_not_announced_is_saved(browser: Client) -> None:
    browser.get("/put", {"list": "[]"})
    browser.get("/append", {"value": "x"})
    assert browser.get("/show").json() == {"list": ["x"]}


def test_a_cookie_of_no_live_session_is_cleared(browser: Client) -> None:
    browser.cookies[COOKIE] = "fch1_" + "A" * 51
    cookie = cookie_of(browser.get("/show"))
    assert cookie.value == ""
    assert cookie["max-age"] == 0 or cookie["max-age"] == "0"


def test_a_rotation_reaches_the_client_even_if_the_view_fails(browser: Client) -> None:
    browser.get("/put", {"a": "1"})
    before = token(browser)
    browser.raise_request_exception = False
    response = browser.get("/fail-after-rotation")
    assert response.status_code == 500
    assert cookie_of(response).value != before
    assert browser.get("/show").json() == {"a": 1}


def test_a_session_ended_during_the_request_is_interrupted_and_not_brought_back(
    browser: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    browser.get("/put", {"list": "[]"})
    session = get_client().load(token(browser))
    assert session is not None
    pattern = next(p for p in urls.urlpatterns if getattr(p, "callback", None) is urls.append)

    def append_and_be_revoked(request: HttpRequest) -> HttpResponse:
        response = urls.append(request)
        get_client().revoke(session)
        return response

    monkeypatch.setattr(pattern, "callback", append_and_be_revoked)
    assert browser.get("/append", {"value": "x"}).status_code == 400
    assert get_client().load(token(browser), fresh=True) is None
    caplog.clear()  # its traceback


def test_what_a_view_s_own_call_to_the_store_raises_has_its_answer(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change_what_is_gone(request: HttpRequest) -> HttpResponse:
        session = get_client().create("alice")
        get_client().revoke(session)
        get_client().patch(session, set={"a": 1})
        return HttpResponse()

    replace_view(monkeypatch, change_what_is_gone)
    response = browser.get("/plain")
    assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, 'Bearer error="invalid_token"')
    assert response.json()["error"] == "session_gone"


@pytest.mark.parametrize("error", [ficha.InvalidArgument, ficha.TooLarge, ficha.Conflict, ficha.AttributeExists])
def test_what_a_view_asks_for_that_cannot_be_has_its_answer(
    browser: Client, monkeypatch: pytest.MonkeyPatch, error: type[ficha.FichaError]
) -> None:
    def fail(request: HttpRequest) -> HttpResponse:
        raise error("here")

    replace_view(monkeypatch, fail)
    response = browser.get("/plain")
    assert response.status_code == error.http_status
    assert response.content == ficha.respond_to(error("here")).body


def test_a_request_encodes_each_value_once(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    browser.get("/put", {"list": "[]", "tree": "{}"})
    encoded: list[Any] = []
    encode = _attributes._encode

    def encode_and_count(value: Any) -> str:
        encoded.append(value)
        return encode(value)

    monkeypatch.setattr(_attributes, "_encode", encode_and_count)
    browser.get("/append", {"value": "x"})
    assert (encoded.count(["x"]), encoded.count({})) == (1, 1)


@pytest.mark.parametrize(
    ("wrong", "status"), [({"b": object()}, 400), ({"b": "x" * 70_000}, 413)], ids=["no JSON", "too large"]
)
def test_a_save_that_fails_does_not_cost_the_token_of_a_rotation(
    browser: Client,
    monkeypatch: pytest.MonkeyPatch,
    wrong: dict[str, Any],
    status: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    browser.get("/put", {"a": "1"})
    before = token(browser)

    def rotate_and_fail(request: HttpRequest) -> HttpResponse:
        request.session.cycle_key()
        request.session.update(wrong)
        return HttpResponse()

    replace_view(monkeypatch, rotate_and_fail)
    assert browser.get("/plain").status_code == status
    assert browser.get("/show").json() == {"a": 1}
    assert token(browser) != before
    caplog.clear()  # its traceback


def test_an_expiry_in_the_past_clears_the_cookie(browser: Client) -> None:
    browser.get("/put", {"a": "1"})
    assert cookie_of(browser.get("/expire", {"expiry": "-1"})).value == ""
    assert browser.get("/show").json() == {}


def test_two_saves_and_a_rotation_in_one_request(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def save_and_go_on(request: HttpRequest) -> HttpResponse:
        session = request.session
        session["list"] = [1]
        session.save()
        session["list"].append(2)
        session.save()
        session.cycle_key()
        session["list"].append(3)
        session.setdefault("tree", {})["leaf"] = 1
        session.pop("absent", None)
        return HttpResponse()

    replace_view(monkeypatch, save_and_go_on)
    browser.get("/plain")
    assert browser.get("/show").json() == {"list": [1, 2, 3], "tree": {"leaf": 1}}


def test_what_is_written_after_a_flush_belongs_to_a_new_session(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flush_and_write(request: HttpRequest) -> HttpResponse:
        request.session.flush()
        request.session["new"] = 1
        return HttpResponse()

    browser.get("/put", {"a": "1"})
    before = token(browser)
    replace_view(monkeypatch, flush_and_write)
    browser.get("/plain")
    assert token(browser) != before
    assert get_client().load(before) is None
    assert browser.get("/show").json() == {"new": 1}


def test_parallel_rotations_end_in_one_session(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def cycle(request: HttpRequest) -> HttpResponse:
        assert request.session["a"] == 1
        get_client().rotate(get_client().load(token(browser)))  # type: ignore[arg-type]
        request.session.cycle_key()
        return HttpResponse()

    browser.get("/put", {"a": "1"})
    before = token(browser)
    replace_view(monkeypatch, cycle)
    assert browser.get("/plain").status_code == 400
    assert get_client().load(before) is None


# --- the policy ------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("with_policy")
def test_the_policy_answers_before_the_view(browser: Client, alice: Any) -> None:
    denied: list[Any] = []

    def on_denied(decision: Any, **_: Any) -> None:
        denied.append(decision.reason)

    request_denied.connect(on_denied)
    response = browser.get("/private/page")
    assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert response.json() == {"error": "unauthenticated", "message": "log in first"}
    browser.get("/enter", {"name": "alice"})
    assert browser.get("/private/page").json()["_auth_user_id"] == str(alice.pk)
    assert browser.get("/tellers/page").status_code == 403
    assert browser.get("/nobody").status_code == 403
    assert browser.get("/private/%2e%2e/show").status_code == 400
    assert denied == ["no_credential", "missing_role", "nobody", "ambiguous_path"]


@pytest.mark.usefixtures("with_policy")
def test_a_bearer_token_is_a_session_too(browser: Client) -> None:
    session = get_client().create("alice", {"a": 1}, roles=["teller"])
    headers = {"HTTP_AUTHORIZATION": f"Bearer {session.token}"}
    response = browser.get("/tellers/page", **headers)  # type: ignore[arg-type]
    assert response.json() == {"a": 1}
    assert cookie_of(response) is None
    browser.get("/put", {"b": "2"}, **headers)  # type: ignore[arg-type]
    assert get_client().load(str(session.token), fresh=True).attributes == {"a": 1, "b": 2}  # type: ignore[union-attr]


@pytest.mark.usefixtures("with_policy")
def test_the_session_is_read_once_per_request(browser: Client) -> None:
    browser.get("/put", {"a": "1"})
    get_client().load(token(browser))
    before = get_client().stats()
    browser.get("/show")
    after = get_client().stats()
    assert after["hits"] + after["misses"] <= before["hits"] + before["misses"] + 1


def test_the_view_s_requirement_holds_without_the_path_rule(browser: Client) -> None:
    assert browser.get("/tellers-only").status_code == 401
    browser.get("/enter-without-user", {"name": "x"})
    assert browser.get("/tellers-only").status_code == 403
    browser.get("/enter-without-user", {"name": "x", "role": ["teller"]})
    assert browser.get("/tellers-only").content == b"cash"


def changing(get_response: Any) -> Any:
    """Middleware that does to the session what the query says."""

    def middleware(request: HttpRequest) -> Any:
        session: Any = request.session
        for step in request.GET.getlist("then"):
            if step == "put":
                session["a"] = 1
                session.save()
            elif ":" in step:
                name, _, role = step.partition(":")
                login(request, Identity(name, roles=(role,)))
            else:
                getattr(session, step)()
        return get_response(request)

    return middleware


@pytest.mark.parametrize("policy", [True, False], ids=["below FichaMiddleware", "without it"])
@pytest.mark.parametrize("carrier", ["cookie", "bearer"])
def test_a_view_s_requirement_is_judged_by_the_session_that_the_request_has_then(
    settings: Any, policy: bool, carrier: str
) -> None:
    first, *others = settings.MIDDLEWARE
    settings.MIDDLEWARE = [
        first,
        *(["ficha.django.FichaMiddleware"] if policy else []),
        f"{__name__}.changing",
        *others,
    ]

    def call(role: str, *then: str) -> int:
        value = str(get_client().create("alice", roles=[role]).token)
        headers: Any = {"HTTP_AUTHORIZATION": f"Bearer {value}"}
        if carrier == "cookie":
            headers = {"HTTP_COOKIE": f"{COOKIE}={value}"}
        return Client().get("/tellers-only", {"then": list(then)}, **headers).status_code

    assert call("teller") == 200
    if carrier == "bearer" and not policy:  # request.session is not the token's there
        assert call("teller", "put") == 200
        assert call("guest", "put") == 403
        return
    assert call("teller", "put", "cycle_key") == 200
    assert call("teller", "flush") == call("teller", "flush", "put") == 401
    assert call("teller", "delete") == call("teller", "create") == 401
    assert call("teller", "bob:guest") == call("guest", "put") == 403
    assert call("guest", "bob:teller") == call("guest", "flush", "alice:teller") == 200
    assert call("guest", "bob:teller", "flush") == 401


# --- asynchronous ----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("with_policy")
@pytest.mark.django_db(transaction=True)
async def test_asynchronous_requests(async_client: AsyncClient) -> None:
    response = await async_client.get("/put", {"a": "[1]"})
    assert len(cookie_of(response).value) == 56
    assert (await async_client.get("/show")).json() == {"a": [1]}
    assert (await async_client.get("/private/page")).status_code == 401
    assert (await async_client.get("/async-tellers-only")).status_code == 401
    await async_client.get("/enter-without-user", {"name": "x", "role": ["teller"]})
    assert (await async_client.get("/async-tellers-only")).content == b"cash"
    assert (await async_client.get("/tellers/page")).status_code == 200
    before = token(async_client)
    await async_client.get("/async-enter", {"name": "x"})
    assert token(async_client) != before
    assert get_client().load(before) is None
    other = get_client().create("x")
    assert (await async_client.get("/async-revoke-others")).json() == {"revoked": 1}
    assert get_client().load(str(other.token), fresh=True) is None
    await async_client.get("/async-enter", {"name": "y"})
    assert (await async_client.get("/show")).json() == {}
    before = token(async_client)
    assert cookie_of(await async_client.get("/leave")).value == ""
    assert get_client().load(before) is None


if hasattr(AsyncClient, "aforce_login"):  # from Django 5.0

    @pytest.mark.django_db(transaction=True)
    async def test_the_asynchronous_test_client_logs_in_by_force_and_out(async_client: Any) -> None:
        alice = await users().acreate_user("alice", password="password")
        await async_client.aforce_login(alice)
        assert (await async_client.get("/who")).json()["principal"] == str(alice.pk)
        session = await async_client.asession()
        await session.aset("prepared", 1)
        await session.asave()
        assert (await async_client.get("/async-show")).json()["prepared"] == 1
        before = token(async_client)
        await async_client.alogout()
        assert get_client().load(before) is None


# --- outages ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def lost_server(settings: Any) -> Iterator[RedisServer]:
    server = RedisServer(persistent=True)
    redis = {"url": server.url, **PATIENT}
    settings.FICHA = {**django_settings.FICHA, "redis": redis, "near_cache": {"enabled": False}}
    yield server
    conf.close_client()
    server.close()


@pytest.mark.parametrize("path", ["/show", "/who", "/put?a=2", "/leave"])
def test_an_outage_is_503_with_the_cookie_untouched(browser: Client, lost_server: RedisServer, path: str) -> None:
    browser.get("/put", {"a": "1"})
    before = token(browser)
    lost_server.stop()
    response = browser.get(path)
    assert response.status_code == 503
    assert (response.headers["Retry-After"], response.content) == ("1", ficha.respond_to(ficha.Unavailable).body)
    assert cookie_of(response) is None
    lost_server.start()
    while browser.get("/show").status_code == 503:
        pass
    assert browser.get("/show").json() == {"a": 1}
    assert token(browser) == before


@pytest.mark.usefixtures("with_policy")
def test_an_outage_is_503_from_the_policy(browser: Client, lost_server: RedisServer) -> None:
    browser.get("/put", {"a": "1"})
    lost_server.stop()
    response = browser.get("/show")
    assert (response.status_code, cookie_of(response)) == (503, None)


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_an_outage_at_the_save_does_not_cost_the_token_of_a_rotation(
    lost_server: RedisServer, monkeypatch: pytest.MonkeyPatch, asynchronous: bool
) -> None:
    browser = AsyncClient()
    await browser.get("/put", {"a": "1"})
    before = token(browser)

    def rotate_and_lose_the_server(request: HttpRequest) -> HttpResponse:
        request.session.cycle_key()
        request.session["b"] = 2
        lost_server.stop()
        return HttpResponse()

    async def arotate_and_lose_the_server(request: HttpRequest) -> HttpResponse:
        await cast(Any, request.session).acycle_key()
        request.session["b"] = 2
        lost_server.stop()
        return HttpResponse()

    replace_view(monkeypatch, arotate_and_lose_the_server if asynchronous else rotate_and_lose_the_server)
    response = await browser.get("/plain")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
    assert token(browser) != before
    lost_server.start()
    while (shown := await browser.get("/show")).status_code == 503:
        pass
    assert shown.json() == {"a": 1}

"""Each package logs in, uses the session and logs out; prints what came of each step, as JSON. Run with SIDE set."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from typing import Any

import project

User = project.setup()

import at_rest  # noqa: E402 -- these need Django set up
from asgiref.sync import async_to_sync  # noqa: E402
from channels.auth import AuthMiddlewareStack, login, logout  # noqa: E402
from channels.db import database_sync_to_async  # noqa: E402
from channels.generic.http import AsyncHttpConsumer  # noqa: E402
from channels.generic.websocket import AsyncJsonWebsocketConsumer  # noqa: E402
from channels.testing import HttpCommunicator, WebsocketCommunicator  # noqa: E402
from django.core import mail  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import override_settings, setup_test_environment  # noqa: E402

Outcome = dict[str, Any]
COOKIE = "sessionid"
#: Every value of the session's cookie that a browser was given.
seen: set[str] = set()


class Browser(Client):
    """Django's test client, which notes each cookie."""

    def request(self, **request: Any) -> Any:
        response = super().request(**request)
        if COOKIE in self.cookies and self.cookies[COOKIE].value:
            seen.add(self.cookies[COOKIE].value)
        return response

    def who(self) -> Any:
        return self.get("/who").json()


def enter(browser: Browser, name: str, where: str = "/plain/login") -> int:
    field = "username" if where == "/plain/login" else "login"
    return int(browser.post(where, {field: name, "password": "password"}).status_code)


def allauth() -> Outcome:
    from allauth.usersessions.models import UserSession

    first, second = Browser(), Browser()
    first.get("/put", {"theme": "dark"})
    entered = [enter(browser, "ada", "/accounts/login/") for browser in (first, second)]
    listed = first.get("/accounts/sessions/").status_code
    rows = UserSession.objects.purge_and_list(User.objects.get(username="ada"))
    fits = all(len(row.session_key) <= 40 for row in rows)
    is_secret = any(row.session_key in seen for row in rows) if project.ON_FICHA else False
    first.post("/accounts/sessions/")
    ended = second.who()["user"]
    used = first.who()
    code = Browser()
    asked = code.post("/accounts/login/code/", {"email": "ada@shop.example"}).status_code
    match = re.search(r"^([A-Z0-9-]{4,})$", mail.outbox[-1].body, re.MULTILINE)
    confirmed = code.post("/accounts/login/code/confirm/", {"code": match[1] if match else ""}).status_code
    left = first.post("/accounts/logout/").status_code
    return {
        "logs in": entered, "lists sessions": [listed, len(rows)], "the key fits 40 characters": fits,
        "the key is a live secret": is_secret, "ends the other": ended, "uses": used,
        "logs in by a code": [asked, confirmed, code.who()["user"]],
        "logs out": [left, first.who()["user"]],
    }  # fmt: skip


def hijack() -> Outcome:
    browser = Browser()
    entered = enter(browser, "root")
    browser.get("/put", {"theme": "dark"})
    taken = browser.post("/hijack/acquire/", {"user_pk": User.objects.get(username="ada").pk}).status_code
    as_other = browser.who()
    released = browser.post("/hijack/release/").status_code
    back = browser.who()
    left = browser.post("/plain/logout").status_code
    return {
        "logs in": entered, "acquires": [taken, as_other], "releases": [released, back],
        "logs out": [left, browser.who()],
    }  # fmt: skip


def otp() -> Outcome:
    from django_otp.plugins.otp_static.models import StaticDevice

    device = StaticDevice.objects.create(user=User.objects.get(username="ada"), name="paper")
    device.token_set.create(token="123456")
    browser = Browser()
    entered = enter(browser, "ada")
    before = browser.who()["verified"]
    wrong = browser.get("/second-factor", {"token": "000000"}).json()
    right = browser.get("/second-factor", {"token": "123456"}).json()
    after = browser.who()["verified"]
    browser.post("/plain/logout")
    return {"logs in": entered, "verified": [before, wrong, right, after], "logs out": browser.who()}


def axes() -> Outcome:
    from axes.models import AccessLog
    from axes.utils import reset

    browser = Browser()
    tries = [browser.post("/plain/login", {"username": "eve", "password": "wrong"}).status_code for _ in range(4)]
    locked = enter(browser, "eve")
    reset()
    entered = enter(browser, "eve")
    used = browser.who()["user"]
    browser.post("/plain/logout")
    log = AccessLog.objects.filter(username="eve").latest("attempt_time")
    return {
        "locks out": [tries, locked], "logs in": [entered, used], "logs out": browser.who(),
        "finds the login of the logout": log.logout_time is not None,
    }  # fmt: skip


class Socket(AsyncJsonWebsocketConsumer):  # type: ignore[misc]
    async def connect(self) -> None:
        await self.accept()
        session = self.scope["session"]
        theme = await database_sync_to_async(session.get)("theme")
        await self.send_json([self.scope["user"].get_username(), theme])


class Door(AsyncHttpConsumer):  # type: ignore[misc]
    async def handle(self, body: bytes) -> None:
        if self.scope["path"] == "/in":
            await login(
                self.scope, await User.objects.aget(username="ada"), "django.contrib.auth.backends.ModelBackend"
            )
            await database_sync_to_async(self.scope["session"].save)()
        else:
            await logout(self.scope)
        await self.send_response(200, b"")


def channels() -> Outcome:
    async def socket(cookie: str | None) -> Any:
        headers = [(b"cookie", f"{COOKIE}={cookie}".encode())] if cookie else []
        communicator = WebsocketCommunicator(AuthMiddlewareStack(Socket.as_asgi()), "/", headers=headers)
        await communicator.connect()
        said = await communicator.receive_json_from()
        await communicator.disconnect()
        return said

    async def door(path: str, cookie: str | None) -> str | None:
        headers = [(b"cookie", f"{COOKIE}={cookie}".encode())] if cookie else []
        communicator = HttpCommunicator(AuthMiddlewareStack(Door.as_asgi()), "GET", path, headers=headers)
        response = await communicator.get_response()
        fields = [value.decode() for name, value in response["headers"] if name.lower() == b"set-cookie"]
        return re.split("[=;]", fields[-1])[1].strip('"') if fields else None

    ask, go = async_to_sync(socket), async_to_sync(door)
    browser = Browser()
    enter(browser, "ada")
    browser.get("/put", {"theme": "dark"})
    token = browser.cookies[COOKIE].value
    said = ask(token)
    by_id = ask(browser.session.session_key) if project.ON_FICHA else ["", None]
    browser.post("/plain/logout")
    with override_settings(AXES_ENABLED=False):  # it needs a request, which Channels does not send
        given = go("/in", None)
    seen.add(str(given))
    visitor = Browser()
    visitor.cookies[COOKIE] = given
    inside = visitor.who()["user"]
    with override_settings(AXES_ENABLED=False):
        cleared = go("/out", given)
    visitor.cookies[COOKIE] = given
    return {
        "knows the user of a browser": said, "an id in the cookie": by_id, "nobody": ask(None),
        "a dead session": ask(token), "logs in": [bool(given), inside], "logs out": [cleared, visitor.who()["user"]],
    }  # fmt: skip


def stored_requests() -> Outcome:
    """Everything that Django, DRF and allauth keep of requests and URLs in a session, then a look into Redis."""
    browser = Browser()
    browser.get("/put", {"theme": "dark"})
    statuses = [
        browser.get("/remember", headers={"X-Other": "kept"}).status_code,
        browser.get("/api/remember?next=/members").status_code,
        browser.get("/members").status_code,
        browser.get("/accounts/dummy/login/?process=login&next=/members").status_code,
        browser.post("/accounts/login/code/", {"email": "ada@shop.example"}).status_code,
        enter(browser, "ada", "/accounts/login/?next=/members"),
        browser.get("/remember").status_code,
    ]
    found: list[str] = []
    if project.ON_FICHA:
        from ficha.django import get_client

        bearer = get_client().create("svc").token
        seen.add(str(bearer))
        statuses.append(browser.get("/who").status_code)
        Client().get("/api/remember", headers={"Authorization": f"Bearer {bearer}"})
        texts = at_rest.everything(str(project.settings.FICHA["redis"]["url"]))
        found = sorted({token[:9] for token in seen if any(token in text for text in texts)})
        assert any("saved_request" in text for text in texts), "nothing was stored to be searched"
        assert len(seen) > 10, "too few tokens were seen"
    return {"answers": statuses[:7], "tokens found at rest": found}


SCENARIOS: tuple[Callable[[], Outcome], ...] = (allauth, hijack, otp, axes, channels, stored_requests)


def main() -> None:
    """Run them all."""
    setup_test_environment()
    if project.ON_FICHA:
        from ficha.django.test import install

        install()
    User.objects.create_superuser("root", "root@shop.example", "password")
    for name in ("ada", "eve"):
        User.objects.create_user(name, f"{name}@shop.example", "password")
    outcomes = {}
    for scenario in SCENARIOS:
        outcomes[scenario.__name__] = outcome_of(scenario)
    json.dump(outcomes, sys.stdout)


def outcome_of(scenario: Callable[[], Outcome]) -> Outcome:
    """Return what came of it; an error is an outcome like another, to be compared."""
    try:
        return scenario()
    except Exception as error:  # noqa: BLE001
        return {"raised": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    main()

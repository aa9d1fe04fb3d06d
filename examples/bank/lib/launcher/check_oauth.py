"""OAuth 2, whose access tokens are session tokens."""

from __future__ import annotations

import base64
import hashlib
import html
import re
import secrets
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from browser import Answer, Browser, Machine
from scene import COOKIE, Failed, Scene, eventually, expect, require, same

_REDIRECT = "http://127.0.0.1:8765/callback"


def a_machine_s_token_works_in_every_service_until_it_is_revoked(scene: Scene) -> None:
    client = ("reporting", scene.system.client_secret)
    machine = _with_token(scene, client)
    views = [answer.json() for answer in scene.everywhere(machine, 200)]
    same("principal", (view["principal"] for view in views), "client:reporting")
    same("scopes", (view["scopes"] for view in views), ["transactions:read"])
    expect(machine.get("/transactions/transfers"), 200)
    refused = expect(machine.ask("POST", "/transactions/transfers", {}), 403)
    require('error="insufficient_scope"' in refused.header("WWW-Authenticate"), "not told which scope is missing")
    expect(machine.get("/auth/devices"), 403)

    facts = _introspect(scene, machine.token)
    view = views[0]
    require(facts["active"] is True and facts["sub"] == view["principal"], f"{facts}")
    require(facts["scope"].split() == view["scopes"] and facts["client_id"] == "reporting", f"{facts}")

    expect(machine.form("/auth/oauth/revoke", ("reporting", "wrong"), token=machine.token), 401)
    scene.everywhere(machine, 200)
    expect(machine.form("/auth/oauth/revoke", client, token=machine.token), 200)
    eventually("401 everywhere", lambda: all(_refused(machine, service) for service in scene.services), 1)
    for answer in scene.everywhere(machine, 401):
        require('error="invalid_token"' in answer.header("WWW-Authenticate"), "the token is not said to be invalid")
    require(_introspect(scene, machine.token) == {"active": False}, "introspection tells more than it should")


def a_machine_gets_nothing_without_its_secret_nor_beyond_its_scopes(scene: Scene) -> None:
    machine = Machine(scene.system.origin)
    client = ("reporting", scene.system.client_secret)
    expect(machine.form("/auth/oauth/token", ("reporting", "wrong"), grant_type="client_credentials"), 401)
    for scope in ("account", "transactions:write", "transactions:read account"):
        answer = machine.form("/auth/oauth/token", client, grant_type="client_credentials", scope=scope)
        require(expect(answer, 400).json()["error"] == "invalid_scope", f"{scope} was not refused")
    grant = {"grant_type": "password", "username": "bob", "password": scene.system.passwords["bob"]}
    expect(machine.form("/auth/oauth/token", client, **grant), 400)


def only_who_is_registered_for_it_may_ask_about_tokens(scene: Scene) -> None:
    reporting = ("reporting", scene.system.client_secret)
    token = _with_token(scene, reporting).token
    machine = Machine(scene.system.origin)
    for nobody in (None, ("reporting", "wrong"), ("gateway", scene.system.client_secret), ("budget", "")):
        refused = expect(machine.form("/auth/oauth/introspect", nobody, token=token), 401)
        require(refused.header("WWW-Authenticate") == "Basic", "not told how to prove oneself")
    for asked in (token, "no token"):
        refused = expect(machine.form("/auth/oauth/introspect", reporting, token=asked), 403)
        require(refused.json() == {"error": "unauthorized_client"}, f"{refused.body!r}")
    require(_introspect(scene, token)["active"] is True, "the gateway is told nothing")
    require(_introspect(scene, "no token") == {"active": False}, "a token that is none")
    gateway = ("gateway", scene.system.gateway_secret)
    expect(machine.form("/auth/oauth/token", gateway, grant_type="client_credentials"), 400)


def nobody_s_notes_say_for_which_application_a_token_was_issued(scene: Scene) -> None:
    bob = scene.logged_in("bob")
    token = bob.cookies[COOKIE]
    for service in scene.services:
        expect(bob.ask("PUT", f"/{service}/session/notes/client_id", "reporting"), 200)
        require("client_id" not in _introspect(scene, token), f"a note in {service} made bob's login an application's")
    machine = _with_token(scene, ("reporting", scene.system.client_secret))
    require(_introspect(scene, machine.token)["client_id"] == "reporting", "an application's token is nobody's")


def a_code_that_is_used_twice_ends_what_it_gave(scene: Scene) -> None:
    bob = scene.logged_in("bob")
    verifier = secrets.token_urlsafe(48)
    application = Machine(scene.system.origin)
    for attempts in (1, 4):  # after the first exchange, and beside it
        exchange = _exchange(_authorize(bob, verifier, "transactions:read"), verifier)
        answers = []
        if attempts == 1:
            answers.append(expect(application.form("/auth/oauth/token", None, **exchange), 200))
            application.token = answers[0].json()["access_token"]
            scene.everywhere(application, 200)
        with ThreadPoolExecutor(attempts) as pool:
            answers += pool.map(lambda fields: _ask_for_token(scene, fields), [exchange] * attempts)
        statuses = sorted(answer.status for answer in answers)
        require(statuses == [200] + [400] * (len(answers) - 1), f"{statuses}")
        application.token = next(answer.json()["access_token"] for answer in answers if answer.status == 200)
        eventually("401 everywhere", lambda: all(_refused(application, service) for service in scene.services), 1)
    scene.everywhere(bob, 200)  # his own login is another session
    require(all(device["device"] != "budget" for device in bob.get("/auth/devices").json()), "a session was left")


def an_application_acts_for_bob_within_what_he_allowed(scene: Scene) -> None:
    bob = scene.logged_in("bob")
    verifier = secrets.token_urlsafe(48)
    code = _authorize(bob, verifier, "transactions:read")
    application = Machine(scene.system.origin)
    expect(application.form("/auth/oauth/token", None, **_exchange(code, verifier[:-1] + "!")), 400)
    code = _authorize(bob, verifier, "transactions:read")
    answer = expect(application.form("/auth/oauth/token", None, **_exchange(code, verifier)), 200).json()
    require("refresh_token" not in answer, "a refresh token")
    application.token = answer["access_token"]

    views = [each.json() for each in scene.everywhere(application, 200)]
    same("principal", (view["principal"] for view in views), "bob")
    mine, his = application.get("/transactions/accounts"), bob.get("/transactions/accounts")
    require(expect(mine, 200).json() == his.json(), "it does not see his accounts")
    expect(application.ask("POST", "/transactions/transfers", {}), 403)
    for service in scene.services:
        for method in ("PUT", "DELETE"):
            expect(application.ask(method, f"/{service}/session/notes/by-the-application", 1), 403)
    with scene.roles("bob", "customer", "trader", "card-manager", "admin"):
        eventually("the roles", lambda: "trader" in application.get("/rates/session").json()["roles"], 1)
        for path in ("/rates/margins", "/auth/users", "/auth/devices"):
            if path.split("/")[1] in scene.services:
                expect(application.get(path), 403)  # his roles are not the application's
        expect(application.ask("POST", "/auth/logout-everywhere"), 403)
    smuggler = Browser(scene.system.origin)
    smuggler.cookies[COOKIE] = application.token
    consent = smuggler.get("/auth/oauth/authorize?" + _request(verifier, "transactions:read"))
    require(consent.status == 302, "an application may approve applications")

    listed = bob.get("/auth/devices").json()
    require(any(device["device"] == "budget" for device in listed), "he cannot see the application")
    expect(bob.post("/auth/logout-everywhere"), 204)
    eventually("401 everywhere", lambda: all(_refused(application, service) for service in scene.services), 1)


def who_is_not_logged_in_is_sent_to_the_login_and_foreign_addresses_get_no_code(scene: Scene) -> None:
    request = _request(secrets.token_urlsafe(48), "transactions:read")
    sent = scene.visitor().get(f"/auth/oauth/authorize?{request}")
    require(sent.status == 302 and sent.header("Location").startswith(scene.system.origin), sent.header("Location"))
    bob = scene.logged_in("bob")
    foreign = request.replace("127.0.0.1", "evil.example")
    require(bob.get(f"/auth/oauth/authorize?{foreign}").status == 400, "a foreign redirect_uri was taken")
    weaker = (re.sub("&code_challenge.*", "", request), request.replace("S256", "plain"))
    for query in weaker:
        answer = bob.get("/auth/oauth/authorize?" + query)
        if answer.status == 200:
            answer = _consent(bob, "/auth/oauth/authorize?" + query, answer)
        require("code=" not in answer.header("Location"), f"a code without a good challenge: {query}")


def no_token_is_stored_anywhere(scene: Scene) -> None:
    bob = scene.logged_in("bob")
    machine = _with_token(scene, ("reporting", scene.system.client_secret))
    secrets_at_large = {
        "bob's token": bob.cookies[COOKIE],
        "the machine's token": machine.token,
        "the client's secret": scene.system.client_secret,
        "the gateway's secret": scene.system.gateway_secret,
        "bob's password": scene.system.passwords["bob"],
    }
    searched = set()
    for path in (path for folder in ("data", "log") for path in (scene.system.run / folder).rglob("*")):
        with suppress(IsADirectoryError, FileNotFoundError):  # SQLite's journals come and go
            content = path.read_bytes()
            searched.add(path.suffix)
            for what, secret in secrets_at_large.items():
                require(secret.encode() not in content, f"{what} is in {path.name}")
    require({".sqlite3", ".aof", ".log"} <= searched, f"searched only {searched}")


def _with_token(scene: Scene, client: tuple[str, str]) -> Machine:
    machine = Machine(scene.system.origin)
    answer = expect(machine.form("/auth/oauth/token", client, grant_type="client_credentials"), 200)
    require(answer.header("Cache-Control") == "no-store", "the token may be stored")
    token = answer.json()
    require(token["token_type"] == "Bearer" and token["access_token"].startswith("fch1_"), "it is no session token")
    machine.token = token["access_token"]
    return machine


def _introspect(scene: Scene, token: str) -> dict[str, Any]:
    gateway = ("gateway", scene.system.gateway_secret)
    answer = expect(Machine(scene.system.origin).form("/auth/oauth/introspect", gateway, token=token), 200)
    facts: dict[str, Any] = answer.json()
    return facts


def _ask_for_token(scene: Scene, fields: dict[str, str]) -> Answer:
    return Machine(scene.system.origin).form("/auth/oauth/token", None, **fields)


def _exchange(code: str, verifier: str) -> dict[str, str]:
    return {
        "grant_type": "authorization_code",
        "client_id": "budget",
        "redirect_uri": _REDIRECT,
        "code": code,
        "code_verifier": verifier,
    }


def _request(verifier: str, scope: str) -> str:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return urlencode(
        {
            "response_type": "code",
            "client_id": "budget",
            "redirect_uri": _REDIRECT,
            "scope": scope,
            "state": "the state",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
    )


def _authorize(bob: Browser, verifier: str, scope: str) -> str:
    """Return the code that bob's consent gives the application."""
    path = "/auth/oauth/authorize?" + _request(verifier, scope)
    page = bob.get(path)
    require(
        page.status == 200 and "frame-ancestors 'none'" in page.header("Content-Security-Policy"), "no consent page"
    )
    expect(_consent(bob, path, page, origin="https://evil.example"), 403)
    sent = _consent(bob, path, page)
    require(sent.status == 302 and sent.header("Location").startswith(_REDIRECT), f"{sent.status} after consent")
    answer = parse_qs(urlsplit(sent.header("Location")).query)
    require(answer["state"] == ["the state"], "the state was lost")
    if "code" not in answer:
        raise Failed(f"no code: {answer}")
    return answer["code"][0]


def _consent(bob: Browser, path: str, page: Answer, origin: str = "") -> Answer:
    """Return the answer to the consent page's form, sent with "Allow"."""
    fields = {"allow": "true"}
    for tag in re.findall(r"<input[^>]*>", page.body.decode()):
        attributes = {name: html.unescape(value) for name, value in re.findall(r'(\w+)="([^"]*)"', tag)}
        fields[attributes["name"]] = attributes.get("value", "")
    return bob.ask("POST", path, form=fields, headers={"Origin": origin or bob.origin})


def _refused(machine: Machine, service: str) -> bool:
    return machine.get(f"/{service}/session").status == 401


CHECKS = (
    a_machine_s_token_works_in_every_service_until_it_is_revoked,
    a_machine_gets_nothing_without_its_secret_nor_beyond_its_scopes,
    only_who_is_registered_for_it_may_ask_about_tokens,
    nobody_s_notes_say_for_which_application_a_token_was_issued,
    a_code_that_is_used_twice_ends_what_it_gave,
    an_application_acts_for_bob_within_what_he_allowed,
    who_is_not_logged_in_is_sent_to_the_login_and_foreign_addresses_get_no_code,
    no_token_is_stored_anywhere,
)

"""One session through the whole system: from login to its end."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from browser import Answer, Browser
from scene import COOKIE, Failed, Scene, eventually, expect, require, same
from services import SERVICES

#: What needs a role: service, role, method, path (with the id of the user's first card).
_GUARDED = (
    ("cards", "card-manager", "POST", "/cards/cards/{card}/freeze"),
    ("statements", "auditor", "GET", "/statements/audit"),
    ("rates", "trader", "GET", "/rates/margins"),
)


def nobody_gets_anything(scene: Scene) -> None:
    for answer in scene.everywhere(scene.visitor(), 401):
        require(answer.header("WWW-Authenticate") == "Bearer", "the challenge says more than it should")
        require("Set-Cookie" not in answer.headers, "a cookie for nobody")
    for path in ("/auth/devices", "/auth/users", "/transactions/accounts", "/transactions/transfers"):
        expect(scene.visitor().get(path), 401)
    for service in scene.services:
        expect(scene.visitor().get(f"/{service}/health"), 200)


def the_page_is_there_and_nothing_may_be_added_to_it(scene: Scene) -> None:
    page = expect(scene.visitor().get("/"), 200)
    require(b"<!doctype html>" in page.body.lower(), "no page")
    require("script-src 'self'" in page.header("Content-Security-Policy"), "no policy against foreign scripts")
    require(page.header("X-Content-Type-Options") == "nosniff", "no nosniff")
    require("Set-Cookie" not in page.headers, "a cookie with the page")


def a_login_sets_a_cookie_that_scripts_cannot_read(scene: Scene) -> None:
    visitor = scene.visitor()
    answer = expect(scene.log_in(visitor, "bob"), 200)
    fields = answer.headers.get_all("Set-Cookie") or []
    require(len(fields) == 1 and fields[0].startswith(f"{COOKIE}=fch1_"), "not one cookie of the right name")
    attributes = {part.strip().lower() for part in fields[0].split(";")[1:]}
    require({"secure", "httponly", "path=/", "samesite=lax"} <= attributes, f"attributes of the cookie: {attributes}")
    require(answer.header("Cache-Control") == "no-store", "the answer may be stored")
    require(visitor.cookies[COOKIE].encode() not in answer.body, "the token is in the body")


def a_wrong_password_and_an_unknown_name_look_alike(scene: Scene) -> None:
    wrong = expect(scene.visitor().post("/auth/login", {"username": "bob", "password": "wrong"}), 401)
    unknown = expect(scene.visitor().post("/auth/login", {"username": "mallory", "password": "wrong"}), 401)
    require(wrong.body == unknown.body, "the answers differ")
    seconds = {"known": math.inf, "unknown": math.inf}
    for stranger in ("nobody", "noone"):  # again, when the machine was busy with something else whenever bob's turn was
        for _ in range(3):
            for kind, name in (("known", "bob"), ("unknown", stranger)):
                seconds[kind] = min(seconds[kind], _seconds_of_a_failed_login(scene, name))
        expect(scene.log_in(scene.visitor(), "bob"), 200)  # which forgives the failures
        if seconds["unknown"] > seconds["known"] / 2:
            return
    raise Failed(f"times differ: {seconds}")


def every_service_sees_the_same_user(scene: Scene) -> None:
    views = [answer.json() for answer in scene.everywhere(scene.logged_in("bob"), 200)]
    same("principal", (view["principal"] for view in views), "bob")
    for field in ("roles", "scopes", "authenticated_at", "notes"):
        same(field, (view[field] for view in views), views[0][field])
    require(views[0]["roles"] == ["customer"], "bob is no customer")
    require("transactions:write" in views[0]["scopes"], "bob may not make transfers")
    require({view["service"] for view in views} == set(scene.services), "a service has another's name")


def every_instance_of_a_service_answers(scene: Scene) -> None:
    bob = scene.logged_in("bob")
    for service in SERVICES:
        instances = set()
        for _ in range(20 * service.instances):  # others ask, too, and may get every other turn
            instances.add(expect(bob.get(f"/{service.name}/session"), 200).json()["instance"])
            if len(instances) == service.instances:
                break
        require(instances == set(service.instance_names), f"instances of {service.name}: {instances}")


def a_note_added_in_one_service_is_seen_in_all(scene: Scene) -> None:
    bob = scene.logged_in("bob")
    value = {"großes": ["Ünïcödé ✓", 1.5, None, {}, []], "nested": {"deep": [[True]]}}
    expected: dict[str, Any] = {}
    for service in scene.services:
        name = f"from-{service}"
        changed = expect(bob.ask("PUT", f"/{service}/session/notes/{name}", value), 200).json()
        require(changed["notes"].get(name) == value, f"{service} does not see its own change")
        expected[name] = value
        _await_notes(scene, bob, expected)
    for service in scene.services:
        expect(bob.ask("DELETE", f"/{service}/session/notes/from-{service}"), 200)
    _await_notes(scene, bob, {})


def changes_made_in_all_services_at_once_are_all_kept(scene: Scene) -> None:
    bob = scene.logged_in("bob")
    rounds = 5

    def change(service: str, tab: Browser) -> None:
        for count in range(rounds):
            tab.ask("PUT", f"/{service}/session/notes/{service}-{count}", count)

    threads = [threading.Thread(target=change, args=(service, bob.copy())) for service in scene.services]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = {f"{service}-{count}": count for service in scene.services for count in range(rounds)}
    _await_notes(scene, bob, expected)


def what_is_no_json_is_refused_and_harms_nothing(scene: Scene) -> None:
    bob = scene.logged_in("bob")
    for service in scene.services:
        broken = bob.ask(
            "PUT",
            f"/{service}/session/notes/broken",
            headers={"Content-Type": "application/json"},
            form={"no": "JSON"},
        )
        require(broken.status in (400, 415), f"{service} answered {broken.status}")
    same("notes", (answer.json()["notes"] for answer in scene.everywhere(bob, 200)), {})


def a_role_counts_as_soon_as_it_is_assigned(scene: Scene) -> None:
    bob = scene.logged_in("bob")
    guarded = [entry for entry in _GUARDED if entry[0] in scene.services]

    def asked(method: str, path: str) -> Answer:
        card = bob.get("/cards/cards").json()[0]["id"] if "{card}" in path else ""
        return bob.ask(method, path.format(card=card))

    for _, _, method, path in guarded:
        expect(asked(method, path), 403)
    expect(bob.get("/auth/users"), 403)
    token = bob.cookies[COOKIE]
    with scene.roles("bob", "customer", *(role for _, role, _, _ in guarded)):
        for _, role, method, path in guarded:
            eventually(f"the role {role}", lambda method=method, path=path: asked(method, path).status == 200, 1)  # type: ignore[misc]
        require(bob.cookies[COOKIE] == token, "a new login was needed")
    for _, role, method, path in guarded:
        eventually(f"the end of {role}", lambda method=method, path=path: asked(method, path).status == 403, 1)  # type: ignore[misc]


def a_transfer_moves_money_once(scene: Scene) -> None:
    bob = scene.logged_in("bob")
    current, savings = expect(bob.get("/transactions/accounts"), 200).json()
    order = {"from": current["id"], "to": savings["number"], "amount": "12.50", "note": "for a rainy day"}
    key = {"Idempotency-Key": f"check-{time.monotonic_ns()}"}
    first = expect(bob.ask("POST", "/transactions/transfers", order, headers=key), 201).json()
    again = expect(bob.ask("POST", "/transactions/transfers", order, headers=key), 200).json()
    require(first == again and first["amount"] == "12.50", "it was made twice")
    expect(bob.ask("POST", "/transactions/transfers", {**order, "amount": "13.00"}, headers=key), 422)
    after = [account["balance"] for account in bob.get("/transactions/accounts").json()]
    cents = [round(float(account["balance"]) * 100) for account in (current, savings)]
    moved = [f"{(cents[0] - 1250) / 100:.2f}", f"{(cents[1] + 1250) / 100:.2f}"]
    require(after == moved, f"balances: {after}, not {moved}")
    require(bob.get("/transactions/transfers").json()[0] == first, "it is not the newest transfer")
    expect(bob.post("/transactions/transfers", {**order, "amount": "99999999.00"}), 409)
    for wrong in ("0.00", "-1.00", "1.001", "NaN", "1e2000"):
        expect(bob.post("/transactions/transfers", {**order, "amount": wrong}), 400)
    admin = scene.logged_in("admin")
    require(savings not in expect(admin.get("/transactions/accounts"), 200).json(), "a foreign account is listed")
    expect(admin.post("/transactions/transfers", order), 404)  # from somebody else's account


def an_order_sent_several_times_at_once_is_carried_out_once(scene: Scene) -> None:
    bob = scene.logged_in("bob")
    current, savings = bob.get("/transactions/accounts").json()
    # All that is there: a second time would overdraw the account.
    order = {"from": current["id"], "to": savings["number"], "amount": current["balance"], "note": "all of it"}
    key = {"Idempotency-Key": f"all-{time.monotonic_ns()}"}
    tabs = [bob.copy() for _ in range(6)]
    with ThreadPoolExecutor(len(tabs)) as pool:
        answers = list(pool.map(lambda tab: tab.ask("POST", "/transactions/transfers", order, headers=key), tabs))
    statuses = sorted(answer.status for answer in answers)
    require(statuses == [200] * 5 + [201], f"statuses: {statuses}")
    same("transfer", (answer.json() for answer in answers), answers[0].json())
    back = {"from": savings["number"], "to": current["number"], "amount": current["balance"], "note": "back"}
    expect(bob.post("/transactions/transfers", back), 201)


def transfers_made_at_once_never_overdraw_an_account(scene: Scene) -> None:
    bob = scene.logged_in("bob")
    current, savings = bob.get("/transactions/accounts").json()
    fifth = f"{round(float(current['balance']) * 100) // 5 / 100:.2f}"
    order = {"from": current["id"], "to": savings["number"], "amount": fifth, "note": "at once"}
    keys = [f"once-{time.monotonic_ns()}"] * 4 + [f"each-{number}-{time.monotonic_ns()}" for number in range(8)]

    def transfer(key: str) -> int:
        return bob.copy().ask("POST", "/transactions/transfers", order, headers={"Idempotency-Key": key}).status

    with ThreadPoolExecutor(len(keys)) as pool:
        statuses = list(pool.map(transfer, keys))
    require(statuses.count(201) == 5, f"statuses: {statuses}")
    require(set(statuses) <= {200, 201, 409} and statuses[:4].count(201) <= 1, f"statuses: {statuses}")
    rest = float(bob.get("/transactions/accounts").json()[0]["balance"])
    require(0 <= rest < 0.05, f"balance: {rest}")
    back = {"from": savings["number"], "to": current["number"], "amount": current["balance"], "note": "back"}
    expect(bob.post("/transactions/transfers", back), 201)


def a_transfer_needs_a_recent_login(scene: Scene) -> None:
    bob = scene.logged_in("bob")
    current, savings = expect(bob.get("/transactions/accounts"), 200).json()
    order = {"from": current["id"], "to": savings["number"], "amount": "1.00", "note": ""}
    expect(bob.ask("PUT", "/auth/session/notes/kept", "over the step-up"), 200)
    scene.system.age_logins("bob", 301)
    eventually("the login's age", lambda: bob.get("/auth/session").json()["authenticated_at"] < time.time() - 300, 1)
    refused = expect(bob.post("/transactions/transfers", order), 401)
    challenge = refused.header("WWW-Authenticate")
    require('error="insufficient_user_authentication"' in challenge and "max_age" in challenge, challenge)
    expect(bob.get("/transactions/transfers"), 200)
    expect(bob.post("/auth/step-up", {"password": "wrong"}), 401)

    old = bob.copy()
    renewed = expect(bob.post("/auth/step-up", {"password": scene.system.passwords["bob"]}), 200).json()
    require(renewed["authenticated_at"] > time.time() - 60, "the login is still old")
    require(renewed["notes"] == {"kept": "over the step-up"}, "notes were lost")
    require(bob.cookies[COOKIE] != old.cookies[COOKIE], "the token is the same")
    expect(bob.post("/transactions/transfers", order), 201)
    eventually("the old token's end", lambda: all(_status(old, s) == 401 for s in scene.services), 1)


def my_devices_can_be_seen_and_ended(scene: Scene) -> None:
    here, there = scene.logged_in("bob"), scene.logged_in("bob")
    devices = expect(here.get("/auth/devices"), 200).json()
    require(sum(device["current"] for device in devices) == 1, "not one current device")
    require(devices[-2]["current"], "the current device is another one")
    require(devices[-1]["address"] == "127.0.0.1" and devices[-1]["device"] == "check", f"{devices[-1]}")
    foreign = scene.logged_in("admin").get("/auth/devices").json()[-1]["id"]
    expect(here.ask("DELETE", f"/auth/devices/{foreign}"), 404)

    def end_the_other() -> None:
        expect(here.ask("DELETE", f"/auth/devices/{devices[-1]['id']}"), 204)

    seconds = scene.seconds_until_refused(there, end_the_other)
    require(seconds < 0.1, f"it was let through {seconds:.3f} s later")
    scene.everywhere(here, 200)


def after_a_logout_everybody_refuses_within_100_ms(scene: Scene) -> None:
    bob = scene.logged_in("bob")
    thief = bob.copy()
    seconds = scene.seconds_until_refused(thief, lambda: expect(bob.post("/auth/logout"), 204))
    require(seconds < 0.1, f"it was let through {seconds:.3f} s later")
    require(COOKIE not in bob.cookies, "the cookie was kept")
    scene.everywhere(bob, 401)
    scene.everywhere(thief, 401)


def logging_out_everywhere_ends_the_other_browsers_sessions(scene: Scene) -> None:
    here, there = scene.logged_in("bob"), scene.logged_in("bob")
    seconds = scene.seconds_until_refused(there.copy(), lambda: expect(here.post("/auth/logout-everywhere"), 204))
    require(seconds < 0.1, f"it was let through {seconds:.3f} s later")
    scene.everywhere(there, 401)


def an_outage_of_redis_logs_nobody_out(scene: Scene) -> None:
    bob = scene.logged_in("bob")
    expect(bob.ask("PUT", "/rates/session/notes/kept", [1, 2, 3]), 200)
    before = scene.everywhere(bob, 200)
    token = bob.cookies[COOKIE]
    scene.system.stop_redis()
    try:
        eventually("503 everywhere", lambda: all(_status(bob, s) == 503 for s in scene.services), 5)
        for answer in scene.everywhere(bob, 503):
            require("Set-Cookie" not in answer.headers, "the cookie was touched")
            require("redis" not in answer.body.decode().lower(), "the answer tells how it is built")
        expect(bob.post("/auth/logout"), 503)  # not said to be done
        expect(scene.log_in(scene.visitor(), "bob"), 503)
    finally:
        scene.system.start_redis()
    # Each process finds Redis by itself, within a second; a service has several.
    eventually("200 everywhere", lambda: all(_status(bob, s) == 200 for _ in range(10) for s in scene.services), 10)
    require(bob.cookies[COOKIE] == token, "the cookie was touched")
    after = scene.everywhere(bob, 200)
    same("the session", (a.json()["notes"] for a in after), before[0].json()["notes"])


def a_session_that_is_not_used_ends(scene: Scene) -> None:
    alice = scene.logged_in("alice")
    idle = scene.system.idle_seconds
    assert idle is not None
    for _ in range(2 * idle):  # used, it lives on
        time.sleep(0.5)
        expect(alice.get("/rates/rates"), 200)
    deadline = time.monotonic() + idle * 17 / 16 + 1
    while time.monotonic() < deadline:  # looked at, it does not
        time.sleep(0.5)
        alice.get("/auth/session")
    scene.everywhere(alice, 401)


def _seconds_of_a_failed_login(scene: Scene, name: str) -> float:
    started = time.monotonic()
    expect(scene.visitor().post("/auth/login", {"username": name, "password": "wrong"}), 401)
    return time.monotonic() - started


def _await_notes(scene: Scene, visitor: Browser, expected: Mapping[str, Any]) -> None:
    """Wait until Redis has told every service of the change: a message that another request may overtake."""

    def seen() -> bool:
        return all(answer.json()["notes"] == expected for answer in scene.everywhere(visitor, 200))

    eventually(f"the notes {sorted(expected)} in all services", seen, 1)


def _status(visitor: Browser, service: str) -> int:
    return visitor.get(f"/{service}/session").status


CHECKS = (
    nobody_gets_anything,
    the_page_is_there_and_nothing_may_be_added_to_it,
    a_login_sets_a_cookie_that_scripts_cannot_read,
    a_wrong_password_and_an_unknown_name_look_alike,
    every_service_sees_the_same_user,
    every_instance_of_a_service_answers,
    a_note_added_in_one_service_is_seen_in_all,
    changes_made_in_all_services_at_once_are_all_kept,
    what_is_no_json_is_refused_and_harms_nothing,
    a_role_counts_as_soon_as_it_is_assigned,
    a_transfer_moves_money_once,
    an_order_sent_several_times_at_once_is_carried_out_once,
    transfers_made_at_once_never_overdraw_an_account,
    a_transfer_needs_a_recent_login,
    my_devices_can_be_seen_and_ended,
    after_a_logout_everybody_refuses_within_100_ms,
    logging_out_everywhere_ends_the_other_browsers_sessions,
)

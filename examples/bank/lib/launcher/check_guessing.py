"""Passwords that are guessed: who does it is slowed down, and nobody else."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from browser import Answer, Browser
from scene import Scene, expect, require

_FREE = 5  # failures of one address at one account, as in auth_service/settings.py
_FREE_OF_ACCOUNT = 30  # of addresses that the account does not know


def new_users_can_register_and_guessing_is_slowed_down(scene: Scene) -> None:
    known = _register(scene)
    expect(scene.visitor().post("/auth/register", {**known, "password": "short"}), 400)
    expect(scene.visitor().post("/auth/register", known), 409)
    guesses = [{**known, "password": "guessed"}] * 8
    with ThreadPoolExecutor(len(guesses)) as pool:
        answers = pool.map(lambda guess: scene.visitor().post("/auth/login", guess), guesses)
        statuses = sorted(answer.status for answer in answers)
    tried = statuses.count(401)
    require(tried <= _FREE and statuses[tried:] == [429] * (len(guesses) - tried), f"guessed at once: {statuses}")
    for guess in guesses[tried:_FREE]:
        expect(scene.visitor().post("/auth/login", guess), 401)
    slowed = expect(scene.visitor().post("/auth/login", known), 429)
    require(1 <= int(slowed.header("Retry-After")) <= 60, f"Retry-After: {slowed.header('Retry-After')}")
    expect(scene.log_in(scene.visitor(), "bob"), 200)  # others are not concerned


def who_guesses_locks_nobody_out_at_another_address(scene: Scene) -> None:
    dora = _register(scene)
    wrong = {**dora, "password": "guessed"}
    for _ in range(_FREE):
        expect(_from(scene, "192.0.2.1", wrong), 401)
    expect(_from(scene, "192.0.2.1", wrong), 429)
    expect(_from(scene, "192.0.2.1", dora), 429)
    expect(_from(scene, "192.0.2.2", dora), 200)
    for last in range(_FREE):  # a customer's network of IPv6 is one address
        expect(_from(scene, f"2001:db8::{last + 1:x}", wrong), 401)
    expect(_from(scene, "2001:db8::ffff", wrong), 429)
    expect(_from(scene, "2001:db8:0:1::1", dora), 200)


def many_addresses_that_guess_one_password_wait_for_each_other(scene: Scene) -> None:
    dora = _register(scene)
    wrong = {**dora, "password": "guessed"}
    expect(_from(scene, "198.51.100.1", dora), 200)  # at home
    addresses = [f"203.0.113.{last}" for last in range(_FREE_OF_ACCOUNT + 3)]
    statuses = [_from(scene, address, wrong).status for address in addresses]
    require(statuses == [401] * _FREE_OF_ACCOUNT + [429] * 3, f"statuses: {statuses}")
    slowed = expect(_from(scene, "203.0.113.250", dora), 429)
    require(1 <= int(slowed.header("Retry-After")) <= 60, f"Retry-After: {slowed.header('Retry-After')}")
    expect(_from(scene, "198.51.100.1", dora), 200)  # she is known here


def _register(scene: Scene) -> dict[str, str]:
    account = {"username": f"dora{time.monotonic_ns()}", "password": "a fine pass phrase"}
    expect(scene.visitor().post("/auth/register", account), 201)
    return account


def _from(scene: Scene, address: str, credentials: dict[str, str]) -> Answer:
    """Log in as if the proxy had been asked from this address."""
    proxy = Browser(f"http://127.0.0.1:{scene.system.ports['auth']}")
    return proxy.ask("POST", "/auth/login", credentials, headers={"X-Forwarded-For": address})


CHECKS = (
    new_users_can_register_and_guessing_is_slowed_down,
    who_guesses_locks_nobody_out_at_another_address,
    many_addresses_that_guess_one_password_wait_for_each_other,
)

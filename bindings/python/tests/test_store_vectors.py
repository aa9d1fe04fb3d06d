"""store.json: what each operation on a store answers, alike in every language (tests/conformance/README.md)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ficha
from ficha import Client, ManualClock, Session
from redis_server import PATIENT

_FILE = Path(__file__).parents[3] / "tests" / "conformance" / "store.json"
VECTORS: dict[str, Any] = json.loads(_FILE.read_text())
START: int = VECTORS["start"]["unix_seconds"]

_TIMES = ("created_at", "authenticated_at", "expires_at", "idle_deadline")
#: Fields of a session that are not its property of the same name.
_FIELDS: dict[str, Callable[[Session], Any]] = {
    "authenticated": lambda session: session.authenticated_at != 0,
    "attributes": lambda session: dict(session.attributes),
    "protected": lambda session: dict(session.protected),
    "roles": lambda session: list(session.roles),
    "scopes": lambda session: list(session.scopes),
    "device": lambda session: list(session.device),
    "lifetime": lambda session: session.expires_at - session.created_at,
}


def typed(value: Any) -> Any:
    """Make values that are equal in Python but not in JSON differ."""
    if isinstance(value, dict):
        return {name: typed(part) for name, part in value.items()}
    if isinstance(value, list):
        return [typed(part) for part in value]
    return (type(value), value)


class Run:
    """One case on a client of its own."""

    def __init__(self, client: Client, clock: ManualClock | None) -> None:
        self.client, self.clock = client, clock
        self.issued: dict[str, Session] = {}
        self.shown: Session | None = None
        self.checks = 0

    def native(self, value: Any) -> Any:
        match value:
            case {"$integer": digits}:
                return int(digits)
            case {"$text": [part, times]}:
                return part * times
            case {"$nested": depth}:
                return json.loads("[" * depth + "]" * depth)
            case {"$token": name}:
                return f"x={self.issued[name].token}"
            case dict():
                return self.attributes(value)
            case list():
                return [self.native(part) for part in value]
        return value

    def attributes(self, given: dict[str, Any]) -> dict[str, Any]:
        native = {name: self.native(value) for name, value in given.items() if name != "$each"}
        if "$each" in given:
            count, prefix, value = given["$each"]
            native |= {f"{prefix}{i}": self.native(value) for i in range(count)}
        return native

    def changes(self, step: dict[str, Any]) -> dict[str, Any]:
        """The named arguments of a call."""
        given = {
            key: value for key, value in step.items() if key not in ("do", "as", "session", "principal", "current")
        }
        for key in ("expect", "error", "names", "lacks"):
            given.pop(key, None)
        for key in ("attributes", "set", "add", "increment", "put"):
            if key in given:
                given[key] = self.attributes(given[key])
        if "device" in given:
            given["device"] = tuple(given["device"])
        apart = given.get("protected")
        if apart is not None and step["do"].startswith("patch"):
            removed = dict.fromkeys(apart.get("remove", ()), ficha.REMOVE)
            given["protected"] = {**self.attributes(apart.get("set", {})), **removed}
        elif apart is not None:
            given["protected"] = self.attributes(apart)
        return given

    def perform(self, step: dict[str, Any]) -> Any:
        client, changes = self.client, self.changes(step)
        match step["do"]:
            case "create":
                return self.issue(step, client.create(step["principal"], **changes))
            case "login":
                current = self.issued[step["current"]] if "current" in step else None
                return self.issue(step, client.login(current, step["principal"], **changes))
            case "rotate":
                return self.issue(step, client.rotate(self.issued[step["session"]], **changes))
            case "load":
                text = changes.pop("text", None)
                name = changes.pop("token", None)
                self.shown = client.load(self.token(name) if text is None else text, **changes)
                assert self.shown is None or self.shown.token is None
            case "find":
                self.shown = client.find(self.issued[step["session"]].id)
            case "patch":
                return client.patch(self.issued[step["session"]].id, **changes)
            case "revoke":
                return client.revoke(step["id"] if "id" in step else self.issued[step["session"]])
            case "revoke_principal":
                keep = self.issued[step["keep"]] if "keep" in step else None
                return client.revoke_principal(step["principal"], keep=keep)
            case "patch_principal":
                return client.patch_principal(step["principal"], **changes)
            case "list":
                names = {session.id: name for name, session in self.issued.items()}
                return [names[session.id] for session in client.list(step["principal"])]
            case "show":
                self.shown = client.list(step["principal"])[step["index"]]
            case "live":
                return {name: self.is_live(name) for name in step["expect"]}
            case "advance":
                assert self.clock is not None
                self.clock.advance(1000 * step["seconds"])
            case other:
                raise AssertionError(f"unknown step {other}")
        return None

    def issue(self, step: dict[str, Any], session: Session) -> None:
        assert session.token is not None
        assert self.client.session_id(session.token) == session.id
        self.shown = self.issued[step["as"]] = session

    def is_live(self, name: str) -> bool:
        return self.client.load(self.token(name), touch=False, fresh=True) is not None

    def token(self, name: str) -> str:
        token = self.issued[name].token
        assert token is not None
        return token

    def compare(self, step: dict[str, Any]) -> None:
        self.shown = None
        if "error" in step:
            with pytest.raises(ficha.FichaError) as raised:
                self.perform(step)
            found = {"error": raised.value.name}
            if "names" in step:
                found["names"] = step["names"] if step["names"] in str(raised.value) else str(raised.value)
            if "lacks" in step:
                found["lacks"] = "" if step["lacks"] in str(raised.value) else step["lacks"]
            self.checks += len(found)
            assert found == {key: step[key] for key in found}
            return
        answer = self.perform(step)
        if "expect" not in step:
            return
        expected = step["expect"]
        if expected is None:
            self.checks += 1
            assert self.shown is None
        elif isinstance(expected, dict) and step["do"] != "live":
            assert self.shown is not None
            for field, value in expected.items():
                self.compare_field(self.shown, field, value)
        else:
            self.checks += len(expected) if isinstance(expected, dict) else 1
            assert typed(answer) == typed(expected)

    def compare_field(self, session: Session, field: str, expected: Any) -> None:
        self.checks += 1
        if field == "same_as":
            assert session.id == self.issued[expected].id
            return
        found = _FIELDS[field](session) if field in _FIELDS else getattr(session, field)
        if field in _TIMES:
            found -= START
        assert typed(found) == typed(self.native(expected)), field


def difference(run: Run, step: dict[str, Any]) -> str | None:
    try:
        run.compare(step)
    except (AssertionError, ficha.FichaError) as found:
        return f"{step['do']}: {found!r:.400}"
    return None


def run(part: str, client_of: Callable[[int, dict[str, Any]], tuple[Client, ManualClock | None]]) -> None:
    """Run every case; all of what differs is reported."""
    checks, differences = 0, []
    for number, case in enumerate(VECTORS[part]):
        client, clock = client_of(number, case["session"])
        with client:
            run = Run(client, clock)
            for index, step in enumerate(case["steps"], 1):
                if found := difference(run, step):
                    differences.append(f"{case['name']}: step {index}, {found}")
                    break
            checks += run.checks
    assert not differences, "\n".join(differences)
    assert (len(VECTORS[part]), checks) == (VECTORS["counts"][part], VECTORS["counts"][f"{part}_checks"])


@pytest.fixture(params=["memory", "redis"])
def url(request: pytest.FixtureRequest) -> str:
    return "memory://" if request.param == "memory" else request.getfixturevalue("redis_server").url


def test_every_operation_answers_as_in_all_languages(url: str, namespace: str) -> None:
    def client_of(number: int, session: dict[str, Any]) -> tuple[Client, None]:
        redis = {"url": url, "namespace": f"{namespace}-{number}", **PATIENT}
        return Client({"redis": redis, "session": session}), None

    run("cases", client_of)


def test_sessions_live_as_long_as_in_all_languages() -> None:
    def client_of(number: int, session: dict[str, Any]) -> tuple[Client, ManualClock]:
        clock = ManualClock(1000 * START)
        return Client({"redis": {"url": "memory://"}, "session": session}, clock=clock), clock

    run("timed", client_of)

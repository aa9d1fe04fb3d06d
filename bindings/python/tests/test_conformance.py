"""The vectors that every language runs: the same requests, the same decisions, status codes and headers."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import redis

import ficha
from ficha import Client, _core
from ficha._config import read_config
from ficha._http import RawRequest
from redis_server import RedisServer

MakeClient = Callable[..., Client]

VECTORS = Path(__file__).parents[3] / "tests" / "conformance"
NOW_MS = 1_700_000_000_000
WEEK = 7 * 86400


def vectors(file: str, *keys: str) -> list[Any]:
    content = json.loads((VECTORS / file).read_text())
    cases = [pytest.param(case, id=f"{key} {i} {case['name']}") for key in keys for i, case in enumerate(content[key])]
    assert cases
    return cases


def raw(text: str | list[tuple[str, int]]) -> bytes:
    parts = [(text, 1)] if isinstance(text, str) else text
    return "".join(part * times for part, times in parts).encode("latin-1")


def memory_client(
    toml: str, url: str = "memory://", prefixes: list[str] | tuple[()] = ()
) -> tuple[Client, ficha.ManualClock]:
    clock = ficha.ManualClock(NOW_MS)
    config = _core.Config.parse(f'[redis]\nurl = "{url}"\n{toml}', "vector")
    return Client(config, prefixes=prefixes, clock=clock), clock


# --- decisions -------------------------------------------------------------------------------------------------------

DECISIONS: dict[str, Any] = json.loads((VECTORS / "decisions.json").read_text())
CONFIGS: dict[str, str] = DECISIONS["configs"]
PREFIXES: dict[str, list[str]] = DECISIONS.get("prefixes", {})


def token_of(client: Client, clock: ficha.ManualClock, lookup: dict[str, Any]) -> str:
    given = lookup.get("session")
    if given is None:
        session = client.create()
        client.revoke(session)
        return str(session.token)
    ago = given.get("authenticated_ago", 0)
    session = client.create(
        given["principal"],
        roles=given.get("roles", ()),
        scopes=given.get("scopes", ()),
        level=given.get("level", 0),
        authenticated=ago is not None,
        idle_timeout=0,
        absolute_timeout=WEEK,
    )
    clock.advance((ago or 0) * 1000)
    return str(session.token)


def can_be_stored(lookup: dict[str, Any]) -> bool:
    """Whether a store takes such a session: two scopes in one text it refuses."""
    session = lookup.get("session", {})
    return not any(" " in name for name in [*session.get("roles", ()), *session.get("scopes", ())])


def decide(client: Client, given: dict[str, Any], tokens: dict[str, str]) -> ficha.Decision:
    return client.authorize(*request_of(given, tokens))


def request_of(given: dict[str, Any], tokens: dict[str, str]) -> RawRequest:
    def filled(text: Any) -> bytes:
        return re.sub(rb"\$(TOKEN2?|CSRF2?)", lambda found: tokens[found[0].decode()].encode(), raw(text))

    headers = [(name.encode(), filled(value)) for name, value in given["headers"]]
    readings = tuple(
        (reading.get("method", ""), raw(reading.get("target", "")), reading.get("decoded", False))
        for reading in given.get("readings", ())
    )
    scheme, peer = given.get("scheme", "https"), given.get("peer", "")
    return given["method"], filled(given["path"]), headers, scheme, peer, given.get("prefix", ""), readings


def tokens_of(client: Client, clock: ficha.ManualClock, lookup: dict[str, Any]) -> dict[str, str]:
    tokens = {"$TOKEN2": token_of(client, clock, {}), "$TOKEN": token_of(client, clock, lookup)}
    return tokens | {"$CSRF": client.csrf_token(tokens["$TOKEN"]), "$CSRF2": client.csrf_token(tokens["$TOKEN2"])}


def as_expected(decision: ficha.Decision) -> dict[str, Any]:
    names = ("verdict", "reason", "status", "rule", "carrier")
    return {name: getattr(decision, name) for name in names} | {"headers": dict(decision.headers)}


@pytest.mark.parametrize("case", vectors("decisions.json", "cases"))
def test_decision(case: Any) -> None:
    given, expected = case["given"], {k: v for k, v in case["expect"].items() if k not in ("asks_store", "look_up")}
    toml, prefixes = CONFIGS[given["config"]], PREFIXES.get(given["config"], ())
    client, clock = memory_client(toml, prefixes=prefixes)
    lost, _ = memory_client(toml, "redis://127.0.0.1:1/0", prefixes)
    with client, lost:
        if not can_be_stored(given["lookup"]):
            with pytest.raises(ficha.InvalidArgument):
                token_of(client, clock, given["lookup"])
            return
        tokens = tokens_of(client, clock, given["lookup"])
        if "error" not in given["lookup"]:
            assert as_expected(decide(client, given, tokens)) == expected
        # Which error it is makes no difference, and where the store is not asked, neither does that it is lost.
        if "error" in given["lookup"] or not case["expect"]["asks_store"]:
            assert as_expected(decide(lost, given, tokens)) == expected


async def test_decisions_are_the_same_when_awaited() -> None:
    for case in DECISIONS["cases"][::7]:
        config = case["given"]["config"]
        client, clock = memory_client(CONFIGS[config], prefixes=PREFIXES.get(config, ()))
        with client:
            if not can_be_stored(case["given"]["lookup"]):
                continue
            tokens = tokens_of(client, clock, case["given"]["lookup"])
            blocking = decide(client, case["given"], tokens)
            awaited = await client.aauthorize(*request_of(case["given"], tokens))
            assert as_expected(awaited) == as_expected(blocking)


# --- paths and credentials, as far as authorize() shows them ----------------------------------------------------------


def outcome(toml: str, path: bytes, headers: list[tuple[bytes, bytes]] | None = None) -> ficha.Decision:
    with memory_client(toml)[0] as client:
        return client.authorize("GET", path, headers or [])


@pytest.mark.parametrize("case", vectors("paths.json", "canonical"))
def test_path(case: Any) -> None:
    decision = outcome('[[rule]]\npath = "/**"\nallow = "anyone"', raw(case["given"]["target"]))
    assert (decision.reason in ("ambiguous_path", "ambiguous_authority")) == ("refused" in case["expect"])


@pytest.mark.parametrize("case", vectors("paths.json", "decoded"))
def test_path_that_was_decoded(case: Any) -> None:
    with memory_client('[[rule]]\npath = "/**"\nallow = "anyone"')[0] as client:
        # A reading without a target is the request's own.
        own = "" if case["given"]["path"] else "\\"
        decision = client.authorize("GET", f"/x{own}", [], readings=[("", raw(case["given"]["path"]), True)])
    assert (decision.reason == "ambiguous_path") == ("refused" in case["expect"])


@pytest.mark.parametrize("case", vectors("paths.json", "folding"))
def test_path_in_another_case(case: Any) -> None:
    closed = json.dumps("/" + raw(case["expect"]["folded"]).decode(), ensure_ascii=False)
    toml = f'[[rule]]\npath = {closed}\nallow = "nobody"\n[[rule]]\npath = "/**"\nallow = "anyone"'
    assert not outcome(toml, b"/" + quote(raw(case["given"]["text"])).encode()).allowed


@pytest.mark.parametrize("case", vectors("paths.json", "matching"))
def test_pattern(case: Any) -> None:
    pattern = raw(case["given"]["pattern"]).decode()
    decision = outcome(f"[[rule]]\npath = {json.dumps(pattern)}\nallow = 'anyone'", raw(case["given"]["target"]))
    assert decision.allowed == case["expect"]["matches"]


@pytest.mark.parametrize("case", vectors("bearer.json", "cases"))
def test_bearer(case: Any) -> None:
    reasons = {
        "absent": {"allowed_anonymous"},
        "malformed": {"malformed_bearer"},
        "several": {"two_authorizations"},
        "found": {"malformed_token"},
    }
    headers = [(b"Authorization", raw(field)) for field in case["given"]["fields"]]
    decision = outcome('[[rule]]\npath = "/**"\nallow = "anyone"', b"/", headers)
    assert decision.reason in reasons[case["expect"]["outcome"]] or (
        case["expect"]["outcome"] == "found" and decision.carrier == "bearer"
    )


# --- cookies ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", vectors("cookies.json", "find"))
def test_cookie_is_found(case: Any) -> None:
    lookup, value = _core.find_cookie([raw(field) for field in case["given"]["fields"]], case["given"]["name"])
    assert lookup == case["expect"]["lookup"]
    assert value == (raw(case["expect"]["value"]) if lookup == "found" else None)


@pytest.mark.parametrize("case", vectors("cookies.json", "write"))
def test_cookie_is_written(case: Any) -> None:
    tables = {"redis": {"url": "memory://"}, "cookie": case["given"]["cookie"]}
    clock = ficha.ManualClock(NOW_MS)
    with Client(tables, clock=clock) as client:
        if "clear_cookie" in case["expect"]:
            assert client.clear_cookie().field() == case["expect"]["clear_cookie"]
            return
        remaining = case["given"]["remaining_seconds"]
        lifetime = min(max(remaining, 1), 400 * 86400)  # the longest that a session may have
        session = client.create(idle_timeout=0, absolute_timeout=lifetime)
        clock.advance(max(lifetime - remaining, 0) * 1000)
        cookie = client.set_cookie(session)
        assert cookie.field().replace(str(session.token), "$TOKEN") == case["expect"]["set_cookie"]


# --- configuration ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", vectors("policies.json", "cases"))
def test_configuration(case: Any) -> None:
    parse: Callable[[], Any] = lambda: _core.Config.parse(case["given"]["toml"], "ficha.toml")  # noqa: E731
    if case["expect"].get("ok"):
        assert parse() is not None
        return
    with pytest.raises(ficha.InvalidConfig) as caught:
        parse()
    message = str(caught.value)
    assert case["expect"]["says"] in message
    if case["expect"]["line"]:
        assert re.search(rf"ficha\.toml\b.*\b{case['expect']['line']}\b", message)


# --- tokens ----------------------------------------------------------------------------------------------------------

# Keys are arbitrary bytes in the vectors, and text in a configuration: those are the core's own tests.
KEYLESS = [case for case in vectors("tokens.json", "valid", "hostile") if not case.values[0]["keys_hex"]]


def from_hex(text: Any) -> bytes:
    return bytes.fromhex(text if isinstance(text, str) else "".join(part * times for part, times in text))


@pytest.mark.parametrize("case", KEYLESS)
def test_token(case: Any) -> None:
    text = case["token"] if "token" in case else from_hex(case["token_hex"]).decode("latin-1")
    with Client("redis://127.0.0.1:1/0") as lost:
        assert lost.session_id(text) == case.get("id")
        if "token_hex" in case:
            assert lost.load(text) is None  # without asking the store


# --- records ---------------------------------------------------------------------------------------------------------

RECORDS: dict[str, Any] = json.loads((VECTORS / "records.json").read_text())
EXPIRED, IN_2100 = 1_700_043_200, 4_102_444_800


def store_record(server: RedisServer, namespace: str, case: dict[str, Any], record: bytes) -> None:
    route = base64.urlsafe_b64decode(case["id"])[:2].hex()
    with redis.Redis(port=server.port) as connection:
        connection.set(f"{namespace}:{{{route}}}:{case['id']}", record, px=60_000)


def described(session: ficha.Session) -> dict[str, Any]:
    return {
        "generation": session.generation,
        "created": session.created_at,
        "expires": session.expires_at,
        "idle": session.idle_seconds,
        "authenticated": session.authenticated_at,
        "level": session.level,
        "principal": session.principal,
        "roles": list(session.roles),
        "scopes": list(session.scopes),
        "device": list(session.device),
        "attributes": [list(pair) for pair in session.attributes_json().items()],
        "protected": [list(pair) for pair in session.protected_json().items()],
    }


def test_valid_records_are_read(redis_server: RedisServer, make_client: MakeClient, namespace: str) -> None:
    client = make_client()
    for case in RECORDS["valid"]:
        # The vectors' sessions have ended long ago.
        record = from_hex(case["hex"]).replace(EXPIRED.to_bytes(4, "big"), IN_2100.to_bytes(4, "big"), 1)
        expected = dict(case["fields"])
        expected["expires"] = IN_2100 if expected["expires"] == EXPIRED else expected["expires"]
        store_record(redis_server, namespace, case, record)
        session = client.find(case["id"])
        if expected["expires"] < time.time():
            assert session is None, case["name"]
        else:
            assert session is not None, case["name"]
            assert described(session) == {name: expected[name] for name in described(session)}, case["name"]


def test_a_superseded_record_without_its_successor_is_no_session(
    redis_server: RedisServer, make_client: MakeClient, namespace: str
) -> None:
    client = make_client()
    for case in RECORDS["superseded"]:
        store_record(redis_server, namespace, case, from_hex(case["hex"]))
        assert client.find(case["id"]) is None, case["name"]


@pytest.mark.parametrize("part", range(8))
def test_hostile_records_are_no_sessions(
    part: int, redis_server: RedisServer, make_client: MakeClient, namespace: str
) -> None:
    for case in RECORDS["hostile"][part::8]:
        store_record(redis_server, namespace, case, from_hex(case["hex"]))
        # A client each: one that met another's record closes its connection.
        with make_client() as client, pytest.raises(ficha.CorruptRecord):
            client.find(case["id"])


def test_nothing_is_left_out() -> None:
    counts = {p.name: {k: len(v) for k, v in json.loads(p.read_text()).items() if isinstance(v, list)}
              for p in VECTORS.glob("*.json")}  # fmt: skip
    assert counts["decisions.json"]["cases"] >= 775
    assert counts["paths.json"]["canonical"] >= 147
    assert counts["paths.json"]["decoded"] >= 23
    assert counts["paths.json"]["folding"] >= 23
    assert counts["cookies.json"]["find"] >= 87
    assert counts["policies.json"]["cases"] >= 200
    assert [len(cases) for cases in RECORDS.values()] >= [52, 2, 381]
    assert len(KEYLESS) >= 100
    assert read_config("memory://")

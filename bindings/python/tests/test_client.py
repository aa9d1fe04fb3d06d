"""The API of sessions, blocking and asynchronous, on a real Redis and in memory."""

from __future__ import annotations

import inspect
import json
from datetime import timedelta
from typing import Any

import pytest
import redis

import ficha
from ficha import Client
from ficha._attributes import Baseline
from redis_server import PATIENT, RedisServer

NESTED: dict[str, Any] = {
    "text": 'żółć 日本語 😀 \u0000\n"quoted"',
    "big": 2**53 + 1,
    "bigger": -(10**30),
    "float": 0.1,
    "empty list": [],
    "empty map": {},
    "nothing": None,
    "flags": [True, False],
    "nested": {"a": [{"b": {"c": [1, [2, [3]]]}}]},
}


def issue(client: Client, *arguments: Any, **options: Any) -> tuple[ficha.Session, str]:
    session = client.create(*arguments, **options)
    assert session.token is not None
    return session, session.token


def test_a_created_session_is_read_back_as_it_was_given(client: Client) -> None:
    session, token = issue(
        client, "alice", NESTED, roles=["teller"], scopes=["a:read"], device=("192.0.2.1", "curl"), level=2
    )
    loaded = client.load(token)
    assert loaded is not None
    assert loaded.id == session.id
    assert (loaded.principal, loaded.roles, loaded.scopes, loaded.level) == ("alice", ("teller",), ("a:read",), 2)
    assert loaded.device == ("192.0.2.1", "curl")
    assert dict(loaded.attributes) == NESTED
    assert type(loaded.attributes["big"]) is int
    assert loaded.has_role("teller")
    assert not loaded.has_role("admin")
    assert loaded.has_scope("a:read")
    assert not loaded.anonymous
    assert loaded.created_at <= loaded.authenticated_at < loaded.idle_deadline <= loaded.expires_at


def test_the_token_is_known_only_when_it_is_issued(client: Client) -> None:
    session, token = issue(client)
    loaded = client.load(token)
    assert loaded is not None
    assert loaded.token is None
    assert token not in repr(session) + repr(loaded) + str(session)
    assert client.session_id(token) == session.id


@pytest.mark.parametrize("token", ["", "nonsense", "fch1_" + "A" * 51, "fch1_" + "é" * 51, "日本", b"\xff\x00"])
def test_a_malformed_token_is_no_session(client: Client, token: str | bytes) -> None:
    assert client.load(token) is None


def test_what_is_neither_str_nor_bytes_is_no_token(client: Client) -> None:
    with pytest.raises(TypeError):
        client.load(5)  # type: ignore[arg-type]


def test_a_patch_changes_what_it_names_and_nothing_else(client: Client) -> None:
    session, token = issue(client, "bob", {"a": 1, "b": 2, "n": 40})
    generation = client.patch(
        session, set={"a": {"x": []}}, add={"c": None}, remove=["b"], increment={"n": 2, "m": -1}, roles=["r"]
    )
    loaded = client.load(token, fresh=True)
    assert loaded is not None
    assert dict(loaded.attributes) == {"a": {"x": []}, "c": None, "n": 42, "m": -1}
    assert (loaded.roles, loaded.generation) == (("r",), generation)


def test_a_patch_of_another_generation_is_a_conflict(client: Client) -> None:
    session, _ = issue(client)
    client.patch(session, set={"a": 1}, expected_generation=1)
    with pytest.raises(ficha.Conflict) as caught:
        client.patch(session.id, set={"a": 2}, expected_generation=1)
    assert (caught.value.code, caught.value.name, caught.value.http_status) == (21, "conflict", 409)


def test_adding_what_is_there_is_refused(client: Client) -> None:
    session, token = issue(client, attributes={"a": 1})
    with pytest.raises(ficha.AttributeExists):
        client.patch(session, set={"b": 1}, add={"a": 2})
    assert client.load(token, fresh=True).attributes == {"a": 1}  # type: ignore[union-attr]


def test_a_patch_gives_a_session_other_timeouts(client: Client) -> None:
    session, token = issue(client, "alice")
    client.patch(session, idle_timeout=timedelta(minutes=1), absolute_timeout=3600)
    loaded = client.load(token, fresh=True)
    assert loaded is not None
    assert loaded.idle_seconds == 60
    assert 3600 <= loaded.expires_at - session.created_at <= 3605
    assert loaded.authenticated_at == session.authenticated_at
    with pytest.raises(ficha.InvalidArgument):
        client.patch(session, idle_timeout=-1)


def test_a_session_is_found_by_its_id(client: Client) -> None:
    session, _ = issue(client, "alice", {"a": 1})
    found = client.find(session.id)
    assert found is not None
    assert (found.id, found.principal, found.token, dict(found.attributes)) == (session.id, "alice", None, {"a": 1})
    client.revoke(session)
    assert client.find(session.id) is None
    with pytest.raises(ficha.InvalidArgument):
        client.find("nonsense")


def test_a_decision_can_be_explained() -> None:
    with Client({"redis": {"url": "memory://"}, "rule": [{"path": "/tellers/**", "roles": ["teller"]}]}) as client:
        headers = [("Authorization", f"Bearer {client.create('alice').token}")]
        explained = client.explain(client.authorize("GET", "/tellers/1", headers))
    assert explained.startswith("forbidden: missing_role")
    assert "/tellers/**" in explained


def test_the_cookie_of_a_loaded_session_needs_its_token(client: Client) -> None:
    session, token = issue(client)
    loaded = client.load(token)
    assert loaded is not None
    assert client.set_cookie(loaded, token).field() == client.set_cookie(session).field()
    for wrong in (None, "nonsense"):
        with pytest.raises(ficha.InvalidArgument):
            client.set_cookie(loaded, wrong)


def test_a_cookie_is_a_structure_for_frameworks_and_does_not_show_its_token(client: Client) -> None:
    session, token = issue(client)
    cookie = client.set_cookie(session)
    assert (cookie.name, cookie.value, cookie.path, cookie.domain) == ("__Host-ficha", token, "/", "")
    assert (cookie.max_age, cookie.same_site, cookie.secure) == (None, "Lax", True)
    assert token not in repr(cookie)
    cookie.max_age = 60
    assert cookie.field() == f"__Host-ficha={token}; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Lax"
    cleared = client.clear_cookie()
    assert (cleared.name, cleared.value, cleared.max_age) == ("__Host-ficha", "", 0)


def test_a_requirement_that_is_met_returns_the_decision_itself_and_so_does_one_on_a_denial(client: Client) -> None:
    token = client.create("alice", roles=["teller"]).token
    admitted = client.authorize("GET", "/x", [("Authorization", f"Bearer {token}")])
    assert client.require(admitted, roles=["teller"]) is admitted
    denied = client.require(admitted, roles=["manager"])
    assert (denied.verdict, denied.session) == ("forbidden", None)
    assert client.require(denied, allow="anyone") is denied


def test_the_answer_to_a_denial_or_an_error_is_the_core_s(client: Client) -> None:
    answer = ficha.respond_to(client.authorize("GET", "/a/%2e%2e/x", []))
    assert (answer.status, answer.code) == (400, "bad_request")
    assert json.loads(answer.body) == {"error": "bad_request", "message": answer.message}
    lost = ficha.respond_to(ficha.OperationTimeout("here"))
    assert (lost.status, lost.code, dict(lost.headers)["Retry-After"]) == (503, "unavailable", "1")
    assert ficha.respond_to(ficha.ClientClosed).status == 500
    with pytest.raises(ficha.TooLarge) as caught:
        client.create(attributes={"cart": "x" * 70_000})
    told = ficha.respond_to(caught.value)
    assert (told.status, told.code, told.message) == (413, "too_large", 'attribute "cart": a value is at most 64 KiB')
    assert ficha.respond_to(ficha.InvalidArgument("\udc80")).message == "?"
    assert ficha.respond_to(ficha.SessionLimit("alice")).message == ficha.respond_to(ficha.SessionLimit).message


def test_a_rotated_session_lives_under_its_new_token_only(client: Client) -> None:
    session, token = issue(client, "carol", {"kept": [1]})
    rotated = client.rotate(session)
    assert rotated.token is not None
    assert rotated.token != token
    assert client.load(token) is None
    assert client.load(rotated.token).attributes == {"kept": [1]}  # type: ignore[union-attr]


def test_during_the_grace_both_tokens_lead_to_the_session(client: Client) -> None:
    session, token = issue(client, "carol")
    rotated = client.rotate(session, grace=timedelta(seconds=10))
    old = client.load(token, fresh=True)
    assert old is not None
    assert old.id == rotated.id


def test_a_login_gives_a_new_token_and_ends_the_old_one(client: Client) -> None:
    anonymous, token = issue(client, attributes={"cart": ["book"]})
    session = client.login(anonymous, "dave", {"seen": 1}, roles=["customer"])
    assert session.token is not None
    assert session.token != token
    assert client.load(token) is None
    assert session.principal == "dave"
    assert dict(session.attributes) == {"cart": ["book"], "seen": 1}


def test_a_revoked_session_is_gone_for_reads_and_writes(client: Client) -> None:
    session, token = issue(client, "erin")
    assert client.revoke(session) is True
    assert client.revoke(session) is False
    assert client.load(token) is None
    with pytest.raises(ficha.SessionGone) as caught:
        client.patch(session, set={"a": 1})
    assert caught.value.http_status == 401
    with pytest.raises(ficha.SessionGone):
        client.rotate(session)
    assert client.load(token, fresh=True) is None


def test_all_sessions_of_a_principal_are_listed_changed_and_ended_together(client: Client) -> None:
    sessions = [client.create("frank-" + client.create().id) for _ in range(1)]
    principal = sessions[0].principal
    sessions += [client.create(principal) for _ in range(2)]
    assert {s.id for s in client.list(principal)} == {s.id for s in sessions}
    assert client.patch_principal(principal, set={"notice": "x"}, roles=["frozen"]) == 3
    assert all(s.roles == ("frozen",) and s.attributes["notice"] == "x" for s in client.list(principal))
    assert client.revoke_principal(principal, keep=sessions[1]) == 2
    assert [s.id for s in client.list(principal)] == [sessions[1].id]
    assert client.revoke_principal(principal) == 1
    assert client.list(principal) == []


def test_the_session_limit_refuses(redis_server: RedisServer) -> None:
    tables = {
        "redis": {"url": redis_server.url, "namespace": "limit", **PATIENT},
        "session": {"max_per_principal": 1, "on_limit": "refuse"},
    }
    with Client(tables) as client:
        client.create("grace")
        with pytest.raises(ficha.SessionLimit):
            client.create("grace")
        client.revoke_principal("grace")


def test_timeouts_may_be_given_as_seconds_or_timedelta(client: Client) -> None:
    session = client.create("henry", idle_timeout=60, absolute_timeout=timedelta(minutes=5))
    assert session.idle_seconds == 60
    assert session.expires_at - session.created_at == 300


def test_a_token_signed_with_another_key_is_no_session(make_client: Any) -> None:
    session = make_client(session={"token_keys": ["k" * 32]}).create("alice")
    assert session.token is not None
    assert make_client(session={"token_keys": ["l" * 32, "k" * 32]}).session_id(session.token) == session.id
    stranger = make_client(session={"token_keys": ["l" * 32]})
    assert stranger.session_id(session.token) is None
    assert stranger.load(session.token) is None


def test_an_expired_session_is_none() -> None:
    clock = ficha.ManualClock(1_700_000_000_000)
    with Client("memory://", clock=clock) as client:
        _, token = issue(client, "ida", idle_timeout=60)
        clock.advance(59_000)
        assert client.load(token, touch=False) is not None
        clock.advance(20_000)
        assert client.load(token) is None


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (float("nan"), "NaN and infinity"),
        ([1, float("inf")], "NaN and infinity"),
        (object(), "object is not JSON"),
        ({1, 2}, "set is not JSON"),
        (b"x", "bytes is not JSON"),
        ("\ud800", "surrogate"),
        ({(1, 2): 3}, "keys must be"),
    ],
)
def test_a_value_that_json_cannot_carry_is_an_error_naming_the_attribute(
    client: Client, value: object, reason: str
) -> None:
    with pytest.raises(ficha.InvalidArgument, match=f"attribute 'cart': .*{reason}"):
        client.create("judy", {"cart": value})


def test_a_value_that_contains_itself_is_an_error_naming_the_attribute(client: Client) -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(ficha.InvalidArgument, match=r"attribute 'loop': .*contains itself"):
        client.create("judy", {"loop": endless})


def test_too_large_a_value_is_an_error_of_its_own(client: Client) -> None:
    with pytest.raises(ficha.TooLarge, match="blob"):
        client.create("judy", {"blob": "x" * 70_000})


def test_an_argument_of_the_wrong_type_does_not_put_secrets_into_the_message(client: Client) -> None:
    with pytest.raises(TypeError) as caught:
        client.create(["alice"], {"pin": "0000-secret"})  # type: ignore[arg-type]
    assert "secret" not in str(caught.value)
    with pytest.raises(TypeError):
        client.create("alice", roles="admin")
    with pytest.raises(ficha.InvalidArgument):
        client.revoke("not an id")


def test_after_close_every_call_says_so(client: Client) -> None:
    session, token = issue(client)
    client.close()
    client.close()
    for call in (
        client.create,
        lambda: client.load(token),
        lambda: client.find(session.id),
        lambda: client.patch(session, set={"a": 1}),
        lambda: client.rotate(session),
        lambda: client.login(None, "alice"),
        lambda: client.revoke(session),
        lambda: client.revoke_principal("alice"),
        lambda: client.patch_principal("alice", set={"a": 1}),
        lambda: client.list("alice"),
    ):
        with pytest.raises(ficha.ClientClosed):
            call()
    assert client.authorize("GET", "/", [("Cookie", f"__Host-ficha={token}")]).verdict == "unavailable"


def test_the_error_classes_are_the_core_s_table() -> None:
    from ficha import _core, _errors

    table = {code: (error.name, error.http_status) for code, error in _errors.ERRORS.items()}
    assert table == _core.error_table()
    assert issubclass(ficha.Unavailable, ConnectionError)
    assert issubclass(ficha.OperationTimeout, TimeoutError)
    assert issubclass(ficha.InvalidArgument, ValueError)


def test_every_operation_exists_in_both_forms_with_one_signature() -> None:
    blocking = ["create", "login", "patch", "rotate", "revoke", "revoke_principal", "patch_principal", "list"]
    for name in blocking:
        form, other = getattr(Client, name), getattr(Client, "a" + name)
        assert inspect.signature(form) == inspect.signature(other)
        assert inspect.iscoroutinefunction(other)
        assert form.__doc__
        assert form.__name__ == name


def test_what_is_stored_is_json_that_any_language_reads(redis_server: RedisServer, make_client: Any) -> None:
    client = make_client(redis={"namespace": "json"})
    session, _ = issue(client, attributes={"cart": {"n": 1, "é": [None]}})
    assert json.loads(session.attributes_json()["cart"]) == {"n": 1, "é": [None]}
    assert redis_server.cli("--scan", "--pattern", "json:*").count("\n") <= 1


def test_a_stored_text_that_is_not_json_is_an_error_naming_the_attribute(
    redis_server: RedisServer, make_client: Any, namespace: str
) -> None:
    client = make_client()
    _, token = issue(client, "judy", {"card": "4711-secret"})
    with redis.Redis(port=redis_server.port) as connection:
        (key,) = (key for key in connection.keys(f"{namespace}:*") if b"@" not in key)
        record = connection.get(key)
        connection.set(key, record.replace(b'"4711-secret"', b"x4711-secretx"), keepttl=True)
    stored = client.load(token, fresh=True)
    for read in (lambda: stored.attributes, Baseline(stored.attributes_json()).values):
        with pytest.raises(ficha.CorruptRecord, match=r"^attribute 'card': what is stored is not JSON$") as caught:
            read()
        assert caught.value.__context__ is None


def a_token() -> str:
    with Client("memory://") as other:
        return str(other.create().token)


def test_an_unreachable_server_is_unavailable_and_not_none() -> None:
    with Client("redis://127.0.0.1:1/0") as client:
        with pytest.raises(ficha.Unavailable) as caught:
            client.load("fch1_" + "A" * 51) or client.create("x")
        assert isinstance(caught.value, ficha.StoreError)
        decision = client.authorize("GET", "/", [("Authorization", f"Bearer {a_token()}")])
        assert (decision.verdict, decision.status) == ("unavailable", 503)


def test_the_core_s_log_goes_to_the_handler_of_the_client() -> None:
    records: list[tuple[int, str]] = []
    with Client("redis://127.0.0.1:1/0", log=lambda level, message: records.append((level, message))) as client:
        for _ in range(3):
            with pytest.raises(ficha.Unavailable):
                client.create()
    assert records
    assert all(0 <= level <= 3 and message for level, message in records)


def test_stats_and_metrics_count(make_client: Any) -> None:
    client = make_client()
    _, token = issue(client, "kate")
    for _ in range(10):
        client.load(token)
    stats = client.stats()
    assert stats["hits"] >= 8
    assert stats["commands"] >= 1
    assert stats["eviction_policy"] == "noeviction"
    assert stats["evicted_keys"] == 0
    assert "shop_" in client.prometheus_text("shop")

"""What every store promises, through Python: in memory and on a real Redis. The core's own suite says it in full."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

import ficha
from ficha import Client, Session
from redis_server import PATIENT

Open = Callable[..., Client]


@pytest.fixture(params=["memory", "redis"])
def open_client(request: pytest.FixtureRequest, namespace: str) -> Iterator[Open]:
    """Opens one client with the given [session] table."""
    url = "memory://" if request.param == "memory" else request.getfixturevalue("redis_server").url
    opened: list[Client] = []

    def make(**session: Any) -> Client:
        opened.append(Client({"redis": {"url": url, "namespace": namespace, **PATIENT}, "session": session}))
        return opened[-1]

    yield make
    for client in opened:
        client.close()


def live(client: Client, session: Session) -> Session | None:
    assert session.token is not None
    return client.load(session.token, fresh=True)


def values(client: Client, session: Session) -> dict[str, Any]:
    loaded = live(client, session)
    assert loaded is not None
    return dict(loaded.attributes)


# --- create ----------------------------------------------------------------------------------------------------------


def test_an_anonymous_session_has_no_principal_and_never_proved_one(client: Client) -> None:
    session = client.create()
    assert (session.principal, session.anonymous, session.authenticated_at) == ("", True, 0)


def test_a_principal_that_is_remembered_but_proved_nothing_has_no_authentication_time(client: Client) -> None:
    assert client.create("alice", authenticated=False).authenticated_at == 0


def test_sessions_of_one_principal_share_their_route(client: Client) -> None:
    one, two, other = client.create("alice"), client.create("alice"), client.create("bob")
    assert one.id[:2] == two.id[:2] != other.id[:2]
    assert one.id != two.id


def test_the_largest_session_comes_back_whole(client: Client) -> None:
    many = {f"n{i:03}" + "ä" * 30: i for i in range(256)}
    assert values(client, client.create("alice", many)) == many
    large = {f"value {i}": "x" * 60_000 for i in range(4)}
    assert values(client, client.create("p" * 256, large)) == large


@pytest.mark.parametrize(
    "wrong",
    [
        {"principal": "a\nb"},
        {"principal": "alice", "level": 4},
        {"principal": "alice", "attributes": {"": 1}},
        {"principal": "alice", "roles": [""]},
        {"principal": "alice", "idle_timeout": -1},
        {"principal": "alice", "absolute_timeout": timedelta(days=401)},
    ],
)
def test_a_value_outside_its_rule_is_an_invalid_argument(client: Client, wrong: dict[str, Any]) -> None:
    with pytest.raises(ficha.InvalidArgument):
        client.create(**wrong)


@pytest.mark.parametrize(
    "much",
    [
        {"principal": "p" * 257},
        {"attributes": {"n" * 65: 1}},
        {"attributes": {"a": "x" * 65_536}},
        {"attributes": {f"a{i}": "x" * 60_000 for i in range(5)}},
        {"attributes": {f"a{i}": i for i in range(257)}},
    ],
)
def test_what_does_not_fit_is_too_large(client: Client, much: dict[str, Any]) -> None:
    with pytest.raises(ficha.TooLarge):
        client.create(**much)


# --- the limit -------------------------------------------------------------------------------------------------------


def test_the_oldest_gives_way_to_the_newest(open_client: Open) -> None:
    client = open_client(max_per_principal=2)
    sessions = [client.create("alice") for _ in range(4)]
    others = [client.create() for _ in range(3)]
    assert [live(client, session) is not None for session in sessions] == [False, False, True, True]
    assert all(live(client, session) is not None for session in others)


def test_a_revoked_session_makes_room(open_client: Open) -> None:
    client = open_client(max_per_principal=1, on_limit="refuse")
    session = client.create("alice")
    with pytest.raises(ficha.SessionLimit):
        client.login(None, "alice")
    again = client.login(session, "alice")  # proving oneself anew needs no room
    client.revoke(again)
    assert live(client, client.create("alice")) is not None


# --- load ------------------------------------------------------------------------------------------------------------


def test_a_token_signed_with_another_key_is_no_session(open_client: Open) -> None:
    session = open_client(token_keys=["k" * 32]).create("alice")
    assert session.token is not None
    assert open_client(token_keys=["l" * 32, "k" * 32]).session_id(session.token) == session.id
    stranger = open_client(token_keys=["l" * 32])
    assert stranger.session_id(session.token) is None
    assert live(stranger, session) is None


def test_idle_and_absolute_deadlines_end_a_session() -> None:
    clock = ficha.ManualClock(1_700_000_000_000)
    with Client("memory://", clock=clock) as client:
        used, unused, polled = (client.create("alice", idle_timeout=160, absolute_timeout=1000) for _ in range(3))
        for _ in range(6):
            clock.advance(150_000)
            assert client.load(str(used.token)) is not None
            client.load(str(polled.token), touch=False)
        assert client.load(str(unused.token)) is None
        assert client.load(str(polled.token)) is None
        clock.advance(101_000)
        assert client.load(str(used.token)) is None


# --- patch -----------------------------------------------------------------------------------------------------------


def test_every_patch_makes_the_next_generation(client: Client) -> None:
    session = client.create("alice")
    assert [client.patch(session, set={"a": i}) for i in range(3)] == [2, 3, 4]


def test_a_patch_applies_whole_or_not_at_all(client: Client) -> None:
    session = client.create("alice", {"a": 1, "text": "x"})
    refused: list[dict[str, Any]] = [{"add": {"a": 2}}, {"increment": {"text": 1}}, {"increment": {"a": 2**53}}]
    for change in refused:
        with pytest.raises(ficha.FichaError):
            client.patch(session, set={"b": 1}, roles=["r"], **change)
    assert values(client, session) == {"a": 1, "text": "x"}
    loaded = live(client, session)
    assert loaded is not None
    assert (loaded.generation, loaded.roles) == (1, ())


def test_increment_starts_at_zero_and_stays_within_2_to_the_53(client: Client) -> None:
    session = client.create("alice")
    client.patch(session, increment={"n": 2**53})
    with pytest.raises(ficha.InvalidArgument):
        client.patch(session, increment={"n": 1})
    client.patch(session, increment={"n": -1, "m": -5})
    assert values(client, session) == {"n": 2**53 - 1, "m": -5}


def test_the_last_attribute_can_be_removed_and_another_set(client: Client) -> None:
    session = client.create("alice", {"a": 1})
    client.patch(session, remove=["a", "not there"])
    assert values(client, session) == {}
    client.patch(session, set={"b": []}, device=("192.0.2.9", "other"), scopes=["s"])
    loaded = live(client, session)
    assert loaded is not None
    assert (dict(loaded.attributes), loaded.device, loaded.scopes) == ({"b": []}, ("192.0.2.9", "other"), ("s",))


def test_a_patch_is_seen_by_who_had_read_the_session(open_client: Open) -> None:
    client = open_client()
    session = client.create("alice", {"a": 1})
    assert client.load(str(session.token)) is not None
    client.patch(session, set={"a": 2})
    assert client.load(str(session.token)).attributes["a"] == 2  # type: ignore[union-attr]


def test_an_add_only_service_changes_nothing_that_is_there(open_client: Open) -> None:
    client = open_client(writes="add-only")
    session = client.create("alice", {"a": 1})
    client.patch(session, add={"b": 2})
    refused: list[dict[str, Any]] = [{"set": {"a": 2}}, {"remove": ["a"]}, {"increment": {"a": 1}}]
    for change in refused:
        with pytest.raises(ficha.AttributeExists):
            client.patch(session, **change)
    with pytest.raises(ficha.InvalidArgument):
        client.patch(session, roles=["admin"])
    assert values(client, session) == {"a": 1, "b": 2}


# --- rotate and login ------------------------------------------------------------------------------------------------


def test_a_rotated_session_changes_in_nothing_but_token_and_id(client: Client) -> None:
    session = client.create("alice", {"a": [1]}, roles=["r"], scopes=["s"], device=("192.0.2.1", "x"), level=2)
    rotated = client.rotate(session)
    names = ("principal", "roles", "scopes", "device", "level", "created_at", "expires_at", "authenticated_at")
    assert {n: getattr(rotated, n) for n in names} == {n: getattr(session, n) for n in names}
    assert (dict(rotated.attributes), [s.id for s in client.list("alice")]) == ({"a": [1]}, [rotated.id])


def test_rotations_with_grace_chain_and_writes_follow_them(client: Client) -> None:
    first = client.create("alice")
    second = client.rotate(first, grace=10)
    third = client.rotate(first, grace=10)
    client.patch(first, set={"by": "the oldest id"})
    for session in (first, second, third):
        assert values(client, session) == {"by": "the oldest id"}
    assert client.revoke(second)
    assert [live(client, session) for session in (first, second, third)] == [None] * 3


def test_a_grace_of_more_than_half_a_minute_is_refused(client: Client) -> None:
    with pytest.raises(ficha.InvalidArgument):
        client.rotate(client.create(), grace=31)


def test_a_login_may_leave_the_visitor_s_attributes_behind(client: Client) -> None:
    visitor = client.create(attributes={"cart": [1]})
    assert dict(client.login(visitor, "alice", keep_attributes=False).attributes) == {}
    assert live(client, visitor) is None


def test_another_principal_gets_nothing_of_the_one_before(client: Client) -> None:
    before = client.create("alice", {"secret": 1}, roles=["admin"])
    after = client.login(before, "bob", {"own": 2})
    assert (dict(after.attributes), after.roles, live(client, before)) == ({"own": 2}, (), None)


def test_proving_oneself_again_moves_the_session_and_never_revives_it(client: Client) -> None:
    session = client.create("alice", {"a": 1}, level=1)
    again = client.login(session, "alice", level=2)
    assert (dict(again.attributes), again.level, live(client, session)) == ({"a": 1}, 2, None)
    client.revoke(again)
    with pytest.raises(ficha.SessionGone):
        client.login(again, "alice")
    assert client.list("alice") == []


def test_a_login_that_fails_leaves_the_visitor_s_session_as_it_was(client: Client) -> None:
    visitor = client.create(attributes={"cart": [1]})
    with pytest.raises(ficha.InvalidArgument):
        client.login(visitor, "alice", level=9)
    assert values(client, visitor) == {"cart": [1]}


# --- whole principals ------------------------------------------------------------------------------------------------


def test_the_one_to_keep_may_be_named_by_the_id_it_had_before_a_rotation(client: Client) -> None:
    sessions = [client.create("alice") for _ in range(3)]
    kept = client.rotate(sessions[0], grace=10)
    assert client.revoke_principal("alice", keep=sessions[0].id) == 2
    assert [s.id for s in client.list("alice")] == [kept.id]


def test_hundreds_of_sessions_are_all_changed_and_all_ended(client: Client) -> None:
    sessions = [client.create("alice", {"n": i}) for i in range(300)]
    assert client.patch_principal("alice", set={"notice": True}, remove=["n"]) == 300
    listed = client.list("alice")
    assert [s.id for s in listed] == [s.id for s in sessions]  # oldest first
    assert all(dict(s.attributes) == {"notice": True} for s in listed)
    assert client.revoke_principal("alice") == 300
    assert client.list("alice") == []


def test_the_anonymous_have_no_principal_to_revoke(client: Client) -> None:
    client.create()
    with pytest.raises(ficha.InvalidArgument):
        client.revoke_principal("")


@pytest.mark.parametrize("principal", ["a}b", "{x}", "*", "a:b@c d", "日本", "a\\b'\""])
def test_names_that_mean_something_to_redis_are_just_names(client: Client, principal: str) -> None:
    session = client.create(principal)
    assert [s.id for s in client.list(principal)] == [session.id]
    assert client.revoke_principal(principal) == 1

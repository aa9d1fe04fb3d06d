"""Two services in different languages, at one session, at once."""

from __future__ import annotations

import redis
from service import Service, eventually

ROUNDS = 60


def test_no_change_of_two_languages_is_lost(one: Service, other: Service, principal: str) -> None:
    session = one.create(principal, attributes={"shared": 0})
    for i in range(ROUNDS):
        for service in (one, other):
            service.send("patch", id=session.id, set={f"{service}{i}": i}, increment={"shared": 1})
    generations = [service.receive() for service in (one, other) for _ in range(ROUNDS)]
    assert sorted(generations) == list(range(2, 2 + 2 * ROUNDS))
    expected = {f"{service}{i}": i for service in (one, other) for i in range(ROUNDS)} | {"shared": 2 * ROUNDS}
    for service in (one, other):
        loaded = service.load(session.token, fresh=True)
        assert loaded is not None
        assert loaded.attributes == expected


def test_of_two_languages_that_expect_one_generation_one_wins(one: Service, other: Service, principal: str) -> None:
    session = one.create(principal)
    for generation in range(1, 1 + ROUNDS):
        for service in (one, other):
            service.send("patch", id=session.id, set={"winner": str(service)}, expected_generation=generation)
        outcomes = [service.outcome() for service in (one, other)]
        assert sorted(outcomes, key=str) == [generation + 1, "conflict"]


def saves(service: Service) -> bool:
    """Whether the next answer is that of a save; if not, that the session is gone."""
    outcome = service.outcome()
    assert outcome == "session_gone" or isinstance(outcome, int)
    return bool(outcome != "session_gone")


def test_a_save_that_races_a_revoke_never_revives(
    a: Service, b: Service, principal: str, database: redis.Redis
) -> None:
    for _ in range(20):
        session = a.create(principal, attributes={"cart": []})
        b.follow(session)
        for i in range(10):
            b.send("patch", id=session.id, set={"cart": [i]})
            if i == 5:
                a.send("revoke", id=session.id)
        assert a.receive() is True
        b.send("patch", id=session.id, set={"cart": ["after"]})
        saved = [saves(b) for _ in range(11)]
        assert saved == sorted(saved, reverse=True), "after the first refusal, every save is refused"
        assert not saved[-1]
        for service in (a, b):
            assert eventually(lambda: service.load(session.token), lambda loaded: loaded is None) is None  # noqa: B023
        assert not list(database.scan_iter(f"*{session.id}"))


def test_a_save_that_races_a_rotation_is_in_the_rotated_session_or_refused(
    a: Service, b: Service, principal: str
) -> None:
    for _ in range(20):
        session = a.create(principal)
        for i in range(6):
            b.send("patch", id=session.id, set={f"b{i}": i})
            if i == 3:
                a.send("rotate", id=session.id)
        token = a.receive()["token"]
        saved = [saves(b) for _ in range(6)]
        rotated = a.load(token, fresh=True)
        assert rotated is not None
        assert set(rotated.attributes) == {f"b{i}" for i, done in enumerate(saved) if done}

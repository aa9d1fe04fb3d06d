"""Processes, threads and tasks at one session, or one principal, at once."""

from __future__ import annotations

import asyncio
import multiprocessing
import threading
from collections.abc import Callable
from typing import Any

import ficha
from ficha import Client
from redis_server import PATIENT, RedisServer

MakeClient = Callable[..., Client]


def write_own(tables: dict[str, Any], session_id: str, name: str, count: int) -> None:
    with Client(tables) as client:
        for i in range(count):
            client.patch(session_id, set={f"{name}{i}": i}, increment={"sum": 1})


def test_processes_that_write_different_attributes_lose_nothing(
    redis_server: RedisServer, make_client: MakeClient, namespace: str
) -> None:
    client = make_client()
    session = client.create("alice")
    tables = {"redis": {"url": redis_server.url, "namespace": namespace, **PATIENT}}
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=write_own, args=(tables, session.id, name, 40)) for name in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
        writer.close()
    loaded = client.load(str(session.token), fresh=True)
    assert loaded is not None
    assert dict(loaded.attributes) == {f"{name}{i}": i for name in "ab" for i in range(40)} | {"sum": 80}


def at_once(*calls: Callable[[], object]) -> list[object]:
    """The results of the calls, each in a thread; of one that failed, its error."""
    outcomes: list[object] = [None] * len(calls)
    barrier = threading.Barrier(len(calls))

    def run(i: int) -> None:
        barrier.wait()
        try:
            outcomes[i] = calls[i]()
        except ficha.FichaError as error:
            outcomes[i] = error

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_a_save_that_races_a_revoke_never_revives_the_session(make_client: MakeClient) -> None:
    one, two = make_client(), make_client()
    for i in range(200):
        session = one.create("alice")
        saved, revoked = at_once(
            lambda: two.patch(session, set={"a": i}),  # noqa: B023
            lambda: one.revoke(session),  # noqa: B023
        )
        assert revoked is True
        assert saved == 2 or isinstance(saved, ficha.SessionGone)
        assert one.load(str(session.token), fresh=True) is two.load(str(session.token), fresh=True) is None
    assert one.list("alice") == []


def test_a_rotation_that_races_a_revoke_of_the_principal_leaves_nothing_live(make_client: MakeClient) -> None:
    one, two = make_client(), make_client()
    for _ in range(200):
        session = one.create("alice")
        rotated, _revoked = at_once(
            lambda: two.rotate(session),  # noqa: B023
            lambda: one.revoke_principal("alice"),
        )
        if isinstance(rotated, ficha.Session):
            # Where the rotation came last there was nothing to rotate; where it came first, its session was revoked.
            assert one.load(str(rotated.token), fresh=True) is None
        else:
            assert isinstance(rotated, ficha.SessionGone)
        assert one.list("alice") == []


def test_of_two_rotations_without_grace_one_wins(make_client: MakeClient) -> None:
    one, two = make_client(), make_client()
    for _ in range(100):
        session = one.create("alice")
        outcomes = at_once(lambda: one.rotate(session), lambda: two.rotate(session))  # noqa: B023
        assert {type(outcome) for outcome in outcomes} == {ficha.Session, ficha.SessionGone}
        assert len(one.list("alice")) == 1
        one.revoke_principal("alice")


async def test_no_load_misses_a_session_that_is_being_rotated_with_grace(make_client: MakeClient) -> None:
    client = make_client(near_cache={"enabled": False})
    current = await client.acreate("alice")
    for _ in range(30):
        token = str(current.token)
        before = [asyncio.create_task(client.aload(token)) for _ in range(10)]
        rotation = asyncio.create_task(client.arotate(current, grace=30))
        after = [asyncio.create_task(client.aload(token)) for _ in range(10)]
        loaded = await asyncio.gather(*before, *after)
        current = await rotation
        assert all(session is not None and session.principal == "alice" for session in loaded)


def test_of_many_parallel_logins_no_more_than_the_limit_remain(make_client: MakeClient) -> None:
    evicting = make_client(session={"max_per_principal": 5})
    at_once(*(lambda: evicting.create("alice") for _ in range(40)))
    assert len(evicting.list("alice")) == 5
    refusing = make_client(session={"max_per_principal": 5, "on_limit": "refuse"})
    outcomes = at_once(*(lambda: refusing.create("bob") for _ in range(40)))
    assert sum(isinstance(outcome, ficha.SessionLimit) for outcome in outcomes) == 35
    assert len(refusing.list("bob")) == 5

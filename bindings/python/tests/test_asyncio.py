"""The asynchronous forms: many at once, cancelled, in several loops, and on a dead server."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import random
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

import ficha
from ficha import Client, _completions
from redis_server import PATIENT, RedisServer

MakeClient = Callable[..., Client]
NO_CACHE = {"enabled": False}


def test_without_an_event_loop_of_asyncio_the_error_says_what_to_do(client: Client) -> None:
    """As under trio; a hit fails like a miss."""
    token = str(client.create("alice").token)
    client.load(token)
    for call in (client.aload(token), client.aauthorize("GET", "/", []), client.acreate("bob")):
        with pytest.raises(RuntimeError, match=r"trio\.to_thread.run_sync"):
            call.send(None)
        call.close()


async def test_every_operation(client: Client) -> None:
    session = await client.acreate("alice", {"n": 1})
    token = str(session.token)
    assert (await client.aload(token)).attributes == {"n": 1}  # type: ignore[union-attr]
    assert await client.apatch(session, set={"n": 2}) == 2
    rotated = await client.arotate(session)
    assert await client.aload(token) is None
    again = await client.alogin(rotated, "alice")
    assert [s.id for s in await client.alist("alice")] == [again.id]
    assert await client.apatch_principal("alice", set={"m": 3}) == 1
    decision = await client.aauthorize("GET", "/", [("Authorization", f"Bearer {again.token}")])
    assert decision.session is not None
    assert decision.session.attributes["m"] == 3
    assert await client.arevoke(again) is True
    assert await client.arevoke_principal("alice") == 0
    with pytest.raises(ficha.SessionGone):
        await client.apatch(again, set={"x": 1})


async def test_what_could_not_be_submitted_is_not_waited_for(client: Client) -> None:
    await client.acreate("alice")
    pending = _completions.completions_of(asyncio.get_running_loop())._pending
    with pytest.raises(TypeError):
        await client.arun("no request")  # type: ignore[arg-type]
    assert not pending


@pytest.mark.parametrize("cached", [True, False], ids=["a hit", "a miss"])
async def test_a_token_is_handed_to_the_core_once(make_client: MakeClient, cached: bool) -> None:
    client = make_client(near_cache={"enabled": cached})
    token = str(client.create("alice").token)
    await client.aload(token)
    calls: list[str] = []

    def note(frame: object, event: str, argument: Any) -> None:
        if event == "c_call" and getattr(argument, "__self__", None) is client:
            calls.append(argument.__name__)

    sys.setprofile(note)
    try:
        session = await client.aload(token)
        decision = await client.aauthorize("GET", "/", [("Authorization", f"Bearer {token}")])
    finally:
        sys.setprofile(None)
    assert session is not None
    assert decision.session is not None
    assert calls == ["_aload", "_aauthorize"]


async def test_a_thousand_at_once_get_each_their_own(make_client: MakeClient) -> None:
    client = make_client(near_cache=NO_CACHE)
    sessions = await asyncio.gather(*(client.acreate(f"user{i}", {"i": i}) for i in range(1000)))
    loaded = await asyncio.gather(*(client.aload(str(s.token)) for s in sessions for _ in range(3)))
    for i, session in enumerate(loaded):
        assert session is not None
        assert (session.principal, session.attributes["i"]) == (f"user{i // 3}", i // 3)
    headers = [[("Authorization", f"Bearer {s.token}")] for s in sessions]
    decisions = await asyncio.gather(*(client.aauthorize("GET", "/x", fields) for fields in headers))
    assert [d.session.principal for d in decisions if d.session] == [f"user{i}" for i in range(1000)]


async def test_calls_that_are_cancelled_at_any_moment_disturb_nobody(make_client: MakeClient) -> None:
    client = make_client(near_cache=NO_CACHE)
    sessions = [await client.acreate(f"user{i}") for i in range(50)]
    chance = random.Random(4)

    async def load(i: int) -> None:
        session = await client.aload(str(sessions[i].token))
        assert session is not None
        assert session.principal == f"user{i}"

    for _ in range(40):
        tasks = [asyncio.create_task(load(chance.randrange(50))) for _ in range(50)]
        for _ in range(chance.randrange(4)):
            await asyncio.sleep(0)
        for task in chance.sample(tasks, 20):
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert {type(r) for r in results} <= {type(None), asyncio.CancelledError}
    await load(7)


async def test_a_time_limit_around_a_call_works_as_for_any_other(make_client: MakeClient) -> None:
    client = make_client(near_cache=NO_CACHE)
    session = await client.acreate("alice")
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(client.aload(str(session.token)), timeout=0)
    assert await client.aload(str(session.token)) is not None


def test_one_client_serves_many_loops_in_many_threads(make_client: MakeClient) -> None:
    client = make_client(near_cache=NO_CACHE)
    tokens = [str(client.create(f"user{i}").token) for i in range(8)]
    principals: list[set[str]] = [set() for _ in tokens]

    async def load_often(i: int) -> None:
        for session in await asyncio.gather(*(client.aload(tokens[i]) for _ in range(200))):
            assert session is not None
            principals[i].add(session.principal)

    threads = [threading.Thread(target=lambda i=i: asyncio.run(load_often(i))) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert principals == [{f"user{i}"} for i in range(8)]


def test_a_loop_closed_with_calls_pending_disturbs_neither_the_client_nor_the_next_loop(
    make_client: MakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    client = make_client(near_cache=NO_CACHE)
    token = str(client.create("alice").token)
    abandoned: list[asyncio.Task[ficha.Session | None]] = []

    async def abandon() -> None:
        abandoned.extend(asyncio.ensure_future(client.aload(token)) for _ in range(50))
        await asyncio.sleep(0)

    loop = asyncio.new_event_loop()
    loop.run_until_complete(abandon())
    loop.close()
    assert not any(task.done() for task in abandoned)
    for _ in range(2):
        loaded = asyncio.run(client.aload(token))
        assert loaded is not None
        assert loaded.principal == "alice"
    abandoned.clear()
    gc.collect()
    caplog.clear()  # asyncio tells of the abandoned tasks


async def test_closing_ends_what_is_in_flight(make_client: MakeClient) -> None:
    client = make_client(near_cache=NO_CACHE)
    session = await client.acreate("alice")
    tasks = [asyncio.create_task(client.aload(str(session.token))) for _ in range(200)]
    await asyncio.sleep(0)
    client.close()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(r) for r in results} <= {ficha.Session, ficha.ClientClosed}
    with pytest.raises(ficha.ClientClosed):
        await client.aload(str(session.token))


async def test_a_client_closes_at_the_end_of_an_asynchronous_block(redis_server: RedisServer) -> None:
    async with Client(redis_server.url) as client:
        await client.acreate()
    with pytest.raises(ficha.ClientClosed):
        await client.acreate()


async def test_a_stopped_server_is_an_error_and_after_its_start_the_sessions_are_there(
    own_redis_server: RedisServer,
) -> None:
    async with Client({"redis": {"url": own_redis_server.url, **PATIENT}, "near_cache": NO_CACHE}) as client:
        session = await client.acreate("alice")
        own_redis_server.stop()
        with pytest.raises(ficha.StoreError):
            await client.aload(str(session.token))
        own_redis_server.start()
        loaded = await load_when_it_is_back(client, str(session.token))
        assert loaded is not None
        assert loaded.principal == "alice"


async def load_when_it_is_back(client: Client, token: str) -> ficha.Session | None:
    while True:
        with contextlib.suppress(ficha.StoreError):
            return await client.aload(token)
        await asyncio.sleep(0.01)

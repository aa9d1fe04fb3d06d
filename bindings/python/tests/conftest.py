"""What all tests share: a real redis-server, clients that are closed, and native handles that are counted."""

from __future__ import annotations

import gc
import itertools
from collections.abc import Callable, Generator, Iterator
from copy import deepcopy
from typing import Any, cast

import pytest
from django.conf import settings as django_settings
from django.test import Client

import ficha
from django_helpers import users
from ficha import _completions, _core
from ficha.django import conf
from ficha.django.sessions import SessionStore
from redis_server import PATIENT, RedisServer

HANDLES_BEFORE = pytest.StashKey[dict[str, int]]()
HAS_FAILED = pytest.StashKey[bool]()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    server = RedisServer()
    yield server
    server.close()


@pytest.fixture
def own_redis_server() -> Iterator[RedisServer]:
    """One that the test may stop and kill."""
    server = RedisServer(persistent=True)
    yield server
    server.close()


def pytest_collection_finish() -> None:
    # What was imported so far is nobody's leak, and need not be searched after every test.
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    item.stash[HANDLES_BEFORE] = _core.live_handles()
    yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        item.stash[HAS_FAILED] = True  # its traceback keeps objects alive
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Fails a test that leaves a native handle behind."""
    yield
    before = item.stash[HANDLES_BEFORE]
    if item.stash.get(HAS_FAILED, False) or not more_handles(before):
        return
    cast(pytest.Function, item).funcargs.clear()
    _completions.forget_closed_loops()
    gc.collect()
    assert not more_handles(before), f"a native handle leaked: {before} to {_core.live_handles()}"


def more_handles(before: dict[str, int]) -> bool:
    return any(count > before[kind] for kind, count in _core.live_handles().items())


_namespaces = itertools.count()
ALLOW_ALL = [{"path": "/**", "allow": "anyone"}]


@pytest.fixture
def namespace() -> str:
    """One that no other test uses."""
    return f"t{next(_namespaces)}"


@pytest.fixture
def make_client(redis_server: RedisServer, namespace: str) -> Iterator[Callable[..., ficha.Client]]:
    """Opens clients on the real server, which are closed after the test."""
    opened: list[ficha.Client] = []

    def make(**tables: Any) -> ficha.Client:
        tables["redis"] = {"url": redis_server.url, "namespace": namespace, **PATIENT, **tables.get("redis", {})}
        tables.setdefault("rule", ALLOW_ALL)
        client = ficha.Client(tables)
        opened.append(client)
        return client

    yield make
    for client in opened:
        client.close()
    opened.clear()


@pytest.fixture(params=["memory", "redis"])
def client(request: pytest.FixtureRequest, namespace: str) -> Iterator[ficha.Client]:
    """A client on each kind of store."""
    url = "memory://" if request.param == "memory" else request.getfixturevalue("redis_server").url
    with ficha.Client({"redis": {"url": url, "namespace": namespace, **PATIENT}, "rule": ALLOW_ALL}) as opened:
        yield opened


@pytest.fixture(params=["memory", "redis"])
def store(request: pytest.FixtureRequest, settings: Any, namespace: str) -> Iterator[None]:
    """Django's setting FICHA names a store of this kind."""
    tables = deepcopy(django_settings.FICHA)
    url = "memory://" if request.param == "memory" else request.getfixturevalue("redis_server").url
    settings.FICHA = {**tables, "redis": {"url": url, "namespace": namespace, **PATIENT}}
    yield
    conf.close_client()


# --- Django ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def browser() -> Client:
    return Client()


@pytest.fixture
def alice() -> Any:
    return users().create_user("alice", password="password")


@pytest.fixture
def session() -> SessionStore:
    """A session of Django's of which nothing is stored."""
    return SessionStore()


@pytest.fixture
def stored() -> SessionStore:
    """One that is stored, as the request that stored it holds it."""
    session = SessionStore()
    session["a"], session["b"] = "c", "d"
    session.save()
    return session

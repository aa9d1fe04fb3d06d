"""One Redis, one ficha.toml, and an endpoint in each language, for all tests."""

from __future__ import annotations

import itertools
import os
import shlex
import socket
import subprocess
from collections.abc import Iterator

import pytest
import redis
from service import Service

# Each is started by the command in FICHA_ENDPOINT_CPP and so on.
LANGUAGES = ("cpp", "python", "node", "java")

# Patient, because the machine may be busy with other tests.
CONFIG = """
[redis]
url = "redis://127.0.0.1:{port}/0"
connect_timeout = "5s"
command_timeout = "5s"
operation_timeout = "10s"

[[rule]]
path = "/staff/**"
roles = ["staff"]

[[rule]]
path = "/**"
"""


@pytest.fixture(scope="session")
def redis_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    directory = tmp_path_factory.mktemp("redis")
    server = subprocess.Popen(
        ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(directory)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    for line in server.stdout:
        if "Ready to accept connections" in line:
            break
    yield port
    server.kill()
    server.communicate()


@pytest.fixture(scope="session")
def database(redis_port: int) -> Iterator[redis.Redis]:
    """The server itself, to look at records and to write what no version of today would."""
    with redis.Redis(port=redis_port) as connection:
        yield connection


@pytest.fixture(scope="session")
def services(redis_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Service]]:
    config = tmp_path_factory.mktemp("config") / "ficha.toml"
    config.write_text(CONFIG.format(port=redis_port), encoding="utf-8")
    running = {
        language: Service(language, shlex.split(os.environ[f"FICHA_ENDPOINT_{language.upper()}"]), config)
        for language in LANGUAGES
    }
    yield running
    assert {language: service.close() for language, service in running.items()} == dict.fromkeys(LANGUAGES, 0)


@pytest.fixture(autouse=True)
def settled(services: dict[str, Service]) -> Iterator[None]:
    yield
    for service in services.values():
        service.settle()


ORDERED_PAIRS = list(itertools.permutations(LANGUAGES, 2))
PAIRS = list(itertools.combinations(LANGUAGES, 2))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "ordered_pair" in metafunc.fixturenames:
        metafunc.parametrize("ordered_pair", ORDERED_PAIRS, ids=[f"{a} and {b}" for a, b in ORDERED_PAIRS])
    if "pair" in metafunc.fixturenames:
        metafunc.parametrize("pair", PAIRS, ids=[f"{a} beside {b}" for a, b in PAIRS])
    if "language" in metafunc.fixturenames:
        metafunc.parametrize("language", LANGUAGES)


@pytest.fixture
def a(ordered_pair: tuple[str, str], services: dict[str, Service]) -> Service:
    return services[ordered_pair[0]]


@pytest.fixture
def b(ordered_pair: tuple[str, str], services: dict[str, Service]) -> Service:
    return services[ordered_pair[1]]


@pytest.fixture
def one(pair: tuple[str, str], services: dict[str, Service]) -> Service:
    return services[pair[0]]


@pytest.fixture
def other(pair: tuple[str, str], services: dict[str, Service]) -> Service:
    return services[pair[1]]


@pytest.fixture
def service(language: str, services: dict[str, Service]) -> Service:
    return services[language]


_principals = itertools.count()


@pytest.fixture
def principal() -> str:
    """One that no other test uses; not in ASCII."""
    return f"Zoë 張 №{next(_principals)}"

"""Python: P4 (a hit) against PyJWT and redis-py's client-side cache, P13b (a Django request) against django-redis.

usage: bench.py --json FILE     Both sides of a row are measured in turns, in one run; medians of the rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import ficha
import jwt
import redis
from cryptography.hazmat.primitives.asymmetric import rsa
from redis.cache import CacheConfig
from redis.connection import CacheProxyConnection

SHORT = "FICHA_BENCH_SHORT" in os.environ  # shows that this program works, and no more
ROUNDS, REQUEST_ROUNDS, REQUEST_SECONDS = (1, 1, 1) if SHORT else (7, 5, 3)
SITE = Path(__file__).parent / "site"
WRK = Path(__file__).parents[1] / "load/wrk"
CLAIMS = {"sub": "alice", "roles": ["customer"], "scope": "transfers:read", "iat": 1_700_000_000, "exp": 4_000_000_000}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def redis_server() -> Iterator[int]:
    port = free_port()
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory) / "log"
        log.touch()
        process = subprocess.Popen(
            [
                "redis-server",
                "--port",
                str(port),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--dir",
                directory,
                "--logfile",
                log,
            ]
        )
        while "Ready to accept" not in log.read_text():
            pass
        try:
            yield port
        finally:
            process.terminate()
            process.wait()


def nanoseconds(call: Callable[[], object], seconds: float = 0.15) -> float:
    """Return the time of one call, from as many as fit into about `seconds`."""
    count, clock = 1, time.perf_counter_ns
    while True:
        repetitions = range(count)
        start = clock()
        for _ in repetitions:
            call()
        spent = clock() - start
        if spent > seconds * 1e9:
            return spent / count
        count = max(count * 2, int(count * seconds * 1e9 / max(spent, 1)))


def faster(identifier: str, what: str, target: float, ours: Callable[[], object], theirs: Callable[[], object]) -> dict:
    """Return the entry for a row where less time is better."""
    pairs = [(nanoseconds(ours), nanoseconds(theirs)) for _ in range(ROUNDS)]
    a, b = (statistics.median(side) for side in zip(*pairs, strict=True))
    return entry(identifier, what, statistics.median(t / o for o, t in pairs), target, a, b, "ns")


def entry(identifier: str, what: str, ratio: float, target: float, ours: float, theirs: float, unit: str) -> dict:
    return {
        "id": identifier, "what": what, "ratio": round(ratio, 2), "op": ">=", "target": target,
        "ours": round(ours, 1), "theirs": round(theirs, 1), "unit": unit,
    }  # fmt: skip


def hits(port: int) -> list[dict]:
    url = f"redis://127.0.0.1:{port}/0"
    shared = b"0123456789abcdef0123456789abcdef"
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = private.public_key()
    hs256, rs256 = jwt.encode(CLAIMS, shared, "HS256"), jwt.encode(CLAIMS, private, "RS256")
    # redis-py wants Redis 7.4 for its cache, which asks nothing of the server that 7.0 lacks; a hit does not ask it at all.
    CacheProxyConnection.MIN_ALLOWED_VERSION = "7.0.0"
    cached = redis.Redis(port=port, protocol=3, cache_config=CacheConfig())
    cached.set("session", json.dumps(CLAIMS))
    with ficha.Client(url) as client:
        token = client.create("alice", roles=["customer"], scopes=["transfers:read"]).token
        client.load(token)
        cached.get("session")
        load, get = client.load, cached.get
        rows = [
            faster("P4a", "Python: a hit against PyJWT HS256", 20, lambda: load(token),
                   lambda: jwt.decode(hs256, shared, ["HS256"])),
            faster("P4b", "Python: a hit against PyJWT RS256", 60, lambda: load(token),
                   lambda: jwt.decode(rs256, public, ["RS256"])),
            faster("P4c", "Python: a hit against one in redis-py's client-side cache", 60, lambda: load(token),
                   lambda: get("session")),
        ]  # fmt: skip
        assert client.stats()["hits"] > 1000
    cached.close()
    return rows


@contextmanager
def gunicorn(settings: str, redis_port: int) -> Iterator[int]:
    port = free_port()
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": settings, "REDIS_PORT": str(redis_port)}
    command = [sys.executable, "-m", "gunicorn", "app", "--chdir", SITE, "--bind", f"127.0.0.1:{port}", "--workers", "1",
               "--worker-class", "gthread", "--threads", "4", "--log-level", "warning"]  # fmt: skip
    process = subprocess.Popen(command, env=environment)
    while socket.socket().connect_ex(("127.0.0.1", port)):
        time.sleep(0.02)
    try:
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def cookie(port: int) -> str:
    """Return the Cookie field of a new session."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET /fill HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        response = b"".join(iter(lambda: connection.recv(65536), b""))
    found = re.search(rb"Set-Cookie: *(sessionid=[^;\r]+)", response)
    assert found, response
    return found[1].decode()


def requests_per_second(port: int, field: str) -> float:
    command = [str(WRK), "-t1", "-c4", f"-d{REQUEST_SECONDS}s", "-H", f"Cookie: {field}", f"http://127.0.0.1:{port}/show"]
    report = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "Non-2xx" not in report, report
    return float(re.search(r"Requests/sec: *([0-9.]+)", report)[1])


def django_requests(port: int) -> dict:
    with gunicorn("settings_ficha", port) as ours, gunicorn("settings_django_redis", port) as theirs:
        fields = {server: cookie(server) for server in (ours, theirs)}
        for server in (ours, theirs):
            requests_per_second(server, fields[server])
        pairs = [
            (requests_per_second(ours, fields[ours]), requests_per_second(theirs, fields[theirs]))
            for _ in range(REQUEST_ROUNDS)
        ]
    a, b = (statistics.median(side) for side in zip(*pairs, strict=True))
    what = "A Django request reading a sliding session: ficha against cached sessions on django-redis"
    return entry("P13b", what, statistics.median(o / t for o, t in pairs), 1.3, a, b, "requests/s")


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--json", type=Path, required=True)
    arguments.add_argument("--web", action="store_true", help="whole requests only")
    options = arguments.parse_args()
    with redis_server() as port:
        rows = [] if options.web else hits(port)
        rows.append(django_requests(port))
    for row in rows:
        verdict = "ok" if row["ratio"] >= row["target"] else "MISSED"
        print(f"{row['id']:5} {row['ratio']:8} {row['op']} {row['target']:<5} {verdict:7}"
              f"{row['ours']} against {row['theirs']} {row['unit']}: {row['what']}")  # fmt: skip
    options.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()

"""Django under real servers: gunicorn and uvicorn with several workers, and Redis dying under load."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from redis_server import RedisServer

HERE = Path(__file__).parent

SERVERS = {
    "gunicorn sync": ["gunicorn", "project.wsgi", "--worker-class", "sync"],
    "gunicorn sync preload": ["gunicorn", "project.wsgi", "--worker-class", "sync", "--preload"],
    "gunicorn gthread": ["gunicorn", "project.wsgi", "--worker-class", "gthread", "--threads", "4"],
    "gunicorn gthread preload": [
        "gunicorn",
        "project.wsgi",
        "--worker-class",
        "gthread",
        "--threads",
        "4",
        "--preload",
    ],
    "uwsgi": ["pyuwsgi", "--module", "project.wsgi", "--threads", "4"],
    "uwsgi lazy": ["pyuwsgi", "--module", "project.wsgi", "--lazy-apps"],
    "uvicorn": ["uvicorn", "project.asgi:application", "--log-level", "warning"],
}


# How many answers all servers together are checked for being their own user's; a million takes a quarter of an hour.
CHECKED_REQUESTS = int(os.environ.get("FICHA_CHECKED_REQUESTS", "3000"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(server: str, redis_url: str) -> Iterator[int]:
    port = free_port()
    program, *arguments = SERVERS[server]
    if program == "gunicorn":
        arguments += ["--bind", f"127.0.0.1:{port}", "--workers", "2", "--log-level", "warning"]
    elif program == "pyuwsgi":
        arguments += ["--http-socket", f"127.0.0.1:{port}", "--processes", "2", "--master", "--die-on-term"]
        arguments += ["--need-app", "--disable-logging"]
    else:
        arguments += ["--host", "127.0.0.1", "--port", str(port), "--workers", "2"]
    paths = os.pathsep.join([str(HERE), *filter(None, sys.path)])
    run = ["-c", "import pyuwsgi; pyuwsgi.run()"] if program == "pyuwsgi" else ["-m", program]
    process = subprocess.Popen(
        [sys.executable, *run, *arguments],
        env={**os.environ, "REDIS_URL": redis_url, "POLICY": "1", "PYTHONPATH": paths, "PYTHONWARNINGS": "ignore"},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_for(port, process)
        yield port
    finally:
        process.terminate()
        try:
            _, errors = process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert process.returncode == 0, errors
    assert "Traceback" not in errors, errors
    assert "SIG" not in errors.replace("SIGTERM", "").replace("SIGINT", ""), errors


def wait_for(port: int, process: subprocess.Popen[str]) -> None:
    while True:
        assert process.poll() is None
        visitor = Visitor(port)
        try:
            visitor.get("/plain")
            return
        except OSError:
            time.sleep(0.02)
        finally:
            visitor.connection.close()


class Visitor:
    """A browser: one connection, one cookie jar."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        self.cookie: str | None = None

    def get(self, path: str) -> tuple[int, Any]:
        headers = {"Cookie": f"sessionid={self.cookie}"} if self.cookie else {}
        try:
            self.connection.request("GET", path, headers=headers)
            response = self.connection.getresponse()
        except ConnectionError:  # an idle connection that the server closed
            self.connection.close()
            self.connection.request("GET", path, headers=headers)
            response = self.connection.getresponse()
        body = response.read()
        for name, value in response.getheaders():
            if name.lower() == "set-cookie" and value.startswith("sessionid="):
                self.cookie = value.partition("=")[2].partition(";")[0]
        is_json = response.headers.get("content-type", "").startswith("application/json")
        return response.status, json.loads(body) if is_json else body.decode()


def in_threads(count: int, run: Any) -> list[Any]:
    results: list[Any] = [None] * count

    def work(i: int) -> None:
        results[i] = run(i)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.parametrize("server", SERVERS)
def test_everybody_keeps_their_own_session(server: str, redis_server: RedisServer) -> None:
    visitors = 8
    rounds = CHECKED_REQUESTS // len(SERVERS) // visitors + 1
    with serving(server, redis_server.url) as port:

        def visit(i: int) -> list[Any]:
            visitor = Visitor(port)
            visitor.get(f"/put?owner={i}")
            seen = [visitor.get("/count") for _ in range(rounds)]
            visitor.connection.close()
            return seen

        for i, seen in enumerate(in_threads(visitors, visit)):
            assert seen == [(200, {"count": n + 1, "owner": i}) for n in range(rounds)]


@pytest.mark.parametrize("server", ["gunicorn gthread", "uvicorn"])
@pytest.mark.parametrize("death", ["stop", "kill"])
def test_a_dying_redis_is_503_and_the_sessions_are_there_afterwards(
    server: str, death: str, own_redis_server: RedisServer
) -> None:
    with serving(server, own_redis_server.url) as port:
        stopped, done = threading.Event(), threading.Event()

        def visit(i: int) -> tuple[set[int], bool, bool]:
            visitor = Visitor(port)
            visitor.get(f"/put?owner={i}")
            token, acknowledged, statuses = visitor.cookie, 0, set()
            while not done.is_set():
                status, body = visitor.get("/count")
                statuses.add(status)
                if status == 200:
                    assert body["owner"] == i
                    assert body["count"] > acknowledged
                    acknowledged = body["count"]
            status, body = visitor.get("/count")
            while status == 503:
                status, body = visitor.get("/count")
            visitor.connection.close()
            return statuses, visitor.cookie == token, body["owner"] == i and body["count"] > acknowledged

        def break_and_mend(_: int) -> None:
            time.sleep(0.5)
            getattr(own_redis_server, death)()
            stopped.set()
            probe = Visitor(port)
            while probe.get("/put?a=1")[0] != 503:
                pass
            probe.connection.close()
            own_redis_server.start()
            time.sleep(0.5)
            done.set()

        results = in_threads(5, lambda i: break_and_mend(i) if i == 4 else visit(i))[:4]
    for statuses, same_cookie, alive in results:
        assert statuses <= {200, 503}
        assert same_cookie
        assert alive

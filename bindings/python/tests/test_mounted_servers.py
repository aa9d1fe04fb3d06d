"""Prefixes as real servers take them off or tell of them: nobody gets past a rule by one, configured or not."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from test_servers import free_port

HERE = Path(__file__).parent
WSGI, ASGI = "project.wsgi:application", "project.asgi:application"


class Server(NamedTuple):
    """How a server is told of the prefix, and what then comes over the wire."""

    command: list[str]
    path: str = "/shop"
    header: str = ""


SERVERS = {
    "gunicorn": Server(["gunicorn", WSGI, "--bind", "127.0.0.1:{port}"], header="SCRIPT_NAME"),
    "uwsgi": Server(
        ["pyuwsgi", "--http-socket", "127.0.0.1:{port}", "--mount", f"/shop={WSGI}", "--manage-script-name"]
    ),
    "waitress": Server(["waitress", "--listen", "127.0.0.1:{port}", "--url-prefix", "/shop", WSGI]),
    "uvicorn": Server(["uvicorn", ASGI, "--port", "{port}", "--root-path", "/shop"], path=""),
    "hypercorn": Server(["hypercorn", ASGI, "--bind", "127.0.0.1:{port}", "--root-path", "/shop"]),
    "granian": Server(["granian", "--interface", "asgi", "--port", "{port}", "--url-path-prefix", "/shop", ASGI]),
    "daphne": Server(["daphne", ASGI, "--port", "{port}", "--root-path", "/shop"]),
    "daphne, by a header": Server(["daphne", ASGI, "--port", "{port}"], header="Daphne-Root-Path"),
}


@contextmanager
def serving(server: Server, prefixes: str) -> Iterator[int]:
    port = free_port()
    program, *arguments = (argument.format(port=port) for argument in server.command)
    run = ["-c", "import pyuwsgi; pyuwsgi.run()", "--die-on-term"] if program == "pyuwsgi" else ["-m", program]
    paths = os.pathsep.join([str(HERE), *filter(None, sys.path)])
    process = subprocess.Popen(
        [sys.executable, *run, *arguments],
        env={**os.environ, "POLICY": "1", "PREFIXES": prefixes, "PYTHONPATH": paths, "PYTHONWARNINGS": "ignore"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while status(port, "/", "") == 0:
            assert process.poll() is None
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(90)


def status(port: int, path: str, header: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=90)
    try:
        connection.request("GET", path, headers={header: "/shop"} if header else {})
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


@pytest.mark.parametrize("name", SERVERS)
def test_a_prefix_is_refused_until_it_is_configured_and_is_no_way_around_a_rule(name: str) -> None:
    server = SERVERS[name]
    with serving(server, "") as port:
        for path in ("/private/page", "/plain"):
            assert status(port, server.path + path, server.header) == 400
    with serving(server, "/shop") as port:
        assert status(port, server.path + "/private/page", server.header) == 401
        assert status(port, server.path + "/plain", server.header) == 200

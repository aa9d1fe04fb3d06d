"""nginx and HAProxy with their defaults, before a service: what they normalise, pass on and drop is theirs."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

_NGINX = """
daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://127.0.0.1:{upstream}; proxy_set_header Host $http_host; proxy_http_version 1.1; }}
  }}
}}
"""

_HAPROXY = """
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend front
  bind 127.0.0.1:{port}
  default_backend service
backend service
  server service 127.0.0.1:{upstream}
"""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _running(command: list[str], port: int) -> Iterator[int]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while not _listens(port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"the proxy did not start (exit status {process.poll()})")
        time.sleep(0.02)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def _nginx(upstream: int) -> Iterator[int]:
    with tempfile.TemporaryDirectory() as folder:
        port = _free_port()
        config = Path(folder, "nginx.conf")
        config.write_text(_NGINX.format(folder=folder, port=port, upstream=upstream))
        with _running(["nginx", "-p", folder, "-e", f"{folder}/error.log", "-c", str(config)], port) as listening:
            yield listening


@contextmanager
def _haproxy(upstream: int) -> Iterator[int]:
    with tempfile.TemporaryDirectory() as folder:
        port = _free_port()
        config = Path(folder, "haproxy.cfg")
        config.write_text(_HAPROXY.format(port=port, upstream=upstream))
        with _running(["haproxy", "-db", "-f", str(config)], port) as listening:
            yield listening


#: By name: a context manager that takes the service's port and gives the proxy's.
started: dict[str, Callable[[int], AbstractContextManager[int]]] = {"nginx": _nginx, "haproxy": _haproxy}

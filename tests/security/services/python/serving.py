"""What the parity services in Python have in common: the policy, two live sessions, and one server by its name."""

from __future__ import annotations

import importlib
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import ficha
import tomllib

HERE = Path(__file__).resolve().parent
POLICY = HERE.parent.parent / "parity" / "ficha.toml"
#: Where every service is mounted besides "/": at two depths.
PREFIXES = ["/mount", "/mount/deep"]

ANYBODY, KNOWN, STAFF = ["anonymous", "customer", "staff"], ["customer", "staff"], ["staff"]
#: Handler label → who may run it.
LABELS = {
    "secret": STAFF,
    "capital": STAFF,
    "account": KNOWN,
    "items_read": ANYBODY,
    "items_write": STAFF,
    "users": KNOWN,
    "closed": [],
    "public": ANYBODY,
}
#: Where every service has its handlers.
SEEDS = [
    "/secret", "/secret/7", "/Capital/x", "/account/x", "/items", "/users", "/users/7", "/closed/x", "/public/x", "/",
    "/mount/secret", "/mount/deep/secret", "/mount/public/x",
]  # fmt: skip

#: What a service of a framework whose adapter keeps the session does below /wire (tests/conformance/README.md).
ACTIONS = ["headers", "hide", "put", "login", "logout", "gone", "limit", "large", "invalid", "away", "mount"]
#: What "large" and "invalid" put into the session, which cannot hold it.
UNFIT: dict[str, dict[str, Any]] = {"large": {"kept": "x" * 70_000}, "invalid": {"a\nb": 1}}
#: A store that is away: nothing listens there.
AWAY = {"redis": {"url": "redis://127.0.0.1:1"}}

WSGI_SERVERS = ("gunicorn", "waitress", "uwsgi", "wsgiref", "granian-wsgi")
AIOHTTP_SERVERS = ("aiohttp",)
ASGI_SERVERS = ("uvicorn-h11", "uvicorn-httptools", "hypercorn", "granian", "daphne")


def tables() -> dict[str, Any]:
    """Return the policy as Client and Django's setting take it, on a store in this process."""
    return {**tomllib.loads(POLICY.read_text()), "redis": {"url": "memory://"}}


def announce(client: ficha.Client, seeds: list[str], actions: Sequence[str] = ACTIONS) -> None:
    """Tell the driver where the service is and who may log in, as soon as the server takes connections."""
    port = int(os.environ["PARITY_PORT"])
    said = {
        "port": port,
        "tokens": {
            "customer": client.create("carl", {"note": "näme"}, roles=["customer"]).token,
            "staff": client.create("stella", roles=["staff"]).token,
        },
        "labels": LABELS,
        "seeds": seeds,
        "wire": {
            "tokens": {
                "guest": client.create().token,
                "leaving": client.create("leaving").token,
                "gone": client.create("gone").token,
            },
            "actions": actions,
        },
    }
    line = json.dumps(said).encode() + b"\n"
    threading.Thread(target=_say_when_listening, args=(port, line), daemon=True).start()


def seen(session: ficha.Session | None, path: str, headers: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return what a handler below /wire says that it saw."""
    return {
        "principal": session.principal if session else "",
        "note": session.attributes.get("note") if session else None,
        "roles": list(session.roles) if session else [],
        "path": path,
        "headers": list(headers),
    }


def seen_of_environ(session: ficha.Session | None, environ: dict[str, Any]) -> dict[str, Any]:
    """Return the same, of a WSGI environ."""
    fields = [(key[5:].replace("_", "-"), value) for key, value in environ.items() if key.startswith("HTTP_")]
    return seen(session, environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace"), fields)


def _say_when_listening(port: int, line: bytes) -> None:
    while not _listens(port):
        time.sleep(0.02)
    os.write(1, line)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def mounted_wsgi(app: Any) -> Any:
    """Mount an application at PREFIXES besides "/", as WSGI dispatchers do."""

    def dispatch(environ: dict[str, Any], start_response: Any) -> Any:
        for prefix in sorted(PREFIXES, key=len, reverse=True):
            path = environ.get("PATH_INFO", "")
            if path == prefix or path.startswith(prefix + "/"):
                environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + prefix
                environ["PATH_INFO"] = path[len(prefix) :]
                break
        return app(environ, start_response)

    return dispatch


def mounted_asgi(app: Any) -> Any:
    """Mount an application at PREFIXES besides "/", as ASGI servers and dispatchers do: the path stays whole."""

    async def dispatch(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] in ("http", "websocket"):
            for prefix in sorted(PREFIXES, key=len, reverse=True):
                if scope["path"] == prefix or scope["path"].startswith(prefix + "/"):
                    scope = {**scope, "root_path": scope.get("root_path", "") + prefix}
                    break
        await app(scope, receive, send)

    return dispatch


def main(module: str, servers: tuple[str, ...]) -> None:
    """Serve the application that ``module.make()`` makes, on the server that the command line names."""
    name = sys.argv[1] if len(sys.argv) == 2 else ""
    if name not in servers:
        sys.exit(f"usage: {module}.py {'|'.join(servers)}")
    # asyncio sets TCP_NODELAY only on what is called TCP; without it, each answer in two writes waits 40 ms for an ACK.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 0))
    os.environ["PARITY_PORT"] = str(listener.getsockname()[1])
    os.environ["PARITY_MODULE"] = module
    os.environ["PYTHONPATH"] = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])
    _SERVERS[name](importlib.import_module(module).make, listener)


def _gunicorn(make: Callable[[], Any], listener: socket.socket) -> None:
    from gunicorn.app.base import BaseApplication

    class Service(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            listener.listen(128)
            listener.set_inheritable(True)
            self.cfg.set("bind", f"fd://{listener.fileno()}")
            self.cfg.set("worker_class", "gthread")
            self.cfg.set("loglevel", "critical")

        def load(self) -> Any:
            return make()

    Service().run()


def _waitress(make: Callable[[], Any], listener: socket.socket) -> None:
    import waitress

    waitress.serve(make(), sockets=[listener])


def _wsgiref(make: Callable[[], Any], listener: socket.socket) -> None:
    from socketserver import ThreadingMixIn
    from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

    class Server(ThreadingMixIn, WSGIServer):
        daemon_threads = True

    class Quiet(WSGIRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

    port = listener.getsockname()[1]
    listener.close()
    server = Server(("127.0.0.1", port), Quiet)
    server.set_app(make())
    server.serve_forever()


def _uwsgi(make: Callable[[], Any], listener: socket.socket) -> None:
    import pyuwsgi

    port = listener.getsockname()[1]
    listener.close()
    options = ["--http-socket", f"127.0.0.1:{port}", "--module", "target:app", "--threads", "4", "--need-app"]
    options += ["--die-on-term", "--disable-logging", "--add-header", "Connection: close"]
    pyuwsgi.run(options)


def _uvicorn(http: str) -> Callable[[Callable[[], Any], socket.socket], None]:
    def run(make: Callable[[], Any], listener: socket.socket) -> None:
        import uvicorn

        config = uvicorn.Config(make(), http=http, log_level="critical", lifespan="off")
        uvicorn.Server(config).run(sockets=[listener])

    return run


def _hypercorn(make: Callable[[], Any], listener: socket.socket) -> None:
    import asyncio

    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    listener.listen(128)
    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.errorlog = None
    asyncio.run(serve(make(), config))


def _granian(interface: str) -> Callable[[Callable[[], Any], socket.socket], None]:
    def run(make: Callable[[], Any], listener: socket.socket) -> None:
        from granian import Granian

        port = listener.getsockname()[1]
        listener.close()
        Granian("target:app", address="127.0.0.1", port=port, interface=interface, log_enabled=False).serve()

    return run


def _daphne(make: Callable[[], Any], listener: socket.socket) -> None:
    from daphne.server import Server

    listener.listen(128)
    listener.set_inheritable(True)
    Server(make(), endpoints=[f"fd:fileno={listener.fileno()}"], verbosity=0).run()


def _aiohttp(make: Callable[[], Any], listener: socket.socket) -> None:
    from aiohttp import web

    web.run_app(make(), sock=listener, print=None, access_log=None)


_SERVERS: dict[str, Callable[[Callable[[], Any], socket.socket], None]] = {
    "gunicorn": _gunicorn,
    "waitress": _waitress,
    "uwsgi": _uwsgi,
    "wsgiref": _wsgiref,
    "granian-wsgi": _granian("wsgi"),
    "uvicorn-h11": _uvicorn("h11"),
    "uvicorn-httptools": _uvicorn("httptools"),
    "hypercorn": _hypercorn,
    "granian": _granian("asgi"),
    "daphne": _daphne,
    "aiohttp": _aiohttp,
}

"""A proxy of the bank's in front of nothing but somebody who writes down what arrives."""

from __future__ import annotations

import http.server
import queue
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from browser import Browser
from processes import Process
from proxies import await_port, command, free_port, template_of, write_configuration

_BACKENDS = ("AUTH", "TRANSACTIONS", "CARDS_1", "CARDS_2", "STATEMENTS", "RATES", "PAGES_PORT")


@dataclass
class Recorder:
    """What came through the proxy."""

    visitor: Browser
    arrived: list[http.server.BaseHTTPRequestHandler] = field(default_factory=list)

    def fields_of(self, method: str, path: str, headers: dict[str, str]) -> dict[str, str]:
        """Send a request through the proxy, and return the fields of it that a service would see, in lower case."""
        self.arrived.clear()
        self.visitor.ask(method, path, headers=headers)
        (seen,) = (each for each in self.arrived if each.path == path)
        return {name.lower(): value for name, value in seen.headers.items()}


class _Service(http.server.ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Say nothing: the proxy's checks of its backends end as they like."""


@contextmanager
def recorded(proxy: str) -> Iterator[Recorder]:
    """Start the proxy, from the template that the bank's own is made of; it ends with the block."""
    port = free_port()
    recorder = Recorder(Browser(f"http://localhost:{port}"))

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            recorder.arrived.append(self)
            self.send_response(204)
            self.end_headers()

        do_GET = do_POST = do_PUT = answer

        def log_message(self, *_: object) -> None:
            pass

    service = _Service(("127.0.0.1", 0), Handler)
    threading.Thread(target=service.serve_forever, daemon=True).start()
    run = Path(tempfile.mkdtemp(prefix="bank-recorder-"))
    values = dict.fromkeys(_BACKENDS, service.server_address[1]) | {"PORT": port}
    configuration = write_configuration(template_of(proxy), run, values)
    process = Process(f"recorded {proxy}", command(proxy, configuration, run), run / "log", queue.Queue())
    try:
        await_port(process, port)
        yield recorder
    finally:
        process.terminate()
        process.wait(8)
        service.shutdown()
        service.server_close()
        shutil.rmtree(run)

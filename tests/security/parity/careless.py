"""A service with the faults that the suite is there to find: it judges one spelling of a path and routes by another."""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_CUSTOMER = "customer-token"
_STAFF = "staff-token"


class Handler(BaseHTTPRequestHandler):
    """Judges with case, routes without; opens WebSockets to anybody."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer as a service of the suite does."""
        label = "secret" if self.path.lower().startswith("/secret") else "public"
        credential = f"{self.headers.get('Cookie')} {self.headers.get('Authorization')}"
        passes = not self.path.startswith("/secret") or _STAFF in credential
        self.send_response(200 if passes else 403)
        if passes:
            self.send_header("X-Handler", label)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_HEAD = do_GET

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


def main() -> None:
    """Serve until the end of the process."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    said = {
        "port": server.server_port,
        "tokens": {"customer": _CUSTOMER, "staff": _STAFF},
        "labels": {"secret": ["staff"], "public": ["anonymous", "customer", "staff"]},
        "seeds": ["/secret", "/secret/7", "/public/x"],
    }
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()

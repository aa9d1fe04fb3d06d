"""A browser without a screen: cookies as a browser keeps them, and the Origin it sends."""

from __future__ import annotations

import base64
import http.client
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit


@dataclass(frozen=True)
class Answer:
    """A response, and when its request was sent."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes
    sent_at: float

    def json(self) -> Any:
        """Return the body's value."""
        return json.loads(self.body)

    def header(self, name: str) -> str:
        """Return a header's value, or ""."""
        return str(self.headers.get(name) or "")


class Browser:
    """One visitor of the bank. Not for several threads at once."""

    def __init__(self, origin: str) -> None:
        """Open it, with no cookies."""
        self.origin = origin
        self.cookies: dict[str, str] = {}
        self._address = urlsplit(origin)

    def ask(
        self,
        method: str,
        path: str,
        value: Any = None,
        *,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request with a JSON body, or a form, and keep the cookies of the answer."""
        sent = {"User-Agent": "check"}
        body: bytes | None = None
        if method not in ("GET", "HEAD"):
            sent["Origin"] = self.origin
        if value is not None:
            body, sent["Content-Type"] = json.dumps(value).encode(), "application/json"
        if form is not None:
            body, sent["Content-Type"] = urlencode(form).encode(), "application/x-www-form-urlencoded"
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={token}" for name, token in self.cookies.items())
        connection = http.client.HTTPConnection(str(self._address.hostname), self._address.port or 80, timeout=15)
        try:
            sent_at = time.monotonic()
            connection.request(method, path, body, {**sent, **(headers or {})})
            response = connection.getresponse()
            answer = Answer(response.status, response.headers, response.read(), sent_at)
        finally:
            connection.close()
        self._keep_cookies(answer)
        return answer

    def get(self, path: str) -> Answer:
        """Send a GET."""
        return self.ask("GET", path)

    def post(self, path: str, value: Any = None) -> Answer:
        """Send a POST with a JSON body."""
        return self.ask("POST", path, value)

    def copy(self) -> Browser:
        """Return another with the same cookies: what a thief of the token would have, or another tab."""
        other = Browser(self.origin)
        other.cookies = dict(self.cookies)
        return other

    def _keep_cookies(self, answer: Answer) -> None:
        for field in answer.headers.get_all("Set-Cookie") or ():
            pair, _, attributes = field.partition(";")
            name, _, token = pair.partition("=")
            if "max-age=0" in attributes.lower().replace(" ", "") or not token:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = token


class Machine:
    """A client without a browser: a Bearer token, or a client's own name and secret."""

    def __init__(self, origin: str, token: str = "") -> None:
        """Hold a token, if there is one."""
        self._browser = Browser(origin)
        self.token = token

    def ask(self, method: str, path: str, value: Any = None) -> Answer:
        """Send a request with the token."""
        return self._browser.ask(method, path, value, headers={"Authorization": f"Bearer {self.token}"})

    def get(self, path: str) -> Answer:
        """Send a GET with the token."""
        return self.ask("GET", path)

    def form(self, path: str, client: tuple[str, str] | None, **fields: str) -> Answer:
        """Send a form as a client that gives its name and secret (RFC 6749, section 2.3.1)."""
        headers = {}
        if client is not None:
            headers["Authorization"] = "Basic " + base64.b64encode(":".join(client).encode()).decode()
        return self._browser.ask("POST", path, form=fields, headers=headers)

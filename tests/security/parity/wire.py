"""HTTP/1.1 by the byte: requests that no well-behaved client would send, and what comes back."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field

Header = tuple[bytes, bytes]


@dataclass(frozen=True)
class Request:
    """A request as it goes over the wire; nothing is escaped, folded or added."""

    method: bytes
    target: bytes
    headers: tuple[Header, ...] = ()
    body: bytes = b""

    def encode(self) -> bytes:
        """Return the bytes to send."""
        fields = [b"%b: %b\r\n" % header for header in self.headers]
        if self.body or self.method in (b"POST", b"PUT", b"PATCH"):
            fields.append(b"Content-Length: %d\r\n" % len(self.body))
        return b"%b %b HTTP/1.1\r\n%b\r\n%b" % (self.method, self.target, b"".join(fields), self.body)


@dataclass
class Response:
    """A response, names of header fields in lower case; status 0 where the server only hung up."""

    status: int
    headers: list[Header] = field(default_factory=list)
    body: bytes = b""

    def values(self, name: bytes) -> list[bytes]:
        """Return the values of a field, in order."""
        return [value for key, value in self.headers if key == name]


class Connection:
    """One connection to a server, kept alive while both sides agree on where a response ends."""

    def __init__(self, port: int, timeout: float = 10.0) -> None:
        """Remember where to; connect with the first request."""
        self._address = ("127.0.0.1", port)
        self._timeout = timeout
        self._socket: socket.socket | None = None
        self._pending = b""

    def exchange(self, request: Request) -> Response:
        """Send a request and return the response; a kept connection that the server has closed is opened once more."""
        reused = self._socket is not None
        try:
            response = self._attempt(request)
        except OSError:
            self.close()
            if not reused:
                return Response(0)
            response = None
        if response is None or (response.status == 0 and reused):
            self.close()
            try:
                response = self._attempt(request)
            except OSError:
                self.close()
                return Response(0)
        return response

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None
        self._pending = b""

    def _attempt(self, request: Request) -> Response:
        if self._socket is None:
            self._socket = socket.create_connection(self._address, self._timeout)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(request.encode())
        is_head = request.method.upper() == b"HEAD"
        response, keep = self._read_response(is_head)
        # Servers differ in whether "head" is HEAD, and whether they send a body with it.
        if not keep or is_head or self._pending:
            self.close()
        return response

    def _receive(self) -> bool:
        if self._socket is None:
            return False
        data = self._socket.recv(65536)
        self._pending += data
        return bool(data)

    def _read_response(self, is_head: bool) -> tuple[Response, bool]:
        while True:
            while b"\r\n\r\n" not in self._pending:
                if not self._receive():
                    return Response(0), False
            head, _, self._pending = self._pending.partition(b"\r\n\r\n")
            response, version = _parse_head(head)
            if response.status == 101 or not 100 <= response.status < 200:
                break
        connection = b",".join(response.values(b"connection")).lower()
        keep = version == b"HTTP/1.1" and b"close" not in connection and response.status != 101
        if is_head or response.status in (101, 204, 304):
            return response, keep
        if b"chunked" in b",".join(response.values(b"transfer-encoding")).lower():
            return response, self._read_chunks(response) and keep
        lengths = response.values(b"content-length")
        if not lengths:
            return response, self._read_to_the_end(response)
        return response, self._read(int(lengths[0]), response) and keep

    def _read(self, size: int, response: Response) -> bool:
        while len(self._pending) < size:
            if not self._receive():
                return False
        response.body += self._pending[:size]
        self._pending = self._pending[size:]
        return True

    def _read_to_the_end(self, response: Response) -> bool:
        while self._receive():
            pass
        response.body, self._pending = self._pending, b""
        return False

    def _read_chunks(self, response: Response) -> bool:
        while True:
            while b"\r\n" not in self._pending:
                if not self._receive():
                    return False
            line, _, self._pending = self._pending.partition(b"\r\n")
            size = int(line.split(b";")[0], 16)
            if not self._read(size + 2, response):
                return False
            response.body = response.body.removesuffix(b"\r\n")
            if size == 0:
                return True


def _parse_head(head: bytes) -> tuple[Response, bytes]:
    lines = head.split(b"\r\n")
    version, _, rest = lines[0].partition(b" ")
    status = int(rest[:3])
    headers = []
    for line in lines[1:]:
        name, _, value = line.partition(b":")
        headers.append((name.strip().lower(), value.strip()))
    return Response(status, headers), version

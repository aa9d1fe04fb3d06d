"""Requests as WSGI, Django and ASGI hold them, as the core wants them: raw."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

Pairs = list[tuple[str, str]] | tuple[tuple[str, str], ...]
BytesPairs = list[tuple[bytes, bytes]] | tuple[tuple[bytes, bytes], ...]
#: Header fields as (name, value). A str stands for one byte per character, as in PEP 3333.
Headers = Pairs | BytesPairs
#: method, path, headers, scheme, peer: the arguments of authorize().
RawRequest = tuple[str, str | bytes, Headers, str, str]

_FIELDS = (
    ("HTTP_COOKIE", "Cookie"),
    ("HTTP_AUTHORIZATION", "Authorization"),
    ("HTTP_HOST", "Host"),
    ("HTTP_ORIGIN", "Origin"),
    ("HTTP_REFERER", "Referer"),
    ("HTTP_SEC_FETCH_SITE", "Sec-Fetch-Site"),
    ("HTTP_X_FORWARDED_PROTO", "X-Forwarded-Proto"),
    ("HTTP_X_FORWARDED_HOST", "X-Forwarded-Host"),
)

# What a path may hold besides letters, digits and "-._~" without being escaped (RFC 3986, 3.3).
_PATH_SAFE = "/:@!$&'()*+,;="


def environ_request(environ: Mapping[str, Any], csrf_header: str = "") -> RawRequest:
    """Return the request of a WSGI environ, or of Django's ``request.META``.

    The path is the raw request target where the server hands it over (RAW_URI, REQUEST_URI), and otherwise the decoded
    path that applications route by, escaped again.
    """
    headers = [(name, environ[key]) for key, name in _FIELDS if key in environ]
    if csrf_header:
        key = "HTTP_" + csrf_header.upper().replace("-", "_")
        if key in environ:
            headers.append((csrf_header, environ[key]))
    path = environ.get("RAW_URI") or environ.get("REQUEST_URI") or ""
    if not path.startswith("/"):
        decoded = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        path = quote(decoded.encode("latin-1"), safe=_PATH_SAFE) or "/"
    scheme = environ.get("wsgi.url_scheme", "http")
    return environ["REQUEST_METHOD"], path, headers, scheme, environ.get("REMOTE_ADDR", "")


def scope_request(scope: Mapping[str, Any]) -> RawRequest:
    """Return the request of an ASGI scope; a WebSocket handshake is a GET."""
    path = scope.get("raw_path") or quote(scope["path"], safe=_PATH_SAFE).encode()
    scheme = scope.get("scheme", "http").replace("ws", "http")
    client = scope.get("client")
    return scope.get("method", "GET"), path, scope["headers"], scheme, client[0] if client else ""

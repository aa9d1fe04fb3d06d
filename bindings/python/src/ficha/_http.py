"""Requests as WSGI, Django and ASGI hold them, as the core wants them: raw."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from ficha._credential import KEPT, Credential

Text = str | bytes
#: Header fields as (name, value). A str stands for one byte per character, as in PEP 3333.
Headers = list[tuple[str, str]] | list[tuple[bytes, bytes]] | list[tuple[Text, Text]] | tuple[tuple[Text, Text], ...]
#: One way in which a layer may route a request: (method, target, decoded); "" is the request's own.
Reading = tuple[Text, Text, bool]
#: method, path, headers, scheme, peer, prefix, readings: the arguments of authorize().
RawRequest = tuple[str, Text, Headers, str, str, Text, tuple[Reading, ...]]
#: (key of an environ, name of the field).
EnvironFields = tuple[tuple[str, str], ...]

# What a path may hold besides letters, digits and "-._~" without being escaped (RFC 3986, 3.3).
_PATH_SAFE = "/:@!$&'()*+,;="


def environ_fields(names: Iterable[str]) -> EnvironFields:
    """Return where a WSGI environ has the fields of these names."""
    return tuple(("HTTP_" + name.upper().replace("-", "_"), name) for name in names)


def environ_request(
    environ: Mapping[str, Any],
    fields: EnvironFields,
    prefix: bytes | None = None,
    routed: str | None = None,
    method: str = "",
) -> RawRequest:
    """Return the request of a WSGI environ, or of Django's ``request.META``.

    ``fields`` are those that the core looks at. The path is the raw request target where the server hands it over
    (RAW_URI, REQUEST_URI), and otherwise the decoded path, escaped again. What applications route by, PATH_INFO, is a
    reading beside it; ``prefix``, ``routed`` and ``method`` are what a framework has made of these.
    """
    headers: list[tuple[Text, Text]] = [(name, environ[key]) for key, name in fields if key in environ]
    kept: Credential | None = environ.get(KEPT)
    if kept is not None:
        headers += kept.fields
    path_info: str = environ.get("PATH_INFO", "")
    if prefix is None:
        prefix = environ.get("SCRIPT_NAME", "").encode("latin-1")
    target = environ.get("RAW_URI") or environ.get("REQUEST_URI")
    if not target:
        target = quote(prefix + path_info.encode("latin-1"), safe=_PATH_SAFE) or "/"
    readings: tuple[Reading, ...] = (("", path_info or "/", True),)
    if routed is not None:
        readings = ((method, to_bytes(routed or "/"), True),)
    scheme = environ.get("wsgi.url_scheme", "http")
    return environ["REQUEST_METHOD"], target, headers, scheme, environ.get("REMOTE_ADDR", ""), prefix, readings


def scope_request(
    scope: Mapping[str, Any], prefix: bytes | None = None, routed: str | None = None, method: str = ""
) -> RawRequest:
    """Return the request of an ASGI scope; a WebSocket handshake is a GET.

    What applications route by, the path less ``root_path``, is a reading; ``prefix``, ``routed`` and ``method`` are
    what a framework has made of these.
    """
    path, root_path = scope["path"], scope.get("root_path", "")
    headers: list[tuple[Text, Text]] = scope["headers"]
    kept: Credential | None = scope.get(KEPT)
    if kept is not None:
        headers = [*headers, *kept.fields]
    if scope["type"] == "websocket":
        headers = [*headers, (b"upgrade", b"websocket")]  # over HTTP/2 no field says so
    target = scope.get("raw_path") or quote(path, safe=_PATH_SAFE).encode()
    scheme = scope.get("scheme", "http").replace("ws", "http")
    client = scope.get("client")
    reading = (method, to_bytes(routed_path(path, root_path) if routed is None else routed or "/"), True)
    peer = client[0] if client else ""
    if prefix is None:
        prefix = to_bytes(root_path)
    return scope.get("method", "GET"), target, headers, scheme, peer, prefix, (reading,)


def routed_path(path: str, root_path: str) -> str:
    """Return what an ASGI application routes by: the path less ``root_path``, by whole segments."""
    if root_path and path.startswith(root_path):
        rest = path[len(root_path) :]
        if not rest or rest[0] == "/":
            return rest or "/"
    return path


def to_bytes(text: str) -> bytes:
    """Return a decoded path as bytes. What is no Unicode text becomes no UTF-8, which the core refuses."""
    return text.encode("utf-8", "surrogatepass")

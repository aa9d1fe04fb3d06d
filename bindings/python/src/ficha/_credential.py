"""The caller's credential, kept apart from what handlers, loggers and stores of requests see."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any, NoReturn

from ficha import _core

#: Where an environ or a scope keeps what was hidden from its fields.
KEPT = "ficha.credential"

# What stands between two cookies; a comma only where a server has joined several Cookie fields.
_SEPARATOR = re.compile(r"(;|,(?=[ \t]*[!#$%&'*+.^_`|~0-9A-Za-z-]+=))")


Field = tuple[str, str]


class Credential:
    """What a request carried: our cookie or our Bearer token. It shows itself to nobody, and cannot be stored."""

    __slots__ = ("_fields",)

    def __init__(self, *fields: Field) -> None:
        """Keep the fields, each as (name, value)."""
        self._fields = fields

    @property
    def fields(self) -> tuple[Field, ...]:
        """All that was hidden; for Ficha's own later steps."""
        return self._fields

    def forward(self) -> Field:
        """Return the header field, (name, value), for a request to another service that shares the sessions."""
        return self._fields[0]

    def __repr__(self) -> str:
        """Return which field it is, without its value."""
        return f"<ficha.Credential {', '.join(name for name, _ in self._fields)}>"

    def __reduce__(self) -> NoReturn:
        """Refuse to be copied or pickled."""
        raise TypeError("a credential cannot be stored")


def take_cookie(field: str, name: str) -> tuple[str, str]:
    """Return what is left of a Cookie field without the cookie ``name``, and what was taken; either may be "".

    Other cookies stay as they are, byte by byte. Where the core would still find the cookie, nothing is left at all.
    """
    if name not in field:
        return field, ""
    parts = ["", *_SEPARATOR.split(field)]  # separator, cookie, separator, cookie, …
    kept, taken = "", []
    for separator, pair in zip(parts[::2], parts[1::2], strict=True):
        before, equals, _ = pair.partition("=")
        if equals and before.strip(" \t") == name:
            taken.append(pair.strip(" \t"))
        else:
            kept += (separator if kept else "") + pair
    kept = kept.strip(" \t")
    if _core.find_cookie([kept], name)[0] != "absent":
        return "", field
    return kept, "; ".join(taken)


def is_bearer(client: _core.Client, field: str) -> bool:
    """Whether an Authorization field holds a token of ours, whatever became of its session."""
    scheme, _, token = field.strip(" \t").partition(" ")
    return scheme.lower() == "bearer" and client.session_id(token.strip(" \t")) is not None


def hide_in_environ(client: _core.Client, environ: MutableMapping[str, Any], cookie_name: str) -> Credential | None:
    """Take our credential out of a WSGI environ; return it, or what an earlier step has taken."""
    fields: list[Field] = []
    cookie = environ.get("HTTP_COOKIE")
    if cookie:
        left, taken = take_cookie(cookie, cookie_name)
        if taken:
            fields.append(("Cookie", taken))
            _replace(environ, "HTTP_COOKIE", left)
    authorization = environ.get("HTTP_AUTHORIZATION")
    if authorization and is_bearer(client, authorization):
        fields.append(("Authorization", authorization))
        del environ["HTTP_AUTHORIZATION"]
    return _keep(environ, fields)


def hide_in_scope(client: _core.Client, scope: MutableMapping[str, Any], cookie_name: str) -> Credential | None:
    """Take our credential out of an ASGI scope; return it, or what an earlier step has taken."""
    fields: list[Field] = []
    headers: list[tuple[bytes, bytes]] = []
    for field in scope["headers"]:
        name = field[0].lower()
        if name == b"cookie":
            left, taken = take_cookie(field[1].decode("latin-1"), cookie_name)
            if taken:
                fields.append(("Cookie", taken))
                if not left:
                    continue
                field = (field[0], left.encode("latin-1"))
        elif name == b"authorization":
            value = field[1].decode("latin-1")
            if is_bearer(client, value):
                fields.append(("Authorization", value))
                continue
        headers.append(field)
    if fields:
        scope["headers"] = headers
    return _keep(scope, fields)


def _replace(environ: MutableMapping[str, Any], key: str, value: str) -> None:
    if value:
        environ[key] = value
    else:
        del environ[key]


def _keep(request: MutableMapping[str, Any], fields: list[Field]) -> Credential | None:
    earlier: Credential | None = request.get(KEPT)
    if fields:
        request[KEPT] = earlier = Credential(*(earlier.fields if earlier else ()), *fields)
    return earlier

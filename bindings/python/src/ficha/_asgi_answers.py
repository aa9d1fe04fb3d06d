"""What the ASGI layer answers itself, and what it adds to answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from ficha._core import ErrorResponse

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Fields = Iterable[tuple[str, str]]

# Fields that are lists of words.
_LISTS = {b"vary", b"cache-control"}


def encode(fields: Fields) -> list[tuple[bytes, bytes]]:
    """Return header fields as ASGI wants them."""
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in fields]


def merged(given: Iterable[tuple[bytes, bytes]], ours: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Add our fields to a response's.

    Vary and Cache-Control become one field, with what the response said and what is ours; of an Access-Control field
    ours stands alone, for twice would be none to a browser.
    """
    names = {name for name, _ in ours if name in _LISTS or name.startswith(b"access-control-")}
    if not names:
        return [*given, *ours]
    given = list(given)
    fields = [field for field in given if field[0].lower() not in names]
    fields += [field for field in ours if field[0] not in _LISTS]
    for name in names & _LISTS:
        values = [value for field, value in (*given, *ours) if field.lower() == name]
        distinct = dict.fromkeys(word.strip() for value in values for word in value.split(b","))
        fields.append((name, b", ".join(distinct)))
    return fields


async def refuse(scope: Scope, receive: Receive, send: Send, answer: ErrorResponse, also: Fields = ()) -> None:
    """Answer a request or a handshake that may not pass; ``also`` are fields that the response has anyway."""
    body, fields = answer.body, merged(encode(also), encode(answer.headers))
    if body:
        fields += [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    kind = "http.response"
    if scope["type"] == "websocket":
        await receive()
        if "websocket.http.response" not in scope.get("extensions", {}):
            await send({"type": "websocket.close", "code": 1008})
            return
        kind = "websocket.http.response"
    await send({"type": f"{kind}.start", "status": answer.status, "headers": fields})
    await send({"type": f"{kind}.body", "body": body})

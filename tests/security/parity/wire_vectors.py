"""wire.json: bytes on a connection, what the handler says it saw of them, and what came back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from wire import Connection, Header, Request, Response

_FILE = Path(__file__).resolve().parents[2] / "conformance" / "wire.json"
_TOKEN = re.compile(r"fch1_[\w-]+")
_PLACEHOLDER = re.compile(r"\$([A-Z]+)")
Case = dict[str, Any]


def run(name: str, port: int, tokens: dict[str, bytes], actions: list[str]) -> tuple[int, list[str]]:
    """Send every request below /wire that the service answers; return how many, and what differed."""
    cases: list[Case] = json.loads(_FILE.read_text())["cases"]
    sent, differences = 0, []
    for case in cases:
        if case.get("needs", "headers") not in actions:
            continue
        sent += 1
        # One connection each: some servers and clients differ on where a refused request ends.
        for earlier in case.get("before", ()):
            _exchange(port, _request(earlier, tokens))
        response = _exchange(port, _request(case["request"], tokens))
        found = _differences(name, case, response, tokens, actions)
        differences += [f"{case['name']}: {_TOKEN.sub('(a token)', what)}" for what in found]
    return sent, differences


def _request(written: Case, tokens: dict[str, bytes]) -> Request:
    def filled(text: str) -> bytes:
        return _PLACEHOLDER.sub(lambda match: tokens[match[1].lower()].decode(), text).encode("latin-1")

    headers: tuple[Header, ...] = tuple((filled(name), filled(value)) for name, value in written["headers"])
    return Request(written["method"].encode(), filled(written["target"]), headers)


def _exchange(port: int, request: Request) -> Response:
    connection = Connection(port)
    response = connection.exchange(request)
    connection.close()
    return response


def _differences(
    name: str, case: Case, response: Response, tokens: dict[str, bytes], actions: list[str]
) -> Iterator[str]:
    words = name.split()
    expect = case["expect"]
    refusing = [server for server in case.get("refused_by_server", {}) if server in words]
    for other in case.get("otherwise", ()):
        if set(words) & set(other["servers"]):
            expect, refusing = other["expect"], []
    if refusing:
        if not _is_refused_by_server(response):
            yield f"{refusing[0]} is said to refuse it, and answered {response.status}"
        return
    if response.status != expect["status"]:
        yield f"status {response.status} instead of {expect['status']}"
        return
    for field, value in expect["headers"].items():
        yield from _differing_field(field, value, response, tokens)
    if "body" in expect and _json_of(response) != expect["body"]:
        yield f"body {response.body[:200]!r} instead of {expect['body']!r}"
    if "handler" in expect:
        yield from _differing_handler(expect["handler"], response, actions)
    elif b'"principal"' in response.body and expect["status"] >= 400:
        yield "the handler ran"


def _json_of(response: Response) -> Any:
    try:
        return json.loads(response.body)
    except ValueError:
        return None


def _is_refused_by_server(response: Response) -> bool:
    """Whether nothing of ours has come: no field that a decision brings."""
    by_us = b"cookie" in b",".join(response.values(b"vary")).lower() or response.values(b"www-authenticate")
    return response.status in (0, 400, 404, 405, 431, 501, 505) and not by_us


def _differing_field(field: str, expected: Any, response: Response, tokens: dict[str, bytes]) -> Iterator[str]:
    values = [value.decode("latin-1") for value in response.values(field.encode())]
    if field == "set-cookie":
        yield from _differing_cookie(expected, values, tokens)
    elif field in ("vary", "cache-control"):
        words = {word.strip().lower() for value in values for word in value.split(",")} - {""}
        missing = [word for word in expected or () if word.lower() not in words]
        if missing:
            yield f"{field} {values} lacks {missing}"
        if field == "vary" and expected == [] and "cookie" in words:
            yield f"{field} {values} where no cookie counts"
    elif field == "allow":
        if expected and {w.strip() for w in ",".join(values).split(",")} != {w.strip() for w in expected.split(",")}:
            yield f"{field} {values} instead of {expected!r}"
    elif values != ([] if expected is None else [expected]):
        yield f"{field} {values} instead of {expected!r}"


def _differing_cookie(expected: Any, values: list[str], tokens: dict[str, bytes]) -> Iterator[str]:
    if expected is None or len(values) != 1:
        if (expected is None) != (not values) or len(values) > 1:
            yield f"{len(values)} Set-Cookie fields"
        return
    pair, *parts = (part.strip() for part in values[0].split(";"))
    name, _, value = pair.partition("=")
    attributes: dict[str, Any] = {}
    for part in parts:
        key, equals, text = part.partition("=")
        attributes[key.lower()] = text if equals else True
    # Beside Max-Age some hosts say the same in the older form.
    if attributes.get("max-age") == "0":
        attributes.pop("expires", None)
    is_token = value.startswith("fch1_") and len(value) == 56 and value.encode() not in tokens.values()
    if name != expected["name"] or (expected["value"] == "token") != is_token:
        yield f"Set-Cookie of {name!r} is {'a new token' if is_token else 'no new token'}"
    if expected["value"] == "" and value.strip('"'):
        yield "Set-Cookie is not empty"
    if attributes != expected["attributes"]:
        yield f"Set-Cookie says {attributes} instead of {expected['attributes']}"


def _differing_handler(expected: dict[str, Any], response: Response, actions: list[str]) -> Iterator[str]:
    try:
        seen = json.loads(response.body)
    except ValueError:
        yield f"the handler did not say what it saw: {response.body[:80]!r}"
        return
    fields: dict[str, str] = {}
    for name, value in seen["headers"]:
        key = name.lower().replace("_", "-")
        fields[key] = f"{fields[key]}, {value}" if key in fields else value
    for name, value in expected.get("headers", {}).items():
        if name in ("cookie", "authorization") and "hide" not in actions:
            continue
        found = fields.get(name)
        if found is not None:
            found = re.sub(r", *", ", ", found)
        if found != value and "headers" in actions:
            yield f"the handler saw {name} {found!r} instead of {value!r}"
    for key in ("principal", "note", "roles", "path"):
        if key in expected and seen[key] != expected[key]:
            yield f"the handler saw {key} {seen[key]!r} instead of {expected[key]!r}"

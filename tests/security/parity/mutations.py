"""Other ways to ask for a path: what routers, servers, proxies and frameworks are known to take for the same thing."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from wire import Header, Request

_METHODS = tuple(
    b"GET GET GET POST POST HEAD OPTIONS PUT DELETE PATCH TRACE PROPFIND COPY MOVE FOO QUERY "
    b"get post Post pOST options head put".split()
)
_SUFFIXES = tuple(
    b"/ // /. /.. . .. .json .JSON .html .api .xml /index.html %20 %00 %0a %09 ; ;x=1 ;.json ? ?format=json"
    b" ?_method=POST # %23 %3f %2ejson ~ %e2%80%a8".split()
)
_PREFIXES = tuple(
    b"/public /mount /mount/deep /app /de /en-us /. /public/.. /public/..; /public/%2e%2e /x/../ / // /%2f /; /;a=b"
    b" /api http://service http://elsewhere.example //service".split()
)
# What a letter folds to or from, in one table of Unicode or another.
_FOLDED = {b"s": b"%c5%bf", b"k": b"%e2%84%aa", b"i": b"%c4%b1", b"I": b"%c4%b0"}
_PATH_HEADERS = tuple(
    b"SCRIPT_NAME Script-Name X-Script-Name X-Forwarded-Prefix X-Forwarded-Path X-Forwarded-Uri X-Original-URL"
    b" X-Rewrite-URL X-Envoy-Original-Path PATH_INFO Root-Path X-Root-Path".split()
)
_ELSEWHERE = (b"", b"http://service", b"http://elsewhere.example")
_METHOD_HEADERS = (b"X-HTTP-Method-Override", b"X-HTTP-Method", b"X-Method-Override", b"X-Forwarded-Method")

Mutation = Callable[[random.Random, bytes], bytes]


def _change_case(rng: random.Random, path: bytes) -> bytes:
    choice = rng.randrange(4)
    if choice == 0:
        return path.upper()
    if choice == 1:
        return path.lower()
    if choice == 2:
        return path.title()
    return bytes(c ^ 0x20 if chr(c).isalpha() and rng.random() < 0.4 else c for c in path)


def _fold(rng: random.Random, path: bytes) -> bytes:
    places = [i for i in range(len(path)) if path[i : i + 1] in _FOLDED]
    if not places:
        return path
    i = rng.choice(places)
    return path[:i] + _FOLDED[path[i : i + 1]] + path[i + 1 :]


def _escape(rng: random.Random, path: bytes) -> bytes:
    form = rng.choice((b"%%%02x", b"%%%02X", b"%%25%02x", b"%%u00%02x", b"%%c0%%%02x"))
    rate = rng.choice((0.1, 0.5))
    return b"".join(form % c if i > 0 and rng.random() < rate else bytes((c,)) for i, c in enumerate(path))


def _insert(rng: random.Random, path: bytes) -> bytes:
    slashes = [i for i, c in enumerate(path) if c == ord("/")]
    i = rng.choice(slashes) if slashes else 0
    what = rng.choice((b"/", b"/.", b"/x/..", b"/%2e", b"\\", b"/;", b"/%5c", b"/%2f", b"/\x80", b"/..%2f"))
    return path[:i] + what + path[i:]


def _suffix(rng: random.Random, path: bytes) -> bytes:
    return path + rng.choice(_SUFFIXES)


def _prefix(rng: random.Random, path: bytes) -> bytes:
    return rng.choice(_PREFIXES) + path


def _backslashes(rng: random.Random, path: bytes) -> bytes:
    return path[:1] + path[1:].replace(b"/", rng.choice((b"\\", b"%5c", b"%2f", b"%2F")))


_TARGET_MUTATIONS: tuple[Mutation, ...] = (
    _change_case,
    _fold,
    _escape,
    _insert,
    _suffix,
    _suffix,
    _prefix,
    _backslashes,
)


def _path_header(
    rng: random.Random, path: bytes, target: bytes, seeds: list[bytes]
) -> tuple[bytes, tuple[Header, ...]]:
    """A field that says that something was taken off the path, or that it was another; the target to match."""
    name = rng.choice(_PATH_HEADERS)
    kind = rng.randrange(4)
    if kind == 0:
        return rng.choice((b"/public", b"/mount", b"/x")) + path, ((name, rng.choice((b"/public", b"/mount", b"/x"))),)
    if kind == 1:
        off = rng.choice((b"/public", b"/mount", b"/x"))
        return off + path, ((name, off),)
    if kind == 2:
        first = b"/" + path.lstrip(b"/").split(b"/")[0]
        return target, ((name, first),)
    return target, ((name, rng.choice(seeds)),)


def requests(rng: random.Random, seeds: list[bytes], count: int) -> Iterator[Request]:
    """Yield requests made from the paths at which handlers are registered; no credential among their fields."""
    for path in seeds:
        for method in _METHODS:
            yield Request(method, path)
    for _ in range(count):
        path = rng.choice(seeds)
        target = path
        for _ in range(rng.choice((0, 1, 1, 1, 2, 3))):
            target = rng.choice(_TARGET_MUTATIONS)(rng, target)
        method = rng.choice(_METHODS)
        headers: tuple[Header, ...] = ()
        body = b""
        if rng.random() < 0.25:
            target, headers = _path_header(rng, path, target, seeds)
        if rng.random() < 0.15:
            headers += ((rng.choice(_METHOD_HEADERS), rng.choice(_METHODS)),)
        if rng.random() < 0.05:
            headers += ((b"Content-Type", b"application/x-www-form-urlencoded"),)
            body = b"_method=" + rng.choice(_METHODS)
        if method in (b"COPY", b"MOVE") or rng.random() < 0.03:
            destination = rng.choice(seeds)
            headers += ((b"Destination", rng.choice(_ELSEWHERE) + destination),)
        if b"\r" in target or b"\n" in target or b" " in target:
            continue
        yield Request(method, target, headers, body)

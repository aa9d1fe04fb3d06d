"""What somebody who may read Redis finds there: in the clear, or behind base64, percent signs and JSON."""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import unquote

import redis

_DEPTH = 3
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")


def everything(url: str) -> set[str]:
    """Return every key and every value, and what can be decoded from them."""
    with redis.Redis.from_url(url) as server:
        texts = set()
        for key in server.scan_iter():
            texts.add(key.decode("latin-1"))
            values = [server.get(key)] if server.type(key) == b"string" else server.zrange(key, 0, -1)
            texts.update(value.decode("latin-1") for value in values if value is not None)
    layer = texts
    for _ in range(_DEPTH):
        layer = {text for one in layer for text in decoded(one)} - texts
        texts |= layer
    return texts


def decoded(text: str) -> list[str]:
    """Return what the text may hold, one step deeper."""
    plain = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text).replace("\\/", "/").replace('\\"', '"')
    found = [plain, unquote(text, encoding="latin-1")]
    for word in _BASE64.findall(text):
        bare = word.rstrip("=").replace("-", "+").replace("_", "/")
        try:
            found.append(base64.b64decode(bare + "=" * (-len(bare) % 4)).decode("latin-1"))
        except binascii.Error:
            continue
    return found

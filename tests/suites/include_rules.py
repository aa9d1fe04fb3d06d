#!/usr/bin/env python3
"""Fails on an include of the core that runs upwards: a folder's name says who may include it.

usage: include_rules.py [CORE]     CORE is the folder with include/ficha and src; default: core
"""

import pathlib
import re
import sys

# Each room, and the rooms below it that it may include. A room may always include itself.
BASE, SESSION, CONFIG = "base", "session", "config"
REDIS = "store/redis"
MAY_INCLUDE = {
    BASE: set(),
    SESSION: {BASE},
    CONFIG: {BASE, SESSION},
    "http": {BASE, SESSION, CONFIG},
    "store": {BASE, SESSION, CONFIG},
    "store/memory": {BASE, SESSION, CONFIG, "store"},
    f"{REDIS}/wire": {BASE},
    f"{REDIS}/socket": {BASE, CONFIG},
    f"{REDIS}/node": {BASE, f"{REDIS}/wire", f"{REDIS}/socket"},
    f"{REDIS}/cache": {BASE, SESSION, CONFIG, "store", f"{REDIS}/node"},
    REDIS: {BASE, SESSION, CONFIG, "store", f"{REDIS}/wire", f"{REDIS}/node", f"{REDIS}/cache"},
    "client": {BASE, SESSION, CONFIG, "http", "store", "store/memory", REDIS, f"{REDIS}/socket"},
}

# The room of each public header.
PUBLIC = {
    BASE: ("hooks", "result", "secret", "stats"),
    SESSION: ("session", "store", "token"),
    CONFIG: ("config", "cookie", "policy", "settings"),
    "http": ("decision", "error_response", "interceptor", "request"),
    "client": ("client", "completion_queue", "ficha"),
}
ROOM_OF_HEADER = {f"ficha/{header}.hpp": room for room, headers in PUBLIC.items() for header in headers}

# What includes these libraries, and nobody else.
LIBRARIES = {
    "openssl/": ("src/base/crypto.cpp", "src/store/redis/socket/tls.cpp"),
    "hiredis/": ("src/store/redis/wire/reply.cpp",),
}

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.MULTILINE)


def room_of(path: str) -> str | None:
    """The room of a file, by its path within CORE or as an include names it."""
    if path.startswith("include/"):
        return ROOM_OF_HEADER.get(path.removeprefix("include/"))
    if path.startswith("ficha/"):
        return ROOM_OF_HEADER.get(path)
    return path.removeprefix("src/").rpartition("/")[0] or None


def problems(core: pathlib.Path) -> list[str]:
    found = []
    for file in sorted([*core.rglob("*.hpp"), *core.rglob("*.cpp")]):
        path = file.relative_to(core).as_posix()
        room = room_of(path)
        if room not in MAY_INCLUDE:
            found.append(f"{path}: stands in no room of {sys.argv[0]}")
            continue
        for quote, included in INCLUDE.findall(file.read_text(encoding="utf-8")):
            if quote == "<":
                for library, users in LIBRARIES.items():
                    if included.startswith(library) and path not in users:
                        found.append(f"{path}: only {' and '.join(users)} may include <{included}>")
                continue
            target = room_of(included)
            if target != room and target not in MAY_INCLUDE[room]:
                found.append(f"{path}: {room} may not include {included}")
    return found


if __name__ == "__main__":
    found = problems(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "core"))
    print("\n".join(found))
    sys.exit(bool(found))

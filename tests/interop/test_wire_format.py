"""A program that follows docs/wire-format.md alone, beside every language: what it writes they read, and the other way
round; and each script's KEYS, ARGV and reply are those of the page."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgpack  # type: ignore[import-untyped]
import pytest
import redis
from service import Service, Session, Token, eventually

TOP = Path(__file__).parents[2]
SCRIPTS = TOP / "core/src/store/redis/scripts"
IDLE, ABSOLUTE = 1800, 12 * 3600


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Issued:
    """A token, and what follows from it."""

    def __init__(self, principal: str, token: Token | None = None) -> None:
        if token is None:
            route, secret = hashlib.sha256(b"ficha/route\0" + principal.encode()).digest()[:2], os.urandom(32)
            check = hmac.digest(bytes(32), route + secret, "sha256")[:4]
            token = Token("fch1_" + base64url(route + secret + check))
        raw = base64.urlsafe_b64decode(token[5:] + "=")
        route, secret = raw[:2], raw[2:34]
        self.token = token
        self.id = base64url(route + hashlib.sha256(b"ficha/id\0" + route + secret).digest()[:16])
        self.guard = self.id[-11:]
        self.key = f"ficha:{{{route.hex()}}}:{self.id}"
        self.index = f"ficha:{{{route.hex()}}}@{principal}"

    def record(self, principal: str, created: int, expires: int, **attributes: str) -> list[Any]:
        return [1, 0, self.guard, 1, created, expires, IDLE, created, 2, principal, ["staff"], ["read"],
                ["192.0.2.1", "Agent ü"], attributes]  # fmt: skip

    def fresh(self, principal: str, **attributes: str) -> bytes:
        """The record as `create` and a re-authentication take it: times relative to now."""
        return bytes(msgpack.packb(self.record(principal, 0, ABSOLUTE, **attributes)))


def stored(database: redis.Redis, issued: Issued) -> Any:
    bytes_ = database.get(issued.key)
    return None if bytes_ is None else msgpack.unpackb(bytes_)


def target_ms(now_ms: int, idle: int, expires: int) -> int:
    quantum = idle * 1000 // 16
    return min(-(-(now_ms + idle * 1000) // quantum) * quantum, expires * 1000)


def server_time(database: redis.Redis) -> tuple[int, int]:
    seconds, microseconds = database.time()
    return seconds, seconds * 1000 + microseconds // 1000


def put_in(database: redis.Redis, principal: str, **attributes: str) -> Issued:
    """Write a session with plain commands, as the page has it."""
    issued = Issued(principal)
    now, now_ms = server_time(database)
    expires = now + ABSOLUTE
    record = msgpack.packb(issued.record(principal, now, expires, **attributes))
    assert database.set(issued.key, record, pxat=target_ms(now_ms, IDLE, expires), nx=True)
    assert database.zadd(issued.index, {issued.id: expires + 0.25}) == 1
    database.pexpireat(issued.index, (expires + 1) * 1000)
    return issued


def test_what_follows_the_page_is_a_session_everywhere(service: Service, database: redis.Redis, principal: str) -> None:
    issued = put_in(database, principal, cart='["book"]')
    record = stored(database, issued)
    session = service.load(issued.token, fresh=True)
    assert session == Session(
        id=issued.id, token=None, principal=principal, generation=1, created_at=record[4], expires_at=record[5],
        idle_seconds=IDLE, authenticated_at=record[4], level=2, device=["192.0.2.1", "Agent ü"], roles=["staff"],
        scopes=["read"], attributes={"cart": ["book"]},
    )  # fmt: skip
    assert service.authorize(issued.token, "/staff/x").status == 200
    assert [listed.id for listed in service.list(principal)] == [issued.id]
    assert service.patch(session, set={"n": 1}) == 2
    assert stored(database, issued) == [*record[:3], 2, *record[4:13], {"cart": '["book"]', "n": "1"}]
    assert service.revoke(session)
    assert (stored(database, issued), database.zscore(issued.index, issued.id)) == (None, None)


def test_what_a_language_writes_follows_the_page(service: Service, database: redis.Redis, principal: str) -> None:
    created = service.create(
        principal, attributes={"cart": 1}, roles=["staff"], scopes=["read"], level=2, device=["192.0.2.1", "Agent ü"]
    )
    issued = Issued(principal, created.token)
    assert created.id == issued.id
    record = stored(database, issued)
    assert record == issued.record(principal, created.created_at, created.created_at + ABSOLUTE, cart="1")
    deadline, now_ms = database.pexpiretime(issued.key), server_time(database)[1]
    assert deadline % (IDLE * 1000 // 16) == 0
    assert target_ms(created.created_at * 1000, IDLE, record[5]) <= deadline <= target_ms(now_ms, IDLE, record[5])
    score = database.zscore(issued.index, issued.id)
    assert isinstance(score, float)
    assert int(score) == record[5]
    assert database.pexpiretime(issued.index) >= score * 1000

    rotated = Issued(principal, service.rotate(created, grace=20).token)
    assert stored(database, issued) == [1, 1, issued.guard, rotated.id]
    assert 0 < database.pttl(issued.key) <= 20_000
    assert stored(database, rotated) == [1, 0, rotated.guard, 2, *record[4:]]
    assert (database.zscore(issued.index, issued.id), database.zscore(issued.index, rotated.id)) == (None, score)


def test_a_superseded_record_leads_on_and_a_revoke_by_commands_counts(
    service: Service, database: redis.Redis, principal: str
) -> None:
    old, new = Issued(principal), put_in(database, principal)
    database.set(old.key, msgpack.packb([1, 1, old.guard, new.id]), px=20_000)
    for token in (old.token, new.token):
        session = service.load(token)
        assert session is not None
        assert session.id == new.id
    assert database.getdel(new.key) is not None
    assert database.zrem(new.index, new.id) == 1
    for token in (old.token, new.token):
        assert eventually(lambda: service.load(token), lambda found: found is None) is None  # noqa: B023


def text_of(script: str) -> str:
    parts = ("_messagepack", "_record", "_bag", "_patch", "_index", script)
    *shared, own = [(SCRIPTS / f"{part}.lua").read_text("utf-8") for part in parts]
    ending = "local reply = answer()\nreply[#reply + 1] = KEYS[1]\nreturn reply\n"
    return f"{''.join(shared)}local function answer()\n{own}end\n{ending}"


@dataclass
class Scripts:
    database: redis.Redis

    def run(self, script: str, keys: list[str], *arguments: Any) -> list[Any]:
        """Return the reply without its last element, which is the first key."""
        reply: Any = self.database.eval(text_of(script), len(keys), *keys, *arguments)
        assert reply[-1] == keys[0].encode()
        return list(reply[:-1])

    def create(self, issued: Issued, principal: str, limit: int = 0, **attributes: str) -> list[Any]:
        record = issued.fresh(principal, **attributes)
        return self.run("create", [issued.key, issued.index], record, "1", limit, "refuse", "index")

    def patch(self, issued: Issued, *changes: Any, expected: str = "", protected: tuple[str, ...] = ()) -> list[Any]:
        head = (expected, "", "", "0", "", "", "", len(protected) // 3)
        return self.run("patch", [issued.key], *head, *protected, *changes)


@pytest.fixture
def scripts(database: redis.Redis) -> Scripts:
    return Scripts(database)


def test_the_page_describes_every_script() -> None:
    page = (TOP / "docs/wire-format.md").read_text("utf-8")
    assert sorted(re.findall(r"^\*\*(\w+)\*\* ", page, re.MULTILINE)) == sorted(
        file.stem for file in SCRIPTS.glob("[!_]*.lua")
    )
    assert set(re.findall(r"`(_\w+\.lua)`", page)) == {file.name for file in SCRIPTS.glob("_*.lua")}


def test_the_library_s_scripts_are_put_together_as_the_page_says(
    services: dict[str, Service], database: redis.Redis, principal: str
) -> None:
    database.script_flush()  # what the tests below have taught the server
    cpp = services["cpp"]
    session = cpp.rotate(cpp.create(principal))
    cpp.patch(session, set={"n": 1})
    cpp.call("patch_principal", principal=principal, set={"n": 2})
    cpp.call("revoke_principal", principal=principal)
    for script in ("create", "rotate", "patch", "patch_principal", "revoke_principal"):
        assert database.script_exists(hashlib.sha1(text_of(script).encode()).hexdigest()) == [True]


def test_create_and_patch_answer_as_the_page_says(
    scripts: Scripts, services: dict[str, Service], database: redis.Redis, principal: str
) -> None:
    issued, second = Issued(principal), Issued(principal)
    status, record, deadline = scripts.create(issued, principal, n="1")
    assert (status, record, int(deadline)) == (0, database.get(issued.key), database.pexpiretime(issued.key))
    created = msgpack.unpackb(record)[4]
    assert msgpack.unpackb(record) == issued.record(principal, created, created + ABSOLUTE, n="1")
    assert scripts.create(issued, principal) == [21]
    assert scripts.create(second, principal, limit=1) == [23]
    assert stored(database, second) is None

    assert scripts.patch(issued, "increment", "n", "41", "", "put", "bag", "true", '"k"', expected="1") == [0, 2]
    protected = ("set", "user", "7")
    assert scripts.patch(issued, "take", "bag", "", '"k"', "set", "t", '"x"', "", protected=protected) == [0, 3]
    assert scripts.patch(issued, "remove", "t", "", "", "add", "a", "null", "") == [0, 4]
    assert stored(database, issued)[13:] == [{"n": "42", "bag": "{}", "a": "null"}, {"user": "7"}]
    assert scripts.patch(issued, "remove", "n", "", "", expected="9") == [21]
    assert scripts.patch(issued, "remove", "n", "", "", "add", "a", "0", "")[0] == 22
    assert scripts.patch(issued, "increment", "a", "1", "")[0] == 1
    assert scripts.patch(second, "set", "n", "1", "") == [20]
    assert scripts.patch(issued, "set", "n", '"' + 65534 * "x" + '"', "")[0] == 0
    assert scripts.patch(issued, *(part for n in range(4) for part in ("set", str(n), 65000 * "1", "")))[0] == 3

    times = ("", "600", "3600", "1", msgpack.packb(["other"]), msgpack.packb([]), msgpack.packb(["::1", "curl"]), "0")
    assert scripts.run("patch", [issued.key], *times) == [0, 6]
    changed = stored(database, issued)
    assert (changed[6], changed[9:13]) == (600, [principal, ["other"], [], ["::1", "curl"]])
    assert changed[5] - server_time(database)[0] in (3599, 3600)
    seen = services["python"].load(issued.token, fresh=True)
    assert seen is not None
    assert (seen.roles, seen.idle_seconds, seen.generation) == (["other"], 600, 6)

    database.persist(issued.key)
    assert scripts.patch(issued) == [14]
    database.set(issued.key, msgpack.packb([2, *changed[1:]]), ex=60)
    assert scripts.patch(issued) == [14]


def test_create_keeps_to_the_limit_as_the_page_says(scripts: Scripts, database: redis.Redis, principal: str) -> None:
    first, second, third = Issued(principal), Issued(principal), Issued(principal)
    scripts.create(first, principal)
    database.zrem(first.index, first.id)  # as a server does that evicts
    keys, record = [second.key, second.index], second.fresh(principal)
    assert scripts.run("create", [*keys, first.key], record, "1", 1, "refuse", "walk") == [-2]
    assert scripts.run("create", keys, record, "1", 1, "refuse", "walked") == [23]
    assert scripts.run("create", keys, record, "0", 1, "evict", "index")[0] == 0
    assert (stored(database, first), stored(database, second)[7]) == (None, 0)
    assert database.zrange(second.index, 0, -1) == [second.id.encode()]
    assert scripts.run("create", [third.key, third.index], third.fresh(""), "0", 1, "refuse", "index")[0] == 0
    assert database.zscore(third.index, third.id) is None


def test_using_a_session_touches_it_as_the_page_says(service: Service, database: redis.Redis, principal: str) -> None:
    issued = put_in(database, principal)
    expires = stored(database, issued)[5]
    database.pexpire(issued.key, 60_000)
    database.zrem(issued.index, issued.id)  # as a server does that evicts
    earliest = target_ms(server_time(database)[1], IDLE, expires)
    assert service.load(issued.token, fresh=True) is not None
    touched = eventually(lambda: database.pexpiretime(issued.key), lambda deadline: deadline >= earliest)
    latest = target_ms(server_time(database)[1], IDLE, expires)
    assert touched in (earliest, latest)
    assert database.pexpireat(issued.key, touched, gt=True) == 0
    listed = eventually(lambda: database.zscore(issued.index, issued.id), lambda score: score is not None)
    assert isinstance(listed, float)
    assert int(listed) == expires


def test_rotate_and_relist_answer_as_the_page_says(scripts: Scripts, database: redis.Redis, principal: str) -> None:
    old, new, last = Issued(principal), Issued(principal), Issued(principal)
    scripts.create(old, principal, n="1")
    left = msgpack.packb([1, 1, old.guard, new.id])
    status, record, deadline = scripts.run("rotate", [old.key, new.key, old.index], left, 20_000, "", "0")
    assert (status, record, int(deadline)) == (0, database.get(new.key), database.pexpiretime(new.key))
    assert scripts.patch(old) == [-1, new.id.encode()]
    assert scripts.run("rotate", [new.key, new.key, old.index], "", 0, "", "0") == [21]
    assert scripts.run("rotate", [new.key, last.key, old.index + "?"], "", 0, "", "0")[0] == 1

    wanted = last.fresh(principal, m="2")
    assert scripts.run("rotate", [new.key, last.key, old.index], "", 0, wanted, "1")[0] == 0
    assert stored(database, last)[13] == {"n": "1", "m": "2"}
    assert stored(database, new) is None

    database.zrem(old.index, last.id)
    assert scripts.run("relist", [last.key, last.index]) == [0]
    assert database.zrange(last.index, 0, -1) == [last.id.encode()]


def test_the_scripts_for_all_of_a_principal_answer_as_the_page_says(
    scripts: Scripts, database: redis.Redis, principal: str
) -> None:
    several = [Issued(principal) for _ in range(3)]
    for issued in several:
        scripts.create(issued, principal)
    index, changes = several[0].index, ("0", "", "", "", "0", "set", "n", "1", "")
    assert scripts.run("patch_principal", [index], "-inf", *changes) == [0, 3, 3, b"", 0, b"", 0]
    assert scripts.run("patch_principal", [index, several[0].key], "", *changes) == [0, 1, 0, b"", 0, b"", 0]
    failing = (*changes[:5], "increment", "principal", "x", "")
    assert scripts.run("patch_principal", [index], "-inf", "1", *failing[1:5], "set", "n", "2", "")[4] == 22
    assert scripts.run("revoke_principal", [index, several[0].key], "") == [0, 1, 2, 0]
    assert scripts.run("revoke_principal", [index], several[1].id) == [0, 1, 0, 0]
    assert [stored(database, issued) is not None for issued in several] == [False, True, False]

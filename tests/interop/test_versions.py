"""Old beside new: what a later version adds is kept, and what only a later version understands is left alone."""

from __future__ import annotations

from typing import Any

import msgpack  # type: ignore[import-untyped]
import pytest
import redis
from service import Service, Session, fails

# Elements beyond the fifteen of version 1, of every kind that MessagePack has.
ADDITIONS: list[Any] = [
    "text of a later version",
    None,
    True,
    -7,
    2**64 - 1,
    0.5,
    b"\x00\xff",
    [1, [None, {"a": [b"\x00"]}]],
    {"map": {1: "integer key"}},
    msgpack.ExtType(42, b"extension"),
]
# The fifteenth, which a record may do without.
PROTECTED = {"user": '"alice"'}


def key_of(database: redis.Redis, session: Session) -> bytes:
    (key,) = database.scan_iter(f"*{session.id}")
    return bytes(key)


def record_of(database: redis.Redis, session: Session) -> list[Any]:
    record: list[Any] = msgpack.unpackb(database.get(key_of(database, session)), strict_map_key=False)
    return record


def replace(database: redis.Redis, session: Session, record: list[Any]) -> bytes:
    """Put another record in place of the session's, as a service of a later version would."""
    written = msgpack.packb(record)
    database.set(key_of(database, session), written, keepttl=True)
    return bytes(written)


@pytest.fixture
def from_later(services: dict[str, Service], database: redis.Redis, principal: str) -> Session:
    """A session with additions of a later version."""
    session = services["python"].create(principal, attributes={"cart": ["book"]}, roles=["customer"])
    replace(database, session, [*record_of(database, session), PROTECTED, *ADDITIONS])
    return session


def test_additions_do_not_keep_anybody_from_reading(services: dict[str, Service], from_later: Session) -> None:
    for service in services.values():
        assert service.load(from_later.token, fresh=True) == from_later
        assert service.authorize(from_later.token).status == 200


def test_every_write_keeps_the_additions(service: Service, database: redis.Redis, from_later: Session) -> None:
    service.patch(from_later, set={"cart": ["book", "pen"]}, increment={"n": 1}, roles=["other"])
    assert record_of(database, from_later)[14:] == [PROTECTED, *ADDITIONS]
    assert service.call("patch_principal", principal=from_later.principal, set={"n": 5}) == 1
    assert record_of(database, from_later)[14:] == [PROTECTED, *ADDITIONS]
    rotated = service.rotate(from_later)
    assert record_of(database, rotated)[14:] == [PROTECTED, *ADDITIONS]
    again = service.login(rotated, from_later.principal)
    assert record_of(database, again)[14:] == [PROTECTED, *ADDITIONS]
    assert again.attributes == {"cart": ["book", "pen"], "n": 5}
    assert service.revoke(again)


def test_a_record_of_a_future_version_is_an_outage_not_a_logout(
    service: Service, database: redis.Redis, principal: str
) -> None:
    session = service.create(principal, attributes={"cart": ["book"]})
    record = record_of(database, session)
    future = replace(database, session, [2, *record[1:]])
    with fails("corrupt_record"):
        service.load(session.token, fresh=True)
    decision = service.authorize(session.token)
    assert (decision.status, decision.verdict, decision.session) == (503, "unavailable", None)
    with fails("corrupt_record"):
        service.patch(session, set={"cart": []})
    with fails("corrupt_record"):
        service.rotate(session)
    assert database.get(key_of(database, session)) == future

    # Where the service is brought up to date, the session is there.
    replace(database, session, record)
    assert service.load(session.token, fresh=True) == session


def test_another_session_s_record_is_nobody_s_session(service: Service, database: redis.Redis, principal: str) -> None:
    session, stranger = service.create(principal), service.create(principal)
    replace(database, session, record_of(database, stranger))
    decision = service.authorize(session.token)
    assert (decision.status, decision.session) == (503, None)

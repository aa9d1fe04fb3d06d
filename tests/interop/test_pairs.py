"""For every ordered pair of languages: what one does, the other sees."""

from __future__ import annotations

from typing import Any

from service import Service, Session, eventually, fails

# What Node holds as BigInt, and C++ as text.
BIG_INTEGERS = [2**53 - 1, 2**53, 2**53 + 1, -(2**53) - 1, 2**63, -(2**63), 2**64 - 1, 10**40 + 1]

VALUES: dict[str, Any] = {
    "text": "plain",
    "empty text": "",
    "escapes": 'quote " backslash \\ slash / newline \n tab \t nul \x00 bell \x07 del \x7f separator \u2028',
    "non-ASCII": "Grüße, 世界, שלום, 🦊, e\u0301",
    "名前": "a name that is not ASCII",
    "numbers": [0, -1, 0.5, -2.5e-7, 1e100, 123456789.125],
    "big integers": BIG_INTEGERS,
    "a big integer": 2**53 + 1,
    "truths": [True, False],
    "null": None,
    "nulls": [None, {"none": None}],
    "empty map": {},
    "empty list": [],
    "empties": [[], {}, [[]], {"map": {}, "list": []}],
    "nested": {"cart": [{"sku": "ä-1", "tags": ["x", ["y", {"deep": [1, 2, {"er": None}]}]]}], "total": {"€": 12.5}},
    "looks like a number": "9007199254740993",
    "looks like JSON": '{"a": 1}',
}


def typed(value: Any) -> Any:
    """The value with its type, because Python takes True for 1; whole floats are integers to some languages."""
    if isinstance(value, dict):
        return {name: typed(nested) for name, nested in value.items()}
    if isinstance(value, list):
        return [typed(nested) for nested in value]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return type(value).__name__, value


def holds(session: Session, values: dict[str, Any]) -> bool:
    return bool(typed(session.attributes) == typed(values))


def test_a_session_goes_back_and_forth(a: Service, b: Service, principal: str) -> None:
    created = a.create(
        principal,
        attributes=VALUES,
        roles=["customer", "rôle"],
        scopes=["read"],
        level=2,
        device=["192.0.2.1", "Agent ü"],
    )
    assert holds(created, VALUES)

    read = b.follow(created)
    assert read == created
    assert holds(read, VALUES)

    # B adds; A, which has it in its cache, sees it.
    assert a.follow(created).generation == 1
    assert b.patch(created, add={"from b": VALUES}, increment={"visits": 3}) == 2
    added = {**VALUES, "from b": VALUES, "visits": 3}
    seen = eventually(lambda: a.follow(created), lambda session: session.generation == 2)
    assert holds(seen, added)

    # B rotates; A follows.
    rotated = b.rotate(created)
    assert (rotated.principal, rotated.id != created.id) == (principal, True)
    assert eventually(lambda: a.load(created.token), lambda session: session is None) is None
    followed = a.follow(rotated)
    assert followed == rotated
    assert holds(followed, added)
    assert b.authorize(rotated.token).status == 200

    # A revokes; B, which has it in its cache, refuses.
    assert a.revoke(rotated)
    refused = eventually(lambda: b.authorize(rotated.token), lambda decision: decision.status == 401)
    assert (refused.status, refused.reason) == (401, "session_not_live")
    assert b.load(rotated.token) is None
    assert not b.revoke(rotated)


def test_changes_of_every_kind_are_those_of_the_other(a: Service, b: Service, principal: str) -> None:
    session = a.create(principal, attributes={"keep": 1, "change": {"deep": [1]}, "remove": None})
    b.patch(
        session, set={"change": {"deep": [1, 2**60]}}, remove=["remove"], increment={"n": 2**53 - 1}, roles=["ä", "b"]
    )
    seen = eventually(lambda: a.follow(session), lambda loaded: loaded.generation == 2)
    assert holds(seen, {"keep": 1, "change": {"deep": [1, 2**60]}, "n": 2**53 - 1})
    assert seen.roles == ["ä", "b"]
    with fails("conflict"):
        a.patch(session, set={"keep": 2}, expected_generation=1)
    with fails("attribute_exists"):
        a.patch(session, add={"keep": 2})
    assert a.patch(session, set={"keep": 2}, expected_generation=2) == 3
    assert b.patch(session, increment={"n": -1}) == 4


def test_a_grace_leads_from_the_old_token_to_the_session(a: Service, b: Service, principal: str) -> None:
    session = a.create(principal)
    rotated = a.rotate(session, grace=30)
    assert b.follow(session).id == rotated.id
    b.patch(session, set={"through the old id": True})
    assert a.load(rotated.token, fresh=True) == b.load(session.token, fresh=True)


def test_an_anonymous_session_becomes_that_of_who_logs_in(a: Service, b: Service, principal: str) -> None:
    visitor = a.create(attributes={"cart": ["book"]})
    assert a.authorize(visitor.token).status == 401
    user = b.login(visitor, principal, roles=["customer"])
    assert user.attributes == {"cart": ["book"]}
    assert a.authorize(user.token).status == 200
    assert eventually(lambda: a.load(visitor.token), lambda session: session is None) is None


def test_a_role_given_by_one_counts_in_the_other(a: Service, b: Service, principal: str) -> None:
    session = a.create(principal)
    assert b.authorize(session.token, "/staff/x").status == 403
    assert a.call("patch_principal", principal=principal, roles=["staff"]) == 1
    allowed = eventually(lambda: b.authorize(session.token, "/staff/x"), lambda decision: decision.status == 200)
    assert allowed.status == 200


def test_logging_out_everywhere_spares_one_session_of_both(a: Service, b: Service, principal: str) -> None:
    sessions = [service.create(principal, attributes={"n": n}) for n, service in enumerate((a, b, a, b))]
    assert a.list(principal) == b.list(principal) == sessions
    for session in sessions:
        assert b.authorize(session.token).status == 200
    assert a.call("revoke_principal", principal=principal, id=sessions[1].id) == 3
    for session in sessions:
        status = 200 if session is sessions[1] else 401
        decision = eventually(lambda: b.authorize(session.token), lambda decision: decision.status == status)  # noqa: B023
        assert decision.status == status
    assert b.list(principal) == [sessions[1]]

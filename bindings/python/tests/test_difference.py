"""What a request changed: the same value in other words is no change, and nothing that was read is lost."""

from __future__ import annotations

import sys
from typing import Any

import pytest

import ficha
from ficha import Client, _core
from ficha._attributes import Baseline
from ficha.asgi import RequestSession


def store_text(client: Client, session: ficha.Session, text: str) -> None:
    """As a service in another language may have written it."""
    ops = [("set", "value", text, 0, "")]
    client.run(_core.patch_request(session.id, ops, [], None, None, None, None, None, None))


@pytest.mark.parametrize(
    "text",
    [
        '{ "b" : 1,\n "a" : "\\u00e9\\/" }',
        '{"n": [1.0, 1e2, 100.50, -0.0]}',
        '{"price": 0.10000000000000000555111512312578270211815834, "huge": 123456789012345678901234567890}',
        "[1E-400, 4.9e-324]",
    ],
    ids=["blanks, order and escapes", "numbers", "digits beyond a double's", "small ones"],
)
async def test_a_value_that_was_only_read_is_not_written(client: Client, text: str) -> None:
    session = client.create("alice")
    store_text(client, session, text)
    request = RequestSession(client, client.load(str(session.token), fresh=True))
    assert request["value"]
    await request.save()
    assert client.find(session.id).generation == 2  # type: ignore[union-attr]


async def test_members_in_another_order_are_the_same_value(client: Client) -> None:
    session = client.create("alice", {"value": {"a": 1, "b": 2}})
    request = RequestSession(client, session)
    request["value"] = {"b": 2, "a": 1.0}
    assert not request.changed
    request["value"]["b"] = 3
    await request.save()
    assert client.find(session.id).attributes == {"value": {"a": 1, "b": 3}}  # type: ignore[union-attr]


def test_a_difference_has_all_that_changed_and_each_text_once() -> None:
    baseline = Baseline({"kept": "[ 1 ]", "changed": "1", "gone": "null"})
    current = {**baseline.values(), "changed": True, "new": "x"}
    del current["gone"]
    difference = baseline.difference(current)
    assert difference.ops == [
        ("remove", "gone", "", 0, ""),
        ("set", "changed", "true", 0, ""),
        ("set", "new", '"x"', 0, ""),
    ]
    assert difference.texts == {"kept": "[1]", "changed": "true", "new": '"x"'}


@pytest.fixture
def least_digits() -> Any:
    """As low as a process can set what int() of a text takes."""
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(sys.int_info.str_digits_check_threshold)
    yield
    sys.set_int_max_str_digits(before)


@pytest.mark.usefixtures("least_digits")
def test_every_integer_that_can_be_stored_is_read(client: Client) -> None:
    session = client.create("alice", {"value": 10**308})
    assert client.load(str(session.token), fresh=True).attributes["value"] == 10**308  # type: ignore[union-attr]
    for store in (
        lambda: client.patch(session, set={"value": 10**309}),
        lambda: store_text(client, session, "9" * 5000),
    ):
        with pytest.raises(ficha.InvalidArgument, match="value"):
            store()

"""Requirements on handlers: what is misspelt, empty or None is an error where it is defined, in every framework."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

import ficha
from ficha import Client
from ficha.django import require
from ficha.drf import HasRole, HasScope, PolicyPermission

EMPTY: list[dict[str, Any]] = [
    {},
    {"roles": []},
    {"roles": ()},
    {"roles": [], "level": 2},
    {"scopes": []},
    {"scopes": {}.keys()},
    {"roles": [""]},
    {"roles": ["teller", ""]},
    {"roles": None},
    {"roles": None, "level": 1},
    {"max_auth_age": None},
    {"max_auth_age": 0},
    {"max_auth_age": timedelta(0)},
    {"level": None},
    {"level": 0},
    {"level": 4},
    {"level": -1},
    {"allow": "anybody"},
    {"allow": None},
    {"allow": "anyone", "roles": ["teller"]},
]
MISTYPED: list[dict[str, Any]] = [
    {"role": ["teller"]},
    {"scope": ["a"]},
    {"maxAuthAge": 300},
    {"fresh": True},
    {"roles": "teller"},
    {"roles": b"teller"},
    {"roles": [1]},
    {"roles": 1},
    {"level": "2"},
    {"level": True},
    {"max_auth_age": "5m"},
    {"max_auth_age": True},
]


def identify(case: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in case.items()) or "nothing"


@pytest.mark.parametrize("define", [require, PolicyPermission], ids=["require", "PolicyPermission"])
@pytest.mark.parametrize("case", EMPTY, ids=identify)
def test_what_is_empty_or_out_of_range_is_refused_at_its_definition(define: Any, case: dict[str, Any]) -> None:
    with pytest.raises(ficha.InvalidArgument):
        define(**case)


@pytest.mark.parametrize("define", [require, PolicyPermission], ids=["require", "PolicyPermission"])
@pytest.mark.parametrize("case", MISTYPED, ids=identify)
def test_what_is_misspelt_or_of_another_type_is_refused_at_its_definition(define: Any, case: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        define(**case)


def test_the_error_names_the_nearest_key() -> None:
    with pytest.raises(TypeError, match="'role'; did you mean 'roles'"):
        require(role=["teller"])


@pytest.mark.parametrize("define", [HasRole, HasScope])
@pytest.mark.parametrize("names", [(), ("",), ("teller", "")])
def test_a_permission_for_no_role_or_scope_is_refused_at_its_definition(define: Any, names: tuple[str, ...]) -> None:
    with pytest.raises(ficha.InvalidArgument):
        define(*names)


def test_a_permission_for_a_list_of_roles_is_refused_at_its_definition() -> None:
    with pytest.raises(TypeError):
        HasRole(["teller"])  # type: ignore[arg-type]


@pytest.mark.parametrize("required", [{"roles": []}, {"role": ["teller"]}, {}])
def test_a_client_judges_no_requirement_that_asks_for_nothing(required: dict[str, Any]) -> None:
    with Client("memory://") as client:
        decision = client.authorize("GET", "/", [])
        with pytest.raises((ficha.InvalidArgument, TypeError)):
            client.require(decision, **required)


def test_a_decision_that_denies_stays_one_whatever_session_the_request_has_then() -> None:
    with Client({"redis": {"url": "memory://"}, "rule": [{"path": "/**", "roles": ["teller"]}]}) as client:
        denied = client.authorize("GET", "/", [])
        client._decide_on(denied, client.create("alice", roles=["teller"]))
        assert (denied.verdict, denied.session) == ("unauthenticated", None)
        for wrong in ((None, None), (denied, "alice")):
            with pytest.raises(TypeError):
                client._decide_on(*wrong)


def test_what_is_required_is_what_is_judged() -> None:
    with Client("memory://") as client:
        token = client.create("alice", roles=["customer"], level=1).token
        decision = client.authorize("GET", "/", [("Authorization", f"Bearer {token}")])
        assert client.require(decision, allow="authenticated").allowed
        assert client.require(decision, roles=["customer", "teller"], level=1, max_auth_age=300).allowed
        assert client.require(decision, roles=iter(["customer"])).allowed
        assert not client.require(decision, roles=["teller"]).allowed
        assert not client.require(decision, allow="nobody").allowed
        assert client.require(client.authorize("GET", "/", []), allow="anyone").allowed
        assert not client.require(client.authorize("GET", "/", []), max_auth_age=timedelta(minutes=5)).allowed

"""The contract of django.contrib.sessions.backends.base.SessionBase, from Django's documentation."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.sessions.backends.base import CreateError, UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.core.management import call_command
from django.http import HttpRequest
from django.utils import timezone

from django_helpers import again
from ficha import InvalidArgument
from ficha.django import Identity, get_client, login
from ficha.django.sessions import SessionStore

pytestmark = pytest.mark.usefixtures("store")


# --- a dictionary ----------------------------------------------------------------------------------------------------


def test_a_new_session_is_unmodified_unread_and_empty(session: SessionStore) -> None:
    assert not session.modified
    assert not session.accessed
    assert session.is_empty()
    assert session.session_key is None


def test_reading_an_absent_key_leaves_it_unmodified(session: SessionStore) -> None:
    assert session.get("cat") is None
    assert session.get("cat", "none") == "none"
    with pytest.raises(KeyError):
        session["cat"]
    assert session.accessed
    assert not session.modified


def test_items_are_set_read_and_deleted(session: SessionStore) -> None:
    session["cat"] = "dog"
    assert session.modified
    assert session["cat"] == "dog"
    assert "cat" in session
    assert session.has_key("cat")
    del session["cat"]
    assert "cat" not in session


def test_pop_marks_it_modified_only_if_there_was_something(stored: SessionStore) -> None:
    session = again(stored)
    assert session.pop("absent", 5) == 5
    assert not session.modified
    with pytest.raises(KeyError):
        session.pop("absent")
    assert session.pop("a") == "c"
    assert session.modified


def test_setdefault_and_update(session: SessionStore) -> None:
    assert session.setdefault("a", 1) == 1
    assert session.setdefault("a", 2) == 1
    session.update({"b": 2})
    assert dict(session.items()) == {"a": 1, "b": 2}
    assert list(session.keys()) == ["a", "b"]
    assert list(session.values()) == [1, 2]


def test_clear_empties_and_marks_it(stored: SessionStore) -> None:
    session = again(stored)
    session.clear()
    assert session.accessed
    assert session.modified
    assert list(session.items()) == []
    session.save()
    assert list(again(session).items()) == []


def test_the_test_cookie(session: SessionStore) -> None:
    session.set_test_cookie()
    assert session.test_cookie_worked()
    session.delete_test_cookie()
    assert not session.test_cookie_worked()


def test_the_session_key_is_read_only(session: SessionStore) -> None:
    with pytest.raises(AttributeError):
        session.session_key = "x" * 56  # type: ignore[misc]


# --- storing ---------------------------------------------------------------------------------------------------------


def test_what_was_saved_is_there_for_the_next_request(stored: SessionStore) -> None:
    assert stored.session_key is not None
    assert SessionStore().exists(stored.session_key)
    assert dict(again(stored).items()) == {"a": "c", "b": "d"}


def test_the_session_key_is_the_public_id_and_the_cookie_holds_the_token(stored: SessionStore) -> None:
    session = get_client().load(str(stored.cookie_value))
    assert session is not None
    assert stored.session_key == session.id
    assert stored.cookie_value == stored.token
    assert again(stored).session_key == session.id
    assert again(stored).token is None


def test_create_stores_and_gives_an_unused_key(session: SessionStore) -> None:
    session.create()
    assert session.exists(str(session.session_key))
    assert session.modified


def test_a_key_that_nobody_was_given_leads_to_a_new_one() -> None:
    for key in ("1", "x" * 32, "fch1_" + "A" * 51):
        session = SessionStore(key)
        assert session.get("cat") is None
        session["cat"] = "dog"
        session.save()
        assert session.session_key not in (None, key)


def test_reading_an_unknown_key_stores_nothing() -> None:
    session = SessionStore("fch1_" + "A" * 51)
    session.load()
    assert session.session_key is None
    assert not session.exists("fch1_" + "A" * 51)


def test_delete_revokes(stored: SessionStore) -> None:
    key = str(stored.session_key)
    stored.delete()
    assert not stored.exists(key)
    SessionStore().delete(key)
    SessionStore().delete("nonsense")
    SessionStore().delete()


def test_delete_takes_another_key(stored: SessionStore) -> None:
    SessionStore().delete(stored.session_key)
    assert not SessionStore().exists(str(stored.session_key))


def test_flush_ends_the_session_and_starts_an_empty_one(stored: SessionStore) -> None:
    key = str(stored.session_key)
    stored.flush()
    assert not stored.exists(key)
    assert stored.session_key is None
    assert stored.is_empty()
    assert stored.modified
    assert stored.accessed


def test_cycle_key_keeps_the_data_under_a_new_key(stored: SessionStore) -> None:
    key, data = str(stored.session_key), dict(stored.items())
    stored.cycle_key()
    assert not stored.exists(key)
    assert stored.session_key != key
    assert stored.modified
    assert dict(stored.items()) == data
    assert dict(again(stored).items()) == data


def test_cycle_key_of_a_session_that_was_not_read_yet(stored: SessionStore) -> None:
    session = again(stored)
    assert not hasattr(session, "_session_cache")
    session.cycle_key()
    assert dict(session.items()) == {"a": "c", "b": "d"}
    assert session.session_key != stored.session_key


def test_cycle_key_stores_nothing_for_a_visitor_without_a_session(session: SessionStore) -> None:
    session.cycle_key()
    assert session.session_key is None
    assert session.modified


def test_must_create_refuses_what_is_there_already(stored: SessionStore) -> None:
    with pytest.raises(CreateError):
        stored.save(must_create=True)
    with pytest.raises(CreateError):
        again(stored).save(must_create=True)


def test_must_create_takes_no_key_from_outside() -> None:
    session = SessionStore("fch1_" + "A" * 51)
    session.save(must_create=True)
    assert session.exists(str(session.session_key))
    assert session.session_key != "fch1_" + "A" * 51


def test_expired_sessions_need_no_clearing() -> None:
    call_command("clearsessions")


# --- what changed ----------------------------------------------------------------------------------------------------


def generation(session: SessionStore) -> int:
    stored = get_client().find(str(session.session_key))
    assert stored is not None
    return stored.generation


def test_saving_unchanged_data_writes_nothing(stored: SessionStore) -> None:
    before = generation(stored)
    session = again(stored)
    session["a"] = "c"
    session.save()
    session.save()
    assert generation(stored) == before


def test_a_change_inside_of_a_value_is_noticed(session: SessionStore) -> None:
    session["tree"] = {"leaves": [1, {"deep": []}]}
    session.save()
    second = again(session)
    second["tree"]["leaves"][1]["deep"].append("new")
    assert second.modified
    second.save()
    assert again(session)["tree"] == {"leaves": [1, {"deep": ["new"]}]}


def test_only_what_changed_is_written_so_that_parallel_requests_keep_each_other_s(stored: SessionStore) -> None:
    one, two = again(stored), again(stored)
    one["a"] = "one"
    two["b"] = "two"
    two["c"] = [2]
    one.save()
    two.save()
    assert dict(again(stored).items()) == {"a": "one", "b": "two", "c": [2]}


def test_removing_in_one_request_and_changing_in_another(stored: SessionStore) -> None:
    one, two = again(stored), again(stored)
    del one["a"]
    two["b"] = 2
    one.save()
    two.save()
    assert dict(again(stored).items()) == {"b": 2}


def test_true_is_not_one(session: SessionStore) -> None:
    session["flag"] = 1
    session.save()
    second = again(session)
    second["flag"] = True
    second.save()
    assert again(session)["flag"] is True


def test_what_json_cannot_carry_is_an_error_naming_the_attribute(session: SessionStore) -> None:
    session["when"] = timezone.now()
    with pytest.raises(InvalidArgument, match="'when'"):
        session.save()


# --- races that other backends lose ----------------------------------------------------------------------------------


def test_saving_after_a_logout_elsewhere_does_not_bring_the_session_back(stored: SessionStore) -> None:
    slow = again(stored)
    slow["late"] = True
    again(stored).flush()
    with pytest.raises(UpdateError):
        slow.save()
    assert not slow.exists(str(stored.session_key))
    assert slow.load() == {}


def test_saving_a_cleared_session_after_a_logout_elsewhere(stored: SessionStore) -> None:
    slow = again(stored)
    slow.clear()
    again(stored).flush()
    with pytest.raises(UpdateError):
        slow.save()


def test_a_key_is_not_cycled_after_a_logout_elsewhere(stored: SessionStore) -> None:
    stored.identify(Identity("alice"))
    stored.save()
    slow = again(stored)
    slow.load()
    slow["x"] = 1
    again(stored).flush()
    with pytest.raises(SessionInterrupted):
        slow.cycle_key()


def test_a_visitor_whose_session_a_parallel_login_took_logs_in_with_what_this_request_put_in(
    stored: SessionStore,
) -> None:
    first, second = again(stored), again(stored)
    assert first["a"] == second["a"] == "c"
    first.identify(Identity("alice"))
    first.save()
    second["cat"] = "dog"
    second.put("bag", "key", 1)
    second.identify(Identity("alice"))
    second.save()
    after = again(second)
    assert dict(after.items()) == {"cat": "dog", "bag": {"key": 1}}
    assert after.snapshot is not None
    assert after.snapshot.principal == "alice"


def test_a_visitor_s_session_that_is_gone_gets_a_new_key_by_a_login_only(stored: SessionStore) -> None:
    slow, entering = again(stored), again(stored)
    for session in (slow, entering):
        session["x"] = [1]
        session.put("bag", "key", 1)
    again(stored).flush()
    slow.cycle_key()
    with pytest.raises(UpdateError):
        slow.save()
    entering.cycle_key()
    entering.identify(Identity("alice"))
    entering.save()
    assert dict(again(entering).items()) == {"x": [1], "bag": {"key": 1}}


def test_the_expiry_that_a_visitor_s_request_sets_before_its_login_holds(session: SessionStore) -> None:
    session.set_expiry(100)
    session.cycle_key()
    session.identify(Identity("alice"))
    session.save()
    assert again(session).get_expiry_age() <= 100


def test_changing_the_expiry_after_a_logout_elsewhere_does_not_bring_the_session_back(stored: SessionStore) -> None:
    slow = again(stored)
    slow.set_expiry(100)
    again(stored).flush()
    with pytest.raises(UpdateError):
        slow.save()


# --- logins ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", ["", "alice"])
def test_a_login_keeps_what_a_parallel_request_has_changed(session: SessionStore, before: str) -> None:
    if before:
        session.identify(Identity(before))
    session["cart"] = [1]
    session["seen"] = 1
    session.save()
    entering, other = again(session), again(session)
    entering["own"] = True
    assert entering["cart"] == [1]
    other["cart"] = [1, 2]
    other.save()
    entering.identify(Identity("alice"))
    entering.save()
    assert dict(again(entering).items()) == {"cart": [1, 2], "seen": 1, "own": True}


def test_a_login_keeps_what_was_saved_earlier_in_the_request_and_what_was_removed_stays_removed(
    stored: SessionStore,
) -> None:
    session = again(stored)
    session["c"] = 1
    session.save()
    del session["a"]
    session.identify(Identity("alice"))
    session.save()
    session["e"] = 2
    session.save()
    assert dict(again(session).items()) == {"b": "d", "c": 1, "e": 2}


def test_a_login_over_another_principal_s_session_keeps_nothing_of_it(session: SessionStore) -> None:
    session.identify(Identity("svc:billing"))
    session["secret"] = "of the service"
    session.save()
    entering = again(session)
    entering.load()
    entering.cycle_key()
    entering["_auth_user_id"], entering["_auth_user_backend"], entering["_auth_user_hash"] = "7", "a.Backend", ""
    entering.identify(Identity("7"))
    entering.save()
    written = {"_auth_user_id": "7", "_auth_user_backend": "a.Backend", "_auth_user_hash": ""}
    assert dict(entering.items()) == dict(again(entering).items()) == written


@pytest.mark.parametrize("by", ["login", "identify"])
def test_to_another_principal_s_login_nothing_goes_along_but_what_this_request_put_in(by: str) -> None:
    stored = get_client().create(
        "alice", {"cart": [1], "theme": "dark", "left": 1, "pref": {"old": 1}, "seen": {"a": 1}}
    )
    request = HttpRequest()
    request.session = session = SessionStore.of_cookie(stored.token)
    session["theme"] = "light"
    session["new"] = {"a": 1}
    del session["cart"]
    session.put("pref", "own", 3)
    session.take("seen", "nothing")
    if by == "login":
        login(request, Identity("bob"))
    else:
        session.identify(Identity("bob"))
        session.save()
    expected = {"theme": "light", "new": {"a": 1}, "pref": {"own": 3}}
    assert dict(session.items()) == dict(again(session).items()) == expected
    assert get_client().find(stored.id) is None


def test_a_logout_with_a_token_that_was_rotated_a_moment_ago_ends_the_session(stored: SessionStore) -> None:
    rotated = get_client().rotate(str(stored.snapshot.id), grace=30)  # type: ignore[union-attr]
    again(stored).flush()
    assert get_client().load(str(rotated.token), fresh=True) is None


def test_a_logout_with_a_rotated_token_by_a_session_that_was_read(stored: SessionStore) -> None:
    rotated = get_client().rotate(str(stored.snapshot.id), grace=30)  # type: ignore[union-attr]
    session = again(stored)
    assert session["a"] == "c"
    session.set_expiry(300)
    session.save()
    assert session.cookie_due is None
    session.flush()
    assert get_client().load(str(rotated.token), fresh=True) is None


# --- asynchronous ----------------------------------------------------------------------------------------------------


async def test_the_asynchronous_forms_do_the_same() -> None:
    session: Any = SessionStore()
    session["a"] = [1]
    await session.asave()
    key = session.session_key
    assert await session.aexists(key)
    second: Any = SessionStore(key)
    assert await second.aload() == {"a": [1]}
    second = SessionStore.of_cookie(session.cookie_value)
    await second.acycle_key()
    assert not await session.aexists(key)
    assert await second.aexists(second.session_key)
    session["a"] = 2
    with pytest.raises(UpdateError):
        await session.asave()
    await second.aflush()
    assert second.session_key is None
    created: Any = SessionStore()
    await created.acreate()
    assert await created.aexists(created.session_key)
    await created.adelete()
    assert not await created.aexists(created.session_key)
    await SessionStore.aclear_expired()


if hasattr(SessionStore, "aset"):  # from Django 5.1

    async def test_every_asynchronous_method_of_newer_djangos() -> None:
        session: Any = SessionStore()
        await session.aset("a", 1)
        assert await session.aget("a") == 1
        assert await session.asetdefault("b", 2) == 2
        await session.aupdate({"c": 3})
        assert await session.ahas_key("c")
        assert await session.apop("c") == 3
        assert list(await session.akeys()) == ["a", "b"]
        assert list(await session.avalues()) == [1, 2]
        await session.aset_test_cookie()
        assert await session.atest_cookie_worked()
        await session.adelete_test_cookie()
        await session.aset_expiry(300)
        assert await session.aget_expiry_age() == 300
        assert not await session.aget_expire_at_browser_close()
        await session.asave()
        assert dict(await SessionStore(session.session_key).aitems())["b"] == 2

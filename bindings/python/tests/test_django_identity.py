"""What only Django may write into a session: whose it is and how long it lives. All else is data, whatever its name."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client
from django.utils import timezone

import ficha
from django_helpers import COOKIE, again, replace_view, token, users
from ficha.django import Identity, get_client
from ficha.django.identity import ReservedName
from ficha.django.sessions import SessionStore

pytestmark = [pytest.mark.usefixtures("store"), pytest.mark.django_db]

IDENTITY = (SESSION_KEY, BACKEND_SESSION_KEY, HASH_SESSION_KEY)
RESERVED = (*IDENTITY, "_session_expiry")


# --- any other assignment raises -------------------------------------------------------------------------------------


def assign(session: SessionStore, name: str, value: Any) -> None:
    session[name] = value


def update(session: SessionStore, name: str, value: Any) -> None:
    session.update({"other": 1, name: value})


def set_default(session: SessionStore, name: str, value: Any) -> None:
    session.setdefault(name, value)


def merge(session: SessionStore, name: str, value: Any) -> None:
    data = session._get_session()
    data |= {name: value}


def put_in_a_bag(session: SessionStore, name: str, value: Any) -> None:
    session.put(name, "key", value)


WAYS = (assign, update, set_default, merge, put_in_a_bag)


@pytest.mark.parametrize("name", RESERVED)
@pytest.mark.parametrize("way", WAYS)
def test_no_other_write_reaches_a_name_of_django_s(session: SessionStore, name: str, way: Any) -> None:
    with pytest.raises(ReservedName, match=name) as caught:
        way(session, name, "administrator")
    assert isinstance(caught.value, SuspiciousOperation)
    assert "administrator" not in str(caught.value)


@pytest.mark.parametrize("name", RESERVED)
@pytest.mark.parametrize("way", [way for way in WAYS if way is not set_default])
def test_not_in_the_session_of_a_user_either(browser: Client, alice: Any, name: str, way: Any) -> None:
    browser.force_login(alice)
    session = SessionStore(token(browser))
    with pytest.raises(ReservedName):
        way(session, name, "2")
    session.save()
    assert browser.get("/who").json()["user"] == "alice"


def test_a_client_that_chooses_a_name_gains_nothing_by_it(browser: Client, alice: Any) -> None:
    users().create_superuser("root", password="password")
    browser.force_login(alice)
    root = users().get(username="root")
    for name, value in ((SESSION_KEY, str(root.pk)), (HASH_SESSION_KEY, root.get_session_auth_hash())):
        assert browser.get("/put", {name: json.dumps(value)}).status_code == 400
    assert browser.get("/put", {"_session_expiry": "34560000"}).status_code == 400
    who = browser.get("/who").json()
    assert (who["user"], who["principal"]) == ("alice", str(alice.pk))


def test_django_s_own_values_can_be_read_and_are_apart_from_what_other_services_may_write(
    browser: Client, alice: Any
) -> None:
    browser.get("/enter", {"name": "alice"})
    stored = get_client().load(token(browser))
    assert stored is not None
    assert stored.protected[SESSION_KEY] == str(alice.pk)
    assert set(stored.protected) == set(IDENTITY)
    assert not set(stored.attributes) & set(IDENTITY)
    assert browser.get("/show").json()[SESSION_KEY] == str(alice.pk)
    assert list(get_client().list(str(alice.pk))[0].protected) == []


def test_what_lies_among_the_attributes_under_such_a_name_is_no_identity(browser: Client, alice: Any) -> None:
    values = {
        SESSION_KEY: str(alice.pk),
        BACKEND_SESSION_KEY: "django.contrib.auth.backends.ModelBackend",
        HASH_SESSION_KEY: alice.get_session_auth_hash(),
        "_session_expiry": "garbage",
    }
    browser.cookies[COOKIE] = str(get_client().create("somebody", {**values, "cart": 1}).token)
    assert browser.get("/show").json() == {"cart": 1}
    assert browser.get("/who").json()["user"] == ""
    assert browser.get("/put", {"cart": "2"}).status_code == 200
    stored = get_client().load(token(browser), fresh=True)
    assert stored is not None
    assert dict(stored.attributes) == {**values, "cart": 2}


# --- the login window ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("renew", ["cycle_key", "flush"])
def test_between_a_renewal_and_the_end_of_the_login_they_are_accepted(stored: SessionStore, renew: str) -> None:
    session = again(stored)
    getattr(session, renew)()
    session[SESSION_KEY], session[BACKEND_SESSION_KEY], session[HASH_SESSION_KEY] = "7", "a.Backend", "hash"
    for name in IDENTITY:
        with pytest.raises(ReservedName):
            session[name] = "another"
    session.save()
    assert again(session)[SESSION_KEY] == "7"
    assert session.snapshot is not None
    assert session.snapshot.principal == "7"


@pytest.mark.parametrize("renew", ["cycle_key", "flush"])
def test_another_write_ends_the_window(stored: SessionStore, renew: str) -> None:
    session = again(stored)
    getattr(session, renew)()
    session["cart"] = 1
    with pytest.raises(ReservedName):
        session[SESSION_KEY] = "7"


def test_half_a_login_is_not_saved(stored: SessionStore) -> None:
    session = again(stored)
    session.cycle_key()
    session[SESSION_KEY] = "7"
    with pytest.raises(ReservedName):
        session.save()
    assert SESSION_KEY not in again(session)


def test_a_later_request_has_no_window(stored: SessionStore) -> None:
    session = again(stored)
    session.cycle_key()
    session.save()
    with pytest.raises(ReservedName):
        again(session)[SESSION_KEY] = "7"


def test_the_same_values_again_are_no_change(browser: Client, alice: Any) -> None:
    browser.force_login(alice)
    session = SessionStore(token(browser))
    for name in IDENTITY:
        session[name] = session[name]
    session.save()
    assert browser.get("/who").json()["user"] == "alice"


def test_identity_can_be_removed_at_any_time(browser: Client, alice: Any) -> None:
    browser.get("/enter", {"name": "alice"})
    session = SessionStore(token(browser))
    for name in IDENTITY:
        del session[name]
    session.save()
    stored = get_client().load(token(browser), fresh=True)
    assert stored is not None
    assert dict(stored.protected) == {}
    assert browser.get("/who").json()["user"] == ""


def test_a_rotation_and_a_login_of_the_same_user_keep_them_and_another_s_does_not(browser: Client, alice: Any) -> None:
    browser.get("/enter", {"name": "alice"})
    session = SessionStore(token(browser))
    session.cycle_key()
    assert session.snapshot is not None
    assert session.snapshot.protected[SESSION_KEY] == str(alice.pk)
    session.identify(Identity("somebody else"))
    session.save()
    assert dict(session.snapshot.protected) == {}


def test_protected_attributes_of_other_frameworks_are_neither_shown_nor_touched(browser: Client) -> None:
    browser.cookies[COOKIE] = str(get_client().create("alice", {"a": 1}, protected={"passport": {"user": "x"}}).token)
    assert browser.get("/show").json() == {"a": 1}
    browser.get("/put", {"a": "2"})
    stored = get_client().load(token(browser), fresh=True)
    assert stored is not None
    assert (dict(stored.attributes), dict(stored.protected)) == ({"a": 2}, {"passport": {"user": "x"}})


if hasattr(SessionStore, "aset"):  # Django 5.1

    @pytest.mark.django_db(transaction=True)
    async def test_asynchronous_writes_are_refused_as_well(async_client: AsyncClient) -> None:
        for name in RESERVED:
            assert (await async_client.get("/async-put", {name: '"1"'})).status_code == 400


# --- the expiry ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [14 * 86400, 1e12, 10**30, timedelta(days=14), timedelta.max])
def test_an_expiry_ends_no_later_than_the_configured_absolute_timeout(session: SessionStore, value: Any) -> None:
    session.set_expiry(value)
    session.save()
    stored, longest = session.snapshot, get_client().config.absolute_timeout
    assert stored is not None
    assert stored.expires_at - stored.created_at <= longest + 1
    assert stored.idle_seconds <= longest
    assert session.get_expiry_age() <= longest


def test_setting_it_again_and_again_makes_no_session_longer(stored: SessionStore) -> None:
    assert stored.snapshot is not None
    ends = stored.snapshot.expires_at
    for value in (60, 14 * 86400, timezone.now() + timedelta(days=30), None):
        session = again(stored)
        session.set_expiry(value)
        session.save()
        after = again(stored).snapshot
        assert after is not None
        assert after.expires_at <= ends + 1


@pytest.mark.parametrize("value", ["soon", "", float("nan"), float("inf"), True, [1], {"a": 1}, object()])
def test_garbage_is_refused_when_it_is_set(stored: SessionStore, value: Any) -> None:
    session = again(stored)
    with pytest.raises(ficha.InvalidArgument) as caught:
        session.set_expiry(value)
    assert isinstance(caught.value, SuspiciousOperation)
    session["a"] = 1
    session.save()


def test_garbage_that_is_stored_counts_as_none(browser: Client) -> None:
    browser.cookies[COOKIE] = str(get_client().create("alice", protected={"_session_expiry": "soon"}).token)
    assert browser.get("/show").json() == {}
    assert browser.get("/put", {"a": "1"}).status_code == 200
    assert browser.get("/expire", {"expiry": "60"}).status_code == 200
    assert browser.get("/show").json() == {"a": 1, "_session_expiry": 60}


# --- bags ------------------------------------------------------------------------------------------------------------


def test_names_that_clients_choose_lie_in_a_bag(stored: SessionStore) -> None:
    session = again(stored)
    session.put("pref", SESSION_KEY, {"nested": [1]})
    session.put("pref", "theme", "dark")
    assert session.modified
    assert session["pref"] == {SESSION_KEY: {"nested": [1]}, "theme": "dark"}
    session.save()
    assert again(stored)["pref"] == {SESSION_KEY: {"nested": [1]}, "theme": "dark"}
    assert again(stored).take("pref", "absent", 5) == 5
    session = again(stored)
    assert session.take("pref", "theme") == "dark"
    session.save()
    assert again(stored)["pref"] == {SESSION_KEY: {"nested": [1]}}


def test_parallel_requests_keep_each_other_s_keys(stored: SessionStore) -> None:
    one, two = again(stored), again(stored)
    one.put("pref", "one", 1)
    two.put("pref", "two", 2)
    one.save()
    two.save()
    assert again(stored)["pref"] == {"one": 1, "two": 2}


def test_a_bag_of_a_new_visitor_and_of_a_login(session: SessionStore) -> None:
    session.put("pref", "theme", "dark")
    session.save()
    later = again(session)
    later.put("pref", "size", 2)
    later.identify(Identity("alice"))
    later.save()
    assert again(later)["pref"] == {"theme": "dark", "size": 2}


def test_what_is_no_bag_is_left_alone(stored: SessionStore) -> None:
    session = again(stored)
    for write in (session.put, session.take):
        with pytest.raises(ficha.InvalidArgument, match="'a'"):
            write("a", "key", 1)
    with pytest.raises(ficha.InvalidArgument):
        session.put("pref", 1, 1)  # type: ignore[arg-type]
    with pytest.raises(ficha.InvalidArgument, match="'pref'"):
        session.put("pref", "key", object())
    assert not session.modified


def test_a_bag_that_the_view_also_changes_as_a_whole(stored: SessionStore) -> None:
    session = again(stored)
    session.put("pref", "theme", "dark")
    session["pref"]["other"] = 1
    session.save()
    assert again(stored)["pref"] == {"theme": "dark", "other": 1}
    session = again(stored)
    session.put("pref", "more", 1)
    del session["pref"]
    session.save()
    assert "pref" not in again(stored)


def test_a_service_writes_only_what_it_may(browser: Client, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.FICHA = {**settings.FICHA, "session": {"may_write": ["cart", "pref.*"]}}
    assert browser.get("/put", {"cart": "1", "pref.theme": "2"}).status_code == 200
    browser.raise_request_exception = False
    assert browser.get("/put", {"spring.authorities": '["ROLE_admin"]'}).status_code == 400
    assert browser.get("/show").json() == {"cart": 1, "pref.theme": 2}


def test_a_session_does_not_store_its_own_token(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    browser.get("/put", {"a": "1"})
    own = token(browser)

    def remember(request: HttpRequest) -> HttpResponse:
        request.session["saved_request"] = {"headers": [["cookie", own]]}
        return HttpResponse()

    replace_view(monkeypatch, remember)
    browser.raise_request_exception = False
    assert browser.get("/plain").status_code == 400
    assert browser.get("/show").json() == {"a": 1}

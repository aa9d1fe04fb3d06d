"""Logins and logouts through Django, with its admin, messages and test client; the management of sessions."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.contrib.auth import login as auth_login
from django.core.management import CommandError, call_command
from django.http import HttpRequest, HttpResponse
from django.test import Client

from django_helpers import COOKIE, cookie_of, replace_view, token, users
from ficha.django import Identity, get_client
from ficha.django.signals import session_issued, session_revoked

pytestmark = [pytest.mark.usefixtures("store"), pytest.mark.django_db]


# --- login and logout ------------------------------------------------------------------------------------------------


def test_login_gives_a_new_token_and_the_session_its_principal(browser: Client, alice: Any) -> None:
    browser.get("/put", {"cart": "[1]"})
    before = token(browser)
    browser.get("/enter", {"name": "alice"})
    assert token(browser) != before
    assert get_client().load(before) is None
    session = get_client().load(token(browser))
    assert session is not None
    assert session.principal == str(alice.pk)
    assert session.attributes["cart"] == [1]
    assert browser.get("/who").json()["user"] == "alice"


def test_logging_in_again_gives_a_new_token_again(browser: Client, alice: Any) -> None:
    browser.get("/enter", {"name": "alice"})
    first = token(browser)
    browser.get("/enter", {"name": "alice"})
    assert token(browser) != first
    assert get_client().load(first) is None


def test_the_second_click_on_a_login_form_logs_in_too(
    browser: Client, alice: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.get("/put", {"cart": "[1]"})
    first = Client()
    first.cookies[COOKIE] = token(browser)

    def enter(request: HttpRequest) -> HttpResponse:
        request.session["seen"] = True
        assert first.get("/enter", {"name": "alice"}).status_code == 200  # while this one is under way
        auth_login(request, alice, backend="django.contrib.auth.backends.ModelBackend")
        return HttpResponse()

    replace_view(monkeypatch, enter)
    assert browser.get("/plain").status_code == 200
    assert token(browser) != token(first)
    assert (browser.get("/who").json()["user"], first.get("/who").json()["user"]) == ("alice", "alice")
    sessions = [get_client().load(token(each)) for each in (browser, first)]
    assert [session and session.principal for session in sessions] == [str(alice.pk)] * 2
    second, one = (session.attributes for session in sessions if session)
    assert (second["seen"], one["cart"]) == (True, [1])
    assert "cart" not in second  # it went along with the first


def test_logging_in_as_somebody_else_takes_nothing_over(browser: Client, alice: Any) -> None:
    users().create_user("bob", password="password")
    browser.get("/enter", {"name": "alice"})
    browser.get("/put", {"secret": '"of alice"'})
    browser.get("/enter", {"name": "bob"})
    assert "secret" not in browser.get("/show").json()
    assert browser.get("/who").json()["user"] == "bob"


def test_logout_revokes_and_clears_the_cookie(browser: Client, alice: Any) -> None:
    browser.get("/enter", {"name": "alice"})
    before = token(browser)
    response = browser.get("/leave")
    assert get_client().load(before) is None
    assert cookie_of(response).value == ""
    assert response.headers["Cache-Control"] == "no-store"
    browser.cookies[COOKIE] = before
    assert browser.get("/who").json()["user"] == ""


def test_the_test_client_logs_in_by_force_and_out(browser: Client, alice: Any) -> None:
    browser.force_login(alice)
    assert browser.get("/who").json()["user"] == "alice"
    assert browser.session["_auth_user_id"] == str(alice.pk)
    before = token(browser)
    browser.logout()
    assert get_client().load(before) is None
    assert browser.login(username="alice", password="password")
    assert browser.get("/who").json()["principal"] == str(alice.pk)


def test_the_test_client_s_session_can_be_changed(browser: Client) -> None:
    session = browser.session
    session["prepared"] = [1]
    session.save()
    assert browser.get("/show").json() == {"prepared": [1]}


def test_a_changed_password_keeps_this_session_and_ends_the_others(browser: Client, alice: Any) -> None:
    other = Client()
    other.get("/enter", {"name": "alice"})
    browser.get("/enter", {"name": "alice"})
    before = token(browser)
    assert browser.get("/change-password").json() == {"revoked": 1}
    assert token(browser) != before
    assert browser.get("/who").json()["user"] == "alice"
    assert get_client().load(token(other), fresh=True) is None


def test_messages_survive_to_the_next_request_and_no_longer(browser: Client, alice: Any) -> None:
    browser.get("/enter", {"name": "alice"})
    assert browser.get("/who").json()["messages"] == ["welcome"]
    assert browser.get("/who").json()["messages"] == []


def test_the_admin_s_login_and_logout(browser: Client) -> None:
    users().create_superuser("root", password="password")
    page = browser.get("/admin/login/")
    form = {"username": "root", "password": "password", "csrfmiddlewaretoken": page.cookies.get("csrftoken", "")}
    response = browser.post("/admin/login/?next=/admin/", form)
    assert response.status_code == 302
    assert browser.get("/admin/").status_code == 200
    before = token(browser)
    browser.post("/admin/logout/")
    assert get_client().load(before) is None
    assert browser.get("/admin/").status_code == 302


def test_a_principal_without_a_user_table(browser: Client) -> None:
    browser.get("/enter-without-user", {"name": "svc:billing", "role": ["teller", "clerk"]})
    who = browser.get("/who").json()
    assert (who["principal"], who["roles"], who["user"]) == ("svc:billing", ["teller", "clerk"], "")


def test_a_login_beyond_the_limit_of_sessions_is_429(browser: Client, settings: Any) -> None:
    limit = {"max_per_principal": 1, "on_limit": "refuse"}
    settings.FICHA = {**settings.FICHA, "session": limit}
    browser.get("/enter-without-user", {"name": "alice"})
    other = Client()
    response = other.get("/enter-without-user", {"name": "alice"})
    assert (response.status_code, cookie_of(response)) == (429, None)
    assert response.json()["error"] == "session_limit"
    assert browser.get("/who").json()["principal"] == "alice"


def test_the_device_of_a_login_can_be_listed(browser: Client) -> None:
    browser.get("/enter-without-user", {"name": "alice"}, HTTP_USER_AGENT="a browser")
    assert [session.device for session in get_client().list("alice")] == [("127.0.0.1", "a browser")]


def test_who_logs_in_again_keeps_the_session_s_values_and_another_principal_gets_none(browser: Client) -> None:
    browser.get("/enter-without-user", {"name": "alice"})
    browser.get("/put", {"private": "1"})
    browser.get("/enter-without-user", {"name": "alice"})
    assert browser.get("/show").json() == {"private": 1}
    hers = token(browser)
    browser.get("/enter-without-user", {"name": "bob"})
    assert browser.get("/show").json() == {}
    assert get_client().load(hers) is None


def test_the_identity_of_a_user_comes_from_the_project(browser: Client, alice: Any, settings: Any) -> None:
    settings.FICHA = {**settings.FICHA, "identity": lambda user: Identity(f"user:{user.username}", ("customer",))}
    browser.get("/enter", {"name": "alice"})
    who = browser.get("/who").json()
    assert (who["principal"], who["roles"], who["user"]) == ("user:alice", ["customer"], "alice")


def test_signals_tell_of_new_and_ended_sessions(browser: Client, alice: Any) -> None:
    issued: list[str] = []
    revoked: list[str] = []

    def on_issued(session: Any, **_: Any) -> None:
        issued.append(session.id)

    def on_revoked(session_id: str, **_: Any) -> None:
        revoked.append(session_id)

    session_issued.connect(on_issued)
    session_revoked.connect(on_revoked)
    browser.get("/enter", {"name": "alice"})
    browser.get("/leave")
    assert len(issued) == 1
    assert revoked == issued


# --- management ------------------------------------------------------------------------------------------------------


def manage(*arguments: str) -> str:
    output = io.StringIO()
    call_command("ficha_sessions", *arguments, stdout=output)
    return output.getvalue()


def test_the_management_command_lists_and_revokes(browser: Client, alice: Any) -> None:
    principal = str(alice.pk)
    browser.get("/enter", {"name": "alice"})
    listed = manage("list", principal)
    session_id = listed.split("\t")[0]
    assert listed.count("\n") == 1
    assert token(browser) not in listed
    assert manage("revoke", principal, "--keep", session_id) == "0 revoked\n"
    assert manage("revoke", "--id", session_id) == "1 revoked\n"
    assert manage("list", principal) == ""
    assert manage("revoke", principal) == "0 revoked\n"
    for wrong in (["revoke"], ["revoke", "x", "--id", session_id], ["revoke", "--id", "nonsense"]):
        with pytest.raises(CommandError):
            manage(*wrong)

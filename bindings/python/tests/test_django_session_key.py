"""``session_key``: an id that packages may keep, known inside of login(), and never a way in."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import Any

import pytest
from django.contrib.auth.signals import user_logged_in
from django.core.exceptions import ImproperlyConfigured, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client

import ficha.django.test
from django_helpers import COOKIE, again, replace_view, token, users
from ficha.django import Identity, conf, get_client
from ficha.django.sessions import SessionStore

pytestmark = [pytest.mark.usefixtures("store"), pytest.mark.django_db]


@pytest.fixture
def seen() -> Any:
    """The keys that a receiver of user_logged_in has met."""
    keys: list[str | None] = []

    def note(request: Any, **_: object) -> None:
        keys.append(request.session.session_key)

    user_logged_in.connect(note)
    yield keys
    user_logged_in.disconnect(note)


@pytest.mark.parametrize("before", ["/plain", "/put?cart=[1]"], ids=["new visitor", "with a cart"])
def test_login_gives_the_final_key(browser: Client, alice: Any, seen: list[str], before: str) -> None:
    browser.get(before)
    browser.get("/enter", {"name": "alice"})
    assert seen == [get_client().session_id(token(browser))]
    assert len(seen[0]) <= 40
    assert SessionStore().exists(seen[0])
    assert browser.session.session_key == seen[0]
    users().create_user("bob", password="password")
    browser.get("/enter", {"name": "bob"})  # flushes alice's session
    assert seen[1:] == [get_client().session_id(token(browser))]


async def test_alogin_gives_the_final_key(seen: list[str], transactional_db: None) -> None:
    browser = AsyncClient()
    await browser.get("/make-user", {"name": "alice"})
    await browser.get("/django-alogin", {"name": "alice"})
    assert seen == [get_client().session_id(token(browser))]


def test_one_session_per_user(browser: Client, alice: Any) -> None:
    known: dict[Any, str] = {}

    def end_the_other(request: Any, user: Any, **_: object) -> None:
        if user.pk in known:
            SessionStore(known[user.pk]).delete()
        known[user.pk] = request.session.session_key

    user_logged_in.connect(end_the_other)
    try:
        other = Client()
        for each in (browser, other):
            each.get("/put", {"cart": "[1]"})
            each.get("/enter", {"name": "alice"})
    finally:
        user_logged_in.disconnect(end_the_other)
    assert browser.get("/who").json()["user"] == ""
    assert other.get("/who").json()["user"] == "alice"


def test_by_its_id_a_session_is_read_changed_and_deleted(browser: Client, alice: Any) -> None:
    browser.get("/enter", {"name": "alice"})
    browser.get("/put", {"cart": "[1]"})
    key = str(browser.session.session_key)
    session = SessionStore(key)
    assert session["cart"] == [1]
    session["cart"] = [1, 2]
    session.save()
    assert browser.get("/show").json()["cart"] == [1, 2]
    assert browser.get("/who").json()["user"] == "alice"
    SessionStore(key).delete()
    assert browser.get("/who").json()["user"] == ""


def test_by_its_id_a_session_can_be_read_and_gets_no_token(browser: Client, alice: Any) -> None:
    browser.get("/enter", {"name": "alice"})
    session = SessionStore(browser.session.session_key)
    assert session["_auth_user_id"] == str(alice.pk)
    assert session.cookie_value is None
    for move in (session.cycle_key, lambda: session.identify(Identity("alice"))):
        with pytest.raises(SuspiciousOperation, match="by its id"):
            move()
    assert browser.get("/who").json()["user"] == "alice"


def test_an_id_in_a_cookie_is_not_accepted(
    browser: Client, alice: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.get("/enter", {"name": "alice"})
    browser.get("/put", {"cart": "[1]"})
    key = str(browser.session.session_key)
    from ficha.django import middleware

    middleware._explain_id.cache_clear()
    thief = Client()
    thief.cookies[COOKIE] = key
    assert thief.get("/show").json() == {}
    thief.cookies[COOKIE] = key
    assert thief.get("/who").json()["user"] == ""
    thief.cookies[COOKIE] = key
    thief.get("/put", {"mine": "1"})
    assert token(thief) != key
    assert browser.get("/show").json()["cart"] == [1]
    assert [record.message for record in caplog.records if "ficha.django.test" in record.message] != []
    assert key not in caplog.text


def test_a_login_whose_answer_is_an_error_did_not_happen(
    browser: Client, alice: Any, seen: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.contrib.auth import login

    def fail(request: HttpRequest) -> HttpResponse:
        login(request, alice)
        raise RuntimeError("the view fails")

    browser.get("/put", {"cart": "[1]"})
    before = token(browser)
    replace_view(monkeypatch, fail)
    browser.raise_request_exception = False
    assert browser.get("/plain").status_code == 500
    assert get_client().find(seen[0]) is None
    assert get_client().load(before, fresh=True) is None
    assert browser.get("/who").json()["user"] == ""


def test_a_login_without_a_request_has_its_identity_too(alice: Any, settings: Any) -> None:
    """As channels.auth.login() does it."""
    settings.FICHA = {**settings.FICHA, "identity": lambda user: Identity(f"user:{user.username}", roles=("teller",))}
    session = SessionStore()
    session.cycle_key()
    session["_auth_user_id"], session["_auth_user_backend"], session["_auth_user_hash"] = str(alice.pk), "a.B", ""
    with pytest.raises(ImproperlyConfigured, match="user_logged_in"):
        session.save()
    user_logged_in.send(sender=type(alice), request=None, user=alice)
    session.save()
    stored = session.snapshot
    assert stored is not None
    assert (stored.principal, stored.roles) == ("user:alice", ("teller",))
    conf._claimed.set(None)


# --- test clients ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Client, ficha.django.test.Client])
def test_a_test_client_is_logged_in_by_force(kind: type[Client], alice: Any) -> None:
    client = kind()
    client.force_login(alice)
    assert client.get("/who").json()["user"] == "alice"
    session = client.session
    session["prepared"] = [1]
    session.save()
    assert client.get("/show").json()["prepared"] == [1]
    client.logout()
    assert client.get("/who").json()["user"] == ""


if hasattr(AsyncClient, "aforce_login"):

    async def test_an_asynchronous_test_client_is_logged_in_by_force(transactional_db: None) -> None:
        client: Any = ficha.django.test.AsyncClient()
        await client.get("/make-user", {"name": "alice"})
        await client.aforce_login(await users().aget(username="alice"))
        assert (await client.get("/who")).json()["user"] == "alice"
        session = await client.asession()
        await session.aset("prepared", [1])
        await session.asave()
        assert (await client.get("/show")).json()["prepared"] == [1]


PROJECT = """
    import sys
    from django.conf import settings
    settings.configure(
        SECRET_KEY="x", ROOT_URLCONF=__name__, SESSION_ENGINE="ficha.django.sessions",
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "ficha.django"],
        MIDDLEWARE=["ficha.django.SessionMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        FICHA={"redis": {"url": "memory://"}},
    )
    import django
    django.setup()
    from django.http import HttpResponse
    from django.test import TestCase
    from django.urls import path
    from django.contrib.auth.models import User
    urlpatterns = [path("", lambda request: HttpResponse(request.user.username))]

    class Logins(TestCase):
        def test_force_login(self):
            self.client.force_login(User.objects.create_user("ada"))
            self.assertEqual(self.client.get("/").content, b"ada")
"""


@pytest.mark.parametrize(
    ("more", "command"),
    [
        (
            "",
            ["-c", "import project; from django.core.management import call_command; call_command('test', 'project')"],
        ),
        (
            """
    from django.test.runner import DiscoverRunner
    import ficha.django.test
    class Runner(ficha.django.test.RunnerMixin, DiscoverRunner): pass
    """,
            ["-c", "import sys, project; sys.exit(project.Runner().run_tests(['project']))"],
        ),
        ("", ["-m", "pytest", "-q", "-p", "no:django", "project.py"]),
    ],
    ids=["manage.py test", "a runner", "pytest"],
)
def test_a_project_s_own_tests_run_unchanged(tmp_path: Any, more: str, command: list[str]) -> None:
    (tmp_path / "project.py").write_text(textwrap.dedent(PROJECT) + textwrap.dedent(more))
    if "pytest" in command:
        with (tmp_path / "project.py").open("a") as file:
            file.write("import pytest\n@pytest.fixture(autouse=True, scope='session')\ndef database():\n")
            file.write("    from django.test.utils import setup_databases, setup_test_environment\n")
            file.write("    setup_test_environment(); setup_databases(0, False)\n")
    ran = subprocess.run([sys.executable, *command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "1 passed" in ran.stdout or "OK" in ran.stderr


def test_again_is_the_same_session(stored: SessionStore) -> None:
    assert again(stored).session_key == stored.session_key

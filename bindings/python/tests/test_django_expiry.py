"""When a session of Django's ends: what SessionBase.set_expiry() promises, as deadlines of the store."""

from __future__ import annotations

import time
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from django_helpers import again
from ficha.django import Identity, expiry, get_client
from ficha.django.sessions import SessionStore

pytestmark = pytest.mark.usefixtures("store", "long_lived")


@pytest.fixture
def long_lived(store: None, settings: Any) -> None:
    """Sessions may live as long as the longest."""
    settings.FICHA = {**settings.FICHA, "session": {"absolute_timeout": "400d"}}


def test_without_an_expiry_of_its_own_the_configuration_counts(session: SessionStore) -> None:
    assert session.get_expiry_age() == get_client().config.absolute_timeout
    assert not session.get_expire_at_browser_close()


@pytest.mark.parametrize("value", [10, timedelta(seconds=10)])
def test_an_expiry_in_seconds(session: SessionStore, value: Any) -> None:
    session.set_expiry(value)
    assert session.get_expiry_age() in (9, 10)
    delta = session.get_expiry_date() - timezone.now()
    assert 8 < delta.total_seconds() <= 10
    assert session.get_expiry_age(modification=timezone.now(), expiry=5) == 5


def test_an_expiry_at_a_moment_is_the_deadline_of_the_session(session: SessionStore) -> None:
    session["x"] = 1
    session.set_expiry(timezone.now() + timedelta(hours=1))
    session.save()
    stored = session.snapshot
    assert stored is not None
    assert 3595 <= stored.expires_at - stored.created_at <= 3600


def test_an_expiry_in_seconds_counts_from_the_last_use(session: SessionStore) -> None:
    session.set_expiry(14 * 86400)
    session.save()
    stored = session.snapshot
    assert stored is not None
    assert stored.idle_seconds == 14 * 86400
    assert stored.expires_at - stored.created_at >= 14 * 86400


def test_an_expiry_is_taken_back_of_a_session_that_has_lived_for_a_while(
    session: SessionStore, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.FICHA = {**settings.FICHA, "session": {"idle_timeout": "1h", "absolute_timeout": "1h"}}
    session.set_expiry(60)
    session.save()
    later = time.time() + 5
    monkeypatch.setattr(expiry, "time", SimpleNamespace(time=lambda: later))
    session.set_expiry(None)
    session.save()
    assert session.snapshot is not None
    assert 3590 <= session.snapshot.idle_seconds <= 3595


def test_an_expiry_set_on_a_stored_session_counts_and_leaves_token_and_login_alone(session: SessionStore) -> None:
    session.identify(Identity("alice", level=2))
    session["a"] = "c"
    session.save()
    before, key = session.snapshot, session.session_key
    changing = again(session)
    changing["b"] = 1
    changing.set_expiry(300)
    changing.save()
    after = again(session).snapshot
    assert changing.session_key == key
    assert before is not None
    assert after is not None
    assert (after.idle_seconds, dict(after.attributes)) == (300, {"a": "c", "b": 1})
    assert dict(after.protected) == {"_session_expiry": 300}
    assert (after.principal, after.level, after.authenticated_at) == ("alice", 2, before.authenticated_at)
    assert (after.id, after.generation) == (before.id, before.generation + 1)
    assert changing.snapshot is not None
    assert changing.snapshot.idle_seconds == 300


def test_an_expiry_that_is_taken_back_leaves_the_configuration_s(stored: SessionStore) -> None:
    for value in (timezone.now() + timedelta(days=100), None):
        session = again(stored)
        session.set_expiry(value)
        session.save()
    restored, config = again(stored).snapshot, get_client().config
    assert restored is not None
    assert restored.idle_seconds == config.idle_timeout
    assert restored.expires_at - restored.created_at <= config.absolute_timeout + 5


def test_expiry_zero_means_the_browser_s_session(session: SessionStore) -> None:
    session.set_expiry(0)
    assert session.get_expire_at_browser_close()
    session.set_expiry(None)
    assert not session.get_expire_at_browser_close()


@pytest.mark.parametrize(
    "value",
    [10 * 365 * 86400, 1e12, 10**30, timezone.now() + timedelta(days=10_000)],
    ids=["int", "float", "vast", "date"],
)
def test_an_expiry_in_the_far_future_is_the_longest_there_is(session: SessionStore, value: Any) -> None:
    session.set_expiry(value)
    session.save()
    stored = session.snapshot
    assert stored is not None
    assert stored.idle_seconds == 400 * 86400


@pytest.mark.parametrize("value", [timedelta(seconds=-10), -1, -(10**30)])
def test_an_expiry_in_the_past_ends_the_session(stored: SessionStore, value: Any) -> None:
    session = again(stored)
    session.set_expiry(value)
    session.save()
    assert not session.exists(str(stored.session_key))
    assert list(again(stored).items()) == []

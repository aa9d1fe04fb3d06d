"""System checks: each names one mistake, by a stable id."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.checks import run_checks
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings

from ficha import InvalidConfig
from ficha.django.conf import configuration
from ficha.django.translated import tell_lifetimes


def ids(deployment: bool = False) -> set[str]:
    messages = run_checks(include_deployment_checks=deployment)
    return {str(message.id) for message in messages if str(message.id).startswith("ficha.")}


def test_the_project_passes() -> None:
    assert ids() == set()


def test_a_mistake_in_the_configuration(settings: Any) -> None:
    settings.FICHA = {"session": {"idle_timeout": "soon"}}
    assert ids() == {"ficha.E001"}


def test_a_file_beside_other_keys(settings: Any) -> None:
    settings.FICHA = {"file": "ficha.toml", "redis": {}}
    assert ids() == {"ficha.E001"}


def test_a_file_that_is_not_named(settings: Any) -> None:
    settings.FICHA = {"file": None}  # of a variable that is not set: without its policy everybody would pass
    assert ids() == {"ficha.E001"}


def test_the_policy_before_the_session(settings: Any) -> None:
    settings.MIDDLEWARE = ["ficha.django.FichaMiddleware", "ficha.django.SessionMiddleware"]
    assert ids() == {"ficha.E003"}


def test_another_engine(settings: Any) -> None:
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.db"
    assert ids() == {"ficha.W001"}


class Derived(SessionMiddleware):
    """Somebody's own, of Django's."""


@pytest.mark.parametrize("name", ["SESSION_CACHE_ALIAS", "SESSION_FILE_PATH"])
def test_settings_of_other_engines(settings: Any, name: str) -> None:
    setattr(settings, name, "sessions")
    assert ids() == {"ficha.W003"}


def refusal() -> str:
    """What the configuration says, at the check and when a server starts."""
    message = next(str(message.msg) for message in run_checks() if message.id == "ficha.E001")
    with pytest.raises(InvalidConfig) as refused:
        WSGIHandler()
    assert str(refused.value) == message
    return message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SESSION_COOKIE_PATH", "/shop"),
        ("SESSION_COOKIE_HTTPONLY", False),
        ("SESSION_SERIALIZER", "project.Pickled"),
        ("SESSION_COOKIE_SAMESITE", False),
        ("SESSION_COOKIE_SAMESITE", None),
        ("SESSION_COOKIE_AGE", 0),
        ("SESSION_COOKIE_AGE", 401 * 86400),
        ("SESSION_COOKIE_AGE", True),
        ("SESSION_COOKIE_AGE", timedelta(days=1)),
    ],
)
def test_a_setting_that_cannot_be_translated_is_refused_by_its_name(settings: Any, name: str, value: object) -> None:
    setattr(settings, name, value)
    assert refusal().startswith(f"{name} = {value!r}")


def test_what_must_be_in_the_project_s_settings(settings: Any) -> None:
    for stock in ("django.contrib.sessions.middleware.SessionMiddleware", f"{__name__}.Derived"):
        settings.MIDDLEWARE = ["ficha.django.SessionMiddleware", stock]
        assert refusal().startswith(f'MIDDLEWARE: "{stock}"')
    settings.MIDDLEWARE = ["ficha.django.SessionMiddleware"]
    others = override_settings(INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"])
    with others, pytest.raises(InvalidConfig, match="INSTALLED_APPS"):
        WSGIHandler()


def test_cookie_names_that_differ(settings: Any) -> None:
    settings.FICHA = {"cookie": {"name": "__Host-ficha"}}
    assert refusal().startswith("SESSION_COOKIE_NAME")


@pytest.mark.parametrize(("name", "value"), [("SESSION_COOKIE_PATH", "/"), ("SESSION_COOKIE_HTTPONLY", True)])
def test_settings_that_say_what_holds_anyway(settings: Any, name: str, value: object) -> None:
    setattr(settings, name, value)
    assert ids() == set()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SESSION_COOKIE_SECURE", True),
        ("SESSION_COOKIE_SAMESITE", "Strict"),
        ("SESSION_COOKIE_DOMAIN", "shop.example"),
        ("SESSION_EXPIRE_AT_BROWSER_CLOSE", False),
    ],
)
def test_settings_that_a_cookie_table_overrules(settings: Any, name: str, value: object) -> None:
    settings.FICHA = {"cookie": {"name": "sessionid", "insecure_http": True}}
    assert ids() == set()
    setattr(settings, name, value)
    assert refusal().startswith(name)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SESSION_COOKIE_NAME", "sid\r\nX-Evil: 1"),
        ("SESSION_COOKIE_NAME", "sid; Domain=evil.example"),
        ("SESSION_COOKIE_DOMAIN", "shop.example\r\nX-Evil: 1"),
        ("SESSION_COOKIE_DOMAIN", "shop.example; SameSite=None"),
        ("SESSION_COOKIE_SAMESITE", "None"),
        ("SESSION_COOKIE_SAMESITE", "Lax; X"),
    ],
)
def test_cookie_settings_that_browsers_refuse_or_that_are_an_attack(settings: Any, name: str, value: str) -> None:
    setattr(settings, name, value)
    assert ids() == {"ficha.E001"}


def test_a_cookie_over_plain_http_in_production(settings: Any) -> None:
    assert ids(deployment=True) == {"ficha.W010"}
    settings.SESSION_COOKIE_SECURE = True
    assert ids(deployment=True) == set()


def test_django_s_session_cookie_settings_describe_the_cookie(settings: Any) -> None:
    settings.SESSION_COOKIE_NAME, settings.SESSION_COOKIE_SECURE = "__Host-sid", True
    settings.SESSION_COOKIE_SAMESITE, settings.SESSION_EXPIRE_AT_BROWSER_CLOSE = "Strict", True
    config = configuration()
    assert (config.cookie_name, config.cookie_secure, config.cookie_same_site) == ("__Host-sid", True, "strict")
    assert not config.cookie_persistent


def test_a_domain_with_a_leading_dot_is_the_domain(settings: Any) -> None:
    settings.SESSION_COOKIE_DOMAIN = ".example.com"
    assert configuration().cookie_domain == "example.com"


def lifetimes() -> tuple[int, int]:
    config = configuration()
    return config.idle_timeout, config.absolute_timeout


def test_sessions_live_as_long_as_django_s_settings_say(settings: Any) -> None:
    assert lifetimes() == (1209600, 1209600)
    settings.SESSION_COOKIE_AGE = 3600
    assert lifetimes() == (3600, 3600)
    settings.SESSION_SAVE_EVERY_REQUEST = True
    assert lifetimes() == (3600, 400 * 86400)


def test_lifetimes_of_the_table_session_count_and_are_not_contradicted(settings: Any) -> None:
    settings.FICHA = {**settings.FICHA, "session": {"absolute_timeout": "8h"}}
    assert lifetimes() == (1800, 28800)
    settings.SESSION_COOKIE_AGE = 28800
    assert lifetimes() == (1800, 28800)
    settings.SESSION_COOKIE_AGE = 3600
    assert refusal().startswith("SESSION_COOKIE_AGE")


def test_a_table_session_without_lifetimes_leaves_them_to_django_s_settings(settings: Any) -> None:
    settings.FICHA = {**settings.FICHA, "session": {"max_per_principal": 5}}
    assert lifetimes() == (1209600, 1209600)


def test_lifetimes_that_are_not_django_s_are_told_at_start(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    tell_lifetimes.cache_clear()
    settings.FICHA = {**settings.FICHA, "session": {"absolute_timeout": "8h"}}
    with caplog.at_level("INFO", logger="ficha"):
        WSGIHandler()
    (message,) = caplog.messages
    assert "after 1800 s without use, and after 28800 s" in message
    assert "SESSION_COOKIE_AGE" in message

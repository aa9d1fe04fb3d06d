"""System checks: each names one mistake, by a stable id."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import run_checks


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


def test_cookie_names_that_differ(settings: Any) -> None:
    settings.FICHA = {"cookie": {"name": "__Host-ficha"}}
    assert ids() == {"ficha.E002"}


def test_the_policy_before_the_session(settings: Any) -> None:
    settings.MIDDLEWARE = ["ficha.django.FichaMiddleware", "ficha.django.SessionMiddleware"]
    assert ids() == {"ficha.E003"}


def test_another_engine(settings: Any) -> None:
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.db"
    assert ids() == {"ficha.W001"}


def test_django_s_own_session_middleware(settings: Any) -> None:
    settings.MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware", *settings.MIDDLEWARE[1:]]
    assert ids() == {"ficha.W002"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SESSION_COOKIE_AGE", 1209600),
        ("SESSION_SAVE_EVERY_REQUEST", True),
        ("SESSION_SERIALIZER", "project.Pickled"),
        ("SESSION_COOKIE_PATH", "/shop"),
        ("SESSION_COOKIE_HTTPONLY", False),
    ],
)
def test_settings_that_are_not_used(settings: Any, name: str, value: object) -> None:
    setattr(settings, name, value)
    assert ids() == {"ficha.W003"}


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
    assert ids() == {"ficha.W004"}


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
    from ficha.django.conf import configuration

    settings.SESSION_COOKIE_NAME, settings.SESSION_COOKIE_SECURE = "__Host-sid", True
    settings.SESSION_COOKIE_SAMESITE, settings.SESSION_EXPIRE_AT_BROWSER_CLOSE = "Strict", True
    config = configuration()
    assert (config.cookie_name, config.cookie_secure, config.cookie_same_site) == ("__Host-sid", True, "strict")
    assert not config.cookie_persistent

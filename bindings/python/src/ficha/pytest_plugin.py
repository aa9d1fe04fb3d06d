"""For pytest, which loads it by itself: Django's test clients put the token into the cookie. See ficha.django.test."""

from __future__ import annotations

import os
import sys

import pytest


@pytest.fixture(autouse=True, scope="session")
def _ficha_test_clients() -> None:
    """Where a project's settings name our engine; nothing else is touched."""
    if "django" not in sys.modules:
        return
    from django.conf import settings

    known = settings.configured or os.environ.get("DJANGO_SETTINGS_MODULE")
    if known and settings.SESSION_ENGINE == "ficha.django.sessions":
        from ficha.django.test import install

        install()

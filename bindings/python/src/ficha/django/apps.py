"""The application "ficha.django": checks, management command and the login signal."""

from __future__ import annotations

from importlib.util import find_spec

from django.apps import AppConfig, apps
from django.conf import settings

from ficha.django.translated import ENGINE


class FichaConfig(AppConfig):
    """Needed in INSTALLED_APPS for checks, the management command, and identities with roles."""

    name = "ficha.django"
    label = "ficha"
    verbose_name = "Ficha sessions"

    def ready(self) -> None:
        """Register the checks, and what Channels and drf-spectacular need where they are used."""
        from ficha.django import checks, logins  # noqa: F401

        if settings.SESSION_ENGINE == ENGINE and find_spec("channels") and find_spec("channels.sessions"):
            from ficha.django import channels

            channels.install()

        if apps.is_installed("drf_spectacular"):
            from ficha.drf import openapi  # noqa: F401

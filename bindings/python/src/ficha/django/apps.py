"""The application "ficha.django": checks, management command and the login signal."""

from __future__ import annotations

from django.apps import AppConfig, apps


class FichaConfig(AppConfig):
    """Needed in INSTALLED_APPS for checks, the management command, and identities with roles."""

    name = "ficha.django"
    label = "ficha"
    verbose_name = "Ficha sessions"

    def ready(self) -> None:
        """Register the checks, and the OpenAPI extension where drf-spectacular is used."""
        from ficha.django import checks  # noqa: F401

        if apps.is_installed("drf_spectacular"):
            from ficha.drf import openapi  # noqa: F401

"""drf-spectacular: how FichaAuthentication looks in an OpenAPI document. Imported by ficha.django's AppConfig."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

from ficha.django.conf import get_client


class FichaScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The session cookie, or the same token as a Bearer credential."""

    target_class = "ficha.drf.authentication.FichaAuthentication"
    name = ["fichaCookie", "fichaBearer"]  # noqa: RUF012
    match_subclasses = True

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[Any]]]:
        """Return one requirement for each name: either will do, and both at once are refused."""
        return [{name: []} for name in self.name]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, str]]:
        """Return one definition for each name."""
        return [
            {"type": "apiKey", "in": "cookie", "name": get_client().config.cookie_name},
            {"type": "http", "scheme": "bearer"},
        ]

"""Django REST Framework without FichaMiddleware: its authentication class applies the policy."""

from __future__ import annotations

from typing import Any

import django_service
import serving


def make() -> Any:
    """Return the application, for the kind of server that was asked for."""
    rest = {
        "DEFAULT_AUTHENTICATION_CLASSES": ["ficha.drf.FichaAuthentication"],
        "DEFAULT_PERMISSION_CLASSES": [],
        "UNAUTHENTICATED_USER": None,
    }
    django_service.configure("drf_urls", INSTALLED_APPS=["rest_framework"], POLICY=[], REST_FRAMEWORK=rest)
    from django.core.wsgi import get_wsgi_application

    application = get_wsgi_application()
    django_service.announce(["/secret.json", "/users.json", "/users/7.json", "/items.json", "/Capital/x.json"])
    return serving.mounted_wsgi(application)


if __name__ == "__main__":
    serving.main("drf", serving.WSGI_SERVERS)

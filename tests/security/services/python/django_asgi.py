"""Django on an ASGI server, below the policy."""

from __future__ import annotations

from typing import Any

import django_service
import serving


def make() -> Any:
    """Return the application."""
    django_service.configure("django_urls")
    from django.core.asgi import get_asgi_application

    application = get_asgi_application()
    django_service.announce(["/secret/deep/er"])
    return serving.mounted_asgi(application)


if __name__ == "__main__":
    serving.main("django_asgi", serving.ASGI_SERVERS)

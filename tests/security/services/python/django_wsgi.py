"""Django on a WSGI server, below the policy."""

from __future__ import annotations

from typing import Any

import django_service
import serving


def make() -> Any:
    """Return the application."""
    django_service.configure("django_urls")
    from django.core.wsgi import get_wsgi_application

    application = get_wsgi_application()
    django_service.announce(["/secret/deep/er"])
    return serving.mounted_wsgi(application)


if __name__ == "__main__":
    serving.main("django_wsgi", serving.WSGI_SERVERS)

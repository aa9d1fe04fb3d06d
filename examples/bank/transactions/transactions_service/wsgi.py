"""For WSGI servers."""

import os

from django.core.wsgi import get_wsgi_application

from ficha.django import get_client

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "transactions_service.settings")
application = get_wsgi_application()
get_client()  # a mistake in ficha.toml shows now, not with the first request

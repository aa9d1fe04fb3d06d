"""Sessions in Ficha."""

import os

from settings_common import *  # noqa: F403

INSTALLED_APPS = ["ficha.django"]
MIDDLEWARE = ["ficha.django.SessionMiddleware"]
SESSION_ENGINE = "ficha.django.sessions"
FICHA = {"redis": {"url": f"redis://127.0.0.1:{os.environ['REDIS_PORT']}/0"}}

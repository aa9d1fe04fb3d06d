"""Settings of every Django service of the bank; each adds its apps, its URLs and its database to them."""

import os
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

from bank_service.private import private_file

INSTANCE = os.environ["INSTANCE"]
BANK_ORIGIN = os.environ["BANK_ORIGIN"]
BANK_DATA = os.environ["BANK_DATA"]

FICHA = {"file": os.environ["FICHA_CONFIG"]}
SESSION_ENGINE = "ficha.django.sessions"
SESSION_COOKIE_NAME = "__Host-ficha"
# X-Forwarded-For counts when one of these connects; as [trust] in ficha.toml.
TRUSTED_PROXIES = ("127.0.0.1",)

SECRET_KEY = get_random_secret_key()  # signs nothing that outlives the process
ALLOWED_HOSTS = [str(urlsplit(BANK_ORIGIN).hostname), "127.0.0.1"]
USE_TZ = True

MIDDLEWARE = [
    "ficha.django.SessionMiddleware",
    "ficha.django.FichaMiddleware",
]

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["ficha.drf.FichaAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "EXCEPTION_HANDLER": "bank_service.errors.respond",
    "UNAUTHENTICATED_USER": None,
}

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATA_UPLOAD_MAX_MEMORY_SIZE = 128 * 1024

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}


def database(name: str) -> dict[str, object]:
    """Return the database of a service: SQLite, or PostgreSQL by the environment's NAME_DATABASE_URL.

    postgresql://user:password@host:port/name?sslmode=verify-full, all of it percent-encoded; after the "?" come libpq's
    parameters. Raises ImproperlyConfigured for any other kind of URL.
    """
    variable = f"{name.upper()}_DATABASE_URL"
    if given := os.environ.get(variable):
        try:
            url = urlsplit(given)
            port = url.port
        except ValueError:  # its message may show a part of the password
            raise ImproperlyConfigured(f"{variable} cannot be read: are its parts percent-encoded?") from None
        if url.scheme != "postgresql":
            raise ImproperlyConfigured(f"{variable} does not begin with postgresql://")
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(url.path.lstrip("/")),
            "USER": unquote(url.username or ""),
            "PASSWORD": unquote(url.password or ""),
            "HOST": url.hostname or "",
            "PORT": str(port or ""),
            "OPTIONS": dict(parse_qsl(url.query)),
            "CONN_MAX_AGE": 60,
            "CONN_HEALTH_CHECKS": True,
        }
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": private_file(os.path.join(BANK_DATA, f"{name}.sqlite3")),
        # A transaction that will write takes its turn at the start: it cannot fail half-way because another was faster.
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 5,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
    }

"""Settings of the authentication module."""

from pathlib import Path

from bank_service.settings import *  # noqa: F403
from bank_service.settings import BANK_ORIGIN, MIDDLEWARE, REST_FRAMEWORK, database

SERVICE = "auth"
ROOT_URLCONF = "auth_service.urls"
WSGI_APPLICATION = "auth_service.wsgi.application"
DATABASES = {"default": database(SERVICE)}

INSTALLED_APPS = [
    "accounts",
    "oauth2_provider",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "rest_framework",
    "ficha.django",
]
MIDDLEWARE = [*MIDDLEWARE, "accounts.authentication.UserMiddleware"]
REST_FRAMEWORK = {
    **REST_FRAMEWORK,
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.UserAuthentication"],
}
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent / "templates"],
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]
LOGIN_URL = f"{BANK_ORIGIN}/"

PASSWORD_HASHERS = ["accounts.hashers.Argon2"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]

# Roles are Django's groups of these names. A new user is a customer.
ROLES = ("admin", "auditor", "card-manager", "customer", "trader")
FIRST_ROLE = "customer"
# What a token may be used for that somebody gets who logs in here; applications get a part of it, never "account".
LOGIN_SCOPES = ("account", "transactions:read", "transactions:write")

# How many failed attempts are free in the window, and how long one then waits, in seconds; see accounts/throttle.py.
LOGIN_WINDOW = 900
LOGIN_FREE_PER_PAIR = 5  # of one address at one account
LOGIN_FREE_PER_ADDRESS = 50
LOGIN_FREE_PER_ACCOUNT = 30  # from addresses that the account does not know
LOGIN_FIRST_WAIT = 10  # doubles with each failure
LOGIN_LONGEST_WAIT = 900
LOGIN_LONGEST_WAIT_OF_ACCOUNT = 60
LOGIN_KNOWN_DAYS = 90

OAUTH2_PROVIDER_APPLICATION_MODEL = "accounts.Application"
OAUTH2_PROVIDER = {
    "SCOPES": {
        "transactions:read": "See your accounts and transfers",
        "transactions:write": "Make transfers",
    },
    "SCOPES_BACKEND_CLASS": "accounts.oauth.ApplicationScopes",
    "OAUTH2_BACKEND_CLASS": "accounts.oauth.Backend",
    "OAUTH2_SERVER_CLASS": "accounts.oauth.Server",
    "OAUTH2_VALIDATOR_CLASS": "accounts.oauth.Validator",
    "ACCESS_TOKEN_GENERATOR": "accounts.oauth.issue_token",
    "ACCESS_TOKEN_EXPIRE_SECONDS": 3600,
    # An application on the user's machine receives the code on a loopback port of its choice (RFC 8252, section 7.3).
    "ALLOWED_REDIRECT_URI_SCHEMES": ["http", "https"],
    "ALLOW_LOCALHOST_LOOPBACK": True,
    "PKCE_REQUIRED": True,
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
    # Only a digest of the token is kept.
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
}

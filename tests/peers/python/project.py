"""One project with the packages that keep something of sessions, on Ficha's or on Django's own. Told by SIDE."""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings

SIDE = os.environ["SIDE"]
ON_FICHA = SIDE == "ficha"

settings.configure(
    SECRET_KEY="only for tests",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF="urls",
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["DATABASE"]}},
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend",
    CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}},
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.humanize",
        "django.contrib.messages",
        "django.contrib.sessions",
        "allauth",
        "allauth.account",
        "allauth.socialaccount",
        "allauth.socialaccount.providers.dummy",
        "allauth.usersessions",
        "axes",
        "channels",
        "django_otp",
        "django_otp.plugins.otp_static",
        "hijack",
        "rest_framework",
        *(["ficha.django"] if ON_FICHA else []),
    ],
    MIDDLEWARE=[
        "ficha.django.SessionMiddleware" if ON_FICHA else "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django_otp.middleware.OTPMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "hijack.middleware.HijackUserMiddleware",
        "allauth.account.middleware.AccountMiddleware",
        "allauth.usersessions.middleware.UserSessionsMiddleware",
        "axes.middleware.AxesMiddleware",
    ],
    AUTHENTICATION_BACKENDS=[
        "axes.backends.AxesStandaloneBackend",
        "django.contrib.auth.backends.ModelBackend",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
    MESSAGE_STORAGE="django.contrib.messages.storage.session.SessionStorage",
    LOGIN_REDIRECT_URL="/who",
    LOGOUT_REDIRECT_URL="/who",
    LOGIN_URL="/accounts/login/",
    ACCOUNT_EMAIL_VERIFICATION="none",
    ACCOUNT_LOGIN_BY_CODE_ENABLED=True,
    ACCOUNT_RATE_LIMITS=False,
    AXES_FAILURE_LIMIT=3,
    AXES_VERBOSE=False,
    OTP_STATIC_THROTTLE_FACTOR=0,
    LOGGING={"version": 1, "disable_existing_loggers": False, "root": {"level": "CRITICAL"}},
    SESSION_ENGINE="ficha.django.sessions" if ON_FICHA else "django.contrib.sessions.backends.db",
    **({"FICHA": {"redis": {"url": os.environ["REDIS_URL"]}, "csrf": {"mode": "off"}}} if ON_FICHA else {}),
)


def setup() -> Any:
    """Return the model of users, with its table and the packages' ready."""
    import django
    from django.contrib.auth import get_user_model
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    return get_user_model()

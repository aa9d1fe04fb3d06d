"""What an existing project has, and the lines that Ficha changes. The store is set by the tests."""

from __future__ import annotations

import os
from typing import Any

SECRET_KEY = "only for tests"
DEBUG = False
ALLOWED_HOSTS = ["*"]
USE_TZ = True
ROOT_URLCONF = "project.urls"
ASGI_APPLICATION = "project.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ.get("DATABASE", ":memory:")}}
STATIC_URL = "static/"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "drf_spectacular",
    "ficha.django",
]
MIDDLEWARE = [
    "ficha.django.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
if os.environ.get("POLICY"):
    MIDDLEWARE.insert(1, "ficha.django.FichaMiddleware")
TEMPLATES: list[dict[str, Any]] = [
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
]
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

SESSION_ENGINE = "ficha.django.sessions"
FICHA: dict[str, Any] = {
    "redis": {"url": os.environ.get("REDIS_URL", "memory://")},
    "prefixes": os.environ.get("PREFIXES", "").split(),
    "csrf": {"mode": "off"},
    "rule": [
        {"path": "/nobody", "allow": "nobody"},
        {"path": "/private/**", "allow": "authenticated"},
        {"path": "/tellers/**", "roles": ["teller"]},
        {"path": "/recent", "max_auth_age": "5m"},
        {"path": "/**", "allow": "anyone"},
    ],
}

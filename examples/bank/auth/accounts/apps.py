"""The app."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Users, roles, applications."""

    name = "accounts"

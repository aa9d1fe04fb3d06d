"""The app."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """Accounts, transfers, entries."""

    name = "ledger"

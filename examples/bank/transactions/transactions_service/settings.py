"""Settings of the ledger: no users, no passwords, no groups."""

from bank_service.settings import *  # noqa: F403
from bank_service.settings import database

SERVICE = "transactions"
ROOT_URLCONF = "transactions_service.urls"
WSGI_APPLICATION = "transactions_service.wsgi.application"
DATABASES = {"default": database(SERVICE)}
INSTALLED_APPS = ["ledger", "rest_framework", "ficha.django"]

# What a new customer starts with, in cents.
OPENING_BALANCES = {"Current account": 250_000, "Savings": 1_000_000}
# How old a login may be for a transfer, in seconds; as in ficha.toml.
TRANSFER_AUTH_AGE = 300

"""What Django's users and groups, and the OAuth toolkit's models, lack."""

from __future__ import annotations

from django.db import models
from oauth2_provider.models import AbstractApplication


class Application(AbstractApplication):
    """An OAuth client, and what it may ask for."""

    scopes = models.TextField(blank=True, help_text="Separated by spaces.")
    may_introspect = models.BooleanField(default=False, help_text="A service that is sent tokens, and asks about them.")


class SpentCode(models.Model):
    """An authorization code that was exchanged, and the session it gave: its next use ends that."""

    code_digest = models.CharField(max_length=64, unique=True)
    application = models.ForeignKey(Application, on_delete=models.CASCADE)
    session_id = models.CharField(max_length=64)
    expires = models.DateTimeField()  # when the session has ended at the latest


class FailedAttempt(models.Model):
    """A login that failed, or is being tried. Digests: what was typed as a name may be a password."""

    account = models.CharField(max_length=64, help_text="Empty where the attempt is at no account.")
    address = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        """The counts are look-ups."""

        indexes = (
            models.Index(fields=["account", "address", "at"], name="failed_at_account"),
            models.Index(fields=["address", "at"], name="failed_from_address"),
            models.Index(fields=["at"], name="failed_at"),
        )


class KnownAddress(models.Model):
    """An address at which somebody has logged in to an account."""

    account = models.CharField(max_length=64)
    address = models.CharField(max_length=64)
    at = models.DateTimeField()  # of the latest login

    class Meta:
        """One row for each pair."""

        constraints = (models.UniqueConstraint(fields=["account", "address"], name="known_once"),)

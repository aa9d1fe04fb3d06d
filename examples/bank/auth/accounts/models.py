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
    """A login that failed, or is being tried: counted against its account and against its address."""

    subject = models.CharField(max_length=64)  # a digest: logins with names that do not exist are kept, too
    at = models.DateTimeField()

    class Meta:
        """The count is a look-up."""

        indexes = (models.Index(fields=["subject", "at"]),)

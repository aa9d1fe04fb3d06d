"""Accounts, and transfers between them. Money is integers of cents."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Account(models.Model):
    """An account; its balance is the sum of its entries."""

    number = models.CharField(max_length=22, unique=True)
    owner = models.CharField(max_length=256, db_index=True, help_text="The principal; empty for the bank's own.")
    name = models.CharField(max_length=100)

    class Meta:
        """Opening an account twice at the same time makes one."""

        constraints = (models.UniqueConstraint(fields=["owner", "name"], name="one_of_a_name"),)


class Transfer(models.Model):
    """One movement of money: its entries sum up to nothing."""

    ordered_by = models.CharField(max_length=256)
    idempotency_key = models.CharField(max_length=255, null=True)
    note = models.CharField(max_length=140, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        """An order that is repeated under its key is one transfer."""

        constraints = (models.UniqueConstraint(fields=["ordered_by", "idempotency_key"], name="one_for_a_key"),)


class Entry(models.Model):
    """What a transfer does to one account."""

    transfer = models.ForeignKey(Transfer, models.PROTECT, related_name="entries")
    account = models.ForeignKey(Account, models.PROTECT, related_name="entries")
    cents = models.BigIntegerField()

    class Meta:
        """An account has one entry of a transfer, and it does something."""

        constraints = (
            models.UniqueConstraint(fields=["transfer", "account"], name="one_entry_each"),
            models.CheckConstraint(condition=~Q(cents=0), name="not_nothing"),
        )

"""What can be done with the ledger. Every change is one transaction of the database."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Prefetch, Q, QuerySet, Sum
from rest_framework import exceptions

from ledger.models import Account, Entry, Transfer

BANK = "Cash"


class UnknownAccount(exceptions.APIException):
    """There is no such account, or it is not the caller's."""

    status_code = 404
    default_detail = "There is no such account."
    default_code = "unknown_account"


class InsufficientFunds(exceptions.APIException):
    """The account does not hold as much."""

    status_code = 409
    default_detail = "The account does not hold as much."
    default_code = "insufficient_funds"


class KeyUsed(exceptions.APIException):
    """The idempotency key belongs to another order."""

    status_code = 422
    default_detail = "This Idempotency-Key was used for another transfer."
    default_code = "idempotency_key_used"


@dataclass(frozen=True)
class Order:
    """A transfer that somebody wants."""

    principal: str
    source: str  # id or number of an account of the principal
    target: str  # number of any account
    cents: int
    note: str = ""
    key: str | None = None


def accounts_of(principal: str) -> QuerySet[Account]:
    """Return the principal's accounts, each with its balance in cents."""
    return Account.objects.filter(owner=principal).annotate(balance=Sum("entries__cents", default=0)).order_by("id")


def transfers_of(principal: str) -> QuerySet[Transfer]:
    """Return the transfers from and to the principal's accounts, newest first."""
    entries = Prefetch("entries", Entry.objects.select_related("account").order_by("cents"))
    mine = Transfer.objects.filter(entries__account__owner=principal).distinct()
    return mine.prefetch_related(entries).order_by("-id")


def open_accounts(principal: str) -> None:
    """Give a new customer accounts with money in them; a customer who has them keeps them."""
    if Account.objects.filter(owner=principal).exists():
        return
    try:
        with transaction.atomic():
            bank, _ = Account.objects.get_or_create(owner="", name=BANK, defaults={"number": "FICHA00000000"})
            for name, cents in settings.OPENING_BALANCES.items():
                account = Account.objects.create(owner=principal, name=name, number=_new_number())
                _book(Transfer.objects.create(ordered_by="", note="Welcome"), bank, account, cents)
    except IntegrityError:
        return  # opened by another request meanwhile


def transfer(order: Order) -> tuple[Transfer, bool]:
    """Carry an order out once; return the transfer, and whether it is new.

    Raises UnknownAccount, InsufficientFunds, KeyUsed.
    """
    with transaction.atomic():
        source, target = _find(order)
        if (known := _known(order)) is not None:  # after an order that held the accounts until now
            return known, False
        if _balance(source) < order.cents:
            raise InsufficientFunds
        try:
            with transaction.atomic():
                new = Transfer.objects.create(ordered_by=order.principal, idempotency_key=order.key, note=order.note)
        except IntegrityError:  # the key came at the same time with an order between other accounts
            if (first := _known(order)) is None:
                raise
            return first, False
        _book(new, source, target, order.cents)
        return new, True


def _known(order: Order) -> Transfer | None:
    if order.key is None:
        return None
    known = Transfer.objects.filter(ordered_by=order.principal, idempotency_key=order.key).first()
    if known is None:
        return None
    source, target = known.entries.select_related("account").order_by("cents")
    same = (target.cents, known.note, target.account.number) == (order.cents, order.note, order.target)
    if not same or order.source not in (str(source.account.id), source.account.number):
        raise KeyUsed
    return known


def _find(order: Order) -> tuple[Account, Account]:
    # The accounts stay locked, in one order for everybody, until the transfer is booked.
    source = Q(number=order.source)
    if order.source.isdecimal() and len(order.source) < 19:
        source |= Q(id=int(order.source))
    wanted = (source & Q(owner=order.principal)) | Q(number=order.target)
    found = list(Account.objects.select_for_update().filter(wanted).order_by("id"))
    targets = [account for account in found if account.number == order.target]
    sources = [account for account in found if account.number != order.target]
    if len(targets) != 1 or len(sources) != 1 or not targets[0].owner:
        raise UnknownAccount
    return sources[0], targets[0]


def _balance(account: Account) -> int:
    return int(account.entries.aggregate(sum=Sum("cents", default=0))["sum"])


def _book(entry_of: Transfer, source: Account, target: Account, cents: int) -> None:
    Entry.objects.bulk_create(
        [
            Entry(transfer=entry_of, account=source, cents=-cents),
            Entry(transfer=entry_of, account=target, cents=cents),
        ]
    )


def _new_number() -> str:
    return f"FICHA{secrets.randbelow(10**12):012}"

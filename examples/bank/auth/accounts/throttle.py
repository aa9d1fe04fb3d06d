"""The brake on guessing passwords.

Three counts, each of the latest failures, and each with a wait that doubles beyond what is free:

- of one address at one account. An address that guesses waits; the owner, at another address, does not.
- of one address at all accounts.
- of one account, from the addresses at which nobody has logged in to it lately: guesses from many addresses wait for
  each other. The owner does not wait with them wherever she has logged in before.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone
from rest_framework.exceptions import Throttled
from rest_framework.request import Request

from accounts.models import FailedAttempt, KnownAddress


class Attempt:
    """An attempt that is counted as failed until it is said to have succeeded."""

    def __init__(self, counted: FailedAttempt) -> None:
        """Hold what was counted."""
        self._counted = counted

    def succeeded(self) -> None:
        """Forget it and what this address failed at this account before; from now on the account knows the address."""
        account, address = self._counted.account, self._counted.address
        if not account:
            self._counted.delete()
            return
        FailedAttempt.objects.filter(account=account, address=address).delete()
        now = timezone.now()
        KnownAddress.objects.update_or_create(account=account, address=address, defaults={"at": now})
        KnownAddress.objects.filter(at__lte=now - timedelta(days=settings.LOGIN_KNOWN_DAYS)).delete()


def attempt(request: Request, username: str | None = None) -> Attempt:
    """Count an attempt, before its password is looked at; raises Throttled, with the time to wait.

    Without an account, the address alone counts. Counted first and forgiven later, attempts made at the same time
    cannot all slip through: each is in the database before it looks there, so whoever looks last sees all of them.
    """
    now = timezone.now()
    FailedAttempt.objects.filter(at__lte=now - timedelta(seconds=settings.LOGIN_WINDOW)).delete()
    counted = FailedAttempt.objects.create(
        account="" if username is None else _digest("account", username.casefold()),
        address=_digest("address", _network(client_address(request))),
        at=now,
    )
    until = max(filter(None, (_free_again(*count) for count in _counts(counted))), default=now)
    if until > now:
        counted.delete()  # it was not made
        raise Throttled(wait=math.ceil((until - now).total_seconds()))
    return Attempt(counted)


def client_address(request: Request) -> str:
    """Return who connected to the proxy; the connection's own peer where that is no proxy of ours."""
    peer: str = request.META["REMOTE_ADDR"]
    if peer in settings.TRUSTED_PROXIES and (forwarded := request.headers.get("X-Forwarded-For")):
        return str(forwarded).rsplit(",", 1)[-1].strip()
    return peer


def _counts(counted: FailedAttempt) -> Iterable[tuple[QuerySet[FailedAttempt], int, int]]:
    """Return the other failures that count, each kind with how many are free and the longest wait in seconds."""
    others = FailedAttempt.objects.exclude(pk=counted.pk)
    longest = settings.LOGIN_LONGEST_WAIT
    yield others.filter(address=counted.address), settings.LOGIN_FREE_PER_ADDRESS, longest
    if not counted.account:
        return
    of_account = others.filter(account=counted.account)
    yield of_account.filter(address=counted.address), settings.LOGIN_FREE_PER_PAIR, longest
    known = KnownAddress.objects.filter(account=counted.account).values_list("address", flat=True)
    if counted.address not in known:
        unknown = of_account.filter(~Q(address__in=known))
        yield unknown, settings.LOGIN_FREE_PER_ACCOUNT, settings.LOGIN_LONGEST_WAIT_OF_ACCOUNT


def _free_again(failures: QuerySet[FailedAttempt], free: int, longest: int) -> datetime | None:
    times = list(failures.order_by("-at").values_list("at", flat=True))
    if len(times) < free:
        return None
    doublings = min(len(times) - free, 16)
    return times[0] + timedelta(seconds=min(settings.LOGIN_FIRST_WAIT << doublings, longest))


def _network(address: str) -> str:
    """Return the address, of IPv6 the /64 that a single customer has."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def _digest(kind: str, name: str) -> str:
    return hashlib.sha256(f"{kind}\0{name}".encode()).hexdigest()

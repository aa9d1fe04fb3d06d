"""The brake on guessing passwords: a few failures a minute for each account and each address."""

from __future__ import annotations

import hashlib
import math
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from rest_framework.exceptions import Throttled
from rest_framework.request import Request

from accounts.models import FailedAttempt


class Attempt:
    """An attempt that is counted as failed until it is said to have succeeded."""

    def __init__(self, username: str | None, counted: list[FailedAttempt]) -> None:
        """Hold what was counted."""
        self._username = username
        self._counted = counted

    def succeeded(self) -> None:
        """Forget it, and the account's failures before it; those of the address stay."""
        forgiven = Q(pk__in=[each.pk for each in self._counted])
        if self._username is not None:
            forgiven |= Q(subject=_account(self._username))
        FailedAttempt.objects.filter(forgiven).delete()


def attempt(request: Request, username: str | None = None) -> Attempt:
    """Count an attempt, before its password is looked at; raises Throttled, with the time to wait.

    Without an account, the address alone counts. Counted first and forgiven later, attempts made at the same time
    cannot all slip through: each is in the database before it looks there, so whoever looks last sees all of them.
    """
    limits = {_subject("address", client_address(request)): settings.LOGIN_FAILURES_PER_ADDRESS}
    if username is not None:
        limits[_account(username)] = settings.LOGIN_FAILURES_PER_ACCOUNT
    now = timezone.now()
    FailedAttempt.objects.filter(at__lte=now - _window()).delete()
    counted = FailedAttempt.objects.bulk_create(FailedAttempt(subject=subject, at=now) for subject in limits)
    for subject, limit in limits.items():
        newest = FailedAttempt.objects.filter(subject=subject).order_by("-at")
        times = list(newest.values_list("at", flat=True)[: limit + 1])
        if len(times) > limit:
            FailedAttempt.objects.filter(pk__in=[each.pk for each in counted]).delete()  # it was not made
            raise Throttled(wait=_seconds_until(times[-1] + _window(), now))
    return Attempt(username, counted)


def client_address(request: Request) -> str:
    """Return who connected to the proxy; the connection's own peer where that is no proxy of ours."""
    peer: str = request.META["REMOTE_ADDR"]
    if peer in settings.TRUSTED_PROXIES and (forwarded := request.headers.get("X-Forwarded-For")):
        return str(forwarded).rsplit(",", 1)[-1].strip()
    return peer


def _account(username: str) -> str:
    return _subject("account", username.casefold())


def _subject(kind: str, name: str) -> str:
    return hashlib.sha256(f"{kind}\0{name}".encode()).hexdigest()


def _window() -> timedelta:
    return timedelta(seconds=settings.LOGIN_WINDOW)


def _seconds_until(moment: datetime, now: datetime) -> int:
    return max(1, math.ceil((moment - now).total_seconds()))

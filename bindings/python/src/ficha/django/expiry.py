"""When a session of Django's ends: the values of set_expiry(), as timeouts of the store."""

from __future__ import annotations

import math
import time
from datetime import datetime, timedelta
from typing import TypedDict

from django.core.exceptions import SuspiciousOperation
from django.utils import timezone

from ficha import InvalidArgument, Session
from ficha.django.conf import get_client

#: What ``_session_expiry`` may be: seconds since the last use, or a moment in ISO 8601.
Expiry = int | float | str


class Timeouts(TypedDict, total=False):
    """A session's own timeouts, in seconds; the configuration's where they are absent."""

    idle_timeout: int
    absolute_timeout: int


class InvalidExpiry(SuspiciousOperation, InvalidArgument):
    """What is no expiry was given to set_expiry(). Django answers 400."""

    def __init__(self) -> None:
        """Say what is one."""
        super().__init__("an expiry is a number of seconds, a datetime, a timedelta, or None")


def checked_expiry(value: object) -> Expiry:
    """Return what set_expiry() stores: no later than the configured absolute timeout. Raises InvalidExpiry."""
    longest = get_client().config.absolute_timeout
    if isinstance(value, timedelta):
        value = timezone.now() + value if value <= timedelta(seconds=longest) else longest_moment(timezone.now())
    if isinstance(value, str):
        value = _moment(value)
    if isinstance(value, datetime):
        return min(value, longest_moment(_now_like(value))).isoformat()
    return min(_number(value), longest)


def timeouts_of(expiry: object) -> Timeouts | None:
    """Return the timeouts of a new session with this ``_session_expiry``; None if it has passed already."""
    if not expiry:
        return {}
    longest = get_client().config.absolute_timeout
    if isinstance(expiry, str):
        moment = _moment(expiry)
        seconds = math.ceil(min((moment - _now_like(moment)).total_seconds(), longest))
        timeouts: Timeouts = {"idle_timeout": seconds, "absolute_timeout": seconds}
    else:
        seconds = math.ceil(min(_number(expiry), longest))
        timeouts = {"idle_timeout": seconds}
    return timeouts if seconds > 0 else None


def changed_timeouts(session: Session, timeouts: Timeouts) -> Timeouts:
    """Return the timeouts of a stored session whose expiry changes: its life as a whole grows no longer by that."""
    config = get_client().config
    left = max(1, session.created_at + config.absolute_timeout - int(time.time()))
    absolute = min(timeouts.get("absolute_timeout", left), left)
    return {
        "idle_timeout": min(timeouts.get("idle_timeout", config.idle_timeout), absolute),
        "absolute_timeout": absolute,
    }


def longest_moment(now: datetime) -> datetime:
    """Return when a session that is used now ends at the latest."""
    return now + timedelta(seconds=get_client().config.absolute_timeout)


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise InvalidExpiry from None


def _now_like(moment: datetime) -> datetime:
    return timezone.now() if timezone.is_aware(moment) else datetime.now()


def _number(expiry: object) -> int | float:
    if isinstance(expiry, bool) or not isinstance(expiry, (int, float)) or not math.isfinite(_small(expiry)):
        raise InvalidExpiry
    return expiry


def _small(number: int | float) -> float:
    # math.isfinite() fails on integers beyond the range of float; those are finite.
    return number if isinstance(number, float) else 0.0

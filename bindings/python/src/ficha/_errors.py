"""One exception class for every error of the core; the codes are stable and the same in every language."""

from __future__ import annotations

import logging
from typing import Any, ClassVar

from ficha import _core
from ficha._core import Decision, ErrorResponse

_logger = logging.getLogger("ficha")

# {code: (name, HTTP status)}, as the core has them.
_TABLE = _core.error_table()


class FichaError(Exception):
    """Base of every error; ``code``, ``name`` and ``http_status`` belong to the class."""

    code: ClassVar[int] = 0
    name: ClassVar[str] = "unknown"
    http_status: ClassVar[int] = 503

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Give a class of a code the name and the status that the core has for it."""
        super().__init_subclass__(**kwargs)
        if "code" in vars(cls):
            cls.name, cls.http_status = _TABLE[cls.code]


class InvalidArgument(FichaError, ValueError):
    """A value is out of its documented range, or JSON cannot carry it."""

    code = 1


class InvalidConfig(FichaError, ValueError):
    """The configuration cannot work; reported when a client is opened."""

    code = 2


class TooLarge(FichaError, ValueError):
    """A value, record or token exceeds its documented size."""

    code = 3


class StoreError(FichaError):
    """The store could not answer. Says nothing about the session: an outage is never a logout."""


class Unavailable(StoreError, ConnectionError):
    """Not connected, refused, or the server is not ready."""

    code = 10


class OperationTimeout(StoreError, TimeoutError):
    """A deadline passed, and nothing can have been changed."""

    code = 11


class AccessDenied(StoreError):
    """The server refused the credentials or the command."""

    code = 12


class WriteRefused(StoreError):
    """The server takes no writes now: read-only, out of memory, or without its replicas."""

    code = 13


class CorruptRecord(StoreError):
    """What is stored is not a session record of a known version."""

    code = 14


class UnknownOutcome(StoreError):
    """A write was sent and no reply came: it may have happened."""

    code = 15


class Overloaded(StoreError):
    """Too many commands are in flight."""

    code = 16


class Incomplete(StoreError):
    """Not all of a principal's sessions could be found in time, on a server that evicts keys."""

    code = 17


class SessionGone(FichaError):
    """A write to a session that is no longer live."""

    code = 20


class Conflict(FichaError):
    """The expected generation differs from the stored one."""

    code = 21


class AttributeExists(FichaError):
    """An ``add`` of an attribute that is there."""

    code = 22


class SessionLimit(FichaError):
    """The principal has as many sessions as it may have."""

    code = 23


class ClientClosed(FichaError):
    """The client was closed."""

    code = 30


ERRORS: dict[int, type[FichaError]] = {
    error.code: error
    for error in (
        InvalidArgument,
        InvalidConfig,
        TooLarge,
        Unavailable,
        OperationTimeout,
        AccessDenied,
        WriteRefused,
        CorruptRecord,
        UnknownOutcome,
        Overloaded,
        Incomplete,
        SessionGone,
        Conflict,
        AttributeExists,
        SessionLimit,
        ClientClosed,
    )
}


def make_error(code: int, message: str) -> FichaError:
    """Return the exception for an error of the core. Called by the native module."""
    return ERRORS.get(code, FichaError)(message)


#: What the core has an answer for, other than that something went wrong here.
ANSWERED = tuple(error for error in ERRORS.values() if error.http_status)


def respond_to(denied: Decision | FichaError | type[FichaError]) -> ErrorResponse:
    """Return what a client is told of a decision that does not allow, or of an error: the same in every host.

    Of InvalidArgument and TooLarge it is the error's own sentence; without one, as of a class, a general one.
    """
    if isinstance(denied, Decision):
        return _core.respond_to(denied)
    sentence = str(denied) if isinstance(denied, FichaError) else ""
    return _core.respond_to(denied.code, sentence.encode(errors="replace"))


def answer_to(error: FichaError) -> ErrorResponse:
    """Return respond_to(error) for a host; the log hears of what may be the application's mistake, and where."""
    answer = respond_to(error)
    if isinstance(error, InvalidArgument | TooLarge):
        _logger.warning("a request is answered %d: %s", answer.status, error, exc_info=error)
    return answer

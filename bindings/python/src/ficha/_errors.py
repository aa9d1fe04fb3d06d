"""One exception class for every error of the core; the codes are stable and the same in every language."""

from __future__ import annotations

from typing import ClassVar


class FichaError(Exception):
    """Base of every error; ``code``, ``name`` and ``http_status`` belong to the class."""

    code: ClassVar[int] = 0
    name: ClassVar[str] = "unknown"
    http_status: ClassVar[int] = 503


class InvalidArgument(FichaError, ValueError):
    """A value is out of its documented range, or JSON cannot carry it."""

    code, name, http_status = 1, "invalid_argument", 400


class InvalidConfig(FichaError, ValueError):
    """The configuration cannot work; reported when a client is opened."""

    code, name, http_status = 2, "invalid_config", 0


class TooLarge(FichaError, ValueError):
    """A value, record or token exceeds its documented size."""

    code, name, http_status = 3, "too_large", 413


class StoreError(FichaError):
    """The store could not answer. Says nothing about the session: an outage is never a logout."""


class Unavailable(StoreError, ConnectionError):
    """Not connected, refused, or the server is not ready."""

    code, name = 10, "unavailable"


class OperationTimeout(StoreError, TimeoutError):
    """A deadline passed, and nothing can have been changed."""

    code, name = 11, "timeout"


class AccessDenied(StoreError):
    """The server refused the credentials or the command."""

    code, name = 12, "access_denied"


class WriteRefused(StoreError):
    """The server takes no writes now: read-only, out of memory, or without its replicas."""

    code, name = 13, "write_refused"


class CorruptRecord(StoreError):
    """What is stored is not a session record of a known version."""

    code, name = 14, "corrupt_record"


class UnknownOutcome(StoreError):
    """A write was sent and no reply came: it may have happened."""

    code, name = 15, "unknown_outcome"


class Overloaded(StoreError):
    """Too many commands are in flight."""

    code, name = 16, "overloaded"


class Incomplete(StoreError):
    """Not all of a principal's sessions could be found in time, on a server that evicts keys."""

    code, name = 17, "incomplete"


class SessionGone(FichaError):
    """A write to a session that is no longer live."""

    code, name, http_status = 20, "session_gone", 401


class Conflict(FichaError):
    """The expected generation differs from the stored one."""

    code, name, http_status = 21, "conflict", 409


class AttributeExists(FichaError):
    """An ``add`` of an attribute that is there."""

    code, name, http_status = 22, "attribute_exists", 409


class SessionLimit(FichaError):
    """The principal has as many sessions as it may have."""

    code, name, http_status = 23, "session_limit", 429


class ClientClosed(FichaError):
    """The client was closed."""

    code, name, http_status = 30, "closed", 0


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

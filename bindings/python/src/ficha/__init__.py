"""Sessions in Redis, shared by services in Python, Node, Java and C++.

>>> with ficha.Client("memory://") as client:
...     token = client.create("alice", {"cart": [1, 2]}).token
...     client.load(token).attributes["cart"]
[1, 2]
"""

from ficha._attributes import REMOVE
from ficha._client import Client
from ficha._config import Source as ConfigSource
from ficha._core import NOT_READY, Config, Decision, ErrorResponse, ManualClock, ResponseCookie, Session
from ficha._credential import Credential
from ficha._errors import (
    AccessDenied,
    AttributeExists,
    ClientClosed,
    Conflict,
    CorruptRecord,
    FichaError,
    Incomplete,
    InvalidArgument,
    InvalidConfig,
    OperationTimeout,
    Overloaded,
    SessionGone,
    SessionLimit,
    StoreError,
    TooLarge,
    Unavailable,
    UnknownOutcome,
    WriteRefused,
    respond_to,
)
from ficha._http import environ_request, scope_request
from ficha._identity import Identity
from ficha.routes import Finding, Route

__all__ = [
    "NOT_READY",
    "REMOVE",
    "AccessDenied",
    "AttributeExists",
    "Client",
    "ClientClosed",
    "Config",
    "ConfigSource",
    "Conflict",
    "CorruptRecord",
    "Credential",
    "Decision",
    "ErrorResponse",
    "FichaError",
    "Finding",
    "Identity",
    "Incomplete",
    "InvalidArgument",
    "InvalidConfig",
    "ManualClock",
    "OperationTimeout",
    "Overloaded",
    "ResponseCookie",
    "Route",
    "Session",
    "SessionGone",
    "SessionLimit",
    "StoreError",
    "TooLarge",
    "Unavailable",
    "UnknownOutcome",
    "WriteRefused",
    "environ_request",
    "respond_to",
    "scope_request",
]

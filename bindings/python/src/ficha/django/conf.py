"""The setting ``FICHA`` and the client made from it.

FICHA = {"file": BASE_DIR / "ficha.toml"}        one file for every service, or
FICHA = {"redis": {"url": "rediss://…"}}         the same tables and keys in a dict

Without a file, Django's SESSION_COOKIE_* settings describe the cookie, unless there is a table "cookie", and
SESSION_COOKIE_AGE how long sessions live, unless the table "session" says so. Two keys are this service's
own, and may stand beside "file": "identity" names a function that makes an Identity of a user who has logged in, and
"prefixes" what is taken off the paths of this service (FORCE_SCRIPT_NAME is one by itself).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from ficha import Client, Config, InvalidConfig
from ficha._config import read_config
from ficha._identity import Identity
from ficha.django.translated import ENGINE, check_settings, cookie_table, session_table

_OWN = frozenset({"identity", "prefixes"})

_lock = threading.Lock()
_client: Client | None = None


def _renew_lock() -> None:
    # Another thread of the parent may have held it.
    global _lock
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_renew_lock)


def get_client() -> Client:
    """Return the process's client, opened at its first use. Raises InvalidConfig."""
    global _client
    client = _client
    if client is None:
        with _lock:
            client = _client = _client or Client(configuration())
    return client


def configuration() -> Config:
    """Return the configuration that the settings describe. Raises InvalidConfig."""
    options = {key: value for key, value in _options().items() if key not in _OWN}
    config = _read(options).with_prefixes(_prefixes())
    if settings.SESSION_ENGINE == ENGINE:
        check_settings(config, options)
    return config


def _read(options: Mapping[str, Any]) -> Config:
    if "file" in options:
        if len(options) > 1:
            others = ", ".join(key for key in options if key != "file")
            raise InvalidConfig(f'FICHA["file"] stands alone: {others} belong into the file')
        if options["file"] is None:
            raise InvalidConfig('FICHA["file"] is None: without a policy everybody would pass')
        return read_config(options["file"])
    tables = dict(options)
    if "cookie" not in tables:
        tables["cookie"] = cookie_table()
    tables["session"] = session_table(tables.get("session", {}))
    return read_config(tables)


def _prefixes() -> list[str]:
    given = _options().get("prefixes", ())
    if isinstance(given, str) or not all(isinstance(prefix, str) for prefix in given):
        raise InvalidConfig('FICHA["prefixes"] is a list of paths such as "/shop"')
    forced = (settings.FORCE_SCRIPT_NAME or "").rstrip("/")
    return [*given, *([forced] if forced and forced not in given else [])]


def identity_of(user: Any) -> Identity:
    """Return the identity of a user who has logged in."""
    function: Callable[[Any], Identity] | str | None = _options().get("identity")
    if function is None:
        return Identity(user._meta.pk.value_to_string(user))
    make = import_string(function) if isinstance(function, str) else function
    return cast(Identity, make(user))


# Who has logged in without a request: (user's id as the session holds it, identity). See claim().
_claimed: ContextVar[tuple[str, Identity] | None] = ContextVar("ficha_claimed", default=None)


def claim(user: Any) -> None:
    """Remember who has logged in, for the session that will be saved in this context."""
    _claimed.set((user._meta.pk.value_to_string(user), identity_of(user)))


def claimed_identity(user_id: str) -> Identity:
    """Return the identity of a user who was logged in without a request, of whom the session holds the id alone."""
    claimed = _claimed.get()
    if claimed is not None and claimed[0] == user_id:
        return claimed[1]
    if _options().get("identity") is not None:
        raise ImproperlyConfigured('a login without the signal user_logged_in: FICHA["identity"] cannot be asked')
    return Identity(user_id)


def _options() -> Mapping[str, Any]:
    options: Mapping[str, Any] = getattr(settings, "FICHA", {})
    if not isinstance(options, Mapping):
        raise InvalidConfig("FICHA is a dict")
    return options


def close_client() -> None:
    """Close the process's client; the next get_client() opens another."""
    global _client
    with _lock:
        client, _client = _client, None
    if client is not None:
        client.close()


def _on_setting_changed(*, setting: str, **_: object) -> None:
    if setting in ("FICHA", "FORCE_SCRIPT_NAME", "MIDDLEWARE") or setting.startswith("SESSION_"):
        close_client()


setting_changed.connect(_on_setting_changed, dispatch_uid="ficha.django.conf")

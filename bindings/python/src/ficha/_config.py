"""Configuration from a ficha.toml, a URL, or a dict in the shape of that file."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeGuard, Union

from ficha._core import Config
from ficha._errors import InvalidConfig

# None is a table that sets nothing.
_Value = bool | int | str | list[str] | None
Source = Union[Config, Mapping[str, Any], str, "os.PathLike[str]"]


def read_config(source: Source) -> Config:
    """Return the configuration that ``source`` stands for; raises InvalidConfig.

    A str with ``://`` is the URL of Redis (or ``memory://``); any other is the path of a ficha.toml. A mapping has the
    file's tables and keys; durations may be given as timedelta.
    """
    if isinstance(source, Config):
        return source
    if isinstance(source, Mapping):
        settings: list[tuple[str, _Value]] = []
        if source:
            _flatten(settings, "", source)
        return Config.from_settings(settings)
    path = os.fspath(source)
    if "://" in path:
        return Config.from_settings([("redis.url", path)])
    return Config.load(path)


def _flatten(settings: list[tuple[str, _Value]], name: str, value: object) -> None:
    """Append what ``value`` holds, under the dotted names by which the core knows settings."""
    if isinstance(value, Mapping):
        if not value:
            settings.append((name, None))
        for key, nested in value.items():
            if not isinstance(key, str):
                raise InvalidConfig(f"configuration keys are str, not {type(key).__name__}")
            _flatten(settings, f"{name}.{key}" if name else key, nested)
    elif _is_array_of_tables(value):
        for number, table in enumerate(value):
            _flatten(settings, f"{name}[{number}]", table)
    else:
        settings.append((name, _value(name, value)))


def _is_array_of_tables(value: object) -> TypeGuard[Sequence[Mapping[str, object]]]:
    return isinstance(value, (list, tuple)) and bool(value) and all(isinstance(element, Mapping) for element in value)


def _value(name: str, value: object) -> _Value:
    if isinstance(value, timedelta):
        return f"{value // timedelta(milliseconds=1)}ms"
    if isinstance(value, (bool, str)) or (isinstance(value, int) and abs(value) < 2**63):
        return value
    if isinstance(value, os.PathLike):
        return os.fsdecode(value)
    if isinstance(value, (list, tuple, set, frozenset)) and all(isinstance(element, str) for element in value):
        return list(value)
    if value is None:
        raise InvalidConfig(f"{name} is None: leave it out, or say what it is to be")
    raise InvalidConfig(f"{name}: {type(value).__name__} is no configuration value")

"""Configuration from a ficha.toml, a URL, or a dict in the shape of that file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Union

from ficha._core import Config
from ficha._errors import InvalidConfig

Source = Union[Config, Mapping[str, Any], str, "os.PathLike[str]"]


def read_config(source: Source) -> Config:
    """Return the configuration that ``source`` stands for; raises InvalidConfig.

    A str with ``://`` is the URL of Redis (or ``memory://``); any other is the path of a ficha.toml. A mapping has the
    file's tables and keys; durations may be given as timedelta.
    """
    if isinstance(source, Config):
        return source
    if isinstance(source, Mapping):
        return Config.parse(_toml(source), "configuration")
    path = os.fspath(source)
    if "://" in path:
        return Config.parse(_toml({"redis": {"url": path}}), "configuration")
    return Config.load(path)


def _toml(tables: Mapping[str, Any]) -> str:
    lines: list[str] = []
    _write_table(lines, "", tables)
    return "\n".join(lines)


def _write_table(lines: list[str], prefix: str, table: Mapping[str, Any]) -> None:
    nested: list[tuple[str, Any]] = []
    for key, value in table.items():
        if isinstance(value, Mapping) or _is_array_of_tables(value):
            nested.append((key, value))
        elif value is not None:
            lines.append(f"{_key(key)} = {_value(prefix + key, value)}")
    for key, value in nested:
        name = prefix + _key(key)
        if isinstance(value, Mapping):
            lines.append(f"[{name}]")
            _write_table(lines, name + ".", value)
        else:
            for element in value:
                lines.append(f"[[{name}]]")
                _write_table(lines, name + ".", element)


def _is_array_of_tables(value: object) -> bool:
    return isinstance(value, (list, tuple)) and bool(value) and all(isinstance(element, Mapping) for element in value)


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise InvalidConfig(f"configuration keys are str, not {type(key).__name__}")
    return key if key.replace("_", "").replace("-", "").isalnum() and key.isascii() else _string(key)


def _string(text: str) -> str:
    # A TOML basic string takes JSON's escapes, but wants DEL escaped too.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def _value(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, timedelta):
        return f'"{value // timedelta(milliseconds=1)}ms"'
    if isinstance(value, (str, os.PathLike)):
        return _string(os.fspath(value))
    if isinstance(value, (list, tuple, set, frozenset)):
        return "[" + ", ".join(_value(name, element) for element in value) + "]"
    raise InvalidConfig(f"{name}: {type(value).__name__} is no configuration value")

"""Configuration from files, URLs and dicts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

import ficha
from ficha._config import read_config

EVERYTHING = {
    "redis": {"url": "memory://", "namespace": "shop"},
    "session": {"idle_timeout": "10m", "absolute_timeout": timedelta(hours=2), "max_per_principal": 3},
    "cookie": {"name": "sid", "insecure_http": True, "same_site": "strict", "persistent": True},
    "csrf": {"mode": "token", "trusted_origins": ["https://app.example.org"], "header": "X-Proof"},
    "rule": [
        {"path": "/a/**", "methods": ["GET", "POST"], "roles": ["teller"], "max_auth_age": timedelta(minutes=5)},
        {"path": "/**", "allow": "authenticated", "touch": False},
    ],
}


def test_a_dict_has_the_shape_of_the_file() -> None:
    config = read_config(EVERYTHING)
    assert (config.idle_timeout, config.absolute_timeout, config.rule_count) == (600, 7200, 2)
    assert (config.cookie_name, config.cookie_same_site, config.cookie_secure) == ("sid", "strict", False)
    assert (config.cookie_persistent, config.csrf_mode, config.csrf_header) == (True, "token", "X-Proof")


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "ficha.toml"
    path.write_text('[redis]\nurl = "memory://"\n[session]\nidle_timeout = "5m"\n')
    assert read_config(path).idle_timeout == 300
    assert read_config(str(path)).idle_timeout == 300


def test_a_mistake_in_a_file_names_file_line_and_key(tmp_path: Path) -> None:
    path = tmp_path / "ficha.toml"
    path.write_text('[session]\nidle_timeuot = "5m"\n')
    with pytest.raises(ficha.InvalidConfig, match=r"ficha\.toml.*2.*idle_timeuot"):
        ficha.Client(path)


@pytest.mark.parametrize(
    "tables",
    [
        {"sesion": {}},
        {"session": {"idle_timeout": "soon"}},
        {"session": {"idle_timeout": object()}},
        {"cookie": {"name": "__Host-x", "domain": "example.org"}},
        {"rule": [{"path": "/**", "allow": "anyone"}, {"path": "/a", "allow": "nobody"}]},
        {"rule": [{"path": "/**", "roles": None}]},  # of a setting that is not set
        {"rule": None},
        {5: {}},
    ],
)
def test_a_mistake_in_a_dict_is_an_error_at_once(tables: dict[str, object]) -> None:
    with pytest.raises(ficha.InvalidConfig):
        ficha.Client(tables)


@pytest.mark.parametrize("text", ['"', "\\", "\n", "\t", "\x7f", "é", "]", "#", "'''"])
def test_any_text_survives_the_way_into_the_configuration(text: str) -> None:
    with pytest.raises(ficha.InvalidConfig) as caught:
        read_config({"session": {"idle_timeout": text}})
    assert "idle_timeout" in str(caught.value)


def test_secrets_are_not_in_messages() -> None:
    with pytest.raises(ficha.InvalidConfig) as caught:
        ficha.Client("redis://user:hunter2@[bad/0")
    assert "hunter2" not in str(caught.value)

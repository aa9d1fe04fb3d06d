"""scikit-build-core, with the core's sources put into source distributions: pip builds those anywhere."""

from __future__ import annotations

import shutil
from pathlib import Path

from scikit_build_core.build import (
    build_editable,
    build_wheel,
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
    get_requires_for_build_wheel,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)
from scikit_build_core.build import build_sdist as build_plain_sdist

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]

HERE = Path(__file__).resolve().parent.parent
COPY = HERE / "core-source"  # where CMakeLists.txt looks first
PARTS = ("CMakeLists.txt", "LICENSE", "cmake", "core")


def build_sdist(sdist_directory: str, config_settings: dict[str, list[str] | str] | None = None) -> str:
    """Build the source distribution with a copy of the core in it."""
    if COPY.exists():  # this is an unpacked source distribution itself
        return build_plain_sdist(sdist_directory, config_settings)
    try:
        COPY.mkdir()
        for part in PARTS:
            source = HERE.parents[1] / part
            (shutil.copytree if source.is_dir() else shutil.copy)(source, COPY / part)
        return build_plain_sdist(sdist_directory, config_settings)
    finally:
        shutil.rmtree(COPY)

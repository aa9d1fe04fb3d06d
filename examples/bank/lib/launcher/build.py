"""Builds what the services need, and only what has changed since the last time."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
BANK = ROOT / "examples" / "bank"
BUILD = ROOT / "build" / "bank"
VENV = BUILD / "venv"

_NOT_SOURCES = {"node_modules", "dist", "target", "build", "__pycache__", ".mypy_cache", ".pytest_cache", "prebuilds"}


class BuildFailed(Exception):
    """A command ended with an error; its last lines are in the message."""


@dataclass(frozen=True)
class Step:
    """Commands that need to run again when one of their inputs has changed."""

    name: str
    what: str
    inputs: tuple[Path, ...]
    commands: tuple[tuple[str, ...], ...]
    directory: Path = ROOT

    def run(self) -> None:
        """Run the commands, unless they have run on these inputs; raises BuildFailed."""
        stamp = BUILD / "stamps" / self.name
        state = self._state()
        if stamp.exists() and stamp.read_text() == state:
            return
        print(f"bank: {self.what}", end="", flush=True)
        started = time.monotonic()
        stamp.parent.mkdir(parents=True, exist_ok=True)
        log = BUILD / f"build-{self.name}.log"
        with log.open("w") as output:
            for command in self.commands:
                ended = subprocess.run(command, cwd=self.directory, stdout=output, stderr=subprocess.STDOUT)
                if ended.returncode != 0:
                    print(flush=True)
                    tail = "\n".join(log.read_text(errors="replace").splitlines()[-30:])
                    raise BuildFailed(f"{self.what} failed: {' '.join(command)}\n{tail}\n(whole log: {log})")
        stamp.write_text(state)
        print(f" ({time.monotonic() - started:.0f} s)", flush=True)

    def _state(self) -> str:
        digest = hashlib.sha256(repr(self.commands).encode())
        for path in self._sources():
            digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
        return digest.hexdigest()

    def _sources(self) -> Iterator[Path]:
        for given in self.inputs:
            if given.is_file():
                yield given
                continue
            for folder, names, files in os.walk(given):
                names[:] = sorted(set(names) - _NOT_SOURCES)
                yield from (Path(folder) / file for file in sorted(files))


def build() -> None:
    """Run the steps of every service that is there; one launcher at a time."""
    from services import steps

    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for step in steps():
            step.run()


CORE = (ROOT / "CMakeLists.txt", ROOT / "cmake", ROOT / "core")
_PYTHON = ROOT / "bindings" / "python"
_NODE = ROOT / "bindings" / "node"
_NPM_OPTIONS = ("--no-audit", "--no-fund", "--loglevel=error")
_REQUIREMENTS = BANK / "lib" / "django" / "requirements.txt"

PYTHON_ENVIRONMENT = Step(
    "python-environment",
    "installing Django, REST framework and OAuth toolkit",
    (_REQUIREMENTS,),
    (
        (sys.executable, "-m", "venv", "--clear", str(VENV)),
        (str(VENV / "bin" / "pip"), "install", "--quiet", "--requirement", str(_REQUIREMENTS)),
    ),
)
PYTHON_PACKAGE = Step(
    "python-package",
    "building and installing the Python package",
    (*CORE, _REQUIREMENTS, _PYTHON / "pyproject.toml", _PYTHON / "CMakeLists.txt", _PYTHON / "native", _PYTHON / "src"),
    (
        (
            # The compiler as CMake names it elsewhere: ccache has compiled the core for the C++ service already.
            *(
                "env",
                "CXX=c++",
                str(VENV / "bin" / "pip"),
                "install",
                "--quiet",
                "--no-build-isolation",
                "--force-reinstall",
                "--no-deps",
            ),
            *(f"--config-settings=build-dir={BUILD / 'python'}", f"{_PYTHON}[drf]"),
        ),
    ),
)
_CPP = BUILD / "cpp"
_CPP_OPTIONS = ("-DCMAKE_BUILD_TYPE=Release", "-DFICHA_BUILD_TESTS=OFF", "-DFICHA_BUILD_BENCH=OFF")
CPP_SERVICE = Step(
    "rates",
    "building the core and the C++ service",
    (*CORE, BANK / "rates", ROOT / "examples" / "common"),
    (
        ("cmake", "-S", str(ROOT), "-B", str(_CPP), "-G", "Ninja", *_CPP_OPTIONS),
        ("cmake", "--build", str(_CPP), "--target", "bank-rates"),
    ),
)
NODE_PACKAGE = Step(
    "node-package",
    "building the Node package",
    (*CORE, _NODE / "package.json", _NODE / "CMakeLists.txt", _NODE / "native", _NODE / "lib", _NODE / "scripts"),
    # Its install script would be content with an addon of older sources.
    (("npm", "install", "--no-package-lock", "--ignore-scripts", *_NPM_OPTIONS), ("npm", "run", "--silent", "build")),
    _NODE,
)
_JAVA_INPUTS = (*CORE, ROOT / "bindings" / "java")
JAVA_PACKAGE = Step(
    "java-package",
    "building the Java packages",
    _JAVA_INPUTS,
    (("mvn", "-B", "-q", "-Dmaven.test.skip", "-Dmaven.javadoc.skip", "-Dspotless.check.skip", "install"),),
    ROOT / "bindings" / "java",
)


def npm(name: str, what: str, *scripts: str) -> Step:
    """Return the step that installs a folder's npm packages, and runs scripts of its package.json."""
    folder = BANK / name
    # Linked whatever npm's default, which was a copy for a while (npm 9.0 to 9.3): the lock files are of links.
    commands = [
        ("npm", "ci", "--install-links=false", *_NPM_OPTIONS),
        *(("npm", "run", "--silent", script) for script in scripts),
    ]
    return Step(name, what, (folder,), tuple(commands), folder)


def maven(name: str, what: str) -> Step:
    """Return the step that packages a folder's Maven project."""
    return Step(name, what, (BANK / name, *_JAVA_INPUTS), (("mvn", "-B", "-q", "package"),), BANK / name)

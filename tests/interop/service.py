"""A running endpoint, as a test sees it: calls, their answers, and the sessions among them."""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest

T = TypeVar("T")

ANSWER_LIMIT_SECONDS = 20
# "Within milliseconds" for a push to the other processes; generous, because the machine may be busy.
COHERENCE_LIMIT_SECONDS = 2


class RemoteError(Exception):
    """An error of the library, as the endpoint reports it."""

    def __init__(self, code: int, name: str, status: int) -> None:
        super().__init__(name)
        self.code, self.name, self.status = code, name, status


class Token(str):
    """The secret; does not show when a test fails."""

    def __repr__(self) -> str:
        return "<token>"


@dataclass(frozen=True)
class Session:
    """What every language must report alike."""

    id: str
    token: Token | None = field(compare=False)
    principal: str
    generation: int
    created_at: int
    expires_at: int
    idle_seconds: int
    authenticated_at: int
    level: int
    device: list[str]
    roles: list[str]
    scopes: list[str]
    attributes: dict[str, Any]

    @classmethod
    def of(cls, described: dict[str, Any]) -> Session:
        fields = dict(described)
        fields["token"] = None if fields["token"] is None else Token(fields["token"])
        fields["attributes"] = {name: json.loads(text) for name, text in fields["attributes"].items()}
        return cls(**fields)


@dataclass(frozen=True)
class Decision:
    status: int
    verdict: str
    reason: str
    session: Session | None


def texts(values: dict[str, Any]) -> dict[str, str]:
    return {name: json.dumps(value, ensure_ascii=False) for name, value in values.items()}


class Service:
    """One endpoint. Calls may be sent ahead of their answers, which come in the same order."""

    def __init__(self, language: str, command: list[str], config: Path) -> None:
        self.language = language
        self._process = subprocess.Popen(
            [*command, str(config)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        self._answers: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._outstanding = 0
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __repr__(self) -> str:
        return self.language

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._answers.put(line)
        self._answers.put("")

    def send(self, op: str, **arguments: Any) -> None:
        for name in ("attributes", "set", "add"):
            if name in arguments:
                arguments[name] = texts(arguments[name])
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"op": op, **arguments}, ensure_ascii=False) + "\n")
        self._process.stdin.flush()
        self._outstanding += 1

    def receive(self) -> Any:
        """Return the value of the next answer, or raise its error."""
        self._outstanding -= 1
        line = self._answers.get(timeout=ANSWER_LIMIT_SECONDS)
        assert line, f"the endpoint in {self.language} ended"
        answer = json.loads(line)
        if "error" in answer:
            raise RemoteError(**answer["error"])
        return answer["value"]

    def outcome(self) -> Any:
        """Return the value of the next answer, or its error's name."""
        try:
            return self.receive()
        except RemoteError as error:
            return error.name

    def settle(self) -> None:
        """Leave no answer to the next test, where this one has failed before it took them all."""
        while self._outstanding:
            self.outcome()

    def call(self, op: str, **arguments: Any) -> Any:
        self.send(op, **arguments)
        return self.receive()

    def close(self) -> int:
        """End the input and return the exit status."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            return self._process.wait(timeout=ANSWER_LIMIT_SECONDS)
        finally:
            if self._process.poll() is None:
                self._process.kill()
            self._reader.join()
            assert self._process.stdout is not None
            self._process.stdout.close()

    # --- the operations ----------------------------------------------------------------------------------------------

    def create(self, principal: str = "", **arguments: Any) -> Session:
        return Session.of(self.call("create", principal=principal, **arguments))

    def load(self, token: Token | None, fresh: bool = False) -> Session | None:
        described = self.call("load", token=token, fresh=fresh)
        return None if described is None else Session.of(described)

    def patch(self, session: Session, **changes: Any) -> int:
        generation: int = self.call("patch", id=session.id, **changes)
        return generation

    def rotate(self, session: Session, grace: int = 0) -> Session:
        return Session.of(self.call("rotate", id=session.id, grace=grace))

    def login(self, current: Session, principal: str, **arguments: Any) -> Session:
        return Session.of(self.call("login", token=current.token, principal=principal, **arguments))

    def revoke(self, session: Session) -> bool:
        revoked: bool = self.call("revoke", id=session.id)
        return revoked

    def list(self, principal: str) -> list[Session]:
        return [Session.of(described) for described in self.call("list", principal=principal)]

    def authorize(self, token: Token | None, path: str = "/") -> Decision:
        headers = [] if token is None else [["Cookie", f"__Host-ficha={token}"]]
        decision = self.call("authorize", method="GET", path=path, headers=headers)
        session = decision.pop("session")
        return Decision(**decision, session=session and Session.of(session))

    def follow(self, session: Session) -> Session:
        """Return the live session with this one's token."""
        loaded = self.load(session.token)
        assert loaded is not None
        return loaded


def eventually(ask: Callable[[], T], wanted: Callable[[T], bool]) -> T:
    """Ask until the answer is as wanted; the last answer when it is not in time."""
    limit = time.monotonic() + COHERENCE_LIMIT_SECONDS
    while not wanted(answer := ask()) and time.monotonic() < limit:
        pass
    return answer


@contextlib.contextmanager
def fails(name: str) -> Iterator[None]:
    """Expect the library's error of this name."""
    with pytest.raises(RemoteError) as caught:
        yield
    assert caught.value.name == name

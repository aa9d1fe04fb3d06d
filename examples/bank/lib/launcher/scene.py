"""What the checks have at hand: the system, visitors, and ways to say what is expected."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from browser import Answer, Browser
from services import SERVICES
from system import System

COOKIE = "__Host-ficha"


class Failed(Exception):
    """Something is not as promised."""


class Scene:
    """One check's view of the running system."""

    def __init__(self, system: System) -> None:
        """Look at it."""
        self.system = system
        self.services = [service.name for service in SERVICES]

    @cached_property
    def admin(self) -> Browser:
        """The administrator's browser."""
        return self.logged_in("admin")

    def visitor(self) -> Browser:
        """Return a browser without cookies."""
        return Browser(self.system.origin)

    def logged_in(self, name: str) -> Browser:
        """Return the browser of somebody who has just logged in."""
        visitor = self.visitor()
        expect(self.log_in(visitor, name), 200)
        return visitor

    def log_in(self, visitor: Browser, name: str) -> Answer:
        """Log one of the demo's users in."""
        return visitor.post("/auth/login", {"username": name, "password": self.system.passwords[name]})

    def everywhere(self, visitor: Any, status: int) -> list[Answer]:
        """Ask every service for the session, both instances of cards; return the answers, all with the status."""
        paths = [f"/{service}/session" for service in [*self.services, "cards"] if service in self.services]
        return [expect(visitor.get(path), status) for path in paths]

    def open_account(self, name: str) -> None:
        """Register somebody, and remember the password."""
        self.system.passwords[name] = "a fine pass phrase"
        credentials = {"username": name, "password": self.system.passwords[name]}
        expect(self.visitor().post("/auth/register", credentials), 201)

    def assign(self, name: str, *roles: str) -> None:
        """Give somebody roles, as the administrator."""
        expect(self.admin.ask("PUT", f"/auth/users/{name}/roles", {"roles": list(roles)}), 200)

    @contextmanager
    def roles(self, name: str, *roles: str) -> Iterator[None]:
        """Give somebody roles for a while."""
        self.assign(name, *roles)
        try:
            yield
        finally:
            self.assign(name, "customer")

    def seconds_until_refused(self, visitor: Browser, act: Callable[[], object]) -> float:
        """Return how long after `act` was acknowledged the last request was sent that any service still let through.

        Every service is asked without a pause, from before `act` until it refuses.
        """
        last_passed = {}
        failures: list[str] = []
        started = threading.Barrier(len(self.services) + 1)

        def knock(service: str) -> None:
            tab = visitor.copy()
            begun = False
            for _ in range(10_000):
                answer = tab.get(f"/{service}/session")
                if not begun:
                    begun = True
                    started.wait()
                if answer.status == 401:
                    return
                if answer.status != 200:
                    failures.append(f"{service} answered {answer.status}")
                    return
                last_passed[service] = answer.sent_at
            failures.append(f"{service} went on letting the session through")

        threads = [threading.Thread(target=knock, args=(service,)) for service in self.services]
        for thread in threads:
            thread.start()
        started.wait()
        act()
        acknowledged = time.monotonic()
        for thread in threads:
            thread.join()
        require(not failures, "; ".join(failures))
        return max(0.0, max(last_passed.values(), default=0.0) - acknowledged)


def require(condition: object, otherwise: str) -> None:
    """Fail unless something holds."""
    if not condition:
        raise Failed(otherwise)


def expect(answer: Answer, status: int) -> Answer:
    """Return the answer if it has the status, and what belongs to the status."""
    if answer.status != status:
        raise Failed(f"expected {status}, not {answer.status}: {answer.body[:300]!r}")
    if status == 401:
        require(answer.header("WWW-Authenticate"), "a 401 without WWW-Authenticate")
    if status in (429, 503):
        require(answer.header("Retry-After"), f"a {status} without Retry-After")
    if status >= 400:
        error = answer.json()
        require({"error"} <= set(error), f"an error without words: {error}")
    return answer


def same(what: str, values: Iterable[Any], expected: Any) -> None:
    """Fail unless all values are the expected one."""
    for value in values:
        require(value == expected, f"{what}: expected {expected!r}, not {value!r}")


def eventually(what: str, holds: Callable[[], bool], seconds: float) -> None:
    """Wait for something that another process brings about."""
    deadline = time.monotonic() + seconds
    while not holds():
        require(time.monotonic() < deadline, f"{what}: not within {seconds} s")
        time.sleep(0.01)

"""Starts one service and asks it for its paths in thousands of ways, as nobody, as a customer and as staff.

Each handler names itself in X-Handler. No handler may ever run for somebody whom its rule refuses, however the request
was spelt; and every handler must be reached, plainly spelt, by those who may.

Asked directly, it must also answer as wire.json says (tests/conformance); --requests 0 sends only those.

usage: parity.py [--requests N] [--seed N] [--behind nginx|haproxy] NAME COMMAND…
Prints a line for each check; exits 1 if one failed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import mutations
import proxies
import wire_vectors
from wire import Connection, Header, Request, Response

_COOKIE = b"ficha"
_HOST = (b"Host", b"service")
# Handlers that change something are called with what a browser says of its own page.
_OWN_PAGE = (b"Sec-Fetch-Site", b"same-origin")
_START_SECONDS = 120


@dataclass
class Service:
    """A running parity service, as its first line described it."""

    port: int
    tokens: dict[str, bytes]
    labels: dict[str, list[str]]
    seeds: list[bytes]
    wire: dict[str, Any]  # what it answers below /wire, and the tokens of its own for that
    process: subprocess.Popen[bytes]


@contextmanager
def started(command: list[str]) -> Iterator[Service]:
    """Run the service; it ends with the block, and everything it started with it."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
    try:
        yield _described(process)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        # Servers with workers: what is left of the group.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _described(process: subprocess.Popen[bytes]) -> Service:
    assert process.stdout is not None
    deadline = time.monotonic() + _START_SECONDS
    for line in process.stdout:
        if line.startswith(b"{"):
            said: dict[str, Any] = json.loads(line)
            tokens = {name: token.encode() for name, token in said["tokens"].items()}
            seeds = [seed.encode() for seed in said["seeds"]]
            return Service(said["port"], tokens, said["labels"], seeds, said.get("wire", {}), process)
        if time.monotonic() > deadline:
            break
    raise SystemExit(f"the service said nothing of itself (exit status {process.poll()})")


def credentials(service: Service, rng: random.Random) -> list[tuple[str, tuple[Header, ...]]]:
    """Return who asks, and the fields that say so: nobody, and everybody by cookie or Bearer."""
    chosen: list[tuple[str, tuple[Header, ...]]] = [("anonymous", (_OWN_PAGE,))]
    for name, token in service.tokens.items():
        by_cookie = ((b"Cookie", _COOKIE + b"=" + token), _OWN_PAGE)
        by_bearer = ((b"Authorization", b"Bearer " + token),)
        chosen.append((name, by_cookie if rng.random() < 0.5 else by_bearer))
    return chosen


def handlers(response: Response) -> list[str]:
    """Return the handlers that ran, by their own word."""
    return [name.strip().decode() for value in response.values(b"x-handler") for name in value.split(b",")]


@dataclass
class Tally:
    """What was sent, what ran, and what should not have."""

    sent: int = 0
    ran: int = 0
    answered: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def ask(connection: Connection, service: Service, tally: Tally, who: str, request: Request) -> Response:
    """Send one request and judge what ran."""
    response = connection.exchange(request)
    if response.status in (0, 502, 503) and service.process.poll() is not None:
        raise SystemExit(f"the service ended (exit status {service.process.returncode}) at {request.target!r}")
    tally.sent += 1
    tally.statuses[response.status] += 1
    tally.answered += response.status != 0
    for label in handlers(response):
        tally.ran += 1
        if who not in service.labels[label]:
            fields = b" ".join(b"%b=%b" % header for header in request.headers if header[0] not in _SECRET)
            tally.wrong.append(
                f"{label} ran for {who}: {request.method!r} {request.target!r} {fields!r} {request.body!r}"
            )
    return response


_SECRET = (b"Cookie", b"Authorization")


def attack(service: Service, port: int, seed: int, count: int) -> Tally:
    """Ask in every way for every path, as everybody."""
    rng = random.Random(seed)
    tally = Tally()
    connection = Connection(port)
    for wanted in mutations.requests(rng, service.seeds, count):
        for who, fields in credentials(service, rng):
            request = Request(wanted.method, wanted.target, (_HOST, *fields, *wanted.headers), wanted.body)
            ask(connection, service, tally, who, request)
    connection.close()
    return tally


def handshakes(service: Service, port: int) -> Tally:
    """Ask for a WebSocket from a foreign page with a user's cookie: no handler may run at all."""
    tally = Tally()
    connection = Connection(port)
    nobody = replace(service, labels={label: [] for label in service.labels})
    upgrade = (
        (b"Connection", b"Upgrade"),
        (b"Upgrade", b"websocket"),
        (b"Sec-WebSocket-Version", b"13"),
        (b"Sec-WebSocket-Key", b"AAAAAAAAAAAAAAAAAAAAAA=="),
    )
    for seed in service.seeds:
        for name, token in service.tokens.items():
            for fields in (upgrade, upgrade[2:]):
                origin = (b"Origin", b"https://evil.example")
                request = Request(b"GET", seed, (_HOST, (b"Cookie", _COOKIE + b"=" + token), origin, *fields))
                ask(connection, nobody, tally, name, request)
    connection.close()
    return tally


def reach(service: Service, port: int) -> list[str]:
    """Ask plainly; return the handlers that nobody reached."""
    reached: set[tuple[str, str]] = set()
    connection = Connection(port)
    for seed in service.seeds:
        for method in (b"GET", b"POST"):
            for who, fields in credentials(service, random.Random(1)):
                response = connection.exchange(Request(method, seed, (_HOST, *fields)))
                if response.status == 200:
                    reached.update((label, who) for label in handlers(response))
    connection.close()
    return [
        f"{label} by {who}"
        for label, permitted in service.labels.items()
        for who in permitted
        if (label, who) not in reached
    ]


def report(good: bool, sentence: str, details: list[str]) -> bool:
    """Print one check."""
    lines = [f"{'ok      ' if good else 'FAILED  '} {sentence}"]
    if not good:
        lines += [f"         {line}" for line in details[:12]]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
    return good


def check(name: str, service: Service, port: int, seed: int, count: int) -> bool:
    """Run and print every check; return whether all held."""
    unreached = reach(service, port)
    results = [report(not unreached, f"{name}: every handler is reached by those who may", unreached)]
    tally = attack(service, port, seed, count)
    wrong = tally.wrong
    sentence = (
        f"{name}: {tally.sent} requests, {tally.ran} handlers ran, {len(wrong)} for the wrong person (seed {seed})"
    )
    results.append(report(not wrong, sentence, wrong))
    enough = tally.answered * 10 >= tally.sent * 9 and tally.ran * 50 >= tally.sent
    results.append(report(enough, f"{name}: the service kept answering", [str(tally.statuses)]))
    tally = handshakes(service, port)
    wrong = tally.wrong
    results.append(report(not wrong, f"{name}: {tally.sent} handshakes from a foreign page open nothing", wrong))
    return all(results)


def check_wire(name: str, service: Service) -> bool:
    """Send the requests of wire.json; return whether every answer was as said there."""
    tokens = {**service.tokens, **{token: text.encode() for token, text in service.wire["tokens"].items()}}
    sent, differences = wire_vectors.run(name, service.port, tokens, service.wire["actions"])
    return report(not differences, f"{name}: {sent} vectors of wire.json hold", differences)


def main() -> int:
    """Check one service."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--behind", choices=sorted(proxies.started), default=None)
    parser.add_argument("name")
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        service = stack.enter_context(started(arguments.command))
        port, name = service.port, arguments.name
        if arguments.behind:
            port = stack.enter_context(proxies.started[arguments.behind](service.port))
            name += f" behind {arguments.behind}"
        good = check(name, service, port, arguments.seed, arguments.requests) if arguments.requests else True
        if service.wire and not arguments.behind:
            good = check_wire(name, service) and good
        return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

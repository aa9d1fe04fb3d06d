"""Spring Boot: P13c, a request on Ficha against the same on Spring Session Redis.

usage: bench.py --build FOLDER --json FILE     Both sides are measured in turns, in one run; medians of the rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

SHORT = "FICHA_BENCH_SHORT" in os.environ  # shows that this program works, and no more
ROUNDS, SECONDS, WARM_UP_SECONDS = (1, 1, 1) if SHORT else (5, 3, 6)
SIDES = ("ficha", "spring-session-redis")
STARTUP_SECONDS = 60
WRK = Path(__file__).parents[1] / "load/wrk"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running(command: list[str], port: int, **environment: str) -> Iterator[None]:
    """Run a server until the block ends; the block begins when it listens."""
    process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + STARTUP_SECONDS
        while socket.socket().connect_ex(("127.0.0.1", port)):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"did not start: {' '.join(command)}")
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait()


def cookie(port: int) -> str:
    """Return the Cookie field of a new session."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET /fill HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        response = b"".join(iter(lambda: connection.recv(65536), b""))
    found = re.search(rb"Set-Cookie: *([^;\r]+)", response)
    assert found, response
    return found[1].decode()


def requests_per_second(port: int, field: str, seconds: int = SECONDS) -> float:
    command = [str(WRK), "-t1", "-c8", f"-d{seconds}s", "-H", f"Cookie: {field}", f"http://127.0.0.1:{port}/show"]
    report = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "Non-2xx" not in report, report
    return float(re.search(r"Requests/sec: *([0-9.]+)", report)[1])


def spring_boot(build: Path) -> dict:
    with ExitStack() as servers, tempfile.TemporaryDirectory() as folder:
        redis = free_port()
        command = ["redis-server", "--port", str(redis), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        servers.enter_context(running(command, redis))
        ports, fields = [], []
        for side in SIDES:
            port = free_port()
            command = ["java", "-Xmx512m", "-XX:+UseSerialGC", "-jar", str(build / side / f"{side}.jar")]
            servers.enter_context(running(command, port, PORT=str(port), REDIS_PORT=str(redis)))
            ports.append(port)
            fields.append(cookie(port))
        for port, field in zip(ports, fields, strict=True):
            requests_per_second(port, field, seconds=WARM_UP_SECONDS)  # the compiler's time
        rounds = [[requests_per_second(*side) for side in zip(ports, fields, strict=True)] for _ in range(ROUNDS)]
    ours, theirs = (statistics.median(side) for side in zip(*rounds, strict=True))
    return {
        "id": "P13c",
        "what": "A Spring Boot request reading a sliding session: ficha against Spring Session Redis",
        "ratio": round(statistics.median(a / b for a, b in rounds), 2),
        "op": ">=",
        "target": 1.3,
        "ours": round(ours, 1),
        "theirs": round(theirs, 1),
        "unit": "requests/s",
    }


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", type=Path, required=True)
    arguments.add_argument("--json", type=Path, required=True)
    options = arguments.parse_args()
    row = spring_boot(options.build)
    verdict = "ok" if row["ratio"] >= row["target"] else "MISSED"
    print(f"{row['id']:5} {row['ratio']:8} {row['op']} {row['target']:<5} {verdict:7}"
          f"{row['ours']} against {row['theirs']} {row['unit']}: {row['what']}")  # fmt: skip
    options.json.write_text(json.dumps([row], indent=1))


if __name__ == "__main__":
    main()

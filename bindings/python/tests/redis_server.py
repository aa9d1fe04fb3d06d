"""A real redis-server that tests start, stop and kill."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

# The timeouts of a client's [redis]: the machine may be busy with other tests.
PATIENT = {"connect_timeout": "5s", "command_timeout": "5s", "operation_timeout": "10s"}


class RedisServer:
    """A redis-server of our own on a free port; restarts keep its port and, with `persistent`, its data."""

    def __init__(self, persistent: bool = False) -> None:
        self.persistent = persistent
        self.directory = Path(tempfile.mkdtemp(prefix="ficha-redis-"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        log = self.directory / "redis.log"
        log.write_text("")
        append_only = "yes" if self.persistent else "no"
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
             "--dir", str(self.directory), "--appendonly", append_only,
             "--appendfsync", "always", "--logfile", str(log)]
        )  # fmt: skip
        while "Ready to accept connections" not in log.read_text():
            assert self.process.poll() is None, log.read_text()

    def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        self.process.wait()

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def cli(self, *arguments: str) -> str:
        command = ["redis-cli", "-p", str(self.port), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.directory)

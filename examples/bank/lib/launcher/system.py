"""The whole bank as processes on loopback: Redis, the services, the proxy."""

from __future__ import annotations

import contextlib
import fcntl
import os
import queue
import re
import secrets
import shutil
import subprocess
import time
from pathlib import Path
from types import TracebackType

from build import BANK, BUILD
from processes import Process, ProcessDied
from proxies import await_port, command, free_port, template_of, write_configuration
from services import SERVICES, Service

_START_SECONDS = 60
_STOP_SECONDS = 8
_LAUNCHED = time.time()


class System:
    """A running bank. Use it in a with block: everything it has started ends with the block."""

    def __init__(self, proxy: str, *, idle_seconds: int | None = None, port: int = 8080) -> None:
        """Prepare it; nothing is started yet. The port is the proxy's, another one where that is taken."""
        _remove_old_runs()
        self.proxy = proxy
        self.idle_seconds = idle_seconds
        self.passwords = {"alice": _password(), "admin": _password()}
        self.client_secret = secrets.token_urlsafe(32)
        self.gateway_secret = secrets.token_urlsafe(32)
        self.port = free_port(port)
        self.origin = f"http://localhost:{self.port}"
        self.redis_port = free_port()
        self.run = BUILD / (f"run-{self.port}" if idle_seconds is None else f"run-{self.port}-idle")
        self.ports = {name: free_port() for service in SERVICES for name in service.instance_names}
        self._processes: list[Process] = []
        self._ended: queue.Queue[Process] = queue.Queue()
        self._redis: Process | None = None
        self._held = contextlib.ExitStack()

    @property
    def redis_configuration(self) -> Path:
        """What `redis-server` takes to come back with its data."""
        return self.run / "redis.conf"

    @property
    def processes(self) -> list[Process]:
        """Everything that runs."""
        return [*([self._redis] if self._redis else []), *self._processes]

    def __enter__(self) -> System:
        """Start everything; raises ProcessDied."""
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop everything."""
        self._stop()

    def wait(self) -> None:
        """Wait until a process ends by itself, which raises ProcessDied. Redis may come and go."""
        while True:
            process = self._ended.get()
            if process.stopping:
                continue
            if process is not self._redis:
                raise ProcessDied(f"{process.name} ended by itself\n{process.last_lines()}")
            print(f"bank: Redis is gone; bring it back with: redis-server {self.redis_configuration}", flush=True)

    def start_redis(self) -> None:
        """Start Redis, with what it last had."""
        log = self.run / "log" / "redis.log"
        self._redis = Process("redis", ("redis-server", str(self.redis_configuration)), log, self._ended)
        deadline = time.monotonic() + _START_SECONDS
        while self._redis_cli("ping") != "PONG":
            if not self._redis.running or time.monotonic() > deadline:
                raise ProcessDied(f"redis did not start\n{self._redis.last_lines()}")
            time.sleep(0.02)

    def stop_redis(self) -> None:
        """Stop Redis, its data kept on the disk."""
        assert self._redis is not None
        self._redis.stopping = True
        self._redis_cli("shutdown")
        self._redis.wait(_STOP_SECONDS)

    def age_logins(self, name: str, seconds: int) -> None:
        """Make the login of somebody's live sessions this much older, as if the time had passed."""
        self._redis_cli("--eval", str(BANK / "lib" / "age_logins.lua"), ",", name, str(seconds))

    def environment(self, service: Service, instance: str) -> dict[str, str]:
        """Return what a service's process finds in its environment."""
        return {
            **os.environ,
            "FICHA_CONFIG": str(self._ficha_toml()),
            "BANK_REDIS_URL": f"redis://127.0.0.1:{self.redis_port}/0",
            "PORT": str(self.ports[instance]),
            "INSTANCE": instance,
            "BANK_DATA": str(self.run / "data"),
            "BANK_ORIGIN": self.origin,
            "PYTHONPATH": f"{BANK / 'lib' / 'django'}{os.pathsep}{BANK / service.name}",
            "PYTHONUNBUFFERED": "1",
        }

    # --- how it is done ----------------------------------------------------------------------------------------------

    def _start(self) -> None:
        self._hold_run_directory()
        self.redis_configuration.write_text(
            f'port {self.redis_port}\nbind 127.0.0.1\ndir {self.run / "data"}\nappendonly yes\nsave ""\n'
        )
        self.start_redis()
        preparing = [(service, self._prepare(service)) for service in SERVICES if service.preparation]
        started = [self._start_service(service) for service in SERVICES if not service.preparation]
        for service, preparation in preparing:
            self._finish(service, preparation)
            started.append(self._start_service(service))
        for process in (process for group in started for process in group):
            process.await_ready(_START_SECONDS)
        self._start_proxy()

    def _hold_run_directory(self) -> None:
        for folder in (self.run, self.run / "log", self.run / "data"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)  # it may have been there, with the rights of another time
        lock = self._held.enter_context((self.run / ".lock").open("w"))
        fcntl.flock(lock, fcntl.LOCK_EX)

    def _ficha_toml(self) -> Path:
        shared = BANK / "ficha.toml"
        if self.idle_seconds is None:
            return shared
        text, count = re.subn(
            r'(?m)^idle_timeout = ".*"$', f'idle_timeout = "{self.idle_seconds}s"', shared.read_text()
        )
        if count != 1:
            raise ValueError(f"{shared} has no line idle_timeout")
        changed = self.run / "ficha.toml"
        changed.write_text(text)
        return changed

    def _prepare(self, service: Service) -> subprocess.Popen[bytes]:
        environment = self.environment(service, service.instance_names[0]) | {
            "BANK_ALICE_PASSWORD": self.passwords["alice"],
            "BANK_ADMIN_PASSWORD": self.passwords["admin"],
            "BANK_CLIENT_SECRET": self.client_secret,
            "BANK_GATEWAY_SECRET": self.gateway_secret,
        }
        with (self.run / "log" / f"{service.name}.log").open("w") as log:
            return subprocess.Popen(
                service.preparation, env=environment, cwd=BANK / service.name, stdout=log, stderr=subprocess.STDOUT
            )

    def _finish(self, service: Service, preparation: subprocess.Popen[bytes]) -> None:
        if preparation.wait() != 0:
            log = self.run / "log" / f"{service.name}.log"
            raise ProcessDied(f"{service.name} could not be prepared\n{log.read_text()}")

    def _start_service(self, service: Service) -> list[Process]:
        return [
            self._start_process(
                name, service.command, environment=self.environment(service, name), directory=BANK / service.name
            )
            for name in service.instance_names
        ]

    def _start_proxy(self) -> None:
        values: dict[str, object] = {"PORT": self.port, "PAGES_PORT": free_port()}
        for name in ("auth", "transactions", "cards-1", "cards-2", "statements", "rates"):
            values[name.upper().replace("-", "_")] = self.ports.get(name, 1)  # nothing listens on port 1
        if self.proxy == "haproxy":
            pages = write_configuration("pages-server.conf", self.run, values)
            await_port(self._start_process("pages", command("nginx", pages, self.run)), int(str(values["PAGES_PORT"])))
        configuration = write_configuration(template_of(self.proxy), self.run, values)
        await_port(self._start_process(self.proxy, command(self.proxy, configuration, self.run)), self.port)

    def _start_process(
        self,
        name: str,
        arguments: tuple[str, ...],
        *,
        environment: dict[str, str] | None = None,
        directory: Path | None = None,
    ) -> Process:
        log = self.run / "log" / f"{name}.log"
        process = Process(name, arguments, log, self._ended, environment=environment, directory=directory or self.run)
        self._processes.append(process)
        return process

    def _redis_cli(self, *arguments: str) -> str:
        done = subprocess.run(
            ["redis-cli", "-p", str(self.redis_port), *arguments], capture_output=True, text=True, check=False
        )
        return done.stdout.strip()

    def _stop(self) -> None:
        for process in reversed(self._processes):
            process.terminate()
        for process in reversed(self._processes):
            process.wait(_STOP_SECONDS)
        if self._redis is not None:
            self._redis.stopping = True
            self._redis_cli("shutdown", "nosave")  # whoever has started it last
            self._redis.terminate()
            self._redis.wait(_STOP_SECONDS)
        if (self.run / "data").is_dir():
            shutil.rmtree(self.run / "data")
        self._held.close()


def _remove_old_runs() -> None:
    BUILD.mkdir(parents=True, exist_ok=True)
    for old in BUILD.glob("run-*"):
        with contextlib.suppress(FileNotFoundError, BlockingIOError):  # removed by another launcher, or in use
            if old.stat().st_ctime > _LAUNCHED:
                continue  # of this launcher: its logs may be wanted
            with (old / ".lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(old)


def _password() -> str:
    """Return a password that can be typed from a screen: three times two syllables, 36 bits."""
    syllables = [secrets.choice("bdfgklmnprstvz") + secrets.choice("aeiou") for _ in range(6)]
    return "-".join("".join(syllables[start : start + 2]) for start in (0, 2, 4))

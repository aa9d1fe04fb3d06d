"""The table of the bank's parts: what each needs on the machine, how it is built, and how it is started."""

from __future__ import annotations

from dataclasses import dataclass

from build import (
    BANK,
    BUILD,
    CPP_SERVICE,
    JAVA_PACKAGE,
    NODE_PACKAGE,
    PYTHON_ENVIRONMENT,
    PYTHON_PACKAGE,
    VENV,
    Step,
    maven,
    npm,
)

_GUNICORN = (str(VENV / "bin" / "gunicorn"), "--config", str(BANK / "lib" / "django" / "gunicorn.conf.py"))
_MANAGE = (str(VENV / "bin" / "python"), "manage.py")


@dataclass(frozen=True)
class Service:
    """One part of the bank, whose folder under examples/bank has its name."""

    name: str
    component: str  # of packaging/setup
    steps: tuple[Step, ...]
    command: tuple[str, ...]
    preparation: tuple[str, ...] = ()  # run before each start: makes tables
    instances: int = 1

    @property
    def instance_names(self) -> list[str]:
        """Return what users see: "auth", or "cards-1" and "cards-2"."""
        if self.instances == 1:
            return [self.name]
        return [f"{self.name}-{number}" for number in range(1, self.instances + 1)]


_PYTHON_STEPS = (PYTHON_ENVIRONMENT, PYTHON_PACKAGE)

_TABLE = (
    Service(
        "auth",
        "python",
        _PYTHON_STEPS,
        (*_GUNICORN, "auth_service.wsgi"),
        (*_MANAGE, "prepare_demo"),
    ),
    Service(
        "transactions",
        "python",
        _PYTHON_STEPS,
        (*_GUNICORN, "transactions_service.wsgi"),
        (*_MANAGE, "migrate", "--verbosity=0"),
    ),
    Service("cards", "node", (NODE_PACKAGE, npm("cards", "installing Express")), ("node", "server.mjs"), instances=2),
    Service(
        "statements",
        "java",
        (JAVA_PACKAGE, maven("statements", "building the Spring Boot service")),
        # It starts in half the processor time without the second compiler, which pays for itself in hours of load only.
        (
            "java",
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "--enable-native-access=ALL-UNNAMED",
            "-jar",
            "target/statements.jar",
        ),
    ),
    Service("rates", "core", (CPP_SERVICE,), (str(BUILD / "cpp/examples/bank/rates/bank-rates"),)),
)

SERVICES = tuple(service for service in _TABLE if (BANK / service.name).is_dir())

_PAGE = npm("web", "building the web page", "build")
_WALK = npm("tests", "installing Playwright")


def components() -> list[str]:
    """Return what packaging/setup is to install."""
    return list(dict.fromkeys([*(service.component for service in SERVICES), "node", "bank"]))


def steps() -> list[Step]:
    """Return the steps to build everything, each once; the core first, which the others then find in the cache."""
    return list(dict.fromkeys([CPP_SERVICE, *(step for service in SERVICES for step in service.steps), _PAGE, _WALK]))

"""Carries out, with the Python package, the commands that ../README.md describes."""

from __future__ import annotations

import json
import sys
from typing import Any

import ficha


def native(texts: dict[str, str]) -> dict[str, Any]:
    return {name: json.loads(text) for name, text in texts.items()}


def describe(session: ficha.Session | None) -> dict[str, Any] | None:
    if session is None:
        return None
    names = (
        "id", "token", "principal", "generation", "created_at", "expires_at", "idle_seconds", "authenticated_at",
        "level", "device", "roles", "scopes",
    )  # fmt: skip
    described = {name: getattr(session, name) for name in names}
    described["attributes"] = {name: json.dumps(value) for name, value in session.attributes.items()}
    return described


def new_session(command: dict[str, Any]) -> dict[str, Any]:
    options: dict[str, Any] = {name: command[name] for name in ("roles", "scopes", "level") if name in command}
    if "device" in command:
        options["device"] = tuple(command["device"])
    return {"attributes": native(command.get("attributes", {})), **options}


def changes(command: dict[str, Any]) -> dict[str, Any]:
    options = {
        name: command[name] for name in ("remove", "increment", "roles", "expected_generation") if name in command
    }
    return options | {kind: native(command[kind]) for kind in ("set", "add") if kind in command}


class Endpoint:
    def __init__(self, client: ficha.Client) -> None:
        self.client = client

    def create(self, command: dict[str, Any]) -> Any:
        return describe(self.client.create(command.get("principal", ""), **new_session(command)))

    def load(self, command: dict[str, Any]) -> Any:
        return describe(self.client.load(command["token"], fresh=command.get("fresh", False)))

    def patch(self, command: dict[str, Any]) -> Any:
        return self.client.patch(command["id"], **changes(command))

    def rotate(self, command: dict[str, Any]) -> Any:
        return describe(self.client.rotate(command["id"], grace=command.get("grace", 0)))

    def login(self, command: dict[str, Any]) -> Any:
        current = self.client.load(command["token"]) if "token" in command else None
        return describe(self.client.login(current, command["principal"], **new_session(command)))

    def revoke(self, command: dict[str, Any]) -> Any:
        return self.client.revoke(command["id"])

    def revoke_principal(self, command: dict[str, Any]) -> Any:
        return self.client.revoke_principal(command["principal"], keep=command.get("id"))

    def patch_principal(self, command: dict[str, Any]) -> Any:
        return self.client.patch_principal(command["principal"], **changes(command))

    def list(self, command: dict[str, Any]) -> Any:
        return [describe(session) for session in self.client.list(command["principal"])]

    def authorize(self, command: dict[str, Any]) -> Any:
        headers = [(name, value) for name, value in command["headers"]]
        decision = self.client.authorize(command["method"], command["path"], headers)
        named = {name: getattr(decision, name) for name in ("status", "verdict", "reason")}
        return {**named, "session": describe(decision.session)}


def main() -> None:
    with ficha.Client(sys.argv[1]) as client:
        endpoint = Endpoint(client)
        for line in sys.stdin:
            command = json.loads(line)
            answer: dict[str, Any]
            try:
                answer = {"value": getattr(endpoint, command["op"])(command)}
            except ficha.FichaError as error:
                answer = {"error": {"code": error.code, "name": error.name, "status": error.http_status}}
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()


main()

"""FastAPI below the policy: path operations, routers included, applications mounted."""

from __future__ import annotations

from typing import Any

import ficha
import serving
from fastapi import APIRouter, FastAPI, Response
from starlette_service import ANY, SEEDS, labelled, layered, mounts, wire


def operation(label: str) -> Any:
    """Return a path operation that names itself first."""

    async def handler(response: Response) -> str:
        response.headers["X-Handler"] = label
        return label

    return handler


def make() -> Any:
    """Return the application."""
    client = ficha.Client(serving.tables(), prefixes=serving.PREFIXES)
    app = FastAPI(docs_url=None, openapi_url=None)
    secret, users, public = operation("secret"), operation("users"), operation("public")
    below = APIRouter(prefix="/secret")
    below.add_api_route("", secret, methods=ANY)
    below.add_api_route("/{number}", secret, methods=ANY)
    app.include_router(below)
    app.add_api_route("/Capital/x", operation("capital"), methods=ANY)
    app.add_api_route("/account/x", operation("account"), methods=ANY)
    app.add_api_route("/items", operation("items_read"), methods=["GET"])
    app.add_api_route("/items", operation("items_write"), methods=["POST"])
    app.add_api_route("/users", users, methods=ANY)
    app.add_api_route("/users/{number}", users, methods=ANY)
    app.add_api_route("/closed/x", operation("closed"), methods=ANY)
    app.router.routes.extend(mounts())
    app.add_api_route("/public/{rest:path}", public, methods=ANY)
    app.add_api_route("/", public, methods=ANY)
    app.add_route("/wire/{action}", wire(client), methods=ANY)
    app.add_route("/secret/plain", labelled("secret"), methods=ANY)
    layered(app, client)
    serving.announce(client, [*serving.SEEDS, *SEEDS, "/secret/plain"])
    return serving.mounted_asgi(app)


if __name__ == "__main__":
    serving.main("fastapi_app", serving.ASGI_SERVERS)

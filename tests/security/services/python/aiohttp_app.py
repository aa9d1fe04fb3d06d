"""aiohttp with ``ficha.aiohttp``, on its own server."""

from __future__ import annotations

from typing import Any

import ficha
import ficha.aiohttp
import serving
from aiohttp import web
from starlette_service import act


def _labelled(label: str) -> Any:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(text=label, headers={"X-Handler": label})

    return handler


def _wire(client: ficha.Client) -> Any:
    async def handler(request: web.Request) -> web.Response:
        stored = ficha.aiohttp.decision_of(request).session
        action, login = request.match_info["action"], request.headers.get("X-Login", "wanda")
        await act(client, ficha.aiohttp.session_of(request), action, login)
        return web.json_response(serving.seen(stored, request.path, request.headers.items()))

    return handler


def make() -> Any:
    """Return the application."""
    client = ficha.Client(serving.tables(), prefixes=serving.PREFIXES)
    app = web.Application()
    ficha.aiohttp.setup(app, client)
    for path, label in (
        ("/secret", "secret"),
        ("/secret/{number:[0-9]+}", "secret"),
        ("/Capital/x", "capital"),
        ("/account/x", "account"),
        ("/users", "users"),
        ("/users/{number:[0-9]+}", "users"),
        ("/closed/x", "closed"),
        ("/public/{rest:.*}", "public"),
        ("/", "public"),
    ):
        app.router.add_route("*", path, _labelled(label))
    app.router.add_get("/items", _labelled("items_read"))
    app.router.add_post("/items", _labelled("items_write"))
    app.router.add_route("*", "/wire/{action}", _wire(client))
    # Nothing mounts an application of aiohttp's at a prefix.
    seeds = [seed for seed in serving.SEEDS if not seed.startswith("/mount")]
    serving.announce(client, seeds, [action for action in serving.ACTIONS if action != "mount"])
    return app


if __name__ == "__main__":
    serving.main("aiohttp_app", serving.AIOHTTP_SERVERS)

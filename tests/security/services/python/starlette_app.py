"""Starlette below the policy."""

from __future__ import annotations

from typing import Any

import ficha
import serving
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette_service import ANY, SEEDS, labelled, layered, mounts, wire


async def items(request: Request) -> Response:
    """Tell reading from writing, as handlers of several methods do."""
    response: Response = await labelled("items_write" if request.method == "POST" else "items_read")(request)
    return response


def make() -> Any:
    """Return the application."""
    client = ficha.Client(serving.tables(), prefixes=serving.PREFIXES)
    secret, users, public = labelled("secret"), labelled("users"), labelled("public")
    app = Starlette(
        routes=[
            Route("/secret", secret, methods=ANY),
            Route("/secret/{number:int}", secret, methods=ANY),
            Route("/Capital/x", labelled("capital"), methods=ANY),
            Route("/account/x", labelled("account"), methods=ANY),
            Route("/items", items, methods=ANY),
            Route("/users", users, methods=ANY),
            Route("/users/{number:int}", users, methods=ANY),
            Route("/closed/x", labelled("closed"), methods=ANY),
            *mounts(),
            Route("/wire/{action}", wire(client), methods=ANY),
            Route("/public/{rest:path}", public, methods=ANY),
            Route("/", public, methods=ANY),
        ]
    )
    layered(app, client)
    serving.announce(client, [*serving.SEEDS, *SEEDS])
    return serving.mounted_asgi(app)


if __name__ == "__main__":
    serving.main("starlette_app", serving.ASGI_SERVERS)

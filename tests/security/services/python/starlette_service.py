"""The routes of the services in Starlette and FastAPI that mount other applications."""

from __future__ import annotations

from typing import Any

import serving
from asgi_layers import Rewriting, method, path
from ficha import Client
from ficha.asgi import FichaMiddleware
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Mount, Route

SEEDS = ["/secret/mounted/x", "/secret/mounted/deeper/x", "/public/mounted/x"]
ANY = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "FOO"]


def labelled(label: str) -> Any:
    """Return a handler that names itself first."""

    async def handler(request: Any) -> PlainTextResponse:
        return PlainTextResponse(label, headers={"X-Handler": label})

    return handler


async def act(client: Any, session: Any, action: str, login: str) -> None:
    """Do to a request's session what the last segment of the path says."""
    if action == "put":
        session["kept"] = 1
    elif action == "login":
        await session.login(login)
    elif action == "logout":
        await session.logout()
    elif action in serving.UNFIT:
        session.update(serving.UNFIT[action])
    elif action == "away":
        with Client(serving.AWAY) as away:
            await away.acreate()
    elif action == "gone":
        session["kept"] = 1
        await client.arevoke(session.stored)


def wire(client: Any) -> Any:
    """Return the handler of what wire.json asks."""

    async def handler(request: Request) -> JSONResponse:
        session = request.scope["ficha"].session
        action, login = request.path_params["action"], request.headers.get("x-login", "wanda")
        await act(client, request.session, action, login)
        fields = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw]
        return JSONResponse(serving.seen(session, request.scope["path"], fields))

    return handler


def mounts() -> list[Mount]:
    """Return applications mounted at two depths, with middleware of their own that rewrites."""
    deeper = Starlette(routes=[Route("/x", labelled("secret"), methods=ANY)])
    mounted = Starlette(routes=[Route("/x", labelled("secret"), methods=ANY), Mount("/deeper", deeper)])
    mounted.add_middleware(Rewriting, header="X-Forwarded-Uri", change=path)
    public = Starlette(routes=[Route("/x", labelled("public"), methods=ANY)])
    public.add_middleware(Rewriting, header="X-Forwarded-Uri", change=path)
    return [Mount("/secret/mounted", mounted), Mount("/public/mounted", public)]


def layered(app: Any, client: Any) -> None:
    """Add Ficha's layer, with others around and below it."""
    app.add_middleware(Rewriting, header="X-Original-URL", change=path)
    app.add_middleware(Rewriting, header="X-HTTP-Method-Override", change=method)
    app.add_middleware(FichaMiddleware, client=client)
    app.add_middleware(Rewriting, header="X-Rewrite-URL", change=path)
    app.add_middleware(Rewriting, header="X-Method-Override", change=method)

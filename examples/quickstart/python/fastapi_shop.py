import os

import ficha
import ficha.asgi
from fastapi import FastAPI, Request

client = ficha.Client(
    {
        "redis": {"url": os.environ.get("FICHA_URL", "memory://")},
        "cookie": {"name": "shop", "insecure_http": True},
        "rule": [{"path": "/**", "allow": "anyone"}],
    }
)
app = FastAPI()


@app.get("/add/{item}")
async def add(item: str, request: Request):
    request.scope["session"].setdefault("cart", []).append(item)
    return request.scope["session"]["cart"]


app.add_middleware(ficha.asgi.FichaMiddleware, client=client)

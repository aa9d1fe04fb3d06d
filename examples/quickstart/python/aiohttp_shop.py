import os

import ficha
import ficha.aiohttp
from aiohttp import web

client = ficha.Client(
    {
        "redis": {"url": os.environ.get("FICHA_URL", "memory://")},
        "cookie": {"name": "shop", "insecure_http": True},
        "rule": [{"path": "/**", "allow": "anyone"}],
    }
)


async def add(request):
    session = ficha.aiohttp.session_of(request)
    session.put("cart", request.match_info["item"], 1)  # one key of a bag: two requests at once keep each other's
    return web.json_response(sorted(session["cart"]))


app = web.Application()
app.router.add_get("/add/{item}", add)
ficha.aiohttp.setup(app, client)

if __name__ == "__main__":
    web.run_app(app)

import os

import ficha
from flask import Flask, jsonify, request

client = ficha.Client(
    {
        "redis": {"url": os.environ.get("FICHA_URL", "memory://")},
        "cookie": {"name": "shop", "insecure_http": True},
        "rule": [{"path": "/**", "allow": "anyone"}],
    }
)
app = Flask(__name__)


@app.get("/add/<item>")
def add(item):
    decision = client.authorize_wsgi(request.environ)
    if not decision.allowed:
        return "", decision.status, decision.headers
    session = decision.session or client.create()
    cart = [*session.attributes.get("cart", []), item]
    client.patch(session, set={"cart": cart})
    headers = dict(decision.headers)
    if session.token:
        headers |= {"Set-Cookie": client.set_cookie(session), "Cache-Control": "no-store"}
    return jsonify(cart), headers

import os

import ficha
from flask import Flask, abort, jsonify, request

client = ficha.Client(
    {
        "redis": {"url": os.environ.get("FICHA_URL", "memory://")},
        "cookie": {"name": "shop", "insecure_http": True},
        "rule": [{"path": "/**"}],
    }
)
app = Flask(__name__)


@app.get("/add/<item>")
def add(item):
    decision = client.authorize_wsgi(request.environ)
    if not decision.allowed:
        abort(decision.status)
    cart = [*decision.session.attributes.get("cart", []), item]
    client.patch(decision.session, set={"cart": cart})
    return jsonify(cart)

import os

import ficha
import ficha.flask
from flask import Flask, jsonify, session

client = ficha.Client(
    {
        "redis": {"url": os.environ.get("FICHA_URL", "memory://")},
        "cookie": {"name": "shop", "insecure_http": True},
        "rule": [{"path": "/**", "allow": "anyone"}],
    }
)
app = Flask(__name__)
ficha.flask.Sessions(app, client)


@app.get("/add/<item>")
def add(item):
    session.put("cart", item, 1)  # one key of a bag: two requests at once keep each other's
    return jsonify(sorted(session["cart"]))

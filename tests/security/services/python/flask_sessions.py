"""Flask with ``ficha.flask``: its session interface, and the policy before every view."""

from __future__ import annotations

from typing import Any

import ficha
import ficha.flask
import serving
from flask import Flask, Response, jsonify, request, session
from flask_routes import ANY, add_handlers, rewriting


def _act(client: ficha.Client, ours: Any, action: str) -> None:
    if action == "put":
        ours["kept"] = 1
    elif action == "login":
        ours.login(request.headers.get("X-Login", "wanda"))
    elif action == "logout":
        ours.logout()
    elif action in serving.UNFIT:
        ours.update(serving.UNFIT[action])
    elif action == "away":
        with ficha.Client(serving.AWAY) as away:
            away.create()
    elif action == "gone":
        ours["kept"] = 1
        client.revoke(ours.stored)


def make() -> Any:
    """Return the application."""
    client = ficha.Client(serving.tables(), prefixes=serving.PREFIXES)
    app = Flask(__name__)
    ficha.flask.Sessions(app, client)
    add_handlers(app)

    @app.route("/wire/<action>", methods=ANY)
    def wire(action: str) -> Response:
        stored = ficha.flask.decision().session
        _act(client, session, action)
        return jsonify(serving.seen_of_environ(stored, request.environ))

    serving.announce(client, [*serving.SEEDS, "/public/slash/"])
    return serving.mounted_wsgi(rewriting(app))


if __name__ == "__main__":
    serving.main("flask_sessions", serving.WSGI_SERVERS)

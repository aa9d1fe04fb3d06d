"""Flask with ``authorize_wsgi``, below middleware that rewrites."""

from __future__ import annotations

from typing import Any

import ficha
import serving
from flask import Flask, Response, g, jsonify, request
from flask_routes import ANY, add_handlers, rewriting


def make() -> Any:
    """Return the application."""
    client = ficha.Client(serving.tables(), prefixes=serving.PREFIXES)
    app = Flask(__name__)

    @app.before_request
    def judge() -> Any:
        decision = client.authorize_wsgi(request.environ)
        g.session, g.headers = decision.session, dict(decision.headers)
        if not decision.allowed:
            return Response(status=decision.status)
        return None

    add_handlers(app)

    @app.route("/wire/<action>", methods=ANY)
    def wire(action: str) -> Response:
        return jsonify(serving.seen_of_environ(g.session, request.environ))

    @app.after_request
    def headers(response: Response) -> Response:
        response.headers.update(g.headers)
        return response

    serving.announce(client, [*serving.SEEDS, "/public/slash/"], ["headers", "hide"])
    return serving.mounted_wsgi(rewriting(app))


if __name__ == "__main__":
    serving.main("flask_wsgi", serving.WSGI_SERVERS)

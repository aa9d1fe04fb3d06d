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
            answer = ficha.respond_to(decision)
            return Response(answer.body, answer.status, content_type="application/json" if answer.body else None)
        return None

    add_handlers(app)

    @app.route("/wire/<action>", methods=ANY)
    def wire(action: str) -> Response:
        return jsonify(serving.seen_of_environ(g.session, request.environ))

    @app.after_request
    def headers(response: Response) -> Response:
        response.headers.update(g.headers)
        return response

    serving.announce(client, [*serving.SEEDS, "/public/slash/"], ["headers", "hide", "mount"])
    return serving.mounted_wsgi(rewriting(app))


if __name__ == "__main__":
    serving.main("flask_wsgi", serving.WSGI_SERVERS)

"""The handlers in Flask, and middleware that rewrites."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response

ANY = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "FOO"]


def _labelled(label: str) -> Any:
    def handler(**parameters: Any) -> Response:
        return Response(label, headers={"X-Handler": label})

    return handler


def rewriting(app: Any) -> Any:
    """Rewrite and override as PATH_INFO and REQUEST_METHOD, by headers."""

    def answer(environ: dict[str, Any], start_response: Any) -> Any:
        path, method = environ.get("HTTP_X_REWRITE_URL"), environ.get("HTTP_X_HTTP_METHOD_OVERRIDE")
        if path:
            environ["PATH_INFO"] = path
        if method:
            environ["REQUEST_METHOD"] = method.upper()
        return app(environ, start_response)

    return answer


def add_handlers(app: Flask) -> None:
    """Register the handlers that every service has."""
    for number, (path, label) in enumerate(
        (
            ("/secret", "secret"),
            ("/secret/<int:number>", "secret"),
            ("/Capital/x", "capital"),
            ("/account/x", "account"),
            ("/users", "users"),
            ("/users/<int:number>", "users"),
            ("/closed/x", "closed"),
            ("/public/slash/", "public"),
            ("/public/<path:rest>", "public"),
            ("/", "public"),
        )
    ):
        app.add_url_rule(path, f"{label}{number}", _labelled(label), methods=ANY, provide_automatic_options=False)
    app.add_url_rule("/items", "items_read", _labelled("items_read"), methods=["GET"])
    app.add_url_rule("/items", "items_write", _labelled("items_write"), methods=["POST"])

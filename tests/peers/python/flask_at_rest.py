"""Flask, Flask-Login and flash() keep requests and URLs in the session; then somebody looks into Redis."""

from __future__ import annotations

import socket
import subprocess
import time
from typing import Any

import at_rest
import ficha
import ficha.flask
import flask
import flask_login
import redis


def application(client: ficha.Client) -> flask.Flask:
    """Return one that keeps all that came with a request, to come back to it after a login."""
    app = flask.Flask(__name__)
    app.secret_key = "only for tests"
    app.config["USE_SESSION_FOR_NEXT"] = True
    ficha.flask.Sessions(app, client)
    manager = flask_login.LoginManager(app)
    manager.login_view = "enter"

    @manager.user_loader
    def load(name: str) -> Any:
        user = flask_login.UserMixin()
        user.id = name
        return user

    @app.get("/remember")
    def remember() -> str:
        request = flask.request
        flask.session["saved_request"] = {
            "headers": dict(request.headers),
            "cookies": request.cookies,
            "environ": {key: value for key, value in request.environ.items() if isinstance(value, str)},
            "url": request.url,
        }
        flask.flash(f"you came from {request.full_path} with {request.headers}")
        return ""

    @app.get("/members")
    @flask_login.login_required
    def members() -> str:
        return ""

    @app.get("/enter")
    def enter() -> str:
        flask_login.login_user(load("ada"))
        return ""

    return app


def main() -> None:
    """Search."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(["redis-server", "--port", str(port), "--save", ""], stdout=subprocess.DEVNULL)
    url = f"redis://127.0.0.1:{port}/0"
    try:
        while True:
            try:
                redis.Redis.from_url(url).ping()
                break
            except redis.ConnectionError:
                time.sleep(0.02)
        cookie = {"name": "sid", "insecure_http": True}
        rules = [{"path": "/**", "allow": "anyone"}]
        with ficha.Client({"redis": {"url": url}, "cookie": cookie, "rule": rules}) as client:
            search(client, url)
    finally:
        server.terminate()
        server.wait()


def search(client: ficha.Client, url: str) -> None:
    """Have requests kept, and look for their credentials; and for one that was planted, which must be found."""
    browser = application(client).test_client()
    tokens = set()
    for path in ("/remember", "/members", "/remember", "/enter", "/remember"):
        assert browser.get(path).status_code < 400, path
        cookie = browser.get_cookie("sid")
        assert cookie is not None
        tokens.add(cookie.value)
    bearer = str(client.create("svc").token)
    assert browser.get("/who", headers={"Authorization": f"Bearer {bearer}"}).status_code in (400, 404)
    other = application(client).test_client(use_cookies=False)
    assert other.get("/remember", headers={"Authorization": f"Bearer {bearer}"}).status_code == 200
    texts = at_rest.everything(url)
    assert any("saved_request" in text for text in texts), "nothing was stored to be searched"
    assert not [token for token in {*tokens, bearer} if any(token in text for text in texts)], "a token lies in Redis"
    hidden = bearer.encode().hex()  # planted as percent signs, in another session
    client.create("svc", {"kept": "".join(f"%{hidden[i : i + 2]}" for i in range(0, len(hidden), 2))})
    assert any(bearer in text for text in at_rest.everything(url)), "the search finds nothing"


if __name__ == "__main__":
    main()

"""Flask's session, messages, Flask-Login and Flask-WTF on shared sessions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import flask
import flask_login
import pytest
from flask.testing import FlaskClient
from flask_wtf import FlaskForm

import ficha
import ficha.flask
from ficha import Client, Identity
from redis_server import PATIENT, RedisServer

COOKIE = "sid"


gone: set[str] = set()
# Flask-Login's own.
pytestmark = pytest.mark.filterwarnings("ignore:.*utcnow:DeprecationWarning")


class User(flask_login.UserMixin):  # type: ignore[misc]
    def __init__(self, name: str) -> None:
        self.id = name


def application(client: Client) -> flask.Flask:
    app = flask.Flask(__name__)
    app.secret_key = "for Flask-WTF and the remember-cookie"
    ficha.flask.Sessions(app, client, identity=lambda user: Identity(user.id, roles=("customer",)))
    manager = flask_login.LoginManager(app)
    manager.user_loader(lambda name: None if name in gone else User(name))

    @app.get("/put/<name>/<value>")
    def put(name: str, value: str) -> Any:
        flask.session[name] = value
        return ""

    @app.get("/append/<value>")
    def append(value: str) -> Any:
        flask.session.setdefault("list", []).append(value)
        return ""

    @app.get("/bag/<key>")
    def bag(key: str) -> Any:
        flask.session.put("pref", key, 1)  # type: ignore[attr-defined]
        return ""

    @app.get("/show")
    def show() -> Any:
        return dict(flask.session)

    @app.get("/enter/<name>")
    def enter(name: str) -> Any:
        flask_login.login_user(User(name), remember="remember" in flask.request.args)
        flask.flash("welcome")
        return flask_login.current_user.id

    @app.get("/enter-and-fail/<name>")
    def enter_and_fail(name: str) -> Any:
        flask.session["_user_id"] = name
        return flask_login.current_user.get_id() or "nobody"

    @app.get("/who")
    def who() -> Any:
        current = flask_login.current_user
        return {"user": current.id if current.is_authenticated else None, "messages": flask.get_flashed_messages()}

    @app.get("/leave")
    def leave() -> Any:
        flask_login.logout_user()
        flask.flash("bye")
        return ""

    @app.get("/members/page")
    @flask_login.login_required  # type: ignore[untyped-decorator]
    def members() -> Any:
        return "members"

    @app.get("/tellers")
    @ficha.flask.require(roles=["teller"])
    def tellers() -> Any:
        return "cash"

    @app.route("/form", methods=["GET", "POST"])
    def form() -> Any:
        form = FlaskForm()
        return "sent" if form.validate_on_submit() else form.csrf_token.current_token

    @app.get("/fails")
    def fails() -> Any:
        flask.session["lost"] = 1
        flask.abort(500)

    return app


@pytest.fixture
def client(make_client: Any) -> Client:
    rules = [{"path": "/private", "allow": "authenticated"}, {"path": "/**", "allow": "anyone"}]
    opened: Client = make_client(cookie={"name": COOKIE, "insecure_http": True}, csrf={"mode": "off"}, rule=rules)
    return opened


@pytest.fixture
def browser(client: Client) -> FlaskClient:
    return application(client).test_client()


def token(browser: FlaskClient) -> str:
    cookie = browser.get_cookie(COOKIE)
    return cookie.value if cookie else ""


def test_values_are_there_for_the_next_request_nested_ones_too(browser: FlaskClient, client: Client) -> None:
    assert "Set-Cookie" not in browser.get("/show").headers
    response = browser.get("/append/a")
    assert response.headers["Cache-Control"] == "no-store"
    assert "Cookie" in response.headers["Vary"]
    assert "Set-Cookie" not in browser.get("/append/b").headers
    assert browser.get("/show").json == {"list": ["a", "b"]}
    session = client.load(token(browser))
    assert session is not None
    assert session.attributes["list"] == ["a", "b"]


def test_parallel_requests_keep_each_other_s_values_and_keys_of_a_bag(client: Client) -> None:
    stored = client.create(attributes={"a": 1})
    one, two = (ficha.flask.FichaSession(client, stored) for _ in range(2))
    one["b"], two["c"] = 2, 3
    one.put("pref", "x", 1)
    two.put("pref", "y", 2)
    one.save()
    two.save()
    session = client.find(stored.id)
    assert session is not None
    assert dict(session.attributes) == {"a": 1, "b": 2, "c": 3, "pref": {"x": 1, "y": 2}}


def test_flask_login_logs_in_and_out(browser: FlaskClient, client: Client) -> None:
    browser.get("/put/cart/book")
    before = token(browser)
    assert browser.get("/enter/alice").text == "alice"
    assert token(browser) != before
    assert client.load(before, fresh=True) is None
    session = client.load(token(browser))
    assert session is not None
    assert (session.principal, session.roles, session.attributes["cart"]) == ("alice", ("customer",), "book")
    assert "_user_id" not in session.attributes
    assert browser.get("/who").json == {"user": "alice", "messages": ["welcome"]}
    assert browser.get("/members/page").text == "members"
    entered = token(browser)
    browser.get("/leave")
    assert client.load(entered, fresh=True) is None
    assert browser.get("/who").json == {"user": None, "messages": ["bye"]}
    assert browser.get("/show").json == {}
    assert browser.get("/members/page").status_code == 401


def test_another_user_s_login_keeps_nothing_of_the_first(browser: FlaskClient, client: Client) -> None:
    browser.get("/enter/alice")
    browser.get("/put/secret/hers")
    browser.get("/enter/bob")
    shown: Any = browser.get("/show").json
    assert "secret" not in shown
    assert browser.get("/who").json["user"] == "bob"  # type: ignore[index]


def test_a_login_that_keeps_no_attributes_keeps_none_whether_they_are_stored_or_not(client: Client) -> None:
    for stored in (False, True):
        session = ficha.flask.FichaSession(client, None)
        session["cart"] = [1]
        if stored:
            session.save()
        entered = session.login("alice", attributes={"theme": "dark"}, keep_attributes=False)
        assert entered.attributes == dict(session) == {"theme": "dark"}


def test_a_visitor_whose_session_a_parallel_login_took_logs_in_with_what_this_request_put_in(client: Client) -> None:
    visitor = client.create(attributes={"cart": [1]})
    session = ficha.flask.FichaSession(client, client.load(str(visitor.token)))
    session["seen"] = True
    session.put("bag", "key", 1)
    client.login(visitor, "alice")
    entered = session.login("alice")
    assert entered.attributes == dict(session) == {"seen": True, "bag": {"key": 1}}
    session["seen"] = False
    client.revoke(entered)
    with pytest.raises(ficha.SessionGone):
        session.login("alice")


def test_to_another_principal_s_login_nothing_goes_along_but_what_this_request_put_in(client: Client) -> None:
    stored = client.create(
        "alice", {"cart": [1], "theme": "dark", "pref": {"old": 1, "taken": 2}, "seen": {"alice": 1}}
    )
    session = ficha.flask.FichaSession(client, client.load(str(stored.token)))
    session["theme"] = "light"
    session["new"] = {"a": 1}
    del session["cart"]
    session.put("pref", "own", 3)
    session.put("pref", "gone", 4)
    session.take("pref", "gone")
    session.take("seen", "nothing")
    entered = session.login("bob", attributes={"given": True})
    assert entered.attributes == dict(session) == {"theme": "light", "new": {"a": 1}, "pref": {"own": 3}, "given": True}
    assert client.find(stored.id) is None
    session["theme"] = "blue"
    assert session.login("carol", keep_attributes=False).attributes == {}


def test_the_remember_cookie_logs_in_without_a_proof_of_now(browser: FlaskClient, client: Client) -> None:
    browser.get("/enter/alice?remember")
    browser.delete_cookie(COOKIE)
    assert browser.get("/who").json["user"] == "alice"  # type: ignore[index]
    session = client.load(token(browser))
    assert session is not None
    assert (session.principal, session.authenticated_at) == ("alice", 0)
    browser.get("/leave")
    assert browser.get("/who").json["user"] is None  # type: ignore[index]


def test_the_remember_cookie_keeps_what_a_parallel_request_has_put_in(browser: FlaskClient, client: Client) -> None:
    browser.get("/enter/alice?remember")
    browser.delete_cookie(COOKIE)
    browser.get("/put/a/1")
    visitor = client.load(token(browser))
    assert visitor is not None
    assert visitor.anonymous
    login, entered = client.login, []

    def login_late(current: Any, principal: str, **options: Any) -> ficha.Session:
        client.patch(visitor, set={"b": 2})
        entered.append(login(current, principal, **options))
        return entered[0]

    client.login = login_late  # type: ignore[method-assign,assignment]
    browser.get("/who")
    assert entered[0].attributes == {"a": "1", "b": 2}


def test_a_remember_cookie_of_somebody_whom_nobody_knows_any_more(browser: FlaskClient) -> None:
    browser.get("/enter/alice?remember")
    browser.delete_cookie(COOKIE)
    gone.add("alice")
    try:
        assert browser.get("/who").json == {"user": None, "messages": []}
    finally:
        gone.clear()


@pytest.mark.parametrize("name", ["_user_id", "_fresh", "_id"])
def test_nobody_is_logged_in_by_naming_a_value(browser: FlaskClient, name: str) -> None:
    assert browser.get(f"/put/{name}/alice").status_code == (400 if name == "_user_id" else 200)
    assert browser.get("/show").json == {}
    assert browser.get("/who").json["user"] is None  # type: ignore[index]
    assert browser.get("/enter-and-fail/alice").status_code == 400
    browser.get("/enter/bob")
    assert browser.get(f"/put/{name}/alice").status_code == 400
    assert browser.get("/who").json["user"] == "bob"  # type: ignore[index]


def test_the_policy_stands_before_every_view(browser: FlaskClient, client: Client) -> None:
    refused = browser.get("/private")
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert refused.json == {"error": "unauthenticated", "message": "log in first"}
    bearer = {"Authorization": f"Bearer {client.create('alice').token}"}
    assert browser.get("/tellers", headers=bearer).status_code == 403
    bearer = {"Authorization": f"Bearer {client.create('alice', roles=['teller']).token}"}
    response = browser.get("/tellers", headers=bearer)
    assert (response.text, "Set-Cookie" in response.headers) == ("cash", False)


def test_a_view_s_requirement_is_judged_by_the_session_that_the_request_has_then(client: Client) -> None:
    app = application(client)

    @app.before_request
    def change() -> None:
        session: Any = flask.session
        for step in flask.request.args.getlist("then"):
            if step == "out":
                session.logout()
            elif step == "rotate":
                session.rotate()
            elif step == "put":
                session["a"] = 1
                session.save()
            else:
                name, _, role = step.partition(":")
                session.login(name, roles=[role])

    def call(role: str, *then: str) -> int:
        visitor = app.test_client()
        visitor.set_cookie(COOKIE, str(client.create("alice", roles=[role]).token))
        return visitor.get("/tellers", query_string={"then": then}).status_code

    assert call("teller") == call("teller", "put", "rotate") == 200
    assert call("teller", "out") == call("teller", "out", "put") == 401
    assert call("teller", "bob:guest") == call("guest", "put") == 403
    assert call("guest", "bob:teller") == call("guest", "out", "alice:teller") == 200
    assert app.test_client().get("/tellers?then=alice:teller").status_code == 200


def test_flask_wtf_s_forms(browser: FlaskClient) -> None:
    proof = browser.get("/form").text
    assert browser.post("/form", data={"csrf_token": proof}).text == "sent"
    assert browser.post("/form", data={"csrf_token": "another"}).text != "sent"


def test_a_failed_request_saves_nothing(browser: FlaskClient) -> None:
    assert browser.get("/fails").status_code == 500
    assert browser.get("/show").json == {}


def test_a_session_that_was_ended_elsewhere_is_not_brought_back(client: Client) -> None:
    app = application(client)

    @app.before_request
    def end() -> None:
        if flask.request.path == "/append/late":
            client.revoke(flask.session.stored)  # type: ignore[attr-defined]

    browser = app.test_client()
    browser.get("/put/a/1")
    late = browser.get("/append/late")
    assert (late.status_code, late.headers["WWW-Authenticate"]) == (401, 'Bearer error="invalid_token"')
    assert late.data == ficha.respond_to(ficha.SessionGone).body
    assert client.load(token(browser), fresh=True) is None


def test_names_that_the_service_may_not_write(make_client: Any) -> None:
    client = make_client(cookie={"name": COOKIE, "insecure_http": True}, session={"may_write": ["cart"]})
    browser = application(client).test_client()
    assert browser.get("/put/cart/1").status_code == 200
    assert browser.get("/put/other/1").status_code == 400


ERRORS = [
    ficha.SessionGone,
    ficha.SessionLimit,
    ficha.InvalidArgument,
    ficha.TooLarge,
    ficha.Conflict,
    ficha.AttributeExists,
    ficha.Unavailable,
]


@pytest.mark.parametrize("error", ERRORS)
def test_what_a_view_runs_into_has_its_answer(client: Client, error: type[ficha.FichaError]) -> None:
    app = application(client)

    @app.get("/raise")
    def fail() -> Any:
        raise error("here")

    response = app.test_client().get("/raise")
    assert response.status_code == error.http_status
    assert (response.data, response.mimetype) == (ficha.respond_to(error("here")).body, "application/json")


def test_an_application_may_answer_an_error_itself(client: Client) -> None:
    app = application(client)
    app.register_error_handler(ficha.SessionLimit, lambda error: ("log out elsewhere", 429))

    @app.get("/raise")
    def fail() -> Any:
        raise ficha.SessionLimit("here")

    assert app.test_client().get("/raise").text == "log out elsewhere"


def test_a_login_beyond_the_limit_in_a_view(make_client: Any) -> None:
    limited = {"max_per_principal": 1, "on_limit": "refuse"}
    client = make_client(cookie={"name": COOKIE, "insecure_http": True}, session=limited)
    client.create("alice")
    response = application(client).test_client().get("/enter/alice")
    assert (response.status_code, "Set-Cookie" in response.headers) == (429, False)
    assert response.data == ficha.respond_to(ficha.SessionLimit).body


@pytest.fixture
def stopped(own_redis_server: RedisServer) -> Iterator[tuple[Client, RedisServer]]:
    tables = {
        "redis": {"url": own_redis_server.url, **PATIENT},
        "cookie": {"name": COOKIE, "insecure_http": True},
        "rule": [{"path": "/**", "allow": "anyone"}],
    }
    with ficha.Client(tables) as opened:
        yield opened, own_redis_server


def test_an_outage_is_503_and_no_logout(stopped: tuple[Client, RedisServer]) -> None:
    client, server = stopped
    browser = application(client).test_client()
    browser.get("/put/a/1")
    server.stop()
    response = browser.get("/put/b/2")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
    assert "Set-Cookie" not in response.headers
    assert response.data == ficha.respond_to(ficha.Unavailable).body


def test_the_answer_to_a_save_that_failed_says_nothing_of_the_view_s_own(client: Client) -> None:
    app = application(client)
    of_content = {
        "Content-Encoding": "gzip",
        "Content-Language": "de",
        "ETag": '"1"',
        "Last-Modified": "Sun, 06 Nov 1994 08:49:37 GMT",
        "Location": "/here",
        "Cache-Control": "max-age=60",
    }

    @app.get("/large")
    def large() -> Any:
        flask.session["large"] = "x" * 70_000
        return b"packed", 200, {**of_content, "X-Request-Id": "1"}

    response = app.test_client().get("/large")
    assert (response.status_code, response.mimetype) == (413, "application/json")
    assert not of_content.keys() & response.headers.keys()
    assert response.headers["X-Request-Id"] == "1"
    assert response.content_length == len(response.data)


def test_the_test_client_s_session_transaction(browser: FlaskClient) -> None:
    with browser.session_transaction() as session:
        session["prepared"] = [1]
    assert browser.get("/show").json == {"prepared": [1]}

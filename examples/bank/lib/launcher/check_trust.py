"""What clients send and must not get away with."""

from __future__ import annotations

from scene import COOKIE, Scene, expect, require


def another_site_cannot_use_the_cookie(scene: Scene) -> None:
    bob = scene.logged_in("bob")
    forged = (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"},
        {"Origin": "https://evil.example", "X_Forwarded_Host": "evil.example", "X_Forwarded_Proto": "https"},
        {"Origin": "https://evil.example", "Forwarded": "host=evil.example;proto=https"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    )
    for headers in forged:
        for service in scene.services:
            answer = bob.ask("PUT", f"/{service}/session/attributes/forged", 1, headers=headers)
            require(answer.status == 403, f"{service} answered {answer.status} to {headers}")
    login = {"username": "bob", "password": scene.system.passwords["bob"]}
    expect(scene.visitor().ask("POST", "/auth/login", login, headers={"Origin": "https://evil.example"}), 403)
    require("forged" not in bob.get("/auth/session").json()["attributes"], "it was done all the same")


def ambiguous_requests_are_refused(scene: Scene) -> None:
    bob = scene.logged_in("bob")
    token = bob.cookies[COOKIE]
    for service in scene.services:
        twice = bob.ask("GET", f"/{service}/session", headers={"Authorization": f"Bearer {token}"})
        require(twice.status == 400, f"{service}: cookie and Bearer gave {twice.status}")
        other = {"Cookie": f"{COOKIE}={token}; {COOKIE}=fch1_other"}
        require(
            scene.visitor().ask("GET", f"/{service}/session", headers=other).status == 401, f"{service}: two cookies"
        )
        for path in ("//session", "/session;x=1", "/%2e%2e/x", "/a%2fb", "/session%00", "/x/../session"):
            status = bob.get(f"/{service}{path}").status
            require(status in (400, 403, 404), f"{service}{path} gave {status}")
        query = scene.visitor().get(f"/{service}/session?access_token={token}")
        require(query.status == 401, f"{service}: a token in the query gave {query.status}")
    for path in ("/auth/unknown", "/rates/unknown", "/transactions/unknown/deep"):
        require(bob.get(path).status in (403, 404), path)


def what_is_too_large_stops_at_the_proxy(scene: Scene) -> None:
    visitor = scene.visitor()
    large = visitor.ask("GET", "/rates/session", headers={"X-Large": "x" * 40_000})
    require(large.status in (400, 414, 431), f"40 kB of header gave {large.status}")
    body = visitor.ask("POST", "/auth/login", {"username": "x" * 200_000, "password": "x"})
    require(body.status == 413, f"200 kB of body gave {body.status}")


def answers_say_how_browsers_are_to_treat_them(scene: Scene) -> None:
    bob = scene.logged_in("bob")
    for answer in scene.everywhere(bob, 200):
        require(answer.header("X-Content-Type-Options") == "nosniff", "no nosniff")
        require("default-src 'none'" in answer.header("Content-Security-Policy"), "no policy")
        require("Cookie" in answer.header("Vary"), "caches may mix users up")
        require(answer.header("Content-Type").startswith("application/json"), answer.header("Content-Type"))


def a_logout_is_no_link(scene: Scene) -> None:
    bob = scene.logged_in("bob")
    status = bob.get("/auth/logout").status
    require(status in (403, 405), f"GET /auth/logout gave {status}")
    scene.everywhere(bob, 200)


CHECKS = (
    another_site_cannot_use_the_cookie,
    ambiguous_requests_are_refused,
    what_is_too_large_stops_at_the_proxy,
    answers_say_how_browsers_are_to_treat_them,
    a_logout_is_no_link,
)

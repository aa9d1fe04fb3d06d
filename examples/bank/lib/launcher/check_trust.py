"""What clients send and must not get away with."""

from __future__ import annotations

import stat
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from build import BANK, VENV
from recorder import recorded
from scene import COOKIE, Scene, expect, require, same
from services import SERVICES

# Fields in which one server or another looks for the path, the method or the origin of a request: a client's own word.
_TRUSTED_FIELDS = (
    *("Forwarded", "X-Forwarded", "X-Forwarded-Prefix", "X-Forwarded-Path", "X-Forwarded-Uri", "X-Forwarded-Port"),
    *("X-Forwarded-Server", "X-Forwarded-Ssl", "X-Forwarded-Scheme", "X-Forwarded-Method", "X-Forwarded-User"),
    *("Script-Name", "X-Script-Name", "Path-Info", "X-Path-Info", "Request-Uri", "X-Request-Uri", "X-Ingress-Path"),
    *("X-Original-URL", "X-Original-URI", "X-Original-Host", "X-Original-Method", "X-Rewrite-URL", "X-Context-Path"),
    *("X-Envoy-Original-Path", "X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Scheme"),
    *("X-Real-IP", "X-Client-IP", "True-Client-IP", "X-Cluster-Client-IP", "Front-End-Https", "X-Url-Scheme"),
    *("Remote-User", "X-Remote-User", "X-User", "Proxy", "Root-Path", "X-Invented-Tomorrow"),
)


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
            answer = bob.ask("PUT", f"/{service}/session/notes/forged", 1, headers=headers)
            require(answer.status == 403, f"{service} answered {answer.status} to {headers}")
    login = {"username": "bob", "password": scene.system.passwords["bob"]}
    expect(scene.visitor().ask("POST", "/auth/login", login, headers={"Origin": "https://evil.example"}), 403)
    require("forged" not in bob.get("/auth/session").json()["notes"], "it was done all the same")


def what_a_client_says_of_path_method_and_origin_reaches_no_service(scene: Scene) -> None:
    own = {"x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "http"}
    sent = {"Accept": "*/*", "Authorization": "Bearer b", "Cookie": "a=b", "Idempotency-Key": "once", "Origin": "null"}
    with recorded(scene.system.proxy) as recorder:
        host = recorder.visitor.origin.removeprefix("http://")
        for spelt in (str, str.lower, str.upper, _with("_"), _with("."), lambda name: _with("_")(name.upper())):
            hostile = {spelt(name): "/forged" for name in (*_TRUSTED_FIELDS, *own, "X-Forwarded-Host")}
            seen = recorder.fields_of("GET", "/auth/session", {**sent, **hostile})
            forged = sorted(name for name, value in seen.items() if "forged" in value)
            require(not forged, f"a service is told by the client: {forged}")
            for name, value in {**own, "x-forwarded-host": host, "host": host}.items():
                require(seen[name] == value, f"{name} is {seen[name]}")
            kept = {name: seen.get(name.lower()) for name in sent}
            require(kept == sent, f"of what a client may send, the services see {kept}")


def a_prefix_or_an_override_that_a_client_claims_changes_nothing(scene: Scene) -> None:
    bob = scene.logged_in("bob")
    for name in ("SCRIPT_NAME", "X-Script-Name", "X-Forwarded-Prefix", "X-Original-URL", "X-Rewrite-URL"):
        for service in scene.services:
            claimed = {name: f"/{service}"}
            seen = expect(bob.ask("GET", f"/{service}/session", headers=claimed), 200).json()
            same("principal", (seen["principal"],), "bob")
            expect(scene.visitor().ask("GET", f"/{service}/session", headers=claimed), 401)
    expect(bob.ask("GET", "/auth/logout", headers={"X-HTTP-Method-Override": "POST"}), 405)
    scene.everywhere(bob, 200)


def no_name_that_a_user_chooses_makes_anybody_of_him(scene: Scene) -> None:
    bob = scene.logged_in("bob")
    before = bob.get("/auth/session").json()
    chosen = {
        "spring.authorities": ["ROLE_admin", "ROLE_auditor", "ROLE_trader", "SCOPE_account"],
        "SPRING_SECURITY_CONTEXT": {"@class": "java.util.ArrayList"},
        "passport": {"user": "admin"},
        "_auth_user_id": "1",
        "_session_expiry": 34_560_000,
        "roles": ["admin"],
        "__proto__": {"roles": ["admin"]},
    }
    for name, value in chosen.items():
        for service in scene.services:
            changed = expect(bob.ask("PUT", f"/{service}/session/notes/{name}", value), 200).json()
            require(changed["notes"][name] == value, f"{service} has another {name}")
            answer = bob.ask("PUT", f"/{service}/session/attributes/{name}", value)
            require(answer.status in (403, 404, 405), f"{service} has an attribute by its name: {answer.status}")
    for path in ("/auth/users", "/statements/audit", "/rates/margins"):
        expect(bob.get(path), 403)
    for answer in scene.everywhere(bob, 200):
        view = answer.json()
        require(view["notes"] == chosen, f"{view['service']} sees {sorted(view['notes'])}")
        for field in ("principal", "roles", "scopes", "authenticated_at"):
            same(field, (view[field],), before[field])


def what_no_rule_of_a_path_lists_is_told_which_methods_there_are(scene: Scene) -> None:
    bob = scene.logged_in("bob")
    for path, allowed in (
        *((f"/{service}/session", "GET") for service in scene.services),
        *((f"/{service}/health", "GET") for service in scene.services),
        *((f"/{service}/session/notes/theme", "PUT") for service in scene.services),
        ("/transactions/transfers", "POST"),
        ("/auth/users/bob/roles", "PUT"),
    ):
        refused = expect(bob.ask("PATCH", path), 405)
        require(allowed in refused.header("Allow"), f"PATCH {path}: Allow: {refused.header('Allow')}")
        if not path.endswith("health"):
            expect(scene.visitor().ask("PATCH", path), 401)


def every_route_of_django_is_held_by_one_rule(scene: Scene) -> None:
    for service in SERVICES:
        if not (BANK / service.name / "manage.py").is_file():
            continue
        listing = subprocess.run(
            [VENV / "bin" / "python", "manage.py", "ficha_routes"],
            cwd=BANK / service.name,
            env=scene.system.environment(service, service.name),
            capture_output=True,
            text=True,
            check=False,
        )
        require(listing.returncode == 0, f"{service.name}:\n{listing.stdout}{listing.stderr}")
        require(f"/{service.name}/session" in listing.stdout, f"{service.name} lists no routes: {listing.stdout}")


def capital_letters_open_no_door(scene: Scene) -> None:
    bob = scene.logged_in("bob")
    card = expect(bob.get("/cards/cards"), 200).json()[0]["id"]
    for method, path in (
        ("POST", f"/cards/Cards/{card}/Freeze"),
        ("POST", f"/cards/cards/{card}/FREEZE"),
        ("GET", "/auth/Users"),
        ("GET", "/statements/AUDIT"),
        ("GET", "/rates/Margins"),
    ):
        expect(bob.ask(method, path), 403)
        status = scene.visitor().ask(method, path).status
        require(status in (401, 403), f"{method} {path} gave a visitor {status}")


def _with(separator: str) -> Callable[[str], str]:
    return lambda name: name.replace("-", separator)


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


def nobody_else_on_the_machine_reads_what_is_stored(scene: Scene) -> None:
    run = scene.system.run
    expect(scene.logged_in("bob").get("/cards/cards"), 200)  # makes the folder of frozen cards
    kept = [run, *(path for folder in ("data", "log") for path in (run / folder, *(run / folder).rglob("*")))]
    names = {path.name for path in kept}
    require({"auth.sqlite3", "transactions.sqlite3", "frozen-cards", "auth.log"} <= names, f"looked only at {names}")
    for path in kept:
        with suppress(FileNotFoundError):  # SQLite's journals come and go
            rights = stat.S_IMODE(path.stat().st_mode)
            require(rights & 0o077 == 0, f"{path.relative_to(run.parent)} has the rights {rights:o}")


def a_database_that_was_readable_by_others_is_so_no_longer(scene: Scene) -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        data.mkdir()
        database = data / "auth.sqlite3"
        for there in (database, database.with_name("auth.sqlite3-wal")):
            there.touch()
            there.chmod(0o644)
        data.chmod(0o755)
        environment = scene.system.environment(SERVICES[0], "auth") | {"BANK_DATA": str(data)}
        settings = ("-c", "import auth_service.settings")
        subprocess.run([VENV / "bin" / "python", *settings], env=environment, check=True, capture_output=True)
        rights = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (data, *data.iterdir())}
    require(rights == {"data": 0o700, database.name: 0o600, f"{database.name}-wal": 0o600}, f"{rights}")


def a_logout_is_no_link(scene: Scene) -> None:
    bob = scene.logged_in("bob")
    status = bob.get("/auth/logout").status
    require(status in (403, 405), f"GET /auth/logout gave {status}")
    scene.everywhere(bob, 200)


CHECKS = (
    another_site_cannot_use_the_cookie,
    what_a_client_says_of_path_method_and_origin_reaches_no_service,
    a_prefix_or_an_override_that_a_client_claims_changes_nothing,
    no_name_that_a_user_chooses_makes_anybody_of_him,
    what_no_rule_of_a_path_lists_is_told_which_methods_there_are,
    every_route_of_django_is_held_by_one_rule,
    capital_letters_open_no_door,
    ambiguous_requests_are_refused,
    what_is_too_large_stops_at_the_proxy,
    answers_say_how_browsers_are_to_treat_them,
    nobody_else_on_the_machine_reads_what_is_stored,
    a_database_that_was_readable_by_others_is_so_no_longer,
    a_logout_is_no_link,
)

#!/usr/bin/env python3
"""Writes decisions.json beside this file. Deterministic. README.md describes the file."""

from decision_csrf_cases import csrf_by_origin, csrf_by_token, trust
from decision_reading_cases import cors, destinations, methods, prefixes, readings
from decision_outcomes import (
    ANONYMOUS, BEARER, CASES, CONFIGS, COOKIE, HOST, SAME_ORIGIN, USER, again, allow, anonymous, anonymous_session,
    PREFIXES, bad_authorization, bad_path, case, csrf, invalid_token, lacking, no_credential, not_allowed, two_credentials,
    unavailable, unruled,
)
from make_path_vectors import REFUSED
from vector_file import write


def access():
    case("anyone, no credential", ["GET /login"], anonymous("login"), asks=False)
    case("anyone, live session", ["GET /login", COOKIE], allow("login"), session=USER)
    case("anyone, anonymous session", ["GET /login", COOKIE], allow("login"), session=ANONYMOUS)
    case("anyone, stale cookie", ["GET /login", COOKIE], anonymous("login", "cookie"))
    case("anyone, stale Bearer token", ["GET /login", BEARER], anonymous("login", "bearer"))
    case("anyone, live Bearer token", ["GET /login", BEARER], allow("login", "bearer"), session=USER)
    case("anyone, malformed cookie", ["GET /login", ["Cookie", "__Host-ficha=abc"]], anonymous("login", "cookie"), asks=False)
    case("anyone, malformed Bearer token", ["GET /login", ["Authorization", "Bearer abc"]], anonymous("login", "bearer"),
         asks=False)
    case("anyone, ambiguous cookie", ["GET /login", ["Cookie", "__Host-ficha=$TOKEN; __Host-ficha=$TOKEN2"]],
         anonymous("login", "cookie"), session=USER, asks=False)
    case("anyone, the store cannot answer", ["GET /login", COOKIE], unavailable("login"), error="unavailable")
    case("anyone, no credential while the store cannot answer", ["GET /login"], anonymous("login"), error="unavailable",
         asks=False)
    case("authenticated, no credential", ["GET /me"], no_credential("me"))
    case("authenticated, another cookie only", ["GET /me", ["Cookie", "a=1; b=2"]], no_credential("me"))
    case("authenticated, live session", ["GET /me", COOKIE], allow("me"), session=USER)
    case("authenticated, live Bearer token", ["GET /me", BEARER], allow("me", "bearer"), session=USER)
    case("authenticated, anonymous session", ["GET /me", COOKIE], anonymous_session("me"), session=ANONYMOUS)
    case("authenticated, anonymous session by Bearer", ["GET /me", BEARER], anonymous_session("me", "bearer"),
         session=ANONYMOUS)
    case("authenticated, unknown cookie", ["GET /me", COOKIE], invalid_token("session_not_live", "me"))
    case("authenticated, unknown Bearer token", ["GET /me", BEARER], invalid_token("session_not_live", "me", "bearer"))
    case("authenticated, a session never authenticated", ["GET /me", COOKIE], allow("me"),
         session={"principal": "alice", "authenticated_ago": None})
    case("a session with everything", ["GET /me", COOKIE], allow("me"),
         session={"principal": "alice", "roles": ["a", "b"], "scopes": ["c", "d"], "level": 3, "authenticated_ago": 5})
    case("nobody, no credential", ["GET /internal/x"], unruled("nobody", "internal"))
    case("nobody, live session", ["GET /internal/x", COOKIE], unruled("nobody", "internal"), session=USER)
    case("nobody, two credentials are not even read", ["GET /internal/x", COOKIE, BEARER], unruled("nobody", "internal"),
         session=USER)
    case("no rule", ["GET /other", COOKIE], unruled(), session=USER)
    case("no rule, no credential", ["GET /other"], unruled())
    case("no rule for the root", ["GET /", COOKIE], unruled(), session=USER)
    case("without rules it is as with one for anyone", ["GET /", COOKIE], allow(0), session=USER, config="empty")
    case("without rules, no credential", ["POST /x"], anonymous(0), config="empty", asks=False)
    case("without rules CSRF is judged", ["POST /x", COOKIE], csrf("csrf_no_proof", 0), session=USER, config="empty")
    case("without rules Bearer is read", ["POST /x", BEARER], allow(0, "bearer"), session=USER, config="empty")
    case("without rules two credentials are refused", ["GET /x", COOKIE, BEARER], two_credentials(0), session=USER,
         config="empty")
    case("without rules a path must be clear", ["GET /a//b"], bad_path(), config="empty")
    case("the first rule that matches decides", ["GET /files/7/raw", COOKIE], allow("files"), session=USER)
    case("a star is one segment", ["GET /files/7/8/raw", COOKIE], unruled(), session=USER)
    case("polling is allowed like anything else", ["GET /poll", COOKIE], allow("poll"), session=USER)
    case("a rule may ask for the store's own answer", ["GET /transfers", COOKIE], allow("transfers"),
         session={"principal": "alice", "roles": ["teller"], "authenticated_ago": 0})


def rights():
    def holder(roles=(), scopes=()):
        return {"principal": "alice", "roles": list(roles), "scopes": list(scopes)}

    both = "transactions:read transactions:write"
    for carrier, credential in (("cookie", COOKIE), ("bearer", BEARER)):
        def write_case(name, session, expect):
            case(f"{name}, by {carrier}", ["POST /transactions/1", credential, SAME_ORIGIN], expect, session=session)

        def read_case(name, session, expect):
            case(f"{name}, by {carrier}", ["GET /transactions/1", credential], expect, session=session)

        def admin_case(name, session, expect):
            case(f"{name}, by {carrier}", ["GET /admin/x", credential], expect, session=session)

        read_case("the one scope", holder(scopes=["transactions:read"]), allow("read", carrier))
        read_case("more scopes than needed", holder(scopes=["a", "transactions:read", "b"]), allow("read", carrier))
        read_case("no scope", holder(), lacking("missing_scope", "read", carrier, "transactions:read"))
        read_case("a longer scope", holder(scopes=["transactions:read:all"]),
                  lacking("missing_scope", "read", carrier, "transactions:read"))
        read_case("a shorter scope", holder(scopes=["transactions"]),
                  lacking("missing_scope", "read", carrier, "transactions:read"))
        read_case("a scope in another case", holder(scopes=["Transactions:Read"]),
                  lacking("missing_scope", "read", carrier, "transactions:read"))
        read_case("two scopes in one text", holder(scopes=["a transactions:read"]),
                  lacking("missing_scope", "read", carrier, "transactions:read"))
        read_case("a role named like the scope", holder(roles=["transactions:read"]),
                  lacking("missing_scope", "read", carrier, "transactions:read"))
        write_case("both scopes", holder(scopes=["transactions:write", "transactions:read"]), allow("write", carrier))
        write_case("the first scope only", holder(scopes=["transactions:read"]),
                   lacking("missing_scope", "write", carrier, both))
        write_case("the second scope only", holder(scopes=["transactions:write"]),
                   lacking("missing_scope", "write", carrier, both))
        admin_case("the role", holder(roles=["admin"]), allow("admin", carrier))
        admin_case("the role among others", holder(roles=["a", "admin", "b"]), allow("admin", carrier))
        admin_case("no role", holder(), lacking("missing_role", "admin", carrier))
        admin_case("another role", holder(roles=["administrator"]), lacking("missing_role", "admin", carrier))
        admin_case("the role in another case", holder(roles=["Admin"]), lacking("missing_role", "admin", carrier))
        admin_case("a scope named like the role", holder(scopes=["admin"]), lacking("missing_role", "admin", carrier))
        admin_case("an anonymous session with the role", {"principal": "", "roles": ["admin"]},
                   anonymous_session("admin", carrier))

    age, level = 'max_age="300"', 'acr_values="2"'
    strong = ['max_age="600"', 'acr_values="3"']
    for carrier, credential in (("cookie", COOKIE), ("bearer", BEARER)):
        def transfer(name, session, expect):
            case(f"{name}, by {carrier}", ["GET /transfers/1", credential], expect, session=session)

        def customer(ago):
            return {"principal": "alice", "roles": ["customer"], "authenticated_ago": ago}

        transfer("authenticated just now", customer(0), allow("transfers", carrier))
        transfer("authenticated long enough ago to be the last second", customer(300), allow("transfers", carrier))
        transfer("authenticated a second too long ago", customer(301), again("authentication_too_old", "transfers", [age], carrier))
        transfer("authenticated a day ago", customer(86400), again("authentication_too_old", "transfers", [age], carrier))
        transfer("never authenticated", customer(None), again("authentication_too_old", "transfers", [age], carrier))
        transfer("authenticated, by a clock ahead of ours", customer(-2), allow("transfers", carrier))
        transfer("too old and without the role", {"principal": "alice", "authenticated_ago": 9999},
                 lacking("missing_role", "transfers", carrier))
        for held in range(4):
            expect = allow("vault", carrier) if held >= 2 else again("level_too_low", "vault", [level], carrier)
            case(f"level {held} where 2 is needed, by {carrier}", ["GET /vault", credential], expect,
                 session={"principal": "alice", "level": held})
        for held, ago, roles in ((3, 0, ["admin"]), (2, 0, ["admin"]), (3, 601, ["admin"]), (2, 601, ["admin"]), (0, None, [])):
            if not roles:
                expect = lacking("missing_role", "strong", carrier)
            elif held < 3:
                expect = again("level_too_low", "strong", strong, carrier)
            elif ago > 600:
                expect = again("authentication_too_old", "strong", strong, carrier)
            else:
                expect = allow("strong", carrier)
            case(f"level {held}, {ago} s ago, roles {roles}, by {carrier}", ["GET /strong/x", credential], expect,
                 session={"principal": "alice", "level": held, "roles": roles, "authenticated_ago": ago})


def credentials():
    def cookie(value):
        return ["Cookie", value]

    def authorization(value):
        return ["Authorization", value]

    # Outside, whatever is wrong with a token looks the same.
    malformed = [
        ("an empty value", ""),
        ("something short", "abc"),
        ("the prefix alone", "fch1_"),
        ("a token and one character more", "$TOKENA"),
        ("another prefix", "fch2_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        ("the prefix in another case", "FCH1_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        ("a quoted token", '"$TOKEN"'),
        ("a JWT", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9."),
        ("what means something to Redis", "*1\r\n$8\r\nFLUSHALL\r\n"),
        ("64 KiB", [["a", 65536]]),
    ]
    for name, value in malformed:
        parts = value if isinstance(value, list) else [[value, 1]]
        case(f"in the cookie: {name}", ["GET /me", ["Cookie", [["__Host-ficha=", 1], *parts]]],
             invalid_token("malformed_token", "me"))
    for name, value in (("something short", "abc"), ("a JWT", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.c2ln"),
                        ("another prefix", "fch2_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
                        ("a token and one character more", "$TOKENA")):
        case(f"in Bearer: {name}", ["GET /me", authorization(f"Bearer {value}")],
             invalid_token("malformed_token", "me", "bearer"))
    case("in Bearer: 64 KiB", ["GET /me", ["Authorization", [["Bearer ", 1], ["a", 65536]]]],
         invalid_token("malformed_token", "me", "bearer"))

    case("the cookie among others", ["GET /me", cookie("a=1; __Host-ficha=$TOKEN; b=2")], allow("me"), session=USER)
    case("the cookie in the second field", ["GET /me", cookie("a=1"), cookie("__Host-ficha=$TOKEN")], allow("me"), session=USER)
    case("the cookie twice, the same", ["GET /me", cookie("__Host-ficha=$TOKEN; __Host-ficha=$TOKEN")], allow("me"),
         session=USER)
    case("the cookie in two fields, the same", ["GET /me", COOKIE, COOKIE], allow("me"), session=USER)
    for name, first, second in (("good first", "$TOKEN", "$TOKEN2"), ("good last", "$TOKEN2", "$TOKEN"),
                                ("one empty", "$TOKEN", ""), ("one quoted", "$TOKEN", '"$TOKEN"')):
        case(f"the cookie twice, different: {name}", ["GET /me", cookie(f"__Host-ficha={first}; __Host-ficha={second}")],
             invalid_token("ambiguous_cookie", "me"), session=USER)
        case(f"the cookie in two fields, different: {name}",
             ["GET /me", cookie(f"__Host-ficha={first}"), cookie(f"__Host-ficha={second}")],
             invalid_token("ambiguous_cookie", "me"), session=USER)
    case("the cookie in another case", ["GET /me", cookie("__host-ficha=$TOKEN")], no_credential("me"), session=USER)
    case("a Unicode space before the cookie", ["GET /me", cookie("\xe2\x80\x80__Host-ficha=$TOKEN")], no_credential("me"),
         session=USER)
    case("the cookie inside a nameless one", ["GET /me", cookie("=__Host-ficha=$TOKEN")], no_credential("me"), session=USER)
    case("the header's name in another case", ["GET /me", ["cOOKIE", "__Host-ficha=$TOKEN"]], allow("me"), session=USER)
    case("10,000 cookies", ["GET /me", ["Cookie", [["a=1; ", 10000], ["__Host-ficha=$TOKEN", 1]]]], allow("me"), session=USER)
    case("1 MiB of cookies", ["GET /me", ["Cookie", [["a=", 1], ["x", 1048576], ["; __Host-ficha=$TOKEN", 1]]]], allow("me"),
         session=USER)
    case("a cookie of another name is not ours", ["GET /x", cookie("__Host-ficha=$TOKEN")], no_credential("all"), session=USER,
         config="plain_cookie")
    case("a cookie of the configured name", ["GET /x", cookie("sid=$TOKEN")], allow("all"), session=USER, config="plain_cookie")

    case("the scheme in another case", ["GET /me", authorization("bEARER $TOKEN")], allow("me", "bearer"), session=USER)
    case("Authorization in another case", ["GET /me", ["AUTHORIZATION", "Bearer $TOKEN"]], allow("me", "bearer"), session=USER)
    case("another scheme is no credential", ["GET /me", authorization("Basic dXNlcjpwYXNz")], no_credential("me"))
    case("another scheme beside the cookie", ["GET /me", authorization("Basic dXNlcjpwYXNz"), COOKIE], allow("me"),
         session=USER)
    for name, value in (("no token", "Bearer"), ("no token after a space", "Bearer "), ("a tab", "Bearer\t$TOKEN"),
                        ("a no-break space", "Bearer\xa0$TOKEN"), ("two tokens", "Bearer $TOKEN $TOKEN2"),
                        ("an empty field", ""), ("a quoted token", 'Bearer "$TOKEN"'), ("a parameter", "Bearer $TOKEN a=b")):
        case(f"malformed Bearer: {name}", ["GET /me", authorization(value)], bad_authorization("malformed_bearer", "me"),
             session=USER)
    case("malformed Bearer beside a good cookie", ["GET /me", authorization("Bearer"), COOKIE],
         bad_authorization("malformed_bearer", "me"), session=USER)
    case("malformed Bearer where anyone may pass", ["GET /login", authorization("Bearer")],
         bad_authorization("malformed_bearer", "login"))
    for name, fields in (("different", ["Bearer $TOKEN", "Bearer $TOKEN2"]), ("the same", ["Bearer $TOKEN", "Bearer $TOKEN"]),
                         ("two schemes", ["Basic dXNlcjpwYXNz", "Bearer $TOKEN"]), ("one empty", ["", "Bearer $TOKEN"])):
        case(f"two Authorization fields: {name}", ["GET /me", *map(authorization, fields)],
             bad_authorization("two_authorizations", "me"), session=USER)
    for name, value in (("two tokens", "Bearer $TOKEN, Bearer $TOKEN2"), ("two schemes", "Basic dXNlcjpwYXNz, Bearer $TOKEN")):
        case(f"joined by a comma: {name}", ["GET /me", authorization(value)], bad_authorization("two_authorizations", "me"),
             session=USER)

    # Both carriers, valid or not: never "try the other".
    states = {"good": "$TOKEN", "unknown": "$TOKEN2", "malformed": "abc", "empty": ""}
    for (cookie_state, cookie_value) in states.items():
        for (bearer_state, bearer_value) in states.items():
            expect = two_credentials("me") if bearer_value else bad_authorization("malformed_bearer", "me")
            case(f"{cookie_state} cookie and {bearer_state} Bearer token",
                 ["GET /me", cookie(f"__Host-ficha={cookie_value}"), authorization(f"Bearer {bearer_value}")], expect,
                 session=USER)
    case("an ambiguous cookie and a Bearer token", ["GET /me", cookie("__Host-ficha=a; __Host-ficha=b"), BEARER],
         two_credentials("me"), session=USER)
    case("two credentials where anyone may pass", ["GET /login", COOKIE, BEARER], two_credentials("login"), session=USER)

    # Nowhere else.
    for name, path, headers in (
        ("in the query", "/me?access_token=$TOKEN", []),
        ("in the query, by the cookie's name", "/me?__Host-ficha=$TOKEN", []),
        ("in Proxy-Authorization", "/me", [["Proxy-Authorization", "Bearer $TOKEN"]]),
        ("in X-Authorization", "/me", [["X-Authorization", "Bearer $TOKEN"]]),
        ("in Authorization_", "/me", [["Authorization_", "Bearer $TOKEN"]]),
        ("in Cookie2", "/me", [["Cookie2", "__Host-ficha=$TOKEN"]]),
        ("in X-Session-Token", "/me", [["X-Session-Token", "$TOKEN"]]),
        ("in Set-Cookie", "/me", [["Set-Cookie", "__Host-ficha=$TOKEN"]]),
    ):
        case(f"a token {name}", [("GET", path), *headers], no_credential("me"), session=USER)
    case("a token in a path parameter", ["GET /me;jsessionid=$TOKEN"], bad_path(), session=USER)


def paths_and_methods():
    # Every class of path that must be refused, with a live session.
    for name, target in REFUSED:
        if target == "*":
            continue
        absolute = name.startswith("the absolute form")  # and no Host that says the same
        case(f"path: {name}", [("GET", target), COOKIE], bad_path("ambiguous_authority" if absolute else "ambiguous_path"),
             session=USER)
    case("a refused path tells nothing about credentials", ["GET /me//x", ["Authorization", "Bearer"]], bad_path())
    case("an encoded letter of a protected segment", ["GET /%61dmin/x", COOKIE], lacking("missing_role", "admin"), session=USER)
    case("a protected prefix as a prefix of another word", ["GET /administrator", COOKIE], unruled(), session=USER)
    case("a protected path in another case", ["GET /Admin/x", COOKIE], unruled(), session=USER)
    case("a trailing slash", ["GET /me/", COOKIE], allow("me"), session=USER)
    case("the query carrying a public path", ["GET /admin/x?next=/login", COOKIE], lacking("missing_role", "admin"), session=USER)
    case("the asterisk form", ["GET *", COOKIE], bad_path(), session=USER)
    case("OPTIONS *", ["OPTIONS *", COOKIE], unruled(), session=USER)
    case("OPTIONS * without a credential", ["OPTIONS *"], unruled())
    case("CONNECT to an authority", ["CONNECT bank.example:443", COOKIE], bad_path(), session=USER)

    case("HEAD is judged as GET", ["HEAD /health"], anonymous("health"), asks=False)
    case("HEAD where GET needs a scope", ["HEAD /transactions/1", COOKIE], lacking("missing_scope", "read"), session=USER)
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "FOO"):
        case(f"{method} where only GET is listed", [f"{method} /health"], not_allowed("GET, HEAD"))
    for method in ("PUT", "DELETE", "TRACE", "FOO"):
        case(f"{method} where GET and POST have rules of their own", [f"{method} /transactions/1", COOKIE, SAME_ORIGIN],
             not_allowed("GET, HEAD, POST", "cookie"), session=USER, asks=True, look_up={"touch": False})
    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        case(f"{method} where the rule lists none", [f"{method} /me", COOKIE, SAME_ORIGIN], allow("me"), session=USER)
    usual = "GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS"
    for method in ("TRACE", "CONNECT", "PROPFIND", "COPY", "FOO", "M-SEARCH", "frob"):
        destination = [["Destination", "/me"]] if method == "COPY" else []
        case(f"{method} must be listed", [f"{method} /me", COOKIE, SAME_ORIGIN, *destination], not_allowed(usual, "cookie"),
             session=USER, asks=True, look_up={"touch": False})
    for method in ("PROPFIND", "M-SEARCH"):
        case(f"{method} where it is listed", [f"{method} /dav/x", COOKIE, SAME_ORIGIN], allow("dav"), session=USER)
        case(f"{method} is not a safe method", [f"{method} /dav/x", COOKIE], csrf("csrf_no_proof", "dav"), session=USER)
    for method in ("get", "Get", "post", "Head", "pRoPfInD", "m-search"):
        case(f"{method} is a method in another case", [f"{method} /dav/x", COOKIE, SAME_ORIGIN], bad_path("ambiguous_method"),
             session=USER)
    for carrier, credential in (("cookie", COOKIE), ("bearer", BEARER)):
        case(f"a method that is not listed, by {carrier}, live", ["DELETE /poll", credential],
             not_allowed("GET, HEAD", carrier), session=USER, asks=True, look_up={"touch": False})
        case(f"a method that is not listed, by {carrier}, not live", ["DELETE /poll", credential],
             invalid_token("session_not_live", -1, carrier), look_up={"touch": False})
        case(f"a method that is not listed, by {carrier}, anonymous", ["DELETE /poll", credential],
             anonymous_session(-1, carrier), session=ANONYMOUS, look_up={"touch": False})
        case(f"a method that is not listed, by {carrier}, and the store cannot answer", ["DELETE /poll", credential],
             unavailable(-1, carrier), error="timeout", look_up={"touch": False})
    case("a method that is not listed, no credential", ["DELETE /poll"], no_credential(-1))
    case("a method that is not listed, a malformed token", ["DELETE /poll", ["Cookie", "__Host-ficha=x"]],
         invalid_token("malformed_token", -1))
    case("a method that is not listed, two credentials", ["DELETE /poll", COOKIE, BEARER], two_credentials(-1), session=USER)
    case("TRACE where it is listed", ["TRACE /trace", COOKIE], allow("trace"), session=USER)
    for name, method in (("no method", ""), ("a method with a space", "GET POST"), ("a method with NUL", "GET\x00"),
                         ("a method with a line feed", "GET\n"), ("a method with a colon", "GET:")):
        case(f"{name}", [(method, "/me"), COOKIE, SAME_ORIGIN], bad_path("ambiguous_method"), session=USER)
    case("a method override does not count", ["POST /health", ["X-HTTP-Method-Override", "GET"]], not_allowed("GET, HEAD"))
    case("a path override does not count", ["GET /admin/x", COOKIE, ["X-Original-URL", "/login"], ["X-Rewrite-URL", "/login"],
                                            ["X-Forwarded-Uri", "/login"], ["X-Forwarded-Prefix", "/login"]],
         lacking("missing_role", "admin"), session=USER)
    case("a health check's user agent does not count", ["GET /me", ["User-Agent", "kube-probe/1.29"]], no_credential("me"))
    case("identity headers do not count", ["GET /me", ["X-User", "alice"], ["X_User", "alice"], ["X.User", "alice"]],
         no_credential("me"))
    case("a preflight asks nothing", ["OPTIONS /me", ["Origin", "https://evil.example"],
                                      ["Access-Control-Request-Method", "POST"]], no_credential("me"))


def store_errors():
    for error in ("invalid_argument", "too_large", "unavailable", "timeout", "access_denied", "write_refused", "corrupt_record",
                  "unknown_outcome", "overloaded", "session_gone", "closed"):
        case(f"{error}: not known, so not allowed", ["GET /me", COOKIE], unavailable("me"), error=error)
    case("a timeout with Bearer", ["GET /me", BEARER], unavailable("me", "bearer"), error="timeout")
    case("a timeout where a scope is needed", ["GET /transactions/1", COOKIE], unavailable("read"), error="timeout")
    case("a timeout where anyone may pass, by Bearer", ["GET /login", BEARER], unavailable("login", "bearer"), error="timeout")
    case("a corrupt record where anyone may pass", ["GET /login", COOKIE], unavailable("login"), error="corrupt_record")
    case("a malformed token needs no store", ["GET /me", ["Cookie", "__Host-ficha=abc"]], invalid_token("malformed_token", "me"),
         error="unavailable")
    case("no credential needs no store", ["GET /me"], no_credential("me"), error="unavailable")
    case("a foreign origin needs no store", ["POST /me", COOKIE, HOST, ["Origin", "https://evil.example"]],
         csrf("csrf_foreign_origin", "me"), error="unavailable")
    case("no rule needs no store", ["GET /other", COOKIE], unruled(), error="unavailable")


if __name__ == "__main__":
    groups = (access, rights, credentials, paths_and_methods, store_errors, csrf_by_origin, csrf_by_token, trust,
              readings, prefixes, methods, destinations, cors)
    for group in groups:
        group()
    write("decisions.json", {"configs": CONFIGS, "prefixes": PREFIXES, "cases": CASES})

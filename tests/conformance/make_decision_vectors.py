#!/usr/bin/env python3
"""Writes decisions.json beside this file.

What a decision looks like (status, challenge, Vary) is stated once, in the functions below, from the tables of the RFCs
and the documented rules; each case names the outcome it expects. Deterministic. README.md describes the file.
"""

from make_interceptor_vectors import REFUSED, write

CONFIGS = {
    "standard": """
[[rule]]
path = "/login"
allow = "anyone"

[[rule]]
path = "/health"
methods = ["GET"]
allow = "anyone"

[[rule]]
path = "/transactions/**"
methods = ["GET"]
scopes = ["transactions:read"]

[[rule]]
path = "/transactions/**"
methods = ["POST"]
scopes = ["transactions:read", "transactions:write"]

[[rule]]
path = "/transfers/**"
roles = ["customer", "teller"]
max_auth_age = "5m"
fresh = true

[[rule]]
path = "/vault/**"
level = 2

[[rule]]
path = "/strong/**"
roles = ["admin"]
level = 3
max_auth_age = "10m"

[[rule]]
path = "/internal/**"
allow = "nobody"

[[rule]]
path = "/poll"
methods = ["GET"]
touch = false

[[rule]]
path = "/files/*/raw"
allow = "authenticated"

[[rule]]
path = "/me"
allow = "authenticated"

[[rule]]
path = "/admin/**"
roles = ["admin"]

[[rule]]
path = "/trace"
methods = ["TRACE"]
""",
    "token": """
[csrf]
mode = "token"

[[rule]]
path = "/login"
allow = "anyone"

[[rule]]
path = "/me"
allow = "authenticated"
""",
    "own_header": """
[csrf]
mode = "token"
header = "X-Anti-Forgery"

[[rule]]
path = "/me"
allow = "authenticated"
""",
    "no_csrf": """
[csrf]
mode = "off"

[[rule]]
path = "/login"
allow = "anyone"

[[rule]]
path = "/me"
allow = "authenticated"
""",
    "trust": """
[csrf]
trusted_origins = ["https://app.example.org", "http://localhost:3000", "https://[2001:db8::1]:8443"]

[trust]
proxies = ["10.0.0.0/8", "2001:db8:1::/48"]

[[rule]]
path = "/login"
allow = "anyone"

[[rule]]
path = "/me"
allow = "authenticated"
""",
    "plain_cookie": """
[cookie]
name = "sid"

[[rule]]
path = "/public"
allow = "anyone"

[[rule]]
path = "/**"
""",
    "empty": "",
}

RULES = {
    "standard": ["login", "health", "read", "write", "transfers", "vault", "strong", "internal", "poll", "files", "me",
                 "admin", "trace"],
    "token": ["login", "me"],
    "own_header": ["me"],
    "no_csrf": ["login", "me"],
    "trust": ["login", "me"],
    "plain_cookie": ["public", "all"],
    "empty": [],
}

CASES = []

COOKIE = ["Cookie", "__Host-ficha=$TOKEN"]
BEARER = ["Authorization", "Bearer $TOKEN"]
HOST = ["Host", "bank.example"]
SAME_ORIGIN = ["Sec-Fetch-Site", "same-origin"]

USER = {"principal": "alice"}
ANONYMOUS = {"principal": ""}


# --- what decisions look like -----------------------------------------------------------------------------------------


def outcome(verdict, reason, status, rule, carrier, challenge=None, vary=None, retry=False):
    headers = {}
    if challenge:
        headers["WWW-Authenticate"] = challenge
    if retry:
        headers["Retry-After"] = "1"
    # A Bearer credential leaves nothing for a Cookie field to change; otherwise, once a rule has matched, it could.
    if (carrier != "bearer") if vary is None else vary:
        headers["Vary"] = "Cookie"
    return {"verdict": verdict, "reason": reason, "status": status, "rule": rule, "carrier": carrier, "headers": headers}


def allow(rule, carrier="cookie"):
    return outcome("allow", "allowed", 200, rule, carrier)


def anonymous(rule, carrier="none"):
    return outcome("allow", "allowed_anonymous", 200, rule, carrier)


def no_credential(rule):
    return outcome("unauthenticated", "no_credential", 401, rule, "none", "Bearer")


def invalid_token(reason, rule, carrier="cookie"):
    return outcome("unauthenticated", reason, 401, rule, carrier, 'Bearer error="invalid_token"')


def anonymous_session(rule, carrier="cookie"):
    return outcome("unauthenticated", "anonymous_session", 401, rule, carrier, "Bearer")


def again(reason, rule, parameters, carrier="cookie"):
    challenge = 'Bearer error="insufficient_user_authentication"' + "".join(f", {parameter}" for parameter in parameters)
    return outcome("reauthenticate", reason, 401, rule, carrier, challenge)


def lacking(reason, rule, carrier="cookie", scopes=None):
    challenge = None
    if carrier == "bearer":
        challenge = 'Bearer error="insufficient_scope"' + (f', scope="{scopes}"' if scopes else "")
    return outcome("forbidden", reason, 403, rule, carrier, challenge)


def csrf(reason, rule, carrier="cookie"):
    return outcome("forbidden", reason, 403, rule, carrier)


def unruled(reason="no_rule", rule=-1):
    return outcome("forbidden", reason, 403, rule, "none", vary=False)


def bad_path():
    return outcome("bad_request", "ambiguous_path", 400, -1, "none", vary=False)


def bad_authorization(reason, rule):
    return outcome("bad_request", reason, 400, rule, "none", 'Bearer error="invalid_request"', vary=False)


def two_credentials(rule):
    return outcome("bad_request", "two_credentials", 400, rule, "none", 'Bearer error="invalid_request"', vary=True)


def unavailable(rule, carrier="cookie"):
    return outcome("unavailable", "store_unavailable", 503, rule, carrier, retry=True)


# --- cases ------------------------------------------------------------------------------------------------------------


def case(name, request, expect, *, session=None, error=None, config="standard", asks=None, **fields):
    """`request` is "METHOD path" and then header fields; `session` what the token leads to, None for nothing."""
    line, *headers = request
    method, path = line.split(" ", 1) if isinstance(line, str) else line
    expect = dict(expect)
    if isinstance(expect["rule"], str):
        expect["rule"] = RULES[config].index(expect["rule"])
    # The store is asked when a credential of a token's shape has passed what needs no session.
    decided_before = {"no_credential", "malformed_token", "ambiguous_cookie", "two_credentials", "two_authorizations",
                      "malformed_bearer", "ambiguous_path", "no_rule", "method_not_listed", "nobody", "csrf_no_proof",
                      "csrf_foreign_origin"}
    expect["asks_store"] = expect["reason"] not in decided_before if asks is None else asks
    if expect["asks_store"] and config == "standard":
        look_up = {RULES[config].index("transfers"): {"fresh": True}, RULES[config].index("poll"): {"touch": False}}
        if expect["rule"] in look_up:
            expect["look_up"] = look_up[expect["rule"]]
    lookup = {"error": error} if error else {"session": session} if session is not None else {"none": True}
    given = {"config": config, "method": method, "path": path, "headers": headers, "lookup": lookup, **fields}
    CASES.append({"name": name, "given": given, "expect": expect})


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
    case("an empty policy denies", ["GET /", COOKIE], unruled(), session=USER, config="empty")
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
        case(f"path: {name}", [("GET", target), COOKIE], bad_path(), session=USER)
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
        case(f"{method} where only GET is listed", [f"{method} /health"], unruled("method_not_listed"))
    for method in ("PUT", "DELETE", "TRACE", "FOO"):
        case(f"{method} where GET and POST have rules of their own", [f"{method} /transactions/1", COOKIE, SAME_ORIGIN],
             unruled("method_not_listed"), session=USER)
    for method in ("get", "Get", "post", "PATCH", "DELETE", "PROPFIND", "FOO", "M-SEARCH"):
        case(f"{method} where every method is covered", [f"{method} /me", COOKIE, SAME_ORIGIN], allow("me"), session=USER)
    for method in ("get", "FOO", "M-SEARCH"):
        case(f"{method} is not a safe method", [f"{method} /me", COOKIE], csrf("csrf_no_proof", "me"), session=USER)
    case("TRACE must be listed", ["TRACE /me", COOKIE], unruled("method_not_listed"), session=USER)
    case("TRACE where it is listed", ["TRACE /trace", COOKIE], allow("trace"), session=USER)
    for name, method in (("no method", ""), ("a method with a space", "GET POST"), ("a method with NUL", "GET\x00"),
                         ("a method with a line feed", "GET\n"), ("a method with a colon", "GET:")):
        case(f"{name}", [(method, "/me"), COOKIE, SAME_ORIGIN], unruled("method_not_listed"), session=USER)
    case("a method override does not count", ["POST /health", ["X-HTTP-Method-Override", "GET"]], unruled("method_not_listed"))
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


def csrf_by_origin():
    own = ["Origin", "https://bank.example"]
    foreign = ["Origin", "https://evil.example"]
    evidence = [
        # (name, fields, what they prove)
        ("nothing", [], "none"),
        ("same-origin", [SAME_ORIGIN], "own"),
        ("none, as typed by the user", [["Sec-Fetch-Site", "none"]], "own"),
        ("same-site", [["Sec-Fetch-Site", "same-site"]], "foreign"),
        ("cross-site", [["Sec-Fetch-Site", "cross-site"]], "foreign"),
        ("an unknown Sec-Fetch-Site", [["Sec-Fetch-Site", "Same-Origin"]], "foreign"),
        ("an empty Sec-Fetch-Site", [["Sec-Fetch-Site", ""]], "foreign"),
        ("same-origin twice", [SAME_ORIGIN, SAME_ORIGIN], "foreign"),
        ("same-origin and cross-site", [SAME_ORIGIN, ["Sec-Fetch-Site", "cross-site"]], "foreign"),
        ("same-origin with a foreign Origin", [SAME_ORIGIN, foreign], "own"),
        ("same-origin with Origin null", [SAME_ORIGIN, ["Origin", "null"]], "own"),
        ("same-site with the own Origin", [["Sec-Fetch-Site", "same-site"], own], "own"),
        ("cross-site with a foreign Origin", [["Sec-Fetch-Site", "cross-site"], foreign], "foreign"),
        ("the own Origin", [own], "own"),
        ("the own Origin with its default port", [["Origin", "https://bank.example:443"]], "own"),
        ("the own Origin in another case", [["Origin", "HTTPS://Bank.Example"]], "own"),
        ("the own Origin with a trailing dot", [["Origin", "https://bank.example."]], "own"),
        ("the own host by plain HTTP", [["Origin", "http://bank.example"]], "foreign"),
        ("the own host on another port", [["Origin", "https://bank.example:8443"]], "foreign"),
        ("a foreign Origin", [foreign], "foreign"),
        ("the own host as a prefix", [["Origin", "https://bank.example.attacker.com"]], "foreign"),
        ("the own host as a suffix", [["Origin", "https://evilbank.example"]], "foreign"),
        ("a subdomain", [["Origin", "https://www.bank.example"]], "foreign"),
        ("the own host as user information", [["Origin", "https://bank.example@evil.example"]], "foreign"),
        ("the own host in the path", [["Origin", "https://evil.example/https://bank.example"]], "foreign"),
        ("the own Origin with a path", [["Origin", "https://bank.example/"]], "foreign"),
        ("Origin null", [["Origin", "null"]], "foreign"),
        ("an empty Origin", [["Origin", ""]], "foreign"),
        ("an Origin without a scheme", [["Origin", "bank.example"]], "foreign"),
        ("an Origin of a list", [["Origin", "https://bank.example https://evil.example"]], "foreign"),
        ("the own Origin twice", [own, own], "foreign"),
        ("the own Origin and a foreign one", [own, foreign], "foreign"),
        ("an Origin with an endless port", [["Origin", "https://bank.example:99999"]], "foreign"),
        ("an Origin with port zero", [["Origin", "https://bank.example:0"]], "foreign"),
        ("an Origin with a line break", [["Origin", "https://bank.example\r\n"]], "foreign"),
        ("the own Referer", [["Referer", "https://bank.example/form?a=b"]], "own"),
        ("the own Referer without a path", [["Referer", "https://bank.example"]], "own"),
        ("the own Referer with a query only", [["Referer", "https://bank.example?x"]], "own"),
        ("a foreign Referer", [["Referer", "https://evil.example/https://bank.example/"]], "foreign"),
        ("a Referer with the own host as user information", [["Referer", "https://bank.example@evil.example/"]], "foreign"),
        ("a Referer with the own host before a fragment", [["Referer", "https://evil.example#bank.example/"]], "foreign"),
        ("a Referer that is no URL", [["Referer", "about:blank"]], "foreign"),
        ("an empty Referer", [["Referer", ""]], "foreign"),
        ("a foreign Origin and the own Referer", [foreign, ["Referer", "https://bank.example/"]], "foreign"),
        ("Origin null and the own Referer", [["Origin", "null"], ["Referer", "https://bank.example/"]], "foreign"),
        ("the own Origin and a foreign Referer", [own, ["Referer", "https://evil.example/"]], "own"),
    ]
    refusal = {"none": "csrf_no_proof", "foreign": "csrf_foreign_origin"}
    for name, fields, proof in evidence:
        case(f"POST with a cookie and {name}", ["POST /me", COOKIE, HOST, *fields],
             allow("me") if proof == "own" else csrf(refusal[proof], "me"), session=USER)
        # Login CSRF: without a cookie nothing need be proven, but what is foreign is refused.
        case(f"POST /login without a cookie and {name}", ["POST /login", HOST, *fields],
             csrf("csrf_foreign_origin", "login", "none") if proof == "foreign" else anonymous("login"), asks=False)

    for method in ("POST", "PUT", "PATCH", "DELETE"):
        case(f"{method} without proof", [f"{method} /me", COOKIE, HOST], csrf("csrf_no_proof", "me"), session=USER)
        case(f"{method} by Bearer needs none", [f"{method} /me", BEARER, HOST, foreign], allow("me", "bearer"), session=USER)
    for method in ("GET", "HEAD", "OPTIONS"):
        case(f"{method} needs no proof", [f"{method} /me", COOKIE, HOST, foreign], allow("me"), session=USER)
    case("a stale cookie needs proof too", ["POST /me", COOKIE, HOST], csrf("csrf_no_proof", "me"))
    case("a stale cookie with proof", ["POST /me", COOKIE, HOST, own], invalid_token("session_not_live", "me"))
    case("a stale cookie at the login needs proof", ["POST /login", COOKIE, HOST], csrf("csrf_no_proof", "login"))
    case("a stale cookie at the login with proof", ["POST /login", COOKIE, HOST, own], anonymous("login", "cookie"))
    case("an ambiguous cookie needs proof", ["POST /login", ["Cookie", "__Host-ficha=a; __Host-ficha=b"], HOST],
         csrf("csrf_no_proof", "login"))
    case("no cookie and no right to be anonymous", ["POST /me", HOST, foreign], no_credential("me"))
    case("another scheme's credential does not exempt the cookie", ["POST /me", ["Authorization", "Basic eDp5"], COOKIE, HOST],
         csrf("csrf_no_proof", "me"), session=USER)
    case("a CSRF token counts for nothing in mode origin", ["POST /me", COOKIE, HOST, ["X-CSRF-Token", "$CSRF"]],
         csrf("csrf_no_proof", "me"), session=USER)
    case("no Host to compare with", ["POST /me", COOKIE, own], csrf("csrf_foreign_origin", "me"), session=USER)
    case("two Hosts", ["POST /me", COOKIE, HOST, HOST, own], csrf("csrf_foreign_origin", "me"), session=USER)
    case("a malformed Host", ["POST /me", COOKIE, ["Host", "bank.example/x"], own], csrf("csrf_foreign_origin", "me"),
         session=USER)
    case("Host in another case, with its default port", ["POST /me", COOKIE, ["Host", "BANK.example:443"], own], allow("me"),
         session=USER)
    case("Host with a trailing dot", ["POST /me", COOKIE, ["Host", "bank.example."], own], allow("me"), session=USER)
    case("Host on another port, the same in Origin", ["POST /me", COOKIE, ["Host", "bank.example:8443"],
                                                      ["Origin", "https://bank.example:8443"]], allow("me"), session=USER)
    case("a plain connection and a plain Origin", ["POST /me", COOKIE, HOST, ["Origin", "http://bank.example"]], allow("me"),
         session=USER, scheme="http")
    case("a plain connection and a secure Origin", ["POST /me", COOKIE, HOST, own], csrf("csrf_foreign_origin", "me"),
         session=USER, scheme="http")
    case("an IPv6 Host", ["POST /me", COOKIE, ["Host", "[2001:db8::1]:8443"], ["Origin", "https://[2001:db8::1]:8443"]],
         allow("me"), session=USER)

    upgrade = [["Connection", "Upgrade"], ["Upgrade", "websocket"]]
    case("a WebSocket handshake from the own origin", ["GET /me", COOKIE, HOST, own, *upgrade], allow("me"), session=USER)
    case("a WebSocket handshake over wss from the own origin", ["GET /me", COOKIE, HOST, own, *upgrade], allow("me"),
         session=USER, scheme="wss")
    case("a WebSocket handshake from a foreign origin", ["GET /me", COOKIE, HOST, foreign, *upgrade],
         csrf("csrf_foreign_origin", "me"), session=USER)
    case("a WebSocket handshake without an origin", ["GET /me", COOKIE, HOST, *upgrade], csrf("csrf_no_proof", "me"),
         session=USER)
    case("a WebSocket handshake spelt otherwise", ["GET /me", COOKIE, HOST, foreign, ["upgrade", "h2c, WebSocket/13"]],
         csrf("csrf_foreign_origin", "me"), session=USER)
    case("a WebSocket handshake by Bearer", ["GET /me", BEARER, HOST, foreign, *upgrade], allow("me", "bearer"), session=USER)
    case("a WebSocket handshake without a cookie where anyone may pass", ["GET /login", HOST, foreign, *upgrade],
         anonymous("login"), asks=False)
    case("a WebSocket over HTTP/2 from a foreign origin", ["CONNECT /me", COOKIE, HOST, foreign],
         csrf("csrf_foreign_origin", "me"), session=USER)
    case("a WebSocket over HTTP/2 from the own origin", ["CONNECT /me", COOKIE, HOST, own], allow("me"), session=USER)


def csrf_by_token():
    def header(value):
        return ["X-CSRF-Token", value]

    def post(name, fields, expect, **more):
        case(f"mode token: {name}", fields, expect, config="token", **more)

    bad = csrf("csrf_bad_token", "me")
    post("the session's token", ["POST /me", COOKIE, header("$CSRF")], allow("me"), session=USER)
    post("the header in another case", ["POST /me", COOKIE, ["x-csrf-TOKEN", "$CSRF"]], allow("me"), session=USER)
    post("no header", ["POST /me", COOKIE], bad, session=USER)
    post("no header but the own origin", ["POST /me", COOKIE, SAME_ORIGIN], bad, session=USER)
    post("another session's token", ["POST /me", COOKIE, header("$CSRF2")], bad, session=USER)
    post("an empty header", ["POST /me", COOKIE, header("")], bad, session=USER)
    post("something short", ["POST /me", COOKIE, header("abc")], bad, session=USER)
    post("a character more", ["POST /me", COOKIE, header("$CSRFA")], bad, session=USER)
    post("padding", ["POST /me", COOKIE, header("$CSRF=")], bad, session=USER)
    post("the session's own token instead", ["POST /me", COOKIE, header("$TOKEN")], bad, session=USER)
    post("the header twice", ["POST /me", COOKIE, header("$CSRF"), header("$CSRF")], bad, session=USER)
    post("64 KiB", ["POST /me", COOKIE, ["X-CSRF-Token", [["a", 65536]]]], bad, session=USER)
    post("the token in the query", ["POST /me?X-CSRF-Token=$CSRF", COOKIE], bad, session=USER)
    post("the token and a foreign origin", ["POST /me", COOKIE, HOST, header("$CSRF"), ["Origin", "https://evil.example"]],
         csrf("csrf_foreign_origin", "me"), session=USER)
    post("the token and the own origin", ["POST /me", COOKIE, HOST, header("$CSRF"), ["Origin", "https://bank.example"]],
         allow("me"), session=USER)
    post("a safe method", ["GET /me", COOKIE], allow("me"), session=USER)
    post("Bearer is exempt", ["POST /me", BEARER], allow("me", "bearer"), session=USER)
    post("a stale cookie", ["POST /me", COOKIE, header("$CSRF")], invalid_token("session_not_live", "me"))
    post("the store cannot answer", ["POST /me", COOKIE, header("$CSRF")], unavailable("me"), error="timeout")
    post("an anonymous session needs it too", ["POST /login", COOKIE], csrf("csrf_bad_token", "login"), session=ANONYMOUS)
    post("an anonymous session has one", ["POST /login", COOKIE, header("$CSRF")], allow("login"), session=ANONYMOUS)
    post("no session at the login", ["POST /login"], anonymous("login"), asks=False)
    post("a stale cookie at the login", ["POST /login", COOKIE], anonymous("login", "cookie"))
    post("a foreign login", ["POST /login", HOST, ["Sec-Fetch-Site", "cross-site"]],
         csrf("csrf_foreign_origin", "login", "none"))
    post("a WebSocket handshake proves its origin instead", ["GET /me", COOKIE, HOST, ["Origin", "https://bank.example"],
                                                             ["Upgrade", "websocket"]], allow("me"), session=USER)
    post("a WebSocket handshake without an origin", ["GET /me", COOKIE, HOST, ["Upgrade", "websocket"]],
         csrf("csrf_no_proof", "me"), session=USER)
    case("mode token: the configured header", ["POST /me", COOKIE, ["X-Anti-Forgery", "$CSRF"]], allow("me"), session=USER,
         config="own_header")
    case("mode token: not the configured header", ["POST /me", COOKIE, header("$CSRF")], bad, session=USER, config="own_header")
    case("mode off: no proof", ["POST /me", COOKIE], allow("me"), session=USER, config="no_csrf")
    case("mode off: a foreign origin", ["POST /me", COOKIE, HOST, ["Origin", "https://evil.example"]], allow("me"), session=USER,
         config="no_csrf")
    case("mode off: a foreign login", ["POST /login", HOST, ["Origin", "https://evil.example"]], anonymous("login"), asks=False,
         config="no_csrf")


def trust():
    def post(name, fields, passes, **more):
        case(f"trust: {name}", ["POST /me", COOKIE, *fields], allow("me") if passes else csrf("csrf_foreign_origin", "me"),
             session=USER, config="trust", **more)

    proxy = {"peer": "10.1.2.3", "scheme": "http"}
    inner = ["Host", "app:8080"]
    own = ["Origin", "https://bank.example"]

    def forwarded(proto="https", host="bank.example"):
        return [["X-Forwarded-Proto", proto], ["X-Forwarded-Host", host]]

    post("a listed origin", [HOST, ["Origin", "https://app.example.org"]], True)
    post("a listed origin in another case", [HOST, ["Origin", "https://APP.example.org:443"]], True)
    post("a listed origin, cross-site", [HOST, ["Origin", "https://app.example.org"], ["Sec-Fetch-Site", "cross-site"]], True)
    post("a listed origin by plain HTTP", [HOST, ["Origin", "http://app.example.org"]], False)
    post("a listed origin's subdomain", [HOST, ["Origin", "https://x.app.example.org"]], False)
    post("a listed origin with its port", [HOST, ["Origin", "http://localhost:3000"]], True)
    post("a listed origin on another port", [HOST, ["Origin", "http://localhost:3001"]], False)
    post("a listed IPv6 origin", [HOST, ["Origin", "https://[2001:db8::1]:8443"]], True)
    post("a listed origin by Referer", [HOST, ["Referer", "https://app.example.org/page"]], True)
    post("forwarded by a listed proxy", [inner, own, *forwarded()], True, **proxy)
    post("forwarded by a listed IPv6 proxy", [inner, own, *forwarded()], True, peer="2001:db8:1::7", scheme="http")
    post("forwarded by a listed proxy, mapped to IPv6", [inner, own, *forwarded()], True, peer="::ffff:10.1.2.3", scheme="http")
    post("forwarded by somebody else", [inner, own, *forwarded()], False, peer="192.0.2.1", scheme="http")
    post("forwarded by somebody else over IPv6", [inner, own, *forwarded()], False, peer="2001:db8:2::7", scheme="http")
    post("forwarded by nobody known", [inner, own, *forwarded()], False, peer="", scheme="http")
    post("forwarded by a peer with its port", [inner, own, *forwarded()], False, peer="10.1.2.3:4567", scheme="http")
    post("forwarded by a peer that is no address", [inner, own, *forwarded()], False, peer="10.1.2.3.evil", scheme="http")
    post("the scheme only", [HOST, own, ["X-Forwarded-Proto", "https"]], True, **proxy)
    post("the scheme in another case", [HOST, own, ["X-Forwarded-Proto", "HTTPS"]], True, **proxy)
    post("the host only", [inner, ["Origin", "http://bank.example"], ["X-Forwarded-Host", "bank.example"]], True, **proxy)
    post("the last hop counts", [HOST, own, ["X-Forwarded-Proto", "http, https"]], True, **proxy)
    post("the first hop does not", [HOST, own, ["X-Forwarded-Proto", "https, http"]], False, **proxy)
    post("the last field counts", [HOST, own, ["X-Forwarded-Proto", "http"], ["X-Forwarded-Proto", "https"]], True, **proxy)
    post("the last hop's host counts", [inner, own, ["X-Forwarded-Proto", "https"],
                                        ["X-Forwarded-Host", "evil.example, bank.example"]], True, **proxy)
    post("an unknown scheme", [HOST, own, ["X-Forwarded-Proto", "gopher"]], False, **proxy)
    post("an empty scheme", [HOST, own, ["X-Forwarded-Proto", ""]], False, **proxy)
    post("an unknown scheme makes the host count for nothing", [inner, own, *forwarded(proto="gopher")], False, **proxy)
    post("a malformed host makes the scheme count for nothing", [HOST, own, *forwarded(host="bank.example/x")], False, **proxy)
    post("an empty forwarded host", [HOST, own, *forwarded(host="")], False, **proxy)
    post("X-Forwarded-For counts for nothing", [HOST, own, ["X-Forwarded-For", "10.1.2.3"], ["X-Forwarded-Proto", "https"]],
         False, peer="192.0.2.1", scheme="http")
    post("Forwarded counts for nothing", [HOST, own, ["Forwarded", "proto=https;host=bank.example"]], False, **proxy)
    case("trust: a foreign login through a proxy", ["POST /login", inner, ["Origin", "https://evil.example"], *forwarded()],
         csrf("csrf_foreign_origin", "login", "none"), config="trust", **proxy)
    case("trust: an own login through a proxy", ["POST /login", inner, own, *forwarded()], anonymous("login"), config="trust",
         asks=False, **proxy)


if __name__ == "__main__":
    for group in (access, rights, credentials, paths_and_methods, store_errors, csrf_by_origin, csrf_by_token, trust):
        group()
    write("decisions.json", {"configs": CONFIGS, "cases": CASES})

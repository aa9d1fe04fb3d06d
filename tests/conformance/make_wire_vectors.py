#!/usr/bin/env python3
"""Writes wire.json beside this file: bytes on a connection, what the handler sees of them, and what comes back.

Every expectation follows from the rules of tests/security/parity/ficha.toml; nothing is copied from what the code answers.
Deterministic: running it again changes nothing. README.md describes the file.
"""

from vector_file import octets, write

CASES = []

HOST = ["Host", "service"]
COOKIE = ["Cookie", "ficha=$CUSTOMER"]
STAFF_COOKIE = ["Cookie", "ficha=$STAFF"]
BEARER = ["Authorization", "Bearer $CUSTOMER"]
OWN_PAGE = ["Sec-Fetch-Site", "same-origin"]
UNKNOWN = "fch1_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
CUSTOMER = {"principal": "carl", "note": "näme", "roles": ["customer"]}
NOBODY = {"principal": "", "note": None, "roles": []}

# --- what a server makes of a request before Ficha sees it; by the words of a service's name ---------------------------

# Hand on the whole target of the absolute form as the path, for which there is no route.
WHOLE_TARGET = ("uvicorn-h11", "hypercorn", "daphne", "uwsgi", "wsgiref")
# Hand on the path of the absolute form alone, and Host as it came.
PATH_ALONE = ("uvicorn-httptools", "granian", "granian-wsgi")
# Hand on a decoded path, and not the target: what is routed is what is judged.
DECODED_ONLY = ("wsgiref", "granian-wsgi")
# Django's own answer to a session that ended before it was saved, and its own way to clear the cookie.
DJANGO = ("django_wsgi", "django_asgi", "drf")
# What each host takes off the path before its rules, if the service has it among its `prefixes`.
PREFIX = {
    "WSGI (Django, REST Framework, Flask, authorize_wsgi)": "SCRIPT_NAME",
    "ASGI (Starlette, FastAPI, Django)": "root_path of the scope",
    "aiohttp": "nothing: the path as it came",
    "Express": "what sessions() is told as `prefix`, which must be where it is mounted (baseUrl)",
    "Fastify": "what sessions is told as `prefix`",
    "Spring, servlets": "the context path",
    "C++, node:http": "what the service says in the request",
}
# The policy stands at the views: what has no route is the framework's 404.
AT_VIEWS = {"drf": "there is no route, and the policy stands at the views"}


BY_VARY = {"vary": ["Cookie"]}


def request(line, *headers):
    method, target = line.split(" ", 1)
    named = [list(header) for header in headers]
    if not any(name.lower() == "host" for name, _ in named):
        named.insert(0, HOST)
    return {"method": method, "target": target, "headers": named}


def case(name, sent, expect, before=(), needs=None, refused=None, otherwise=()):
    """`needs`: what the service does below /wire. `refused`: server or framework that answers the request itself, or hangs
    up, and why. `otherwise`: (servers, why, what is expected there)."""
    given = {"name": name, "needs": needs, "before": list(before), "request": sent, "expect": expect, "refused_by_server": refused,
             "otherwise": [{"servers": servers, "why": why, "expect": there} for servers, why, there in otherwise]}
    CASES.append({key: value for key, value in given.items() if value})


def seen(who, headers=None, path=None, vary=True):
    """The handler ran; it saw this principal, and fields by name (None: none)."""
    handler = dict(who)
    if headers:
        handler["headers"] = headers
    if path:
        handler["path"] = path
    return {"status": 200, "handler": handler, "headers": BY_VARY if vary else {"vary": []}}


def denied(status, challenge=None, vary=True, **more):
    """The handler did not run. None: there is no challenge."""
    headers = {"www-authenticate": challenge, "vary": ["Cookie"] if vary else [], "set-cookie": None, **more}
    return {"status": status, "headers": headers}


def saying(expect, code, message):
    """The same, and this is the body; core/include/ficha/error_response.hpp says what it is."""
    return {**expect, "body": {"error": code, "message": message}}


def refusal(name, sent, expect, **more):
    """A case whose body counts; of a decision REST Framework writes it in its own shape."""
    in_drf = {**expect, "body": {"detail": expect["body"]["message"]}}
    case(name, sent, expect, otherwise=[(["drf"], "REST Framework gives every refusal this shape", in_drf)], **more)


NOBODY_THERE = saying(denied(401, "Bearer"), "unauthenticated", "log in first")
INVALID = denied(401, 'Bearer error="invalid_token"')
MALFORMED = denied(400, 'Bearer error="invalid_request"', vary=False)
AMBIGUOUS = denied(400, vary=False)


def credentials():
    case("nobody", request("GET /wire/seen"), seen(NOBODY))
    refusal("nobody, where somebody must be", request("GET /wire/known"), NOBODY_THERE)
    case("the cookie, which the handler does not see", request("GET /wire/known", COOKIE), seen(CUSTOMER, {"cookie": None}))
    case("Bearer, which the handler does not see", request("GET /wire/known", BEARER),
         seen(CUSTOMER, {"authorization": None}, vary=False))
    case("the scheme in another case", request("GET /wire/known", ["authorization", "bEARER $CUSTOMER"]),
         seen(CUSTOMER, {"authorization": None}, vary=False))
    case("the cookie among others, which the handler sees", request("GET /wire/known", ["Cookie", "a=1; ficha=$CUSTOMER; b=2"]),
         seen(CUSTOMER, {"cookie": "a=1; b=2"}))
    case("without blanks between cookies", request("GET /wire/known", ["Cookie", "a=1;ficha=$CUSTOMER;b=2"]), seen(CUSTOMER))
    case("the cookie in the second field", request("GET /wire/known", ["Cookie", "a=1"], COOKIE), seen(CUSTOMER, {"cookie": "a=1"}))
    case("the cookie in the first of two fields", request("GET /wire/known", COOKIE, ["cookie", "a=1"]), seen(CUSTOMER, {"cookie": "a=1"}))
    for what, other in (("bytes beyond ASCII", "\xff\xe9"), ("UTF-8", octets("ü漢"))):
        case(f"{what} in another cookie", request("GET /wire/known", ["Cookie", f"a={other}; ficha=$CUSTOMER"]), seen(CUSTOMER),
             otherwise=[(["granian-wsgi"], "the server drops a field that is not ASCII", denied(401, "Bearer"))])
    case("a cookie's name in another case is another cookie", request("GET /wire/known", ["Cookie", "Ficha=$CUSTOMER"]), denied(401, "Bearer"))
    case("an encoded name is another cookie", request("GET /wire/known", ["Cookie", "fich%61=$CUSTOMER"]), denied(401, "Bearer"))
    case("a quoted token is none", request("GET /wire/known", ["Cookie", 'ficha="$CUSTOMER"']), INVALID)
    case("a token that leads to nothing", request("GET /wire/known", ["Cookie", f"ficha={UNKNOWN}"]), INVALID)
    case("a token that leads to nothing, where anybody may be", request("GET /wire/seen", ["Cookie", f"ficha={UNKNOWN}"]), seen(NOBODY))
    case("a token that leads to nothing, by Bearer", request("GET /wire/known", ["Authorization", f"Bearer {UNKNOWN}"]),
         denied(401, 'Bearer error="invalid_token"', vary=False))
    case("behind a comma, as some servers join fields", request("GET /wire/known", ["Cookie", "a=1,ficha=$CUSTOMER"]), seen(CUSTOMER))
    case("the cookie twice, the same", request("GET /wire/known", ["Cookie", "ficha=$CUSTOMER; ficha=$CUSTOMER"]), seen(CUSTOMER, {"cookie": None}))
    case("the cookie in two fields, the same", request("GET /wire/known", COOKIE, COOKIE), seen(CUSTOMER))
    for name, fields in (("in one field", [["Cookie", "ficha=$CUSTOMER; ficha=$STAFF"]]), ("in two fields", [COOKIE, STAFF_COOKIE]),
                         ("in two fields, the other way round", [STAFF_COOKIE, COOKIE]),
                         ("joined by a comma", [["Cookie", "ficha=$CUSTOMER,ficha=$STAFF"]]),
                         ("one empty", [["Cookie", "ficha=; ficha=$CUSTOMER"]])):
        case(f"the cookie twice, different: {name}", request("GET /wire/known", *fields), INVALID)
    case("two Authorization fields", request("GET /wire/known", BEARER, BEARER), MALFORMED)
    case("two Authorization fields, one of another scheme", request("GET /wire/known", BEARER, ["Authorization", "Basic YTpi"]), MALFORMED)
    case("cookie and Bearer", request("GET /wire/known", COOKIE, BEARER), denied(400, 'Bearer error="invalid_request"'))
    case("Bearer without a token", request("GET /wire/known", ["Authorization", "Bearer"]), MALFORMED)
    case("Bearer with two tokens", request("GET /wire/known", ["Authorization", "Bearer $CUSTOMER $CUSTOMER"]), MALFORMED)
    case("another scheme is the application's", request("GET /wire/known", COOKIE, ["Authorization", "Basic YTpi"]),
         seen(CUSTOMER, {"authorization": "Basic YTpi"}))
    case("a long token", request("GET /wire/known", ["Authorization", "Bearer " + "a" * 2000]), denied(401, 'Bearer error="invalid_token"', vary=False))


def rules():
    forbidden = saying(denied(403), "forbidden", "you may not do this")
    refusal("a role that is missing", request("GET /wire/staff", COOKIE), forbidden)
    case("a role that is missing, below a prefix", request("GET /mount/wire/staff", COOKIE), denied(403), needs="mount")
    case("below a prefix", request("GET /mount/wire/known", COOKIE), seen(CUSTOMER), needs="mount")
    case("a role that is missing, by Bearer", request("GET /wire/staff", BEARER), denied(403, 'Bearer error="insufficient_scope"', vary=False))
    case("a role that is there", request("GET /wire/staff", STAFF_COOKIE), seen({"principal": "stella"}))
    case("scopes that are missing, by Bearer", request("GET /wire/scoped", BEARER),
         denied(403, 'Bearer error="insufficient_scope", scope="wire:read wire:write"', vary=False))
    again = denied(401, 'Bearer error="insufficient_user_authentication", acr_values="2"')
    refusal("a level that is too low", request("GET /wire/strong", COOKIE), saying(again, "reauthenticate", "prove your identity again"))
    case("for nobody at all", request("GET /closed/x", STAFF_COOKIE), denied(403, vary=None))
    not_here = saying(denied(405, vary=False, allow="GET, HEAD, POST"), "method_not_allowed", "this cannot be done here")
    refusal("a method that is not listed", request("DELETE /items", COOKIE, OWN_PAGE), not_here)
    case("HEAD is judged as GET", request("HEAD /wire/known"), denied(401, "Bearer"))
    case("a method in lower case", request("get /wire/known", COOKIE), AMBIGUOUS,
         otherwise=[(["hypercorn"], "the server hands on GET", seen(CUSTOMER))])


def csrf():
    case("a change by cookie from nowhere", request("POST /wire/known", COOKIE), denied(403))
    case("a change by cookie from another site", request("POST /wire/known", COOKIE, ["Sec-Fetch-Site", "cross-site"], ["Origin", "http://evil.example"]), denied(403))
    case("a change by cookie from this site", request("POST /wire/known", COOKIE, OWN_PAGE), seen(CUSTOMER))
    case("a change by cookie from this origin", request("POST /wire/known", COOKIE, ["Origin", "http://service"]), seen(CUSTOMER))
    case("a change by cookie from the same origin in https", request("POST /wire/known", COOKIE, ["Origin", "https://service"]), denied(403))
    case("a change by Bearer needs no proof", request("POST /wire/known", BEARER), seen(CUSTOMER, vary=False))


def fields():
    for alias in ("X-User", "x-user", "X-USER", "X_User", "X_USER", "x-User"):
        case(f"an identity header as {alias}", request("GET /wire/seen", [alias, "root"]), seen(NOBODY, {"x-user": None}))
    case("an identity header twice, in two spellings, beside a session", request("GET /wire/known", ["X-User", "root"], ["X_User", "root"], COOKIE),
         seen(CUSTOMER, {"x-user": None}))
    case("other fields stay as they are", request("GET /wire/known", COOKIE, ["X-Users", "1"], ["X-Other", "a b"]),
         seen(CUSTOMER, {"x-users": "1", "x-other": "a b", "x-user": None}))
    case("a field twice is both", request("GET /wire/seen", ["X-Other", "1"], ["X-Other", "2"]), seen(NOBODY, {"x-other": "1, 2"}))


def paths():
    case("an encoded letter", request("GET /wire/%73een", COOKIE), seen(CUSTOMER, path="/wire/seen"))
    case("an encoded letter in a protected path", request("GET /wire/st%61ff", COOKIE), denied(403))
    case("another case of a protected path", request("GET /WIRE/Staff", COOKIE), denied(403), refused=AT_VIEWS)
    case("a query is no part of the path", request("GET /wire/known?a=/../b;c", COOKIE), seen(CUSTOMER, path="/wire/known"))
    case("absolute form", request("GET http://service/wire/known", COOKIE), seen(CUSTOMER, path="/wire/known"), refused=dict.fromkeys(WHOLE_TARGET, "no route has a whole target"))
    case("absolute form of another authority", request("GET http://elsewhere.example/wire/known", COOKIE), AMBIGUOUS, refused=AT_VIEWS,
         otherwise=[(PATH_ALONE, "the server hands on the path alone", seen(CUSTOMER, path="/wire/known"))])
    # With what is routed, where the server hands on a decoded path alone.
    for name, target, routed in (("an encoded slash", "/wire%2Fknown", "/wire/known"), ("an invalid escape", "/wire/kn%zzwn", "/wire/kn%zzwn")):
        case(f"{name} in the path", request(f"GET {target}", COOKIE), AMBIGUOUS,
             otherwise=[(DECODED_ONLY, "the server hands on a decoded path alone", seen(CUSTOMER, path=routed))])
    for name, target in (("a semicolon", "/wire/known;a=1"), ("an encoded NUL", "/wire/known%00"), ("an encoded line feed", "/wire/known%0A"),
                         ("invalid UTF-8", "/wire/%ff")):
        case(f"{name} in the path", request(f"GET {target}", COOKIE), AMBIGUOUS)
    for name, target in (("an encoded backslash", "/wire%5Cknown"), ("a backslash", "/wire\\known"), ("a double slash", "/wire//known"),
                         ("a dot segment", "/wire/./known"), ("two dots", "/wire/x/../known"), ("encoded dots", "/wire/x/%2e%2e/known"),
                         ("an overlong slash", "/wire%c0%afknown")):
        case(f"{name} in the path", request(f"GET {target}", COOKIE), AMBIGUOUS, refused=AT_VIEWS)


def sessions():
    issued = {"name": "ficha", "value": "token", "attributes": {"httponly": True, "path": "/", "samesite": "Lax"}}
    cleared = {"name": "ficha", "value": "", "attributes": {"httponly": True, "path": "/", "samesite": "Lax", "max-age": "0"}}
    told = {"set-cookie": issued, "cache-control": ["no-store"], "vary": ["Cookie"]}
    case("a session that is filled is given to the client", request("POST /wire/put", OWN_PAGE), {"status": 200, "headers": told}, needs="put")
    case("a session that is changed keeps its cookie", request("POST /wire/put", COOKIE, OWN_PAGE),
         {"status": 200, "headers": {"set-cookie": None, "vary": ["Cookie"]}}, needs="put")
    case("a login gives a new token", request("POST /wire/login", OWN_PAGE), {"status": 200, "headers": told}, needs="login")
    case("a login by Bearer sets no cookie", request("POST /wire/login", ["Authorization", "Bearer $GUEST"]),
         {"status": 200, "headers": {"set-cookie": None}}, needs="login")
    case("a logout clears the cookie with the same attributes", request("POST /wire/logout", ["Cookie", "ficha=$LEAVING"], OWN_PAGE),
         {"status": 200, "headers": {"set-cookie": cleared, "cache-control": ["no-store"], "vary": ["Cookie"]}}, needs="logout")
    case("after it the token leads to nothing", request("GET /wire/known", ["Cookie", "ficha=$LEAVING"]), INVALID, needs="logout")
    gone = saying(INVALID, "session_gone", "the session has ended; log in again")
    case("a session that ended before it was saved", request("POST /wire/gone", ["Cookie", "ficha=$GONE"], OWN_PAGE), gone, needs="gone",
         otherwise=[(DJANGO, "Django answers SessionInterrupted by 400", {"status": 400, "headers": {"www-authenticate": None, "vary": ["Cookie"]}})])


def errors():
    """What a handler runs into, that changes nothing of anybody's session."""
    limit = saying(denied(429), "session_limit", "there are too many sessions; log out elsewhere first")
    case("a login beyond the limit", request("POST /wire/login", OWN_PAGE, ["X-Login", "limited"]), limit,
         before=[request("POST /wire/login", OWN_PAGE, ["X-Login", "limited"])] * 2, needs="limit")
    large = saying(denied(413), "too_large", 'attribute "kept": a value is at most 64 KiB')
    case("a value that is too large", request("POST /wire/large", COOKIE, OWN_PAGE), large, needs="large")
    invalid = saying(denied(400), "invalid_argument", "an attribute's name is not empty and is UTF-8 without control characters")
    case("a name that none can be", request("POST /wire/invalid", COOKIE, OWN_PAGE), invalid, needs="invalid")
    away = saying(denied(503, **{"retry-after": "1"}), "unavailable", "sessions cannot be reached just now; try again")
    case("a store that is away", request("POST /wire/away", OWN_PAGE), away, needs="away")
    case("a store that is away, with a session in hand", request("POST /wire/away", COOKIE, OWN_PAGE), away, needs="away")


for part in (credentials, rules, csrf, fields, paths, sessions, errors):
    part()
write("wire.json", {"prefix": PREFIX, "cases": CASES})

"""What decisions look like (status, challenge, Vary), stated once, from the tables of the RFCs and the documented rules;
the configurations they are taken under; and how a case names the outcome it expects."""

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

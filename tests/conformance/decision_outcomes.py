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

[[rule]]
path = "/socket"
methods = ["GET", "CONNECT"]

[[rule]]
path = "/dav/**"
methods = ["GET", "PROPFIND", "M-SEARCH"]
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
    "readings": """
[[rule]]
path = "/secret/**"
roles = ["staff"]

[[rule]]
path = "/Capital/**"
roles = ["staff"]

[[rule]]
path = "/account/**"
allow = "authenticated"

[[rule]]
path = "/items"
methods = ["GET"]
allow = "anyone"

[[rule]]
path = "/items"
methods = ["POST"]
roles = ["staff"]

[[rule]]
path = "/strict/**"
level = 2
fresh = true

[[rule]]
path = "/poll"
touch = false

[[rule]]
path = "/closed/**"
allow = "nobody"

[[rule]]
path = "/export/*"
methods = ["PURGE"]
allow = "authenticated"

[[rule]]
path = "/export/**"
methods = ["GET"]
allow = "authenticated"

[[rule]]
path = "/shared/**"
methods = ["GET", "PUT", "DELETE", "COPY", "MOVE"]
allow = "authenticated"

[[rule]]
path = "/straße/**"
roles = ["staff"]

[[rule]]
path = "/Both/*"
methods = ["GET"]
allow = "anyone"

[[rule]]
path = "/both/*"
methods = ["GET", "POST"]
allow = "anyone"

[[rule]]
path = "/**"
allow = "anyone"
""",
    "cors": """
[cors]
origins = ["https://app.example.org", "http://localhost:3000"]
headers = ["Content-Type", "X-CSRF-Token"]
max_age = "10m"
credentials = true

[csrf]
trusted_origins = ["https://app.example.org"]

[[rule]]
path = "/me"
allow = "authenticated"

[[rule]]
path = "/open"
methods = ["GET"]
allow = "anyone"

[[rule]]
path = "/closed"
allow = "nobody"
""",
    "cors_any": """
[cors]
origins = ["*"]

[[rule]]
path = "/open"
allow = "anyone"
""",
}
CONFIGS["mounted"] = CONFIGS["readings"]

# What each service's own settings add to the file: the prefixes that may be taken off its paths.
PREFIXES = {"mounted": ["/shop", "/shop/eu", "/Old"]}

READINGS_RULES = ["secret", "capital", "account", "read_items", "write_items", "strict", "poll", "closed", "purge", "export",
                  "shared", "straße", "Both", "both", "all"]

RULES = {
    "standard": ["login", "health", "read", "write", "transfers", "vault", "strong", "internal", "poll", "files", "me",
                 "admin", "trace", "socket", "dav"],
    "token": ["login", "me"],
    "own_header": ["me"],
    "no_csrf": ["login", "me"],
    "trust": ["login", "me"],
    "plain_cookie": ["public", "all"],
    "empty": [],
    "readings": READINGS_RULES,
    "mounted": READINGS_RULES,
    "cors": ["me", "open", "closed"],
    "cors_any": ["open"],
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


def bad_path(reason="ambiguous_path"):
    return outcome("bad_request", reason, 400, -1, "none", vary=False)


def not_allowed(methods, carrier="none"):
    """What the policy lists is told to everybody where something on the path is for anyone, else to whom is logged in."""
    expect = outcome("method_not_allowed", "method_not_allowed", 405, -1, carrier, vary=carrier == "cookie")
    expect["headers"]["Allow"] = methods
    return expect


def with_cors(expect, origin=None, credentials=True):
    headers = dict(expect["headers"])
    headers["Vary"] = ", ".join(filter(None, [headers.get("Vary"), "Origin"]))
    if origin:
        headers["Access-Control-Allow-Origin"] = origin
        if credentials:
            headers["Access-Control-Allow-Credentials"] = "true"
    return {**expect, "headers": headers}


def bad_authorization(reason, rule):
    return outcome("bad_request", reason, 400, rule, "none", 'Bearer error="invalid_request"', vary=False)


def two_credentials(rule):
    return outcome("bad_request", "two_credentials", 400, rule, "none", 'Bearer error="invalid_request"', vary=True)


def unavailable(rule, carrier="cookie"):
    return outcome("unavailable", "store_unavailable", 503, rule, carrier, retry=True)


# --- cases ------------------------------------------------------------------------------------------------------------


def case(name, request, expect, *, session=None, error=None, config="standard", asks=None, look_up=None, **fields):
    """`request` is "METHOD path" and then header fields; `session` what the token leads to, None for nothing."""
    line, *headers = request
    method, path = line.split(" ", 1) if isinstance(line, str) else line
    expect = dict(expect)
    if isinstance(expect["rule"], str):
        expect["rule"] = RULES[config].index(expect["rule"])
    # The store is asked when a credential of a token's shape has passed what needs no session.
    decided_before = {"no_credential", "malformed_token", "ambiguous_cookie", "two_credentials", "two_authorizations",
                      "malformed_bearer", "ambiguous_path", "no_rule", "method_not_allowed", "nobody", "csrf_no_proof",
                      "csrf_foreign_origin", "ambiguous_method", "ambiguous_authority", "ambiguous_destination",
                      "prefix_not_configured", "too_many_readings", "cors_preflight", "cors_refused"}
    nothing_to_ask = expect["reason"] in decided_before or (expect["reason"], expect["carrier"]) == ("allowed_anonymous", "none")
    expect["asks_store"] = not nothing_to_ask if asks is None else asks
    if expect["asks_store"] and config == "standard":
        of_rule = {RULES[config].index("transfers"): {"fresh": True}, RULES[config].index("poll"): {"touch": False}}
        if expect["rule"] in of_rule:
            expect["look_up"] = of_rule[expect["rule"]]
    if look_up:
        expect["look_up"] = look_up
    lookup = {"error": error} if error else {"session": session} if session is not None else {"none": True}
    given = {"config": config, "method": method, "path": path, "headers": headers, "lookup": lookup, **fields}
    CASES.append({"name": name, "given": given, "expect": expect})

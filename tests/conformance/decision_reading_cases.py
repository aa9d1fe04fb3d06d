"""Cases of decisions.json about requests that a layer may route by something else than the raw target: further readings,
case, prefixes, methods, destinations; and about applications of other origins."""

from decision_outcomes import (
    BEARER, COOKIE, HOST, SAME_ORIGIN, USER, allow, anonymous, bad_authorization, bad_path, case, csrf, invalid_token, lacking,
    no_credential, not_allowed, outcome, two_credentials, unavailable, unruled, with_cors,
)

STAFF = {"principal": "stella", "roles": ["staff"], "level": 2}
CAPITAL = {"principal": "carl", "roles": ["customer"]}


def read(target=None, method=None, decoded=False):
    reading = {"method": method, "target": target, "decoded": decoded or None}
    return {key: value for key, value in reading.items() if value is not None}


def routed(name, line, others, expect, **more):
    fields = more.pop("fields", [])
    case(f"readings: {name}", [line, *fields], expect, config=more.pop("config", "readings"), readings=others, **more)


def readings():
    routed("the same path, decoded", "GET /secret/a%20b", [read("/secret/a b", decoded=True)], allow("secret"), session=STAFF,
           fields=[COOKIE])
    routed("the same path, not decoded", "GET /account/x", [read("/account/%78/")], allow("account"), session=USER,
           fields=[COOKIE])
    routed("nothing of its own", "GET /account/x", [read()], allow("account"), session=USER, fields=[COOKIE])
    routed("loose by what came, strict by what is routed", "GET /x", [read("/secret/x", decoded=True)], no_credential("secret"))
    routed("strict by what came, loose by what is routed", "GET /secret/x", [read("/x", decoded=True)], no_credential("secret"))
    routed("strict in the last of several", "GET /x", [read("/y"), read("/z"), read("/account/x")], no_credential("account"))
    routed("all of them pass", "GET /x", [read("/secret/x"), read("/account/x")], allow("all"), session=STAFF, fields=[COOKIE])
    routed("the role is missing for one", "GET /account/x", [read("/secret/x")], lacking("missing_role", "secret"), session=USER,
           fields=[COOKIE])
    routed("nobody may run what is routed", "GET /x", [read("/closed/x")], unruled("nobody", "closed"), session=STAFF,
           fields=[COOKIE])
    routed("a path routed to is refused", "GET /x", [read("/a//b")], bad_path(), session=STAFF, fields=[COOKIE])
    routed("an escape in a path that was decoded", "GET /x", [read("/%61", decoded=True)], bad_path())
    routed("a percent sign in a path that was decoded", "GET /50%25", [read("/50%", decoded=True)], anonymous("all"))
    routed("a question mark in a path that was decoded", "GET /x", [read("/secret/x?", decoded=True)], no_credential("secret"))
    routed("a question mark elsewhere begins the query", "GET /x", [read("/y?/secret/x")], anonymous("all"))
    routed("dot segments in a path that was decoded", "GET /x", [read("/public/../secret", decoded=True)], bad_path())
    routed("a semicolon in a path that was decoded", "GET /x", [read("/secret;x", decoded=True)], bad_path())
    routed("NUL in a path that was decoded", "GET /x", [read("/secret\x00", decoded=True)], bad_path())
    routed("Latin-1 in a path that was decoded", "GET /x", [read("/caf\xe9", decoded=True)], bad_path())
    routed("no slash at the beginning", "GET /x", [read("secret/x", decoded=True)], bad_path())
    routed("seven", "GET /x", [read(f"/{i}") for i in range(7)], anonymous("all"))
    routed("eight", "GET /x", [read(f"/{i}") for i in range(8)], bad_path("too_many_readings"))
    routed("any number, however they are the same", "GET /x", [read("/x")] * 8, bad_path("too_many_readings"))

    # The rank of denials, whatever the order.
    ranked = [
        ("bad_request", read("/a//b"), bad_path()),
        ("nobody", read("/closed/x"), unruled("nobody", "closed")),
        ("method", read("/items", method="DELETE"), not_allowed("GET, HEAD, POST")),
        ("unauthenticated", read("/account/x"), no_credential("account")),
    ]
    for i, (name, higher, expect) in enumerate(ranked):
        for other, lower, _ in ranked[i + 1:]:
            if {name, other} == {"nobody", "method"}:
                continue
            routed(f"{name} goes before {other}", "GET /x", [lower, higher], expect)
            routed(f"{name} goes before {other}, which comes later", "GET /x", [higher, lower], expect)
    routed("of one rank the first", "GET /x", [read("/items", method="DELETE"), read("/closed/x")],
           not_allowed("GET, HEAD, POST"))
    routed("of one rank the first, the other way round", "GET /x", [read("/closed/x"), read("/items", method="DELETE")],
           unruled("nobody", "closed"))
    routed("a malformed credential goes before nobody", "GET /x", [read("/closed/x")], bad_authorization("malformed_bearer", "all"),
           fields=[["Authorization", "Bearer"]])
    routed("nobody in every reading: no credential is read", "GET /closed/x", [read("/closed/y")], unruled("nobody", "closed"),
           fields=[["Authorization", "Bearer"]])
    routed("two credentials", "GET /x", [read("/closed/x")], two_credentials("all"), fields=[COOKIE, BEARER])
    routed("CSRF goes before unauthenticated", "POST /x", [read("/account/x")], csrf("csrf_foreign_origin", "all", "none"),
           fields=[HOST, ["Origin", "https://evil.example"]])
    routed("unauthenticated alone", "POST /secret/x", [read("/account/x")], no_credential("secret"),
           fields=[HOST, ["Origin", "https://evil.example"]])
    routed("forbidden goes before reauthenticate", "GET /strict/x", [read("/secret/x")], lacking("missing_role", "secret"),
           session=USER, fields=[COOKIE], look_up={"fresh": True})
    routed("reauthenticate alone", "GET /x", [read("/strict/x")],
           outcome("reauthenticate", "level_too_low", 401, "strict", "cookie",
                   'Bearer error="insufficient_user_authentication", acr_values="2"'),
           session=USER, fields=[COOKIE], look_up={"fresh": True})
    routed("not live", "GET /x", [read("/account/x")], invalid_token("session_not_live", "account"), fields=[COOKIE])
    routed("the store cannot answer", "GET /x", [read("/account/x")], unavailable("all"), fields=[COOKIE], error="timeout")
    routed("a malformed token", "GET /x", [read("/account/x")], invalid_token("malformed_token", "account"),
           fields=[["Cookie", "__Host-ficha=x"]])

    # One look-up for all of them.
    routed("fresh, if one asks for it", "GET /account/x", [read("/strict/x")], allow("account"), session=STAFF, fields=[COOKIE],
           look_up={"fresh": True})
    routed("touch, unless one does not", "GET /account/x", [read("/poll")], allow("account"), session=USER, fields=[COOKIE],
           look_up={"touch": False})

    # Case: what a router ignores cannot be known.
    for target in ("/SECRET/x", "/Secret/x", "/s%45cret/x", "/secreT/x", "/seCRet"):
        case(f"case: {target}", [f"GET {target}"], no_credential("secret"), config="readings")
        case(f"case: {target}, by one who may", [f"GET {target}", COOKIE], allow("all"), config="readings", session=STAFF)
        case(f"case: {target}, by one who may not", [f"GET {target}", COOKIE], lacking("missing_role", "secret"),
             config="readings", session=CAPITAL)
    for target in ("/capital/x", "/CAPITAL/x", "/Capital/x", "/cApital"):
        case(f"case of a rule: {target}", [f"GET {target}"], no_credential("capital"), config="readings")
    case("case: a capital elsewhere changes nothing", ["GET /account/X", COOKIE], allow("account"), config="readings",
         session=USER)
    case("case: a rule skipped for its method, another one in another case", ["POST /both/x"], anonymous("both"),
         config="readings")
    case("case: nobody, folded", ["GET /CLOSED/x"], unruled("nobody", "closed"), config="readings")
    case("case: a method, folded", ["DELETE /ITEMS"], not_allowed("GET, HEAD, POST"), config="readings")
    for name, escaped in (("U+0130", "%C4%B0"), ("U+0131", "%C4%B1"), ("U+017F", "%C5%BF"), ("U+212A", "%E2%84%AA")):
        case(f"case: {name} is of uncertain case", [f"GET /x{escaped}"], bad_path(), config="readings")
        routed(f"{name} is of uncertain case", "GET /x", [read(f"/x{escaped}")], bad_path())
    case("case: a sharp s and its capital", ["GET /stra%E1%BA%9Ee/x"], no_credential("straße"), config="readings")
    case("case: two letters are no sharp s", ["GET /strasse/x"], anonymous("all"), config="readings")
    case("case: another letter beyond ASCII", ["GET /STRA%C3%9FE/x"], no_credential("straße"), config="readings")
    routed("case of what is routed", "GET /x", [read("/SECRET/x", decoded=True)], no_credential("secret"))
    routed("case of what is routed, as a rule is written", "GET /x", [read("/capital/x", decoded=True)],
           no_credential("capital"))

    # Absolute form.
    def absolute(target, fields, expect, **more):
        case(f"absolute form: {target}, {fields}", [("GET", target), *fields], expect, config="readings", **more)

    absolute("http://bank.example/secret/x", [HOST], no_credential("secret"))
    absolute("HTTPS://BANK.EXAMPLE/account/x", [HOST, COOKIE], allow("account"), session=USER)
    absolute("http://bank.example:80/x", [HOST], anonymous("all"))
    absolute("http://bank.example", [HOST], anonymous("all"))
    absolute("http://bank.example?/secret/x", [HOST], anonymous("all"))
    absolute("http://bank.example:8080/x", [HOST], bad_path("ambiguous_authority"))
    absolute("http://evil.example/x", [HOST], bad_path("ambiguous_authority"))
    absolute("http://bank.example@evil.example/x", [HOST], bad_path("ambiguous_authority"))
    absolute("http://evil.example@bank.example/x", [HOST], bad_path("ambiguous_authority"))
    absolute("http:///x", [HOST], bad_path("ambiguous_authority"))
    absolute("http://bank.example/x", [], bad_path("ambiguous_authority"))
    absolute("http://bank.example/x", [HOST, HOST], bad_path("ambiguous_authority"))
    absolute("http://bank.example/a//b", [HOST], bad_path())
    absolute("http://bank.example#/x", [HOST], bad_path())
    absolute("ftp://bank.example/x", [HOST], bad_path())
    absolute("http:/secret/x", [HOST], bad_path())


def prefixes():
    def mounted(name, target, expect, prefix=None, others=(), **more):
        fields = more.pop("fields", [])
        given = {"prefix": prefix} if prefix is not None else {}
        if others:
            given["readings"] = list(others)
        case(f"prefix: {name}", [f"GET {target}", *fields], expect, config=more.pop("config", "mounted"), **given, **more)

    mounted("configured, taken off by nobody yet", "/shop/secret/x", no_credential("secret"))
    mounted("configured and claimed", "/shop/secret/x", no_credential("secret"), "/shop")
    mounted("configured, claimed and routed", "/shop/secret/x", allow("secret"), "/shop", [read("/secret/x", decoded=True)],
            session=STAFF, fields=[COOKIE])
    mounted("taken off before", "/secret/x", no_credential("secret"), "/shop", [read("/secret/x", decoded=True)])
    mounted("once only", "/shop/shop/secret", anonymous("all"), "/shop", [read("/shop/secret", decoded=True)])
    mounted("what is routed counts beside it", "/shop/shop/secret", no_credential("secret"), "/shop",
            [read("/secret", decoded=True)])
    mounted("whole segments only", "/shopping/x", anonymous("all"))
    mounted("whole segments only, before a protected word", "/shopsecret/x", anonymous("all"))
    mounted("the prefix alone is the root", "/shop", anonymous("all"), "/shop")
    mounted("with a slash at the end", "/shop/secret/x", no_credential("secret"), "/shop/")
    mounted("the longest that fits", "/shop/eu/secret", no_credential("secret"))
    mounted("the claimed one, not the longest", "/shop/eu/secret", anonymous("all"), "/shop")
    mounted("a claimed one that is not there leaves the path", "/shop/secret/x", anonymous("all"), "/Old")
    mounted("encoded in the target", "/%73hop/secret/x", no_credential("secret"), "/shop")
    mounted("in another case it is part of the path", "/SHOP/secret/x", anonymous("all"))
    mounted("in another case, but routed without", "/SHOP/secret/x", no_credential("secret"), "", [read("/secret/x")])
    mounted("with a capital", "/Old/secret/x", no_credential("secret"), "/Old")
    mounted("not configured", "/public/secret/x", bad_path("prefix_not_configured"), "/public",
            [read("/secret/x", decoded=True)])
    mounted("not configured where none is", "/public/secret/x", bad_path("prefix_not_configured"), "/public",
            [read("/secret/x", decoded=True)], config="readings")
    mounted("not configured, in another case", "/SHOP/secret/x", bad_path("prefix_not_configured"), "/SHOP")
    mounted("not configured, a part of one", "/shop/eu/x", bad_path("prefix_not_configured"), "/sho")
    mounted("not configured, two at once", "/x", bad_path("prefix_not_configured"), "/shop,/shop/eu")
    mounted("not configured, no path", "/x", bad_path("prefix_not_configured"), "shop")
    mounted("empty", "/secret/x", no_credential("secret"), "", config="readings")
    mounted("only a slash", "/secret/x", no_credential("secret"), "/", config="readings")
    mounted("a path that is refused goes before", "/a//b", bad_path(), "/public")


def methods():
    def judged(name, line, expect, **more):
        fields = more.pop("fields", [])
        case(f"methods: {name}", [line, *fields], expect, config=more.pop("config", "readings"), **more)

    for method in ("DELETE", "PUT", "OPTIONS", "TRACE", "FOO"):
        judged(f"{method} does not fall to the looser rule", f"{method} /items", not_allowed("GET, HEAD, POST"))
    judged("one that the second rule lists", "POST /items", no_credential("write_items"))
    judged("one that the second rule lists, by one who may", "POST /items", allow("write_items"), session=STAFF,
           fields=[COOKIE, SAME_ORIGIN])
    judged("the first rule skipped, the next one wider", "GET /export/x", not_allowed("PURGE"), session=USER, fields=[COOKIE])
    judged("the first rule does not match", "GET /export/x/y", allow("export"), session=USER, fields=[COOKIE])
    judged("named by the policy alone", "PURGE /export/x", allow("purge"), session=USER, fields=[COOKIE, SAME_ORIGIN])
    judged("named by the policy alone, in another case", "Purge /export/x", bad_path("ambiguous_method"))
    judged("not named for this path", "PURGE /account/x", not_allowed("GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS"))

    routed("an override is judged too", "POST /items", [read(method="DELETE")], not_allowed("GET, HEAD, POST"), session=STAFF,
           fields=[COOKIE, SAME_ORIGIN])
    routed("an override does not lower: the wire's own method", "POST /items", [read(method="GET")], no_credential("write_items"))
    routed("an override does not lower: CSRF", "POST /account/x", [read(method="GET")], csrf("csrf_no_proof", "account"),
           session=USER, fields=[COOKIE])
    routed("an override that changes state needs proof", "GET /account/x", [read(method="POST")],
           csrf("csrf_no_proof", "account"), session=USER, fields=[COOKIE])
    routed("an override with another path", "GET /x", [read("/items", method="POST")], no_credential("write_items"))
    routed("an override in another case", "POST /x", [read(method="delete")], bad_path("ambiguous_method"))
    routed("an override that is no token", "POST /x", [read(method="DE LETE")], bad_path("ambiguous_method"))


def destinations():
    def dav(name, line, fields, expect, **more):
        case(f"destination: {name}", [line, COOKIE, SAME_ORIGIN, *fields], expect, config=more.pop("config", "readings"),
             session=more.pop("session", USER), **more)

    def to(value):
        return ["Destination", value]

    dav("COPY within", "COPY /shared/a", [to("/shared/b")], allow("shared"))
    dav("COPY within, as a URL", "COPY /shared/a", [HOST, to("https://bank.example/shared/b")], allow("shared"))
    dav("COPY to what needs a role", "COPY /shared/a", [to("/secret/b")], lacking("missing_role", "secret"))
    dav("COPY to what needs a role, as a URL", "COPY /shared/a", [HOST, to("http://bank.example/secret/b")],
        lacking("missing_role", "secret"))
    dav("COPY to what needs a role, in another case", "COPY /shared/a", [to("/SECRET/b")], lacking("missing_role", "secret"))
    dav("COPY to what needs a role, by one who has it", "COPY /shared/a", [to("/secret/b")], allow("shared"), session=STAFF)
    dav("COPY to what nobody may", "COPY /shared/a", [to("/closed/b")], unruled("nobody", "closed"))
    dav("COPY to where nothing may be put", "COPY /shared/a", [to("/items")], not_allowed("GET, HEAD, POST"))
    dav("MOVE within", "MOVE /shared/a", [to("/shared/b")], allow("shared"))
    dav("MOVE to what needs a role", "MOVE /shared/a", [to("/secret/b")], lacking("missing_role", "secret"))
    for name, fields in (("none", []), ("two", [to("/shared/b"), to("/shared/c")]), ("empty", [to("")]),
                         ("relative", [to("b")]), ("another authority", [HOST, to("https://evil.example/shared/b")]),
                         ("a URL without a Host to compare", [to("https://bank.example/shared/b")]),
                         ("another scheme", [HOST, to("ftp://bank.example/shared/b")]), ("dot segments", [to("/shared/../b")]),
                         ("a fragment", [to("/shared/b#c")]), ("an authority alone", [to("//bank.example/shared/b")])):
        dav(f"COPY, {name}", "COPY /shared/a", fields, bad_path("ambiguous_destination"))
    dav("another method has none", "PUT /shared/a", [to("/secret/b")], allow("shared"))
    dav("less the prefix", "COPY /shop/shared/a", [to("/shop/secret/b")], lacking("missing_role", "secret"), config="mounted",
        prefix="/shop")
    routed("an override to COPY has one", "PUT /shared/a", [read(method="COPY")], bad_path("ambiguous_destination"),
           fields=[COOKIE, SAME_ORIGIN])
    routed("a rewritten path has one", "MOVE /shared/a", [read("/items")], not_allowed("GET, HEAD, POST"),
           fields=[COOKIE, SAME_ORIGIN, to("/shared/b")])


def cors():
    app, other = "https://app.example.org", "https://evil.example"

    def preflight(method, origin=app):
        return [["Origin", origin], ["Access-Control-Request-Method", method]]

    def ask(name, target, fields, expect, **more):
        case(f"cors: {name}", [f"OPTIONS {target}", *fields], expect, config=more.pop("config", "cors"), **more)

    def answer(rule, method, origin=app):
        expect = with_cors(outcome("preflight", "cors_preflight", 204, rule, "none", vary=False), origin)
        expect["headers"].update({"Access-Control-Allow-Methods": method, "Access-Control-Max-Age": "600",
                                  "Access-Control-Allow-Headers": "Content-Type, X-CSRF-Token"})
        return expect

    def refused(rule=-1, origin=app):
        return with_cors(outcome("forbidden", "cors_refused", 403, rule, "none", vary=False), origin)

    ask("a preflight for what needs a session", "/me", preflight("PUT"), answer("me", "PUT"))
    ask("a preflight asks no store", "/me", [*preflight("PUT"), COOKIE], answer("me", "PUT"), error="unavailable")
    ask("a preflight for GET", "/open", preflight("GET"), answer("open", "GET"))
    ask("a preflight that names fields", "/me", [*preflight("POST"), ["Access-Control-Request-Headers", "x-csrf-token"]],
        answer("me", "POST"))
    ask("the other listed origin", "/me", preflight("PUT", "http://localhost:3000"), answer("me", "PUT", "http://localhost:3000"))
    ask("an origin that is not listed", "/me", preflight("PUT", other), refused("me", None))
    ask("the listed host by another scheme", "/me", preflight("PUT", "http://app.example.org"), refused("me", None))
    ask("Origin null", "/me", preflight("PUT", "null"), refused("me", None))
    ask("two origins", "/me", [*preflight("PUT"), ["Origin", app]], refused("me", None))
    ask("two methods", "/me", [*preflight("PUT"), ["Access-Control-Request-Method", "PUT"]], refused("me"))
    ask("no rule for the path", "/other", preflight("GET"), refused())
    ask("no rule for the method", "/open", preflight("POST"), refused())
    ask("a method in another case", "/me", preflight("put"), refused())
    ask("what nobody may", "/closed", preflight("GET"), refused())
    ask("a path that is refused", "/a//b", preflight("GET"), with_cors(bad_path(), app))
    ask("every reading needs a rule", "/me", preflight("GET"), refused("me"), readings=[read("/other")])
    ask("another reading with a rule", "/me", preflight("GET"), answer("me", "GET"), readings=[read("/open")])
    ask("OPTIONS that is no preflight", "/me", [["Origin", app]], with_cors(no_credential("me"), app))
    ask("OPTIONS without an origin", "/me", [["Access-Control-Request-Method", "PUT"]], with_cors(no_credential("me")))

    def send(name, line, fields, expect, **more):
        case(f"cors: {name}", [line, *fields], expect, config=more.pop("config", "cors"), **more)

    from_app, from_other = ["Origin", app], ["Origin", other]
    send("a denial", "GET /me", [from_app], with_cors(no_credential("me"), app))
    send("a denial, to another origin", "GET /me", [from_other], with_cors(no_credential("me")))
    send("no origin", "GET /me", [COOKIE], with_cors(allow("me")), session=USER)
    send("allowed", "GET /me", [from_app, COOKIE], with_cors(allow("me"), app), session=USER)
    send("allowed without a session", "GET /open", [from_app], with_cors(anonymous("open"), app), asks=False)
    send("by Bearer", "POST /me", [from_app, BEARER], with_cors(allow("me", "bearer"), app), session=USER)
    send("not live", "GET /me", [from_app, COOKIE], with_cors(invalid_token("session_not_live", "me"), app))
    send("the store cannot answer", "GET /me", [from_app, COOKIE], with_cors(unavailable("me"), app), error="timeout")
    send("a bad path", "GET /a//b", [from_app], with_cors(bad_path(), app))
    send("a method that is not listed", "POST /open", [from_app], with_cors(not_allowed("GET, HEAD"), app))
    send("no rule", "GET /other", [from_app], with_cors(unruled(), app))
    send("listed, and trusted for CSRF by its own setting", "POST /me", [HOST, from_app, COOKIE], with_cors(allow("me"), app),
         session=USER)
    send("listed is not trusted for CSRF", "POST /me", [HOST, ["Origin", "http://localhost:3000"], COOKIE],
         with_cors(csrf("csrf_foreign_origin", "me"), "http://localhost:3000"), session=USER)
    anyone = dict(anonymous("open"))
    anyone["headers"] = {**anyone["headers"], "Access-Control-Allow-Origin": "*"}
    send("for any origin", "GET /open", [from_other], anyone, config="cors_any", asks=False)
    asked = outcome("preflight", "cors_preflight", 204, "open", "none", vary=False)
    asked["headers"] = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": "GET"}
    ask("a preflight of any origin", "/open", preflight("GET", other), asked, config="cors_any")

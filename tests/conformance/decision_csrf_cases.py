"""Cases of decisions.json about cross-site requests, and about who is believed where a request comes from."""

from decision_outcomes import (
    ANONYMOUS, BEARER, COOKIE, HOST, SAME_ORIGIN, USER, allow, anonymous, case, csrf, invalid_token, no_credential,
    unavailable,
)


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
    case("a WebSocket over HTTP/2 from a foreign origin", ["CONNECT /socket", COOKIE, HOST, foreign],
         csrf("csrf_foreign_origin", "socket"), session=USER)
    case("a WebSocket over HTTP/2 from the own origin", ["CONNECT /socket", COOKIE, HOST, own], allow("socket"),
         session=USER)
    for field in ("Sec-WebSocket-Key", "sec-websocket-version", "SEC-WEBSOCKET-PROTOCOL", "Sec-WebSocket-Extensions"):
        case(f"a handshake whose Upgrade a proxy has dropped: {field}, foreign", ["GET /me", COOKIE, HOST, foreign, [field, "x"]],
             csrf("csrf_foreign_origin", "me"), session=USER)
        case(f"a handshake whose Upgrade a proxy has dropped: {field}, own", ["GET /me", COOKIE, HOST, own, [field, "x"]],
             allow("me"), session=USER)
    case("a field that is named like part of a handshake", ["GET /me", COOKIE, HOST, foreign, ["Sec-WebSocke", "x"],
                                                            ["Sec-WebSocketKey", "x"], ["X-Sec-WebSocket-Key", "x"]],
         allow("me"), session=USER)


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

"""Cases of store.json: how sessions begin, move and end; one by one, and all of a principal's."""

from store_steps import (
    case,
    create,
    dead,
    each,
    fails,
    find,
    list_fails,
    listed,
    live,
    load,
    load_fresh,
    load_text,
    login,
    patch,
    patch_principal,
    revoke,
    revoke_id,
    revoke_principal,
    rotate,
    shown,
    text,
)

LONG = text("x", 60_000)
TOO_LONG = text("x", 65_536)
PHONE = ["192.0.2.7", "Mozilla/5.0 ü"]
ALICE = {"roles": ["customer", "prüfer"], "scopes": ["transactions:read"], "attributes": {"näme": ["ä", None]}, "device": PHONE}


def add_cases():
    creation()
    refused_creation()
    loading()
    rotation()
    logins()
    reauthentication()
    revocation()
    principals()
    limits()


def creation():
    everything = {**ALICE, "level": 2, "principal": "zoë", "anonymous": False, "authenticated": True, "generation": 1}
    times = {"idle_seconds": 300, "lifetime": 3600}
    case("a new session is readable by its token and by its id, with every field",
         create("a", "zoë", **ALICE, level=2, idle_timeout=300, absolute_timeout=3600, expect={**everything, **times}),
         load("a", **everything, **times, same_as="a"), load_fresh("a", **everything, **times, same_as="a"),
         find("a", **everything, **times, same_as="a"))
    nothing = {"roles": [], "scopes": [], "attributes": {}, "protected": {}, "device": ["", ""], "level": 0}
    case("a session of nothing is anonymous, and proved nothing",
         create("a", expect={**nothing, "principal": "", "anonymous": True, "authenticated": False, "generation": 1}),
         load_fresh("a", **nothing, principal="", anonymous=True, authenticated=False))
    case("the configured timeouts are the default", create("a", "alice", expect={"idle_seconds": 1200, "lifetime": 7200}),
         load_fresh("a", idle_seconds=1200, lifetime=7200), idle_timeout="20m", absolute_timeout="2h")
    case("a principal that is remembered but proved nothing has no authentication time",
         create("a", "alice", authenticated=False), load_fresh("a", principal="alice", anonymous=False, authenticated=False))
    case("without an idle timeout there is none", create("a", "alice", idle_timeout=0), load_fresh("a", idle_seconds=0))
    for principal in ("a}b", "{x}", "*", "a:b@c d", "日本", "a\\b'\"", "ä\u2028", "$-1", "🦊", "p" * 256, "ü" * 128):
        case(f"the principal {principal[:12]} is just a name", create("a", principal, expect={"principal": principal}),
             load_fresh("a", principal=principal), listed(principal, "a"), revoke_principal(principal, 1), dead("a"))
    long = "r" * 128
    case("role and scope names have up to 128 bytes, and there are up to 256",
         create("a", "alice", roles=[long, "ä:b/c?", "*"], scopes=[f"s{i}" for i in range(256)]),
         load_fresh("a", roles=[long, "ä:b/c?", "*"], scopes=[f"s{i}" for i in range(256)]))
    case("what a client says of itself is stored, cut and cleaned", create("a", "alice", device=["::1", "a\tb" + "x" * 600]),
         load_fresh("a", device=["::1", "a?b" + "x" * 509]))


def refused_creation():
    wrong = [
        {"principal": "new\nline"},
        {"principal": "\x7f"},
        {"roles": [""]},
        {"roles": ["two words"]},
        {"scopes": ["tab\t"]},
        {"attributes": {"": 1}},
        {"attributes": {"bell\x07": 1}},
        {"protected": {"": 1}},
        {"level": 4},
        {"level": -1},
        {"idle_timeout": -1},
        {"absolute_timeout": 0},
        {"absolute_timeout": 401 * 86_400},
        {"idle_timeout": 61, "absolute_timeout": 60},
    ]
    case("a new session with a value outside its rule is an invalid argument",
         *(fails(create("a", **{"principal": "alice", **given}), "invalid_argument") for given in wrong), listed("alice"))
    large = [
        {"principal": "p" * 257},
        {"roles": ["r" * 129]},
        {"scopes": [f"s{i}" for i in range(257)]},
        {"attributes": {"n" * 65: 1}},
        {"attributes": {"large": TOO_LONG}},
        {"attributes": each(257, "n")},
        {"attributes": each(5, "n", LONG)},
        {"protected": {"large": TOO_LONG}},
    ]
    case("a new session with a value beyond its size is too large",
         *(fails(create("a", **{"principal": "alice", **given}), "too_large") for given in large), listed("alice"))


def loading():
    case("unknown, revoked and malformed tokens are all the same nothing", create("a", "alice"), revoke("a"), load("a"), load_fresh("a"),
         *map(load_text, ("", "fch1_", "nonsense", "\r\nGET x", "fch1_" + "A" * 51, "ä" * 28, "fch1_" + "A" * 70_000)))
    case("the same answer comes again", create("a", "alice", attributes={"n": 1}),
         *(load("a", same_as="a", attributes={"n": 1}, generation=1) for _ in range(3)))
    case("an ended session is found no more", create("a", "alice"), find("a", same_as="a"), revoke("a"), find("a"))


def rotation():
    given = {**ALICE, "level": 1, "protected": {"user": 7}}
    kept = {**given, "principal": "alice", "authenticated": True, "generation": 2, "lifetime": 3600, "idle_seconds": 300}
    case("the session moves to a new token and nothing else changes",
         create("a", "alice", **given, idle_timeout=300, absolute_timeout=3600), rotate("a", "b", expect=kept),
         load_fresh("b", **kept, same_as="b"), dead("a"), listed("alice", "b"))
    case("without grace the old token is dead at once, also to who had read it", create("a", "alice"), load("a", same_as="a"),
         rotate("a", "b"), load("a"), live("b"), fails(patch("a", set={"late": 1}), "session_gone"))
    case("with grace the old token leads to the session, and writes follow it", create("a", "alice", attributes={"n": 1}),
         rotate("a", "b", grace=30), load_fresh("a", same_as="b", attributes={"n": 1}), patch("a", 3, set={"by": "the old id"}),
         load_fresh("b", same_as="b", attributes={"n": 1, "by": "the old id"}), find("a", same_as="b"), listed("alice", "b"))
    case("rotations with grace chain", create("a", "alice"), rotate("a", "b", grace=30), rotate("b", "c", grace=30),
         *(load_fresh(name, same_as="c") for name in "abc"))
    case("rotating under a superseded id rotates its successor", create("a", "alice"), rotate("a", "b", grace=30), rotate("a", "c"),
         dead("a", "b"), live("c"))
    case("revoking under a superseded id revokes the session", create("a", "alice"), rotate("a", "b", grace=30), revoke("a"),
         dead("a", "b"), listed("alice"))
    case("revoking the successor leaves the old token dead", create("a", "alice"), rotate("a", "b", grace=30), revoke("b"), dead("a", "b"))
    case("an anonymous session rotates, too", create("a", attributes={"cart": [2]}), rotate("a", "b", expect={"anonymous": True}),
         dead("a"), load_fresh("b", attributes={"cart": [2]}))
    case("a revoked session cannot be rotated back to life", create("a", "alice"), revoke("a"),
         fails(rotate("a", "b"), "session_gone"), listed("alice"))
    case("a grace of more than 30 seconds, or less than none, is refused", create("a", "alice"),
         fails(rotate("a", "b", grace=31), "invalid_argument"), fails(rotate("a", "b", grace=-1), "invalid_argument"),
         live("a"), rotate("a", "b", grace=30), live("a", "b"))


def logins():
    case("a login without a current session creates one",
         login("a", "alice", level=1, roles=["r"], expect={"principal": "alice", "level": 1, "authenticated": True, "generation": 1}),
         load_fresh("a", principal="alice", roles=["r"]), listed("alice", "a"))
    case("the anonymous session dies and its attributes move along; what the login says wins",
         create("a", attributes={"cart": [1], "theme": 1}),
         login("b", "alice", "a", attributes={"theme": 2}, expect={"attributes": {"cart": [1], "theme": 2}}), dead("a"),
         load_fresh("b", attributes={"cart": [1], "theme": 2}, principal="alice", generation=1))
    carried = {"null": None, "big": 2**53 + 1, "ä": {"🦊": []}}
    case("every kind of attribute moves along", create("a", attributes=carried), login("b", "alice", "a"), load_fresh("b", attributes=carried))
    case("what was put into the anonymous session since it was read moves along", create("a", attributes={"n": 1}), load("a", attributes={"n": 1}),
         patch("a", 2, set={"n": 2, "m": 3}), login("b", "alice", "a"), dead("a"), load_fresh("b", attributes={"n": 2, "m": 3}))
    case("an anonymous session that has ended leaves nothing", create("a", attributes={"n": 1}), revoke("a"), login("b", "alice", "a"),
         load_fresh("b", principal="alice", attributes={}))
    case("protected attributes of an anonymous session never move along", create("a", attributes={"cart": [2]}, protected={"user": 666}),
         login("b", "alice", "a", protected={"mine": 1}), load_fresh("b", attributes={"cart": [2]}, protected={"mine": 1}), dead("a"))
    case("the anonymous attributes stay behind where asked", create("a", attributes={"cart": [1]}),
         login("b", "alice", "a", keep_attributes=False), load_fresh("b", attributes={}), dead("a"))
    case("a login that fails leaves the anonymous session as it was", create("full", "alice"), create("a", attributes={"cart": [1]}),
         fails(login("b", "alice", "a"), "session_limit"), fails(login("b", "bob", "a", level=9), "invalid_argument"),
         load_fresh("a", attributes={"cart": [1]}, generation=1), listed("alice", "full"), listed("bob"),
         max_per_principal=1, on_limit="refuse")
    case("attributes that together are too many fail the login", create("a", attributes=each(200, "a")),
         fails(login("b", "alice", "a", attributes=each(200, "b")), "too_large"), live("a"), listed("alice"))
    case("another principal gets a session of its own, with nothing of the one before",
         create("a", "alice", attributes={"secret": 1}, protected={"user": 1}, roles=["admin"], scopes=["all"], device=PHONE, level=3),
         login("b", "bob", "a", attributes={"own": 2}), dead("a"),
         load_fresh("b", principal="bob", attributes={"own": 2}, protected={}, roles=[], scopes=[], device=["", ""], level=0, generation=1))
    case("another principal may follow one that was revoked", create("a", "alice"), revoke("a"), login("b", "bob", "a"),
         load_fresh("b", principal="bob"))
    case("becoming anonymous ends the authenticated session", create("a", "alice", attributes={"secret": 1}),
         login("b", "", "a", expect={"anonymous": True, "authenticated": False}), dead("a"), load_fresh("b", attributes={}))
    case("an invalid login changes nothing", create("a", "alice"), fails(login("b", "bob", "a", level=9), "invalid_argument"),
         fails(login("b", "bob", "a", attributes={"n": TOO_LONG}), "too_large"), live("a"), listed("bob"))


def reauthentication():
    before = {"roles": ["customer"], "scopes": ["read"], "attributes": {"cart": [1], "theme": 1}, "device": PHONE}
    device = ["192.0.2.8", "new"]
    after = {"roles": ["admin"], "scopes": [], "attributes": {"cart": [1], "theme": 2}, "device": device, "level": 2}
    case("re-authentication moves the session to a new token, and what the login says wins",
         create("a", "alice", **before, authenticated=False, protected={"user": 7, "factors": ["password"]}),
         login("b", "alice", "a", roles=["admin"], attributes={"theme": 2}, device=device, level=2, protected={"factors": ["key"]},
               idle_timeout=60, expect={**after, "authenticated": True, "generation": 2, "idle_seconds": 60}),
         dead("a"), load_fresh("b", **after, protected={"user": 7, "factors": ["key"]}, authenticated=True), listed("alice", "b"))
    case("re-authentication keeps the attributes, whatever is said of those of the anonymous",
         create("a", "alice", attributes={"n": 1}), login("b", "alice", "a", keep_attributes=False), load_fresh("b", attributes={"n": 1}))
    case("what was patched since the session was read moves along", create("a", "alice", attributes={"n": 1}),
         patch("a", 2, set={"n": 2, "m": 3}), login("b", "alice", "a"), load_fresh("b", attributes={"n": 2, "m": 3}, generation=3))
    case("re-authentication of a revoked session fails instead of reviving it", create("a", "alice"), revoke("a"),
         fails(login("b", "alice", "a"), "session_gone"), listed("alice"))
    case("a re-authentication that does not fit changes nothing", create("a", "alice", attributes=each(4, "n", LONG)),
         fails(login("b", "alice", "a", attributes={"e": LONG}), "too_large"), load_fresh("a", generation=1), listed("alice", "a"))
    case("re-authentication under a superseded id ends all that came before", create("a", "alice"), rotate("a", "b", grace=30),
         login("c", "alice", "a"), dead("a", "b"), live("c"))
    case("re-authentication needs no room", create("a", "alice"), login("b", "alice", "a"), dead("a"), live("b"),
         max_per_principal=1, on_limit="refuse")


def revocation():
    case("a revoked session is gone, also to who had read it", create("a", "alice"), load("a", same_as="a"), revoke("a"),
         load("a"), load_fresh("a"), listed("alice"))
    case("what is not there is not found", create("a", "alice"), revoke("a"), revoke("a", False), revoke_id("A" * 24, False))
    case("other sessions of the principal stay", create("a", "alice"), create("b", "alice"), revoke("a"), live("b"), dead("a"), listed("alice", "b"))
    case("an anonymous session can be revoked", create("a"), revoke("a"), dead("a"))


def principals():
    case("all sessions of the principal die, and nobody else's", create("a", "alice"), create("b", "alice"), create("c", "bob"), create("d"),
         load("a", same_as="a"), revoke_principal("alice", 2), load("a"), dead("a", "b"), live("c", "d"), listed("alice"), listed("bob", "c"))
    case("one may be kept", create("a", "alice"), create("b", "alice"), create("c", "alice"), revoke_principal("alice", 2, keep="b"),
         live("b"), dead("a", "c"), listed("alice", "b"))
    case("the one to keep may be named by the id it had before a rotation", create("a", "alice"), create("b", "alice"),
         rotate("a", "c", grace=30), revoke_principal("alice", 1, keep="a"), listed("alice", "c"), live("a", "c"))
    case("a superseded token dies with its successor", create("a", "alice"), rotate("a", "b", grace=30), revoke_principal("alice", 1), dead("a", "b"))
    case("a principal without sessions has none", revoke_principal("nobody", 0), patch_principal("nobody", 0, set={"n": 1}), listed("nobody"))
    case("the anonymous have no principal to revoke, list or patch", create("a"), fails(revoke_principal(""), "invalid_argument"),
         list_fails("", "invalid_argument"), fails(patch_principal("", set={"n": 1}), "invalid_argument"), live("a"))
    case("a principal outside its rule is refused everywhere", fails(revoke_principal("a\nb"), "invalid_argument"),
         list_fails("p" * 257, "too_large"), fails(patch_principal("a\nb", set={"n": 1}), "invalid_argument"))
    case("a change counts at once in every session of the principal", create("a", "alice", roles=["admin"]), create("b", "alice", roles=["admin"]),
         create("c", "bob", roles=["admin"]), load("a", roles=["admin"]),
         patch_principal("alice", 2, set={"note": "ä"}, remove=["never there"], roles=[], scopes=["s"], device=["::1", "x"]),
         load("a", roles=[], scopes=["s"], device=["::1", "x"], attributes={"note": "ä"}, generation=2),
         load_fresh("b", roles=[], attributes={"note": "ä"}), load_fresh("c", roles=["admin"], generation=1))
    case("a session that is already as wanted is not written", create("a", "alice", roles=["admin"]),
         patch_principal("alice", 1, roles=["admin"]), load_fresh("a", generation=1))
    case("live sessions are listed oldest first, with all but the protected", create("a", "alice", **ALICE, level=1, protected={"user": 1}),
         create("b", "alice", device=["", "two"]), create("c", "bob"), listed("alice", "a", "b"),
         shown("alice", 0, **ALICE, level=1, protected={}, principal="alice", same_as="a", generation=1, authenticated=True),
         shown("alice", 1, device=["", "two"], same_as="b", attributes={}))


def limits():
    evict, refuse = {"on_limit": "evict_oldest"}, {"on_limit": "refuse"}
    case("the oldest gives way to the newest", create("a", "alice"), create("b", "alice"), create("c", "alice"), create("d", "bob"),
         dead("a"), live("b", "c", "d"), listed("alice", "b", "c"), max_per_principal=2, **evict)
    case("an evicted session is refused by who had read it", create("a", "alice"), load("a", same_as="a"), create("b", "alice"), load("a"),
         live("b"), max_per_principal=1, **evict)
    case("when full, a login is refused and nothing changes", create("a", "alice"), create("b", "alice"),
         fails(create("c", "alice"), "session_limit"), fails(login("c", "alice"), "session_limit"), live("a", "b"),
         listed("alice", "a", "b"), max_per_principal=2, **refuse)
    case("a revoked session makes room, and each principal has its own", create("a", "alice"), revoke("a"), create("b", "alice"),
         create("c", "bob"), live("b", "c"), max_per_principal=1, **refuse)
    case("anonymous sessions have no limit", create("a"), create("b"), create("c"), live("a", "b", "c"), max_per_principal=1, **refuse)
    case("a rotation needs no room", create("a", "alice"), rotate("a", "b"), live("b"), listed("alice", "b"), max_per_principal=1, **refuse)

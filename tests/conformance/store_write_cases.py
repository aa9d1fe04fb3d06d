"""Cases of store.json: what values survive, what a patch changes and refuses, bags, protected attributes, limits on writing."""

from store_steps import (
    case,
    create,
    dead,
    each,
    fails,
    find,
    live,
    load,
    load_fresh,
    login,
    nested,
    patch,
    patch_principal,
    revoke,
    shown,
    text,
    token_of,
)

# One of each kind of value; beyond 2^53 only integers of more than a float's precision.
VALUES = {
    "null": None,
    "true": True,
    "false": False,
    "zero": 0,
    "negative": -7,
    "largest safe": 2**53 - 1,
    "2^53": 2**53,
    "beyond 2^53": 2**53 + 1,
    "below -2^53": -(2**53) - 1,
    "largest of 64 bits": 2**63 - 1,
    "smallest of 64 bits": -(2**63),
    "largest unsigned of 64 bits": 2**64 - 1,
    "200 bits": 2**200,
    "a fraction": 0.1,
    "a negative fraction": -12.5,
    "very large": 1.5e300,
    "very small": 2.5e-300,
    "empty text": "",
    "text": 'quote " backslash \\ slash / tab \t newline \n NUL \0 bell \x07 delete \x7f',
    "text of all planes": "é ß 漢字 \u2028 \u2029 \ufeff \ufffd 🦊 𝔘 e\u0301",
    "what looks like an escape": "\\u0041 %41 &lt; ${x}",
    "what looks like a number": "9007199254740993",
    "empty list": [],
    "empty map": {},
    "list of empties": [[], {}, None, ""],
    "nested": {"list": [1, None, {"deep": ["x", False, {"big": 2**53 + 1}]}], "map": {"": {"ä": {}}}},
    "__proto__": {"__proto__": {"admin": True}, "constructor": 1, "toString": None},
}
NAMES = {
    "a": 1,
    "constructor": 2,
    "toString": 3,
    "length": 4,
    "with space": 5,
    "näme": 6,
    "漢字": 7,
    "🦊": 8,
    "a.b[0]": 9,
    "\"'\\": 10,
    "n" * 64: 11,
    "ä" * 32: 12,
    "0": 13,
    "-1": 14,
    "*": 15,
}

LONG = text("x", 60_000)  # four of them fit into one session
TOO_LONG = text("x", 65_536)  # 64 KiB, and its quotes

CURL = ["192.0.2.7", "curl/8"]
ALICE = {"roles": ["customer"], "scopes": ["read"], "attributes": {"theme": "dark", "visits": 7}, "device": CURL}


def add_cases():
    values()
    patches()
    increments()
    refused_patches()
    bags()
    protected()
    services()


def values():
    case("every kind of value comes back as it was", create("a", "alice", attributes=VALUES), load("a", attributes=VALUES),
         load_fresh("a", attributes=VALUES), find("a", attributes=VALUES), shown("alice", 0, attributes=VALUES))
    case("every kind of value can be set, added and put", create("a", "alice"),
         patch("a", 2, set=VALUES), load_fresh("a", attributes=VALUES),
         patch("a", 3, remove=list(VALUES)), load_fresh("a", attributes={}),
         patch("a", 4, add=VALUES), load_fresh("a", attributes=VALUES),
         patch("a", 5, put={"bag": VALUES}), load_fresh("a", attributes={**VALUES, "bag": VALUES}))
    case("every kind of value can be protected", create("a", "alice", protected=VALUES), load_fresh("a", protected=VALUES),
         patch("a", 2, protected={"remove": list(VALUES)}), load_fresh("a", protected={}),
         patch("a", 3, protected={"set": VALUES}), load_fresh("a", protected=VALUES, attributes={}))
    case("names are any text", create("a", "alice", attributes=NAMES, protected=NAMES),
         load_fresh("a", attributes=NAMES, protected=NAMES),
         patch("a", 2, remove=list(NAMES)), load_fresh("a", attributes={}, protected=NAMES))
    case("arrays nest 64 deep, and no deeper", create("a", "alice", attributes={"deep": nested(64)}),
         load_fresh("a", attributes={"deep": nested(64)}),
         fails(patch("a", set={"deeper": nested(65)}), "invalid_argument", names="deeper"))
    many = each(256, "attribute ", None)
    case("256 attributes come back whole", create("a", "alice", attributes=many), load_fresh("a", attributes=many))
    case("four large values come back whole", create("a", "alice", attributes=each(4, "n", LONG)),
         load_fresh("a", attributes=each(4, "n", LONG)))


def patches():
    case("set creates and replaces", create("a", "alice", **ALICE), patch("a", 2, set={"theme": [1], "cart": {"sku": "ä"}}),
         load_fresh("a", generation=2, attributes={"theme": [1], "cart": {"sku": "ä"}, "visits": 7}))
    case("every patch makes the next generation", create("a", "alice", expect={"generation": 1}),
         patch("a", 2, set={"a": 1}), patch("a", 3, set={"a": 1}), load_fresh("a", generation=3))
    case("add creates but never replaces", create("a", "alice"), patch("a", 2, add={"cart": []}),
         fails(patch("a", add={"cart": [1]}), "attribute_exists", names="cart"), load_fresh("a", attributes={"cart": []}))
    case("remove deletes, and does not mind what is not there", create("a", "alice", **ALICE),
         patch("a", 2, remove=["theme", "never there"]), load_fresh("a", attributes={"visits": 7}))
    case("the last attribute can be removed and another set", create("a", "alice", attributes={"x": 1}),
         patch("a", 2, remove=["x"]), load_fresh("a", attributes={}), patch("a", 3, set={"y": []}),
         load_fresh("a", attributes={"y": []}))
    case("changes apply in the order set, add, remove, increment, put, take", create("a", "alice", **ALICE),
         patch("a", 2, set={"theme": 1, "n": 10, "b": {"x": 1}}, add={"c": 1}, remove=["theme", "c", "visits"],
               increment={"n": 5, "visits": 2}, put={"b": {"y": 2, "z": 3}}, take={"b": ["x", "z"]}),
         load_fresh("a", attributes={"n": 15, "visits": 2, "b": {"y": 2}}))
    case("roles, scopes and device are replaced where asked", create("a", "alice", **ALICE),
         patch("a", 2, roles=["admin", "prüfer"]),
         load_fresh("a", roles=["admin", "prüfer"], scopes=["read"], device=CURL, attributes=ALICE["attributes"]),
         patch("a", 3, roles=[], scopes=["a", "b"], device=["2001:db8::1", ""]),
         load_fresh("a", roles=[], scopes=["a", "b"], device=["2001:db8::1", ""]))
    case("the expected generation must be the stored one", create("a", "alice"),
         fails(patch("a", set={"a": 0}, expected_generation=2), "conflict"), load_fresh("a", generation=1, attributes={}),
         patch("a", 2, set={"a": 1}, expected_generation=1),
         fails(patch("a", set={"a": 2}, expected_generation=1), "conflict"), load_fresh("a", attributes={"a": 1}))
    case("a patch applies whole or not at all", create("a", "alice", **ALICE),
         fails(patch("a", set={"new": 1}, remove=["visits"], add={"theme": 1}, roles=["r"]), "attribute_exists", names="theme"),
         fails(patch("a", set={"new": 1}, increment={"theme": 1}, scopes=[]), "invalid_argument", names="theme"),
         fails(patch("a", set={"new": 1}, put={"theme": {"k": 1}}, device=["", ""]), "invalid_argument", names="theme"),
         load_fresh("a", generation=1, **ALICE))
    case("who had read the session sees the patch", create("a", "alice", attributes={"n": 1}), load("a", attributes={"n": 1}),
         load("a", attributes={"n": 1}), patch("a", 2, set={"n": 2}), load("a", attributes={"n": 2}, generation=2))
    case("a session that is no longer live is never written", create("a", "alice"), revoke("a"),
         fails(patch("a", set={"x": 1}), "session_gone"), dead("a"))
    case("a session does not store its own token", create("a", "alice"),
         fails(patch("a", set={"copy": token_of("a")}), "invalid_argument", names="copy"),
         fails(patch("a", add={"list": [{"deep": token_of("a")}]}), "invalid_argument", names="list"),
         fails(patch("a", put={"bag": {"key": token_of("a")}}), "invalid_argument", names="bag"),
         load_fresh("a", attributes={}))
    secret = "not to be repeated"
    case("no message holds a value", create("a", "alice", attributes={"secret": secret}),
         fails(patch("a", add={"secret": secret}), "attribute_exists", names="secret", lacks=secret),
         fails(patch("a", increment={"secret": 1}), "invalid_argument", names="secret", lacks=secret),
         fails(patch("a", put={"secret": {"key": secret}}), "invalid_argument", names="secret", lacks=secret),
         fails(patch("a", set={"large": text(secret, 10_000)}), "too_large", names="large", lacks=secret),
         fails(patch("a", set={"bell\x07": secret}), "invalid_argument", lacks=secret))


def increments():
    case("increment adds to an integer and starts at zero", create("a", "alice", attributes={"n": 7}),
         patch("a", 2, increment={"n": 5, "fresh": -3, "none": 0}),
         load_fresh("a", attributes={"n": 12, "fresh": -3, "none": 0}))
    top = 2**53
    case("increment stays within 2^53", create("a", "alice", attributes={"high": top - 1, "low": 1 - top}),
         patch("a", 2, increment={"high": 1, "low": -1}), load_fresh("a", attributes={"high": top, "low": -top}),
         *(fails(patch("a", increment={name: by}), "invalid_argument", names=name)
           for name, by in (("high", 1), ("low", -1), ("high", top - 1), ("low", 1 - top))),
         patch("a", 3, increment={"high": 1 - top, "low": top - 1}), load_fresh("a", attributes={"high": 1, "low": -1}))
    no_integers = ["7", 1.5, None, [], {}, True, 2**53 + 1]
    case("increment refuses what is no integer", create("a", "alice", attributes={f"v{i}": v for i, v in enumerate(no_integers)}),
         *(fails(patch("a", increment={f"v{i}": 1}), "invalid_argument", names=f"v{i}") for i in range(len(no_integers))),
         load_fresh("a", generation=1, attributes={f"v{i}": v for i, v in enumerate(no_integers)}))


def refused_patches():
    case("what does not fit is too large and changes nothing", create("a", "alice", attributes=each(4, "n", LONG)),
         fails(patch("a", set={"one more": LONG}), "too_large"), fails(patch("a", add={"n": TOO_LONG}), "too_large", names="n"),
         fails(patch("a", put={"bag": {"k": TOO_LONG}}), "too_large", names="bag"),
         load_fresh("a", generation=1, attributes=each(4, "n", LONG)))
    case("a session holds at most 256 attributes", create("a", "alice", attributes=each(255, "n")), patch("a", 2, set={"last": 1}),
         fails(patch("a", set={"one more": 1}), "too_large"), fails(patch("a", increment={"one more": 1}), "too_large"),
         fails(patch("a", put={"one more": {"k": 1}}), "too_large"),
         patch("a", 3, set={"n1": 2}, remove=["n0"]), patch("a", 4, add={"one more": 1}), load_fresh("a", generation=4))
    wrong = [
        {"set": {"": 1}},
        {"set": {"bell\x07": 1}},
        {"add": {"": 1}},
        {"remove": [""]},
        {"remove": ["\x7f"]},
        {"increment": {"": 1}},
        {"put": {"": {"k": 1}}},
        {"put": {"bag": {"": 1}}},
        {"take": {"bag": [""]}},
        {"protected": {"set": {"": 1}}},
        {"roles": [""]},
        {"roles": ["two words"]},
        {"scopes": ["a\nb"]},
        {"idle_timeout": -1},
        {"absolute_timeout": 0},
        {"absolute_timeout": 401 * 86_400},
        {"idle_timeout": 61, "absolute_timeout": 60},
    ]
    case("a patch with a value outside its rule is an invalid argument", create("a", "alice"),
         *(fails(patch("a", **changes), "invalid_argument") for changes in wrong), load_fresh("a", generation=1, attributes={}))
    large = [
        {"set": {"n" * 65: 1}},
        {"remove": ["ä" * 33]},
        {"put": {"bag": {"k" * 257: 1}}},
        {"take": {"bag": ["k" * 257]}},
        {"roles": ["r" * 129]},
        {"scopes": [f"s{i}" for i in range(257)]},
        {"protected": {"set": {"large": TOO_LONG}}},
    ]
    case("a patch with a value beyond its size is too large", create("a", "alice"),
         *(fails(patch("a", **changes), "too_large") for changes in large), load_fresh("a", generation=1, roles=[]))
    case("what a client says of itself is cut and cleaned, not refused", create("a", "alice"),
         patch("a", 2, device=["1\n2", "x" * 600]), load_fresh("a", device=["1?2", "x" * 512]))


def bags():
    case("put makes the bag and sets one key", create("a", "alice"), patch("a", 2, put={"bag": {"colour": "red"}}),
         patch("a", 3, put={"bag": {"size": [1, 2], "colour": None}}),
         load_fresh("a", attributes={"bag": {"colour": None, "size": [1, 2]}}))
    case("take removes one key and does not mind what is not there", create("a", "alice", attributes={"bag": {"x": 1, "y": 2}}),
         patch("a", 2, take={"bag": ["x", "never there"], "no bag": ["x"]}), load_fresh("a", attributes={"bag": {"y": 2}}),
         patch("a", 3, take={"bag": ["y"]}), load_fresh("a", attributes={"bag": {}}))
    keys = ["__proto__", "constructor", 'a"b', "\\", "\0", "{", ":", ",", "\x7f", " ", "ä", "漢", "🦊", "k" * 256]
    case("keys may be any text", create("a", "alice"), patch("a", 2, put={"bag": {key: key for key in keys}}),
         load_fresh("a", attributes={"bag": {key: key for key in keys}}),
         patch("a", 3, put={"bag": {key: 1 for key in keys[:4]}}, take={"bag": keys[4:]}),
         load_fresh("a", attributes={"bag": {key: 1 for key in keys[:4]}}))
    for name, value in (("a number", 1), ("a list", [{}]), ("null", None), ("the text of an object", "{}"), ("true", True)):
        case(f"{name} is no bag", create("a", "alice", attributes={"bag": value}),
             fails(patch("a", put={"bag": {"k": 1}}), "invalid_argument", names="bag"),
             fails(patch("a", take={"bag": ["k"]}), "invalid_argument", names="bag"), load_fresh("a", attributes={"bag": value}))
    full = {f"k{i}": 1 for i in range(256)}
    case("a bag holds at most 256 keys", create("a", "alice", attributes={"bag": full}),
         fails(patch("a", put={"bag": {"one more": 1}}), "too_large", names="bag"), patch("a", 2, put={"bag": {"k7": 1}}),
         patch("a", 3, take={"bag": ["k0"]}), patch("a", 4, put={"bag": {"k0": 1}}), load_fresh("a", attributes={"bag": full}))
    case("a value in a bag nests 63 deep, and no deeper", create("a", "alice"), patch("a", 2, put={"bag": {"k": nested(63)}}),
         fails(patch("a", put={"bag": {"l": nested(64)}}), "invalid_argument", names="bag"),
         load_fresh("a", attributes={"bag": {"k": nested(63)}}))


def protected():
    case("protected attributes are read apart, and lists do not show them",
         create("a", "alice", attributes={"who": "data"}, protected={"who": {"authority": True}, "factors": ["password"]},
                expect={"attributes": {"who": "data"}, "protected": {"who": {"authority": True}, "factors": ["password"]}}),
         load("a", attributes={"who": "data"}, protected={"who": {"authority": True}, "factors": ["password"]}),
         find("a", protected={"who": {"authority": True}, "factors": ["password"]}),
         shown("alice", 0, attributes={"who": "data"}, protected={}))
    case("no ordinary change reaches a protected attribute", create("a", "alice", protected={"user": 7, "rank": 1, "bag": {}}),
         patch("a", 2, set={"user": 1}, add={"rank": 2}, increment={"user": 5}, put={"bag": {"k": 1}}), patch("a", 3, remove=["rank"]),
         load_fresh("a", attributes={"user": 6, "bag": {"k": 1}}, protected={"user": 7, "rank": 1, "bag": {}}))
    case("protected attributes are set and removed by changes of their own", create("a", "alice", attributes={"n": 1}, protected={"x": 1, "y": 2}),
         patch("a", 2, protected={"set": {"x": 8, "z": "ü"}, "remove": ["y", "never there"]}),
         load_fresh("a", attributes={"n": 1}, protected={"x": 8, "z": "ü"}),
         patch("a", 3, set={"n": 2}, protected={"remove": ["x", "z"]}), load_fresh("a", attributes={"n": 2}, protected={}))
    case("protected attributes are at most 32", create("a", "alice", protected=each(32, "p")),
         fails(patch("a", protected={"set": {"one more": 1}}), "too_large"),
         patch("a", 2, protected={"set": {"one more": 1}, "remove": ["p0"]}), load_fresh("a", generation=2),
         fails(create("b", "alice", protected=each(33, "p")), "too_large"))
    case("protected attributes are at most 64 KiB together", create("a", "alice", protected={"x": text("x", 40_000)}),
         fails(patch("a", protected={"set": {"y": text("y", 40_000)}}), "too_large"), load_fresh("a", protected={"x": text("x", 40_000)}))
    case("all sessions of a principal take protected attributes", create("a", "alice", protected={"user": 1}), create("b", "alice"),
         patch_principal("alice", 2, protected={"set": {"user": 9}}), load_fresh("a", protected={"user": 9}), load_fresh("b", protected={"user": 9}),
         patch_principal("alice", 2, protected={"remove": ["user"]}), load_fresh("a", protected={}, generation=3))


def services():
    only = {"writes": "add-only"}
    case("an add-only service adds what is not there", create("a", "alice", attributes={"theme": 1}), patch("a", 2, set={"n": 1}),
         patch("a", 3, add={"m": 2}), patch("a", 4, increment={"c": 3}), patch("a", 5, put={"bag": {"k": 1}}),
         patch("a", 6, remove=["never there"]),
         load_fresh("a", attributes={"theme": 1, "n": 1, "m": 2, "c": 3, "bag": {"k": 1}}), **only)
    there = {"theme": 1, "bag": {"k": 1}}
    case("an add-only service changes nothing that is there", create("a", "alice", attributes=there, protected={"user": 1}),
         *(fails(patch("a", **changes), "attribute_exists")
           for changes in ({"set": {"theme": 2}}, {"add": {"theme": 2}}, {"remove": ["theme"]}, {"increment": {"theme": 1}},
                           {"put": {"bag": {"l": 1}}}, {"take": {"bag": ["k"]}}, {"protected": {"set": {"user": 2}}},
                           {"protected": {"remove": ["user"]}}, {"set": {"n": 1}, "add": {"n": 2}}, {"set": {"n": 1}, "remove": ["n"]},
                           {"set": {"n": 1}, "increment": {"n": 2}})),
         load_fresh("a", generation=1, attributes=there, protected={"user": 1}), **only)
    case("roles, scopes, device, lifetimes and other sessions are out of an add-only service's reach", create("a", "alice"),
         *(fails(patch("a", **changes), "invalid_argument")
           for changes in ({"roles": []}, {"scopes": []}, {"device": ["", ""]}, {"idle_timeout": 60}, {"absolute_timeout": 60})),
         fails(patch_principal("alice", set={"n": 1}), "invalid_argument"), load_fresh("a", generation=1), **only)
    names = {"may_write": ["cart", "pref.*"]}
    case("a service writes the attributes that it may", create("a", "alice", attributes={"cart": {}}),
         patch("a", 2, set={"pref.theme": 1}, increment={"pref.": 1}, put={"cart": {"any key": 1}}),
         load_fresh("a", attributes={"cart": {"any key": 1}, "pref.theme": 1, "pref.": 1}),
         patch("a", 3, protected={"set": {"user": 1}}), load_fresh("a", protected={"user": 1}), **names)
    case("what may_write does not name is refused by name", create("a", "alice"),
         *(fails(patch("a", **changes), "invalid_argument", names=name)
           for name, changes in (("role", {"set": {"role": 1}}), ("cart2", {"add": {"cart2": 1}}), ("car", {"remove": ["car"]}),
                                 ("pref", {"increment": {"pref": 1}}), ("xcart", {"put": {"xcart": {"cart": 1}}}),
                                 ("other", {"take": {"other": ["cart"]}}))),
         fails(create("b", "alice", attributes={"role": 1}), "invalid_argument", names="role"),
         fails(login("b", "alice", attributes={"role": 1}), "invalid_argument", names="role"),
         fails(patch_principal("alice", set={"role": 1}), "invalid_argument", names="role"), load_fresh("a", generation=1), live("a"), **names)

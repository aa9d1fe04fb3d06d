#!/usr/bin/env python3
"""Writes records.json beside this file, and seeds for the fuzz target of records.

Everything is calculated here, from the wire format and Python's standard library alone, so that the vectors do not
repeat a mistake of the code they test. Deterministic: running it again changes nothing. README.md describes the file.
"""

import json
import struct

from make_token_vectors import id_of, route_of, secret_from
from vector_file import write, write_seeds, written

MAX_INTEGER = 2**53


class Raw(bytes):
    """MessagePack as it is."""


def pack(value):
    """Canonical MessagePack: every value in its shortest form."""
    if isinstance(value, Raw):
        return bytes(value)
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if value is None:
        return b"\xc0"
    if isinstance(value, int):
        return pack_integer(value)
    if isinstance(value, float):
        return b"\xcb" + struct.pack(">d", value)
    if isinstance(value, bytes):
        return header(len(value), None, (0xC4, 0xC5, 0xC6)) + value
    if isinstance(value, str):
        return pack_str(value.encode())
    if isinstance(value, list):
        return header(len(value), (0x90, 16), (None, 0xDC, 0xDD)) + b"".join(map(pack, value))
    if isinstance(value, dict):
        return pack_map(list(value.items()))
    raise TypeError(type(value))


def pack_str(data):
    return header(len(data), (0xA0, 32), (0xD9, 0xDA, 0xDB)) + data


def pack_map(pairs):
    return header(len(pairs), (0x80, 16), (None, 0xDE, 0xDF)) + b"".join(pack(k) + pack(v) for k, v in pairs)


def header(size, fixed, codes):
    if fixed and size < fixed[1]:
        return bytes([fixed[0] | size])
    for code, layout, limit in zip(codes, (">BB", ">BH", ">BI"), (2**8, 2**16, 2**32)):
        if code is not None and size < limit:
            return struct.pack(layout, code, size)
    raise ValueError(size)


def pack_integer(value):
    if 0 <= value < 128:
        return bytes([value])
    if -32 <= value < 0:
        return struct.pack(">b", value)
    if value >= 0:
        for code, layout, limit in ((0xCC, ">BB", 2**8), (0xCD, ">BH", 2**16), (0xCE, ">BI", 2**32), (0xCF, ">BQ", 2**64)):
            if value < limit:
                return struct.pack(layout, code, value)
    for code, layout, limit in ((0xD0, ">Bb", 2**7), (0xD1, ">Bh", 2**15), (0xD2, ">Bi", 2**31), (0xD3, ">Bq", 2**63)):
        if -value <= limit:
            return struct.pack(layout, code, value)
    raise ValueError(value)


ID = id_of(route_of("alice"), secret_from("1"))
OTHER_ID = id_of(route_of("alice"), secret_from("2"))
GUARD = ID[-11:]
ELEMENTS = (
    "version kind guard generation created expires idle authenticated level principal roles scopes device attributes "
    "protected"
).split()


def usual(**changes):
    """The elements of an ordinary record, by name."""
    elements = {
        "version": 1,
        "kind": 0,
        "guard": GUARD,
        "generation": 3,
        "created": 1_700_000_000,
        "expires": 1_700_043_200,
        "idle": 1800,
        "authenticated": 1_700_000_000,
        "level": 1,
        "principal": "alice",
        "roles": ["admin"],
        "scopes": ["read", "write"],
        "device": ["192.0.2.7", "curl/8.5"],
        "attributes": {"cart": "[1,2,3]", "theme": '"dark"'},
        "protected": {},
    }
    elements.update(changes)
    return elements


def record(elements, additions=()):
    """Without additions, a record that has no protected attributes ends before them."""
    values = list(elements.values())
    if values[-1] == {} and not additions:
        values.pop()
    return pack([*values, *additions])


def valid_records():
    cases = []

    def add(name, elements, additions=(), data=None):
        canonical = record(elements, additions)
        fields = {k: v for k, v in elements.items() if k not in ("version", "kind")}
        for field in ("attributes", "protected"):
            fields[field] = [[k, v] for k, v in elements[field].items()]
        fields["addition_count"] = len(additions)
        fields["additions_hex"] = b"".join(map(pack, additions)).hex()
        case = {"name": name, "id": ID, "hex": (data or canonical).hex()}
        if data:
            case["canonical_hex"] = canonical.hex()
        cases.append({**case, "fields": fields})

    add("usual", usual())
    add(
        "anonymous and empty",
        usual(principal="", roles=[], scopes=[], device=["", ""], attributes={}, authenticated=0, level=0, generation=1),
    )
    add("no idle timeout", usual(idle=0))
    add("expires when created", usual(expires=1_700_000_000))
    for level in range(4):
        add(f"level {level}", usual(level=level))
    for generation in (1, 127, 128, 255, 256, 65535, 65536, 2**32 - 1, 2**32, MAX_INTEGER):
        add(f"generation {generation}", usual(generation=generation))
    add("times of 2^53", usual(created=MAX_INTEGER, expires=MAX_INTEGER, authenticated=MAX_INTEGER, idle=MAX_INTEGER))
    for length in (31, 32, 255, 256):
        add(f"principal of {length} bytes", usual(principal="p" * length))
    add("outside ASCII", usual(principal="Zoë 北京 🂡", roles=["größe"], attributes={"ключ": '"значение"'}))
    add("16 roles", usual(roles=[f"role{i}" for i in range(16)]))
    add("256 scopes", usual(scopes=[f"s{i}" for i in range(256)]))
    add("16 attributes", usual(attributes={f"a{i}": str(i) for i in range(16)}))
    add("256 attributes", usual(attributes={f"a{i}": "1" for i in range(256)}))
    add("attribute name of 64 bytes", usual(attributes={"n" * 64: "1"}))
    add("attribute order is kept", usual(attributes={"z": "1", "a": "2", "m": "3"}))
    add("empty JSON text is the writer's business", usual(attributes={"e": ""}))
    add("quotes and escapes stay text", usual(attributes={"q": '{"a":"\\u0000\\n\\""}'}))

    add("a protected attribute", usual(protected={"user": '"alice"'}))
    add("one name, protected and not", usual(attributes={"user": "1"}, protected={"user": "2"}))
    add("32 protected attributes", usual(protected={f"p{i}": "1" for i in range(32)}))
    add("256 attributes and 32 protected ones", usual(attributes={f"a{i}": "1" for i in range(256)}, protected={f"p{i}": "1" for i in range(32)}))
    add("64 KiB of protected attributes", usual(protected={"p": "1" * 65535}))

    additions = {
        "one addition": [7],
        "additions of every type": [None, True, False, -1, 1.5, "text", b"bytes", [1, [2]], {"k": {"n": 1}}, Raw(b"\xd4\x01\x02")],
        "empty additions": [[], {}, "", 0],
        "additions not in their shortest form": [Raw(b"\xcf\0\0\0\0\0\0\0\1"), Raw(b"\xdb\0\0\0\1x")],
        "deepest addition": [Raw(b"\x91" * 30 + b"\x90")],
    }
    for name, values in additions.items():
        add(name, usual(), values)
        add(name + ", no attributes", usual(attributes={}), values)
        add(name + ", a protected attribute", usual(protected={"user": "1"}), values)

    plain = usual()
    body = record(plain)[1:]
    add("array 16", plain, data=b"\xdc\0\x0e" + body)
    add("array 32", plain, data=b"\xdd\0\0\0\x0e" + body)
    add("integers as uint 64", plain, data=wide_integers(plain, ">BQ", 0xCF))
    add("integers as int 64", plain, data=wide_integers(plain, ">Bq", 0xD3))
    add("strings as str 32", plain, data=wide_strings(plain))
    empty = usual(attributes={})
    add("attributes as an empty array", empty, data=record({**empty, "attributes": []}))
    add("attributes as an empty map 16", empty, data=record({**empty, "attributes": Raw(b"\xde\0\0")}))
    add("attributes as an empty array 16", empty, data=record({**empty, "attributes": Raw(b"\xdc\0\0")}))
    add("attributes as an empty array, an addition", empty, [1], data=record({**empty, "attributes": []}, [1]))
    add("protected attributes as an empty map", plain, data=record({**plain, "protected": Raw(b"\x80")}))
    add("protected attributes as an empty array", plain, data=record({**plain, "protected": []}))
    add("protected attributes as an empty array 16", plain, data=record({**plain, "protected": Raw(b"\xdc\0\0")}))
    add("protected attributes as an empty map 32", plain, data=record({**plain, "protected": Raw(b"\xdf\0\0\0\0")}))
    add("protected attributes as an empty array, an addition", plain, [1], data=record({**plain, "protected": []}, [1]))
    none = usual(device=["", ""])
    add("device as an empty array", none, data=record({**none, "device": []}))
    return cases


def wide_integers(elements, layout, code):
    return record({k: Raw(struct.pack(layout, code, v)) if isinstance(v, int) else v for k, v in elements.items()})


def wide_strings(elements):
    def widen(value):
        if isinstance(value, str):
            return Raw(struct.pack(">BI", 0xDB, len(value)) + value.encode())
        if isinstance(value, list):
            return [widen(item) for item in value]
        if isinstance(value, dict):
            return Raw(pack_map([(widen(k), widen(v)) for k, v in value.items()]))
        return value

    return record({k: widen(v) for k, v in elements.items()})


def superseded_records():
    plain = pack([1, 1, GUARD, OTHER_ID])
    return [
        {"name": "usual", "id": ID, "hex": plain.hex(), "successor": OTHER_ID},
        {
            "name": "an addition, which is nobody's to keep",
            "id": ID,
            "hex": pack([1, 1, GUARD, OTHER_ID, {"k": 1}]).hex(),
            "canonical_hex": plain.hex(),
            "successor": OTHER_ID,
        },
    ]


def hostile_records():
    cases = []

    def add(name, data, element=None, session_id=ID):
        case = {"name": name, "id": session_id, "hex": written(data)}
        if element:
            case["element"] = element
        cases.append(case)

    def add_field(name, field, value):
        add(f"{field}: {name}", record(usual(**{field: value})), field)

    whole = record(usual())
    for length in range(len(whole)):
        add(f"cut to {length} bytes", whole[:length])
    for name, tail in (("NUL", b"\0"), ("an integer", b"\1"), ("itself", whole), ("line feed", b"\n"), ("0xc1", b"\xc1")):
        add(f"followed by {name}", whole + tail)
    old = pack([1, 1, GUARD, OTHER_ID])
    for length in range(1, len(old)):
        add(f"superseded, cut to {length} bytes", old[:length])
    add("superseded, followed by NUL", old + b"\0")

    add("nil", b"\xc0")
    add("integer", b"\1")
    add("string", pack("alice"))
    add("map", pack(dict(enumerate(range(14)))))
    add("map with the fields by name", pack(usual(roles=[], scopes=[], device=[], attributes=[], protected=[])))
    add("bin of a record", pack(whole))
    add("JSON", json.dumps(list(usual().values())).encode())
    add("PHP serialized object", b'O:8:"Stdclass":1:{s:1:"a";i:1;}')
    add("Python pickle", b"\x80\x04\x95\x0b\0\0\0\0\0\0\0\x8c\x05posix\x94.")
    add("Java serialized object", b"\xac\xed\x00\x05sr\x00\x11java.util.HashMap")
    add("empty array", b"\x90")
    add("three elements", pack([1, 0, GUARD]))
    add("thirteen elements", pack(list(usual().values())[:13]))
    add("0xc1, which MessagePack never uses", b"\x9e\xc1" + whole[2:])
    add("array within an array", pack([list(usual().values())[:14]]))

    for value in (0, 2, 127, 255, MAX_INTEGER, -1, "1", None, True, 1.0, [1], {1: 1}, b"1"):
        add_field(repr(value), "version", value)
    for value in (2, 7, 128, -1, "0", None, False, 0.0, [0]):
        add_field(repr(value), "kind", value)
    add("kind: live in a short array", pack([1, 0, GUARD, 1, 2]), "kind")
    guards = [OTHER_ID[-11:], "", GUARD[:-1], GUARD + "A", GUARD.swapcase(), ID, GUARD.encode(), None, 1, [GUARD], GUARD + "\0"]
    for i, value in enumerate(guards):
        add_field(f"wrong {i}", "guard", value)
    add("read as another session", whole, "guard", OTHER_ID)
    add("superseded, read as another session", old, "guard", OTHER_ID)
    for value in (0, -1, MAX_INTEGER + 1, 2**64 - 1, 1.0, "1", None, True, [1]):
        add_field(repr(value), "generation", value)
    for field in ("created", "expires", "idle", "authenticated"):
        for value in (-1, -(2**63), MAX_INTEGER + 1, 2**64 - 1, 1.7e9, "1700000000", None, True, [], {}, b"1"):
            add_field(repr(value), field, value)
    add_field("float 32", "idle", Raw(b"\xca\x44\xe1\0\0"))
    add_field("NaN", "idle", Raw(b"\xcb\x7f\xf8\0\0\0\0\0\0"))
    add_field("extension: timestamp", "created", Raw(b"\xd6\xff\x65\x53\xf1\0"))
    add_field("one second before created", "expires", 1_699_999_999)
    for value in (4, 255, -1, 1.0, "1", None, True):
        add_field(repr(value), "level", value)
    for name, value in {
        "bin": b"alice",
        "nil": None,
        "integer": 1,
        "array": ["alice"],
        "257 bytes": "p" * 257,
        "NUL": "a\0b",
        "line feed": "a\nb",
        "DEL": "a\x7f",
        "C1 control character": "a\x85",
        "lone continuation byte": Raw(pack_str(b"a\x80")),
        "overlong": Raw(pack_str(b"\xc0\xaf")),
        "overlong, three bytes": Raw(pack_str(b"\xe0\x9f\xbf")),
        "overlong, four bytes": Raw(pack_str(b"\xf0\x8f\xbf\xbf")),
        "surrogate": Raw(pack_str(b"\xed\xa0\x80")),
        "above U+10FFFF": Raw(pack_str(b"\xf4\x90\x80\x80")),
        "lead byte 0xf5": Raw(pack_str(b"\xf5\x80\x80\x80")),
        "sequence cut short": Raw(pack_str(b"ab\xe2\x82")),
        "Latin-1": Raw(pack_str("Zoë".encode("latin-1"))),
    }.items():
        add_field(name, "principal", value)
    for field in ("roles", "scopes"):
        for name, value in {
            "string": "admin",
            "nil": None,
            "map": {"admin": "1"},
            "empty map": {},
            "bin item": [b"admin"],
            "integer item": [1],
            "nil item": [None],
            "nested array": [["admin"]],
            "nested map": [{}],
            "invalid UTF-8": Raw(b"\x91" + pack_str(b"\xff")),
        }.items():
            add_field(name, field, value)
    for name, value in {
        "string": "192.0.2.7",
        "one item": ["192.0.2.7"],
        "three items": ["a", "b", "c"],
        "nil": None,
        "nil item": [None, "b"],
        "bin item": ["a", b"b"],
        "map": {"a": "b"},
        "empty map": {},
        "nested": [["a"], "b"],
        "invalid UTF-8": Raw(b"\x92" + pack_str(b"a") + pack_str(b"\xfe")),
    }.items():
        add_field(name, "device", value)
    wrong_attributes = {
        "string": "{}",
        "nil": None,
        "array of pairs": [["a", "1"]],
        "array of strings": ["a", "1"],
        "integer name": {1: "1"},
        "bin name": {b"a": "1"},
        "nil name": {None: "1"},
        "empty name": {"": "1"},
        "name of 65 bytes": {"n" * 65: "1"},
        "name with a control character": {"a\tb": "1"},
        "name of invalid UTF-8": Raw(b"\x81" + pack_str(b"\xc3") + pack_str(b"1")),
        "integer value": {"a": 1},
        "bin value": {"a": b"1"},
        "nil value": {"a": None},
        "array value": {"a": ["1"]},
        "map value": {"a": {"b": "1"}},
        "value of invalid UTF-8": Raw(b"\x81" + pack_str(b"a") + pack_str(b'"\xff"')),
        "value of 64 KiB and a byte": {"a": "1" * 65537},
        "one name twice": Raw(pack_map([("a", "1"), ("a", "2")])),
        "one name first and last": Raw(pack_map([("a", "1"), ("b", "1"), ("c", "1"), ("a", "1")])),
    }
    for field in ("attributes", "protected"):
        for name, value in wrong_attributes.items():
            add_field(name, field, value)
    add_field("257 attributes", "attributes", {f"a{i}": "1" for i in range(257)})
    for name, value in {
        "33 attributes": {f"p{i}": "1" for i in range(33)},
        "integer": 7,
        "text of another kind of addition": "text",
        "bin": b"{}",
        "extension": Raw(b"\xd4\x01\x02"),
        "true": True,
        "64 KiB and a byte together": {"a": "1" * 32768, "b": "1" * 32767},
    }.items():
        add_field(name, "protected", value)
    add("protected: nothing where additions follow", pack([*list(usual().values())[:14], None, 7]), "protected")

    front = record(usual())
    add("giant record array", b"\xdd\xff\xff\xff\xff" + front[1:])
    add("record array of 16", b"\xdc\x00\x10" + front[1:])
    for field, code in (("roles", 0xDD), ("scopes", 0xDD), ("device", 0xDD), ("attributes", 0xDF), ("attributes", 0xDD), ("protected", 0xDF), ("protected", 0xDD)):
        for count in (2**32 - 1, 2**31, 2**28, 65536):
            add_field(f"count {count} of 0x{code:02x}", field, Raw(struct.pack(">BI", code, count)))
    add_field("giant string", "principal", Raw(b"\xdb\xff\xff\xff\xff"))
    add_field("giant bin", "principal", Raw(b"\xc6\xff\xff\xff\xff"))
    add("giant addition array", record(usual(), [Raw(b"\xdd\xff\xff\xff\xff")]))
    add("giant addition map", record(usual(), [Raw(b"\xdf\xff\xff\xff\xff")]))
    add("addition nested 32 deep", record(usual(), [Raw(b"\x91" * 31 + b"\x90")]))
    add("addition nested 100,000 deep", record(usual(), [Raw(b"\x91" * 100_000 + b"\xc0")]))
    add("addition maps nested 100,000 deep", record(usual(), [Raw(b"\x81\xa1k" * 80_000 + b"\xc0")]))
    add("addition of invalid UTF-8", record(usual(), [Raw(pack_str(b"\xff"))]))
    add("addition 0xc1", record(usual(), [Raw(b"\xc1")]))
    add("addition cut short", record(usual(), [Raw(b"\xa5abc")]))
    add("roles nested 100,000 deep", record(usual(roles=Raw(b"\x91" * 100_000 + b"\x90"))), "roles")
    add("longer than 256 KiB", record(usual(), [Raw(b"\xdb" + struct.pack(">I", 2**18) + b"x" * 2**18)]))
    add(
        "five attributes of 64 KiB",
        record(usual(attributes={f"a{i}": "1" * 65536 for i in range(5)})),
    )

    for name, value in {
        "nil": None,
        "integer": 1,
        "bin": OTHER_ID.encode(),
        "empty": "",
        "too short": OTHER_ID[:-1],
        "too long": OTHER_ID + "A",
        "not base64url": OTHER_ID[:-1] + "+",
        "array": [OTHER_ID],
    }.items():
        add(f"successor: {name}", pack([1, 1, GUARD, value]), "successor")
    add("superseded, three elements", pack([1, 1, GUARD]))
    add("superseded, as a live record", record(usual(kind=1)), "successor")
    return cases


def short_records(documents):
    """Every way a record can be right, and one of each way it can be wrong."""
    cases = [*documents["valid"], *documents["superseded"], *documents["hostile"]]
    cases = [case for case in cases if "cut to" not in case["name"] and isinstance(case["hex"], str)]
    return [data for data in (bytes.fromhex(case["hex"]) for case in cases) if len(data) <= 512]


if __name__ == "__main__":
    records = {"valid": valid_records(), "superseded": superseded_records(), "hostile": hostile_records()}
    write("records.json", records)
    write_seeds("record_fuzz", short_records(records)[::4])

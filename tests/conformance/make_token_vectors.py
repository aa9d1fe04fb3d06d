#!/usr/bin/env python3
"""Writes tokens.json beside this file, and seeds for the fuzz target of tokens.

Everything is calculated here, from the wire format and Python's standard library alone, so that the vectors do not
repeat a mistake of the code they test. Deterministic: running it again changes nothing. README.md describes the file.
"""

import base64
import hashlib
import hmac

from vector_file import write, write_seeds, written

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
PREFIX = "fch1_"


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def secret_from(label):
    return hashlib.sha256(b"vector " + label.encode()).digest()


def route_of(principal):
    return hashlib.sha256(b"ficha/route\0" + principal.encode()).digest()[:2]


def check_of(key, route_and_secret):
    return hmac.new(key, route_and_secret, hashlib.sha256).digest()[:4]


def token_of(route, secret, key=bytes(32)):
    body = route + secret
    return PREFIX + base64url(body + check_of(key, body))


def id_of(route, secret):
    digest = hashlib.sha256(b"ficha/id\0" + route + secret).digest()
    return base64url(route + digest[:16])


def is_valid(token, keys):
    """The wire format's rule, in the most literal form."""
    try:
        text = token.decode("ascii")
    except UnicodeDecodeError:
        return False
    if len(text) != 56 or not text.startswith(PREFIX) or any(c not in ALPHABET for c in text[5:]):
        return False
    raw = base64.urlsafe_b64decode(text[5:] + "=")
    if PREFIX + base64url(raw) != text:
        return False
    return any(check_of(key, raw[:34]) == raw[34:] for key in keys or [bytes(32)])


def substitute(text, i, replacement):
    return text[:i] + replacement + text[i + 1 :]


def valid_tokens():
    keys = {name: secret_from("key " + name) for name in ("a", "b", "c")}
    cases = []

    def add(name, principal, secret, signer, key_names, route=None):
        route = route_of(principal) if route is None else route
        signing = bytes(32) if signer is None else keys[signer]
        token = token_of(route, secret, signing)
        key_list = [keys[k] for k in key_names]
        assert is_valid(token.encode(), key_list), name
        cases.append(
            {
                "name": name,
                "token": token,
                "keys_hex": [key.hex() for key in key_list],
                "route": int.from_bytes(route, "big"),
                "id": id_of(route, secret),
            }
        )

    add("no keys", "alice", secret_from("1"), None, [])
    add("one key", "alice", secret_from("1"), "a", ["a"])
    add("signed by the second of two keys", "alice", secret_from("1"), "b", ["a", "b"])
    add("signed by the last of three keys", "alice", secret_from("2"), "c", ["a", "b", "c"])
    add("signed by the first of three keys", "alice", secret_from("2"), "a", ["a", "b", "c"])
    add("the same key twice", "alice", secret_from("2"), "a", ["a", "a"])
    add("route 0000", "", secret_from("3"), None, [], route=b"\0\0")
    add("route ffff", "", secret_from("3"), None, [], route=b"\xff\xff")
    add("route 00ff: big-endian", "", secret_from("3"), None, [], route=b"\0\xff")
    add("secret of zeros", "bob", bytes(32), None, [])
    add("secret of ones", "bob", b"\xff" * 32, None, [])
    add("principal outside ASCII", "Zoë Ünïcode 北京", secret_from("4"), "a", ["a"])
    add("principal of 256 bytes", "p" * 256, secret_from("5"), "a", ["a"])
    for length in (1, 16, 63, 64, 65, 100):
        keys[f"{length} bytes"] = (secret_from(str(length)) * 4)[:length]
        add(f"key of {length} bytes", "alice", secret_from("6"), f"{length} bytes", [f"{length} bytes"])
    for i in range(12):
        add(f"plain {i}", f"user-{i}", secret_from(f"plain {i}"), "a", ["a"])
    return cases


def hostile_tokens():
    key_a, key_b, key_c = (secret_from("key " + name) for name in "abc")
    route, secret = route_of("alice"), secret_from("1")
    token = token_of(route, secret)
    signed = token_of(route, secret, key_a)
    body = token[len(PREFIX) :]
    cases = []

    def add(name, value, keys=()):
        data = value.encode() if isinstance(value, str) else value
        assert not is_valid(data, list(keys)), name
        cases.append({"name": name, "token_hex": written(data), "keys_hex": [key.hex() for key in keys]})

    add("empty", "")
    add("prefix alone", PREFIX)
    for length in (1, 5, 28, 54, 55):
        add(f"cut to {length} characters", token[:length])
    add("one character more", token + "A")
    add("twice in a row", token + token)
    add("64 KiB", PREFIX + "A" * (65536 - 5))
    for prefix in ("FCH1_", "Fch1_", "fcH1_", "fch2_", "fch0_", "fch1-", "fch1.", "fch_1", "sess_", "_1hcf"):
        add(f"prefix {prefix}", prefix + body)
    add("no prefix", body)
    add("no prefix, padded to length", body + "AAAAA")
    add("prefix twice", PREFIX + PREFIX + body[:46])
    add("one padding character", token + "=")
    add("padding instead of the last character", token[:-1] + "=")
    add("standard base64: plus", substitute(token, 20, "+"))
    add("standard base64: slash", substitute(token, 20, "/"))

    last = ALPHABET.index(token[-1])
    for bits in (1, 2, 3):
        add(f"unused bits {bits:02b}", token[:-1] + ALPHABET[last | bits])
    for i in range(56):
        replacement = ALPHABET[(ALPHABET.index(token[i]) + 17) % 64]
        add(f"character {i} changed", substitute(token, i, replacement))
        if token[i].swapcase() != token[i]:
            add(f"character {i} in the other case", substitute(token, i, token[i].swapcase()))
    for i in (5, 7, 8, 30, 49, 54):
        add(f"characters {i} and {i + 1} swapped", token[:i] + token[i + 1] + token[i] + token[i + 2 :])
    for bit in range(32):
        raw = bytearray(base64.urlsafe_b64decode(body + "="))
        raw[34 + bit // 8] ^= 1 << bit % 8
        add(f"bit {bit} of the check flipped", PREFIX + base64url(bytes(raw)))
    raw = base64.urlsafe_b64decode(body + "=")
    add("check of zeros", PREFIX + base64url(raw[:34] + bytes(4)))
    add("check with its bytes reversed", PREFIX + base64url(raw[:34] + raw[:33:-1]))
    add("check of the secret without the route", PREFIX + base64url(raw[:34] + check_of(bytes(32), secret)))
    add("plain SHA-256 instead of HMAC", PREFIX + base64url(raw[:34] + hashlib.sha256(raw[:34]).digest()[:4]))
    add("last bytes of the HMAC", PREFIX + base64url(raw[:34] + hmac.new(bytes(32), raw[:34], "sha256").digest()[-4:]))
    add("another principal's route", PREFIX + base64url(route_of("bob") + raw[2:]))

    add("checksum only, a key is configured", token, [key_a])
    add("checksum only, two keys are configured", token, [key_a, key_b])
    add("signed, no key is configured", signed)
    add("signed by an unknown key", signed, [key_b])
    add("signed by none of two keys", signed, [key_b, key_c])
    add("signed by a dropped key", token_of(route, secret, key_c), [key_a, key_b])
    add("signed by the key cut short", token_of(route, secret, key_a[:31]), [key_a])
    add("signed by an empty key", token_of(route, secret, b""), [key_a])

    for name, byte in (("NUL", 0), ("LF", 10), ("CR", 13), ("tab", 9), ("space", 32), ("DEL", 127), ("0x80", 128), ("0xff", 255)):
        data = token.encode()
        add(f"{name} in the middle", data[:30] + bytes([byte]) + data[31:])
        add(f"{name} in front", bytes([byte]) + data)
        add(f"{name} behind", data + bytes([byte]))
        add(f"{name} instead of the last character", data[:-1] + bytes([byte]))
    add("only NULs", bytes(56))
    add("prefix, then NULs", PREFIX.encode() + bytes(51))
    add("quoted", f'"{token}"')
    add("percent-encoded", "".join(f"%{ord(c):02X}" for c in token))
    add("prefix percent-encoded", "fch1%5F" + body)
    add("full-width letters", "".join(chr(ord(c) + 0xFEE0) for c in token))
    add("full-width, cut to 56 bytes", "".join(chr(ord(c) + 0xFEE0) for c in token).encode()[:56])
    add("combining mark", token[:54] + "\u0301")
    add("UTF-16", token.encode("utf-16-le"))
    add("byte order mark", b"\xef\xbb\xbf" + token.encode())
    add("byte order mark, cut to length", (b"\xef\xbb\xbf" + token.encode())[:56])
    add("overlong UTF-8 of the first letter", b"\xc1\xa6" + token.encode()[1:])
    add("hexadecimal", PREFIX + raw.hex())
    add("session id instead of a token", id_of(route, secret))
    add("session id behind the prefix", (PREFIX + id_of(route, secret)).ljust(56, "A"))
    add("record key", "ficha:{7477}:" + id_of(route, secret))
    header = base64url(b'{"alg":"HS256","typ":"JWT"}')
    payload = base64url(b'{"sub":"alice"}')
    jwt = f"{header}.{payload}"
    jwt += "." + base64url(hmac.new(key_a, jwt.encode(), hashlib.sha256).digest())
    add("JWT", jwt)
    add("JWT behind the prefix", PREFIX + jwt)
    add("JWT cut to length", jwt[:56])
    add("alg none", base64url(b'{"alg":"none"}') + "." + payload + ".")
    add("UUID", "123e4567-e89b-12d3-a456-426614174000")
    add("connect.sid", "s:" + base64url(secret_from("sid")) + "." + base64url(secret_from("sig")))
    add("RESP", "*1\r\n$8\r\nFLUSHALL\r\n")
    add("RESP of the right length", "fch1_\r\nFLUSHALL\r\n".ljust(56, "A"))
    add("path", "fch1_../../../../../../etc/passwd".ljust(56, "A"))
    add("SQL", "fch1_' OR '1'='1".ljust(56, "-"))
    return cases


def routes():
    principals = ["", "a", "alice", "bob", "alice@example.org", "Zoë", "北京", "{tag}", "p" * 256]
    return [{"principal": p, "route": int.from_bytes(route_of(p), "big")} for p in principals]


def hostile_ids():
    good = id_of(route_of("alice"), secret_from("1"))
    return [
        {"name": name, "id_hex": (value.encode() if isinstance(value, str) else value).hex()}
        for name, value in [
            ("empty", ""),
            ("23 characters", good[:-1]),
            ("25 characters", good + "A"),
            ("padded", good + "="),
            ("padding at its end", good[:-1] + "="),
            ("plus", substitute(good, 10, "+")),
            ("slash", substitute(good, 10, "/")),
            ("NUL", substitute(good, 10, "\0")),
            ("space in front", " " + good[:-1]),
            ("line feed behind", good[:-1] + "\n"),
            ("colon", substitute(good, 4, ":")),
            ("brace", substitute(good, 0, "{")),
            ("UTF-8", good[:-2] + "é"),
            ("0xff", good.encode()[:-1] + b"\xff"),
        ]
    ]


if __name__ == "__main__":
    valid = valid_tokens()
    write("tokens.json",
          {"valid": valid, "hostile": hostile_tokens(), "routes": routes(), "hostile_ids": hostile_ids()})
    seeds = [case["token"].encode() for case in valid[:8]]
    write_seeds("token_fuzz", [*seeds, id_of(route_of("alice"), secret_from("1")).encode()])

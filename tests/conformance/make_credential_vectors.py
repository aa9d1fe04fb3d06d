#!/usr/bin/env python3
"""Writes cookies.json and bearer.json beside this file.

Every expectation is stated here, by hand or by the rules' own tables; nothing is copied from what the code answers.
Deterministic: running it again changes nothing. README.md describes the files.
"""

from vector_file import octets, write

# --- cookies ----------------------------------------------------------------------------------------------------------

NAME = "__Host-ficha"

# (name, Cookie fields, value; None = absent, False = ambiguous)
COOKIES = [
    ("no field", [], None),
    ("an empty field", [""], None),
    ("the only cookie", ["__Host-ficha=abc"], "abc"),
    ("first of several", ["__Host-ficha=abc; a=1; b=2"], "abc"),
    ("in the middle", ["a=1; __Host-ficha=abc; b=2"], "abc"),
    ("last of several", ["a=1; b=2; __Host-ficha=abc"], "abc"),
    ("without a space after the semicolon", ["a=1;__Host-ficha=abc;b=2"], "abc"),
    ("spaces and tabs around the pair", ["a=1; \t __Host-ficha=abc \t ; b=2"], "abc"),
    ("spaces and tabs around the equals sign", ["__Host-ficha \t= \tabc"], "abc"),
    ("a space within the value", ["__Host-ficha=ab c"], "ab c"),
    ("empty pairs", ["; ;;__Host-ficha=abc;;"], "abc"),
    ("an equals sign within the value", ["__Host-ficha=abc=="], "abc=="),
    ("only equals signs", ["__Host-ficha==="], "=="),
    ("an empty value", ["__Host-ficha="], ""),
    ("an empty value before another cookie", ["__Host-ficha=; a=1"], ""),
    ("only blanks as the value", ["__Host-ficha= \t"], ""),
    ("another cookie whose value holds the pair", ["a=__Host-ficha=abc"], None),
    ("the name alone, which is a nameless cookie", ["__Host-ficha"], None),
    ("the name alone among others", ["a=1; __Host-ficha; b=2"], None),
    ("a nameless cookie whose value holds the name", ["=__Host-ficha=abc"], None),
    ("a nameless cookie after a blank", [" =__Host-ficha=abc"], None),
    ("a longer name", ["__Host-ficha2=abc"], None),
    ("a longer name, by a dot", ["__Host-ficha.sig=abc"], None),
    ("a name that ends like ours", ["x__Host-ficha=abc"], None),
    ("a shorter name", ["__Host-fich=abc"], None),
    ("the longer name beside ours", ["__Host-ficha2=evil; __Host-ficha=abc"], "abc"),
    ("lower case", ["__host-ficha=abc"], None),
    ("upper case", ["__HOST-FICHA=abc"], None),
    ("both cases", ["__host-ficha=evil; __Host-ficha=abc"], "abc"),
    ("an encoded name", ["%5F%5FHost-ficha=abc"], None),
    ("an encoded letter in the name", ["__Host-fich%61=abc"], None),
    ("a percent-encoded value stays as it is", ["__Host-ficha=a%62c"], "a%62c"),
    ("a percent-encoded semicolon stays as it is", ["__Host-ficha=a%3Bb=c"], "a%3Bb=c"),
    ("a plus sign stays as it is", ["__Host-ficha=a+b"], "a+b"),
    ("a quoted value keeps its quotes", ['__Host-ficha="abc"'], '"abc"'),
    ("a semicolon ends a quoted value", ['__Host-ficha="a;b"'], '"a'),
    ("a backslash unquotes nothing", ['__Host-ficha="a\\"b"'], '"a\\"b"'),
    ("an octal escape stays as it is", ['__Host-ficha="\\073"'], '"\\073"'),
    ("a quoted name", ['"__Host-ficha"=abc'], None),
    ("two fields that a server joined by a comma", ["a=1,__Host-ficha=abc"], False),
    ("two fields that a server joined by a comma, the other way round", ["__Host-ficha=abc,b=2"], "abc"),
    ("three fields joined, with blanks", ["a=1, \t__Host-ficha =abc , b = 2"], False),
    ("joined by a comma, beside others", ["a=1; b=2,__Host-ficha=abc; c=3"], False),
    ("joined by a comma, the same", ["__Host-ficha=abc,__Host-ficha=abc"], "abc"),
    ("joined by a comma, different", ["__Host-ficha=abc,__Host-ficha=def"], False),
    ("joined by a comma, different from another field", ["a=1,__Host-ficha=abc", "__Host-ficha=def"], False),
    ("a comma before what is no pair", ["__Host-ficha=abc,def"], "abc,def"),
    ("a comma at the end", ["__Host-ficha=abc,"], "abc,"),
    ("a comma before a nameless cookie", ["__Host-ficha=abc,=b"], "abc,=b"),
    ("a comma before a name that is no token", ["__Host-ficha=abc,(b)=2"], "abc,(b)=2"),
    ("a comma within the name", ["__Host-,ficha=abc"], None),
    ("a comma before a longer name", ["a=1,__Host-ficha2=abc"], None),
    ("another cookie's value holds the pair behind a comma and a bracket", ["a={1,[__Host-ficha=abc]}"], None),
    ("$Version before it", ["$Version=1; __Host-ficha=abc; $Path=/"], "abc"),
    ("$Version in the same pair", ["$Version=1 __Host-ficha=abc"], None),
    ("a no-break space before the name", ["\xa0__Host-ficha=abc"], None),
    ("a no-break space in UTF-8 before the name", [octets("\u00a0__Host-ficha=abc")], None),
    ("an en quad before the name", [octets("\u2000__Host-ficha=abc")], None),
    ("an ideographic space before the name", [octets("\u3000__Host-ficha=abc")], None),
    ("a next-line character before the name", ["\x85__Host-ficha=abc"], None),
    ("a vertical tab before the name", ["\x0b__Host-ficha=abc"], None),
    ("a form feed before the name", ["\x0c__Host-ficha=abc"], None),
    ("a line feed before the name", ["\n__Host-ficha=abc"], None),
    ("a no-break space after the name", ["__Host-ficha\xa0=abc"], None),
    ("NUL before the name", ["\x00__Host-ficha=abc"], None),
    ("NUL within the name", ["__Host\x00-ficha=abc"], None),
    ("NUL within the value", ["__Host-ficha=a\x00b"], "a\x00b"),
    ("a line feed within the value", ["__Host-ficha=a\nb"], "a\nb"),
    ("a carriage return at the end of the value", ["__Host-ficha=abc\r"], "abc\r"),
    ("bytes beyond ASCII in the value", ["__Host-ficha=\xff\xfe"], "\xff\xfe"),
    ("bytes beyond ASCII in another cookie", ["a=\xff; __Host-ficha=abc"], "abc"),
    ("a no-break space after the value", ["__Host-ficha=abc\xa0"], "abc\xa0"),
    ("twice with the same value", ["__Host-ficha=abc; __Host-ficha=abc"], "abc"),
    ("twice with different values", ["__Host-ficha=good; __Host-ficha=evil"], False),
    ("twice with different values, the other way round", ["__Host-ficha=evil; __Host-ficha=good"], False),
    ("twice, once empty", ["__Host-ficha=; __Host-ficha=abc"], False),
    ("twice, once in quotes", ['__Host-ficha=abc; __Host-ficha="abc"'], False),
    ("twice, differing in case", ["__Host-ficha=abc; __Host-ficha=ABC"], False),
    ("twice, differing in blanks around only", ["__Host-ficha=abc; __Host-ficha = abc "], "abc"),
    ("three times, the last one different", ["__Host-ficha=a; __Host-ficha=a; __Host-ficha=b"], False),
    ("three times, the first one again at the end", ["__Host-ficha=a; __Host-ficha=b; __Host-ficha=a"], False),
    ("in the second field", ["a=1", "__Host-ficha=abc"], "abc"),
    ("HTTP/2 crumbs", ["a=1", "b=2", "__Host-ficha=abc", "c=3"], "abc"),
    ("in two fields with the same value", ["__Host-ficha=abc", "__Host-ficha=abc"], "abc"),
    ("in two fields with different values", ["__Host-ficha=good", "__Host-ficha=evil"], False),
    ("in two fields, the other way round", ["__Host-ficha=evil", "__Host-ficha=good"], False),
    ("in two fields and different, then the first again", ["__Host-ficha=a", "__Host-ficha=b", "__Host-ficha=a"], False),
    ("a field boundary ends a pair", ["__Host-ficha=ab", "c"], "ab"),
    ("a field boundary within the name", ["__Host-", "ficha=abc"], None),
    ("names from another language", ["__proto__=x; constructor=y; __Host-ficha=abc"], "abc"),
    ("another application's cookie", ["sessionid=abc; JSESSIONID=def; connect.sid=s%3Aghi"], None),
    ("10,000 cookies before it", [[["a=1; ", 10000], ["__Host-ficha=abc", 1]]], "abc"),
    ("10,000 cookies without it", [[["a=1; ", 10000]]], None),
    ("10,000 times the same pair", [[["__Host-ficha=abc; ", 10000]]], "abc"),
    ("10,000 names that only begin like ours", [[["__Host-ficha", 10000], ["=abc", 1]]], None),
    ("10,000 empty pairs", [[[";", 10000], ["__Host-ficha=abc", 1]]], "abc"),
    ("100,000 pairs joined by commas", [[["a=1,", 100000], ["__Host-ficha=abc", 1]]], False),
    ("100,000 commas", [[[",", 100000], ["__Host-ficha=abc", 1]]], False),
    ("100,000 commas and blanks", [[[", ", 100000], ["__Host-ficha=abc", 1]]], False),
    ("1 MiB of blanks before it", [[[" ", 1048576], ["__Host-ficha=abc", 1]]], "abc"),
    ("1 MiB of another value", [[["a=", 1], ["x", 1048576], ["; __Host-ficha=abc", 1]]], "abc"),
    ("1 MiB of equals signs", [[["=", 1048576]]], None),
]

# (name, configuration, seconds of life left, the field)
# A name that a sibling domain may set anyway.
COOKIES_OF_ANY_DOMAIN = [
    ("two fields that a server joined by a comma, another name", ["a=1,sid=abc"], "abc"),
    ("joined by a comma, beside others, another name", ["a=1; b=2, sid=abc; c=3"], "abc"),
    ("joined by a comma, different, another name", ["sid=abc,sid=def"], False),
    ("joined by a comma, different from another field, another name", ["a=1,sid=abc", "sid=def"], False),
]

WRITTEN = [
    ("defaults", {}, 3600, "__Host-ficha=$TOKEN; Path=/; Secure; HttpOnly; SameSite=Lax"),
    ("strict", {"same_site": "strict"}, 3600, "__Host-ficha=$TOKEN; Path=/; Secure; HttpOnly; SameSite=Strict"),
    ("none", {"same_site": "none"}, 3600, "__Host-ficha=$TOKEN; Path=/; Secure; HttpOnly; SameSite=None"),
    ("persistent", {"persistent": True}, 3600, "__Host-ficha=$TOKEN; Path=/; Max-Age=3600; Secure; HttpOnly; SameSite=Lax"),
    ("persistent, longer than browsers keep it", {"persistent": True}, 40000000,
     "__Host-ficha=$TOKEN; Path=/; Max-Age=34560000; Secure; HttpOnly; SameSite=Lax"),
    ("persistent, exactly as long as browsers keep it", {"persistent": True}, 34560000,
     "__Host-ficha=$TOKEN; Path=/; Max-Age=34560000; Secure; HttpOnly; SameSite=Lax"),
    ("persistent, over already", {"persistent": True}, -5,
     "__Host-ficha=$TOKEN; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax"),
    ("with a domain", {"name": "__Secure-ficha", "domain": "example.org"}, 3600,
     "__Secure-ficha=$TOKEN; Path=/; Domain=example.org; Secure; HttpOnly; SameSite=Lax"),
    ("for plain HTTP", {"name": "ficha", "insecure_http": True}, 3600, "ficha=$TOKEN; Path=/; HttpOnly; SameSite=Lax"),
    ("everything", {"name": "s", "domain": "a.example.org", "persistent": True, "same_site": "strict"}, 1,
     "s=$TOKEN; Path=/; Domain=a.example.org; Max-Age=1; Secure; HttpOnly; SameSite=Strict"),
]
CLEARED = [
    ("cleared: defaults", {}, "__Host-ficha=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax"),
    ("cleared: strict", {"same_site": "strict"}, "__Host-ficha=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict"),
    ("cleared: with a domain", {"name": "__Secure-ficha", "domain": "example.org"},
     "__Secure-ficha=; Path=/; Domain=example.org; Max-Age=0; Secure; HttpOnly; SameSite=Lax"),
    ("cleared: for plain HTTP", {"name": "ficha", "insecure_http": True},
     "ficha=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"),
    ("cleared: persistent", {"persistent": True}, "__Host-ficha=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax"),
]


def cookies():
    find = []
    named = [(NAME, *vector) for vector in COOKIES] + [("sid", *vector) for vector in COOKIES_OF_ANY_DOMAIN]
    for cookie, name, fields, value in named:
        if value is None:
            expect = {"lookup": "absent"}
        elif value is False:
            expect = {"lookup": "ambiguous"}
        else:
            expect = {"lookup": "found", "value": value}
        find.append({"name": name, "given": {"name": cookie, "fields": fields}, "expect": expect})
    written = [{"name": name, "given": {"cookie": config, "remaining_seconds": seconds}, "expect": {"set_cookie": field}}
               for name, config, seconds, field in WRITTEN]
    written += [{"name": name, "given": {"cookie": config}, "expect": {"clear_cookie": field}}
                for name, config, field in CLEARED]
    write("cookies.json", {"find": find, "write": written})


# --- bearer -----------------------------------------------------------------------------------------------------------

# (name, Authorization fields, outcome, token when found)
BEARER = [
    ("no field", [], "absent", None),
    ("one token", ["Bearer abc"], "found", "abc"),
    ("lower case", ["bearer abc"], "found", "abc"),
    ("upper case", ["BEARER abc"], "found", "abc"),
    ("mixed case", ["bEaReR abc"], "found", "abc"),
    ("several spaces", ["Bearer   abc"], "found", "abc"),
    ("blanks around the field", [" \tBearer abc\t "], "found", "abc"),
    ("padding", ["Bearer abc=="], "found", "abc=="),
    ("every character of a b64token", ["Bearer aZ09-._~+/="], "found", "aZ09-._~+/="),
    ("a JWT", ["Bearer eyJhbGciOiJIUzI1NiJ9.e30.c2ln"], "found", "eyJhbGciOiJIUzI1NiJ9.e30.c2ln"),
    ("one character", ["Bearer a"], "found", "a"),
    ("a 64 KiB token", [[["Bearer ", 1], ["a", 65536]]], "found", [["a", 65536]]),
    ("64 KiB of spaces before the token", [[["Bearer", 1], [" ", 65536], ["abc", 1]]], "found", "abc"),
    ("64 KiB of padding", [[["Bearer a", 1], ["=", 65536]]], "found", [["a", 1], ["=", 65536]]),
    ("another scheme", ["Basic dXNlcjpwYXNz"], "absent", None),
    ("another scheme with parameters", ['Digest username="u", realm="r", nonce="n"'], "absent", None),
    ("another scheme alone", ["Negotiate"], "absent", None),
    ("a longer scheme", ["Bearerx abc"], "absent", None),
    ("a scheme that ends like ours", ["XBearer abc"], "absent", None),
    ("our token without the scheme", ["fch1_abc"], "absent", None),
    ("another scheme that mentions Bearer", ['Digest username="Bearer", realm="x"'], "absent", None),
    ("a parameter named like the scheme", ["Custom a=1, bearerish=2"], "absent", None),
    ("an empty field", [""], "malformed", None),
    ("only blanks", [" \t "], "malformed", None),
    ("an empty credential", ["Bearer"], "malformed", None),
    ("an empty credential after a space", ["Bearer "], "malformed", None),
    ("an empty credential after many spaces", [[["Bearer", 1], [" ", 10000]]], "malformed", None),
    ("a tab as the separator", ["Bearer\tabc"], "malformed", None),
    ("a tab after the space", ["Bearer \tabc"], "malformed", None),
    ("a no-break space as the separator", ["Bearer\xa0abc"], "malformed", None),
    ("a no-break space in UTF-8 as the separator", [octets("Bearer\u00a0abc")], "malformed", None),
    ("a no-break space before the scheme", ["\xa0Bearer abc"], "malformed", None),
    ("no separator but a colon", ["Bearer:abc"], "malformed", None),
    ("no separator but an equals sign", ["Bearer=abc"], "malformed", None),
    ("a slash in the scheme", ["Bearer/2 abc"], "malformed", None),
    ("a quoted scheme", ['"Bearer" abc'], "malformed", None),
    ("two tokens", ["Bearer abc def"], "malformed", None),
    ("the scheme twice", ["Bearer Bearer abc"], "malformed", None),
    ("a parameter after the token", ["Bearer abc realm=x"], "malformed", None),
    ("a semicolon after the token", ["Bearer abc;"], "malformed", None),
    ("a quoted token", ['Bearer "abc"'], "malformed", None),
    ("a token in angle brackets", ["Bearer <abc>"], "malformed", None),
    ("only padding", ["Bearer =="], "malformed", None),
    ("padding within the token", ["Bearer ab=c"], "malformed", None),
    ("a percent sign in the token", ["Bearer ab%63"], "malformed", None),
    ("a colon in the token", ["Bearer ab:c"], "malformed", None),
    ("a bracket in the token", ["Bearer [abc]"], "malformed", None),
    ("NUL in the token", ["Bearer ab\x00c"], "malformed", None),
    ("NUL after the scheme", ["Bearer\x00abc"], "malformed", None),
    ("a line feed in the token", ["Bearer abc\ndef"], "malformed", None),
    ("a line feed after the token", ["Bearer abc\n"], "malformed", None),
    ("a carriage return after the token", ["Bearer abc\r"], "malformed", None),
    ("a vertical tab after the token", ["Bearer abc\x0b"], "malformed", None),
    ("bytes beyond ASCII in the token", ["Bearer ab\xc3\xa9"], "malformed", None),
    ("a comma after the token", ["Bearer abc,"], "several", None),
    ("two credentials joined by a comma", ["Bearer abc, Bearer def"], "several", None),
    ("two credentials joined without a space", ["Bearer abc,Bearer def"], "several", None),
    ("the same credential twice, joined", ["Bearer abc, Bearer abc"], "several", None),
    ("Bearer, then another scheme, joined", ["Bearer abc, Basic dXNlcjpwYXNz"], "several", None),
    ("another scheme, then Bearer, joined", ["Basic dXNlcjpwYXNz, Bearer abc"], "several", None),
    ("another scheme, then Bearer in another case", ["Basic dXNlcjpwYXNz,\tBEARER abc"], "several", None),
    ("another scheme, then Bearer alone", ["Basic dXNlcjpwYXNz, Bearer"], "several", None),
    ("parameters, then Bearer", ['Digest a="b", c="d", Bearer abc'], "several", None),
    ("two fields", ["Bearer abc", "Bearer def"], "several", None),
    ("two fields with the same token", ["Bearer abc", "Bearer abc"], "several", None),
    ("two fields of two schemes", ["Basic dXNlcjpwYXNz", "Bearer abc"], "several", None),
    ("two fields of two schemes, the other way round", ["Bearer abc", "Basic dXNlcjpwYXNz"], "several", None),
    ("two fields of another scheme", ["Basic dXNlcjpwYXNz", "Basic eDp5"], "several", None),
    ("two fields, one of them empty", ["", "Bearer abc"], "several", None),
    ("1000 fields", None, "several", None),
]


def bearer():
    cases = []
    for name, fields, outcome, token in BEARER:
        expect = {"outcome": outcome} if token is None else {"outcome": outcome, "token": token}
        cases.append({"name": name, "given": {"fields": ["Bearer abc"] * 1000 if fields is None else fields}, "expect": expect})
    write("bearer.json", {"cases": cases})


if __name__ == "__main__":
    cookies()
    bearer()

#!/usr/bin/env python3
"""Fails when a binding lacks a public function of the core without a reason, or a reason is given that none needs.

usage: check_api.py [TOP]     TOP is the repository's top; default: the one around this script

Functions are the public ones of ficha::Client and the free ones of the public headers. A binding exposes one under the
same name in the host's spelling, under another one that bindings/api.toml gives ("as"), or not at all, for a reason in
that file.
"""

import ast
import pathlib
import re
import sys
import tomllib
from collections.abc import Iterator

EXPOSED_CLASS = "Client"
DIFFERENCES = "bindings/api.toml"


# --- the core --------------------------------------------------------------------------------------------------------


def without_nested(text: str, opening: str, closing: str, instead: str) -> str:
    """The text with each outermost pair of brackets, and what is between them, replaced."""
    kept, depth = [], 0
    for character in text:
        if character == opening:
            depth += 1
        elif character == closing and depth:
            depth -= 1
            if not depth:
                kept.append(instead)
        elif not depth:
            kept.append(character)
    return "".join(kept)


def block(text: str, head: str) -> str:
    """What is between the braces that follow `head`, a regular expression; "" without it."""
    found = re.search(head + r"[^;{]*\{", text)
    if not found:
        return ""
    depth, start = 1, found.end()
    for end in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        if not depth:
            return text[start:end]
    raise SystemExit(f"no end of {head} is found")


def declared(scope: str) -> set[str]:
    """The functions that are declared or defined directly in a scope: not its constructors, operators and friends."""
    names = set()
    for statement in without_nested(scope, "{", "}", ";").split(";"):
        statement = without_nested(re.sub(r"\[\[[^]]*\]\]|->|\w+:(?!:)", " ", statement), "<", ">", "").strip()
        words = statement.split(maxsplit=1)
        if not words or words[0] in {"class", "struct", "enum", "union", "using", "friend", "typedef", "template"}:
            continue
        function = re.search(r"[\w>&*]\s+[&*]*(\w+)\s*\(", statement)
        if function and function[1] != "operator" and "operator" not in statement.split("(")[0]:
            names.add(function[1])
    return names


def core_functions(top: pathlib.Path) -> set[str]:
    functions = set()
    for header in sorted((top / "core/include/ficha").glob("*.hpp")):
        text = re.sub(
            r'//[^\n]*|/\*.*?\*/|^\s*#[^\n]*|"(\\.|[^"\\])*"', "", header.read_text("utf-8"), flags=re.S | re.M
        )
        text = text.replace("->", "  ")
        functions |= declared(block(text, r"\bnamespace ficha\b"))
        members = re.split(r"\b(?:private|protected):", block(text, rf"\bclass {EXPOSED_CLASS}\b"))[0]
        functions |= {f"{EXPOSED_CLASS}::{name}" for name in declared(members)}
    return functions


# --- the bindings: "Class.member" and "function", as an application writes them --------------------------------------


def python_names(top: pathlib.Path) -> set[str]:
    package = top / "bindings/python/src/ficha"
    names = set()
    for file in (package / "_core.pyi", *sorted(package.glob("_*.py"))):
        for node in ast.parse(file.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef):
                names |= {f"{node.name}.{member}" for member in python_members(node)}
    exported = ast.parse((package / "__init__.py").read_text("utf-8"))
    for node in ast.walk(exported):
        if isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
    return names


def python_members(node: ast.ClassDef) -> Iterator[str]:
    """Public methods, attributes of the class, and what __init__ sets."""
    for member in node.body:
        if isinstance(member, (ast.FunctionDef, ast.AsyncFunctionDef)):
            if not member.name.startswith("_") or member.name == "__init__":
                yield member.name
        for part in ast.walk(member) if not isinstance(member, ast.FunctionDef) or member.name == "__init__" else ():
            if isinstance(part, (ast.Name, ast.Attribute)) and isinstance(part.ctx, ast.Store):
                name = part.id if isinstance(part, ast.Name) else part.attr
                if not name.startswith("_"):
                    yield name


def node_names(top: pathlib.Path) -> set[str]:
    text = re.sub(r"/\*.*?\*/", "", (top / "bindings/node/lib/index.d.ts").read_text("utf-8"), flags=re.S)
    names = set(re.findall(r"^export (?:declare )?function (\w+)", text, re.M))
    for kind in re.findall(r"^export (?:declare )?(?:class|interface) (\w+)", text, re.M):
        body = block(text, rf"\b(?:class|interface) {kind}\b")
        names |= {f"{kind}.{member}" for member in re.findall(r"^  (?:static |readonly )*(\w+)[(?:<]", body, re.M)}
    return names


def java_names(top: pathlib.Path) -> set[str]:
    names = set()
    for file in (top / "bindings/java/ficha/src/main/java/dev/ficha").glob("*.java"):
        text = re.sub(r"/\*.*?\*/", "", file.read_text("utf-8"), flags=re.S)
        methods = re.findall(r"^    public (?:static |final |synchronized )*[\w<>\[\], ?.]+ (\w+)\(", text, re.M)
        names |= {f"{file.stem}.{method}" for method in methods}
    return names


def camel_case(name: str) -> str:
    return re.sub(r"_(\w)", lambda letter: letter[1].upper(), name)


# Of each binding: what it offers, its name for the core's Client, and how it spells a name.
BINDINGS = {
    "python": (python_names, "Client", str),
    "node": (node_names, "Client", camel_case),
    "java": (java_names, "FichaClient", camel_case),
}


# --- the comparison --------------------------------------------------------------------------------------------------


def own_name(binding: str, function: str) -> str:
    _, client, spelling = BINDINGS[binding]
    owner, separator, name = function.rpartition("::")
    return f"{client}.{spelling(name)}" if separator else spelling(name)


def problems(top: pathlib.Path) -> list[str]:
    functions = core_functions(top)
    if f"{EXPOSED_CLASS}::open" not in functions:
        return [f"{EXPOSED_CLASS}::open is not found in core/include/ficha: has the header another form?"]
    offered = {binding: names(top) for binding, (names, _, _) in BINDINGS.items()}
    found, told = [], set()
    for entry in tomllib.loads((top / DIFFERENCES).read_text("utf-8"))["difference"]:
        function, substitutes = entry["function"], entry.get("as", {})
        if function not in functions:
            found.append(f"{DIFFERENCES}: the core has no {function}")
        if entry.get("bindings") and not entry.get("reason"):
            found.append(f"{DIFFERENCES}: {function} is missing without a reason")
        for binding in [*entry.get("bindings", []), *substitutes]:
            told.add((binding, function))
            if own_name(binding, function) in offered[binding]:
                found.append(f"{DIFFERENCES}: {binding} has {own_name(binding, function)}: no entry is needed")
            elif substitutes.get(binding, "") not in {"", *offered[binding]}:
                found.append(f"{DIFFERENCES}: {binding} has no {substitutes[binding]}, which stands for {function}")
    for binding, names in offered.items():
        for function in sorted(functions):
            if own_name(binding, function) not in names and (binding, function) not in told:
                found.append(
                    f"{binding}: no {own_name(binding, function)} for {function}, and no entry in {DIFFERENCES}"
                )
    return found


if __name__ == "__main__":
    found = problems(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent)
    print("\n".join(found))
    sys.exit(bool(found))

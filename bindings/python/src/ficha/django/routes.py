"""Every route of a URLconf, for Client.check_routes(): what ``manage.py ficha_routes`` prints."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, cast

from django.conf import settings
from django.urls import LocalePrefixPattern, URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern
from django.utils import translation

from ficha import Finding, Route
from ficha.django.conf import get_client
from ficha.routes import MANY, ONE, name_of, pattern_of

_PARAMETER = re.compile(r"<(?:(?P<kind>[^>:]+):)?[^>]+>")
_DRF_SUFFIX = re.compile(r"\\\.\(\?P<format>[^)]*\)/?\??\$?$")


def routes(urlconf: Any = None) -> list[Finding]:
    """Return the findings about every route, in every language; the project's URLconf if none is named.

    What the layers judge as another path besides is listed as that: a language prefix and a suffix of REST Framework's
    are left out.
    """
    listed: list[Route] = []
    for language in (code for code, _ in settings.LANGUAGES) if settings.USE_I18N else [settings.LANGUAGE_CODE]:
        with translation.override(language):  # paths may be translated
            listed += [Route(*_described(pattern, "/" + path)) for path, pattern in _patterns(get_resolver(urlconf))]
    return get_client().check_routes(list(dict.fromkeys(listed)))


def _patterns(resolver: Any, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in resolver.url_patterns:
        path = prefix + _path_of(pattern.pattern, last=isinstance(pattern, URLPattern))
        if isinstance(pattern, URLResolver):
            yield from _patterns(pattern, path)
        else:
            yield path, pattern


def _path_of(pattern: Any, last: bool) -> str:
    if isinstance(pattern, LocalePrefixPattern):
        return ""
    if isinstance(pattern, RoutePattern):
        route = re.sub(r"<drf_format_suffix[^>]*>$", "", str(pattern))
        return _PARAMETER.sub(lambda found: _wildcard(pattern.converters, found), route)
    expression = _DRF_SUFFIX.sub("$", str(pattern)) if last else str(pattern)
    return from_regex(expression, last)


def _wildcard(converters: Any, found: re.Match[str]) -> str:
    name = found[0].strip("<>").rpartition(":")[2]
    converter = converters.get(name)
    return MANY if converter is None or _spans(converter.regex) else ONE


def from_regex(expression: str, last: bool) -> str:
    """Return the path of a regular expression, with ONE and MANY for what varies; MANY for what cannot be told."""
    open_ended = last and not expression.endswith(("$", r"\Z"))
    rest = expression.removeprefix("^").removesuffix("$").removesuffix(r"\Z")
    path = ""
    while rest:
        piece, rest = _piece(rest)
        quantifier = re.match(r"[*+?]|\{[^}]*\}", rest)
        if quantifier is not None:
            rest = rest[quantifier.end() :].removeprefix("?")
            piece = _repeated(piece, quantifier[0])
        path += piece
    return path + (MANY if open_ended else "")


def _piece(rest: str) -> tuple[str, str]:
    """Return the first piece of an expression, as text or wildcard, and what follows."""
    if rest[0] == "\\":
        return (rest[1:2] if re.match(r"\W", rest[1:2]) else _varying(rest[:2])), rest[2:]
    if rest[0] == "[":
        end = rest.find("]", 2) + 1 or len(rest)
        return _varying(rest[:end]), rest[end:]
    if rest[0] == "(":
        end = _closing(rest)
        return _varying(rest[:end]), rest[end:]
    if rest[0] == "|":
        return MANY, ""
    return (MANY if rest[0] == "." else rest[0]), rest[1:]


def _repeated(piece: str, quantifier: str) -> str:
    if piece in (ONE, MANY):
        return piece
    return "/" if (piece, quantifier) == ("/", "?") else ONE if piece != "/" else MANY


def _closing(rest: str) -> int:
    depth, i = 0, 0
    while i < len(rest):
        if rest[i] == "\\":
            i += 1
        elif rest[i] == "[":
            i = max(rest.find("]", i + 2), i)
        elif rest[i] == "(":
            depth += 1
        elif rest[i] == ")":
            depth -= 1
            if depth == 0:
                return i + 1
        i += 1
    return len(rest)


def _varying(expression: str) -> str:
    return MANY if _spans(expression) else ONE


def _spans(expression: str) -> bool:
    # Whether what matches may hold a slash: asked of samples, for the language of regular expressions has no other way.
    try:
        compiled = re.compile(expression)
    except re.error:
        return True
    return any(compiled.fullmatch(text) for text in ("/", "a/b", "1/2", "a/b/c.html", "/a", "a/"))


def _described(pattern: URLPattern, path: str) -> tuple[str, tuple[str, ...], str]:
    view = pattern.callback
    handler, methods = name_of(view), cast("tuple[str, ...]", ())
    actions: dict[str, str] | None = getattr(view, "actions", None)
    view_class = getattr(view, "cls", None) or getattr(view, "view_class", None)
    options = {
        **getattr(view, "initkwargs", {}),
        **getattr(view, "view_initkwargs", {}),
        **(pattern.default_args or {}),
    }
    if view_class is not None:
        handler = f"{view_class.__module__}.{view_class.__qualname__}"
        names = actions or [name for name in view_class.http_method_names if hasattr(view_class, name)]
        methods = tuple(name.upper() for name in names if name not in ("head", "options"))
    if actions:
        handler += "." + "/".join(sorted(set(actions.values())))
        options = {}
    handler += _owner(view) + (f" {_told(options)}" if options else "")
    return handler, methods, pattern_of(path)


def _owner(view: Any) -> str:
    # The admin's views are methods of one object for each model.
    while not hasattr(view, "__self__"):
        if not hasattr(view, "__wrapped__"):
            return ""
        view = view.__wrapped__
    return f" of {view.__self__}"


def _told(options: dict[str, Any]) -> str:
    return "(" + ", ".join(f"{name}={value!r:.40}" for name, value in sorted(options.items())) + ")"

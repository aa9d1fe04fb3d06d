"""Every route of an application with the rule that judges it, and the handlers that the policy leaves open.

>>> for finding in ficha.asgi.routes(app, client):
...     print(finding)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from ficha import Client


class Route(NamedTuple):
    """One registered route: what runs, for which methods (none named: any), at a path in the syntax of rules."""

    handler: str
    methods: Sequence[str]
    pattern: str


class Finding(NamedTuple):
    """One rule that may decide about a route; ``rule`` is -1 for none, and ``problem`` "" where nothing is wrong."""

    route: Route
    methods: Sequence[str]
    rule: int
    line: int
    problem: str

    def __str__(self) -> str:
        """Return a line for a listing."""
        rule = f"rule[{self.rule}]" + (f" (line {self.line})" if self.line else "")
        told = f"PROBLEM: {self.problem}" if self.problem else rule
        return f"{','.join(self.methods) or '*'}\t{self.route.pattern}\t{self.route.handler}\t{told}"


def of_flask(app: Any, client: Client) -> list[Finding]:
    """Return the findings about a Flask application's routes, below the places where it is mounted."""
    routes = []
    for rule in app.url_map.iter_rules():
        view = app.view_functions.get(rule.endpoint)
        handler = name_of(view) if view is not None else rule.endpoint
        routes.append(Route(handler, _without_implied(rule.methods), template(rule.rule, _FLASK_PARAMETER)))
    return client.check_routes(routes)


# A parameter, and whether it is one of several segments.
_FLASK_PARAMETER = re.compile(r"<(?P<many>path:)?[^>]*>")
STARLETTE_PARAMETER = re.compile(r"\{[^}:]*(?P<many>:path)?[^}]*\}")


def template(path: str, parameter: re.Pattern[str]) -> str:
    """Return the rule's pattern of a path with parameters: `*` for a segment that holds one, `**` for several."""
    return pattern_of(parameter.sub(lambda found: MANY if found["many"] else ONE, path))


#: In a path that is to become a pattern: any text without a slash, and any text.
ONE, MANY = "\x00", "\x01"


def pattern_of(path: str) -> str:
    """Return the rule's pattern of a path in which ONE and MANY stand for what varies."""
    segments: list[str] = []
    for segment in path.split("/"):
        if MANY in segment:
            wildcard = "**"
        elif ONE in segment:
            wildcard = "*"
        else:
            wildcard = segment
        if wildcard and not (wildcard == "**" and segments and segments[-1] == "**"):
            segments.append(wildcard)
    return "/" + "/".join(segments)


def name_of(handler: Any) -> str:
    """Return a name for what runs, the same wherever it is registered."""
    while hasattr(handler, "__wrapped__") or hasattr(handler, "func"):
        handler = getattr(handler, "__wrapped__", None) or handler.func
    name = getattr(handler, "__qualname__", None) or type(handler).__qualname__
    return f"{getattr(handler, '__module__', None) or type(handler).__module__}.{name}"


def _without_implied(methods: Iterable[str] | None) -> list[str]:
    # What frameworks add by themselves, and answer without the handler or as GET.
    return sorted(set(methods or ()) - {"HEAD", "OPTIONS"})


__all__ = ["Finding", "Route", "of_flask"]

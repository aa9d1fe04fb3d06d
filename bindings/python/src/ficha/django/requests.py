"""Django's requests as the core judges them, and as views may see them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.conf.urls.i18n import is_language_prefix_patterns_used
from django.http import HttpRequest
from django.urls import LocalePrefixPattern

from ficha import Credential, Decision
from ficha._http import RawRequest, Reading, environ_request, scope_request, to_bytes
from ficha.django.conf import get_client
from ficha.django.sessions import SessionStore


def raw_request(request: HttpRequest) -> RawRequest:
    """Return the request as the core wants it: with path_info and method, by which Django routes, as a reading.

    What an earlier step of Ficha's has hidden is there.
    """
    scope, method = getattr(request, "scope", None), request.method or ""
    prefix = to_bytes(request.META.get("SCRIPT_NAME", "").rstrip("/"))  # FORCE_SCRIPT_NAME, or what the server says
    if scope is not None:
        return scope_request(scope, prefix, request.path_info, method)
    return environ_request(request.META, get_client().environ_fields, prefix, request.path_info, method)


def hide_credential(request: HttpRequest) -> Credential | None:
    """Take what views must not see out of the request, wherever Django shows it; return the credential."""
    client = get_client()
    credential = client.hide_in_environ(request.META)
    scope = getattr(request, "scope", None)
    if scope is not None:
        client.hide_in_scope(scope)
    if not client.config.pass_credential:
        request.__dict__.get("COOKIES", {}).pop(client.config.cookie_name, None)
    request.__dict__.pop("headers", None)
    return credential


def routed_otherwise(request: HttpRequest, judged: RawRequest) -> tuple[Reading, ...]:
    """Return the readings by which the request was routed and which were not judged: path, method, language, suffix."""
    method, path = request.method or "", request.path_info
    readings: list[Reading] = []
    if judged[6] != ((method, to_bytes(path or "/"), True),):
        readings.append((method, to_bytes(path or "/"), True))
    match = request.resolver_match
    plain = _without_language(path, getattr(request, "urlconf", settings.ROOT_URLCONF))
    if plain != path:
        readings.append((method, to_bytes(plain), True))
    if match is not None:
        bare = without_suffix(plain, match.func, match.kwargs)
        if bare != plain:
            readings.append((method, to_bytes(bare), True))
    return tuple(reading for reading in readings if not get_client().is_judged(judged, reading))


def without_suffix(path: str, view: Any, kwargs: dict[str, Any]) -> str:
    """Return the path by whose handler Django REST Framework answers a path with a suffix: /users.json is /users."""
    view_settings = getattr(getattr(view, "cls", None), "settings", None)
    suffix = kwargs.get(getattr(view_settings, "FORMAT_SUFFIX_KWARG", None) or "")
    if not suffix:
        return path
    end = f".{suffix}"
    bare = path.rstrip("/")
    return bare.removesuffix(end) or "/" if bare.endswith(end) else path


def _without_language(path: str, urlconf: Any) -> str:
    # i18n_patterns() serves /de/page by the handler of /page.
    used, prefix_default = is_language_prefix_patterns_used(urlconf)
    if not used:
        return path
    prefix = "/" + LocalePrefixPattern(prefix_default_language=prefix_default).language_prefix
    if prefix == "/" or not path.startswith(prefix):
        # Middleware may have changed the language since the view was found.
        prefix = next((f"/{code}/" for code, _ in settings.LANGUAGES if path.startswith(f"/{code}/")), "/")
    return "/" + path.removeprefix(prefix)


class Judged:
    """What was judged, for the steps that come. It shows no credential."""

    __slots__ = ("raw",)

    def __init__(self, raw: RawRequest) -> None:
        """Keep the arguments of authorize()."""
        self.raw = raw

    def __repr__(self) -> str:
        """Return nothing of the request."""
        return "<ficha.django Judged>"


def remember(request: HttpRequest, raw: RawRequest, decision: Decision) -> Decision:
    """Keep what was judged and the decision, and hide the credential.

    From now on the decision is on the session that the request has at any moment: after a logout on none.
    """
    decision.credential = hide_credential(request)
    store = getattr(request, "session", None)
    # A Bearer token's session is request.session below FichaMiddleware, which puts it there after its first decision.
    is_another = decision.carrier == "bearer" and decision.session is not None and not hasattr(request, "ficha")
    if isinstance(store, SessionStore) and not is_another:
        store.follow(decision)
    request.ficha = decision  # type: ignore[attr-defined]
    request._ficha_judged = Judged(raw)  # type: ignore[attr-defined]
    return decision


def judged_again(request: HttpRequest) -> RawRequest | None:
    """Return the request with all by which it was routed, if a part of that was not judged yet; None if all was."""
    judged: Judged | None = getattr(request, "_ficha_judged", None)
    return _with_routed(request, judged.raw) if judged is not None else None


def decide(request: HttpRequest) -> Decision:
    """Return the decision on a request that has its view, made once."""
    decision: Decision | None = getattr(request, "ficha", None)
    if decision is None:
        raw = raw_request(request)
        raw = _with_routed(request, raw) or raw
        decision = remember(request, raw, get_client().authorize(*raw))
    return decision


async def adecide(request: HttpRequest) -> Decision:
    """Asynchronous decide()."""
    decision: Decision | None = getattr(request, "ficha", None)
    if decision is None:
        raw = raw_request(request)
        raw = _with_routed(request, raw) or raw
        decision = remember(request, raw, await get_client().aauthorize(*raw))
    return decision


def _with_routed(request: HttpRequest, raw: RawRequest) -> RawRequest | None:
    further = routed_otherwise(request, raw)
    return (*raw[:6], (*raw[6], *further)) if further else None

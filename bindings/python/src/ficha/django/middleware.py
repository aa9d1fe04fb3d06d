"""Middleware: the session's cookie, and the policy. Synchronous and asynchronous."""

from __future__ import annotations

import functools
import logging
import math
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.contrib.sessions.middleware import SessionMiddleware as DjangoSessionMiddleware
from django.core.handlers.exception import response_for_exception
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control, patch_vary_headers

from ficha import Decision, ErrorResponse, FichaError, ResponseCookie, Unavailable, respond_to
from ficha._core import find_cookie
from ficha._errors import ANSWERED, answer_to
from ficha._http import RawRequest
from ficha._requirement import requirement
from ficha.django.conf import configuration, get_client
from ficha.django.requests import adecide, decide, hide_credential, judged_again, raw_request, remember
from ficha.django.session_state import is_id
from ficha.django.sessions import SessionStore
from ficha.django.signals import request_denied
from ficha.django.translated import tell_lifetimes

_logger = logging.getLogger("ficha")

ViewT = TypeVar("ViewT", bound=Callable[..., Any])
ResponseT = TypeVar("ResponseT", bound=HttpResponseBase)
Fields = Iterable[tuple[str, str]]


class SessionMiddleware(DjangoSessionMiddleware):
    """Takes the place of Django's: the cookie follows the shared configuration, and an outage is 503, not a logout.

    The cookie is sent when the session is stored or gets a new token, and cleared when it was flushed.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Look at the settings: what cannot work is an error when the server starts."""
        super().__init__(get_response)
        config = configuration()
        tell_lifetimes(config.idle_timeout, config.absolute_timeout)

    def process_request(self, request: HttpRequest) -> None:
        """Give the request its session, without reading it yet."""
        cookie = _cookie(request)
        request._ficha_had_cookie = cookie is not None  # type: ignore[attr-defined]
        request.session = SessionStore.of_cookie(cookie)
        if cookie is not None and is_id(cookie):
            _explain_id()
        hide_credential(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer an error of the core's: that the store is out of reach, that the session has ended, …."""
        response, decision = _answer(exception), getattr(request, "ficha", None)
        # REST Framework's own are lost with the response that the view did not make.
        return add_headers(response, decision) if response is not None and decision is not None else response

    def process_response(  # type: ignore[override]
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Save what the request changed, and send or clear the cookie."""
        session = getattr(request, "session", None)
        if not isinstance(session, SessionStore):
            return response
        try:
            if response.status_code >= 500:
                session.undo_login()
            elif session.may_be_modified and not session.is_empty():
                session.save()
            if _must_renew(session, response):
                session.renew_cookie()
        except (FichaError, UpdateError) as error:
            response = _answer(error) or response_for_exception(request, _as_django_s(error))
        return _finish(request, session, response)

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        """Handle the request without a thread."""
        self.process_request(request)
        response = await cast(Awaitable[HttpResponseBase], self.get_response(request))
        session = getattr(request, "session", None)
        if not isinstance(session, SessionStore):
            return response
        try:
            if response.status_code >= 500:
                await session.aundo_login()
            elif session.may_be_modified and not session.is_empty():
                await session.asave()
            if _must_renew(session, response):
                await session.arenew_cookie()
        except (FichaError, UpdateError) as error:
            failure = sync_to_async(response_for_exception, thread_sensitive=False)
            response = _answer(error) or await failure(request, _as_django_s(error))
        return _finish(request, session, response)


def _must_renew(session: SessionStore, response: HttpResponseBase) -> bool:
    every = settings.SESSION_SAVE_EVERY_REQUEST and session.cookie_due is None
    return bool(every and response.status_code < 500 and session.cookie_value)


@functools.cache  # once in a process: anybody can send one
def _explain_id() -> None:
    _logger.warning(
        "a cookie held a session's id (session_key) instead of its token, and was not accepted; for tests that put one "
        "there, as Django's own test client does, see ficha.django.test"
    )


def _finish(request: HttpRequest, session: SessionStore, response: HttpResponseBase) -> HttpResponseBase:
    if session.outage and response.status_code >= 500:
        response = _response(respond_to(Unavailable))  # what failed was not the view, but something before or after it
    client = get_client()
    decision: Decision | None = getattr(request, "ficha", None)
    if decision is not None and decision.carrier == "bearer":
        session.cookie_due = None  # such a client keeps no cookies: a view that issues a token puts it into the body
    elif session.cookie_due is not None:
        cookie = client.set_cookie(session.cookie_due, session.cookie_value)
        _set_age(cookie, session)
        _add_cookie(response, cookie)
        session.cookie_due = None
    elif session.accessed and session.session_key is None and not session.outage and _had_cookie(request):
        _add_cookie(response, client.clear_cookie())
    if session.accessed:
        patch_vary_headers(response, ("Cookie",))
    return response


def _cookie(request: HttpRequest) -> str | None:
    field = request.META.get("HTTP_COOKIE")
    return _cookie_in(field) if field else None


def _cookie_in(field: str) -> str | None:
    value = find_cookie([field], get_client().config.cookie_name)[1]
    return value.decode("latin-1") if value is not None else None


def _had_cookie(request: HttpRequest) -> bool:
    return bool(getattr(request, "_ficha_had_cookie", False))


def _add_cookie(response: HttpResponseBase, cookie: ResponseCookie) -> None:
    # Into response.cookies, where the test client and other middleware look for cookies.
    response.set_cookie(
        cookie.name,
        cookie.value,
        max_age=cookie.max_age,
        path=cookie.path,
        domain=cookie.domain or None,
        secure=cookie.secure,
        httponly=True,
        samesite=cookie.same_site,
    )
    patch_cache_control(response, no_store=True)


def _set_age(cookie: ResponseCookie, session: SessionStore) -> None:
    stored = session.snapshot
    if stored is None or session.get_expire_at_browser_close():
        cookie.max_age = None
    else:
        left = min(math.ceil(session.get_expiry_age()), math.ceil(stored.expires_at - time.time()))
        cookie.max_age = max(0, left)


def _response(answer: ErrorResponse) -> HttpResponse:
    response = HttpResponse(answer.body, status=answer.status, content_type="application/json")
    if not answer.body:
        del response.headers["Content-Type"]
    return _add_fields(response, answer.headers)


def _answer(error: Exception) -> HttpResponse | None:
    """Return the response to an error of the core's; None for what is none, or is a mistake of the configuration."""
    return _response(answer_to(error)) if isinstance(error, ANSWERED) else None


def _as_django_s(error: Exception) -> Exception:
    # What a save raises is not raised on, but answered at once: a token given by this request must reach the client.
    if isinstance(error, UpdateError):
        return SessionInterrupted(
            "The session was ended before the request completed, by a logout elsewhere for example."
        )
    return error


class FichaMiddleware:
    """Applies the policy to every request: what it does not allow gets no view. Stands after SessionMiddleware.

    The decision is ``request.ficha``; ``request.session`` is the session it was made on, read once.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        """Wrap what answers the requests that may pass."""
        self.get_response = get_response
        self.async_mode = iscoroutinefunction(get_response)
        if self.async_mode:
            markcoroutinefunction(self)
            self.process_view = self._aprocess_view  # type: ignore[method-assign]

    def __call__(self, request: HttpRequest) -> Any:
        """Decide, and answer or pass on."""
        if self.async_mode:
            return self.__acall__(request)
        raw = raw_request(request)
        response = self._refusal(request, raw, get_client().authorize(*raw)) or self.get_response(request)
        return add_headers(response, request.ficha)  # type: ignore[attr-defined]

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        """Decide, and answer or pass on, without a thread."""
        raw = raw_request(request)
        decision = await get_client().aauthorize(*raw)
        response = self._refusal(request, raw, decision) or await self.get_response(request)
        return add_headers(response, request.ficha)  # type: ignore[attr-defined]

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> Any:
        """Decide again where the view was found by something else than what was judged, and answer or pass on."""
        raw = judged_again(request)
        return self._refusal(request, raw, get_client().authorize(*raw)) if raw is not None else None

    async def _aprocess_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        raw = judged_again(request)
        return self._refusal(request, raw, await get_client().aauthorize(*raw)) if raw is not None else None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer an error of the core's: that the store is out of reach, that the session has ended, …."""
        return _answer(exception)

    def _refusal(self, request: HttpRequest, raw: RawRequest, decision: Decision) -> HttpResponse | None:
        first = getattr(request, "ficha", None) is None
        remember(request, raw, decision)
        if not decision.allowed:
            if decision.verdict != "preflight":
                request_denied.send(type(self), request=request, decision=decision)
            return denial(decision)
        if first and decision.session is not None:
            store = getattr(request, "session", None)
            if decision.carrier == "bearer" or not isinstance(store, SessionStore):
                request.session = store = SessionStore.of_cookie(_token(decision))
                store.follow(decision)
            store.admit(decision.session)
        return None


def _token(decision: Decision) -> str | None:
    # The decision says that there is one, well formed.
    name, value = decision.credential.forward() if decision.credential is not None else ("", "")
    return value.partition(" ")[2].strip() if name == "Authorization" else _cookie_in(value)


def denial(decision: Decision) -> HttpResponse:
    """Return the response for a request that may not pass; without a reason, which is not for clients."""
    return _response(respond_to(decision))


def add_headers(response: ResponseT, decision: Decision) -> ResponseT:
    """Add the decision's headers to a response."""
    return _add_fields(response, decision.headers)


def _add_fields(response: ResponseT, fields: Fields) -> ResponseT:
    for name, value in fields:
        if name == "Vary":
            patch_vary_headers(response, [value])
        else:
            response.headers[name] = value
    return response


def require(**required: Any) -> Callable[[ViewT], ViewT]:
    """Require roles, scopes, a level or a recent proof of identity of whoever calls a view; as Client.require().

    >>> @require(roles=["teller"], max_auth_age=timedelta(minutes=5))
    ... def transfer(request): ...
    """
    checked = requirement(required)

    def decorate(view: ViewT) -> ViewT:
        if iscoroutinefunction(view):

            @functools.wraps(view)
            async def awrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
                judged = get_client().require_checked(await adecide(request), checked)
                response = await view(request, *args, **kwargs) if judged.allowed else denial(judged)
                return add_headers(response, judged)

            return cast(ViewT, awrapper)

        @functools.wraps(view)
        def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            judged = get_client().require_checked(decide(request), checked)
            response = view(request, *args, **kwargs) if judged.allowed else denial(judged)
            return add_headers(response, judged)

        return cast(ViewT, wrapper)

    return decorate

"""What the caller must be: requirements judged by the core, as in every other language."""

from __future__ import annotations

from typing import Any, cast

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from ficha._requirement import requirement
from ficha.django.conf import get_client
from ficha.drf.authentication import Refused, decide, response_headers

# DRF instantiates permission classes without arguments, and combines classes by &, | and ~: so these make classes.


def HasRole(*roles: str) -> type[BasePermission]:
    """Return a permission for callers with any one of the roles."""
    return _permission("HasRole", roles=roles)


def HasScope(*scopes: str) -> type[BasePermission]:
    """Return a permission for callers with all of the scopes."""
    return _permission("HasScope", scopes=scopes)


def PolicyPermission(**required: Any) -> type[BasePermission]:
    """Return a permission with everything a rule can ask of a session; raises 401 where a new login would help.

    Takes ``allow``, ``roles``, ``scopes``, ``level`` and ``max_auth_age``, as Client.require().
    """
    return _permission("PolicyPermission", raises=True, **required)


def _permission(name: str, raises: bool = False, **required: Any) -> type[BasePermission]:
    checked = requirement(required)

    def has_permission(self: BasePermission, request: Request, view: object) -> bool:
        judged = get_client().require_checked(decide(request), checked)
        # A store that cannot answer is 503 and not 403, whatever the permission is combined with.
        if judged.verdict == "unavailable" or (raises and not judged.allowed):
            raise Refused(judged)
        # DRF's own 403 has no challenge; a Bearer client is to know the scope it lacks (RFC 6750, 3.1).
        headers = response_headers(view)
        headers.pop("WWW-Authenticate", None)
        headers.update(header for header in judged.headers if header[0] == "WWW-Authenticate")
        return judged.allowed

    metaclass: Any = type(BasePermission)
    return cast("type[BasePermission]", metaclass(name, (BasePermission,), {"has_permission": has_permission}))

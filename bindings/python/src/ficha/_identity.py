"""Who has logged in, as the store is told."""

from __future__ import annotations

from typing import NamedTuple


class Identity(NamedTuple):
    """Whose session it is, and what the principal may do in every service."""

    principal: str
    roles: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    level: int = 0
    #: From where: (address, user agent), for lists of one's devices.
    device: tuple[str, str] | None = None

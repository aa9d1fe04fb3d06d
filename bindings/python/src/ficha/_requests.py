"""The store operations: what they take, in native values, and the native requests they become.

Each is a method of Client in a blocking and an asynchronous form, with this signature and this documentation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

from ficha import _core
from ficha._attributes import Op, check_name, protected_ops, put_op, remove_ops, set_ops, take_op, to_pairs
from ficha._core import Request, Session

Seconds = int | timedelta
Device = tuple[str, str]
Attributes = Mapping[str, Any]


def create(
    principal: str = "",
    attributes: Attributes | None = None,
    *,
    roles: Iterable[str] = (),
    scopes: Iterable[str] = (),
    protected: Attributes | None = None,
    device: Device | None = None,
    level: int = 0,
    authenticated: bool = True,
    idle_timeout: Seconds | None = None,
    absolute_timeout: Seconds | None = None,
) -> Request:
    """Create a session and return it; its ``token`` is known at this moment only.

    Without a principal it is anonymous. ``authenticated`` says that the principal proves itself now. ``protected``
    attributes lie apart, where nothing that names an attribute can reach them: for identity and authority, by adapters.
    The timeouts default to the configuration's. Raises InvalidArgument, TooLarge, SessionLimit.
    """
    pairs, apart = to_pairs(attributes), to_pairs(protected)
    idle, absolute = to_seconds(idle_timeout), to_seconds(absolute_timeout)
    return _build(
        _core.create_request,
        (principal, to_list(roles), to_list(scopes), pairs, apart, device, level, authenticated, idle, absolute),
    )


def login(
    current: Session | str | None,
    principal: str,
    attributes: Attributes | None = None,
    *,
    roles: Iterable[str] = (),
    scopes: Iterable[str] = (),
    protected: Attributes | None = None,
    device: Device | None = None,
    level: int = 0,
    authenticated: bool = True,
    idle_timeout: Seconds | None = None,
    absolute_timeout: Seconds | None = None,
    keep_attributes: bool = True,
) -> Request:
    """Return the principal's new session, always under a new token; ``current`` is revoked.

    The attributes of a ``current`` of the same principal move along, protected ones too. ``keep_attributes`` carries
    the ordinary ones of an anonymous one over, as the store holds them at the moment it ends; never those of another
    principal. ``authenticated`` says that the principal proves itself now; False for a login by a remembered device,
    say. Raises as create(), and SessionGone when a ``current`` of the same principal is no longer live.
    """
    idle, absolute = to_seconds(idle_timeout), to_seconds(absolute_timeout)
    return _build(
        _core.login_request,
        (
            None if current is None else id_of(current),
            keep_attributes,
            principal,
            to_list(roles),
            to_list(scopes),
            to_pairs(attributes),
            to_pairs(protected),
            device,
            level,
            authenticated,
            idle,
            absolute,
        ),
    )


def patch(
    session: Session | str,
    *,
    set: Attributes | None = None,
    add: Attributes | None = None,
    remove: Iterable[str] = (),
    increment: Mapping[str, int] | None = None,
    put: Mapping[str, Attributes] | None = None,
    take: Mapping[str, Iterable[str]] | None = None,
    protected: Attributes | None = None,
    roles: Iterable[str] | None = None,
    scopes: Iterable[str] | None = None,
    device: Device | None = None,
    expected_generation: int | None = None,
    idle_timeout: Seconds | None = None,
    absolute_timeout: Seconds | None = None,
) -> Request:
    """Change one live session, given by itself or its id, in one atomic step; return its new generation.

    ``set`` creates or replaces attributes, ``add`` creates them, ``remove`` deletes them, ``increment`` adds to integer
    ones. ``put`` and ``take`` set and remove single keys of bags, which are attributes that are objects: names that a
    client chooses belong there. ``protected`` sets protected attributes, or removes those that are REMOVE. ``roles``,
    ``scopes``, ``device`` and the timeouts (counted from now) replace. Raises SessionGone, Conflict, AttributeExists,
    InvalidArgument, TooLarge.
    """
    ops = [*set_ops(set), *set_ops(add, "add"), *remove_ops(remove), *_increment_ops(increment), *_bag_ops(put, take)]
    names, timeouts = (_optional_list(roles), _optional_list(scopes)), (idle_timeout, absolute_timeout)
    return _build(
        _core.patch_request,
        (
            id_of(session),
            ops,
            protected_ops(protected),
            *names,
            device,
            expected_generation,
            *map(to_seconds, timeouts),
        ),
    )


def patch_ops(
    session: Session,
    ops: list[Op],
    protected: list[Op] | None = None,
    idle_timeout: int | None = None,
    absolute_timeout: int | None = None,
) -> Request:
    """Return a patch of prepared ops; for the framework integrations, which compare attributes as JSON."""
    return _build(
        _core.patch_request, (session.id, ops, protected or [], None, None, None, None, idle_timeout, absolute_timeout)
    )


def rotate(session: Session | str, *, grace: Seconds = 0) -> Request:
    """Move a session to a new token and id, and return it.

    The old token still leads to it for ``grace``, for requests already under way; 30 s at most. Raises SessionGone.
    """
    return _build(_core.rotate_request, (id_of(session), to_seconds(grace)))


def revoke(session: Session | str) -> Request:
    """End a session; True once the store has acknowledged it, False if there was none."""
    return _build(_core.revoke_request, (id_of(session),))


def revoke_principal(principal: str, *, keep: Session | str | None = None) -> Request:
    """End all sessions of a principal, or all but ``keep``; return how many."""
    return _build(_core.revoke_principal_request, (principal, None if keep is None else id_of(keep)))


def patch_principal(
    principal: str,
    *,
    set: Attributes | None = None,
    remove: Iterable[str] = (),
    protected: Attributes | None = None,
    roles: Iterable[str] | None = None,
    scopes: Iterable[str] | None = None,
    device: Device | None = None,
) -> Request:
    """Change every live session of a principal; return how many there were. Raises InvalidArgument, TooLarge."""
    ops = [*set_ops(set), *remove_ops(remove)]
    return _build(
        _core.patch_principal_request,
        (principal, ops, protected_ops(protected), _optional_list(roles), _optional_list(scopes), device),
    )


def list_sessions(principal: str) -> Request:
    """Return the principal's live sessions, oldest first."""
    return _build(_core.list_request, (principal,))


def load(token: str | bytes, *, touch: bool = True, fresh: bool = False) -> Request:
    """Return the live session of a token, or None: unknown, expired and revoked look alike."""
    text = token if isinstance(token, str) else token.decode("latin-1")
    return _build(_core.load_request, (text, touch, fresh))


def find(session_id: str) -> Request:
    """Return the live session of a public id, or None."""
    return _build(_core.find_request, (session_id,))


def id_of(session: Session | str) -> str:
    """Return the id of a session given by itself or its id."""
    return session.id if isinstance(session, Session) else session


def _build(make: Callable[..., Request], arguments: tuple[Any, ...]) -> Request:
    try:
        return make(*arguments)
    except TypeError:
        # The original message repeats the arguments, and with them tokens and attribute values.
        expected = (make.__doc__ or "").strip().splitlines()[0]
    raise TypeError(f"an argument has the wrong type; expected {expected}")


def to_list(names: Iterable[str]) -> list[str]:
    """Return role or scope names as a list; one str is a mistake."""
    if isinstance(names, str):
        raise TypeError("roles and scopes are several str, not one")
    return list(names)


def _optional_list(names: Iterable[str] | None) -> list[str] | None:
    return None if names is None else to_list(names)


def to_seconds(duration: Seconds | None) -> int | None:
    """Return whole seconds."""
    return duration // timedelta(seconds=1) if isinstance(duration, timedelta) else duration


def _increment_ops(increment: Mapping[str, int] | None) -> list[Op]:
    return [("increment", check_name(name), "", by, "") for name, by in (increment or {}).items()]


def _bag_ops(put: Mapping[str, Attributes] | None, take: Mapping[str, Iterable[str]] | None) -> list[Op]:
    return [put_op(bag, key, value) for bag, entries in (put or {}).items() for key, value in entries.items()] + [
        take_op(bag, key) for bag, keys in (take or {}).items() for key in to_list(keys)
    ]

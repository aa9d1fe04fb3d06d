"""The session engine: ``SESSION_ENGINE = "ficha.django.sessions"``.

Attributes are stored as plain JSON that services in other languages read. ``session_key`` is the session's public id,
which applications may keep and show; the token goes into the cookie and nowhere else. A visitor's session is stored
when something is put into it, and written only when something changed.
"""

from __future__ import annotations

from typing import Any, TypeVar

from django.conf import settings

from ficha import Session
from ficha._identity import Identity
from ficha.django.conf import get_client
from ficha.django.identity import EXPIRY, SessionData
from ficha.django.session_state import SessionState, is_another_s, is_id

StoreT = TypeVar("StoreT", bound="SessionStore")


class SessionStore(SessionState):
    """One visitor's session, as Django wants it. For one request, used by one thread at a time."""

    @classmethod
    def of_cookie(cls: type[StoreT], value: str | None) -> StoreT:
        """Stand for the session of a cookie's token. An id is none: whoever has read one must not get in by it."""
        store = cls()
        store._given = value if value and not is_id(value) else None
        return store

    # --- what Django calls -------------------------------------------------------------------------------------------

    def is_empty(self) -> bool:
        """Whether there is neither a key, nor data, nor a principal."""
        return self._identity is None and super().is_empty()

    def load(self) -> dict[str, Any]:
        """Return the attributes; of a session that is not live none, and it is forgotten."""
        return self._loaded(self._admitted or self._watched(self._given))

    async def aload(self) -> dict[str, Any]:
        """Asynchronous load()."""
        return self._loaded(self._admitted or await self._awatched(self._given))

    def exists(self, session_key: str) -> bool:
        """Whether the key is that of a live session. Does not extend it."""
        return self._watched(session_key, touch=False) is not None

    async def aexists(self, session_key: str) -> bool:
        """Asynchronous exists()."""
        return await self._awatched(session_key, touch=False) is not None

    def create(self) -> None:
        """Store a new session with what was put into this one, under a new token."""
        self._forget_key()
        self.save(must_create=True)
        self.modified = True

    async def acreate(self) -> None:
        """Asynchronous create()."""
        self._forget_key()
        await self.asave(must_create=True)
        self.modified = True

    def save(self, must_create: bool = False) -> None:
        """Store what changed, in one step. Never brings a session back: raises UpdateError if it is gone.

        Keys are the store's to give: with ``must_create`` the session gets a new one; CreateError if it has one.
        """
        data = self._get_session(no_load=must_create)
        self._run(self._saving(data, must_create))

    async def asave(self, must_create: bool = False) -> None:
        """Asynchronous save()."""
        data = await self._adata(no_load=must_create)
        await self._arun(self._saving(data, must_create))

    def delete(self, session_key: str | None = None) -> None:
        """Revoke the session of the key, or this one. Raises if the store has not acknowledged it."""
        self._run(self._deleting(session_key or self._given))

    async def adelete(self, session_key: str | None = None) -> None:
        """Asynchronous delete()."""
        await self._arun(self._deleting(session_key or self._given))

    def cycle_key(self) -> None:
        """Move the session to a new token; nothing happens to one that is not stored yet."""
        self._get_session()
        self._run(self._cycling())

    async def acycle_key(self) -> None:
        """Asynchronous cycle_key()."""
        await self._adata()
        await self._arun(self._cycling())

    def flush(self) -> None:
        """Revoke the session, and start with an empty one."""
        super().flush()
        self._forget()
        self._session_cache.begin_login()

    async def aflush(self) -> None:
        """Asynchronous flush()."""
        self.clear()
        await self.adelete()
        self._forget()
        self._session_cache.begin_login()

    def set_expiry(self, value: Any) -> None:
        """Give the session an expiry of its own, within the configured absolute timeout; None takes it back."""
        self._set_expiry(self._get_session(), value)

    async def aset_expiry(self, value: Any) -> None:
        """Asynchronous set_expiry()."""
        self._set_expiry(await self._adata(), value)

    @classmethod
    def clear_expired(cls) -> None:
        """Do nothing: the store forgets expired sessions by itself."""

    @classmethod
    async def aclear_expired(cls) -> None:
        """Do nothing: the store forgets expired sessions by itself."""

    def get_session_cookie_age(self) -> int:
        """Return how long a cookie lives, in seconds: as the session; where each answer renews it, as an unused one."""
        config = get_client().config
        renewed = settings.SESSION_SAVE_EVERY_REQUEST and config.idle_timeout
        return config.idle_timeout if renewed else config.absolute_timeout

    def get_expire_at_browser_close(self) -> bool:
        """Whether the cookie has no Max-Age."""
        return self._ends_with_browser(self._get_session())

    async def aget_expire_at_browser_close(self) -> bool:
        """Asynchronous get_expire_at_browser_close()."""
        return self._ends_with_browser(await self._adata())

    @staticmethod
    def _ends_with_browser(data: SessionData) -> bool:
        expiry = data.get(EXPIRY)
        return not get_client().config.cookie_persistent if expiry is None else expiry == 0

    # --- beyond Django -----------------------------------------------------------------------------------------------

    def admit(self, session: Session) -> None:
        """Take over what the middleware has read."""
        self._admitted = session

    def put(self, bag: str, key: str, value: Any) -> None:
        """Set one key of a bag, which is an attribute that is an object; parallel requests keep each other's keys.

        Names that a client chooses belong here: no key of a bag means anything to Django.
        """
        self._bag(self._get_session(), bag).put(key, value)

    async def aput(self, bag: str, key: str, value: Any) -> None:
        """Asynchronous put()."""
        self._bag(await self._adata(), bag).put(key, value)

    def take(self, bag: str, key: str, default: Any = None) -> Any:
        """Remove one key of a bag, and return its value."""
        return self._bag(self._get_session(), bag).take(key, default)

    async def atake(self, bag: str, key: str, default: Any = None) -> Any:
        """Asynchronous take()."""
        return self._bag(await self._adata(), bag).take(key, default)

    def identify(self, identity: Identity) -> None:
        """Make this the session of a principal that has just proved itself: the next save() gives a new token and id.

        Of another principal's session only what this request has put in stays.
        """
        self._check_not_by_id()
        if is_another_s(self._stored, identity):
            self._drop_what_was_read(self._session_cache)
        self._identity = identity
        self.modified = True

    @property
    def token(self) -> str | None:
        """The secret, for the body of an answer to a Bearer client: of a session that this request has stored or moved.

        None for any other: a request's own credential is no application's business.
        """
        return self._stored.token if self._stored is not None else None

    def renew_cookie(self) -> None:
        """Have the cookie sent again, with its full age; for SESSION_SAVE_EVERY_REQUEST."""
        self._get_session()
        self._renew_cookie()

    async def arenew_cookie(self) -> None:
        """Asynchronous renew_cookie()."""
        await self._adata()
        self._renew_cookie()

    def _renew_cookie(self) -> None:
        token = self.cookie_value
        if self._stored is not None and token and get_client().session_id(token) == self._stored.id:
            self.cookie_due = self._stored

    def undo_login(self) -> None:
        """End the session that this request has logged in: its answer is an error, and nobody was told."""
        if self._entered:
            self._run(self._undoing())

    async def aundo_login(self) -> None:
        """Asynchronous undo_login()."""
        if self._entered:
            await self._arun(self._undoing())

    @property
    def snapshot(self) -> Session | None:
        """The session as it is stored: id, principal, roles, deadlines. None before it is stored."""
        self._get_session()
        return self._stored

    async def asnapshot(self) -> Session | None:
        """Asynchronous form of ``snapshot``."""
        await self._adata()
        return self._stored

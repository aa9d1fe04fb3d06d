"""Attribute values between Python and JSON, and what changed among them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any, NamedTuple

from ficha import _core
from ficha._errors import CorruptRecord, InvalidArgument

#: One step of a patch: (kind, name, JSON text, number, key of a bag), as ficha._core takes it.
Op = tuple[str, str, str, int, str]


class _Remove:
    """The type of REMOVE."""

    def __repr__(self) -> str:
        return "ficha.REMOVE"


#: In a patch of protected attributes: what is to go.
REMOVE = _Remove()

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode

# Values that cannot have changed as long as they are the same object.
_IMMUTABLE = (str, int, float, bool, type(None))
_ABSENT = object()


def to_json(name: str, value: object) -> str:
    """Return the JSON text of an attribute; raises InvalidArgument naming the attribute, never its value."""
    try:
        text = _encode(value)
        text.encode()
    except UnicodeEncodeError:
        raise InvalidArgument(f"attribute {name!r}: a string with a lone surrogate is not Unicode text") from None
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidArgument(f"attribute {name!r}: {_reason(error)}") from None
    return text


def _reason(error: Exception) -> str:
    if isinstance(error, TypeError):
        return str(error)  # "Object of type X is not JSON serializable", or about keys
    if isinstance(error, RecursionError) or "Circular" in str(error):
        return "nested too deeply, or contains itself"
    return "NaN and infinity are not JSON" if "float" in str(error) else "too large an integer"


def from_json(name: str, text: str) -> Any:
    """Return the value of an attribute's JSON text; raises CorruptRecord naming the attribute, never its value."""
    try:
        return json.loads(text)
    except ValueError:
        pass  # it holds the whole text, and must not be the next one's context
    raise CorruptRecord(f"attribute {name!r}: what is stored is not JSON")


def _difference(before: list[tuple[str, str]], after: list[tuple[str, str]]) -> list[Op]:
    try:
        return _core.difference(before, after)
    except InvalidArgument:
        # Nested too deeply, or a number that not every language has: for the store to refuse, in its own words.
        return remove_ops({name for name, _ in before} - {name for name, _ in after}) + set_ops(Texts(after))


def _as_held_here(name: str, text: str) -> str:
    # Digits of a fraction beyond a float's, which another language has stored, are no change of this service's.
    return _encode(from_json(name, text))


class Texts(dict[str, str]):
    """Attributes that were encoded already: JSON texts by name."""


def to_pairs(attributes: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Return (name, JSON text) of every attribute."""
    if not attributes:
        return []
    if isinstance(attributes, Texts):
        return list(attributes.items())
    return [(check_name(name), to_json(name, value)) for name, value in attributes.items()]


def check_name(name: object) -> str:
    """Return the attribute's name; raises InvalidArgument if it is no str."""
    if not isinstance(name, str):
        raise InvalidArgument(f"attribute names are str, not {type(name).__name__}")
    return name


def set_ops(attributes: Mapping[str, Any] | None, kind: str = "set") -> list[Op]:
    """Return the ops that set, or add, the attributes."""
    return [(kind, name, text, 0, "") for name, text in to_pairs(attributes)]


def protected_ops(attributes: Mapping[str, Any] | None) -> list[Op]:
    """Return the ops that set the protected attributes, and remove those that are REMOVE."""
    given = attributes or {}
    return remove_ops(name for name, value in given.items() if value is REMOVE) + set_ops(
        {name: value for name, value in given.items() if value is not REMOVE}
    )


def put_op(bag: str, key: str, value: object) -> Op:
    """Return the op that sets one key of a bag."""
    return ("put", check_name(bag), to_json(bag, value), 0, _check_key(bag, key))


def take_op(bag: str, key: str) -> Op:
    """Return the op that removes one key of a bag."""
    return ("take", check_name(bag), "", 0, _check_key(bag, key))


def _check_key(bag: str, key: object) -> str:
    if not isinstance(key, str):
        raise InvalidArgument(f"attribute {bag!r}: the keys of a bag are str, not {type(key).__name__}")
    return key


def remove_ops(names: Iterable[str]) -> list[Op]:
    """Return the ops that remove the attributes."""
    return [("remove", check_name(name), "", 0, "") for name in names]


class Difference(NamedTuple):
    """What a request made of a session's attributes."""

    #: The ops that lead there from what was read; none where nothing changed.
    ops: list[Op]
    #: All attributes, each encoded once.
    texts: Texts

    @property
    def changed(self) -> set[str]:
        """The names of what is new, or says something else."""
        return {op[1] for op in self.ops if op[0] == "set"}

    def put_in(self, bag_ops: Iterable[Op]) -> Texts:
        """Return what this request has put in, and the whole of each bag that it has changed."""
        names = self.changed | {op[1] for op in bag_ops}
        return Texts((name, self.texts[name]) for name in names if name in self.texts)

    def put_in_alone(self, bag_ops: Iterable[Op]) -> Texts:
        """The same, and of a bag nothing but the keys that were put: its others are another principal's."""
        own = Texts((name, self.texts[name]) for name in self.changed)
        put: dict[str, set[str]] = {}
        for kind, name, _, _, key in bag_ops:
            if kind == "put" and name in self.texts and name not in own:
                put.setdefault(name, set()).add(key)
        for name, keys in put.items():
            entries = from_json(name, self.texts[name])
            own[name] = to_json(name, {key: value for key, value in entries.items() if key in keys})
        return own


class Baseline:
    """The attributes of a session as they were read, to be compared with what a request made of them.

    Nested changes count; the same value in other words is none. One thread at a time.
    """

    def __init__(self, texts: Mapping[str, str] | None = None, values: Mapping[str, Any] | None = None) -> None:
        """Start from the JSON texts of a session's attributes, and the values they were made of; or from nothing."""
        #: JSON texts by name.
        self.texts = Texts(texts or {})
        self._values = dict(values or {})

    def values(self) -> dict[str, Any]:
        """Return the native values, newly decoded: the caller's to change."""
        self._values = {name: from_json(name, text) for name, text in self.texts.items()}
        return dict(self._values)

    def changed(self, current: Mapping[str, Any]) -> bool:
        """Whether ``current`` differs from what was read."""
        return bool(self.difference(current).ops)

    def difference(self, current: Mapping[str, Any]) -> Difference:
        """Return what ``current`` is, and in what it differs from what was read."""
        before = [(name, text) for name, text in self.texts.items() if name not in current]
        after, texts = [], Texts()
        for name, value in current.items():
            known = self.texts.get(check_name(name))
            if known is not None and isinstance(value, _IMMUTABLE) and value is self._values.get(name, _ABSENT):
                texts[name] = known
                continue
            text = texts[name] = to_json(name, value)
            if text != known:
                after.append((name, text))
                if known is not None:
                    before.append((name, _as_held_here(name, known)))
        return Difference(_difference(before, after) if before or after else [], texts)

    def follow(self, op: Op) -> None:
        """Take note of an op on a bag, which is written by itself: it is no difference any more."""
        kind, name, text, _, key = op
        entries = self._bag_of(name)
        if kind == "put":
            entries[key] = from_json(name, text)
        else:
            entries.pop(key, None)
        self.texts[name] = to_json(name, entries)
        self._values.pop(name, None)

    def _bag_of(self, name: str) -> dict[str, Any]:
        entries = from_json(name, self.texts.get(name, "{}"))
        if not isinstance(entries, dict):
            raise InvalidArgument(f"attribute {name!r} is no bag: it is not an object")
        return entries


class Bag:
    """An attribute that is an object, whose keys are set and removed one by one, each in an op of its own."""

    def __init__(self, values: MutableMapping[str, Any], baseline: Baseline, name: str, ops: list[Op]) -> None:
        """Stand for the attribute ``name`` of ``values``; what it does is appended to ``ops``."""
        self._values, self._baseline, self._name, self._ops = values, baseline, name, ops

    def put(self, key: str, value: Any) -> None:
        """Set one key."""
        self._note(put_op(self._name, key, value))
        self._entries()[key] = value

    def take(self, key: str, default: Any = None) -> Any:
        """Remove one key, and return its value."""
        op = take_op(self._name, key)
        if self._name not in self._values:
            return default
        self._note(op)
        return self._entries().pop(key, default)

    def _note(self, op: Op) -> None:
        self._entries()
        self._baseline.follow(op)
        self._ops.append(op)

    def _entries(self) -> dict[str, Any]:
        entries = self._values.get(self._name)
        if entries is None and self._name not in self._values:
            entries = self._values[self._name] = {}
        if not isinstance(entries, dict):
            raise InvalidArgument(f"attribute {self._name!r} is no bag: it is not an object")
        return entries

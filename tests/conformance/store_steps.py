"""The words in which make_store_vectors.py writes its cases: steps on a store, and what each must answer."""

CASES = []
TIMED = []
START = 1_700_000_000  # what the clock of a timed case shows at first

_OPS = ("set", "add", "remove", "increment", "put", "take", "protected")


def case(name, *steps, timed=False, **settings):
    """`settings` is the client's [session] table. A timed case has a store in memory, whose clock only it moves."""
    assert all("seconds" not in step for step in steps) or timed, name
    (TIMED if timed else CASES).append({"name": name, "session": settings, "steps": [_written(step) for step in steps]})


def checks(case):
    """How many expectations a case has: a runner counts what it compared, and must come to the same."""
    return sum(_checks(step) for step in case["steps"])


def _checks(step):
    if "error" in step:
        return 1 + ("names" in step) + ("lacks" in step)
    expect = step.get("expect")
    return len(expect) if isinstance(expect, dict) else "expect" in step


def text(part, times):
    """A long string."""
    return {"$text": [part, times]}


def nested(depth):
    """An empty array in an array in an array …"""
    return {"$nested": depth}


def each(count, prefix, value=1):
    """Attributes prefix0, prefix1, … that all have the same value."""
    return {"$each": [count, prefix, value]}


def token_of(session):
    """A text that holds the session's token."""
    return {"$token": session}


def _written(value):
    """Integers that a float does not hold become {"$integer": digits}."""
    if isinstance(value, bool) or not isinstance(value, int | list | tuple | dict):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else {"$integer": str(value)}
    if isinstance(value, dict):
        return {name: _written(part) for name, part in value.items()}
    return [_written(part) for part in value]


# --- what is done -----------------------------------------------------------------------------------------------------


def create(name, principal="", expect=None, **given):
    return _answering({"do": "create", "as": name, "principal": principal, **given}, expect)


def login(name, principal, current=None, expect=None, **given):
    step = {"do": "login", "as": name, "principal": principal, **given}
    if current:
        step["current"] = current
    return _answering(step, expect)


def rotate(session, name, grace=None, expect=None):
    step = {"do": "rotate", "session": session, "as": name}
    if grace is not None:
        step["grace"] = grace
    return _answering(step, expect)


def load(session, /, **expect):
    """What the token leads to; without an expectation: nothing."""
    return {"do": "load", "token": session, "expect": expect or None}


def load_fresh(session, /, **expect):
    """The same, whatever the near cache holds."""
    return {**load(session, **expect), "fresh": True}


def peek(session, /, **expect):
    """The same, without prolonging the session."""
    return {**load(session, **expect), "touch": False}


def load_text(written):
    """A token that is none."""
    return {"do": "load", "text": written, "expect": None}


def find(session, /, **expect):
    return {"do": "find", "session": session, "expect": expect or None}


def patch(session, expect=None, **changes):
    assert not set(changes) - {*_OPS, "roles", "scopes", "device", "expected_generation", "idle_timeout", "absolute_timeout"}
    return _answering({"do": "patch", "session": session, **changes}, expect)


def revoke(session, expect=True):
    return {"do": "revoke", "session": session, "expect": expect}


def revoke_id(session_id, expect):
    return {"do": "revoke", "id": session_id, "expect": expect}


def revoke_principal(principal, expect=None, keep=None):
    step = {"do": "revoke_principal", "principal": principal}
    if keep:
        step["keep"] = keep
    return _answering(step, expect)


def patch_principal(principal, expect=None, **changes):
    return _answering({"do": "patch_principal", "principal": principal, **changes}, expect)


def listed(principal, *sessions):
    """The principal's sessions are these, in this order."""
    return {"do": "list", "principal": principal, "expect": list(sessions)}


def list_fails(principal, error):
    return {"do": "list", "principal": principal, "error": error}


def shown(principal, index, /, **expect):
    """What list() shows of one of them."""
    return {"do": "show", "principal": principal, "index": index, "expect": expect}


def live(*sessions):
    """Their tokens lead to a session."""
    return {"do": "live", "expect": {name: True for name in sessions}}


def dead(*sessions):
    return {"do": "live", "expect": {name: False for name in sessions}}


def advance(seconds):
    return {"do": "advance", "seconds": seconds}


def fails(step, error, names=None, lacks=None):
    """The step with an error instead of an answer: its message names an attribute, and says nothing of a value."""
    step = {key: value for key, value in step.items() if key not in ("expect", "as")}
    step["error"] = error
    if names:
        step["names"] = names
    if lacks:
        step["lacks"] = lacks
    return step


def _answering(step, expect):
    return step if expect is None else {**step, "expect": expect}

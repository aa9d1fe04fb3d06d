"""Cases of store.json: lifetimes. Those that let time pass have a store in memory, whose clock stands still otherwise."""

from store_steps import (
    START,
    advance,
    case,
    create,
    dead,
    fails,
    find,
    listed,
    live,
    load,
    load_fresh,
    login,
    patch,
    peek,
    revoke_principal,
    rotate,
)

IDLE, ABSOLUTE = 1600, 100_000
LIVES = {"idle_timeout": IDLE, "absolute_timeout": ABSOLUTE}


def deadline(at, idle=IDLE, expires=ABSOLUTE):
    """Of a session used at that second since the start: a multiple of a sixteenth, never later than the absolute one."""
    quantum = idle // 16
    return min(-(-(START + at + idle) // quantum) * quantum - START, expires)


def add_cases():
    new_lifetimes()
    times()
    idling()
    ends()
    moved()


def new_lifetimes():
    case("a patch gives a live session new lifetimes, and leaves all else", create("a", "alice", idle_timeout=100, absolute_timeout=1000),
         patch("a", 2, set={"cart": [1]}, idle_timeout=3200),
         load_fresh("a", idle_seconds=3200, attributes={"cart": [1]}, authenticated=True, same_as="a"),
         patch("a", 3, idle_timeout=0), load_fresh("a", idle_seconds=0))
    case("nothing changes when another part of the patch is refused", create("a", "alice", attributes={"cart": []}, idle_timeout=100),
         fails(patch("a", add={"cart": [1]}, idle_timeout=60), "attribute_exists"), load_fresh("a", idle_seconds=100, generation=1))
    case("a session that was prolonged is no longer the oldest", create("a", "alice"), create("b", "alice"),
         patch("a", 2, absolute_timeout=86_400), create("c", "alice"), live("a", "c"), dead("b"),
         max_per_principal=2, on_limit="evict_oldest", absolute_timeout="1h")


def times():
    begun = {"created_at": 0, "authenticated_at": 0, "expires_at": ABSOLUTE, "idle_deadline": deadline(0)}
    case("a session's times are those of the store's clock", create("a", "alice", **LIVES, expect=begun), load("a", **begun),
         find("a", **begun), advance(1000), create("b", **LIVES, expect={"created_at": 1000, "expires_at": 1000 + ABSOLUTE}), timed=True)
    case("a use prolongs a session to the next sixteenth, and no further than its absolute deadline",
         create("a", "alice", idle_timeout=IDLE, absolute_timeout=2000, expect={"idle_deadline": deadline(0, expires=2000)}),
         advance(330), load("a", same_as="a"), peek("a", idle_deadline=deadline(330, expires=2000)),
         advance(1000), load("a", same_as="a"), peek("a", idle_deadline=2000), timed=True)
    case("without an idle timeout the deadline is the absolute one",
         create("a", "alice", idle_timeout=0, absolute_timeout=5000, expect={"idle_deadline": 5000, "expires_at": 5000}),
         advance(4999), live("a"), advance(1), dead("a"), timed=True)


def idling():
    case("an unused session ends after its idle timeout", create("a", "alice", **LIVES), advance(1599), live("a"),
         advance(deadline(0) - 1599), dead("a"), fails(patch("a", set={"n": 1}), "session_gone"), timed=True)
    case("using a session keeps it alive, and no use beyond its absolute deadline", create("a", "alice", idle_timeout=IDLE, absolute_timeout=5000),
         *(step for _ in range(4) for step in (advance(1200), load("a", same_as="a"))), advance(199), load("a", same_as="a"),
         advance(1), load("a"), timed=True)
    case("reading without touch, finding and listing keep no session alive", create("a", "alice", **LIVES), advance(1500), peek("a", same_as="a"),
         find("a", same_as="a"), listed("alice", "a"), advance(200), peek("a"), find("a"), listed("alice"), timed=True)
    case("a patch keeps no session alive, and moves no deadline", create("a", "alice", **LIVES), advance(1500), patch("a", 2, set={"n": 1}),
         peek("a", idle_deadline=deadline(0), expires_at=ABSOLUTE, created_at=0, authenticated_at=0), advance(200), dead("a"), timed=True)


def ends():
    case("a shorter absolute timeout ends the session then", create("a", "alice", **LIVES), advance(10),
         patch("a", 2, idle_timeout=100, absolute_timeout=200), peek("a", expires_at=210), listed("alice", "a"), advance(200), dead("a"),
         listed("alice"), timed=True)
    case("new lifetimes count from now", create("a", "alice", **LIVES), advance(1500), patch("a", 2, **LIVES),
         peek("a", expires_at=1500 + ABSOLUTE, idle_deadline=deadline(1500), created_at=0, authenticated_at=0), timed=True)
    case("a prolonged session stays in the list beyond its former deadline", create("a", "bob", idle_timeout=0, absolute_timeout=20),
         patch("a", 2, absolute_timeout=1000), advance(30), create("b", "bob"), listed("bob", "a", "b"), revoke_principal("bob", 2), dead("a", "b"),
         timed=True)
    case("a session that idled out makes room", create("a", "alice", **LIVES), fails(create("b", "alice"), "session_limit"), advance(1800),
         create("b", "alice"), listed("alice", "b"), timed=True, max_per_principal=1, on_limit="refuse")


def moved():
    case("with grace the old token leads to the session for that long", create("a", "alice"), rotate("a", "b", grace=10), advance(9),
         live("a", "b"), advance(1), dead("a"), live("b"), timed=True)
    case("a rotation keeps every deadline", create("a", "alice", **LIVES), advance(1000),
         rotate("a", "b", expect={"created_at": 0, "authenticated_at": 0, "expires_at": ABSOLUTE, "idle_deadline": deadline(0)}),
         advance(700), dead("b"), timed=True)
    case("re-authentication gives the session a new authentication time and new deadlines", create("a", "alice", **LIVES, level=1), advance(1000),
         login("b", "alice", "a", **LIVES, level=2,
               expect={"created_at": 0, "authenticated_at": 1000, "expires_at": 1000 + ABSOLUTE, "idle_deadline": deadline(1000), "level": 2}),
         peek("b", authenticated_at=1000, created_at=0), timed=True)
    case("a login from an anonymous session begins a session of its own", create("a", **LIVES, attributes={"n": 1}), advance(500),
         login("b", "alice", "a", **LIVES, expect={"created_at": 500, "authenticated_at": 500, "expires_at": 500 + ABSOLUTE}), timed=True)
    case("becoming anonymous leaves no authentication time", create("a", "alice", expect={"authenticated_at": 0, "authenticated": True}),
         advance(10), login("b", "", "a", expect={"created_at": 10, "authenticated": False}), timed=True)

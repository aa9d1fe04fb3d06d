"""Threads, forks, spawned processes and the end of the interpreter."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

import pytest

import ficha
from ficha import Client
from ficha.django import conf
from redis_server import PATIENT, RedisServer

MakeClient = Callable[..., Client]
USERS = 40


def tokens_of(client: Client) -> list[str]:
    return [str(client.create(f"user{i}", {"i": i}).token) for i in range(USERS)]


def check(client: Client, tokens: list[str], rounds: int, seed: int) -> int:
    """Loads at random; returns how many were another user's session."""
    chance = random.Random(seed)
    wrong = 0
    for _ in range(rounds):
        i = chance.randrange(len(tokens))
        session = client.load(tokens[i], fresh=chance.random() < 0.02)
        wrong += session is None or session.principal != f"user{i}" or session.attributes["i"] != i
    return wrong


def test_64_threads_get_each_their_own_session_a_million_times(make_client: MakeClient) -> None:
    client = make_client()
    tokens = tokens_of(client)
    wrong: list[int] = []

    def run(seed: int) -> None:
        wrong.append(check(client, tokens, 1_000_000 // 64 + 1, seed))

    threads = [threading.Thread(target=run, args=(seed,)) for seed in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == [0] * 64


def test_no_write_of_64_threads_is_lost(make_client: MakeClient) -> None:
    client = make_client()
    session = client.create("alice")

    def run(i: int) -> None:
        for _ in range(20):
            client.patch(session, set={f"own{i}": i}, increment={"sum": 1})

    threads = [threading.Thread(target=run, args=(i,)) for i in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    loaded = client.load(str(session.token), fresh=True)
    assert loaded is not None
    assert loaded.attributes["sum"] == 64 * 20
    assert {name for name in loaded.attributes if name != "sum"} == {f"own{i}" for i in range(64)}


def report_check(client: Client, tokens: list[str], seed: int, connection: Connection) -> None:
    connection.send((check(client, tokens, 2000, seed), client.load(tokens[0], fresh=True) is not None))


def report_spawned_check(redis: dict[str, str], tokens: list[str], seed: int, connection: Connection) -> None:
    with Client({"redis": redis}) as client:
        report_check(client, tokens, seed, connection)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_forked_children_go_on_with_their_parent_s_client(make_client: MakeClient) -> None:
    client = make_client()
    tokens = tokens_of(client)
    context = multiprocessing.get_context("fork")
    pipes = [context.Pipe(duplex=False) for _ in range(6)]
    children = [
        context.Process(target=report_check, args=(client, tokens, seed, sender))
        for seed, (_, sender) in enumerate(pipes)
    ]
    for child in children:
        child.start()
    assert check(client, tokens, 20_000, 99) == 0
    assert [receiver.recv() for receiver, _ in pipes] == [(0, True)] * 6
    for child in children:
        child.join()
        assert child.exitcode == 0
        child.close()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_in_the_midst_of_other_threads_calls(make_client: MakeClient) -> None:
    client = make_client(near_cache={"enabled": False})
    tokens = tokens_of(client)
    stop = threading.Event()

    def work(seed: int) -> None:
        while not stop.is_set():
            assert check(client, tokens, 20, seed) == 0

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    try:
        for seed in range(15):
            pid = os.fork()
            if pid == 0:
                os._exit(check(client, tokens, 50, seed) if client.create("child").token else 2)
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_while_another_thread_opens_django_s_client() -> None:
    with conf._lock:
        pid = os.fork()
        if pid == 0:
            os._exit(0 if conf._lock.acquire(timeout=5) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_spawned_processes_share_the_sessions(redis_server: RedisServer, make_client: MakeClient) -> None:
    redis = {"url": redis_server.url, "namespace": "spawned", **PATIENT}
    client = make_client(redis=redis)
    tokens = tokens_of(client)
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=report_spawned_check, args=(redis, tokens, 1, sender))
    child.start()
    assert receiver.recv() == (0, True)
    child.join()
    assert child.exitcode == 0
    child.close()


def test_a_revoke_here_is_seen_there(make_client: MakeClient) -> None:
    one, two = make_client(), make_client()
    session = one.create("alice")
    token = str(session.token)
    assert two.load(token) is not None
    one.revoke(session)
    deadline = time.monotonic() + 2
    while two.load(token) is not None:
        assert time.monotonic() < deadline


EXITS = {
    "threads wait": """
        for _ in range(8):
            threading.Thread(target=forever, daemon=True).start()
        started.wait()
    """,
    "threads wait, by sys.exit in the midst of an exception": """
        for _ in range(8):
            threading.Thread(target=forever, daemon=True).start()
        started.wait()
        try:
            raise ValueError
        except ValueError:
            sys.exit(0)
    """,
    "awaited calls are in flight": """
        async def main():
            for _ in range(200):
                asyncio.ensure_future(client.aload(token))
            await asyncio.sleep(0)
        asyncio.run(main())
    """,
    "submitted to a queue nobody reads": """
        queue = _core.CompletionQueue()
        for i in range(200):
            client.submit(queue, i, _requests.load(token))
    """,
    "closed while threads wait": """
        for _ in range(8):
            threading.Thread(target=forever, daemon=True).start()
        started.wait()
        client.close()
    """,
    "by os._exit, while threads wait": """
        for _ in range(8):
            threading.Thread(target=forever, daemon=True).start()
        started.wait()
        os._exit(0)
    """,
    "nothing was ever asked": "",
}


@pytest.mark.parametrize("what", EXITS)
def test_the_interpreter_ends_with_operations_in_flight(what: str, redis_server: RedisServer) -> None:
    program = """
        import asyncio, os, sys, threading
        import ficha
        from ficha import _core, _requests

        client = ficha.Client({"redis": {"url": sys.argv[1]}, "near_cache": {"enabled": False}})
        token = client.create("alice").token
        started = threading.Event()

        def forever():
            while True:
                try:
                    client.load(token)
                except ficha.FichaError:
                    pass
                started.set()
    """
    code = textwrap.dedent(program) + textwrap.dedent(EXITS[what])
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-X", "faulthandler", "-W", "ignore", "-c", code, redis_server.url],
            capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")


CALLS = {
    "load": "client.load(token)",
    "authorize": "client.authorize('GET', '/', [('Authorization', f'Bearer {token}')])",
    "create": "client.create('bob')",
}


@pytest.mark.parametrize("call", CALLS)
def test_a_signal_interrupts_a_call_that_waits_for_long(call: str, own_redis_server: RedisServer) -> None:
    program = """
        import signal, sys
        import ficha

        signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in what a shell has put into the background
        long = {"command_timeout": "20s", "operation_timeout": "40s"}
        redis = {"url": sys.argv[1], **long}
        client = ficha.Client({"redis": redis, "near_cache": {"enabled": False}, "rule": [{"path": "/**"}]})
        token = client.create("alice").token
        print("connected", flush=True)
        sys.stdin.readline()
        try:
            print("waiting", flush=True)
            CALL
        except KeyboardInterrupt:
            print("interrupted", flush=True)
    """
    code = textwrap.dedent(program).replace("CALL", CALLS[call])
    with subprocess.Popen(
        [sys.executable, "-c", code, own_redis_server.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "connected\n"
        assert own_redis_server.process is not None
        own_redis_server.process.send_signal(signal.SIGSTOP)
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "waiting\n"
        since = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "interrupted\n"
        assert time.monotonic() - since < 10
        own_redis_server.kill()
    assert process.returncode == 0


def test_a_subinterpreter_is_refused_and_the_main_one_goes_on() -> None:
    program = """
        import sys

        attempt = "try: import ficha\\nexcept ImportError as error: print(error, flush=True)"
        if sys.version_info >= (3, 13):
            import _interpreters
            _interpreters.exec(_interpreters.create("legacy"), attempt)
        else:
            import _xxsubinterpreters
            _xxsubinterpreters.run_string(_xxsubinterpreters.create(isolated=False), attempt)
        import ficha
        with ficha.Client("memory://") as client:
            print(client.load(client.create("alice").token).principal)
    """
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(program)],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert "subinterpreter" in done.stdout.splitlines()[0]
    assert done.stdout.splitlines()[1:] == ["alice"]
    assert done.returncode == 0


def test_no_memory_is_lost_over_many_calls(make_client: MakeClient) -> None:
    client = make_client()
    session = client.create("alice", {"cart": list(range(50))})
    token = str(session.token)
    headers = [("Cookie", f"__Host-ficha={token}")]

    def use() -> None:
        for _ in range(4000):
            loaded = client.load(token)
            assert loaded is not None
            _ = loaded.attributes, loaded.roles, loaded.attributes_json()
            _ = client.authorize("GET", "/", headers).session
        for _ in range(200):
            client.patch(session, set={"x": 1})
            client.load("x" * 3)
            with pytest.raises(ficha.InvalidArgument):
                client.patch("no id", set={})

    def resident_kib() -> int:
        with open("/proc/self/statm") as statm:
            return int(statm.read().split()[1]) * 4

    use()
    before = resident_kib()
    for _ in range(5):
        use()
    assert resident_kib() - before < 2048

"""The blocking client against a fake daemon."""

from __future__ import annotations

import os
import socket
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest
import trio

from aurad.client.blocking import Client, ConnectionLost, RemoteError
from aurad.client.shared import Shared
from aurad.serve import limits
from tests.client.fake_daemon import FILES, PLAN, FakeDaemon, Refusal, event
from tests.engine.toys import Gated
from tests.serve.edge import open_descriptors, open_edge


def test_call_and_error(fake: FakeDaemon) -> None:
    def refuse(params: object, fds: object) -> None:
        raise Refusal("E200-NO_JOB", "cannot find job x")

    fake.answers["jobs.get"] = refuse
    with Client(fake.path) as client:
        assert client.hello()["role"] == "admin"
        with pytest.raises(RemoteError) as caught:
            client.call("jobs.get", {"jobId": "x"})
    assert (caught.value.code, caught.value.detail) == ("E200-NO_JOB", "cannot find job x")
    assert (caught.value.remedy, caught.value.correlation_id) == ("do better", "corr-1")


def test_a_dry_run_is_a_plan(fake: FakeDaemon) -> None:
    fake.answers["jobs.submit"] = lambda params, fds: {"jobId": None, "position": None, "plan": PLAN}
    with Client(fake.path) as client:
        assert client.dry_run({"topic": "bees"}, preset="draft") == PLAN
    assert fake.named("jobs.submit") == [{"brief": {"topic": "bees"}, "preset": "draft", "dryRun": True}]


def test_files_cross_both_ways(fake: FakeDaemon, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"hello")
    with Client(fake.path) as client:
        asset = client.put_file(tmp_path / "a", "text/plain")
        assert fake.assets[asset["asset"]] == b"hello"
        assert fake.named("assets.put") == [{"size": 5, "mediaType": "text/plain"}]
        opened = client.open_artifact("cover.jpg")
        with os.fdopen(opened.fd, "rb") as file:
            assert file.read() == FILES["cover.jpg"]
        assert (opened.name, opened.size) == ("cover.jpg", 3)


def test_a_request_larger_than_the_socket_buffer(fake: FakeDaemon, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    with Client(fake.path) as client, (tmp_path / "a").open("rb") as file:
        client.call("assets.put", {"padding": "y" * 3_000_000}, fd=file.fileno())
    assert list(fake.assets.values()) == [b"x"]


def test_events_that_came_during_a_call_are_kept(fake: FakeDaemon) -> None:
    fake.events = [event("job-status"), event("warning"), event("job-cancelled")]
    with Client(fake.path) as client:
        subscription = client.subscribe(["a"], after="earliest")
        client.hello()
        stream = client.events(subscription, tick=0.01)
        assert [(next(stream) or {})["type"] for _ in range(3)] == ["job-status", "warning", "job-cancelled"]
        assert next(stream) is None
    assert fake.named("events.subscribe") == [{"after": "earliest", "jobs": ["a"]}]


def test_a_daemon_that_goes_is_noticed(fake: FakeDaemon) -> None:
    with Client(fake.path) as client:
        client.hello()
        stream = client.events("s1")
        fake.hang_up()
        with pytest.raises(ConnectionLost):
            next(stream)


def test_an_answer_that_never_comes_times_out(fake: FakeDaemon) -> None:
    may_end = threading.Event()
    fake.answers["rpc.ping"] = lambda params, fds: may_end.wait()
    with Client(fake.path) as client:
        with pytest.raises(TimeoutError):
            client.call("rpc.ping", timeout=0.01)
        may_end.set()


def test_nobody_listens(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Client(tmp_path / "no")


def crowded(path: Path, stack: ExitStack) -> socket.socket:
    """A listener nobody answers at, with as many callers in line as the kernel lets in."""
    listener = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
    listener.bind(str(path))
    listener.listen(0)
    while True:
        caller = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        caller.setblocking(False)
        try:
            caller.connect(str(path))
        except BlockingIOError:
            return listener


def test_a_full_backlog_is_waited_out(short_path: Path) -> None:
    with ExitStack() as stack:
        listener = crowded(short_path / "s", stack)

        def make_room() -> None:
            stack.enter_context(listener.accept()[0])

        later = threading.Timer(0.02, make_room)
        later.start()
        Client(short_path / "s").close()
        later.join()


def test_a_backlog_that_stays_full_is_an_error_in_time(short_path: Path) -> None:
    with ExitStack() as stack:
        crowded(short_path / "s", stack)
        with pytest.raises(TimeoutError, match="backlog stayed full"):
            Client(short_path / "s", timeout=0.03)


@pytest.mark.parametrize("kind", [Client, Shared])
def test_a_call_of_which_half_was_sent_in_time_is_the_last(short_path: Path, kind: type[Client]) -> None:
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        listener.bind(str(short_path / "s"))
        listener.listen()  # and nothing is ever read
        client = stack.enter_context(kind(short_path / "s"))
        with pytest.raises(TimeoutError):
            client.call("jobs.submit", {"brief": {"source": "x" * 4_000_000}}, timeout=0.05)
        with pytest.raises(ConnectionLost):
            client.call("rpc.ping", timeout=0.05)


async def test_calls_that_took_too_long_keep_no_later_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CALLS", 2)

    def use(client: Client) -> object:
        job = client.call("jobs.submit", {"brief": {"source": "One sentence."}})["jobId"]
        client.call("jobs.pause", {"jobId": job})
        for _ in range(3):
            with pytest.raises(TimeoutError):
                client.call("jobs.wait", {"jobId": job}, timeout=0.01)
        return client.call("rpc.ping")

    Gated.gate, Gated.reached = trio.Event(), trio.Event()
    async with open_edge(tmp_path, voice=("gated",)) as edge:
        assert await edge.with_client(use) == {"pong": True}


def test_a_file_that_came_too_late_is_not_taken_for_the_next(fake: FakeDaemon, short_path: Path) -> None:
    with Client(fake.path) as client:
        client.call("artifacts.open", {"artifactId": "script.json"})  # as if its answer had been given up
        with os.fdopen(client.open_artifact("cover.jpg").fd, "rb") as file:
            assert file.read() == FILES["cover.jpg"]
        client.hello()  # then the fake has closed what it sent
        assert open_descriptors(short_path / "store") == 0

"""One connection for many threads: to each its own answer, its own events, its own file; none keeps another."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from aurad.client import shared
from aurad.client.blocking import ConnectionLost, RemoteError
from aurad.client.shared import Shared
from tests.client.fake_daemon import FILES, FakeDaemon, Refusal, event


@pytest.fixture
def client(fake: FakeDaemon) -> Iterator[Shared]:
    with Shared(fake.path) as client:
        yield client


def test_each_thread_gets_its_own_answer(fake: FakeDaemon, client: Shared) -> None:
    fake.answers["rpc.echo"] = lambda params, fds: params["n"]
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(lambda n: client.call("rpc.echo", {"n": n}), range(200))) == [*range(200)]
    assert fake.accepted == 1


def test_each_thread_gets_its_own_file(client: Shared) -> None:
    def read(name: str) -> bytes:
        with os.fdopen(client.open_artifact(name).fd, "rb") as file:
            return file.read()

    with ThreadPoolExecutor(8) as pool:
        assert dict(zip(FILES, pool.map(read, FILES), strict=True)) == FILES


def test_each_subscription_gets_its_own_events(fake: FakeDaemon, client: Shared) -> None:
    fake.events = []
    first, second = client.subscribe(["a"]), client.subscribe(["b"])
    fake.tell(event("warning"))
    client.unsubscribe(first)
    fake.tell(event("job-completed"))
    events = client.events(second, tick=10)
    assert [(next(events) or {})["type"] for _ in range(2)] == ["warning", "job-completed"]
    assert next(client.events(second, tick=0)) is None
    assert fake.named("events.unsubscribe") == [{"subscription": first}]


def test_an_error_and_an_answer_that_is_late_are_the_callers_alone(fake: FakeDaemon, client: Shared) -> None:
    def refuse(params: object, fds: object) -> None:
        raise Refusal("E200-NO_JOB", "cannot find it")

    may_end = threading.Event()
    fake.answers |= {"rpc.slow": lambda params, fds: may_end.wait(), "rpc.no": refuse}
    with pytest.raises(TimeoutError, match=r"rpc\.slow"):
        client.call("rpc.slow", timeout=0.01)
    may_end.set()
    with pytest.raises(RemoteError, match="cannot find it"):
        client.call("rpc.no")
    assert fake.named("$/cancel") == [{"id": 1}]
    assert client.hello()["role"] == "admin"


def test_all_hear_that_the_daemon_goes(fake: FakeDaemon, client: Shared) -> None:
    fake.answers["rpc.slow"] = lambda params, fds: fake.hang_up()
    subscription = client.subscribe(after=0)
    with pytest.raises(ConnectionLost):
        client.call("rpc.slow")
    with pytest.raises(ConnectionLost):
        list(client.events(subscription))
    with pytest.raises(ConnectionLost, match="closed the connection"):
        client.call("rpc.ping")
    assert client.lost


def test_why_a_connection_is_refused_is_told(fake: FakeDaemon, client: Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said to nobody, before anything was read."""

    def refuse(connection: Any, request: dict[str, Any], fds: object) -> None:
        connection.sendall(b'{"jsonrpc":"2.0","id":null,"error":{"code":-32012,"message":"too many"}}\n')

    monkeypatch.setattr(fake, "_reply", refuse)
    with pytest.raises(RemoteError, match="too many"):
        client.call("rpc.ping")


def test_who_reads_no_events_is_given_up_and_keeps_nobody(
    fake: FakeDaemon, client: Shared, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "WAITING", 2)
    subscription = client.subscribe()
    for _ in range(4):
        fake.tell(event("warning"))
    assert client.hello()["role"] == "admin"
    events = client.events(subscription)
    assert [next(events), next(events)]
    with pytest.raises(ConnectionLost, match="more came than were read"):
        next(events)


def test_descriptors_that_nobody_took_are_closed_with_it(fake: FakeDaemon, short_path: Path) -> None:
    with Shared(fake.path) as client:
        client.call("artifacts.open", {"artifactId": "script.json"})
        (left,) = client._descriptors
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(left)

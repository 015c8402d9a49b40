"""Fan-out: every reader gets everything of its own in order, stalls cost nothing, who is left behind is told."""

from __future__ import annotations

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from aurad.engine.hub import Behind, Hub, Published, Reader

JOBS = ("a-1", "a-2", "a-3")


def event(seq: int, job_id: str = "a-1") -> Published:
    return Published(seq, job_id, "job-status", b"{}")


def publish(hub: Hub, number: int, job_id: str = "a-1") -> None:
    for _ in range(number):
        hub.publish(event(hub.last + 1, job_id))


@given(st.integers(0, 50), st.integers(1, 10), st.integers(0, 40), st.integers(0, 95))
def test_a_reader_gets_all_that_came_or_is_told_that_it_cannot(last: int, size: int, number: int, seq: int) -> None:
    hub = Hub(last, size=size)
    publish(hub, number)
    try:
        got = [event.seq for event in hub.after(seq)]
    except Behind:
        assert seq < last or seq < hub.last - size
    else:
        assert got == list(range(seq + 1, last + number + 1))


@given(st.integers(1, 10), st.lists(st.sampled_from(JOBS), max_size=40), st.frozensets(st.sampled_from(JOBS)))
def test_of_some_jobs_it_gets_what_all_readers_get_of_them(size: int, order: list[str], jobs: frozenset[str]) -> None:
    hub = Hub(0, size=size)
    for job in order:
        publish(hub, 1, job)
    for seq in range(hub.oldest - 1, hub.last + 1):
        assert hub.after(seq, jobs) == [event for event in hub.after(seq) if event.job_id in jobs]
    assert sum(map(len, hub._recent.values())) == min(size, len(order))


async def test_readers_wait_for_news_and_are_woken_together(nursery: trio.Nursery) -> None:
    hub, got = Hub(0), list[list[int]]()

    async def read() -> None:
        got.append([event.seq for event in await Reader(hub, 0).wait()])

    for _ in range(3):
        nursery.start_soon(read)
    await trio.testing.wait_all_tasks_blocked()
    assert got == []
    assert hub.statistics().waiting == 3
    publish(hub, 5)  # before anybody runs
    await trio.testing.wait_all_tasks_blocked()
    assert got == [[1, 2, 3, 4, 5]] * 3
    assert hub.statistics() == (1, 5, 0)


async def test_only_readers_of_the_job_and_of_all_are_woken(nursery: trio.Nursery) -> None:
    hub, woken, got = Hub(0), list[str](), list[str]()

    async def read(name: str, jobs: frozenset[str] | None) -> None:
        class Counted(Reader):
            def wake(self, seq: int) -> None:
                woken.append(name)
                super().wake(seq)

        reader = Counted(hub, 0, jobs)
        while True:
            reader.cursor = (await reader.wait())[-1].seq
            got.append(name)

    nursery.start_soon(read, "one", frozenset({"a-1"}))
    nursery.start_soon(read, "both", frozenset({"a-1", "a-2"}))
    nursery.start_soon(read, "all", None)
    for job_id, expected in (("a-1", ["all", "both", "one"]), ("a-2", ["all", "both"]), ("a-3", ["all"])):
        await trio.testing.wait_all_tasks_blocked()
        publish(hub, 3, job_id)
        await trio.testing.wait_all_tasks_blocked()
        assert sorted(woken) == sorted(got) == expected
        woken.clear()
        got.clear()


async def test_a_cursor_does_not_age_while_other_jobs_are_busy(nursery: trio.Nursery) -> None:
    """Whatever it slept through was of no concern: the ring may forget it."""
    hub, got = Hub(0, size=4), list[int]()

    async def read() -> None:
        got.extend(event.seq for event in await Reader(hub, 0, frozenset({"a-1"})).wait())

    nursery.start_soon(read)
    await trio.testing.wait_all_tasks_blocked()
    publish(hub, 100, "a-2")
    publish(hub, 1, "a-1")
    publish(hub, 1, "a-2")
    await trio.testing.wait_all_tasks_blocked()
    assert got == [101]


async def test_a_cancelled_wait_loses_nothing_and_has_looked_at_all(nursery: trio.Nursery) -> None:
    hub = Hub(0)
    reader = Reader(hub, 0, frozenset({"a-1"}))

    async def wait(scope: trio.CancelScope) -> None:
        with scope:
            await reader.wait()

    scope = trio.CancelScope()
    nursery.start_soon(wait, scope)
    await trio.testing.wait_all_tasks_blocked()
    publish(hub, 7, "a-2")
    scope.cancel()
    publish(hub, 1, "a-1")
    await trio.testing.wait_all_tasks_blocked()
    assert hub.statistics().waiting == 0
    assert reader.cursor == 7
    assert [event.seq for event in await reader.wait()] == [8]


async def test_a_cursor_of_another_journal_never_waits() -> None:
    with pytest.raises(Behind):
        await Reader(Hub(7), 8).wait()


async def test_what_was_before_this_boot_is_not_in_the_ring() -> None:
    hub = Hub(7)
    publish(hub, 1)
    assert [event.seq for event in await Reader(hub, 7).wait()] == [8]
    with pytest.raises(Behind):
        await Reader(hub, 6).wait()


def test_numbers_have_no_holes() -> None:
    with pytest.raises(AssertionError):
        Hub(0).publish(event(2))


def test_a_frame_is_made_once() -> None:
    one = Published(7, "a-1", "job-status", b'{"seq":7}')
    assert one.frame("e1") == b'id: e1-7\nevent: job-status\ndata: {"seq":7}\n\n'
    assert one.frame("e1") is one.frame("e1")

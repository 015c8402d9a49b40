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


class Taker:
    """A reader that takes events without being woken as long as it has room; whatever wakes it is noted."""

    def __init__(self, hub: Hub, jobs: frozenset[str] | None = None) -> None:
        self.reader, self.taken, self.woken, self.room = Reader(hub, hub.last, jobs), list[int](), list[list[int]](), 99
        self.reader.push = self._push

    def _push(self, events: list[Published]) -> bool:
        if self.room < len(events):
            return False
        self.room -= len(events)
        self.taken += [event.seq for event in events]
        return True

    async def read(self) -> None:
        while True:
            events = await self.reader.wait()
            self.reader.nudged = False
            self.woken.append([event.seq for event in events])
            self.reader.cursor = max([self.reader.cursor, *self.woken[-1]])


async def asleep(hub: Hub, nursery: trio.Nursery, jobs: frozenset[str] | None = None) -> Taker:
    taker = Taker(hub, jobs)
    nursery.start_soon(taker.read)
    await trio.testing.wait_all_tasks_blocked()
    return taker


async def test_who_takes_news_at_once_is_not_woken(nursery: trio.Nursery) -> None:
    hub = Hub(0)
    everything, one = await asleep(hub, nursery), await asleep(hub, nursery, frozenset(["a-2"]))
    for job in ("a-1", "a-2", "a-1", "a-2"):
        publish(hub, 1, job)
    assert everything.taken == []  # until all that was committed together is there
    hub.deliver()
    publish(hub, 1)
    hub.deliver()
    hub.deliver()
    await trio.testing.wait_all_tasks_blocked()
    assert (everything.taken, one.taken) == ([1, 2, 3, 4, 5], [2, 4])
    assert everything.woken == one.woken == []
    assert (everything.reader.cursor, one.reader.cursor) == (5, 4)


async def test_what_is_not_taken_wakes_the_task_with_all_of_it(nursery: trio.Nursery) -> None:
    hub = Hub(0)
    taker = await asleep(hub, nursery)
    taker.room = 2
    for number in (1, 2, 1):
        publish(hub, number)
        hub.deliver()
        await trio.testing.wait_all_tasks_blocked()
    assert (taker.taken, taker.woken) == ([1, 4], [[2, 3]])


async def test_the_last_event_of_a_job_is_its_tasks_business(nursery: trio.Nursery) -> None:
    hub = Hub(0)
    taker = await asleep(hub, nursery)
    publish(hub, 1)
    hub.publish(Published(2, "a-1", "job-completed", b"{}", last=True))
    hub.deliver()
    await trio.testing.wait_all_tasks_blocked()
    assert (taker.taken, taker.woken) == ([], [[1, 2]])


async def test_a_nudge_wakes_without_news(nursery: trio.Nursery) -> None:
    hub = Hub(0)
    taker = await asleep(hub, nursery)
    room = taker._push

    def take_and_nudge(events: list[Published]) -> bool:
        taker.reader.nudged = True
        return room(events)

    taker.reader.push = take_and_nudge
    publish(hub, 2)
    hub.deliver()
    await trio.testing.wait_all_tasks_blocked()
    assert (taker.taken, taker.woken) == ([1, 2], [[]])
    publish(hub, 1)
    hub.deliver()
    assert taker.taken == [1, 2, 3]


async def test_whoever_is_cancelled_before_delivery_has_lost_nothing() -> None:
    hub = Hub(0)
    async with trio.open_nursery() as nursery:
        taker = await asleep(hub, nursery)
        publish(hub, 3)
        nursery.cancel_scope.cancel()
        hub.deliver()
    assert taker.taken == []
    assert [event.seq for event in taker.reader.look()] == [1, 2, 3]


async def test_whoever_is_cancelled_by_a_delivery_did_not_get_it() -> None:
    hub = Hub(0)
    async with trio.open_nursery() as nursery:
        taker = await asleep(hub, nursery)

        def break_off(events: list[Published]) -> bool:
            nursery.cancel_scope.cancel()
            return False

        taker.reader.push = break_off
        publish(hub, 3)
        hub.deliver()
    assert [event.seq for event in taker.reader.look()] == [1, 2, 3]


async def test_whom_the_ring_left_behind_before_delivery_is_woken_and_told(nursery: trio.Nursery) -> None:
    hub = Hub(0, size=4)
    reader = Reader(hub, 0)
    reader.push = lambda events: True
    told = trio.Event()

    async def read() -> None:
        with pytest.raises(Behind):
            await reader.wait()
        told.set()

    nursery.start_soon(read)
    await trio.testing.wait_all_tasks_blocked()
    publish(hub, 9)
    hub.deliver()
    await told.wait()

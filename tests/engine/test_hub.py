"""Fan-out: every reader gets everything in order, stalls cost nothing, and who is left behind is told."""

from __future__ import annotations

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from aurad.engine.hub import Behind, Hub, Published


def event(seq: int) -> Published:
    return Published(seq, "a-1", "job-status", b"{}")


def publish(hub: Hub, number: int) -> None:
    for _ in range(number):
        hub.publish(event(hub.last + 1))


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


async def test_readers_wait_for_news_and_are_woken_together(nursery: trio.Nursery) -> None:
    hub, got = Hub(0), list[list[int]]()

    async def read() -> None:
        got.append([event.seq for event in await hub.wait_after(0)])

    for _ in range(3):
        nursery.start_soon(read)
    await trio.testing.wait_all_tasks_blocked()
    assert got == []
    publish(hub, 5)  # before anybody runs
    await trio.testing.wait_all_tasks_blocked()
    assert got == [[1, 2, 3, 4, 5]] * 3


async def test_a_cursor_of_another_journal_never_waits() -> None:
    with pytest.raises(Behind):
        await Hub(7).wait_after(8)


async def test_what_was_before_this_boot_is_not_in_the_ring() -> None:
    hub = Hub(7)
    publish(hub, 1)
    assert [event.seq for event in await hub.wait_after(7)] == [8]
    with pytest.raises(Behind):
        await hub.wait_after(6)


def test_numbers_have_no_holes() -> None:
    with pytest.raises(AssertionError):
        Hub(0).publish(event(2))

"""Slots shared fairly, and single flight: equal tasks under way are one, for as long as somebody wants them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from aurad.engine.schedule import Flight, Flights, Slots, Waiter

settled = trio.testing.wait_all_tasks_blocked


class Crowd:
    """Tasks that hold slots until they are told to go. `order` is the order in which they got theirs."""

    def __init__(self, nursery: trio.Nursery, slots: Slots) -> None:
        self._nursery, self._slots = nursery, slots
        self.order: list[str] = []
        self._go: dict[str, trio.Event] = {}
        self._scopes: dict[str, trio.CancelScope] = {}

    async def join(
        self, name: str, *slots: str, owner: str = "", urgency: float | Callable[[], float] = 5, order: float = 0
    ) -> None:
        self._go[name], self._scopes[name] = trio.Event(), trio.CancelScope()
        asked = urgency if callable(urgency) else lambda: float(urgency)
        self._nursery.start_soon(self._hold, name, slots or ("cpu",), owner or name, lambda: (asked(), order))
        await settled()  # in the order of calls

    async def _hold(self, name: str, slots: tuple[str, ...], owner: str, rank: Any) -> None:
        with self._scopes[name]:
            async with self._slots.hold(slots, [owner], rank):
                self.order.append(name)
                await self._go[name].wait()

    async def leave(self, *names: str) -> None:
        for name in names:
            self._go[name].set()
            await settled()

    async def cancel(self, name: str) -> None:
        self._scopes[name].cancel()
        await settled()


async def test_no_more_than_there_is(nursery: trio.Nursery) -> None:
    crowd = Crowd(nursery, Slots({"cpu": 2}))
    for name in "abc":
        await crowd.join(name)
    assert crowd.order == ["a", "b"]
    await crowd.leave("b")
    assert crowd.order == ["a", "b", "c"]
    await crowd.leave("a", "c")


async def test_the_urgent_first_then_who_holds_least_then_the_own_order(nursery: trio.Nursery) -> None:
    crowd = Crowd(nursery, Slots({"cpu": 2}))
    await crowd.join("big 1", owner="big")
    await crowd.join("big 2", owner="big")
    await crowd.join("big 4", owner="big", order=4)
    await crowd.join("big 3", owner="big", order=3)
    await crowd.join("small", owner="small", order=9)
    await crowd.join("urgent", owner="big", urgency=1, order=99)
    await crowd.leave("big 1", "big 2", "urgent", "small", "big 3", "big 4")
    assert crowd.order == ["big 1", "big 2", "urgent", "small", "big 3", "big 4"]


async def test_what_is_waited_for_is_told(nursery: trio.Nursery) -> None:
    slots = Slots({"cpu": 1, "worker:voice": 1})
    crowd = Crowd(nursery, slots)
    await crowd.join("holds", "cpu", "worker:voice")
    assert not slots.awaited("worker:voice")
    await crowd.join("waits", "cpu", "worker:voice")
    assert slots.awaited("worker:voice")
    await crowd.leave("holds")
    assert not slots.awaited("worker:voice")
    await crowd.leave("waits")


async def test_urgency_is_asked_anew(nursery: trio.Nursery) -> None:
    crowd, urgency = Crowd(nursery, Slots({"cpu": 1})), {"late": 9.0}
    await crowd.join("first")
    await crowd.join("usual")
    await crowd.join("late", urgency=lambda: urgency["late"])
    urgency["late"] = 1
    await crowd.leave("first", "late", "usual")
    assert crowd.order == ["first", "late", "usual"]


async def test_all_that_is_named_or_nothing(nursery: trio.Nursery) -> None:
    """Whoever waits for two holds none of them meanwhile."""
    slots = Slots({"cpu": 1, "gpu": 1})
    slots.add("gpu", 99)  # known already
    crowd = Crowd(nursery, slots)
    await crowd.join("cpu")
    await crowd.join("both", "cpu", "gpu")
    await crowd.join("gpu", "gpu")
    assert crowd.order == ["cpu", "gpu"]
    await crowd.leave("cpu")
    assert crowd.order == ["cpu", "gpu"]
    await crowd.leave("gpu", "both")
    assert crowd.order == ["cpu", "gpu", "both"]


@pytest.mark.parametrize("who", ["holds", "waits"])
async def test_who_is_cancelled_gives_back(nursery: trio.Nursery, who: str) -> None:
    crowd = Crowd(nursery, Slots({"cpu": 1}))
    for name in ("holds", "waits", "next"):
        await crowd.join(name)
    await crowd.cancel(who)
    await crowd.leave(*({"holds", "waits"} - {who}))
    assert crowd.order[-1] == "next"
    await crowd.leave("next")
    await crowd.join("again")
    assert crowd.order[-1] == "again"
    await crowd.leave("again")


async def test_a_slot_granted_to_somebody_who_is_cancelled_meanwhile_is_not_lost(nursery: trio.Nursery) -> None:
    crowd = Crowd(nursery, Slots({"cpu": 1}))
    for name in ("holds", "waits", "next"):
        await crowd.join(name)
    crowd._go["holds"].set()
    crowd._scopes["waits"].cancel()
    await settled()
    await crowd.leave("next")
    assert "next" in crowd.order


async def test_once_closed_nobody_gets_anything_and_the_last_to_give_back_is_waited_for(nursery: trio.Nursery) -> None:
    slots = Slots({"cpu": 1})
    crowd, closed = Crowd(nursery, slots), list[str]()
    await crowd.join("a")
    await crowd.join("b")

    async def close() -> None:
        await slots.close()
        closed.append("closed")

    nursery.start_soon(close)
    await settled()
    assert not closed
    await crowd.leave("a")
    assert (crowd.order, closed) == (["a"], ["closed"])
    await close()
    nursery.cancel_scope.cancel()


@given(st.lists(st.tuples(st.sampled_from(["cpu", "gpu"]), st.integers(1, 10), st.sampled_from("xy")), max_size=12))
def test_everybody_gets_a_turn_and_never_too_many(asked: list[tuple[str, int, str]]) -> None:
    async def main() -> None:
        slots, holding, turns = Slots({"cpu": 2, "gpu": 1}), {"cpu": 0, "gpu": 0}, list[int]()

        async def one(number: int, name: str, urgency: int, owner: str) -> None:
            async with slots.hold([name], [owner], lambda: (float(urgency), float(number))):
                holding[name] += 1
                assert holding["cpu"] <= 2
                assert holding["gpu"] <= 1
                turns.append(number)
                await trio.lowlevel.checkpoint()
                holding[name] -= 1

        async with trio.open_nursery() as nursery:
            for number, (name, urgency, owner) in enumerate(asked):
                nursery.start_soon(one, number, name, urgency, owner)
        assert sorted(turns) == list(range(len(asked)))

    trio.run(main)


# ------------------------------------------------------------ flights


class Sky:
    """Flights of one body, and the waiters' news."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self.flights, self.runs, self.gone = Flights(nursery), 0, 0
        self.nursery, self.go, self.flight = nursery, trio.Event(), Flight()
        self.slow_end: trio.Event | None = None
        self.got: dict[str, Any] = {}
        self.heard: dict[str, list[Any]] = {}
        self.scopes: dict[str, trio.CancelScope] = {}
        self.error: Exception | None = None

    async def body(self, flight: Flight) -> str:
        self.runs += 1
        self.flight = flight
        flight.emit("started", 1)
        try:
            await self.go.wait()
        finally:
            if self.slow_end is not None:
                with trio.CancelScope(shield=True):
                    await self.slow_end.wait()
            self.gone += 1
        if self.error:
            raise self.error
        return "result"

    async def want(self, name: str, digest: str = "d", *, urgency: float = 5) -> None:
        self.heard[name], self.scopes[name] = [], trio.CancelScope()
        waiter = Waiter(
            lambda: (urgency,), lambda kind, news: self.heard[name].append((kind, news)), lambda: None, set()
        )
        self.nursery.start_soon(self._wait, name, digest, waiter)
        await settled()

    async def _wait(self, name: str, digest: str, waiter: Waiter) -> None:
        with self.scopes[name]:
            try:
                self.got[name] = await self.flights.join(digest, waiter, self.body)
            except ValueError as error:
                self.got[name] = error
        self.got.setdefault(name, "cancelled")


@pytest.fixture
def sky(nursery: trio.Nursery) -> Sky:
    return Sky(nursery)


async def test_equal_tasks_run_once_for_all(sky: Sky) -> None:
    for name in "abc":
        await sky.want(name)
    await sky.want("other", "e")
    sky.go.set()
    await settled()
    assert sky.runs == 2
    assert sky.got == dict.fromkeys(["a", "b", "c", "other"], "result")


async def test_what_has_landed_is_run_again_when_asked_again(sky: Sky) -> None:
    sky.go.set()
    await sky.want("a")
    await sky.want("b")
    assert sky.runs == 2


async def test_an_error_is_everybodys(sky: Sky) -> None:
    sky.error = ValueError("no")
    await sky.want("a")
    await sky.want("b")
    sky.go.set()
    await settled()
    assert sky.got == {"a": sky.error, "b": sky.error}


async def test_a_flight_goes_on_while_somebody_waits(sky: Sky) -> None:
    await sky.want("a")
    await sky.want("b")
    sky.scopes["a"].cancel()
    await settled()
    assert sky.gone == 0
    sky.go.set()
    await settled()
    assert sky.got == {"a": "cancelled", "b": "result"}


async def test_the_last_to_leave_takes_it_down_and_waits_until_it_is(sky: Sky) -> None:
    sky.slow_end = trio.Event()
    await sky.want("a")
    sky.scopes["a"].cancel()
    await settled()
    assert sky.got == {}
    sky.slow_end.set()
    await settled()
    assert (sky.got, sky.gone) == ({"a": "cancelled"}, 1)


async def test_who_comes_while_it_goes_down_gets_a_new_one(sky: Sky) -> None:
    sky.slow_end = trio.Event()
    await sky.want("a")
    sky.scopes["a"].cancel()
    await settled()
    await sky.want("b")
    assert sky.runs == 2
    sky.go.set()
    sky.slow_end.set()
    await settled()
    assert sky.got == {"a": "cancelled", "b": "result"}
    await sky.want("c")
    assert sky.got["c"] == "result"


async def test_it_is_as_urgent_as_the_most_urgent_of_those_who_wait(sky: Sky) -> None:
    await sky.want("a", urgency=5)
    assert sky.flight.rank() == (5,)
    await sky.want("b", urgency=2)
    assert sky.flight.rank() == (2,)
    sky.scopes["b"].cancel()
    await settled()
    assert sky.flight.rank() == (5,)
    sky.go.set()


async def test_who_joins_late_is_told_that_it_has_begun(sky: Sky) -> None:
    await sky.want("a")
    sky.flight.emit("progress", 0.5)
    await sky.want("b")
    sky.flight.emit("progress", 0.7)
    assert sky.heard["a"] == [("started", 1), ("progress", 0.5), ("progress", 0.7)]
    assert sky.heard["b"] == [("started", 1), ("progress", 0.7)]
    sky.go.set()

"""Subscriptions: exact replay over restarts, gaps that are told, who sees what, and readers the ring left behind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
import trio.testing

from aurad.engine.hub import Hub
from aurad.model.errors import AuradError
from aurad.model.event import Owner
from aurad.serve import limits
from aurad.serve.access import Caller
from aurad.serve.subscriptions import Subscribe, Subscriptions, Unsubscribe
from tests.engine.house import ME, House, open_house
from tests.serve.edge import PATIENCE, somebody

ADMIN = somebody("admin", uid=0)
OTHER = Owner(uid=2000, name="other")


class Listener:
    """A connection's subscriptions, and all that they told."""

    def __init__(self, nursery: trio.Nursery, house: House, caller: Caller) -> None:
        self.all = Subscriptions(nursery, house.engine, caller, self)
        self.told: list[tuple[str, Any]] = []
        self._news = trio.Event()
        self.crowded, self.room = False, trio.Event()

    async def wait_room(self) -> None:
        await self.room.wait()
        self.crowded = False

    async def notify(self, method: str, params: object) -> None:
        await trio.lowlevel.checkpoint()
        self.told.append((method, msgspec.json.decode(msgspec.json.encode(params))))
        news, self._news = self._news, trio.Event()
        news.set()

    async def subscribe(self, **params: Any) -> dict[str, Any]:
        return msgspec.to_builtins(await self.all.add(msgspec.convert(params, Subscribe)))

    async def wait_told(self, number: int) -> None:
        with trio.fail_after(PATIENCE):
            while len(self.told) < number:
                await self._news.wait()

    @property
    def seqs(self) -> list[int]:
        return [params["event"]["seq"] for method, params in self.told if method == "events.event"]


@asynccontextmanager
async def listening(house: House, caller: Caller = ADMIN) -> AsyncIterator[Listener]:
    async with trio.open_nursery() as nursery:
        yield Listener(nursery, house, caller)
        nursery.cancel_scope.cancel()


async def settled(listener: Listener) -> list[int]:
    """What was told once nothing more comes."""
    await trio.testing.wait_all_tasks_blocked(0.02)
    return listener.seqs


async def all_seqs(house: House) -> list[int]:
    return [row[0] for row in await house.engine._journal.read("SELECT seq FROM events ORDER BY seq")]


async def make_two(folder: Path) -> int:
    """Two jobs, then the daemon ends; gives the last number."""
    async with open_house(folder) as house:
        await house.make("One sentence.")
        await house.make("Another sentence.")
        return house.engine.events.hub.last


async def test_replay_from_the_earliest_is_exact_over_a_restart(tmp_path: Path) -> None:
    last = await make_two(tmp_path)
    async with open_house(tmp_path) as house, listening(house) as listener:
        answer = await listener.subscribe(after="earliest")
        await listener.wait_told(last)
        assert answer["lastSeq"] == last
        assert listener.seqs == await all_seqs(house) == list(range(1, last + 1))
        await house.make("A third sentence.")
        await listener.wait_told(house.engine.events.hub.last)
        assert await settled(listener) == list(range(1, house.engine.events.hub.last + 1))


@pytest.mark.parametrize("back", [1, 7, 20])
async def test_replay_from_a_number_is_exact_over_a_restart(tmp_path: Path, back: int) -> None:
    last = await make_two(tmp_path)
    async with open_house(tmp_path) as house, listening(house) as listener:
        await listener.subscribe(after=last - back)
        await listener.wait_told(back)
        await house.make("A third sentence.")
        end = house.engine.events.hub.last
        await listener.wait_told(end - last + back)
        assert await settled(listener) == list(range(last - back + 1, end + 1))
        assert {method for method, _ in listener.told} == {"events.event"}


async def test_without_a_cursor_only_what_comes_is_told(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house, listening(house) as listener:
        await house.make("One sentence.")
        first = await listener.subscribe()
        await house.make("Another sentence.")
        assert (await settled(listener))[0] == first["lastSeq"] + 1


async def test_only_who_goes_on_does_without_a_job_that_is_gone(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house, listening(house) as listener:
        jobs = [(await house.make("One sentence.")).job_id, "a-gone"]
        with pytest.raises(AuradError, match="cannot find job 'a-gone'"):
            await listener.subscribe(jobs=jobs)
        assert await listener.subscribe(jobs=jobs, after=0)


async def test_the_events_of_a_job_are_dense_and_end_with_its_end(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house, listening(house) as listener:
        jobs = [await house.submit(f"Job {n} speaks. And goes on.") for n in range(3)]
        await listener.subscribe(jobs=jobs[:1], after="earliest")
        for job in jobs:
            await house.engine.jobs.wait(job)
        await settled(listener)
        assert listener.told[-1] == ("events.ended", {"subscription": "s1"})
        events = [params["event"] for _, params in listener.told[:-1]]
        assert {event["jobId"] for event in events} == {jobs[0]}
        assert [event["jobSeq"] for event in events] == list(range(1, len(events) + 1))
        assert [event["type"] for event in events if event["type"].startswith("job-c")] == ["job-completed"]
        assert events[-1]["type"] == "job-completed"


async def test_types_can_be_chosen(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house, listening(house) as listener:
        await listener.subscribe(types=["artifact", "job-completed"])
        await house.make("One sentence.")
        await settled(listener)
        assert {params["event"]["type"] for _, params in listener.told} == {"artifact", "job-completed"}


async def test_a_cursor_of_the_future_is_told_and_then_followed_from_now(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house, listening(house) as listener:
        await house.make("One sentence.")
        last = house.engine.events.hub.last
        await listener.subscribe(after=last + 1000)
        await listener.wait_told(2)
        (method, params), (then, snapshot) = listener.told
        assert (method, params["requested"], params["oldest"]) == ("events.gap", last + 1000, 1)
        assert (then, snapshot["lastSeq"], len(snapshot["jobs"]), snapshot["leftOut"]) == (
            "events.snapshot",
            last,
            1,
            0,
        )
        await house.make("Another sentence.")
        assert (await settled(listener))[0] == last + 1


async def test_a_number_that_is_not_published_yet_is_no_gap(tmp_path: Path) -> None:
    """A job's view may already tell the number of an event that is still on its way to the disk."""
    async with open_house(tmp_path) as house, listening(house) as listener:
        job = await house.engine.jobs.submit({"brief": {"source": "One sentence."}, "settings": {}}, ME, "")
        view = await house.engine.jobs.get(job.view.job_id)
        await listener.subscribe(after=view.last_seq)
        await house.engine.jobs.wait(job.view.job_id)
        assert (await settled(listener))[0] == view.last_seq + 1
        assert {method for method, _ in listener.told} == {"events.event"}


async def test_what_was_pruned_is_told_and_the_jobs_that_are_left(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        first = await house.make("One sentence.")
        await house.make("Another sentence.")
        await house.engine._journal.commit(
            lambda connection: connection.execute("DELETE FROM jobs WHERE job_id = ?", (first.job_id,))
        )
        left = await all_seqs(house)
    async with open_house(tmp_path) as house, listening(house) as listener:
        await listener.subscribe(after=1)
        await listener.wait_told(2)
        assert (listener.told[0][0], listener.told[0][1]["oldest"]) == ("events.gap", left[0])
        assert [job["lastSeq"] for job in listener.told[1][1]["jobs"]] == [left[-1]]
        assert await settled(listener) == []


async def test_a_reader_of_a_journal_without_events_waits(tmp_path: Path) -> None:
    """Everything was pruned: it must neither miss what comes nor look again and again."""
    last = await make_two(tmp_path)
    async with open_house(tmp_path) as house, listening(house) as listener:
        await house.engine._journal.commit(lambda connection: connection.execute("DELETE FROM jobs"))
        await listener.subscribe(after="earliest")
        with trio.fail_after(PATIENCE):
            await trio.testing.wait_all_tasks_blocked(0.02)
        await house.make("A third sentence.")
        assert await settled(listener) == list(range(last + 1, house.engine.events.hub.last + 1))


async def test_a_reader_behind_the_ring_reads_on_from_the_journal(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house, listening(house) as listener:
        house.engine.events.hub = Hub(0, size=4)
        await listener.subscribe(after="earliest")
        await house.make("One sentence. And another.")
        await listener.wait_told(house.engine.events.hub.last)
        assert await settled(listener) == list(range(1, house.engine.events.hub.last + 1))


async def test_unsubscribing_ends_it_and_only_it(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house, listening(house) as listener:
        first, second = [(await listener.subscribe())["subscription"] for _ in range(2)]  # at once: none has begun
        listener.all.remove(Unsubscribe(subscription=first))
        await house.make("One sentence.")
        await settled(listener)
        assert {params["subscription"] for _, params in listener.told} == {second}
        with pytest.raises(AuradError, match=first):
            listener.all.remove(Unsubscribe(subscription=first))


async def test_many_subscriptions_and_one_too_many(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house, listening(house) as listener:
        names = {(await listener.subscribe())["subscription"] for _ in range(limits.SUBSCRIPTIONS)}
        with pytest.raises(AuradError, match="64 subscriptions") as caught:
            await listener.subscribe()
        assert caught.value.code == "E205-LIMIT"
        await house.make("One sentence.")
        last = house.engine.events.hub.last
        await listener.wait_told(last * len(names))
        assert {params["subscription"] for _, params in listener.told} == names
        assert len(listener.told) == last * len(names)


async def test_others_see_only_their_own_jobs(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house, listening(house, somebody("operate", ME.uid)) as listener:
        await listener.subscribe(after="earliest")
        mine = await house.make("One sentence.")
        theirs = await house.engine.jobs.submit({"brief": {"source": "Another."}, "settings": {}}, OTHER, "")
        await house.engine.jobs.wait(theirs.view.job_id)
        await settled(listener)
        assert {params["event"]["jobId"] for _, params in listener.told} == {mine.job_id}
        with pytest.raises(AuradError) as caught:
            await listener.subscribe(jobs=[theirs.view.job_id])
        assert caught.value.code == "E200-NO_JOB"


@pytest.mark.parametrize("role", ["read", "admin"])
async def test_an_unknown_job_is_named(tmp_path: Path, role: Any) -> None:
    async with open_house(tmp_path) as house, listening(house, somebody(role)) as listener:
        with pytest.raises(AuradError, match="a-nobody"):
            await listener.subscribe(jobs=["a-nobody"])


async def test_a_reader_that_stalls_holds_nobody_up(tmp_path: Path) -> None:
    class Never(Listener):
        async def notify(self, method: str, params: object) -> None:
            await trio.sleep_forever()

    async with open_house(tmp_path) as house, trio.open_nursery() as nursery:
        stalled = Never(nursery, house, ADMIN)
        await stalled.subscribe(after="earliest")
        view = await house.make("One sentence.")
        assert view.status.value == "Succeeded"
        nursery.cancel_scope.cancel()


async def test_who_does_not_read_is_told_what_live_events_were_passed_over(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house, listening(house) as listener:
        await listener.subscribe()
        first = await house.make("One sentence.")
        await listener.wait_told(first.last_seq)
        listener.crowded = True
        second = await house.make("Another sentence.")
        assert await settled(listener) == list(range(1, first.last_seq + 1))
        listener.room.set()
        await listener.wait_told(first.last_seq + 1)
        lagged = {"subscription": "s1", "from": first.last_seq + 1, "to": second.last_seq}
        assert listener.told[-1] == ("events.lagged", lagged)
        third = await house.make("A third sentence.")
        assert (await settled(listener))[first.last_seq :] == list(range(second.last_seq + 1, third.last_seq + 1))


async def test_history_waits_for_who_does_not_read(tmp_path: Path) -> None:
    last = await make_two(tmp_path)
    async with open_house(tmp_path) as house, listening(house) as listener:
        listener.crowded = True
        await listener.subscribe(after="earliest")
        await listener.wait_told(last)
        assert listener.seqs == list(range(1, last + 1))


async def test_the_id_of_another_journal_is_a_gap(tmp_path: Path) -> None:
    last = await make_two(tmp_path)
    async with open_house(tmp_path) as house, listening(house) as listener:
        await listener.subscribe(after="00000000-1")
        await listener.subscribe(after=f"{house.engine.epoch}-{last - 1}")
        await listener.wait_told(3)
        assert await settled(listener) == [last]
        assert [params["requested"] for method, params in listener.told if method == "events.gap"] == ["00000000-1"]

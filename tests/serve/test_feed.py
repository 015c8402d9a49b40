"""Feeds: nothing is lost between a snapshot or a cursor and what comes, gaps are told, each sees its own."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
import trio.testing

from aurad.engine import listing, logfiles
from aurad.engine.hub import Hub, Published
from aurad.engine.logfiles import Piece, Spoken
from aurad.model.errors import AuradError
from aurad.model.event import Owner
from aurad.serve.access import Caller
from aurad.serve.feed import TYPES, After, Feed, Filter, Foreign, Gap, Snapshot, parse_cursor
from tests.engine.house import ME, House, open_house
from tests.engine.toys import Gated
from tests.serve.edge import PATIENCE, somebody

ADMIN = somebody("admin", uid=0)
OTHER = Owner(uid=2000, name="other")


def feed(house: House, after: After = None, caller: Caller = ADMIN, **wanted: Any) -> Feed:
    return Feed(house.engine, caller, Filter(**wanted), after)


async def batch(feed: Feed) -> list[Any]:
    with trio.fail_after(PATIENCE):
        return await anext(feed)


async def seqs(feed: Feed, until: int) -> list[int]:
    """The numbers of events until one has been looked at."""
    got: list[int] = []
    while feed.cursor < until:
        got += [frame.seq for frame in await batch(feed) if isinstance(frame, Published)]
    return got


async def on_disk(house: House, *jobs: str) -> list[int]:
    rows = await house.engine._journal.read("SELECT seq, job_id FROM events ORDER BY seq")
    return [row[0] for row in rows if not jobs or row[1] in jobs]


async def forget(house: House, *jobs: str) -> None:
    for job in jobs:
        await house.engine._journal.commit(lambda c, job=job: c.execute("DELETE FROM jobs WHERE job_id = ?", (job,)))


async def test_a_fresh_feed_begins_with_the_jobs_and_goes_on_from_their_number(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        done = await house.make("One sentence.")
        job_id = await house.submit("Another. And more.")
        live = feed(house)
        (snapshot,) = await batch(live)
        assert isinstance(snapshot, Snapshot)
        assert {view.job_id for view in snapshot.jobs} == {done.job_id, job_id}
        assert max(view.last_seq for view in snapshot.jobs) <= snapshot.seq == live.cursor
        await house.engine.jobs.wait(job_id)
        last = house.engine.events.hub.last
        assert await seqs(live, last) == list(range(snapshot.seq + 1, last + 1))


async def test_the_number_of_a_snapshot_is_on_disk_before_it_is_told(tmp_path: Path) -> None:
    """Else a killed daemon would give it to another event, which its reader would never see."""
    async with open_house(tmp_path) as house:
        job_id = await house.submit("One sentence. And another.")
        for _ in range(50):
            (snapshot,) = await batch(feed(house))
            numbers = await on_disk(house)
            assert snapshot.seq in numbers
            (view,) = snapshot.jobs  # and it is the number of what is shown
            told = [seq for seq in await on_disk(house, job_id) if seq <= snapshot.seq]
            assert (view.last_seq, view.last_job_seq) == (max(told), len(told))
            await trio.lowlevel.checkpoint()


async def test_a_snapshot_has_no_more_than_fits_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_house(tmp_path) as house:
        jobs = [(await house.make(f"Number {n}.")).job_id for n in range(3)]
        monkeypatch.setattr(listing, "PAGE_BYTES", 1)
        (snapshot,) = await batch(feed(house))
        assert ([view.job_id for view in snapshot.jobs], snapshot.left_out) == ([jobs[2]], 2)
        (named,) = await batch(feed(house, jobs=tuple(jobs[:2])))
        assert ([view.job_id for view in named.jobs], named.left_out) == ([jobs[0]], 1)


async def test_a_snapshot_waits_for_the_disk(tmp_path: Path) -> None:
    Gated.gate, Gated.reached = trio.Event(), trio.Event()
    async with open_house(tmp_path, voice=("gated",)) as house, trio.open_nursery() as nursery:
        job_id = await house.submit("One sentence.")
        await Gated.reached.wait()
        await house.engine.events.flush()
        go, told = threading.Event(), list[Any]()
        house.engine._journal.commit_soon(lambda _: go.wait(10))
        nursery.start_soon(house.engine.jobs.pause, job_id)  # its events have numbers now, and are nowhere yet
        await trio.testing.wait_all_tasks_blocked(0.02)

        async def look() -> None:
            told.extend(await batch(feed(house)))

        nursery.start_soon(look)
        await trio.testing.wait_all_tasks_blocked(0.05)
        early = list(told)
        go.set()
        assert early == []
        with trio.fail_after(PATIENCE):
            while not told:  # noqa: ASYNC110  # by another task of this test
                await trio.sleep(0.001)
        assert told[0].seq in await on_disk(house)
        assert told[0].jobs[0].status.value == "Paused"


async def test_a_feed_of_one_job_ends_with_its_end(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house, trio.open_nursery() as nursery:
        first, second = [await house.submit(f"Job {n} speaks. And goes on.") for n in range(2)]
        nursery.start_soon(house.engine.jobs.wait, second)
        got: list[Any] = []
        with trio.fail_after(PATIENCE):
            async for frames in feed(house, "earliest", jobs=(first,)):
                got += frames
        await house.engine.events.flush()
        assert [frame.seq for frame in got] == await on_disk(house, first)
        assert got[-1].type == "job-completed"


async def test_nothing_left_to_send_is_known_at_once(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        view = await house.make("One sentence.")
        for after, over in ((view.last_seq, True), (view.last_seq - 1, False), ("earliest", False), (None, False)):
            one = feed(house, after, jobs=(view.job_id,))
            await one.begin()
            assert one.over is over
            frames = [frame for frames in [f async for f in one] for frame in frames]
            assert bool(frames) is not over
            assert one.over


async def test_a_job_that_is_named_twice_is_told_once(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        one, two = await house.submit("One."), await house.submit("Two.")
        (snapshot,) = await batch(feed(house, jobs=(two, one, two)))
        assert [view.job_id for view in snapshot.jobs] == [two, one]
        for job in (one, two):
            await house.engine.jobs.wait(job)


@pytest.mark.parametrize("after", [1000, Foreign("e0-7")])
async def test_a_cursor_of_the_future_or_of_elsewhere_is_told_then_the_jobs(tmp_path: Path, after: Any) -> None:
    async with open_house(tmp_path) as house:
        view = await house.make("One sentence.")
        lost = feed(house, after)
        gap, snapshot = await batch(lost)
        assert gap == Gap(1000 if after == 1000 else "e0-7", 1)
        assert [job.job_id for job in snapshot.jobs] == [view.job_id]
        again = await house.make("Another.")
        assert await seqs(lost, again.last_seq) == list(range(snapshot.seq + 1, again.last_seq + 1))


async def test_a_number_that_is_not_published_yet_is_no_gap(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        view = await house.engine.jobs.get(await house.submit("One sentence."))
        end = await house.engine.jobs.wait(view.job_id)
        assert await seqs(feed(house, view.last_seq), end.last_seq) == list(range(view.last_seq + 1, end.last_seq + 1))


async def test_what_was_forgotten_is_a_gap_for_whom_it_concerns(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        first, second = await house.make("One sentence."), await house.make("Another sentence.")
        await forget(house, first.job_id)
    async with open_house(tmp_path) as house:
        gap, snapshot = await batch(feed(house, first.last_seq - 1))
        assert gap == Gap(first.last_seq - 1, first.last_seq + 1)
        assert [job.job_id for job in snapshot.jobs] == [second.job_id]
        for whole in (feed(house, first.last_seq), feed(house, "earliest"), feed(house, 1, jobs=(second.job_id,))):
            assert await seqs(whole, second.last_seq) == await on_disk(house, second.job_id)


async def test_what_is_forgotten_under_a_slow_reader_is_a_gap(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        views = [await house.make(f"Sentence {n}.") for n in range(2)]
    async with open_house(tmp_path) as house:
        ids = tuple(view.job_id for view in views)
        slow, named = feed(house, 1), feed(house, 1, jobs=ids)
        await slow.begin()
        await named.begin()
        await forget(house, ids[0])
        for each in (slow, named):
            gap, snapshot = await batch(each)
            assert (gap.requested, [job.job_id for job in snapshot.jobs]) == (1, [ids[1]])
        with pytest.raises(StopAsyncIteration):  # the other one had ended
            await batch(named)


async def test_behind_the_ring_the_journal_is_read(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        house.engine.events.hub = Hub(0, size=4)
        one, all_of_it = await house.make("One sentence. And another."), await house.make("Two. Three. Four.")
        assert await seqs(feed(house, 0), all_of_it.last_seq) == await on_disk(house)
        assert await seqs(feed(house, 0, jobs=(one.job_id,)), one.last_seq) == await on_disk(house, one.job_id)


async def test_others_see_only_their_own_jobs(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        mine = await house.make("One sentence.")
        theirs = await house.engine.jobs.submit({"brief": {"source": "Another."}, "settings": {}}, OTHER, "")
        end = await house.engine.jobs.wait(theirs.view.job_id)
        me = somebody("operate", ME.uid)
        assert await seqs(feed(house, "earliest", me), mine.last_seq) == await on_disk(house, mine.job_id)
        (snapshot,) = await batch(feed(house, None, me))
        assert [view.job_id for view in snapshot.jobs] == [mine.job_id]
        for hidden in (theirs.view.job_id, "a-nobody"):
            with pytest.raises(AuradError, match="cannot find job") as caught:
                await feed(house, None, me, jobs=(hidden,)).begin()
            assert caught.value.code == "E200-NO_JOB"
        assert end.last_seq > mine.last_seq


async def test_the_cursor_of_who_wants_nothing_of_it_moves_on(tmp_path: Path) -> None:
    """A heartbeat tells it, so that a quiet stream can be resumed after what was forgotten meanwhile."""
    async with open_house(tmp_path) as house:
        quiet = [feed(house, "earliest", types=("job-failed",)), feed(house, "earliest", somebody("read", 3000))]
        quiet.append(feed(house, "earliest", labels={"shop": "b"}))
        view = await house.make("One sentence.", labels={"shop": "a"})
        for each in quiet:
            with trio.move_on_after(0.05):
                raise AssertionError(await anext(each))
            assert each.cursor == view.last_seq


async def test_labels_and_types_choose(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        labelled = feed(house, "earliest", labels={"shop": "a"}, types=("job-completed", "job-log"))
        wanted = await house.make("One sentence.", labels={"shop": "a", "more": "b"})
        await house.make("Two sentences.", labels={"more": "b"})
        last = await house.make("Three sentences.", labels={"shop": "a"})
        assert await seqs(labelled, last.last_seq) == [wanted.last_seq, last.last_seq]
        with pytest.raises(AuradError, match="'job-done'") as caught:
            await feed(house, types=("job-done",)).begin()
        assert caught.value.code == "E100-REQUEST"


@pytest.mark.parametrize("types", [None, (*TYPES,)], ids=["events", "events and logs"])
async def test_cancelling_a_wait_at_any_moment_loses_nothing(tmp_path: Path, types: tuple[str, ...] | None) -> None:
    async with open_house(tmp_path) as house, trio.open_nursery() as nursery:
        me, got, steps = feed(house, "earliest", somebody("operate", ME.uid), types=types), list[int](), 0
        for n in range(3):
            nursery.start_soon(house.make, f"Job {n} speaks. And goes on.")
        with trio.fail_after(PATIENCE):
            while got.count(0) < 3:
                scope = trio.CancelScope()
                nursery.start_soon(_cancel_after, scope, steps % 7)
                with scope:
                    frames = await anext(me)
                    got += [frame.seq for frame in frames if isinstance(frame, Published)]
                    got += [0 for frame in frames if frame.type == "job-completed"]
                steps += 1
        assert [seq for seq in got if seq] == await on_disk(house)


async def _cancel_after(scope: trio.CancelScope, checkpoints: int) -> None:
    for _ in range(checkpoints):
        await trio.lowlevel.checkpoint()
    scope.cancel()


async def test_skipping_passes_over_what_has_come_even_an_end(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        view = await house.make("One sentence.")
        one, every = feed(house, "earliest", jobs=(view.job_id,)), feed(house, "earliest")
        for each in (one, every):
            await each.begin()
            assert await each.skip() == view.last_seq
        assert one.over
        again = await house.make("Another sentence.")
        assert (await seqs(every, again.last_seq))[0] == view.last_seq + 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("earliest", "earliest"), ("e1-7", 7), ("e1-0", 0), ("e0-7", Foreign("e0-7")), ("7", Foreign("7")),
        ("e1--7", Foreign("e1--7")), ("e1-", Foreign("e1-")), ("e1-\u0667", Foreign("e1-\u0667")),
        ("e1-" + "9" * 40, Foreign("e1-" + "9" * 40)), ("", Foreign("")),
    ],
)  # fmt: skip
def test_cursors(text: str, expected: Any) -> None:
    assert parse_cursor(text, "e1") == expected


async def test_events_are_what_is_on_disk(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        view = await house.make("One sentence.")
        frames = await batch(feed(house, "earliest"))
        rows = await house.engine._journal.read("SELECT data FROM events ORDER BY seq")
        assert [bytes(row[0]) for row in rows] == [frame.data for frame in frames]
        assert {msgspec.json.decode(frame.data)["jobId"] for frame in frames} == {view.job_id}


def say(house: House, job_id: str, *lines: str) -> None:
    house.engine.joblogs.write(Piece(job_id, "corr-1", "Voice", "s1", lines, pytest.fail))


async def lines_of(feed: Feed, number: int) -> list[dict[str, Any]]:
    """The next so many `job-log` events."""
    got: list[Any] = []
    while len(got) < number:
        got += [msgspec.json.decode(frame.data) for frame in await batch(feed) if isinstance(frame, Spoken)]
    return got


async def test_lines_of_logs_come_to_those_who_ask_for_them_only(tmp_path: Path) -> None:
    Gated.gate, Gated.reached = trio.Event(), trio.Event()
    async with open_house(tmp_path, voice=("gated",)) as house:
        job_id, other = await house.submit("One."), await house.submit("Two.")
        await house.engine.events.flush()
        asking, deaf = feed(house, jobs=(job_id,), types=("job-log",)), feed(house, jobs=(job_id,))
        for each in (asking, deaf):
            await batch(each)
        say(house, other, "not this")
        say(house, job_id, "one", "two")
        (event,) = await lines_of(asking, 1)
        assert event == {
            "type": "job-log", "jobId": job_id, "correlationId": "corr-1", "timestamp": event["timestamp"],
            "step": "Voice", "sceneId": "s1", "offset": 0, "lines": ["one", "two"],
        }  # fmt: skip
        say(house, job_id, "last words")
        Gated.gate.set()
        rest: list[Any] = []
        with trio.fail_after(PATIENCE):
            async for frames in asking:
                rest += frames
            assert all([not any(isinstance(frame, Spoken) for frame in frames) async for frames in deaf])
        assert [msgspec.json.decode(frame.data)["lines"] for frame in rest] == [["last words"]]
        await house.engine.jobs.wait(other)


async def test_the_last_lines_come_before_the_end_however_slow_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Gated.gate, Gated.reached = trio.Event(), trio.Event()
    asked, real_write = threading.Event(), os.write

    def slow(fd: int, data: bytes) -> int:
        asked.wait(PATIENCE)
        return real_write(fd, data)

    async with open_house(tmp_path, voice=("gated",)) as house:
        job_id = await house.submit("One.")
        await Gated.reached.wait()
        following = feed(house, jobs=(job_id,), types=("job-log", "job-completed"))
        await batch(following)
        monkeypatch.setattr(logfiles.os, "write", slow)
        real_flush = house.engine.joblogs.flush

        async def flush() -> None:
            asked.set()
            await real_flush()

        monkeypatch.setattr(house.engine.joblogs, "flush", flush)
        say(house, job_id, "last words")
        Gated.gate.set()
        rest: list[Any] = []
        try:
            with trio.fail_after(PATIENCE):
                async for frames in following:
                    rest += frames
        finally:
            asked.set()
    assert [frame.type for frame in rest] == ["job-log", "job-completed"]


async def test_a_talkative_log_does_not_hold_events_up(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        done = await house.make("One sentence.")
        live = feed(house, after=house.engine.events.hub.last, types=("job-status", "job-log"))
        await live.begin()
        job_id, seen = await house.submit("Another. And more."), set[str]()
        while "job-status" not in seen:
            say(house, done.job_id, "blah")
            seen |= {frame.type for frame in await batch(live)}
        await house.engine.jobs.wait(job_id)


async def test_a_strangers_log_is_not_heard(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        mine = await house.make("One sentence.")
        live = feed(house, house.engine.events.hub.last, somebody("operate", uid=OTHER.uid), types=("job-log",))
        await live.begin()
        say(house, mine.job_id, "secret")
        await house.engine.joblogs.flush()
        with trio.move_on_after(0.05):
            pytest.fail(f"heard {await anext(live)}")

"""What a follower makes of frames, however connections break: each event once, in order, or a gap that is told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurad.client.following import Broken, Gap, OtherEvent, Progress, Snapshot, delay
from aurad.client.sse import Frame, FrameDecoder
from tests.client.rude_server import EPOCH, event, frame, snapshot

JOBS = ("a", "b", "c")


@st.composite
def histories(draw: st.DrawFn) -> list[bytes]:
    """Events of several jobs as the daemon has them: `seq` dense, `jobSeq` dense in each job."""
    numbers = dict.fromkeys(JOBS, 0)
    history = []
    for seq, job in enumerate(draw(st.lists(st.sampled_from(JOBS), min_size=1, max_size=30)), start=1):
        numbers[job] += 1
        history.append(event(seq, numbers[job], job=job))
    return history


def take(progress: Progress, data: bytes, cut: int | None = None) -> list[Any]:
    """The items of one connection, which ends at `cut` or when events are missing."""
    items = []
    for each in FrameDecoder().feed(data[:cut]):
        if (item := progress.take(each)) is not None:
            items.append(item)
        if progress.lost:
            break
    return items


@given(histories(), st.data())
def test_any_breaks_and_repeats_give_each_event_once(history: list[bytes], data: st.DataObject) -> None:
    progress, found = Progress("earliest", jobs=(), complete=True), list[int]()
    for _ in range(data.draw(st.integers(0, 6))):
        cursor = progress.cursor.rpartition("-")[2]
        after = int(cursor) if cursor.isdigit() else 0
        start = data.draw(st.integers(0, after))  # a server may say again what was said
        whole = b"".join(history[start:])
        found += [item.seq for item in take(progress, whole, data.draw(st.integers(0, len(whole))))]
    found += [item.seq for item in take(progress, b"".join(history))]
    assert found == list(range(1, len(history) + 1))
    assert progress.cursor == f"{EPOCH}-{len(history)}"


@given(histories(), st.data())
def test_a_loss_within_a_job_is_never_silent(history: list[bytes], data: st.DataObject) -> None:
    lost = data.draw(st.integers(1, len(history)))
    numbers = [json.loads(each.partition(b"data: ")[2]) for each in history]
    job = numbers[lost - 1]["jobId"]
    known = any(each["jobId"] == job for each in numbers[: lost - 1])
    missed = known and any(each["jobId"] == job for each in numbers[lost:])
    progress = Progress("earliest", jobs=(), complete=True)
    items = take(progress, b"".join(each for n, each in enumerate(history, start=1) if n != lost))
    assert any(isinstance(item, Gap) for item in items) == missed
    assert progress.lost == missed
    if missed:
        assert progress.cursor == ""
        [view] = take(progress, snapshot(len(history)))
        assert isinstance(view, Snapshot)
        assert not progress.lost


def test_events_that_the_snapshot_holds_are_not_told_again() -> None:
    progress = Progress("", jobs=(), complete=True)
    items = take(progress, snapshot(5) + event(4, 4) + event(5, 5) + event(6, 6))
    assert [type(item).__name__ for item in items] == ["Snapshot", "JobStatus"]


@pytest.mark.parametrize(("said", "left_out"), [({}, 0), ({"leftOut": 7}, 7)])
def test_a_snapshot_tells_how_many_had_no_room(said: dict[str, int], left_out: int) -> None:
    [view] = take(Progress("", jobs=(), complete=True), frame("snapshot", {"jobs": [], **said}, f"{EPOCH}-1"))
    assert view == Snapshot((), left_out)


def test_an_event_of_a_later_version_counts_like_any_other() -> None:
    progress = Progress("earliest", jobs=(), complete=True)
    items = take(progress, event(1) + event(2, kind="job-danced") + event(3))
    assert [type(item) is OtherEvent for item in items] == [False, True, False]
    assert progress.cursor == f"{EPOCH}-3"


@pytest.mark.parametrize("data", ["{", "[]", "3", "\ud800", '{"a":'])
def test_what_is_no_object_breaks_the_connection(data: str) -> None:
    with pytest.raises(Broken, match="cannot read an event"):
        Progress("", jobs=(), complete=True).take(Frame("job-status", data, f"{EPOCH}-1"))


def test_stopping_breaks_the_connection() -> None:
    with pytest.raises(Broken, match="stopping"):
        take(Progress("", jobs=(), complete=True), frame("server-stopping", {}))


@given(st.integers(0, 5000), st.none() | st.floats(0, 3600), st.floats(0, 1))
def test_waits_are_bounded_and_never_sooner_than_asked(attempt: int, asked: float | None, chance: float) -> None:
    seconds = delay(attempt, asked, chance)
    assert seconds >= (1 if asked is None else asked)
    assert seconds <= max(30, asked or 0)
    assert seconds > 0
    assert delay(attempt + 1, asked, chance) >= seconds

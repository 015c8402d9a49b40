"""Silence: warned of at half the patience, stopped after it; any sign of life starts it anew."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
import trio
import trio.testing

from aurad.engine.executor import Taken
from aurad.engine.process import Emit
from aurad.engine.stall import patience_of, run_watched
from aurad.model.errors import AuradError
from aurad.model.job import STEPS, Status
from aurad.model.settings import Providers, Settings
from aurad.model.value import Value
from aurad.wire.worker import LogNews
from tests.engine.house import open_house

SILENCE = 60.0


class Ear:
    """What was told, and when."""

    def __init__(self) -> None:
        self.heard: list[tuple[float, str]] = []
        self._began = trio.current_time()

    def __call__(self, kind: str, news: Value) -> None:
        if kind == "taken":
            return
        self.heard.append((round(trio.current_time() - self._began, 3), kind))


def speaking_at(times: Sequence[float], then: float) -> object:
    """A task that tells something at these seconds and ends `then` seconds after the last."""

    async def run(emit: Emit) -> str:
        emit("taken", Taken())
        for before, now in pairwise([0.0, *times]):
            await trio.sleep(now - before)
            emit("log", LogNews(task_id="t", stream="log", line="still here"))
        await trio.sleep(then)
        return "done"

    return run


async def watch(run: object, ear: Ear) -> str:
    return await run_watched("speak of bee", run, ear, SILENCE)  # type: ignore[arg-type]


async def test_a_quick_task_is_left_alone(autojump_clock: trio.testing.MockClock) -> None:
    assert await watch(speaking_at([], 20), ear := Ear()) == "done"
    assert ear.heard == []


async def test_silence_is_warned_of_and_then_the_end(autojump_clock: trio.testing.MockClock) -> None:
    ear, began = Ear(), trio.current_time()
    with pytest.raises(AuradError, match=r"speak of bee: neither progress nor a line for 60 s") as caught:
        await watch(speaking_at([], 3600), ear)
    assert caught.value.code == "E315-STALLED"
    assert trio.current_time() - began == pytest.approx(60)
    assert ear.heard == [(30.0, "warning")]


async def test_every_sign_of_life_counts(autojump_clock: trio.testing.MockClock) -> None:
    assert await watch(speaking_at([25, 50, 75, 100], 20), ear := Ear()) == "done"
    assert {kind for _, kind in ear.heard} == {"log"}
    ear, began = Ear(), trio.current_time()
    with pytest.raises(AuradError, match="neither progress"):
        await watch(speaking_at([25, 80], 3600), ear)
    assert trio.current_time() - began == pytest.approx(140)
    assert ear.heard == [(25.0, "log"), (55.0, "warning"), (80.0, "log"), (110.0, "warning")]


async def test_waiting_for_a_worker_is_not_the_stages_silence(autojump_clock: trio.testing.MockClock) -> None:
    async def slow_start(emit: Emit) -> str:
        await trio.sleep(10 * SILENCE)
        return "done"

    assert await watch(slow_start, ear := Ear()) == "done"
    assert ear.heard == []


async def test_its_own_failure_and_a_cancel_come_through_as_they_are(autojump_clock: trio.testing.MockClock) -> None:
    async def fail(emit: Emit) -> str:
        await trio.sleep(1)
        raise AuradError("E310-INPUT", "cannot read it")

    with pytest.raises(AuradError, match="cannot read it"):
        await watch(fail, Ear())
    with trio.move_on_after(5) as scope:
        await watch(speaking_at([], 3600), Ear())
    assert scope.cancelled_caught


def test_each_stage_has_its_own_patience() -> None:
    voice = Providers(providers=("slow",), stall_seconds=600, deadline_seconds=7200)
    patience = patience_of(msgspec.structs.replace(Settings(), voice=voice))
    assert patience["Voice"] == (600, 7200)
    assert patience["Rendering"] == (Providers(providers=("any",)).stall_seconds, 3600)
    assert patience.keys() >= set(STEPS) - {"Initialization", "Complete"}


async def test_a_silent_voice_is_warned_of_stopped_and_tried_again(tmp_path: Path) -> None:
    async with open_house(tmp_path, voice=("sleepy",), patience={"Voice": 0.2}) as house:
        view = await house.make("One sentence.")
        events = await house.events(view.job_id)
    errors = [event for event in events if event["type"] == "step-error"]
    assert view.status is Status.SUCCEEDED
    assert [(error["problem"]["errorCode"], error["willRetry"]) for error in errors] == [("E315-STALLED", True)]
    assert any(event["type"] == "warning" and event["code"] == "E315-STALLED" for event in events)

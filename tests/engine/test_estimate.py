"""Percent and time left: never falls, always finite, learnt from what really happened."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurad.engine import estimate
from aurad.engine.estimate import Costs, Forecast, cost_key, task_key
from aurad.engine.journal import open_journal
from aurad.engine.task import Task
from aurad.model.stage import ProfileRequest, VoiceRequest
from aurad.model.video import Canvas


def task(name: str = "voice s1", *, size: float = 10.0) -> Task:
    request = VoiceRequest(text="a", language="en")
    return Task(
        plugin="p", stage="tone", method="speak", request=request, fingerprint="", step="Voice", name=name, size=size
    )


class Nowhere:
    """A journal that keeps nothing."""

    def commit_soon(self, *writes: Any) -> None:
        pass


def costs() -> Costs:
    return Costs(Nowhere())  # type: ignore[arg-type]


NAMES = st.sampled_from(["a", "b", "c", "d"])
STEPS = st.one_of(
    st.tuples(st.just("expect"), NAMES, st.floats(0, 1e6)),
    st.tuples(st.just("begin"), NAMES, st.floats(0, 1e6)),
    st.tuples(st.just("advance"), NAMES, st.floats(-1, 2)),
    st.tuples(st.just("drop"), NAMES, st.just(0.0)),
)


@given(st.lists(STEPS, max_size=40), st.floats(0, 99.9))
def test_percent_never_falls_and_time_left_is_finite(steps: list[tuple[str, str, float]], floor: float) -> None:
    forecast, before = Forecast(costs(), 2, floor=floor), floor
    for what, name, value in steps:
        match what:
            case "expect":
                forecast.expect(name, "speak", value)
            case "begin":
                forecast.begin(task(name, size=value))
            case "advance":
                forecast.advance(name, value)
            case "drop":
                forecast.drop(name)
        assert before <= forecast.percent <= 99.9
        before = forecast.percent
        assert forecast.eta is None or (math.isfinite(forecast.eta) and forecast.eta >= 0)


def test_percent_is_done_work_over_all_work() -> None:
    forecast = Forecast(costs(), 1)
    forecast.expect("a", "speak", 300)
    forecast.expect("b", "speak", 100)
    forecast.expect("b", "speak", 9000)  # known already
    forecast.advance("a", 0.5)
    assert forecast.percent == 37.5
    forecast.advance("a", 0.2)  # an earlier attempt's news, or a new attempt
    assert forecast.percent == 37.5
    forecast.drop("b")
    assert forecast.percent == 50.0
    forecast.advance("a", 1.0)
    assert forecast.percent == 99.9  # 100 is for a job that has succeeded
    forecast.advance("nobody", 1.0)


def test_time_left_is_unknown_until_something_runs_and_then_follows_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(estimate.time, "monotonic", lambda: now[0])
    known = costs()
    known.learn(task(size=1), 1.0)  # a second for one unit
    forecast = Forecast(known, 1)
    forecast.expect("b", "speak", 60, key=task_key(task()))
    assert forecast.eta is None
    forecast.begin(task("a", size=60))
    assert forecast.eta == 120.0
    now[0] += 60
    forecast.advance("a", 0.5)  # half as fast as assumed
    assert 160 < (forecast.eta or 0) < 180


def test_a_cost_is_learnt_by_plugin_method_and_picture_size() -> None:
    request = ProfileRequest(canvas=Canvas(width=640, height=360), quality="draft")
    profile = Task(
        plugin="p", stage="x", method="profile", request=request, fingerprint="", step="Rendering", name="profile"
    )
    assert task_key(profile) == cost_key("p", "x", "profile", request.canvas) == "p.x.profile@640x360"
    assert task_key(task()) == cost_key("p", "tone", "speak", None) == "p.tone.speak"


async def test_costs_follow_the_newest_samples_and_outlive_the_daemon(tmp_path: Path) -> None:
    async with open_journal(tmp_path / "j") as journal:
        learnt = Costs(journal)
        assert learnt.of("p.tone.speak", "speak") == estimate.FIRST_GUESS["speak"]
        learnt.learn(task(size=10), 20.0)
        assert learnt.of("p.tone.speak", "speak") == 2.0
        for _ in range(30):
            learnt.learn(task(size=10), 40.0)
        assert learnt.of("p.tone.speak", "speak") == pytest.approx(4.0, rel=0.01)
        learnt.learn(task(size=0), 1.0)
        learnt.learn(task(size=10), 40.0)
    async with open_journal(tmp_path / "j") as journal:
        again = Costs(journal)
        await again.load()
        assert again.of("p.tone.speak", "speak") == learnt.of("p.tone.speak", "speak")
        assert (await journal.read("SELECT samples FROM costs"))[0][0] == 33

"""Percent and time left: never falls, always finite, and follows what really happens."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurad.engine import forecast as module
from aurad.engine.coming import Coming
from aurad.engine.estimate import Costs
from aurad.engine.forecast import PERIOD, Forecast
from tests.engine.replay import Nowhere
from tests.engine.test_estimate import SPEAK, costs, task

NAMES = st.sampled_from(["a", "b", "c", "d"])
STEPS = st.one_of(
    st.tuples(st.just("expect"), NAMES, st.floats(0, 1e6)),
    st.tuples(st.just("begin"), NAMES, st.floats(0, 1e6)),
    st.tuples(st.just("advance"), NAMES, st.floats(-1, 2)),
    st.tuples(st.sampled_from(["drop", "known"]), NAMES, st.just(0.0)),
    st.tuples(st.just("wait"), NAMES, st.floats(0, 1e4)),
)


class Clock:
    """Time that passes when it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(module.time, "monotonic", lambda: self.now)

    def wait(self, seconds: float = PERIOD) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def speech(name: str, size: float, *after: str) -> Coming:
    return Coming(name, "speak", size, SPEAK, after=after)


class Even(Costs):
    """A second for one unit, and nothing to start."""

    def __init__(self) -> None:
        super().__init__(Nowhere())  # type: ignore[arg-type]

    def start(self, key: str) -> float:
        return 0.0

    def of(self, key: str, *, size: float = 0.0, seconds: float = 0.0, typical: float = 1.0) -> float:
        return 1.0


@given(st.lists(STEPS, max_size=40), st.floats(0, 99.9))
def test_percent_never_falls_and_time_left_is_finite(steps: list[tuple[str, str, float]], floor: float) -> None:
    with pytest.MonkeyPatch.context() as patch:
        clock = Clock(patch)
        forecast, before = Forecast(costs(), 2, floor=floor), floor
        for what, name, value in steps:
            match what:
                case "expect":
                    forecast.expect(speech(name, value, "a"))
                case "begin":
                    forecast.begin(task(name, size=value))
                case "advance":
                    forecast.advance(name, value)
                case "wait":
                    clock.wait(value)
                case _:
                    getattr(forecast, what)(name)
            assert before <= forecast.percent <= 99.9
            before = forecast.percent
            assert forecast.eta is None or (math.isfinite(forecast.eta) and forecast.eta >= 0)


def test_percent_is_done_work_over_all_work(clock: Clock) -> None:
    forecast = Forecast(Even(), 1)
    forecast.expect(speech("b", 60))
    forecast.expect(speech("b", 9000))  # known already
    forecast.begin(task("a", size=140))
    clock.wait(70)
    assert forecast.percent == 35
    forecast.drop("b")
    clock.wait()
    assert forecast.percent == pytest.approx(50, abs=0.3)
    forecast.advance("a", 1.0)
    clock.wait()
    assert forecast.percent == 99.9  # 100 is for a job that has succeeded
    forecast.advance("nobody", 1.0)


def test_a_task_that_hangs_is_not_done(clock: Clock) -> None:
    forecast = Forecast(Even(), 1)
    forecast.begin(task("a", size=10))
    clock.wait(1000)
    assert forecast.percent < 90
    assert (forecast.eta or 0) > 100


def test_what_was_known_is_no_work_and_only_that_is_as_good_as_done(clock: Clock) -> None:
    forecast = Forecast(Even(), 1)
    forecast.expect(speech("a", 10))
    assert forecast.percent == 0
    forecast.known("a")
    clock.wait()
    assert forecast.percent == 99.9


def test_time_left_is_unknown_until_something_runs_and_then_follows_the_clock(clock: Clock) -> None:
    forecast = Forecast(Even(), 1)
    forecast.expect(speech("b", 60))
    assert forecast.eta is None
    clock.wait()
    forecast.begin(task("a", size=60))
    assert forecast.eta == 120
    clock.wait(60)
    forecast.advance("a", 0.5)  # half as fast as assumed
    clock.wait()
    promised = forecast.eta or 0
    assert 75 < promised < 120
    clock.wait(PERIOD / 2)
    assert forecast.eta == pytest.approx(promised - PERIOD / 2, abs=0.1)  # no new look, but time passes


@pytest.mark.parametrize(("jobs", "seconds"), [(1, 10), (2, 20), (4, 40)])
def test_jobs_share_the_lanes(clock: Clock, jobs: int, seconds: float) -> None:
    forecast = Forecast(Even(), 2, jobs=lambda: jobs)
    forecast.expect(Coming("a", "render_scene", 10, "p.p.any"))
    forecast.expect(Coming("b", "render_scene", 10, "p.p.any"))
    forecast.begin(task("c", size=0, plugin="q"))
    forecast.advance("c", 1.0)
    assert forecast.eta == seconds


def test_what_a_task_takes_to_get_ready_is_not_taken_for_its_pace(clock: Clock) -> None:
    forecast = Forecast(costs(), 1)
    forecast.begin(task("a", size=1000))
    for name in "bcde":
        forecast.expect(speech(name, 1000))
    clock.wait()
    before = forecast.eta or 0.0
    clock.wait(9.0)  # its tool had to start
    forecast.advance("a", 0.01)
    clock.wait()
    assert (forecast.eta or 0.0) < 2 * before

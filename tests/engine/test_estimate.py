"""Costs: learnt from what really happened, kept, and guessed by how guesses fared."""

from __future__ import annotations

from pathlib import Path

import pytest

from aurad.engine.estimate import FIRST_GUESS, Costs, cost_key, first_guess, task_key
from aurad.engine.journal import open_journal
from aurad.engine.task import Task
from aurad.model.stage import ProfileRequest, VoiceRequest
from aurad.model.video import Canvas
from tests.engine.replay import Nowhere

SPEAK = "p.tone.speak"


def task(name: str = "voice s1", *, size: float = 10.0, method: str = "speak", plugin: str = "p") -> Task:
    request = VoiceRequest(text="a", language="en")
    return Task(
        plugin=plugin, stage="tone", method=method, request=request, fingerprint="", step="Voice", name=name, size=size
    )


def costs() -> Costs:
    return Costs(Nowhere())  # type: ignore[arg-type]


def test_a_cost_is_learnt_by_plugin_method_and_picture_size() -> None:
    request = ProfileRequest(canvas=Canvas(width=640, height=360), quality="draft")
    profile = Task(
        plugin="p", stage="x", method="profile", request=request, fingerprint="", step="Rendering", name="profile"
    )
    assert task_key(profile) == cost_key("p", "x", "profile", request.canvas) == "p.x.profile@640x360"
    assert task_key(task()) == cost_key("p", "tone", "speak", None) == SPEAK


@pytest.mark.parametrize(
    ("key", "entry"),
    [
        (SPEAK, "speak"),
        ("speak", "speak"),
        ("q.master.finish@1920x1080", "master.finish"),
        ("q.box.finish@1920x1080", "finish"),
    ],
)
def test_a_guess_is_found_by_stage_then_by_method(key: str, entry: str) -> None:
    assert first_guess(key) == FIRST_GUESS[entry]


def test_a_method_that_nobody_knows_is_guessed_all_the_same() -> None:
    assert first_guess("p.x.paint").unit > 0


def test_the_first_task_of_a_plugin_pays_its_start_and_no_other() -> None:
    known = costs()
    assert known.start(SPEAK) == FIRST_GUESS["speak"].start
    known.learn(task(size=1000), FIRST_GUESS["speak"].start + 1000 * FIRST_GUESS["speak"].unit)
    assert known.start(SPEAK) == 0
    assert known.of(SPEAK) == pytest.approx(FIRST_GUESS["speak"].unit)


def test_on_a_slow_machine_what_has_not_been_done_yet_is_slow_too() -> None:
    known = costs()
    for method in ("speak", "draw", "sound"):
        guess = FIRST_GUESS[method]
        known.learn(task(method=method, plugin=method), 3 * (guess.start + 10 * guess.unit))
    assert known.of("q.x.verify") == pytest.approx(FIRST_GUESS["verify"].unit * 3)
    assert known.start("q.x.verify") == pytest.approx(FIRST_GUESS["verify"].start * 3)


def test_what_a_running_task_tells_counts_before_it_has_ended() -> None:
    known = costs()
    guess = known.of(SPEAK)
    assert guess < known.of(SPEAK, size=5, seconds=5 * 3 * guess, typical=10) < 3 * guess


def test_one_odd_guess_does_not_spoil_the_others() -> None:
    known = costs()
    for method, factor in (("speak", 50), ("draw", 1), ("sound", 1)):
        guess = FIRST_GUESS[method]
        known.learn(task(method=method, plugin=method, size=100), guess.start + factor * 100 * guess.unit)
    assert known.of("q.x.verify") == pytest.approx(FIRST_GUESS["verify"].unit, rel=0.1)


async def test_costs_follow_the_newest_samples_and_outlive_the_daemon(tmp_path: Path) -> None:
    async with open_journal(tmp_path / "j") as journal:
        learnt = Costs(journal)
        for _ in range(30):
            learnt.learn(task(), 20.0)
        assert learnt.of(SPEAK) == pytest.approx(2.0, rel=0.1)
        for _ in range(40):
            learnt.learn(task(), 40.0)
        assert learnt.of(SPEAK) == pytest.approx(4.0, rel=0.1)
        learnt.learn(task(size=0), 1.0)
        learnt.learn(task(), 40.0)
    async with open_journal(tmp_path / "j") as journal:
        again = Costs(journal)
        await again.load()
        assert again.of(SPEAK) == learnt.of(SPEAK)
        assert (await journal.read("SELECT samples FROM costs"))[0][0] == 72

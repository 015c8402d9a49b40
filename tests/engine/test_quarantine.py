"""A plugin whose workers keep dying is put aside for a while: visibly, and never for one bad input."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio
import trio.testing

from aurad.engine.attempts import Attempts, pause_after
from aurad.engine.journal import open_journal
from aurad.engine.quarantine import ASIDE, WINDOW, Quarantine
from aurad.hooks.registry import CORE
from aurad.model.errors import AuradError
from aurad.model.job import Status
from aurad.model.stage_errors import Unavailable
from tests.engine.house import open_house
from tests.engine.toys import Scripted

WHY = "cannot go on with bee: its worker ended with status 139"


async def test_three_tasks_in_the_window_put_it_aside_for_a_while(autojump_clock: trio.testing.MockClock) -> None:
    quarantine = Quarantine()
    assert [quarantine.crashed("bee", task, WHY) for task in "ab"] == ["", ""]
    quarantine.check("bee")
    assert "status 139" in quarantine.crashed("bee", "c", WHY)
    with pytest.raises(Unavailable, match="3 tasks within 10 min"):
        quarantine.check("bee")
    quarantine.check("wasp")
    await trio.sleep(ASIDE + 1)
    quarantine.check("bee")


async def test_what_lies_long_back_does_not_count(autojump_clock: trio.testing.MockClock) -> None:
    quarantine = Quarantine()
    for task in "abcdef":
        assert not quarantine.crashed("bee", task, WHY)
        await trio.sleep(WINDOW / 2)
    quarantine.check("bee")


async def test_one_input_that_kills_whoever_takes_it_is_not_the_plugins_fault() -> None:
    quarantine = Quarantine()
    for _ in range(9):
        quarantine.crashed("bee", "poison", WHY)
    quarantine.check("bee")


async def test_the_core_is_never_put_aside_and_a_reload_gives_another_chance() -> None:
    quarantine = Quarantine()
    for task in "abc":
        quarantine.crashed("bee", task, WHY)
        quarantine.crashed(CORE, task, WHY)
    quarantine.check(CORE)
    quarantine.clear()
    quarantine.check("bee")


async def test_a_job_goes_on_with_the_next_provider_and_says_why(tmp_path: Path) -> None:
    dead = [AuradError("E300-CRASH", WHY) for _ in range(20)]
    Scripted.plan = list[Exception | None](dead)
    async with open_house(tmp_path, voice=("scripted", "tone")) as house:
        house.engine.runner.quarantine.crashed("scripted", "x", WHY)
        house.engine.runner.quarantine.crashed("scripted", "y", WHY)
        view = await house.make()
        events = await house.events(view.job_id)
        again = await house.make("Another tale. Of two.")
    Scripted.plan = []
    voice = next(step for step in again.steps if step.name == "Voice")
    assert view.status is again.status is Status.SUCCEEDED
    assert any("put aside" in event["detail"] for event in events if event["type"] == "warning")
    assert voice.plugin is not None
    assert "put aside until" in voice.plugin.reason


async def test_failed_attempts_are_counted_over_restarts_until_the_last_word(tmp_path: Path) -> None:
    async with open_journal(tmp_path / "journal.sqlite") as journal:
        attempts = Attempts(journal)
        attempts.failed("poison", attempts.next("poison"))
        attempts.failed("poison", attempts.next("poison"))
        attempts.failed("other", 1)
        attempts.decided("other")
    async with open_journal(tmp_path / "journal.sqlite") as journal:
        attempts = Attempts(journal)
        await attempts.load()
        assert (attempts.next("poison"), attempts.next("other")) == (3, 1)


def test_what_failed_together_does_not_come_back_together() -> None:
    pauses = {pause_after(2) for _ in range(50)}
    assert len(pauses) > 40
    assert 1.0 <= min(pauses) < max(pauses) <= 2.0
    assert pause_after(20) <= 30

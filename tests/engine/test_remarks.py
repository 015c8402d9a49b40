"""What a stage warned of holds for its result, so everybody is told who is given that."""

from __future__ import annotations

import sqlite3
from contextlib import AbstractAsyncContextManager, closing
from pathlib import Path

import trio

from aurad.model.event import JobView
from aurad.model.narration import Narration
from aurad.model.stage import VoiceRequest
from tests.engine.house import House, open_house
from tests.engine.toys import STAGES, Context, Tone

TEXT = "Bees see. They fly."
SAID = [("Voice", "partly-silent", "cannot say “Bees”"), ("Voice", "partly-silent", "cannot say “They”")]


class Mumbler(Tone):
    """Warns of the first word of a scene."""

    name = "mumbler"

    async def speak(self, request: VoiceRequest, context: Context) -> Narration:
        await trio.lowlevel.checkpoint()
        context.warn("partly-silent", f"cannot say “{request.text.split()[0]}”")
        return await super().speak(request, context)


def open_mumbling(folder: Path) -> AbstractAsyncContextManager[House]:
    return open_house(folder, stages=(*STAGES, Mumbler), voice=("mumbler",))


def told(view: JobView) -> list[tuple[str, str, str]]:
    return sorted((str(one["step"]), str(one["code"]), str(one["detail"])) for one in view.warnings)


async def test_the_same_again_is_told_the_same(tmp_path: Path) -> None:
    async with open_mumbling(tmp_path) as house:
        first = await house.make(TEXT)
        again = await house.make(TEXT)
        assert house.ran == []
        assert told(first) == told(again) == SAID
        events = [event for event in await house.events(again.job_id) if event["type"] == "warning"]
        assert sorted(event["detail"] for event in events) == [detail for _, _, detail in SAID]


async def test_after_a_restart_too(tmp_path: Path) -> None:
    for _ in range(2):
        async with open_mumbling(tmp_path) as house:
            assert told(await house.make(TEXT)) == SAID
    assert house.ran == []


async def test_a_changed_scene_has_only_its_own(tmp_path: Path) -> None:
    async with open_mumbling(tmp_path) as house:
        await house.make(TEXT)
        assert told(await house.make("Bees see. Wasps fly.")) == [SAID[0], (*SAID[1][:2], "cannot say “Wasps”")]


async def test_who_joins_late_is_told_too(tmp_path: Path) -> None:
    async with open_mumbling(tmp_path) as house:
        both = [await house.submit(TEXT), await house.submit(TEXT)]
        assert [told(await house.engine.jobs.wait(job)) for job in both] == [SAID, SAID]


async def test_those_of_results_that_are_gone_go_with_the_next_start(tmp_path: Path) -> None:
    async with open_mumbling(tmp_path) as house:
        await house.make(TEXT)
        await house.engine._journal.commit(lambda connection: connection.execute("DELETE FROM results"))
    async with open_mumbling(tmp_path) as house:
        await house.make("Wasps fly.")
    with closing(sqlite3.connect(tmp_path / "state" / "journal.sqlite")) as journal:
        assert journal.execute("SELECT detail FROM remarks").fetchall() == [("cannot say “Wasps”",)]


async def test_those_of_results_that_are_given_up_go_with_them(tmp_path: Path) -> None:
    async with open_mumbling(tmp_path) as house:
        for task in await house.tasks((await house.make(TEXT)).job_id):
            await house.engine.memo.drop(task.digest)
        assert await house.engine._journal.read("SELECT * FROM remarks") == []
        await house.make(TEXT)
    async with open_mumbling(tmp_path) as house:
        assert told(await house.make(TEXT)) == SAID
    assert house.ran == []

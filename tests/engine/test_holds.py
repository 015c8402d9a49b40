"""Jobs that could run and must not yet: they wait, say why, and go on by themselves."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from aurad.model.errors import AuradError
from aurad.model.event import JobView
from aurad.model.job import Status
from tests.engine.house import House, open_house

BROKEN = AuradError("E503-CONFIG", "cannot use store.nope = 3 (aurad.toml:2): there is no such setting")


class Tool:
    """An FFmpeg that is there, or not."""

    def __init__(self) -> None:
        self.there = False

    def __call__(self, configured: str) -> Path:
        if not self.there:
            raise AuradError("E305-FFMPEG_MISSING", "cannot find FFmpeg: nobody has it")
        return Path("/bin/true")


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aurad.engine.holds.ROUND", 0.01)
    monkeypatch.setattr("aurad.engine.holds.LOOK_AGAIN", 0.01)


async def held(house: House, job: str) -> JobView:
    with trio.fail_after(10):
        while not (view := await house.engine.jobs.get(job)).message:  # noqa: ASYNC110
            await trio.sleep(0.001)
    return view


async def ended(house: House, job: str) -> JobView:
    with trio.fail_after(10):
        return await house.engine.jobs.wait(job)


async def warnings(house: House, job: str) -> list[str]:
    return [event["code"] for event in await house.events(job) if event["type"] == "warning"]


async def test_jobs_wait_while_the_settings_cannot_be_used(tmp_path: Path) -> None:
    async with open_house(tmp_path, private=False, broken=BROKEN) as house:
        first, second = await house.submit(), await house.submit()
        view = await held(house, second)
        assert (view.status, view.position) == (Status.QUEUED, 2)
        assert view.message == f"waiting: {BROKEN.detail}"
        house.engine.adopt(house.engine.settings, house.engine.presets)
        assert {(await ended(house, job)).status for job in (first, second)} == {Status.SUCCEEDED}
        assert await warnings(house, second) == ["E503-CONFIG"]


async def test_jobs_wait_for_an_ffmpeg_and_for_no_command(tmp_path: Path) -> None:
    tool = Tool()
    async with open_house(tmp_path, private=False, ffmpeg=tool) as house:
        job = await house.submit()
        view = await held(house, job)
        assert (view.status, view.started_at) == (Status.QUEUED, None)
        assert "nobody has it" in view.message
        tool.there = True
        assert (await ended(house, job)).status is Status.SUCCEEDED
        assert await warnings(house, job) == ["E305-FFMPEG_MISSING"]


async def test_a_job_that_finds_no_ffmpeg_waits_for_it_again(tmp_path: Path) -> None:
    tool = Tool()
    tool.there = True
    async with open_house(tmp_path, private=False, ffmpeg=tool) as house:
        await ended(house, await house.submit())
        tool.there = False
        job = await house.submit()
        assert (await held(house, job)).status in (Status.QUEUED, Status.RUNNING)
        tool.there = True
        assert (await ended(house, job)).status is Status.SUCCEEDED


async def test_a_held_job_can_be_cancelled(tmp_path: Path) -> None:
    async with open_house(tmp_path, private=False, broken=BROKEN) as house:
        job = await house.submit()
        assert (await house.engine.jobs.cancel(job, "me", "")).status is Status.CANCELLED


async def test_a_private_daemons_job_fails_before_its_users_eyes(tmp_path: Path) -> None:
    async with open_house(tmp_path, ffmpeg=Tool()) as house:
        view = await house.make()
        assert (view.status, view.errors[0]["errorCode"]) == (Status.FAILED, "E305-FFMPEG_MISSING")

"""Jobs that could run and must not yet: they wait, say why, and go on by themselves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest
import trio

from aurad.engine.record import load_job
from aurad.engine.room import MIB, Room, disk_needed
from aurad.model.errors import AuradError
from aurad.model.event import JobView
from aurad.model.job import Status
from aurad.model.settings import Settings, Store
from tests.engine.house import House, open_house
from tests.engine.toys import STAGES, Gated

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


async def until(look: Callable[[], Awaitable[bool]]) -> None:
    with trio.fail_after(10):
        while not await look():  # noqa: ASYNC110
            await trio.sleep(0.001)


async def held(house: House, job: str, why: str = "") -> JobView:
    """The job once it says that it waits for `why`."""

    async def says_so() -> bool:
        message = (await house.engine.jobs.get(job)).message
        return bool(message) and why in message

    await until(says_so)
    return await house.engine.jobs.get(job)


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


# ------------------------------------------------------------ the disk


class Disk:
    """A disk with as many MiB left as a test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left = 100_000.0
        monkeypatch.setattr(Room, "free", property(lambda room: int(self.left * MIB)))


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


async def test_a_job_waits_for_room_and_starts_by_itself(tmp_path: Path, disk: Disk) -> None:
    async with open_house(tmp_path, private=False) as house:
        disk.left = 513.0
        job = await house.submit()
        view = await held(house, job)
        assert (view.status, view.position) == (Status.QUEUED, 1)
        assert "has 513 MiB left" in view.message
        disk.left = 514.0  # other numbers, the same reason
        await held(house, job, "514 MiB")
        disk.left = 1000.0
        assert (await ended(house, job)).status is Status.SUCCEEDED
        assert await warnings(house, job) == ["E501-DISK"]


async def test_results_that_no_job_needs_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_house(tmp_path, private=False) as house:
        first, store = await ended(house, await house.submit("Bees see colours.")), house.engine.store
        needed = disk_needed((await load_job(house.engine._journal, first.job_id)).recipe)
        kept = sum(size for _, size, _ in store.objects())
        disk = needed + house.engine.holds.room.reserve + kept - 1  # bytes: one is missing
        monkeypatch.setattr(Room, "free", property(lambda room: disk - sum(size for _, size, _ in store.objects())))
        second = await ended(house, await house.submit("Bees miss colours."))
        assert second.status is Status.SUCCEEDED
        assert all(store.has(one.sha256, one.size_bytes) for one in first.artifacts)


async def test_room_is_made_for_whoever_needs_least(tmp_path: Path, disk: Disk) -> None:
    async with open_house(tmp_path, private=False) as house:
        disk.left = 400.0
        small, large = await house.submit(), await house.submit("Bees see. " * 1000)
        await held(house, small)
        await held(house, large)
        room = house.engine.holds.room
        assert room.short == room.reserve + house.engine.jobs._live[small].disk_left - room.free


async def test_results_are_kept_where_giving_them_up_would_not_be_enough(tmp_path: Path, disk: Disk) -> None:
    async with open_house(tmp_path, private=False) as house:
        await ended(house, await house.submit("Bees see colours."))
        kept, disk.left = await house.engine.memo.usage(), 400.0
        job = await house.submit("Bees miss colours.")
        await held(house, job)
        await trio.sleep(0.1)  # some rounds
        assert await house.engine.memo.usage() == kept


async def test_what_needs_less_passes_what_needs_more(tmp_path: Path, disk: Disk) -> None:
    async with open_house(tmp_path, private=False) as house:
        disk.left = 520.0
        large, small = await house.submit("Bees see colours. " * 200), await house.submit(until="Script")
        assert (await ended(house, small)).status is Status.SUCCEEDED
        assert (await held(house, large)).status is Status.QUEUED


async def test_jobs_that_run_are_reckoned_with_and_warned_once(tmp_path: Path, disk: Disk) -> None:
    Gated.gate, Gated.reached = trio.Event(), trio.Event()
    async with open_house(tmp_path, stages=(*STAGES, Gated), voice=("gated",), private=False) as house:
        first = await house.submit()
        await Gated.reached.wait()
        room, running = house.engine.holds.room, house.engine.jobs._live[first]
        disk.left = room.reserve / MIB + 1.5 * running.disk_left / MIB
        assert "those that run another" in (await held(house, await house.submit())).message
        disk.left = 100.0

        async def warned() -> bool:
            return bool(await warnings(house, first))

        await until(warned)
        house.engine.jobs.tend()
        await house.engine.events.flush()
        assert await warnings(house, first) == ["E501-DISK"]
        Gated.gate.set()
        assert (await ended(house, first)).status is Status.SUCCEEDED


async def test_the_reserve_is_a_setting_that_can_be_changed(tmp_path: Path, disk: Disk) -> None:
    async with open_house(tmp_path, private=False) as house:
        disk.left = 100.0
        job = await house.submit()
        await held(house, job)
        engine = house.engine
        engine.adopt(msgspec.structs.replace(engine.settings, store=Store(reserve_mib=0)), engine.presets)
        assert (await ended(house, job)).status is Status.SUCCEEDED


async def test_the_estimate_goes_by_pixels_and_seconds(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        short, long = await house.submit("Bees see. " * 100), await house.submit("Bees see. " * 1000)
        sizes = [disk_needed(house.engine.jobs._live[job].recipe) / MIB for job in (short, long)]
        assert sizes[1] == pytest.approx(10 * sizes[0], rel=0.1)
        assert 50 < sizes[0] < 500  # 200 words, over a minute at 1080p
    assert Settings().store.reserve_mib == 512

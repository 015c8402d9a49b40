"""An engine whose every write is recorded is killed at times, and then loses power anywhere.

What was promised by then is on the disk.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from tests.crash.power import Chance, Disk, Fate, Loss, Record, Remains
from tests.crash.promises import DATABASE, JOURNAL, Promises
from tests.crash.recorder import PATIENCE, Recorder
from tests.engine.house import open_house
from tests.serve.chaos import dice, how_many

pytestmark = pytest.mark.slow
STATES = how_many(15_000)
LIVES, KILL_AT = 4, (20, 300)  # syncs
THOROUGH = 10  # one state in so many is looked at page by page
RECOVERIES = how_many(200)


class Recording:
    """What one process wrote under `root`."""

    def __init__(self, root: Path, records: list[Record]) -> None:
        self.root, self.records = root, records

    def disks(self) -> Iterator[tuple[int, Disk, Promises]]:
        """The same disk, one record further each time, with what was promised by then."""
        disk, promises = Disk(self.root.stat().st_ino), Promises()
        for number, record in enumerate(self.records, start=1):
            disk.play(record)
            if record.kind == "K":
                promises.hear(record.data)
            yield number, disk, promises

    def cuts(self, count: int, dice: random.Random) -> list[int]:
        """Where the power goes: half of them as soon as something was promised."""
        everywhere = range(1, len(self.records) + 1)
        marks = [number for number in everywhere if self.records[number - 1].kind == "K"]
        anywhere = dice.sample(everywhere, min(count // 2, len(everywhere)))
        return anywhere + dice.choices(marks, k=count - len(anywhere))


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Recording:
    """Of some lives that were killed at a sync, and one that ended well."""
    recorder, chance = Recorder(tmp_path_factory.mktemp("power")), dice(request)
    for life in range(LIVES):
        recorder.run("workload", str(life), syncs=chance.randint(*KILL_AT) if life < LIVES - 1 else 0)
    return Recording(recorder.root, recorder.records())


@pytest.fixture
def scratch() -> Iterator[Path]:
    """In memory where there is such a place: thousands of journals are written there."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        yield Path(folder)


def fate(dice: random.Random) -> Fate:
    return dice.choice([Fate(), Loss(), Chance(dice), Chance(dice)])


def check(promises: Promises, remains: Remains, folder: Path, *, thorough: bool) -> None:
    """On a copy of the journal; the store is looked at where it is."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    remains.write_to(folder, DATABASE)
    (folder / "state").mkdir(exist_ok=True)
    promises.check(folder / JOURNAL[1:], remains.read, thorough=thorough)


def test_the_recording_misses_nothing(recording: Recording) -> None:
    *_, (_, disk, _) = recording.disks()
    remains = disk.after(Fate())
    paths = [path for path in recording.root.rglob("*") if path.is_file()]
    there: dict[str, object] = {f"/{path.relative_to(recording.root)}": path.read_bytes() for path in paths}
    assert {path: remains.read(path) for path in remains.files()} == there


def test_what_was_promised_is_there_after_any_loss_of_power(
    recording: Recording, scratch: Path, request: pytest.FixtureRequest
) -> None:
    chance = dice(request)
    cuts = recording.cuts(STATES, chance)
    for number, disk, promises in recording.disks():
        for _ in range(cuts.count(number)):
            doom, thorough = fate(chance), chance.randrange(THOROUGH) == 0
            print(f"{type(doom).__name__} after record {number}")
            check(promises, disk.after(doom), scratch / "state", thorough=thorough)


async def recover(promises: Promises, folder: Path) -> None:
    """An engine starts on it, and all that was accepted becomes a video after all."""

    def read(path: str) -> bytes | None:
        file = folder / path[1:]
        return file.read_bytes() if file.exists() else None

    async with open_house(folder) as house:
        with trio.fail_after(PATIENCE):
            for job_id in promises.kept:
                status = (await house.engine.jobs.wait(job_id)).status.value
                assert status == "Succeeded" or (status == "Cancelled" and job_id in promises.told["cancelling"])
    promises.check(folder / JOURNAL[1:], read, thorough=True)


async def test_after_a_loss_of_power_all_jobs_are_done_nevertheless(
    recording: Recording, scratch: Path, request: pytest.FixtureRequest
) -> None:
    chance = dice(request)
    cuts = recording.cuts(RECOVERIES, chance)
    for number, disk, promises in recording.disks():
        for place in range(cuts.count(number)):
            folder, doom = scratch / f"{number}-{place}", fate(chance)
            print(f"{type(doom).__name__} after record {number}")
            disk.after(doom).write_to(folder)
            await recover(promises, folder)
            shutil.rmtree(folder)

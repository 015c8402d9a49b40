"""Real worker processes with bad plugins: one attempt fails, with its reason, and no process is left."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import trio
import trio.testing

from aurad.model.stage import VoiceRequest
from aurad.wire.worker import Limits, ProgressNews
from tests.worker.rig import alive, open_rig, wait_gone

pytestmark = pytest.mark.slow
BAD = "module:tests.toys.misbehaving"
HELLO = VoiceRequest(text="Hello", language="en")
ALIVE_AGAIN = 1.5  # seconds that a cancel may take in all


async def test_a_dead_worker_gives_its_status_and_last_words(tmp_path: Path) -> None:
    async with open_rig(BAD, tmp_path) as rig:
        await rig.start("dies", HELLO)
        assert await rig.wait_ended() == 7
        assert b"about to die" in rig.stderr


async def test_the_watchdog_ends_a_worker_that_hangs_and_all_its_children(tmp_path: Path) -> None:
    async with open_rig(BAD, tmp_path) as rig:
        await rig.start("hangs", HELLO)
        processes = rig.below() | {await _escaped(tmp_path)}
        assert len(processes) >= 2
        began = time.monotonic()
        rig.bite()
        assert await rig.wait_ended() == 137
        assert time.monotonic() - began < 1
        assert alive(processes) == set()


async def test_a_worker_does_not_outlive_its_guardian(tmp_path: Path) -> None:
    async with open_rig(BAD, tmp_path) as rig:
        await rig.start("hangs-in-thread", HELLO)
        await rig.until(lambda: bool(rig.told(ProgressNews)))
        processes = rig.below()
        rig.process.kill()
        await wait_gone(processes)


@pytest.mark.parametrize("stage", ["hangs", "hangs-in-thread"])
async def test_a_stage_that_hangs_does_not_answer_a_cancel(tmp_path: Path, stage: str) -> None:
    async with open_rig(BAD, tmp_path) as rig:
        number = await rig.start(stage, HELLO)
        await rig.until(lambda: bool(rig.told(ProgressNews)))
        await rig.cancel(stage)
        await trio.sleep(0.3)
        assert number not in rig.answers


async def test_a_worker_leaves_its_hanging_thread_when_the_daemon_hangs_up(tmp_path: Path) -> None:
    async with open_rig(BAD, tmp_path) as rig:
        await rig.start("hangs-in-thread", HELLO)
        await rig.until(lambda: bool(rig.told(ProgressNews)))
        processes = rig.below()
        await rig.hang_up()
        assert await rig.wait_ended() == 0
        assert alive(processes) == set()


async def test_what_is_printed_is_log(tmp_path: Path) -> None:
    async with open_rig(BAD, tmp_path) as rig:
        assert "output" in await rig.run("prints", HELLO)
        await trio.testing.wait_all_tasks_blocked(0.05)
        assert all(line.startswith(b'{"jsonrpc"') for line in rig.lines)
        for said in (b'"printed"', b"written to 1", b"said by a child"):
            assert said in rig.stderr


@pytest.mark.parametrize("stage", ["garbage", "twice"])
async def test_mischief_on_the_protocol_is_visible_to_the_daemon(tmp_path: Path, stage: str) -> None:
    async with open_rig(BAD, tmp_path) as rig:
        await rig.run(stage, HELLO)
        await rig.until(lambda: sum(b'"id":2,' in line for line in rig.lines) + (stage == "garbage") == 2)
        strange = [line for line in rig.lines if not line.startswith(b"{")]
        assert strange == ([b"Loading model... 100%"] if stage == "garbage" else [])


async def test_a_cancel_finds_the_child_that_escaped(tmp_path: Path) -> None:
    async with open_rig(BAD, tmp_path) as rig:
        before = rig.below()
        number = await rig.start("escapes", HELLO)
        escaped = await _escaped(tmp_path)
        await rig.until(lambda: bool(rig.told(ProgressNews)))
        began = time.monotonic()
        await rig.cancel("escapes")
        assert (await rig.answer(number)).name == "Cancelled"
        assert time.monotonic() - began < ALIVE_AGAIN
        assert alive({escaped}) == set()
        assert rig.below() == before


async def test_an_answer_leaves_no_process_behind(tmp_path: Path) -> None:
    async with open_rig(BAD, tmp_path) as rig:
        before = rig.below()
        assert "output" in await rig.run("escapes", VoiceRequest(text="answer", language="en"))
        assert rig.below() == before


@pytest.mark.parametrize(
    ("stage", "code", "named"),
    [
        ("bomb", "E300-CRASH", "MemoryError"),
        ("crashes", "E300-CRASH", "no such key"),
        ("exits", "E300-CRASH", "I am done"),
        ("lies", "E308-RESULT", "audio"),
        ("invents", "E308-RESULT", "000000000000"),
    ],
)
async def test_a_bad_task_fails_alone(tmp_path: Path, stage: str, code: str, named: str) -> None:
    async with open_rig(BAD, tmp_path, limits=Limits(memory_bytes=700 << 20)) as rig:
        problem = await rig.run(stage, HELLO)
        assert problem.code == code
        assert named in problem.detail
        assert (problem.name == "Crash") == bool(problem.traceback)
        assert "output" in await rig.run("prints", HELLO)


async def _escaped(folder: Path) -> int:
    path = trio.Path(folder / "cache" / "escaped")
    with trio.fail_after(20):
        while not await path.exists():  # noqa: ASYNC110 another process makes it
            await trio.sleep(0.01)
    return int(await path.read_text())

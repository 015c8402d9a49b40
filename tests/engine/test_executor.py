"""Real worker processes under the executor: warm ones are used again, bad ones cost one call and leave nothing."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
import trio.testing

from aurad.engine.executor import LocalExecutor, open_executor
from aurad.engine.process import Emit
from aurad.model.errors import AuradError
from aurad.model.narration import Narration
from aurad.model.stage import VoiceRequest
from aurad.model.value import Value
from aurad.wire.worker import Limits, LogNews, ProgressNews, Run
from tests.worker.rig import PATIENCE, ROOT, alive, living_below, wait_gone

pytestmark = pytest.mark.slow
VOICES, BAD, FOREIGN = "module:tests.toys.voices", "module:tests.toys.misbehaving", "module:tests.toys.foreign"
BROKEN = "E600-PLUGIN_BROKEN"
AT_ONCE = 2.5  # seconds a cancel may take on a busy machine; the worker has one to obey


@pytest.fixture(autouse=True)
def _toys_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


class Bench:
    """An executor and what it was told."""

    def __init__(self, executor: LocalExecutor, folder: Path) -> None:
        self.executor, self.folder, self.news = executor, folder, list[Value]()
        self.progress = trio.Event()

    async def speak(self, plugin: str, stage: str, text: str = "Hello small world", **more: Any) -> Narration:
        workspace = self.folder / f"work-{len(list(self.folder.iterdir()))}"
        workspace.mkdir()
        request = msgspec.to_builtins(VoiceRequest(text=text, language="en"))
        call = Run(task_id="t", stage=stage, method="speak", request=request, workspace=str(workspace), **more)
        emit: Emit = lambda kind, news: self._take(news)  # noqa: E731
        result = await self.executor.run(plugin, call, emit)
        return msgspec.convert(result.output, Narration)

    def _take(self, news: Value) -> None:
        self.news.append(news)
        if isinstance(news, ProgressNews):
            self.progress.set()

    async def failure(self, plugin: str, stage: str, **more: Any) -> AuradError:
        with pytest.raises(AuradError) as caught:
            await self.speak(plugin, stage, **more)
        return caught.value

    async def cancel_once_it_runs(self, plugin: str, stage: str, text: str = "wait") -> float:
        """The seconds that the cancel took."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.speak, plugin, stage, text)
            with trio.fail_after(PATIENCE):
                await self.progress.wait()
            began = time.monotonic()
            nursery.cancel_scope.cancel()
        return time.monotonic() - began


@asynccontextmanager
async def open_bench(folder: Path, *, idle: float = 60.0, **more: Any) -> AsyncIterator[Bench]:
    async with open_executor(folder / "cache", Limits(), idle=idle, **more) as executor:
        (folder / "cache").mkdir()
        yield Bench(executor, folder)


def ours() -> set[int]:
    return living_below(os.getpid())


async def test_a_warm_worker_is_used_again_and_all_go_in_the_end(tmp_path: Path) -> None:
    async with open_bench(tmp_path) as bench:
        assert (await bench.executor.describe(VOICES)).stages[0].name == "blocking"
        for _ in range(3):
            assert [word.text for word in (await bench.speak(VOICES, "blocking")).words] == ["Hello", "small", "world"]
        assert bench.executor.started == 1
        assert bench.progress.is_set()
        processes = ours()
        assert processes
    assert alive(processes) == set()


async def test_two_at_once_are_two_workers(tmp_path: Path) -> None:
    async with open_bench(tmp_path) as bench:
        async with trio.open_nursery() as nursery:
            for _ in range(2):
                nursery.start_soon(lambda: bench.speak(VOICES, "blocking", options={"seconds": 0.5}))
        assert bench.executor.started == 2


async def test_idle_workers_are_let_go(tmp_path: Path) -> None:
    async with open_bench(tmp_path, idle=0.2) as bench:
        await bench.speak(VOICES, "blocking")
        await wait_gone(ours())
        await bench.speak(VOICES, "blocking")
        assert bench.executor.started == 2


async def test_an_idle_worker_is_kept_while_somebody_waits_to_use_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aurad.engine.executor.GLANCE", 0.01)
    asked = list[str]()

    def wanted(plugin: str) -> bool:
        asked.append(plugin)
        return len(asked) < 9

    async with open_bench(tmp_path, idle=0, wanted=wanted) as bench:
        await bench.speak(VOICES, "blocking")
        await wait_gone(ours())
    assert asked == [VOICES] * 9


async def test_a_worker_that_was_started_ahead_is_the_one_that_works(tmp_path: Path) -> None:
    async with open_bench(tmp_path) as bench:
        for _ in range(2):
            bench.executor.warm(VOICES)
        await bench.speak(VOICES, "blocking")
        bench.executor.warm(VOICES)
        await bench.speak(VOICES, "blocking")
        assert bench.executor.started == 1
        bench.executor.warm("no-such-plugin")  # whoever asks for work hears of it
        with pytest.raises(AuradError):
            await bench.executor.describe("no-such-plugin")


async def test_no_worker_is_started_ahead_beside_one_that_works(tmp_path: Path) -> None:
    async with open_bench(tmp_path) as bench, trio.open_nursery() as nursery:
        nursery.start_soon(lambda: bench.speak(VOICES, "blocking", options={"seconds": 0.5}))
        with trio.fail_after(PATIENCE):
            await bench.progress.wait()
        bench.executor.warm(VOICES)
        await trio.testing.wait_all_tasks_blocked()
        assert bench.executor.started == 1


async def test_a_worker_that_cannot_be_started_ahead_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @asynccontextmanager
    async def none_left(plugin: str, environment: object) -> AsyncIterator[None]:
        raise OSError(24, "Too many open files")
        yield

    async with open_bench(tmp_path) as bench:
        with monkeypatch.context() as patch:
            patch.setattr("aurad.engine.executor.open_worker", none_left)
            bench.executor.warm(VOICES)
            await trio.testing.wait_all_tasks_blocked()
        await bench.speak(VOICES, "blocking")


async def test_who_is_spared_goes_at_once_unless_it_is_wanted(tmp_path: Path) -> None:
    async with open_bench(tmp_path) as bench:
        await bench.speak(VOICES, "blocking")
        bench.executor.spare(VOICES)
        await bench.speak(VOICES, "blocking")
        assert bench.executor.started == 1
        bench.executor.spare(VOICES)
        await wait_gone(ours())


async def test_a_dead_worker_costs_one_call_and_its_last_words_are_told(tmp_path: Path) -> None:
    async with open_bench(tmp_path) as bench:
        error = await bench.failure(BAD, "dies")
        assert error.code == "E300-CRASH"
        assert "status 7: about to die" in error.detail
        assert any(isinstance(news, LogNews) and news.line == "about to die" for news in bench.news)
        await bench.speak(BAD, "prints")
        assert bench.executor.started == 2


@pytest.mark.parametrize("stage", ["garbage", "twice", "empty"])
async def test_who_breaks_the_protocol_is_out(tmp_path: Path, stage: str) -> None:
    async with open_bench(tmp_path) as bench:
        error = await bench.failure(BAD, stage)
        assert error.code == "E302-GARBAGE"
        assert BAD in error.detail
        await bench.speak(BAD, "prints")
        assert bench.executor.started == 2


async def test_a_worker_of_another_version_is_told_apart(tmp_path: Path) -> None:
    async with open_bench(tmp_path) as bench:
        error = await bench.failure(FOREIGN, "blocking")
        assert (error.code, f"cannot use {FOREIGN}: its worker speaks version 99" in error.detail) == (BROKEN, True)
        with pytest.raises(AuradError, match="the daemon version 1"):
            await bench.executor.describe(FOREIGN)
        await wait_gone(ours())


async def test_an_exception_costs_no_worker(tmp_path: Path) -> None:
    async with open_bench(tmp_path) as bench:
        error = await bench.failure(BAD, "crashes")
        assert (error.code, "no such key" in error.detail) == ("E300-CRASH", True)
        assert "traceback" in error.details
        await bench.speak(BAD, "prints")
        assert bench.executor.started == 1


async def test_a_worker_that_obeys_a_cancel_stays_warm(tmp_path: Path) -> None:
    async with open_bench(tmp_path) as bench:
        assert await bench.cancel_once_it_runs(BAD, "escapes") < AT_ONCE
        await bench.speak(BAD, "prints")
        assert bench.executor.started == 1


@pytest.mark.parametrize("stage", ["hangs", "hangs-in-thread"])
async def test_a_worker_that_does_not_obey_is_killed_with_all_it_started(tmp_path: Path, stage: str) -> None:
    async with open_bench(tmp_path) as bench:
        assert await bench.cancel_once_it_runs(BAD, stage) < AT_ONCE
        await wait_gone(ours())
        await bench.speak(BAD, "prints")
        assert bench.executor.started == 2


async def test_who_does_not_answer_in_time_hangs(tmp_path: Path) -> None:
    async with open_bench(tmp_path) as bench:
        await bench.speak(BAD, "prints")  # warm: the time is the task's
        error = await bench.failure(BAD, "hangs-in-thread", deadline=0.3)
        assert error.code == "E301-HUNG"
        assert "0.3 s" in error.detail
        await wait_gone(ours())


async def test_a_plugin_that_cannot_be_loaded_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    async with open_bench(tmp_path) as bench:
        with pytest.raises(AuradError, match="nowhere") as caught:
            await bench.executor.describe("module:tests.toys.nowhere")
        assert caught.value.code == "E600-PLUGIN_BROKEN"
        await wait_gone(ours())


async def test_leaving_ends_what_runs(tmp_path: Path) -> None:
    with trio.CancelScope() as scope:
        async with open_bench(tmp_path) as bench, trio.open_nursery() as nursery:
            nursery.start_soon(bench.speak, BAD, "hangs")
            with trio.fail_after(PATIENCE):
                await bench.progress.wait()
            processes = ours()
            scope.cancel()
    assert len(processes) >= 2
    await wait_gone(processes)

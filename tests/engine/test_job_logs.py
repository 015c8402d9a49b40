"""A job's log as its engine writes it: in real time, whole, for each job that wants a task, told when a job fails."""

from __future__ import annotations

import signal
from contextlib import aclosing
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest
import trio
import trio.testing

from aurad.api import Narration, StageContext, Transient, VoiceRequest, VoiceStage
from aurad.engine import attempts
from aurad.engine.joblog import TAIL
from aurad.model.value import Value
from tests.engine.house import House, open_house
from tests.engine.toys import STAGES, Tone, _with_options

PATIENCE = 20
ONE = "Bees see."


class Tooled(VoiceStage[Value]):
    """A voice that has a tool called ffmpeg say something; `script` is what the tool does."""

    name = "tooled"
    script: ClassVar[str] = "echo heard $0 >&2"
    folder: ClassVar[Path]
    fails: ClassVar[bool] = False

    async def speak(self, request: VoiceRequest, context: StageContext[Value]) -> Narration:
        context.log("warming up")
        tool = Tooled.folder / "ffmpeg"
        tool.write_text(f"#!/bin/sh\n{Tooled.script}\n")
        tool.chmod(0o755)
        result = await context.run_tool([str(tool), "-i", "in put"])
        if Tooled.fails:
            raise Transient(f"cannot speak: status {result.status}")
        return await Tone().speak(request, _with_options(context))


@pytest.fixture(autouse=True)
def _tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tooled, "folder", tmp_path, raising=False)
    monkeypatch.setattr(Tooled, "script", Tooled.script)
    monkeypatch.setattr(Tooled, "fails", False)


def open_tooled(tmp_path: Path, **options: Any) -> Any:
    return open_house(tmp_path, stages=(*STAGES, Tooled), voice=("tooled",), **options)


async def log_of(house: House, job_id: str) -> list[str]:
    await house.engine.joblogs.flush()
    return house.engine.joblogs.path(job_id).read_text().splitlines()


async def wait_begun(house: House, job_id: str) -> None:
    async with aclosing(house.engine.follow_log(job_id, 0)) as log:
        await anext(log)


async def test_a_run_of_ffmpeg_is_in_the_log_of_its_job(tmp_path: Path) -> None:
    async with open_tooled(tmp_path) as house:
        view = await house.make(ONE)
        lines = await log_of(house, view.job_id)
    assert house.engine.joblogs.folder == tmp_path / "logs" / "ffmpeg"
    tag = "[voice s1] [log]"
    first = next(n for n, line in enumerate(lines) if line.startswith("FFmpeg Render Log"))
    assert f"{tag} warming up" in lines[:first]
    assert lines[first] == f"FFmpeg Render Log - Job ID: {view.job_id}"
    assert lines[first + 1] == "Correlation ID: corr-1"
    assert f"Command: {tmp_path / 'ffmpeg'} -i 'in put'" in lines
    assert f"[voice s1 #1] [stderr] heard {tmp_path / 'ffmpeg'}" in lines
    assert "Exit Code: 0" in lines


async def test_a_log_is_there_while_the_tool_runs(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    Tooled.script = f"echo begun >&2; while ! [ -e {gate} ]; do sleep 0.01; done; echo ended >&2"
    async with open_tooled(tmp_path) as house:
        job = await house.submit(ONE)
        got = b""
        with trio.fail_after(PATIENCE):
            async for data in house.engine.follow_log(job, 0):
                got += data
                if b"begun" in got:
                    gate.touch()
        assert got == house.engine.joblogs.path(job).read_bytes()
        assert b"ended" in got


async def test_two_jobs_that_share_a_task_both_have_its_log_the_late_one_too(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    Tooled.script = f"while ! [ -e {gate} ]; do sleep 0.01; done; echo shared >&2"
    async with open_tooled(tmp_path) as house:
        with trio.fail_after(PATIENCE):
            jobs = [await house.submit(ONE)]
            await wait_begun(house, jobs[0])
            jobs.append(await house.submit(ONE))
            await wait_begun(house, jobs[1])
            gate.touch()
            logs = []
            for job in jobs:
                await house.engine.jobs.wait(job)
                logs.append(await log_of(house, job))
        assert house.ran.count("speak") == 1
    for job, lines in zip(jobs, logs, strict=True):
        assert f"FFmpeg Render Log - Job ID: {job}" in lines
        assert "[voice s1 #1] [stderr] shared" in lines
        assert "Exit Code: 0" in lines


async def test_a_cancelled_job_knows_how_its_tools_ended(tmp_path: Path) -> None:
    Tooled.script = "echo begun >&2; exec sleep 60"
    async with open_tooled(tmp_path) as house:
        job = await house.submit(ONE)
        with trio.fail_after(PATIENCE):
            async with aclosing(house.engine.follow_log(job, 0)) as log:
                async for data in log:
                    if b"begun" in data:
                        break
            await house.engine.jobs.cancel(job, "me", "")
        lines = await log_of(house, job)
    assert lines[-1] == f"Exit Code: {-signal.SIGTERM}"


async def test_a_failure_carries_the_end_of_the_log_and_the_way_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "PAUSE", 0.01)
    Tooled.fails = True
    Tooled.script = "seq 30000 >&2; exit 3"
    async with open_tooled(tmp_path) as house:
        view = await house.make(ONE)
        events = await house.events(view.job_id)
        lines = await log_of(house, view.job_id)
    failed = events[-1]
    assert failed["type"] == "job-failed"
    tail = failed["logTail"]
    assert 0 < sum(len(line) + 1 for line in tail) <= TAIL
    assert "[voice s1 #1] [stderr] 30000" in tail
    assert tail == lines[-len(tail) :]
    for problem in (*failed["errors"], *(e["problem"] for e in events if e["type"] == "step-error")):
        assert problem["details"]["logHref"] == f"/api/jobs/{view.job_id}/logs"
        assert problem["correlationId"] == "corr-1"
    attempt = next(e["problem"] for e in events if e["type"] == "step-error")
    assert attempt["details"]["logTail"][-1] == "[voice s1 #1] [stderr] 30000"
    (told, *_) = next(step.errors for step in view.steps if step.name == "Voice")
    brief = {"logHref": f"/api/jobs/{view.job_id}/logs", "plugin": "tooled", "stage": "tooled"}
    assert told == attempt | {"details": brief}
    assert len(msgspec.json.encode(view)) < 8000  # a list has hundreds


async def test_a_log_that_cannot_be_written_is_a_warning_and_no_failure(tmp_path: Path) -> None:
    async with open_tooled(tmp_path) as house:
        (tmp_path / "logs").write_text("in the way")
        job = await house.submit("One here. Two here. Three here.")
        with trio.fail_after(PATIENCE):
            view = await house.engine.jobs.wait(job)
        warnings = [e for e in await house.events(job) if e["type"] == "warning"]
    assert view.status.value == "Succeeded"
    assert [w["code"] for w in warnings] == ["E507-LOG"]
    assert str(tmp_path / "logs") in warnings[0]["detail"]
    assert warnings[0]["remedy"]


async def test_logs_of_forgotten_jobs_are_removed(tmp_path: Path) -> None:
    async with open_tooled(tmp_path) as house:
        view = await house.make(ONE)
        stray = house.engine.joblogs.path("a-forgotten")
        stray.write_text("old")
        await house.engine.housekeep()
        assert await house.engine.joblogs.names() == {view.job_id}

"""What a worker may take of the machine: the kernel holds the limits, and errors name what was hit."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from aurad.engine.executor import open_executor
from aurad.model.errors import AuradError
from aurad.model.stage import VoiceRequest
from aurad.wire.worker import Limits, LogNews, Run, StageProblem
from tests.worker.rig import ROOT, open_rig

pytestmark = pytest.mark.slow
BAD = "module:tests.toys.misbehaving"


def say(text: str) -> object:
    return msgspec.to_builtins(VoiceRequest(text=text, language="en"))


@pytest.mark.parametrize(
    ("stage", "limits", "told"),
    [
        ("hoards", Limits(open_files=64), "Too many open files"),
        ("floods", Limits(file_bytes=8 << 20), "File too large"),
        ("bomb", Limits(memory_bytes=1 << 30), "MemoryError"),
    ],
)
async def test_too_much_of_anything_fails_the_task_and_the_worker_stays(
    tmp_path: Path, stage: str, limits: Limits, told: str
) -> None:
    async with open_rig(BAD, tmp_path, limits=limits) as rig:
        problem = await rig.run(stage, say("Hello"))
        assert isinstance(problem, StageProblem)
        assert told in problem.detail
        assert (await rig.run("prints", say("Hello")))["output"]["words"]


async def test_processor_time_is_counted_for_each_task_of_a_warm_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    async with open_executor(tmp_path / "cache", Limits(cpu_seconds=1), idle=60) as executor:
        for number, seconds in enumerate(("0.7", "0.7", "0.7")):
            await executor.run(BAD, run(tmp_path / f"{number}", "spins", seconds), lambda kind, news: None)
        assert executor.started == 1
        with pytest.raises(AuradError, match=r"SIGXCPU \(one task may not use more .*workers\.cpu_seconds") as caught:
            await executor.run(BAD, run(tmp_path / "last", "spins", "60"), lambda kind, news: None)
    assert caught.value.code == "E300-CRASH"


async def test_stages_see_no_more_than_they_need(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-for-stages")
    monkeypatch.setenv("FAVOURITE", "let through")
    said: list[str] = []
    limits = Limits(open_files=512)
    async with open_executor(tmp_path / "cache", limits, idle=60, passed=["FAVOURITE"]) as executor:
        emit = lambda kind, news: said.append(news.line) if isinstance(news, LogNews) else None  # noqa: E731
        await executor.run(BAD, run(tmp_path / "work", "looks", "Hello"), emit)
    found = dict(line.split(": ", 1) for line in said if ": " in line)
    (environment,) = (line.split()[1:] for line in said if line.startswith("environment"))
    assert {"PATH", "PYTHONPATH", "FAVOURITE"} <= set(environment)
    assert "OPENAI_API_KEY" not in environment
    assert int(found["cat /proc/self/oom_score_adj"]) >= 500
    assert found["ulimit -n"] == "512"
    assert found["ls /proc/self/fd"] == "0 1 2 3"  # the last is of `ls` itself


def run(workspace: Path, stage: str, text: str) -> Run:
    workspace.mkdir()
    return Run(task_id="t", stage=stage, method="speak", request=say(text), workspace=str(workspace))

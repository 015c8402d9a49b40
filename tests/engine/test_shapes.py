"""The hard kinds of stages, each in real workers and through the whole graph to a checked video."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from aurad.engine.catalog import Installed
from aurad.engine.engine import Engine, open_engine
from aurad.hooks.registry import PluginSource, find_plugins
from aurad.model.event import JobView, TaskView
from aurad.model.folders import Folders
from aurad.model.job import Status
from aurad.model.recipe import Preset
from aurad.model.settings import Defaults, Providers, Settings, Workers
from aurad.worker.probe import probe_file
from tests.engine.house import ME
from tests.learnt import keep, lend

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
TOYS = ("stock_clips", "streamed_script", "voices", "misbehaving")
SMALL = Preset(short_side=240, fps=10, quality="draft", captions="soft", music="none")


def plugins() -> dict[str, PluginSource]:
    """The bundled plugins and the toys, as if they were installed."""
    names = [f"module:tests.toys.{name}" for name in TOYS]
    toys = {n: PluginSource(name=n, module=n, distribution="toys", version="1", fingerprint=n) for n in names}
    return {**find_plugins(), **toys}


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@asynccontextmanager
async def open_real(folder: Path, **providers: tuple[str, ...]) -> AsyncIterator[Engine]:
    chosen = {kind: Providers(providers=names) for kind, names in providers.items()}
    settings = Settings(defaults=Defaults(preset="small"), workers=Workers(memory_mib=1024), **chosen)
    places = Folders(**{name: folder / name for name in ("state", "cache", "config", "runtime", "logs")})
    lend(places.cache)
    async with open_engine(
        settings, {"small": SMALL}, places, private=True, stop=lambda: None, installed=Installed(plugins=plugins)
    ) as engine:
        yield engine
    keep(places.cache, plugins())


async def make(engine: Engine, text: str, *, topic: str | None = None, **settings: Any) -> JobView:
    brief = {"topic": topic} if topic else {"source": text}
    job = await engine.jobs.submit({"brief": brief, "settings": settings}, ME, "c")
    with trio.fail_after(120):
        return await engine.jobs.wait(job.view.job_id)


def by_name(tasks: list[TaskView]) -> dict[str, TaskView]:
    return {task.name: task for task in tasks}


async def _wait_for_task(engine: Engine, job_id: str, name: str) -> None:
    cursor = 0
    while name not in by_name(await engine.jobs.tasks(job_id)):
        cursor = (await engine.events.read_after(cursor))[-1].seq


async def video_of(engine: Engine, view: JobView) -> Path:
    artifact = next(a for a in view.artifacts if a.name == "video.mp4")
    return (await engine.find_artifact(artifact.artifact_id))[2]


async def test_stock_clips_with_one_plan_for_the_job_and_their_own_sound(tmp_path: Path) -> None:
    async with open_real(tmp_path, visuals=("stock-clips",)) as engine:
        view = await make(engine, "Red is warm.\n\nBlue is cold.")
        assert view.status is Status.SUCCEEDED, view.errors
        tasks = await engine.jobs.tasks(view.job_id)
        assert [task.name for task in tasks if task.name.startswith("plan")] == ["plan of stock-clips"]
        probe = probe_file(await video_of(engine, view))
        assert (probe.video_codec, probe.audio_codec, probe.height) == ("h264", "aac", 240)
        credits = next(a for a in view.artifacts if a.name == "credits.txt")
        text = (await engine.find_artifact(credits.artifact_id))[2].read_text()
        assert "CC0-1.0" in text


async def test_scenes_of_a_streamed_script_are_spoken_before_it_ends_and_the_last_word_counts(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    async with open_real(tmp_path, script=("streamed",), voice=("blocking",)) as engine:
        settings = {"options": {"streamed": {"scenes": 2, "gate": str(gate)}}}
        job = await engine.jobs.submit({"brief": {"topic": "bees"}, "settings": settings}, ME, "c")
        with trio.fail_after(60):
            await _wait_for_task(engine, job.view.job_id, "voice s1")
        assert "script" not in by_name(await engine.jobs.tasks(job.view.job_id))
        gate.touch()
        with trio.fail_after(120):
            view = await engine.jobs.wait(job.view.job_id)
        assert view.status is Status.SUCCEEDED, view.errors
        script = next(a for a in view.artifacts if a.name == "script.json")
        written = msgspec.json.decode((await engine.find_artifact(script.artifact_id))[2].read_bytes())
        assert written["scenes"][-1]["text"].endswith("Goodbye.")


@pytest.mark.parametrize("voice", ["blocking", "asyncio", "slow-open", "limited"])
async def test_voices_of_every_form(tmp_path: Path, voice: str) -> None:
    async with open_real(tmp_path, voice=(voice,)) as engine:
        view = await make(engine, "One short sentence is spoken here.")
        assert view.status is Status.SUCCEEDED, view.errors


async def test_a_stage_that_needs_its_neighbours_reruns_when_they_change(tmp_path: Path) -> None:
    async with open_real(tmp_path, voice=("curious",)) as engine:
        await make(engine, "# A\n\nOne is here.\n\n# B\n\nTwo is here.\n\n# C\n\nThree is here.", until="Voice")
        view = await make(engine, "# A\n\nOne was here.\n\n# B\n\nTwo is here.\n\n# C\n\nThree is here.", until="Voice")
        assert view.status is Status.SUCCEEDED, view.errors
        tasks = by_name(await engine.jobs.tasks(view.job_id))
        spoken = [task for name, task in tasks.items() if name.startswith("voice")]
        assert any(task.reused for task in spoken)
        assert sum(not task.reused for task in spoken) >= 2


@pytest.mark.parametrize("voice", ["dies", "garbage", "twice", "lies", "bomb"])
async def test_a_misbehaving_provider_costs_an_attempt_never_the_daemon(tmp_path: Path, voice: str) -> None:
    async with open_real(tmp_path, voice=(voice, "blocking")) as engine:
        view = await make(engine, "One short sentence.", until="Voice")
        assert view.status is Status.SUCCEEDED, view.errors
        step = next(step for step in view.steps if step.name == "Voice")
        assert step.plugin is not None
        assert (step.plugin.name, step.plugin.fallback_from) == ("blocking", voice)
        assert step.errors[0]["errorCode"].startswith("E3")

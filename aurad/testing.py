"""For authors of stages: run a stage in a test with the real context, and check that it keeps its promises.

ran = await run_stage(MyVoice, "speak", VoiceRequest(text="One two.", language="en"), workspace=tmp_path)
assert [word.text for word in ran.output.words] == ["One", "two."]
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import wave
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import imageio_ffmpeg
import msgspec
import trio

from aurad.model.artifact import Artifact
from aurad.model.narration import Narration
from aurad.model.script import Script
from aurad.model.stage import FinishRequest, SegmentRequest, Stage, VisualRequest, VoiceRequest
from aurad.model.value import Value, canonical
from aurad.model.video import Deliverables, Segment
from aurad.model.visual import Animation, Visual
from aurad.wire.worker import METHODS, LogNews, PartNews, ProgressNews, ToolNews, UsageNews, WarningNews
from aurad.worker.call import Caller
from aurad.worker.context import Task, TaskContext
from aurad.worker.probe import probe_file

CLOSE_SECONDS = 10  # for a stage to let go of what it opened, whatever became of the test


class Ran(NamedTuple):
    """What came of a run: the typed answer, kept files by SHA-256, and all that the stage said."""

    output: Any
    files: dict[str, Path]
    warnings: list[WarningNews]
    progress: list[ProgressNews]
    log: list[str]
    tool_log: list[str]
    parts: list[Any]
    usage: list[UsageNews]
    tools: list[ToolNews]

    def path(self, artifact: Artifact) -> Path:
        """Where a kept artifact lies."""
        return self.files[artifact.sha256]


def find_ffmpeg() -> str:
    """The FFmpeg that tests use: the one on PATH, else the bundled one."""
    return shutil.which("ffmpeg") or str(imageio_ffmpeg.get_ffmpeg_exe())


def put(path: Path, media_type: str) -> Artifact:
    """An existing file as an artifact of a request; hand it over as `files={artifact.sha256: path}`."""
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return Artifact(sha256=sha256, size_bytes=path.stat().st_size, media_type=media_type)


async def run_stage(
    stage: type[Stage[Any]] | Stage[Any],
    method: str,
    request: Any,
    *,
    workspace: Path,
    options: Value | Mapping[str, Any] | None = None,
    files: Mapping[str, Path] | None = None,
    secrets: Mapping[str, str] | None = None,
    ffmpeg: str | None = None,
) -> Ran:
    """Serve one request in this process, exactly as a worker does: the same context, forms and checks.

    The request goes through JSON first, so that a test cannot send what a daemon could not. The stage
    works in a new folder inside `workspace` and caches in `workspace/cache`.
    """
    stage = stage() if isinstance(stage, type) else stage
    cache = workspace / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    request = msgspec.json.decode(canonical(request), type=METHODS[method].request)
    task = Task(
        task_id="test",
        workspace=Path(tempfile.mkdtemp(prefix="task-", dir=workspace)),
        cache=cache,
        files=dict(files or {}),
        secrets={name: value for name, value in (secrets or {}).items() if name in stage.secrets},
        ffmpeg=find_ffmpeg() if ffmpeg is None else ffmpeg,
        frames=request.placed.frames if isinstance(request, SegmentRequest) else 0,
    )
    news: list[Value] = []
    context = TaskContext(_options(stage, options), task, news.append)
    caller = Caller(cache)
    try:
        result = await caller.call(stage, method, request, context)
    finally:
        with trio.move_on_after(CLOSE_SECONDS, shield=True):
            await caller.close()
    output = msgspec.convert(result.output, METHODS[method].result, str_keys=True)
    return _ran(output, {file.sha256: Path(file.path) for file in result.files}, news)


def _options(stage: Stage[Any], options: Value | Mapping[str, Any] | None) -> Any:
    return options if isinstance(options, Value) else msgspec.convert(dict(options or {}), stage.Options)


def _ran(output: Any, files: dict[str, Path], news: list[Value]) -> Ran:
    return Ran(
        output=output,
        files=files,
        warnings=[item for item in news if isinstance(item, WarningNews)],
        progress=[item for item in news if isinstance(item, ProgressNews)],
        log=[item.line for item in news if isinstance(item, LogNews) and not item.run_id],
        tool_log=[item.line for item in news if isinstance(item, LogNews) and item.run_id],
        parts=[item.value for item in news if isinstance(item, PartNews)],
        usage=[item for item in news if isinstance(item, UsageNews)],
        tools=[item for item in news if isinstance(item, ToolNews)],
    )


# ---------------------------------------------------------------- conformance


async def conform_stage(
    stage: type[Stage[Any]],
    method: str,
    request: Any,
    *,
    workspace: Path,
    repeatable: bool = True,
    **circumstances: Any,
) -> Ran:
    """Check the promises of `aurad.api.Stage` by example; an AssertionError says which one is broken.

    `repeatable=False` is for stages that are `fresh_per_job`: their answers may differ. The other
    arguments are those of `run_stage`. Gives the last run.
    """
    _conform_class(stage)
    reason = stage().supports(request)
    assert reason is None, f"{stage.name} does not support the request: {reason}"
    ran = await run_stage(stage, method, request, workspace=workspace, **circumstances)
    if repeatable:
        again = await run_stage(stage, method, request, workspace=workspace, **circumstances)
        assert canonical(ran.output) == canonical(again.output), f"{stage.name} answers the same request differently"
        ran = again
    done = [item.done for item in ran.progress]
    assert done == sorted(done), f"the progress of {stage.name} falls: {done}"
    check_answer(request, ran)
    return ran


def _conform_class(stage: type[Stage[Any]]) -> None:
    one = stage()
    assert _is_json(one.describe()), f"describe() of {stage.name} is not JSON"
    for name, version in one.fingerprint().items():
        assert isinstance(name, str), f"fingerprint() of {stage.name} has the key {name!r}"
        assert isinstance(version, str), f"fingerprint() of {stage.name} has {version!r} for {name}"
    assert one.fingerprint() == stage().fingerprint(), f"fingerprint() of {stage.name} changes"
    msgspec.json.schema(stage.Options)
    stage.Options()


def _is_json(value: Any) -> bool:
    try:
        return bool(json.loads(json.dumps(value, allow_nan=False)) == value)
    except (TypeError, ValueError):
        return False


def check_answer(request: Any, ran: Ran) -> None:
    """Does the answer fit the request, down to the bytes of its files?"""
    match request, ran.output:
        case _, Script() as script:
            _check_script(script)
        case VoiceRequest(text=text), Narration() as narration:
            _check_narration(text, narration, ran)
        case VisualRequest(), Visual() as visual:
            _check_visual(len(request.scene.words), visual)
        case SegmentRequest(), Segment() as segment:
            _check_segment(request, segment, ran)
        case FinishRequest(), Deliverables(files=files):
            names = [file.name for file in files]
            assert len(set(names)) == len(names), f"two deliverables have one name: {names}"


def _check_script(script: Script) -> None:
    assert script.scenes, "the script has no scenes"
    for number, scene in enumerate(script.scenes, 1):
        assert scene.words, f"scene {number} says nothing"
        late = [item.text for item in scene.slide.items if (item.at or 0) >= len(scene.words)]
        assert not late, f"items of scene {number} come in after its last word: {late}"


def _check_narration(text: str, narration: Narration, ran: Ran) -> None:
    assert [word.text for word in narration.words] == text.split(), "the words are not text.split()"
    starts = [word.start for word in narration.words]
    assert starts == sorted(starts), "the words' starts fall"
    assert all(0 <= word.start <= word.end for word in narration.words), "a word ends before it starts"
    assert narration.words[-1].start <= narration.duration, "a word starts after the end"
    probe = probe_file(ran.path(narration.audio))
    assert (probe.audio_codec, probe.channels) in {("pcm_s16le", 1), ("pcm_f32le", 1)}, "the audio is no mono PCM"
    assert probe.sample_rate == narration.sample_rate, f"the audio has {probe.sample_rate} Hz"
    assert abs(probe.duration * probe.sample_rate - narration.samples) < 1, "the audio has another number of samples"


def _check_visual(words: int, visual: Visual) -> None:
    starts = [shot.at or 0 for shot in visual.shots]
    assert starts == sorted(starts), f"the shots are not in order: {starts}"
    layers = [layer for shot in visual.shots if isinstance(shot, Animation) for layer in shot.layers]
    late = [at for at in (*starts, *(layer.at or 0 for layer in layers)) if at >= words]
    assert not late, f"something waits for word {late} of {words}"


def _check_segment(request: SegmentRequest, segment: Segment, ran: Ran) -> None:
    probe = probe_file(ran.path(segment.video))
    assert probe.frames == segment.frames == request.placed.frames, f"{probe.frames} frames"
    assert (probe.width, probe.height) == (request.canvas.width, request.canvas.height), "another size"
    assert (probe.video_codec, probe.pixel_format) == ("h264", "yuv420p"), f"{probe.video_codec} {probe.pixel_format}"
    assert probe.fps == request.canvas.fps, f"{probe.fps} frames a second"
    assert not probe.audio_codec, "a segment is silent"


# ---------------------------------------------------------------- small things for tests


def write_tone(path: Path, *, seconds: float, rate: int = 24_000) -> int:
    """A mono 16-bit WAV of a quiet square wave; gives its number of samples."""
    samples, half = round(seconds * rate), rate // 440
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, samples, "NONE", ""))
        period = (800).to_bytes(2, "little") * half + (-800).to_bytes(2, "little", signed=True) * half
        file.writeframes((period * (samples // (2 * half) + 1))[: 2 * samples])
    return samples


__all__ = ["Ran", "check_answer", "conform_stage", "find_ffmpeg", "put", "run_stage", "write_tone"]

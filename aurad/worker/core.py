"""The core's own tasks, served by a worker like a plugin's: soundtrack, joining, previews and the last check."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import trio

from aurad.hooks.specs import hookimpl
from aurad.model.assembly import (
    Heard,
    JoinRequest,
    ListenRequest,
    Preview,
    PreviewRequest,
    SoundRequest,
    Soundtrack,
    Verified,
    VerifyRequest,
)
from aurad.model.errors import AuradError
from aurad.model.stage import Stage, StageContext
from aurad.model.value import Value
from aurad.model.video import Segment

Context = StageContext[Value]
PARTS = 2  # of the sound, measured side by side
AUDIO_BITS = "160k"  # AAC of a preview: nobody masters from it


class Core(Stage[Value]):
    """Everything heavy that is not a plugin's business, kept out of the daemon's process.

    The work runs in threads that look for a cancel between blocks, so a worker survives one.
    """

    name = "core"
    kind = "core"  # type: ignore[assignment]  # no kind that a plugin could be of

    def fingerprint(self) -> Mapping[str, str]:
        return {name: version(name) for name in ("av", "numpy")}

    async def sound(self, request: SoundRequest, context: Context) -> Soundtrack:
        """All that is heard, scene after scene, as one WAV."""
        from aurad.worker.soundtrack import write_soundtrack  # numpy and PyAV: only where needed

        target = context.workspace / "voice.wav"
        samples = await trio.to_thread.run_sync(
            write_soundtrack, request, context.path, target, _cancellable(context.progress)
        )
        return Soundtrack(audio=context.keep(target, "audio/wav"), samples=samples)

    async def join(self, request: JoinRequest, context: Context) -> Segment:
        """All segments as one silent video, without decoding."""
        from aurad.worker.joining import join_segments

        target = context.workspace / "picture.mp4"
        frames = await trio.to_thread.run_sync(
            join_segments, request, context.path, target, _cancellable(context.progress)
        )
        return Segment(video=context.keep(target, "video/mp4"), frames=frames)

    async def preview(self, request: PreviewRequest, context: Context) -> Preview:
        """One scene with its sound."""
        sound = await self.sound(SoundRequest(scenes=(request.sound,), fps=request.fps), context)
        target = context.workspace / "preview.mp4"
        inputs = ("-i", str(context.path(request.segment.video)), "-i", str(context.path(sound.audio)))
        codecs = ("-map", "0:v:0", "-map", "1:a:0", "-c:v", "copy", "-c:a", "aac", "-b:a", AUDIO_BITS)
        flags = ("-fflags", "+bitexact", "-flags:a", "+bitexact", "-movflags", "+faststart")
        async with context.ffmpeg((*inputs, *codecs, *flags, "-f", "mp4", str(target)), frames=request.segment.frames):
            pass
        return Preview(video=context.keep(target, "video/mp4"))

    async def listen(self, request: ListenRequest, context: Context) -> Heard:
        """How loud a sound is."""
        loudness, peak = await _listened(context.path(request.audio), context.progress)
        return Heard(audio=request.audio, loudness=loudness, true_peak=peak)

    async def verify(self, request: VerifyRequest, context: Context) -> Verified:
        """What the finished file really is; raises `AuradError` E309 if it is not what it must be.

        Its sound is listened to unless it is one that was heard before.
        """
        from aurad.worker.loudness import SILENCE
        from aurad.worker.verify import examined, judged, same_sound

        path, progress = context.path(request.video), _cancellable(context.progress)
        facts = await trio.to_thread.run_sync(examined, path, progress)
        if not facts.audio_codec:
            return judged(request, facts, SILENCE, SILENCE)
        for heard in request.heard:
            if await trio.to_thread.run_sync(same_sound, path, context.path(heard.audio)):
                return judged(request, facts, heard.loudness, heard.true_peak)
        return judged(request, facts, *await _listened(path, context.progress))


async def _listened(path: Path, progress: Callable[[float], None]) -> tuple[float, float]:
    """Integrated loudness in LUFS and true peak in dBTP: the parts of the sound are measured side by side."""
    from aurad.worker.loudness import Heard, decibels, integrated, measure_part
    from aurad.worker.verify import readable

    heard, done = dict[int, Heard](), [0.0] * PARTS

    def measure(part: int) -> None:
        def tell(share: float) -> None:
            trio.from_thread.check_cancelled()
            done[part] = share
            progress(sum(done) / PARTS)

        with readable():
            heard[part] = measure_part(path, part, PARTS, tell)

    failure: BaseException | None = None
    try:
        async with trio.open_nursery() as nursery:
            for part in range(PARTS):
                nursery.start_soon(trio.to_thread.run_sync, measure, part)
    except* AuradError as several:
        failure = several.exceptions[0]  # both halves may be damaged: one story is enough
    if failure:
        raise failure
    blocks = [block for part in range(PARTS) for block in heard[part].blocks]
    return integrated(blocks), decibels(max(part.peak for part in heard.values()))


def _cancellable(progress: Callable[[float], None]) -> Callable[[float], None]:
    """Progress told from a thread of Trio's, which ends there once its task is cancelled."""

    def tell(done: float) -> None:
        trio.from_thread.check_cancelled()
        progress(done)

    return tell


@hookimpl
def aurad_stages() -> Sequence[type[Stage[Any]]]:
    """One stage with all of the core's methods."""
    return (Core,)

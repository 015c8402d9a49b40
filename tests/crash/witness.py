"""The bundled stages, and a voice that only beeps, under a witness: each execution is a line in a file outside.

Installed by the tests as a distribution of its own. A line is `begin|end method key`; the key is the hash of
what the stage was asked, so equal keys are one task. Lines are appended by single writes, so that a kill
leaves whole ones.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import os
import subprocess
import time
import wave
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import trio
from mischief import commit

from aurad.api import Narration, Stage, StageContext, Value, VoiceRequest, VoiceStage, Word, hookimpl
from aurad_plugins.finish_captions.stage import Captions
from aurad_plugins.finish_package.stage import Package
from aurad_plugins.render_ffmpeg.stage import FFmpegRender
from aurad_plugins.script_document.stage import DocumentStage
from aurad_plugins.visuals_slides.stage import SlidesStage

RATE, WORD = 24_000, 0.3  # Hz, seconds that a word takes
MARK = b"villain"  # whoever is asked for it misbehaves, others do not
BEGUN = 0.1  # seconds until a tool has surely begun
FILE = "witness"  # in the plugin's cache folder


class Beep(VoiceStage[Value]):
    name = "beep"

    def speak(self, request: VoiceRequest, context: StageContext[Value]) -> Narration:
        words = request.text.split()
        samples = round(RATE * WORD * len(words))
        path = context.workspace / "voice.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            square = b"\x00\x10" * 40 + b"\x00\xf0" * 40
            file.writeframes((square * (samples // 80 + 1))[: 2 * samples])
        spoken = tuple(Word(text=word, start=n * WORD, end=(n + 1) * WORD) for n, word in enumerate(words))
        return Narration(audio=context.keep(path, "audio/wav"), sample_rate=RATE, samples=samples, words=spoken)


def watched(real: type[Stage[Any]], *methods: str) -> type[Stage[Any]]:
    """A stage that does what `real` does, and says so."""
    wrapped = {method: _witnessed(getattr(real, method)) for method in methods}
    return type(f"Watched{real.__name__}", (real,), {"name": f"watched-{real.name}", **wrapped})


def _witnessed(method: Callable[..., Any]) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(method):

        @functools.wraps(method)
        async def aside(self: Any, request: Any, context: Any) -> Any:
            with _said(context, method.__name__, request):
                await _hold_up_tool(context, context.cache / f"hold-{method.__name__}")
                return await method(self, request, context)

        return aside

    @functools.wraps(method)
    def beside(self: Any, request: Any, context: Any) -> Any:
        with _said(context, method.__name__, request):
            _hold_up(context.cache / f"hold-{method.__name__}")
            return method(self, request, context)

    return beside


@contextmanager
def _said(context: StageContext[Any], method: str, request: Value) -> Iterator[None]:
    """A test puts up files in the plugin's cache folder: `hold-METHOD`, and `mischief-METHOD` with its name."""
    asked = msgspec.json.encode(request, order="sorted")
    key, path = hashlib.sha256(asked).hexdigest()[:16], context.cache / FILE
    _append(path, f"begin {method} {key} {time.time()}\n")
    if (mischief := context.cache / f"mischief-{method}").exists() and MARK in asked:
        commit(mischief.read_text(), context)
    yield
    _append(path, f"end {method} {key} {time.time()}\n")


def _hold_up(hold: Path) -> None:
    """Until a test takes the file away, beside a tool that left its session, and does what the file says."""
    if hold.exists():
        subprocess.Popen(["sh", str(hold)], start_new_session=True)
        time.sleep(BEGUN)
        hold.with_suffix(".reached").touch()
    while hold.exists():
        time.sleep(BEGUN / 10)


async def _hold_up_tool(context: StageContext[Any], hold: Path) -> None:
    """As a stage should: with a tool that the context runs."""
    if await trio.Path(hold).exists():
        async with trio.open_nursery() as nursery:
            nursery.start_soon(context.run_tool, ["sh", str(hold)])
            await trio.sleep(BEGUN)
            await trio.Path(hold.with_suffix(".reached")).touch()


def _append(path: Path, line: str) -> None:
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(file, line.encode())
    os.close(file)


@hookimpl
def aurad_stages() -> Sequence[type[Stage[Any]]]:
    return [
        watched(DocumentStage, "write"),
        watched(Beep, "speak"),
        watched(SlidesStage, "draw"),
        watched(FFmpegRender, "profile", "render_scene"),
        watched(Captions, "finish"),
        watched(Package, "finish"),
    ]

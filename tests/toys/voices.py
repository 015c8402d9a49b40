"""Voices of every form: plain `def`, asyncio, slow to open, curious about its neighbours, rate limited."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import trio

from aurad.api import Narration, RateLimited, Stage, StageContext, Value, VoiceRequest, VoiceStage, Word, hookimpl
from aurad.testing import write_tone

RATE = 24_000


def beep(request: VoiceRequest, context: StageContext[Any], seconds: float = 0.0) -> Narration:
    """A tone as long as the text, its words evenly spread."""
    words = request.text.split()
    path = context.workspace / "voice.wav"
    samples = write_tone(path, seconds=seconds or 0.3 * len(words), rate=RATE)
    step = samples / RATE / len(words)
    return Narration(
        audio=context.keep(path, "audio/wav"),
        sample_rate=RATE,
        samples=samples,
        words=tuple(Word(text=word, start=n * step, end=(n + 1) * step) for n, word in enumerate(words)),
    )


class BlockingOptions(Value, frozen=True, kw_only=True):
    seconds: float = 0.0


class Blocking(VoiceStage[BlockingOptions]):
    """A plain `def`, as most speech libraries are called."""

    name = "blocking"
    Options = BlockingOptions

    def speak(self, request: VoiceRequest, context: StageContext[BlockingOptions]) -> Narration:
        for step in range(10):
            time.sleep(context.options.seconds / 10)
            context.progress(step / 10, "speaking")
        return beep(request, context)


class Asyncio(VoiceStage[Value]):
    """Built on asyncio, with a client that is bound to its loop."""

    name = "asyncio"
    loop = "asyncio"

    async def open(self, cache: Path) -> None:
        self._turn = asyncio.Lock()

    async def speak(self, request: VoiceRequest, context: StageContext[Value]) -> Narration:
        async with self._turn:
            if request.text == "wait":
                await asyncio.sleep(3600)
            return beep(request, context)


class SlowOpen(VoiceStage[Value]):
    """Loads a model first; `open` is called once, however many scenes there are."""

    name = "slow-open"
    slot = "gpu"

    async def open(self, cache: Path) -> None:
        await trio.sleep(0.3)
        with (cache / "opened").open("a") as file:
            file.write("x")

    async def speak(self, request: VoiceRequest, context: StageContext[Value]) -> Narration:
        await trio.lowlevel.checkpoint()
        context.log((context.cache / "opened").read_text())
        return beep(request, context)


class Curious(VoiceStage[Value]):
    """Must see its neighbours: leaves out a sentence's rising tone where the next scene goes on."""

    name = "curious"
    needs = ("previous", "next")

    async def speak(self, request: VoiceRequest, context: StageContext[Value]) -> Narration:
        await trio.lowlevel.checkpoint()
        before, after = (scene.text if scene else "-" for scene in (request.previous, request.next))
        context.log(f"{before} | {after}")
        return beep(request, context)


class Limited(VoiceStage[Value]):
    """A service that asks for patience the first time."""

    name = "limited"
    slot = "network"
    fresh_per_job = True
    asked = 0

    async def speak(self, request: VoiceRequest, context: StageContext[Value]) -> Narration:
        await trio.lowlevel.checkpoint()
        self.asked += 1
        if self.asked == 1:
            raise RateLimited("cannot speak: 429 from the service", retry_after=0.2)
        context.usage("characters", len(request.text), 0.01, "EUR")
        return beep(request, context)


@hookimpl
def aurad_stages() -> Sequence[type[Stage[Any]]]:
    return [Blocking, Asyncio, SlowOpen, Curious, Limited]

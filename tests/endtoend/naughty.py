"""A voice that is quick, and misbehaves as its options say. Installed as a distribution of its own by the tests."""

from __future__ import annotations

import os
import stat
import time
import wave
from collections.abc import Sequence
from typing import Any, Literal

from aurad.api import Narration, Stage, StageContext, Value, VoiceRequest, VoiceStage, Word, hookimpl

RATE, WORD = 24_000, 0.3  # Hz, seconds that a word takes
PITCH = 1  # an edited plugin is another one: the tests change this line


class Options(Value, frozen=True, kw_only=True):
    how: Literal["well", "dies", "hangs", "garbage", "twice", "raises", "lies"] = "well"


class Naughty(VoiceStage[Options]):
    name = "naughty"
    Options = Options

    def speak(self, request: VoiceRequest, context: StageContext[Options]) -> Narration:
        match context.options.how:
            case "dies":
                os.write(2, b"about to die\n")
                os._exit(7)
            case "hangs":
                time.sleep(3600)
            case "garbage":
                os.write(_protocol(), b"Loading model... 100%\n")
            case "twice":
                os.write(_protocol(), b'{"jsonrpc":"2.0","id":1,"result":null}\n')  # to `initialize`, again
            case "raises":
                raise KeyError("no such voice")
        return beep(request, context)


def beep(request: VoiceRequest, context: StageContext[Options]) -> Narration:
    words = request.text.split()
    samples = round(RATE * WORD * len(words))
    path = context.workspace / "voice.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        square = b"\x00\x10" * 40 + b"\x00\xf0" * 40
        file.writeframes((square * (samples // 80 + 1))[: 2 * samples])
    spoken = words[: 1 if context.options.how == "lies" else None]
    return Narration(
        audio=context.keep(path, "audio/wav"),
        sample_rate=RATE,
        samples=samples,
        words=tuple(Word(text=word, start=n * WORD, end=(n + PITCH) * WORD) for n, word in enumerate(spoken)),
    )


def _protocol() -> int:
    """The daemon's socket, as a plugin bent on mischief would find it: Trio's own sockets do not block."""
    found = (int(name) for name in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{name}"))
    return [each for each in found if stat.S_ISSOCK(os.fstat(each).st_mode) and os.get_blocking(each)][-1]


@hookimpl
def aurad_stages() -> Sequence[type[Stage[Any]]]:
    return [Naughty]

"""The voice stage: eSpeak NG, a hundred languages, with the library's own word events.

Owns the choice of the voice and the mapping of events to written words; see `library` for the engine.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import trio
from msgspec import Meta

from aurad.api import (
    WORDS_PER_MINUTE,
    BadInput,
    Narration,
    StageContext,
    Unavailable,
    Value,
    VoiceRequest,
    VoiceStage,
    Word,
    respelled,
)

if TYPE_CHECKING:  # numpy and the library are loaded when somebody speaks, not with the plugin
    from aurad_plugins.voice_espeak.library import EspeakVoice, Library
    from aurad_plugins.voice_espeak.sound import Samples

SILENCE = 0.4  # seconds, where a text has nothing that can be said
CODE = "robotic-voice"
CREDIT = {
    "title": "eSpeak NG, the voice", "author": "Jonathan Duddington, Reece H. Dunn and others",
    "licence": "GPL-3.0-or-later", "source": "https://github.com/espeak-ng/espeak-ng",
}  # fmt: skip
RATE_PER_WPM = 1.07  # its rate counts words without the pauses between sentences
PIECE = 2000  # letters synthesised at once: about a second of work, the longest that a cancel waits
PAUSES = {"relaxed": 0.6, "conversational": 0.4, "fast": 0.25}  # seconds between paragraphs, besides its own
_PARAGRAPH = re.compile(r"\n[^\S\n]*\n\s*")


class EspeakOptions(Value, frozen=True, kw_only=True):
    """How it speaks, besides the pacing that the brief asks for."""

    speed: Annotated[float, Meta(ge=0.5, le=2.0, description="1 is the pacing's own tempo")] = 1.0
    variant: Annotated[
        str, Meta(pattern=r"^[A-Za-z0-9_-]*$", description="colour of the voice: f1..f5, m1..m8, croak, whisper, ...")
    ] = ""


class Piece(NamedTuple):
    """Consecutive written words, where each begins in `text`, and whether a paragraph ends with them."""

    text: str
    starts: tuple[int, ...]
    last: bool


class EspeakVoiceStage(VoiceStage[EspeakOptions]):
    """Robotic but everywhere: for languages that no better voice speaks."""

    name = "espeak"
    Options = EspeakOptions

    def lacks(self) -> str | None:
        """The extra, where it is not installed."""
        return "its extra is not installed: pip install 'aurad[espeak]'" if _missing() else None

    def supports(self, request: VoiceRequest) -> str | None:
        """Whether the library knows the language."""
        if not speakers(_voices(), request.language):
            return f"eSpeak NG does not speak {request.language!r}"
        return None

    def fingerprint(self) -> Mapping[str, str]:
        """The package holds the engine, its rules and its dictionaries."""
        if _missing():
            return {}
        return {"espeakng-loader": version("espeakng-loader"), "numpy": version("numpy")}

    def describe(self) -> Mapping[str, Any]:
        """All voices, each under the name by which it can be asked for."""
        if _missing():
            return {"voices": [], "languages": []}
        listed = [{"name": voice_name(v), "language": v.languages[0], "title": v.name} for v in _voices()]
        spoken = sorted({language for voice in _voices() for language in voice.languages})
        return {"voices": listed, "languages": spoken, "credits": [CREDIT]}

    async def speak(self, request: VoiceRequest, context: StageContext[EspeakOptions]) -> Narration:
        """Piece by piece in a thread, so that a cancel waits for one piece at most."""
        voice = await trio.to_thread.run_sync(_choose, request.voice, request.language)
        if not request.voice:
            context.warn(CODE, chosen(voice, request.language))
        identifier = voice.identifier + (f"+{context.options.variant}" if context.options.variant else "")
        rate = round(WORDS_PER_MINUTE[request.pacing] * RATE_PER_WPM * context.options.speed)
        cut = pieces(request.text, pronounce=request.pronounce)
        whole = _Whole(PAUSES[request.pacing])
        from aurad_plugins.voice_espeak.library import open_library

        try:
            with open_library() as library:
                for number, piece in enumerate(cut, 1):
                    await trio.to_thread.run_sync(whole.say, library, piece, identifier, rate)
                    context.progress(0.95 * number / len(cut))
                return await trio.to_thread.run_sync(whole.finish, request.text.split(), library.rate, context)
        except OSError as error:
            raise Unavailable(f"cannot speak with eSpeak NG: {error}", remedy="Reinstall 'aurad[espeak]'.") from error


class _Whole:
    """The narration as it grows: its sound, and the sample at which each written word is heard."""

    def __init__(self, pause: float) -> None:
        self._pause, self._due = pause, 0.0
        self._parts: list[Samples] = []
        self._length = 0
        self._starts: list[int | None] = []

    def say(self, library: Library, piece: Piece, voice: str, rate: int) -> None:
        import numpy as np

        from aurad_plugins.voice_espeak.sound import trimmed

        spoken = library.speak(piece.text, voice, rate)
        sound, cut = trimmed(spoken.pcm, library.rate)
        if len(sound):
            gap = np.zeros(round(self._due * library.rate) if self._length else 0, np.float32)
            self._parts += [gap, sound]
            self._length += len(gap) + len(sound)
            self._due = self._pause if piece.last else self._pause / 2
        at = self._length - len(sound) - cut
        first = first_heard(piece.starts, [(word.position, word.sample) for word in spoken.words])
        self._starts += [None if sample is None or not len(sound) else at + sample for sample in first]

    def finish(self, words: Sequence[str], rate: int, context: StageContext[EspeakOptions]) -> Narration:
        import numpy as np

        from aurad_plugins.voice_espeak.sound import levelled, write_wav

        silence = [np.zeros(round(SILENCE * rate), np.float32)]
        sound = np.concatenate(self._parts if self._length else silence)
        path = context.workspace / "voice.wav"
        write_wav(path, levelled(sound, rate), rate)
        timed = word_times(words, self._starts, len(sound), rate)
        return Narration(audio=context.keep(path, "audio/wav"), sample_rate=rate, samples=len(sound), words=timed)


def _missing() -> bool:
    return find_spec("espeakng_loader") is None


@cache  # the package's files do not change, and the library is not for two at once
def _voices() -> list[EspeakVoice]:
    from aurad_plugins.voice_espeak.library import open_library

    with open_library() as library:
        return library.voices()


def voice_name(voice: EspeakVoice) -> str:
    """The short name: the last part of the library's identifier ("gmw/de" is "de")."""
    return voice.identifier.rpartition("/")[2]


def chosen(voice: EspeakVoice, language: str) -> str:
    """Which voice was taken, and why; the same for every scene, so it is told once."""
    match = "speaks" if language.lower() in voice.languages else f"({voice.languages[0]}) is the nearest to"
    return (
        f"{voice.name} of eSpeak NG {match} {language!r}, and no voice before it in the order configured does;"
        " it is clear but sounds robotic: choose another voice provider, or name the voice to accept it"
    )


def speakers(voices: Sequence[EspeakVoice], language: str) -> list[EspeakVoice]:
    """Voices for a BCP 47 tag, the best first: the tag itself, then ever shorter forms of it."""
    parts = language.lower().split("-")
    tags = ["-".join(parts[:n]) for n in range(len(parts), 0, -1)]
    ranked = [(tags.index(tag), rank, v) for v in voices for rank, tag in enumerate(v.languages) if tag in tags]
    ranked.sort(key=lambda entry: (entry[0], entry[1], len(entry[2].identifier)))
    return list(dict.fromkeys(voice for _, _, voice in ranked))


def _choose(name: str, language: str) -> EspeakVoice:
    voices = _voices()
    fitting = speakers(voices, language)
    if not name and fitting:
        return fitting[0]
    for voice in (*fitting, *voices):
        if name.lower() in {voice_name(voice).lower(), voice.name.lower(), voice.identifier.lower()}:
            return voice
    allowed = [voice_name(voice) for voice in fitting]
    raise BadInput(
        f"cannot speak {language!r} with the voice {name!r}: eSpeak NG has {', '.join(allowed) or 'none'} for it",
        remedy="Choose one of the named voices, or leave the voice out.",
        details={"voice": name, "allowed": allowed},
    )


def pieces(text: str, limit: int = PIECE, pronounce: Mapping[str, str] = MappingProxyType({})) -> list[Piece]:
    """Cut into paragraphs, and those at sentences (else between words) into parts of about `limit` letters.

    A respelt word stands in its written place, so what is heard of it belongs to it.
    """
    found: list[Piece] = []
    for paragraph in _PARAGRAPH.split(text):
        words = respelled([word.replace("\0", "") for word in paragraph.split()], pronounce)
        while words:
            count = _fitting(words, limit)
            found.append(_piece(words[:count], count == len(words)))
            words = words[count:]
    return found


def _fitting(words: Sequence[str], limit: int) -> int:
    size, sentence = 0, 0
    for count, word in enumerate(words, 1):
        size += len(word) + 1
        if size > limit and count > 1:
            return sentence or count - 1
        if word[-1:] in {".", "!", "?", "…", "。", "！", "？", "।", "؟"}:
            sentence = count
    return len(words)


def _piece(words: Sequence[str], last: bool) -> Piece:
    starts, at = [], 0
    for word in words:
        starts.append(at)
        at += len(word) + 1
    return Piece(" ".join(words), tuple(starts), last)


def first_heard(starts: Sequence[int], heard: Sequence[tuple[int, int]]) -> list[int | None]:
    """For each written word the sample of the first event inside it."""
    first: list[int | None] = [None] * len(starts)
    for position, sample in heard:
        word = bisect_right(starts, position) - 1
        if word >= 0 and (first[word] is None):
            first[word] = sample
    return first


def word_times(words: Sequence[str], starts: Sequence[int | None], samples: int, rate: int) -> tuple[Word, ...]:
    """A word lasts until the next one that is heard; one that is not heard takes no time."""
    timed: list[int] = []
    for start in starts:
        least = timed[-1] if timed else 0
        timed.append(min(max(least, least if start is None else start), samples))
    ends = [*timed[1:], samples][: len(timed)]
    return tuple(Word(text=w, start=a / rate, end=b / rate) for w, a, b in zip(words, timed, ends, strict=True))

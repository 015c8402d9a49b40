"""The voice stage: a scene's text becomes a narration, sentence by sentence.

Owns pacing, seeds and the choice of the voice; text, model, timing and sound have their own modules.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import trio
from msgspec import Meta

from aurad.api import BadInput, Narration, StageContext, Unavailable, Value, VoiceRequest, VoiceStage, Word
from aurad_plugins.voice_hibari import text as reading
from aurad_plugins.voice_hibari.unsaid import GLANCE, SILENCE, is_foreign, pieces, reading_times

if TYPE_CHECKING:  # numpy and the engine are loaded with the model, not with the plugin
    from aurad_plugins.voice_hibari.model import Model
    from aurad_plugins.voice_hibari.sound import Samples
    from aurad_plugins.voice_hibari.timing import Span

DEFAULT_VOICE = "heart"
CLAUSE_PAUSE = 0.18  # seconds, where a sentence is too long to be synthesised at once
CREDITS = (  # as its NOTICE tells: what is heard is its model, which was distilled from Kokoro and reads by misaki
    {"title": "hibari, the voice", "author": "Maureese Williams", "licence": "Apache-2.0",
     "source": "https://github.com/MMWilliams/hibari"},
    {"title": "Kokoro-82M, from which the voice was distilled, and misaki, its lexicon", "author": "hexgrad",
     "licence": "Apache-2.0", "source": "https://huggingface.co/hexgrad/Kokoro-82M"},
)  # fmt: skip


class Pace(NamedTuple):
    """Tempo of the model (1 is its own) and pauses in seconds; calibrated to `WORDS_PER_MINUTE`."""

    speed: float
    sentence: float
    paragraph: float


PACES = {
    "relaxed": Pace(0.80, 0.65, 1.05),
    "conversational": Pace(0.92, 0.46, 0.80),
    "fast": Pace(1.21, 0.26, 0.50),
}


class HibariOptions(Value, frozen=True, kw_only=True):
    """How it speaks, besides the pacing that the brief asks for."""

    speed: Annotated[float, Meta(ge=0.6, le=1.6, description="1 is the pacing's own tempo")] = 1.0
    pauses: Annotated[float, Meta(ge=0.0, le=3.0, description="1 is the pacing's own pauses")] = 1.0


class Part(NamedTuple):
    """What is synthesised at once, the pause before it, and the share of the text that ends with it.

    A part without symbols is silent as long as it takes to read the words `unsaid`.
    """

    symbols: list[reading.Symbol]
    pause: float
    done: float
    unsaid: range = range(0)


class Said(NamedTuple):
    """A part's sound, the pause before it, and its words' times in it."""

    sound: Samples
    pause: float
    spans: list[Span]
    is_heard: bool = True


class HibariVoice(VoiceStage[HibariOptions]):
    """English, neural, offline; the model is in the wheel."""

    name = "hibari"
    languages = ("en",)
    Options = HibariOptions

    def __init__(self) -> None:
        self._models: dict[str, Model] = {}

    def supports(self, request: VoiceRequest) -> str | None:
        """English only."""
        if find_spec("hibari") is None or find_spec("onnxruntime") is None:
            return "hibari-tts is not installed: pip install hibari-tts"
        if request.language.split("-")[0].lower() != "en":
            return f"it speaks English only, not {request.language!r}"
        return None

    def fingerprint(self) -> Mapping[str, str]:
        """The engine, what computes for it, and the bytes of every voice that is here."""
        engines = {name: version(name) for name in ("hibari-tts", "onnxruntime", "numpy")}
        models = {name: hashlib.sha256(path.read_bytes()).hexdigest()[:16] for name, path in voices().items()}
        return engines | {f"voice.{name}": digest for name, digest in models.items()}

    def describe(self) -> Mapping[str, Any]:
        """The voices that are on this machine, and whom they come from."""
        from hibari.voices import VOICES

        here = voices()
        return {
            "credits": list(CREDITS),
            "voices": [
                {
                    "name": name,
                    "language": facts["language"],
                    "gender": facts["gender"],
                    "default": name == DEFAULT_VOICE,
                }
                for name, facts in VOICES.items()
                if name in here
            ],
        }

    async def open(self, cache: Path) -> None:
        """Load the default voice."""
        await trio.to_thread.run_sync(self._model, DEFAULT_VOICE)

    async def close(self) -> None:
        """Let go of the models."""
        self._models.clear()

    async def speak(self, request: VoiceRequest, context: StageContext[HibariOptions]) -> Narration:
        """Sentence by sentence in a thread, so that a cancel waits for one sentence at most."""
        model = await trio.to_thread.run_sync(self._model, _voice(request.voice))
        pace = PACES[request.pacing]
        speed = pace.speed * context.options.speed
        parts, words = _parts(request, pace, context.options.pauses, model), request.text.split()
        spoken: list[Said] = []
        while (part := await trio.to_thread.run_sync(next, parts, None)) is not None:
            say = partial(_say, model, part, speed=speed, seed=_seed(request.seed, len(spoken)))
            keep = partial(_left_to_read, words, part, model.rate)
            spoken.append(await trio.to_thread.run_sync(say if part.symbols else keep))
            context.progress(0.95 * part.done, f"{part.done:.0%} of the words")
        return await trio.to_thread.run_sync(_finish, words, spoken, model.rate, context)

    def _model(self, voice: str) -> Model:
        if voice not in self._models:
            from hibari.voices import VOICES

            from aurad_plugins.voice_hibari.model import Model

            try:
                self._models[voice] = Model(voices()[voice], british=bool(VOICES[voice]["british"]))
            except (OSError, KeyError) as error:
                raise Unavailable(f"cannot load the voice {voice!r}: {error}") from error
        return self._models[voice]


def voices() -> dict[str, Path]:
    """The voices whose model is on this machine; nothing is ever downloaded."""
    from hibari.voices import VOICES, voice_path

    found: dict[str, Path] = {}
    for name in VOICES:
        try:
            found[name] = Path(voice_path(name, download_missing=False))
        except FileNotFoundError:
            continue
    return found


def _voice(name: str) -> str:
    if not name:
        return DEFAULT_VOICE
    if name in (here := voices()):
        return name
    raise BadInput(
        f"cannot speak with the voice {name!r}: hibari has {', '.join(here)} here",
        remedy="Choose one of the named voices, or leave the voice out.",
        details={"voice": name, "allowed": list(here)},
    )


def _seed(seed: int, part: int) -> int:
    """Each part has noise of its own, whatever comes before it."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{part}".encode()).digest()[:8], "big")


def _parts(request: VoiceRequest, pace: Pace, pauses: float, model: Model) -> Iterator[Part]:
    """Read sentence by sentence; those with nothing to say or read are left out, their pauses are not added up."""
    length = {"clause": CLAUSE_PAUSE, "sentence": pace.sentence * pauses, "paragraph": pace.paragraph * pauses}
    found = reading.sentences(request.text, model.abbreviations)
    pause = 0.0
    for number, sentence in enumerate(found, 1):
        symbols = reading.phonemes(sentence.words, sentence.first, model.read, request.pronounce)
        known = [symbol for symbol in symbols if model.knows(symbol.char)]
        for part in _spoken_or_read(sentence, known, number / len(found)):
            yield part._replace(pause=pause)
            pause = CLAUSE_PAUSE
        pause = max(pause, length[sentence.end])


def _spoken_or_read(sentence: reading.Sentence, known: Sequence[reading.Symbol], done: float) -> Iterator[Part]:
    for piece in pieces(sentence, known):
        if isinstance(piece, range):
            yield Part([], 0.0, done, piece)
            continue
        for chunk in reading.chunks(piece):
            if any(symbol.char.isalpha() for symbol in chunk):
                yield Part(chunk, 0.0, done)


def _left_to_read(words: Sequence[str], part: Part, rate: int) -> Said:
    """Silence in which its words can be read, one after the other."""
    sound, spans = _read(words[part.unsaid.start : part.unsaid.stop], part.unsaid.start, rate, GLANCE)
    return Said(sound, part.pause, spans, is_heard=False)


def _say(model: Model, part: Part, *, speed: float, seed: int) -> Said:
    """One part, trimmed to what is heard."""
    from aurad_plugins.voice_hibari.sound import active, faded
    from aurad_plugins.voice_hibari.timing import Span, shared, word_spans

    symbols = part.symbols
    sound, known = model.speak("".join(symbol.char for symbol in symbols), speed=speed, seed=seed)
    lengths = shared(symbols, len(sound)) if known is None else known
    first, last = active(sound, model.rate)
    spans = word_spans(symbols, lengths, sound, model.rate, speed)
    inside = [Span(word, *(min(max(at, first), last) - first for at in (start, end))) for word, start, end in spans]
    return Said(faded(sound[first:last], model.rate), part.pause, inside)


def _finish(words: Sequence[str], spoken: Sequence[Said], rate: int, context: StageContext[HibariOptions]) -> Narration:
    from aurad_plugins.voice_hibari.sound import joined, levelled, write_wav
    from aurad_plugins.voice_hibari.timing import Span

    whole, starts = joined([(part.sound, part.pause) for part in spoken], rate)
    spans = [Span(w, at + a, at + b) for at, part in zip(starts, spoken, strict=True) for w, a, b in part.spans]
    if not any(part.is_heard for part in spoken):
        whole, spans = _read(words, 0, rate, SILENCE)
        context.warn("nothing-to-say", f"a scene is silent: there is no English word in “{' '.join(words)[:60]}”")
    elif unsaid := _unsaid(words, spoken):
        context.warn("partly-silent", f"cannot say “{' '.join(unsaid)[:60]}”: this voice knows English words only")
    path = context.workspace / "voice.wav"
    write_wav(path, levelled(whole, rate), rate)
    timed = word_times(words, spans, len(whole), rate)
    return Narration(audio=context.keep(path, "audio/wav"), sample_rate=rate, samples=len(whole), words=timed)


def _unsaid(words: Sequence[str], spoken: Sequence[Said]) -> list[str]:
    """The words of other scripts that nobody hears."""
    heard = {span.word for part in spoken if part.is_heard for span in part.spans}
    lost = [word for number, word in enumerate(words) if number not in heard and is_foreign(word)]
    return [word for word in lost if any(char.isalpha() for char in word)]


def _read(words: Sequence[str], first: int, rate: int, least: float) -> tuple[Samples, list[Span]]:
    """Silence, and when somebody reads each of the words in it."""
    import numpy as np

    from aurad_plugins.voice_hibari.timing import Span

    edges = [round(seconds * rate) for seconds in reading_times(words, least)]
    spans = [Span(first + number, *edges[number : number + 2]) for number in range(len(words))]
    return np.zeros(edges[-1], np.float32), spans


def word_times(words: Sequence[str], spans: Sequence[Span], samples: int, rate: int) -> tuple[Word, ...]:
    """One time for each written word, in order; a word that is not heard has none of its own length."""
    heard: dict[int, tuple[int, int]] = {}
    for word, start, end in spans:  # a word too long for one part has several spans
        heard[word] = (heard.get(word, (start, end))[0], end)
    timed: list[tuple[int, int]] = []
    at = 0
    for number in range(len(words)):
        start, end = heard.get(number, (at, at))
        start = min(max(start, timed[-1][0] if timed else 0), samples)
        at = min(max(start, end), samples)
        timed.append((start, at))
    nexts = [*(start for start, _ in timed[1:]), samples][: len(timed)]
    return tuple(
        Word(text=text, start=start / rate, end=max(start, min(end, following)) / rate)
        for text, (start, end), following in zip(words, timed, nexts, strict=True)
    )

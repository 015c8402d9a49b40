"""The voice hibari with its real model: promises of every voice, times against the waveform, odd texts."""

from __future__ import annotations

import subprocess
import sys
import wave
from importlib.metadata import files
from pathlib import Path

import msgspec
import numpy as np
import pytest
import trio

from aurad.api import WORDS_PER_MINUTE, BadInput, Credit, Narration, VoiceRequest
from aurad.model.cues import cues_of
from aurad.testing import Ran, conform_stage, run_stage
from aurad_plugins.voice_hibari.sound import loudness
from aurad_plugins.voice_hibari.stage import HibariVoice

pytestmark = pytest.mark.slow

TEXT = (
    "Bees see a world that we cannot. In 2024, 1,250 people paid $9.99 each, and Dr. Smith came at 7:30 pm. "
    "Their eyes are tuned to ultraviolet light.\n\nMany flowers carry patterns that only show up there."
)


def request(text: str = TEXT, **more: object) -> VoiceRequest:
    return VoiceRequest(**{"text": text, "language": "en", "seed": 7, **more})  # type: ignore[arg-type]


async def speak(folder: Path, text: str = TEXT, **more: object) -> tuple[Narration, Ran]:
    ran = await run_stage(HibariVoice, "speak", request(text, **more), workspace=folder)
    return ran.output, ran


def samples(path: Path) -> np.ndarray:
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768


async def test_it_keeps_the_promises_of_a_voice(tmp_path: Path) -> None:
    ran = await conform_stage(HibariVoice, "speak", request(), workspace=tmp_path)
    sound = samples(ran.path(ran.output.audio))
    assert loudness(sound.astype(np.float32), ran.output.sample_rate) == pytest.approx(-20, abs=0.3)
    assert np.abs(sound).max() < 0.9
    assert np.abs(sound[:3]).max() < 1e-3
    assert np.abs(sound[-3:]).max() < 1e-3
    assert ran.progress[-1].done > 0.9


async def test_words_start_when_the_waveform_does(tmp_path: Path) -> None:
    narration, ran = await speak(tmp_path)
    sound, rate = samples(ran.path(narration.audio)), narration.sample_rate
    hop = rate // 200
    level = 10 * np.log10(np.mean(sound[: len(sound) // hop * hop].reshape(-1, hop) ** 2, axis=1) + 1e-12)
    loud = level > np.percentile(level, 95) - 38
    onsets = [i / 200 for i in range(24, len(loud)) if loud[i] and not loud[i - 24 : i].any()]  # after 120 ms
    starts = np.array([word.start for word in narration.words])
    away = [float(np.abs(starts - onset).min()) for onset in onsets]
    assert len(away) >= 4
    assert np.median(away) < 0.01
    assert max(away) < 0.06


async def test_pauses_stand_between_sentences_and_longer_ones_between_paragraphs(tmp_path: Path) -> None:
    narration, _ = await speak(tmp_path)
    words = narration.words
    gaps = {words[i].text: words[i + 1].start - words[i].end for i in range(len(words) - 1)}
    assert 0.4 < gaps["cannot."] < 0.75 < gaps["light."] < 1.1
    assert gaps["1,250"] < 0.1


@pytest.mark.parametrize("pacing", ["relaxed", "conversational", "fast"])
async def test_the_pacing_is_that_of_the_brief(pacing: str, tmp_path: Path) -> None:
    text = (
        "The new release improves performance and reliability. Start the service with a single command, then open the "
        "dashboard in your browser. Every job reports its progress, so you always know what is happening. In the "
        "nineteenth century, railways changed how people understood distance. When trains began to run on schedules, "
        "that had to end. When the sun hides behind clouds, bees still find their way home."
    )
    narration, _ = await speak(tmp_path, text, pacing=pacing)
    rate = len(narration.words) / narration.duration * 60
    assert rate == pytest.approx(WORDS_PER_MINUTE[pacing], rel=0.12)  # type: ignore[index]


@pytest.mark.parametrize(
    "text",
    [
        "🐝 → ★ ...",
        "日本語 text naïve",
        "a" * 10_000,
        "1" * 10_000,
        "x " * 700,
        "?!",
        "[a](/b/) C++ 3/0 -0 1e9 $",
        "\u200b",
    ],
    ids=["symbols", "foreign", "letters", "digits", "endless sentence", "marks", "markup", "invisible"],
)
async def test_odd_texts_are_spoken_as_well_as_may_be(text: str, tmp_path: Path) -> None:
    ran = await conform_stage(HibariVoice, "speak", request(text), workspace=tmp_path, repeatable=False)
    assert ran.output.samples > 0
    assert ran.output.words[-1].end <= ran.output.duration


async def test_without_a_duration_tensor_words_share_the_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact, _ = await speak(tmp_path)
    monkeypatch.setattr("aurad_plugins.voice_hibari.model.duration_candidates", lambda raw: ["f0"])
    rough, _ = await speak(tmp_path)
    away = [abs(a.start - b.start) for a, b in zip(exact.words, rough.words, strict=True)]
    assert np.median(away) < 0.15
    assert away[7] < 0.05  # the first word of a sentence is exact all the same


async def test_the_seed_is_heard_and_another_process_gives_the_same_bytes(tmp_path: Path) -> None:
    one, _ = await speak(tmp_path)
    other, _ = await speak(tmp_path, seed=8)
    assert one.audio.sha256 != other.audio.sha256
    code = (
        "import sys, trio; from pathlib import Path; from aurad.api import VoiceRequest; from aurad.testing import "
        "run_stage; from aurad_plugins.voice_hibari.stage import HibariVoice; r = VoiceRequest(text=sys.argv[1], "
        "language='en', seed=7)\n"
        "async def main(): return await run_stage(HibariVoice, 'speak', r, workspace=Path(sys.argv[2]))\n"
        "print(trio.run(main).output.audio.sha256)"
    )
    run = await trio.run_process([sys.executable, "-c", code, TEXT, str(tmp_path)], capture_stdout=True)
    assert run.stdout.decode().strip() == one.audio.sha256


async def test_an_unknown_voice_names_those_that_are_there(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"'nobody'.*heart"):
        await speak(tmp_path, voice="nobody")


@pytest.mark.alone
async def test_a_cancel_waits_for_one_sentence_at_most(tmp_path: Path) -> None:
    stage = HibariVoice()
    await stage.open(tmp_path)
    with trio.move_on_after(0.3) as scope:
        await run_stage(stage, "speak", request("Said again, " * 8000), workspace=tmp_path)
    assert scope.cancelled_caught
    assert trio.current_time() - scope.deadline < 1.0


def test_it_knows_what_it_cannot_do() -> None:
    voice = HibariVoice()
    assert voice.supports(request(language="en-GB")) is None
    assert "'de'" in (voice.supports(request(language="de")) or "")


def test_its_makers_are_credited() -> None:
    told = [msgspec.convert(entry, Credit, strict=True) for entry in HibariVoice().describe()["credits"]]
    assert [(credit.author, credit.licence) for credit in told] == [
        ("Maureese Williams", "Apache-2.0"),
        ("hexgrad", "Apache-2.0"),
    ]
    notice = next(path for path in files("hibari-tts") or () if path.name == "NOTICE").read_text()
    assert all(credit.author in notice for credit in told)


def test_the_engine_is_not_loaded_with_the_plugin() -> None:
    code = "import aurad_plugins.voice_hibari, sys; print({'numpy', 'hibari', 'onnxruntime'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"


async def test_a_respelt_word_sounds_otherwise_and_keeps_its_own_time(tmp_path: Path) -> None:
    plain, _ = await speak(tmp_path, "We like aurad most.")
    other = tmp_path / "other"
    other.mkdir()
    respelt, _ = await speak(other, "We like aurad most.", pronounce={"aurad": "ow rad of all the many tools"})
    assert [word.text for word in respelt.words] == ["We", "like", "aurad", "most."]
    lengths = [narration.words[2].end - narration.words[2].start for narration in (plain, respelt)]
    assert lengths[1] > 2 * lengths[0]


async def test_scenes_are_equally_loud_and_neither_end_clicks(tmp_path: Path) -> None:
    texts = ("Hello there.", TEXT, "We avoided 640 t of CO2; it is 3:1 at 5 m/s, v2.3.1!", "Why?")
    levels = []
    for number, text in enumerate(texts):
        folder = tmp_path / str(number)
        folder.mkdir()
        narration, _ = await speak(folder, text)
        sound = samples(next(folder.rglob("voice.wav")))
        levels.append(loudness(sound.astype(np.float32), narration.sample_rate))
        assert np.abs(sound).max() < 0.9
        assert np.abs(sound[[0, -1]]).max() < 0.001
    assert max(levels) - min(levels) < 0.2


async def test_no_join_of_sentences_clicks(tmp_path: Path) -> None:
    narration, ran = await speak(
        tmp_path, "Stop it. Papa, take eight. Ask Max! Is it zero? Yes. Six, four, two.\n\nGo on."
    )
    sound, rate = samples(ran.path(narration.audio)), narration.sample_rate
    silent = sound == 0
    edges = [i for i in np.flatnonzero(np.diff(silent)) if silent[i - 100 : i].all() or silent[i + 1 : i + 101].all()]
    assert len(edges) >= 10, "the pauses are digital silence, and each has two ends"
    within = round(0.001 * rate)
    assert max(np.abs(sound[edge - within : edge + within]).max() for edge in edges) < 0.01


async def test_a_text_without_an_english_word_is_silent_and_says_so(tmp_path: Path) -> None:
    _, ran = await speak(tmp_path, "蜜蜂是。")
    assert [warning.code for warning in ran.warnings] == ["nothing-to-say"]


async def test_a_heading_that_cannot_be_said_stands_to_be_read_before_the_voice_goes_on(tmp_path: Path) -> None:
    narration, ran = await speak(tmp_path, "システムの設定と最初の起動。 The service starts at once.")
    heading, first = narration.words[:2]
    assert heading.end - heading.start > 1.2
    assert first.start > heading.end
    assert [warning.code for warning in ran.warnings] == ["partly-silent"]


@pytest.mark.parametrize(
    "text",
    ["مرحبا بالعالم. هذا نص باللغة العربية يجب أن يظهر من اليمين إلى اليسار.", "你好,世界。这是一个测试。", "…"],
)
async def test_what_cannot_be_said_stands_as_long_as_it_takes_to_read(text: str, tmp_path: Path) -> None:
    narration, _ = await speak(tmp_path, text)
    times = [(word.start, word.end) for word in narration.words]
    assert all(start < end for start, end in times)
    assert times == sorted(times)
    cues = cues_of(narration.words, until=narration.duration + 0.5, columns=26)
    assert all(cue.end - cue.start >= 0.99 for cue in cues)
    assert all(sum(map(len, cue.lines)) / (cue.end - cue.start) <= 20 for cue in cues)

"""The voice espeak: languages, voices, and its own word events on written words."""

from __future__ import annotations

import importlib.util
import wave
from pathlib import Path

import msgspec
import numpy as np
import pytest

from aurad.api import BadInput, Credit, VoiceRequest
from aurad.testing import conform_stage, run_stage
from aurad_plugins.voice_espeak import stage as espeak
from aurad_plugins.voice_espeak.library import EspeakVoice
from aurad_plugins.voice_espeak.stage import EspeakVoiceStage, first_heard, pieces, speakers, word_times
from aurad_plugins.voice_hibari.sound import loudness

GERMAN = (
    "Bienen sehen eine andere Welt. Im Jahr 2024 kamen 1.250 Menschen, „viele“ um 7:30 Uhr.\n\nDanke 🐝 – bis bald!"
)
VOICES = [EspeakVoice("gmw/en", "English", ("en-gb", "en")), EspeakVoice("roa/pt-BR", "Brasil", ("pt-br", "pt"))]

installed = pytest.mark.skipif(
    importlib.util.find_spec("espeakng_loader") is None, reason="the extra `espeak` is not installed"
)


@pytest.mark.parametrize(("tag", "found"), [("en-AU", "gmw/en"), ("pt", "roa/pt-BR"), ("pt-BR", "roa/pt-BR")])
def test_a_language_finds_its_voice(tag: str, found: str) -> None:
    assert [voice.identifier for voice in speakers(VOICES, tag)] == [found]
    assert speakers(VOICES, "xx") == []


def test_pieces_are_all_words_cut_at_sentences() -> None:
    text = "One two. Three four. Five six.\n\nSeven" + " long" * 5
    cut = pieces(text, limit=22)
    assert [word for piece in cut for word in piece.text.split()] == text.split()
    assert [piece.text for piece in cut][:2] == ["One two. Three four.", "Five six."]
    assert [piece.last for piece in cut] == [False, True, False, True]
    assert all(piece.text[at - 1 : at].strip() == "" for piece in cut for at in piece.starts)


def test_events_inside_a_word_count_once_and_silent_words_take_no_time() -> None:
    assert first_heard([0, 4, 8], [(0, 10), (4, 50), (5, 70)]) == [10, 50, None]
    words = word_times(["a", "b", "c"], [10, None, 5], 100, 10)
    assert [(word.start, word.end) for word in words] == [(1, 1), (1, 1), (1, 10)]


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(espeak, "find_spec", lambda name: None)
    stage = EspeakVoiceStage()
    assert "pip install 'aurad[espeak]'" in (stage.lacks() or "")
    assert stage.describe() == {"voices": [], "languages": []}
    assert stage.fingerprint() == {}


@installed
@pytest.mark.slow
async def test_it_keeps_the_promises_of_a_voice_and_words_start_with_the_sound(tmp_path: Path) -> None:
    request = VoiceRequest(text=GERMAN, language="de-AT")
    ran = await conform_stage(EspeakVoiceStage, "speak", request, workspace=tmp_path)
    with wave.open(str(ran.path(ran.output.audio))) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768
    assert 0.3 < np.abs(sound).max() < 0.9
    hop = ran.output.sample_rate // 100
    loud = np.abs(sound[: len(sound) // hop * hop]).reshape(-1, hop).max(axis=1) > 0.01
    onsets = [i / 100 for i in range(12, len(loud)) if loud[i] and not loud[i - 12 : i].any()]
    starts = np.array([word.start for word in ran.output.words])
    assert len(onsets) >= 3
    assert max(float(np.abs(starts - onset).min()) for onset in onsets) < 0.05


@installed
@pytest.mark.slow
@pytest.mark.parametrize("text", ["★ \u200b", "x" * 10_000, "a\0b <voice name='x'> [[h]]", "wort " * 1500])
async def test_odd_texts_are_spoken_as_well_as_may_be(text: str, tmp_path: Path) -> None:
    request = VoiceRequest(text=text, language="de")
    ran = await run_stage(EspeakVoiceStage, "speak", request, workspace=tmp_path)
    assert [word.text for word in ran.output.words] == text.split()
    assert ran.output.words[-1].end <= ran.output.duration


@installed
@pytest.mark.slow
async def test_voices_are_named_in_the_catalogue_and_in_the_error(tmp_path: Path) -> None:
    names = [voice["name"] for voice in EspeakVoiceStage().describe()["voices"]]
    assert {"de", "pt-BR", "fr"} <= set(names)
    assert [msgspec.convert(c, Credit).licence for c in EspeakVoiceStage().describe()["credits"]] == [
        "GPL-3.0-or-later"
    ]
    with pytest.raises(BadInput, match=r"'heart'.* de for it"):
        await run_stage(
            EspeakVoiceStage, "speak", VoiceRequest(text="Hallo.", language="de", voice="heart"), workspace=tmp_path
        )


@installed
@pytest.mark.slow
def test_a_language_that_nobody_speaks_is_refused() -> None:
    assert "'xx'" in (EspeakVoiceStage().supports(VoiceRequest(text="x", language="xx")) or "")


def test_a_respelt_word_stands_in_its_written_place() -> None:
    (piece,) = pieces("Wir nutzen aurad gern.", pronounce={"aurad": "au rad"})
    assert (piece.text, piece.starts) == ("Wir nutzen au rad gern.", (0, 4, 11, 18))


@installed
@pytest.mark.slow
async def test_it_says_which_voice_was_taken_and_why(tmp_path: Path) -> None:
    ran = await run_stage(
        EspeakVoiceStage, "speak", VoiceRequest(text="Guten Tag.", language="de-AT"), workspace=tmp_path
    )
    (warning,) = ran.warnings
    assert warning.code == "robotic-voice"
    assert "German of eSpeak NG (de) is the nearest to 'de-AT'" in warning.detail
    named = tmp_path / "named"
    named.mkdir()
    request = VoiceRequest(text="Guten Tag.", language="de", voice="de")
    assert not (await run_stage(EspeakVoiceStage, "speak", request, workspace=named)).warnings


@installed
@pytest.mark.slow
@pytest.mark.parametrize("language", ["de", "ja", "ar", "hi"])
async def test_scenes_are_about_equally_loud_and_neither_end_clicks(language: str, tmp_path: Path) -> None:
    texts = {"de": "Guten Tag. Warum?", "ja": "こんにちは。世界。", "ar": "مرحبا بالعالم.", "hi": "नमस्ते दुनिया।"}
    levels = []
    for text in (texts[language], " ".join([texts[language]] * 5), texts[language].split()[0]):
        ran = await run_stage(EspeakVoiceStage, "speak", VoiceRequest(text=text, language=language), workspace=tmp_path)
        with wave.open(str(ran.path(ran.output.audio))) as file:
            sound = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32768
        levels.append(loudness(sound, ran.output.sample_rate))
        assert np.abs(sound[[0, -1]]).max() < 0.001
        assert np.abs(sound).max() < 0.9
    assert max(levels) - min(levels) < 1.5
    assert levels[0] == pytest.approx(-20, abs=1.5), "as other voices"

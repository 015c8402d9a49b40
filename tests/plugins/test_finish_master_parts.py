"""The pure parts of master: the bed, the ducking curve, the mix, and loudness by arithmetic."""

from __future__ import annotations

import struct
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurad.api import Canvas, FinishRequest, Speech
from aurad_plugins.finish_master.balance import balanced
from aurad_plugins.finish_master.bed import Bed, compose
from aurad_plugins.finish_master.curve import drawn
from aurad_plugins.finish_master.dynamics import amplified, analysed, planned
from aurad_plugins.finish_master.loudness import SILENT, Meter
from aurad_plugins.finish_master.mix import Ducking, Music, Score, mixed
from aurad_plugins.finish_master.moods import MOODS, mood_for
from aurad_plugins.finish_master.shelf import Shelf
from aurad_plugins.finish_master.stage import MasterOptions
from aurad_plugins.finish_master.wav import open_wav

RATE = 48_000


def stereo(mono: np.ndarray) -> np.ndarray:
    return np.repeat(mono[:, None], 2, axis=1).astype(np.float32)


def tone(seconds: float, level: float = 0.3, hertz: float = 997.0) -> np.ndarray:
    return stereo(level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE))


def syllables(seconds: float, decay: float = 1.5) -> np.ndarray:
    """Pulses in bursts, a little noise: as hard on a limiter as speech is; the quicker they decay, the harder."""
    time = np.arange(round(seconds * RATE)) / RATE
    envelope = np.clip(np.sin(2 * np.pi * 3.1 * time), 0, 1) ** 2 * (0.4 + 0.6 * np.sin(2 * np.pi * 0.23 * time) ** 2)
    pulses = np.sin(2 * np.pi * 131 * 5 * time) * np.exp(-decay * ((131 * time) % 1))
    return stereo(0.25 * envelope * (pulses + 0.02 * np.random.default_rng(3).standard_normal(len(time))))


def blocks(sound: np.ndarray, size: int = 2 * RATE) -> Iterator[np.ndarray]:
    return (sound[at : at + size] for at in range(0, len(sound), size))


@pytest.fixture(scope="module")
def bed() -> Bed:
    return compose(MOODS["curious"], 5)


# ---------------------------------------------------------------- the bed


@pytest.mark.slow
@pytest.mark.parametrize("mood", sorted(MOODS))
def test_a_bed_is_whole_bars_without_a_seam_and_the_same_again(mood: str) -> None:
    one = compose(MOODS[mood], 11)
    assert 38 <= len(one.loop) / RATE <= 82
    assert len(one.loop) % one.bar == 0
    steps = np.abs(np.diff(one.loop, axis=0)).max(axis=1)
    seam = np.abs(one.loop[0] - one.loop[-1]).max()
    assert seam <= np.percentile(steps, 99)
    quietest = min(float(np.abs(part).max()) for part in np.array_split(one.loop, 200))
    assert quietest > 0.05 * np.abs(one.loop).max()  # no hole, at the seam neither
    assert compose(MOODS[mood], 11).loop.tobytes() == one.loop.tobytes()
    assert compose(MOODS[mood], 12).loop.tobytes() != one.loop.tobytes()


@pytest.mark.slow
def test_the_music_has_no_rumble_and_no_hiss(bed: Bed) -> None:
    power = np.square(np.abs(np.fft.rfft(bed.loop[:, 0])))
    hertz = np.fft.rfftfreq(len(bed.loop), 1 / RATE)
    assert power[hertz < 35].sum() < 0.002 * power.sum()
    assert power[hertz > 8000].sum() < 0.001 * power.sum()
    assert abs(float(bed.loop.mean())) < 1e-4


def test_a_title_that_asks_is_curious() -> None:
    assert mood_for("How bees see", 0) == mood_for("Do bees sleep?", 1) == "curious"
    assert {mood_for("Bees", seed) for seed in range(5)} == set(MOODS)


# ---------------------------------------------------------------- ducking


def test_music_steps_back_ahead_of_speech_and_returns_after_it() -> None:
    ducking = Ducking([Speech(start=2, end=5)], 10.0)
    times = np.array([1.8, 2.1, 3.5, 5.0, 5.11, 5.4, 5.8])
    early, under, middle, last, held, coming, back = ducking.decibels(times)
    assert early == 0
    assert under == middle == last == held == -10
    assert -10 < coming < 0
    assert back == 0


def test_a_short_breath_does_not_bring_the_music_back() -> None:
    ducking = Ducking([Speech(start=2.9, end=4), Speech(start=1, end=2)], 10.0)
    assert (ducking.decibels(np.linspace(1.2, 4, 200)) == -10).all()
    assert (Ducking([], 10.0).decibels(np.linspace(0, 9, 50)) == 0).all()


@given(st.lists(st.tuples(st.floats(0, 50), st.floats(0, 8)), max_size=8))
def test_the_ducking_curve_never_jumps(spans: list[tuple[float, float]]) -> None:
    ducking = Ducking([Speech(start=start, end=start + length) for start, length in spans], 10.0)
    curve = ducking.decibels(np.arange(0, 60, 0.01))
    assert np.abs(np.diff(curve)).max() < 0.8
    assert curve.min() >= -10
    assert curve.max() <= 0


# ---------------------------------------------------------------- the mix


def score(music: Music, samples: int, gain: float = 0.0) -> Score:
    return Score(music, Ducking([], 10.0), gain, samples)


def test_reading_in_any_pieces_gives_the_same_music() -> None:
    rng = np.random.default_rng(1)
    loop = rng.standard_normal((1000, 2)).astype(np.float32)
    music = Music(loop, 1.0, overlap=100)
    whole = music.read(0, 5000)
    pieces = np.concatenate([music.read(at, 333) for at in range(0, 4995, 333)])
    assert np.array_equal(whole[: len(pieces)], pieces[: len(whole)])
    assert np.array_equal(whole[:1000], np.concatenate([loop[:900], whole[900:1000]]))
    assert np.allclose(whole[900:910], loop[900:910], atol=0.5)  # it begins again by blending, not by a jump


def test_the_music_fades_in_and_ends_with_the_video_on_the_last_chord() -> None:
    loop, ending = np.full((4 * RATE, 2), 0.1, np.float32), np.full((9 * RATE, 2), 0.2, np.float32)
    samples = 30 * RATE
    part = score(Music(loop, 1.0, ending=ending, bar=2 * RATE), samples)
    sound = part.read(0, samples)
    assert part.last_bar == 26 * RATE
    assert np.abs(sound[:10]).max() < 1e-4
    assert np.abs(sound[-10:]).max() < 1e-4
    assert sound[10 * RATE, 0] == pytest.approx(0.1, rel=1e-3)
    assert sound[27 * RATE, 0] == pytest.approx(0.2, rel=1e-3)
    assert np.abs(np.diff(sound, axis=0)).max() <= 0.2 + 1e-6


def write(path: Path, sound: np.ndarray, channels: int = 2) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, 2, RATE, 0, "NONE", ""))
        file.writeframes(np.rint(sound[:, :channels] * 32767).astype("<i2").tobytes())
    return path


@given(st.integers(0, 5000), st.integers(1, 5000), st.sampled_from([0.0, 0.5]))
def test_a_curve_is_drawn_alike_from_wherever_it_is_read(start: int, count: int, late: float) -> None:
    points = np.cos(np.arange(100.0))
    part = drawn(points[start // 128 : (start + count) // 128 + 2], 128, start, count, late=late)
    assert np.array_equal(part, drawn(points, 128, 0, 12_000, late=late)[start : start + count])
    at = np.arange(start, start + count) + late
    assert np.allclose(part, np.interp(at, np.arange(100) * 128, points), atol=1e-6)


@pytest.mark.parametrize("played", [-30.0, -30.1, -30.2, -30.3, -30.4])
async def test_a_changed_sentence_leaves_the_music_as_loud_as_it_was(
    played: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    music = Music(tone(10), 1.0)
    monkeypatch.setattr("aurad_plugins.finish_master.balance._composed", lambda mood, seed, shelf: (music, played))
    request = FinishRequest(title="Bees", language="en", duration=4.0, canvas=Canvas())

    async def music_over(loudness: float) -> bytes:
        voice = write(tmp_path / "voice.wav", tone(4, 10 ** (loudness / 20)))
        found = await balanced(request, voice, "curious", None, Shelf(tmp_path), MasterOptions(), lambda share: None)
        assert found.score is not None
        return found.score.read(RATE, RATE).tobytes()

    assert await music_over(-17.1) == await music_over(-16.9)


def test_the_mix_is_exactly_as_long_as_the_voice(tmp_path: Path) -> None:
    voice = write(tmp_path / "voice.wav", tone(4.321))
    music = Music(tone(1.0, 0.1, 220), 1.0)
    sound = np.concatenate(list(mixed(voice, score(music, 207_408, -6.0))))
    assert len(sound) == 207_408
    assert np.allclose(np.concatenate(list(mixed(voice, None))), tone(4.321), atol=1e-4)


@pytest.mark.parametrize("kind", ["mono", "float", "extensible", "unsized", "odd chunk"])
def test_wav_files_of_all_kinds_are_read(kind: str, tmp_path: Path) -> None:
    sound = tone(0.1, 0.5)
    path = write(tmp_path / "a.wav", sound, channels=1 if kind == "mono" else 2)
    data = np.rint(sound * 32767).astype("<i2").tobytes()
    form = struct.pack("<HHIIHH", 1, 2, RATE, RATE * 4, 4, 16)
    if kind == "float":
        data, form = sound.astype("<f4").tobytes(), struct.pack("<HHIIHH", 3, 2, RATE, RATE * 8, 8, 32)
    if kind == "extensible":
        form = struct.pack("<HHIIHHHHIH", 0xFFFE, 2, RATE, RATE * 4, 4, 16, 22, 16, 3, 1) + bytes(14)
    if kind != "mono":
        size = 0xFFFFFFFF if kind == "unsized" else len(data)
        extra = b"LIST\x03\x00\x00\x00abc\x00" if kind == "odd chunk" else b""
        head = b"fmt " + struct.pack("<I", len(form)) + form + extra + b"data" + struct.pack("<I", size)
        path.write_bytes(b"RIFF\xff\xff\xff\xffWAVE" + head + data)
    with open_wav(path) as wav:
        assert (wav.rate, wav.samples) == (RATE, 4800)
        assert np.allclose(wav.read(10_000), sound, atol=1e-4)


@pytest.mark.parametrize(
    "data", [b"", b"RIFF1234WAVE", b"RIFF1234WAVEfmt \x10\0\0\0" + bytes(16) + b"data\x04\0\0\0abcd"]
)
def test_what_is_no_wav_says_so(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(data)
    with pytest.raises(ValueError, match=r"its? "), open_wav(tmp_path / "a.wav"):
        pass


# ---------------------------------------------------------------- loudness and dynamics


def test_the_meter_is_that_of_the_standard() -> None:
    meter = Meter()
    for block in blocks(np.concatenate([tone(3, 1.0), np.zeros((4 * RATE, 2), np.float32)]), 12_345):
        meter.feed(block)
    assert meter.loudness() == pytest.approx(0.0, abs=0.35)  # both sides full scale; the gate leaves the silence out
    assert Meter().loudness() == SILENT


@pytest.mark.parametrize("target", [-23.0, -16.0, -14.0])
@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_the_curve_gives_the_loudness_and_holds_the_peaks(target: float, ratio: float) -> None:
    sound = syllables(12)
    analysis = analysed(blocks(sound))
    plan = planned(analysis, target, -1.8, ratio)
    assert plan.ceiling == 1
    out = [amplified(block, i * 2 * RATE, plan) for i, block in enumerate(blocks(sound))]
    after = analysed(iter(out))
    assert after.loudness == pytest.approx(target, abs=0.2)
    assert 20 * np.log10(after.peaks.max()) <= -1.8 + 0.15


def test_peaks_are_bent_where_the_limiter_alone_cannot_do_it() -> None:
    sound = syllables(12, decay=40)
    plan = planned(analysed(blocks(sound)), -14.0, -1.8, 2.0)
    assert plan.ceiling == pytest.approx(10 ** (-1.8 / 20))
    out = [amplified(block, i * 2 * RATE, plan) for i, block in enumerate(blocks(sound))]
    assert max(np.abs(block).max() for block in out) <= plan.ceiling
    assert analysed(iter(out)).loudness > -19  # and the rest comes with the second round


def test_what_cannot_be_loud_enough_is_at_least_not_clipped() -> None:
    sound = np.zeros((6 * RATE, 2), np.float32)
    sound[::2400] = 0.5  # clicks only: all peak, no loudness
    analysis = analysed(blocks(sound))
    plan = planned(analysis, -14.0, -1.8, 1.0)
    assert np.abs(amplified(sound, 0, plan)).max() <= 10 ** (-1.8 / 20)


def test_silence_stays_silent() -> None:
    sound = np.zeros((RATE, 2), np.float32)
    plan = planned(analysed([sound]), -14.0, -1.8, 2.0)
    assert np.isfinite(plan.curve).all()
    assert not amplified(sound, 0, plan).any()

"""Master with a real FFmpeg: loudness, peaks, length and bytes of the file that comes out."""

from __future__ import annotations

import re
import subprocess
import sys
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aurad.api import BadInput, Canvas, FinishRequest, Speech, VoiceRequest
from aurad.testing import Ran, conform_stage, find_ffmpeg, put, run_stage
from aurad_plugins.finish_master.stage import Master
from aurad_plugins.voice_hibari.stage import HibariVoice

pytestmark = pytest.mark.slow

RATE = 48_000
TEXT = "Bees see a world that we cannot. Their eyes are tuned to ultraviolet light, and flowers answer."


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[Speech, ...], float]:
    """voice.wav as the core makes it, out of the real voice: silence, a narration, silence."""
    import trio

    folder = tmp_path_factory.mktemp("voice")

    async def speak() -> Ran:
        return await run_stage(HibariVoice, "speak", VoiceRequest(text=TEXT, language="en"), workspace=folder)

    ran = trio.run(speak)
    with wave.open(str(ran.path(ran.output.audio))) as file:
        narration = np.repeat(np.frombuffer(file.readframes(file.getnframes()), "<i2"), 2)
    sound = np.concatenate([np.zeros(2 * RATE, "<i2"), narration, np.zeros(4 * RATE + 123, "<i2")])
    path = folder / "voice.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, RATE, 0, "NONE", ""))
        file.writeframes(np.repeat(sound, 2).tobytes())
    return path, (Speech(start=2.0, end=2 + len(narration) / RATE),), len(sound) / RATE


def request(spoken: tuple[Path, tuple[Speech, ...], float], **more: Any) -> tuple[FinishRequest, dict[str, Path]]:
    path, speech, duration = spoken
    voice = put(path, "audio/wav")
    fields = {"title": "Bees", "language": "en", "duration": duration, "canvas": Canvas(), "speech": speech, "seed": 5}
    return FinishRequest(files={"voice.wav": voice}, **{**fields, **more}), {voice.sha256: path}


def decoded(path: Path) -> np.ndarray:
    run = subprocess.run(
        [find_ffmpeg(), "-v", "error", "-i", str(path), "-f", "f32le", "-"], capture_output=True, check=True
    )
    return np.frombuffer(run.stdout, "<f4").reshape(-1, 2)


def measured(path: Path) -> tuple[float, float]:
    """Integrated loudness and true peak, by FFmpeg."""
    run = subprocess.run(
        [find_ffmpeg(), "-hide_banner", "-nostats", "-i", str(path), "-af", "ebur128=peak=true", "-f", "null", "-"],
        capture_output=True,
        text=True,
        check=True,
    )
    summary = run.stderr[run.stderr.rindex("Summary:") :]
    return float(re.findall(r"I:\s+(\S+) LUFS", summary)[0]), float(re.findall(r"Peak:\s+(\S+) dBFS", summary)[0])


def sound_of(ran: Ran) -> Path:
    return ran.path(ran.output.files[0].artifact)


@pytest.mark.parametrize(("music", "loudness"), [("auto", -14.0), ("none", -16.0), ("bright", -14.0)])
async def test_loudness_peaks_and_length_are_as_promised(
    music: str, loudness: float, spoken: tuple[Path, tuple[Speech, ...], float], tmp_path: Path
) -> None:
    asked, files = request(spoken, music=music, loudness=loudness)
    ran = await conform_stage(Master, "finish", asked, workspace=tmp_path, files=files)
    heard, peak = measured(sound_of(ran))
    assert heard == pytest.approx(loudness, abs=0.5)
    assert peak <= -1.0
    assert len(decoded(sound_of(ran))) == round(spoken[2] * RATE)
    assert ran.output.facts["loudness"] == pytest.approx(heard, abs=0.11)
    assert ran.output.facts["truePeak"] == pytest.approx(peak, abs=0.2)
    assert max(news.done for news in ran.progress) > 0.95  # what is left then is written at once


async def test_music_is_well_below_speech_and_alone_before_it(
    spoken: tuple[Path, tuple[Speech, ...], float], tmp_path: Path
) -> None:
    asked, files = request(spoken, music="warm")
    with_music = await run_stage(Master, "finish", asked, workspace=tmp_path, files=files)
    asked, files = request(spoken, music="none")
    alone = await run_stage(Master, "finish", asked, workspace=tmp_path, files=files)
    mix, voice = decoded(sound_of(with_music)), decoded(sound_of(alone))
    power = {
        name: 10 * np.log10(np.mean(np.square(part)))
        for name, part in {
            "intro": mix[RATE : 2 * RATE - 12_000],
            "speech": mix[3 * RATE : 6 * RATE],
            "between": voice[RATE : 2 * RATE - 12_000] + 1e-6,
        }.items()
    }
    assert 3 < power["speech"] - power["intro"] < 16
    assert power["between"] < -90
    assert np.abs(mix[:200]).max() < 0.01
    assert np.abs(mix[-200:]).max() < 0.01


async def test_a_file_of_ones_own_is_looped_under_the_voice(
    spoken: tuple[Path, tuple[Speech, ...], float], tmp_path: Path
) -> None:
    path = tmp_path / "it's [my], own: music.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 22_050, 0, "NONE", ""))
        wobble = 9000 * np.sin(2 * np.pi * 220 * np.arange(22_050 * 4) / 22_050)
        file.writeframes(wobble.astype("<i2").tobytes())
    music = put(path, "audio/wav")
    asked, files = request(spoken, music_file=music)
    ran = await run_stage(Master, "finish", asked, workspace=tmp_path, files={**files, music.sha256: path})
    assert ran.output.facts["mood"] == "file"
    assert measured(sound_of(ran))[0] == pytest.approx(-14, abs=0.5)


async def test_bad_music_is_named(spoken: tuple[Path, tuple[Speech, ...], float], tmp_path: Path) -> None:
    asked, files = request(spoken, music="polka")
    with pytest.raises(BadInput, match=r"'polka'.*calm"):
        await run_stage(Master, "finish", asked, workspace=tmp_path, files=files)
    path = tmp_path / "music.mp3"
    path.write_bytes(b"this is no music" * 100)
    music = put(path, "audio/mpeg")
    asked, files = request(spoken, music_file=music)
    with pytest.raises(BadInput, match="music file"):
        await run_stage(Master, "finish", asked, workspace=tmp_path, files={**files, music.sha256: path})


async def test_a_voice_of_another_rate_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "slow.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, 44_100, 0, "NONE", ""))
        file.writeframes(bytes(4 * 44_100))
    asked, files = request((path, (), 1.0))
    with pytest.raises(BadInput, match="44100 Hz instead of 48000"):
        await run_stage(Master, "finish", asked, workspace=tmp_path, files=files)


async def test_a_silent_and_a_very_short_voice_are_mastered_too(tmp_path: Path) -> None:
    for name, samples in {"silent": 5 * RATE, "short": 4000}.items():
        path = tmp_path / f"{name}.wav"
        with wave.open(str(path), "wb") as file:
            file.setparams((2, 2, RATE, 0, "NONE", ""))
            file.writeframes(bytes(4 * samples))
        for music in ("calm", "none"):
            asked, files = request((path, (), samples / RATE), music=music)
            ran = await run_stage(Master, "finish", asked, workspace=tmp_path, files=files)
            assert len(decoded(sound_of(ran))) == samples


async def test_even_a_sound_of_nothing_but_peaks_becomes_loud(tmp_path: Path) -> None:
    time = np.arange(10 * RATE) / RATE
    pulses = np.sin(2 * np.pi * 655 * time) * np.exp(-30 * ((131 * time) % 1)) * (np.sin(2 * np.pi * 3 * time) > 0)
    path = tmp_path / "peaks.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, RATE, 0, "NONE", ""))
        file.writeframes(np.repeat((8000 * pulses).astype("<i2"), 2).tobytes())
    asked, files = request((path, (), 10.0), music="none")
    ran = await run_stage(Master, "finish", asked, workspace=tmp_path, files=files)
    heard, peak = measured(sound_of(ran))
    assert heard == pytest.approx(-14, abs=0.5)
    assert peak <= -1.0


async def test_another_process_gives_the_same_bytes(
    spoken: tuple[Path, tuple[Speech, ...], float], tmp_path: Path
) -> None:
    asked, files = request(spoken)
    one = await run_stage(Master, "finish", asked, workspace=tmp_path, files=files)
    code = (
        "import sys, trio, msgspec; from pathlib import Path; from aurad.api import FinishRequest; from aurad.testing "
        "import run_stage; from aurad_plugins.finish_master.stage import Master\n"
        "r = msgspec.json.decode(sys.argv[1], type=FinishRequest); p = Path(sys.argv[2])\n"
        "f = {r.files['voice.wav'].sha256: p}\n"
        "async def main(): return await run_stage(Master, 'finish', r, workspace=Path(sys.argv[3]), files=f)\n"
        "print(trio.run(main).output.files[0].artifact.sha256)"
    )
    import msgspec
    import trio

    argv = [sys.executable, "-c", code, msgspec.json.encode(asked).decode(), str(spoken[0]), str(tmp_path)]
    run = await trio.run_process(argv, capture_stdout=True)
    assert run.stdout.decode().strip() == one.output.files[0].artifact.sha256


def test_the_choice_is_described_and_nothing_heavy_is_loaded_with_the_plugin() -> None:
    assert {"auto", "none", "calm"} <= set(Master().describe()["music"])
    code = "import aurad_plugins.finish_master, sys; print('numpy' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"

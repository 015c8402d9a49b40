"""Loudness in parts is that of the whole, and that of FFmpeg's own summary."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import av
import numpy as np
import pytest

from aurad.testing import find_ffmpeg
from aurad.worker.loudness import ABSOLUTE_GATE, SILENCE, Heard, decibels, integrated, measure_part

RATE = 48_000


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve seconds: louder and softer bursts, pauses, one high peak near the end."""
    time = np.arange(12 * RATE) / RATE
    bursts = np.clip(np.sin(2 * np.pi * 0.7 * time), 0, 1) * (0.2 + 0.15 * np.sin(2 * np.pi * 0.11 * time))
    sound = bursts * np.sin(2 * np.pi * 440 * time)
    sound[11 * RATE :][:200] = 0.8 * np.sin(2 * np.pi * 5000 * time[:200])
    path = tmp_path_factory.mktemp("sound") / "speech.mp4"
    with av.open(str(path), "w") as sink:
        stream = sink.add_stream("aac", rate=RATE, layout="stereo")
        frame = av.AudioFrame.from_ndarray(np.stack([sound, sound]).astype("<f4"), format="fltp", layout="stereo")
        frame.rate = RATE
        sink.mux([*stream.encode(frame), *stream.encode(None)])
    return path


def measured(path: Path, parts: int) -> tuple[float, float]:
    heard = [measure_part(path, part, parts, lambda done: None) for part in range(parts)]
    return integrated([block for one in heard for block in one.blocks]), decibels(max(one.peak for one in heard))


@pytest.mark.parametrize("parts", [1, 2, 3])
def test_it_is_what_ffmpeg_says_of_the_whole(speech: Path, parts: int) -> None:
    argv = [find_ffmpeg(), "-hide_banner", "-nostats", "-i", str(speech), "-af", "ebur128=peak=true", "-f", "null", "-"]
    said = subprocess.run(argv, capture_output=True, text=True, check=True).stderr
    summary = said[said.rindex("Summary:") :]
    loudness, peak = measured(speech, parts)
    assert loudness == pytest.approx(float(re.findall(r"I:\s+(\S+) LUFS", summary)[0]), abs=0.1)
    assert peak == pytest.approx(float(re.findall(r"Peak:\s+(\S+) dBFS", summary)[0]), abs=0.15)


def test_progress_of_a_part_rises_to_its_end(speech: Path) -> None:
    told: list[float] = []
    measure_part(speech, 0, 2, told.append)
    assert told == sorted(told)
    assert told[-1] > 0.95


def test_silence_is_gated_away() -> None:
    assert integrated([]) == integrated([-90.0] * 9) == ABSOLUTE_GATE
    assert integrated([-20.0] * 10 + [-90.0] * 90) == pytest.approx(-20.0)
    assert integrated([-20.0] * 10 + [-40.0] * 90) == pytest.approx(-20.0)
    assert decibels(0) == SILENCE
    assert Heard([], 0.0).peak == 0

"""The soundtrack: exact to the sample, nothing clicks, nothing is louder than it came."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurad.model.artifact import Artifact
from aurad.model.assembly import SceneSound, Sound, SoundRequest
from aurad.model.errors import AuradError
from aurad.testing import put, run_stage
from aurad.worker.core import Core
from aurad.worker.soundtrack import BLOCK, FADE, mix_scene, scene_edges, wave_header, write_soundtrack

FPS = 30


def wav(path: Path, samples: np.ndarray, rate: int) -> Path:
    """Float samples, mono or (n, 2), as 16-bit PCM."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=rate, layout="mono" if samples.ndim == 1 else "stereo")
        data = np.rint(samples * 32767).astype(np.int16).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(data, format="s16", layout=stream.layout.name)
        frame.rate = rate
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def tone(seconds: float, rate: int, level: float = 0.5) -> np.ndarray:
    return level * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate)


class Sounds:
    """Sounds of a test and how they are found."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.files = folder, dict[str, Path]()

    def add(self, samples: np.ndarray, rate: int = 24_000) -> Artifact:
        path = wav(self.folder / f"{len(self.files)}.wav", samples, rate)
        artifact = put(path, "audio/wav")
        self.files[artifact.sha256] = path
        return artifact

    def __call__(self, artifact: Artifact) -> Path:
        return self.files[artifact.sha256]

    def mix(self, frames: int, *sounds: Sound) -> np.ndarray:
        scene = SceneSound(frames=frames, sounds=sounds)
        return np.concatenate(list(mix_scene(scene, frames * 1600, self)))


@pytest.fixture
def sounds(tmp_path: Path) -> Sounds:
    return Sounds(tmp_path)


@given(st.lists(st.integers(0, 100_000), min_size=1, max_size=500), st.integers(1, 120))
def test_scenes_start_where_their_frames_do(frames: list[int], fps: int) -> None:
    edges = scene_edges(frames, fps)
    for index in range(len(frames) + 1):
        assert abs(edges[index] - sum(frames[:index]) * 48_000 / fps) <= 0.5


def test_a_voice_keeps_its_level_and_its_time(sounds: Sounds) -> None:
    mixed = sounds.mix(45, Sound(audio=sounds.add(tone(1, 24_000)), start=0.25))
    expected = np.zeros(45 * 1600)
    expected[12_000:60_000] = tone(1, 48_000)
    assert mixed.shape == (45 * 1600, 2)
    assert (mixed[:, 0] == mixed[:, 1]).all()
    assert np.abs(mixed[:, 0] - expected)[12_100:59_900].max() < 2e-3
    assert not mixed[:11_950].any()
    assert not mixed[60_100:].any()


def test_sounds_add_up_with_their_gains(sounds: Sounds) -> None:
    loud = sounds.add(np.full((48_000, 2), 0.9), 48_000)
    mixed = sounds.mix(30, Sound(audio=loud, start=0), Sound(audio=loud, start=0.5, gain=-6.0206))
    assert mixed[10_000] == pytest.approx([0.9, 0.9], abs=1e-3)
    assert mixed[30_000] == pytest.approx([1.35, 1.35], abs=1e-3), "no clipping before mastering"


def test_a_sound_cut_by_its_scene_fades_instead_of_clicking(sounds: Sounds) -> None:
    flat = sounds.add(np.full((96_000, 2), 0.5), 48_000)
    mixed = sounds.mix(33, Sound(audio=flat, start=0.1))[:, 0]
    assert np.abs(np.diff(mixed[10_000:])).max() < 0.005
    assert mixed[-1] < 0.001
    assert mixed[-FADE - 1] == pytest.approx(0.5, abs=1e-3)


def test_a_sound_that_ends_in_time_is_left_alone(sounds: Sounds) -> None:
    flat = sounds.add(np.full((48_000, 2), 0.5), 48_000)
    assert sounds.mix(30, Sound(audio=flat, start=0))[-1, 0] == pytest.approx(0.5, abs=1e-3)


def test_an_in_point_is_met_to_the_sample(sounds: Sounds) -> None:
    ramp = sounds.add(np.repeat(np.linspace(0, 0.9, 96_000)[:, None], 2, axis=1), 48_000)
    mixed = sounds.mix(15, Sound(audio=ramp, start=0, in_point=1.25))[:, 0]
    assert mixed[0] == 0
    assert mixed[FADE : FADE + 3] == pytest.approx(np.linspace(0, 0.9, 96_000)[60_000 + FADE :][:3], abs=5e-5)


def test_what_is_no_sound_is_named(sounds: Sounds, tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(b"nothing to hear")
    artifact = put(path, "audio/wav")
    sounds.files[artifact.sha256] = path
    with pytest.raises(AuradError, match=r"cannot decode the sound of x\.wav") as error:
        sounds.mix(3, Sound(audio=artifact, start=0))
    assert error.value.code == "E310-INPUT"


def test_memory_does_not_grow_with_a_scene(sounds: Sounds, tmp_path: Path) -> None:
    long = sounds.add(tone(60, 24_000))
    request = SoundRequest(scenes=(SceneSound(frames=90 * FPS, sounds=(Sound(audio=long, start=0),)),), fps=FPS)
    tracemalloc.start()
    try:
        frames = write_soundtrack(request, sounds, tmp_path / "long.wav", lambda done: None)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (tmp_path / "long.wav").stat().st_size == frames * 4 + len(wave_header(0))
    assert peak < BLOCK * 8 * 12


def test_two_channels_only_where_something_has_them(sounds: Sounds, tmp_path: Path) -> None:
    voice, wide = sounds.add(tone(0.5, 24_000)), sounds.add(np.full((24_000, 2), (0.2, -0.3)), 48_000)
    shapes = {}
    for name, heard in {"voices": (voice,), "both": (voice, wide)}.items():
        scene = SceneSound(frames=FPS, sounds=tuple(Sound(audio=sound, start=0) for sound in heard))
        write_soundtrack(SoundRequest(scenes=(scene,), fps=FPS), sounds, tmp_path / name, lambda done: None)
        with av.open(str(tmp_path / name)) as container:
            shapes[name] = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
            assert container.streams.audio[0].codec_context.channels == (1 if name == "voices" else 2)
    left, right = shapes["both"].reshape(-1, 2).T
    assert np.allclose(left[:20_000] - 0.2, shapes["voices"].ravel()[:20_000], atol=1e-4)
    assert np.allclose(right[:20_000] + 0.3, shapes["voices"].ravel()[:20_000], atol=1e-4)


async def test_the_whole_track_is_as_long_as_the_video(sounds: Sounds, tmp_path: Path) -> None:
    voice = sounds.add(tone(0.5, 22_050), 22_050)
    scenes = tuple(SceneSound(frames=n, sounds=(Sound(audio=voice, start=0.05),)) for n in (31, 17, 44))
    ran = await run_stage(Core, "sound", SoundRequest(scenes=scenes, fps=7), workspace=tmp_path, files=sounds.files)
    assert ran.output.samples == round(92 * 48_000 / 7)
    with av.open(str(ran.path(ran.output.audio))) as container:
        stream = container.streams.audio[0]
        assert (stream.codec_context.name, stream.rate, stream.channels) == ("pcm_f32le", 48_000, 1)
        heard = np.concatenate([f.to_ndarray().ravel() for f in container.decode(stream)])
    assert len(heard) == ran.output.samples
    starts = [round(n * 48_000 / 7) + 2400 for n in (0, 31, 48)]
    for start in starts:
        assert np.abs(heard[start - 200 : start - 20]).max() < 1e-3
        assert np.abs(heard[start : start + 400]).max() > 0.2
    assert ran.progress[-1].done == 1

"""The soundtrack before music: every scene's sounds, resampled and laid end to end, exact to the sample.

Works in blocks, so memory grows neither with the video's length nor with a scene's.
"""

from __future__ import annotations

import struct
import wave
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from fractions import Fraction
from itertools import accumulate, chain
from pathlib import Path

import av
import numpy as np
from av.audio.resampler import AudioResampler
from av.container import InputContainer
from numpy.typing import NDArray

from aurad.model.artifact import Artifact
from aurad.model.assembly import SOUND_RATE, SceneSound, Sound, SoundRequest
from aurad.model.errors import AuradError
from aurad.worker.probe import FORMATS

BLOCK = SOUND_RATE  # frames mixed at a time: a second, 384 kB
PLAIN = {"probesize": "4096", "analyzeduration": "1"}  # a WAV's head says all; by default seconds of sound are read
FADE = SOUND_RATE * 5 // 1000  # frames: where a sound is cut off or into, 5 ms keep it from clicking
STEREO = 2
WAVE_FLOAT, SAMPLE_BYTES = 3, 4
Samples = NDArray[np.float32]


def write_soundtrack(
    request: SoundRequest, find: Callable[[Artifact], Path], target: Path, progress: Callable[[float], None]
) -> int:
    """Write a 32-bit float WAV (loud sums do not clip before mastering). Gives its length in frames.

    Nothing but voices of one channel needs no second one, which would only be moved around.
    """
    edges = scene_edges([scene.frames for scene in request.scenes], request.fps)
    channels = 1 if all(_is_mono(find(sound.audio)) for scene in request.scenes for sound in scene.sounds) else STEREO
    with target.open("wb") as file:
        file.write(wave_header(edges[-1], channels))
        for scene, start, end in zip(request.scenes, edges, edges[1:], strict=False):
            done = start
            for block in mix_scene(scene, end - start, find, channels):
                file.write(block.tobytes())
                done += len(block)
                progress(done / edges[-1])
    return edges[-1]


def scene_edges(frames: list[int], fps: int) -> list[int]:
    """Where each scene starts in sound, and where the last one ends: rounded once, from the video's start."""
    return [(count * SOUND_RATE * 2 + fps) // (2 * fps) for count in accumulate(frames, initial=0)]


def _is_mono(path: Path) -> bool:
    """Whether it is plain WAV with one channel, as voices are; of anything else we say no without a look."""
    with suppress(wave.Error, EOFError), wave.open(str(path), "rb") as file:
        return file.getnchannels() == 1
    return False


def mix_scene(
    scene: SceneSound, length: int, find: Callable[[Artifact], Path], channels: int = STEREO
) -> Iterator[Samples]:
    """The scene's sounds added up, in blocks, `length` frames in all."""
    voices = [Voice(sound, find(sound.audio), channels) for sound in scene.sounds]
    try:
        for start in range(0, length, BLOCK):
            block = np.zeros((min(BLOCK, length - start), channels), np.float32)
            for voice in voices:
                voice.add_to(block, start, length)
            yield block
    finally:
        for voice in voices:
            voice.close()


class Voice:
    """A sound on its scene's clock."""

    def __init__(self, sound: Sound, path: Path, channels: int) -> None:
        self._start, self._gain = round(sound.start * SOUND_RATE), 10 ** (sound.gain / 20)
        silent_ok = sound.audio.media_type.startswith("video/")
        self._chunks = read_sound(path, sound.in_point, channels, silent_ok=silent_ok)
        self._held: Samples = np.zeros((0, channels), np.float32)
        self._cut_in = sound.in_point > 0

    def add_to(self, block: Samples, at: int, length: int) -> None:
        """Add what is heard in `block`, which starts at frame `at` of a scene of `length` frames."""
        first = max(self._start, at)
        if first >= at + len(block):
            return
        wanted = at + len(block) - first
        fades_out = at + len(block) > length - FADE and self._fill(length - first + 1)
        self._fill(wanted)
        part, self._held = self._held[:wanted] * np.float32(self._gain), self._held[wanted:]
        place = np.arange(first, first + len(part))
        if self._cut_in and first < self._start + FADE:
            part *= ramp((place - self._start) / FADE)
        if fades_out:
            part *= ramp((length - place) / FADE)
        block[first - at : first - at + len(part)] += part

    def close(self) -> None:
        self._chunks.close()

    def _fill(self, wanted: int) -> bool:
        """Hold at least `wanted` frames; False if the sound ends before."""
        chunks = [self._held]
        missing = wanted - len(self._held)
        while missing > 0 and (chunk := next(self._chunks, None)) is not None:
            chunks.append(chunk)
            missing -= len(chunk)
        self._held = np.concatenate(chunks)
        return missing <= 0


def ramp(place: NDArray[np.float64]) -> Samples:
    """0..1 for both channels, as a raised cosine: no corner, no click."""
    return (0.5 - 0.5 * np.cos(np.pi * np.clip(place, 0, 1))).astype(np.float32)[:, None]


# ---------------------------------------------------------------- reading


def read_sound(path: Path, in_point: float, channels: int, *, silent_ok: bool) -> Generator[Samples, None, None]:
    """Samples at our rate from `in_point` seconds on. A clip without sound gives nothing."""
    options = {"protocol_whitelist": "file", "format_whitelist": FORMATS, **(PLAIN if _is_mono(path) else {})}
    try:
        with av.open(f"file:{path.absolute()}", container_options=options) as container:
            if container.streams.audio:
                yield from _read_from(container, in_point, channels)
            elif not silent_ok:
                raise AuradError("E310-INPUT", f"cannot hear {path.name}: it has no sound")
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise AuradError("E310-INPUT", f"cannot decode the sound of {path.name}: {error}") from error


def _read_from(container: InputContainer, in_point: float, channels: int) -> Generator[Samples, None, None]:
    """Skip to `in_point`. Its clock is the picture's where there is one, as clips are cut by that."""
    clock = (*container.streams.video, *container.streams.audio)[0]
    origin = (clock.start_time or 0) * (clock.time_base or Fraction(0))
    audio = container.streams.audio[0]
    if in_point > 0 and audio.time_base:
        container.seek(int((origin + Fraction(in_point)) / audio.time_base), stream=audio)
    skip: int | None = None
    for time, chunk in _resampled(container, channels):
        if skip is None:
            skip = round((in_point - float(time - origin)) * SOUND_RATE)
            if skip < 0:  # it starts later than the picture
                yield np.zeros((-skip, channels), np.float32)
        kept = chunk[max(skip, 0) :]
        skip = max(skip - len(chunk), 0)
        if len(kept):
            yield kept


def _resampled(container: InputContainer, channels: int) -> Iterator[tuple[Fraction, Samples]]:
    """The sound at our rate. One channel is doubled here, if two are wanted: FFmpeg would make it 3 dB softer."""
    audio = container.streams.audio[0]
    audio.codec_context.thread_type = "NONE"
    layout = "mono" if audio.codec_context.channels == 1 else "stereo"
    resampler = AudioResampler("flt", layout, SOUND_RATE)
    time: Fraction | None = None
    for frame in chain(container.decode(audio), (None,)):  # None lets the resampler finish
        if time is None:
            time = frame.pts * frame.time_base if frame and frame.pts and frame.time_base else Fraction(0)
        for part in resampler.resample(frame):
            samples = part.to_ndarray().reshape(part.samples, -1)
            yield time, np.repeat(samples, channels // samples.shape[1], axis=1)


def wave_header(frames: int, channels: int = STEREO) -> bytes:
    """The head of a float WAV of known length. Its 32 bits reach for three hours, three times the longest video."""
    frame = channels * SAMPLE_BYTES
    size = frames * frame
    shape = struct.pack("<HHIIHH", WAVE_FLOAT, channels, SOUND_RATE, SOUND_RATE * frame, frame, 8 * SAMPLE_BYTES)
    parts = b"fmt " + struct.pack("<I", len(shape)) + shape + b"fact" + struct.pack("<II", 4, frames)
    return b"RIFF" + struct.pack("<I", 4 + len(parts) + 8 + size) + b"WAVE" + parts + b"data" + struct.pack("<I", size)

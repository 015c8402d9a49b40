"""What the core's own tasks are sent: the soundtrack, joining segments, previews and the last check."""

from __future__ import annotations

from typing import Literal

from aurad.model.artifact import Artifact
from aurad.model.cues import Cue
from aurad.model.value import Value
from aurad.model.video import Canvas, Seen, Segment

SOUND_RATE = 48_000  # Hz of everything after the voice; what AAC in a video uses


class Sound(Value, frozen=True, kw_only=True):
    """Something heard from `start` seconds of its scene on; `gain` in dB; cut off at the scene's end."""

    audio: Artifact
    start: float
    gain: float = 0.0
    in_point: float = 0.0


class SceneSound(Value, frozen=True, kw_only=True):
    """All that is heard in one scene of exactly `frames` video frames."""

    frames: int
    sounds: tuple[Sound, ...]


class SoundRequest(Value, frozen=True, kw_only=True):
    """Lay every scene's sounds end to end, sample-exact: scene i starts at `sum(frames) * rate / fps`."""

    scenes: tuple[SceneSound, ...]
    fps: int


class Soundtrack(Value, frozen=True, kw_only=True):
    """48 kHz WAV of `samples` frames, in one channel or two, before music and mastering."""

    audio: Artifact
    samples: int


class JoinRequest(Value, frozen=True, kw_only=True):
    """Join segments of one profile by stream copy; `frames` is what must come out."""

    segments: tuple[Segment, ...]
    canvas: Canvas


class PreviewRequest(Value, frozen=True, kw_only=True):
    """One scene with its sound, playable at once: stream copy and AAC."""

    segment: Segment
    sound: SceneSound
    fps: int


class Preview(Value, frozen=True, kw_only=True):
    """A playable MP4 of one scene."""

    video: Artifact


class ListenRequest(Value, frozen=True, kw_only=True):
    """Measure a sound that a finisher gave, while the picture is still being made."""

    audio: Artifact


class Heard(Value, frozen=True, kw_only=True):
    """What a sound is like: integrated loudness in LUFS, true peak in dBTP."""

    audio: Artifact
    loudness: float
    true_peak: float


class VerifyRequest(Value, frozen=True, kw_only=True):
    """What the finished file must be; see `Verified`.

    `spoken` is what is said in each scene, as it is written: the captions are held against it. `seen` is what was
    seen of each segment while it was encoded. What was `heard` already need not be measured again where it is the
    video's sound, packet for packet.
    """

    video: Artifact
    canvas: Canvas
    frames: int
    captions: Literal["burn", "soft", "none"]
    cues: tuple[Cue, ...] = ()
    loudness: float | None = None
    spoken: tuple[str, ...] = ()
    seen: tuple[Seen | None, ...] = ()
    heard: tuple[Heard, ...] = ()


class Verified(Value, frozen=True, kw_only=True):
    """Measured facts of a file that passed."""

    duration: float
    frames: int
    loudness: float
    true_peak: float

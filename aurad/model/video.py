"""The canvas, the encoder's profile, encoded segments and what is delivered at the end."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from aurad.model.artifact import Artifact
from aurad.model.value import Value

Quality = Literal["draft", "standard", "high"]
Even = Annotated[int, Meta(ge=64, le=8192, multiple_of=2)]


class Canvas(Value, frozen=True, kw_only=True):
    """Width and height in pixels (even, as 4:2:0 needs) and frames a second."""

    width: Even = 1920
    height: Even = 1080
    fps: Annotated[int, Meta(ge=1, le=120)] = 30


class Profile(Value, frozen=True, kw_only=True):
    """The encoder that a trial found to work, and every argument that shapes its stream.

    All segments of a video share one profile: joining by copy needs identical settings.
    `arguments` go between FFmpeg's input and output; `name` is shown to people (`libx264 superfast`).
    """

    encoder: str
    name: str
    arguments: tuple[str, ...]


class Seen(Value, frozen=True, kw_only=True):
    """What a render stage saw of its frames as it sent them to the encoder, where motion was planned.

    The longest stretch, in frames, that was `black`, and the longest in which nothing changed (`frozen`).
    """

    black: int = 0
    frozen: int = 0


class Segment(Value, frozen=True, kw_only=True):
    """One scene as video without sound: H.264 in MP4, starting at 0 with a key frame.

    `seen` is told by stages that look at their frames; the last check judges it.
    """

    video: Artifact
    frames: int
    seen: Seen | None = None


class Deliverable(Value, frozen=True, kw_only=True):
    """A file that a finisher hands on. `name` is its file name (`captions.srt`); it is unique.

    `published` files appear in the result folder; the others only feed later finishers.
    """

    name: str
    artifact: Artifact
    published: bool = True


class Deliverables(Value, frozen=True, kw_only=True):
    """What one finisher made. A later deliverable of the same name replaces the earlier one."""

    files: tuple[Deliverable, ...] = ()
    facts: dict[str, str | int | float | bool] = {}

"""What a scene shows: shots made of pictures, layers and clips, timed by words.

Every `at` is an index into the scene's words; None means the start of the scene. Coordinates are
pixels of the canvas from its top left corner unless a docstring says fractions.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from aurad.model.artifact import Artifact, Credit
from aurad.model.script import WordIndex
from aurad.model.value import Value

Effect = Literal["none", "fade", "rise", "slide", "grow", "wipe"]
Fraction = Annotated[float, Meta(ge=0, le=1)]


class View(Value, frozen=True, kw_only=True):
    """A window on a picture, in fractions of its width and height; it has the canvas's shape.

    `width` 1 shows the whole width of a picture that has the canvas's aspect.
    """

    x: Fraction = 0.0
    y: Fraction = 0.0
    width: Annotated[float, Meta(gt=0, le=1)] = 1.0


class Motion(Value, frozen=True, kw_only=True):
    """A smooth move of the window over the whole shot (Ken Burns), eased at both ends."""

    start: View = View()
    end: View = View()


class Still(Value, frozen=True, kw_only=True, tag="still"):
    """A picture of the canvas's aspect, at least the canvas's size when it moves."""

    image: Artifact
    motion: Motion | None = None
    at: WordIndex | None = None
    credit: Credit | None = None


class Layer(Value, frozen=True, kw_only=True):
    """An RGBA picture (straight alpha) whose top left corner rests at `x`, `y` once it has come in.

    It comes in with word `at`, `delay` seconds later, over `seconds`: `fade`; `rise` (fade, from
    `distance` px below); `slide` (fade, from `distance` px to the left); `grow` (fade, scaled from 0.9);
    `wipe` (uncovered from the left, for bars and lines); `none` (a cut).
    """

    image: Artifact
    x: int = 0
    y: int = 0
    at: WordIndex | None = None
    delay: float = 0.0
    effect: Effect = "fade"
    seconds: float = 0.5
    distance: int = 40


class Animation(Value, frozen=True, kw_only=True, tag="animation"):
    """Layers over an opaque `base` of exactly the canvas's size, bottom first.

    With `motion` the base moves under layers that stand still.
    """

    base: Artifact
    layers: tuple[Layer, ...] = ()
    motion: Motion | None = None
    at: WordIndex | None = None
    credit: Credit | None = None


class Clip(Value, frozen=True, kw_only=True, tag="clip"):
    """A piece of video, scaled to cover the canvas; its last frame is held if it is too short.

    `in_point` and `out_point` are seconds of the clip. `audio` says what becomes of its own sound:
    silent, kept below the voice, or kept as it is.
    """

    video: Artifact
    in_point: float = 0.0
    out_point: float | None = None
    audio: Literal["mute", "duck", "keep"] = "mute"
    at: WordIndex | None = None
    credit: Credit | None = None


Shot = Still | Animation | Clip


class TextBox(Value, frozen=True, kw_only=True):
    """Where a text lies once everything has come in."""

    text: str
    x: float
    y: float
    width: float
    height: float


class Sample(Value, frozen=True, kw_only=True):
    """One picture (PNG or JPEG, of any size) that shows what a theme looks like."""

    image: Artifact


class Visual(Value, frozen=True, kw_only=True):
    """Everything one scene shows: at least one shot, `at` rising. `poster` is its best single frame.

    `poster` is the canvas with everything in place (PNG or JPEG); it serves as cover and thumbnail. `texts`
    are told by stages that set text: each must lie on the canvas, and above burned-in captions.
    """

    shots: Annotated[tuple[Shot, ...], Meta(min_length=1)]
    poster: Artifact | None = None
    texts: tuple[TextBox, ...] = ()

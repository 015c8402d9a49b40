"""What a shot looks like at each of its frames. Frames are counted from the shot's start and only rise.

`key` tells without drawing whether two frames look the same; the planner of still spans lives on it.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import cached_property
from pathlib import Path
from typing import Protocol

from aurad.api import Animation, Artifact, Canvas, Layer, Motion, Still
from aurad_plugins.render_ffmpeg.motion import arrive, moves, view_at, window
from aurad_plugins.render_ffmpeg.pictures import read_picture, read_still
from aurad_plugins.render_ffmpeg.planes import Box, Planes
from aurad_plugins.render_ffmpeg.sprites import Sprite, rgba_to_sprite
from aurad_plugins.render_ffmpeg.zoom import Zoom

LEAD = 0.1  # seconds that a layer starts before its word, so that it is there as it is named
GROW_FROM = 0.9  # the size at which `grow` begins


class ShotFrames(Protocol):
    """A shot, ready to be drawn."""

    def key(self, frame: int) -> Hashable:
        """Equal for frames that look the same. Cheap, in any order, draws nothing."""

    def draw(self, frame: int, out: Planes) -> None:
        """Draw all of `out`."""


class Files(Protocol):
    """How a shot gets at its files: `StageContext.path`."""

    def __call__(self, artifact: Artifact, /) -> Path: ...


class Backdrop:
    """A picture under a window that moves, or stands still and is drawn once."""

    def __init__(self, path: Path, motion: Motion | None, canvas: Canvas, frames: int) -> None:
        self._motion, self._frames, self._moves = motion or Motion(), max(frames, 1), moves(motion)
        self._zoom = Zoom(read_still(path, canvas, motion))
        self._rest: Planes | None = None

    def draw(self, frame: int, out: Planes) -> None:
        if self._moves:
            self._draw(frame / self._frames, out)
            return
        if self._rest is None:
            self._rest = Planes(out.width, out.height)
            self._draw(0, self._rest)
        out.copy_from(self._rest)

    def _draw(self, time: float, out: Planes) -> None:
        self._zoom.draw(window(view_at(self._motion, time), self._zoom.size, (out.width, out.height)), out)


class StillFrames:
    """A `Still`. The file is read at its first drawn frame."""

    def __init__(self, shot: Still, canvas: Canvas, frames: int, files: Files) -> None:
        self._shot, self._canvas, self._frames, self._files = shot, canvas, frames, files

    def key(self, frame: int) -> Hashable:
        return frame if moves(self._shot.motion) else 0

    def draw(self, frame: int, out: Planes) -> None:
        self._backdrop.draw(frame, out)

    @cached_property
    def _backdrop(self) -> Backdrop:
        return Backdrop(self._files(self._shot.image), self._shot.motion, self._canvas, self._frames)


class Entrance:
    """When a layer comes in, in frames of the shot."""

    def __init__(self, layer: Layer, start: float, fps: int) -> None:
        self.layer, self._start = layer, start
        self._frames = max(layer.seconds * fps, 1e-6) if layer.effect != "none" else 1e-6

    def done(self, frame: int) -> float:
        """0 before it is seen, 1 once it rests. Its first frame already shows something."""
        return min(max((frame + 1 - self._start) / self._frames, 0.0), 1.0)


class AnimationFrames:
    """An `Animation`: layers that rest are drawn into `_rest` once, the few that come in on top of it."""

    def __init__(self, shot: Animation, canvas: Canvas, frames: int, files: Files, entrances: list[Entrance]) -> None:
        self._shot, self._canvas, self._frames, self._files = shot, canvas, frames, files
        self._entrances, self._moves = entrances, moves(shot.motion)
        self._sprites: dict[int, Sprite | None] = {}
        self._resting: list[int] = []

    def key(self, frame: int) -> Hashable:
        return frame if self._moves else tuple(entrance.done(frame) for entrance in self._entrances)

    def draw(self, frame: int, out: Planes) -> None:
        done = [entrance.done(frame) for entrance in self._entrances]
        resting = [] if self._moves else [index for index, part in enumerate(done) if part >= 1]
        if self._moves:
            self._backdrop.draw(frame, out)
        else:
            self._settle(resting)
            out.copy_from(self._rest)
        touched: list[Box] = []
        for index, part in enumerate(done):
            if index in resting:  # it must stay above what comes in below it
                for box in touched:
                    self._blend(index, 1.0, out, box)
            elif part > 0:
                touched.append(self._blend(index, part, out))

    @cached_property
    def _backdrop(self) -> Backdrop:
        return Backdrop(self._files(self._shot.base), self._shot.motion, self._canvas, self._frames)

    @cached_property
    def _base(self) -> Planes:
        base = Planes(self._canvas.width, self._canvas.height)
        self._backdrop.draw(0, base)
        return base

    @cached_property
    def _rest(self) -> Planes:
        rest = Planes(self._canvas.width, self._canvas.height)
        rest.copy_from(self._base)
        return rest

    def _settle(self, resting: list[int]) -> None:
        """Draw what came to rest into the resting picture, bottom first: a late layer may lie under an early one."""
        for index in sorted(set(resting) - set(self._resting)):
            self._resting.append(index)
            if sprite := self._sprite(index, self._rest.box):
                self._rest.copy_from(self._base, sprite.box)
                for lower in sorted(self._resting):
                    self._blend(lower, 1.0, self._rest, sprite.box)

    def _blend(self, index: int, part: float, out: Planes, clip: Box | None = None) -> Box:
        sprite = self._sprite(index, out.box)
        if sprite is None:
            return Box(0, 0, 0, 0)
        return enter(sprite, self._entrances[index].layer, part, out, clip)

    def _sprite(self, index: int, canvas: Box) -> Sprite | None:
        if index not in self._sprites:
            layer = self._entrances[index].layer
            rgba = read_picture(self._files(layer.image), "RGBA")
            self._sprites[index] = rgba_to_sprite(rgba, layer.x, layer.y, canvas)
        return self._sprites[index]


def enter(sprite: Sprite, layer: Layer, part: float, out: Planes, clip: Box | None = None) -> Box:
    """Draw a layer `part` (0..1) of its way in. `clip` is for layers at rest only."""
    if part >= 1:
        return sprite.blend(out, clip=clip)
    eased = arrive(part)
    left = layer.distance * (1 - eased)
    match layer.effect:
        case "rise":
            return sprite.blend_moved(out, 0, left, 1, eased)
        case "slide":
            return sprite.blend_moved(out, -left, 0, 1, eased)
        case "grow":
            return sprite.blend_moved(out, 0, 0, GROW_FROM + (1 - GROW_FROM) * eased, eased)
        case "wipe":
            return sprite.blend_left(out, eased)
        case _:
            return sprite.blend(out, part)

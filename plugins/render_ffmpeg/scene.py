"""A whole scene as frames: its shots in turn, the transition from the scene before, captions on top."""

from __future__ import annotations

from collections.abc import Hashable

from aurad.api import Animation, Canvas, Clip, Layer, Placed, SegmentRequest, Still
from aurad_plugins.render_ffmpeg.captions import Captions
from aurad_plugins.render_ffmpeg.clips import ClipFrames
from aurad_plugins.render_ffmpeg.planes import Planes, blend_planes
from aurad_plugins.render_ffmpeg.shots import LEAD, AnimationFrames, Entrance, Files, ShotFrames, StillFrames


class Shots:
    """The shots of one `Placed`, in turn. Only the one that was drawn last is held open."""

    def __init__(self, placed: Placed, canvas: Canvas, files: Files) -> None:
        self._placed, self._canvas, self._files = placed, canvas, files
        self._starts = [placed.frame_of(shot.at) for shot in placed.shots]
        self._starts[0] = 0  # something is shown from the first frame on
        self._undrawn = [self._make(index) for index in range(len(placed.shots))]
        self._drawn: tuple[int, ShotFrames] | None = None

    def key(self, frame: int) -> Hashable:
        index = self._index(frame)
        return index, self._undrawn[index].key(frame - self._starts[index])

    def draw(self, frame: int, out: Planes) -> None:
        index = self._index(frame)
        if self._drawn is None or self._drawn[0] != index:
            self._drawn = index, self._make(index)
        self._drawn[1].draw(frame - self._starts[index], out)

    def _index(self, frame: int) -> int:
        return max(index for index, start in enumerate(self._starts) if start <= frame)

    def _make(self, index: int) -> ShotFrames:
        start, shot = self._starts[index], self._placed.shots[index]
        end = self._starts[index + 1] if index + 1 < len(self._starts) else self._placed.frames
        match shot:
            case Still():
                return StillFrames(shot, self._canvas, end - start, self._files)
            case Animation():
                entrances = [self._entrance(layer, start) for layer in shot.layers]
                return AnimationFrames(shot, self._canvas, end - start, self._files, entrances)
            case Clip():
                return ClipFrames(shot, self._canvas, self._files(shot.video))

    def _entrance(self, layer: Layer, shot_start: int) -> Entrance:
        """A word's layer comes a touch early, so that it is there as it is named; never before its shot."""
        fps = self._canvas.fps
        named = self._placed.frame_of(layer.at) - LEAD * fps if layer.at is not None else shot_start
        return Entrance(layer, max(named + layer.delay * fps - shot_start, 0.0), fps)


class SceneFrames:
    """All frames of a segment. `draw` them in rising order."""

    def __init__(self, request: SegmentRequest, files: Files) -> None:
        self._canvas = canvas = request.canvas
        self._frames = request.placed.frames
        self._shots = Shots(request.placed, canvas, files)
        self._tail = Shots(request.tail, canvas, files) if request.tail is not None else None
        self._tail_frames = request.tail.frames if request.tail is not None else 0
        self._transition = request.transition if request.tail is not None else 0
        self._captions = Captions(request.cues, request.caption_style, canvas)
        self._other = self.new_frame() if self._transition else None

    def new_frame(self) -> Planes:
        return Planes(self._canvas.width, self._canvas.height)

    def keys(self) -> list[Hashable]:
        """For every frame what it looks like: equal keys, equal pictures. Draws nothing."""
        return [self._key(frame) for frame in range(self._frames)]

    def _key(self, frame: int) -> Hashable:
        blending = frame if frame < self._transition else None
        return self._shots.key(frame), blending, self._captions.state(frame)

    def draw(self, frame: int, out: Planes) -> None:
        self._shots.draw(frame, out)
        if frame < self._transition and self._tail is not None and self._other is not None:
            self._tail.draw(self._tail_frames + frame, self._other)
            blend_planes(out, self._other, (frame + 1) / (self._transition + 1))
        elif self._tail is not None:
            self._tail = self._other = None
        if (state := self._captions.state(frame)) is not None:
            self._captions.draw(state, out)

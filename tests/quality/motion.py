"""How far what moves strays from a smooth path, seen in decoded segments of real slides.

Every picture and every kind of entering layer is drawn by `visuals_slides`, encoded by `render_ffmpeg` as for
a finished video, and decoded here. The window over a picture is followed by Lucas-Kanade on a few hundred
points, which together give its place and scale; a layer by least squares over all of its pixels, for it
fades in as it moves. A path is smooth if a polynomial of few degrees runs through it: jitter is the root mean
square of what is left, in pixels. No tracker finds a layer that is hardly there, so only what is at least
half visible counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import av
import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from aurad.api import Animation, Artifact, Canvas, Layer, Picture, Placed, Scene, SegmentRequest, Slide, VisualRequest
from aurad.testing import Ran, put, run_stage
from aurad_plugins.render_ffmpeg.encoders import Options, candidates
from aurad_plugins.render_ffmpeg.stage import FFmpegRender
from aurad_plugins.visuals_slides.sheet import SAMPLES
from aurad_plugins.visuals_slides.stage import SlidesStage
from tests.bench.make import Figure

BOUND = 0.05  # pixels
CANVAS = Canvas(width=1280, height=720, fps=30)
PROFILE = candidates(Options(encoder="x264"), CANVAS, "standard")[0]
SECONDS = 4  # of a moving picture
SAID = "Bees dance to tell their sisters where the flowers are"
MOVING = ("rise", "slide", "grow")
WINDOW_DEGREE, LAYER_DEGREE = 7, 4  # of the smooth paths: eased at both ends; an entrance that comes to rest
VISIBLE = 0.5  # share of a layer's ink from which it can be followed
MARGIN = 8  # pixels around a layer's way
POINTS = 300
STEPS, NEAR = 12, 1e-4  # of the least squares: more steps, or smaller ones, change nothing
LUCAS = {"winSize": (31, 31), "maxLevel": 3, "criteria": (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 50, 1e-4)}
Frame = NDArray[np.float32]
Vector = NDArray[np.float64]  # shift across, shift down, growth
Way = NDArray[np.float64]  # (frame, axes of one or more points)


async def figures(workspace: Path) -> list[Figure]:
    """Jitter of windows and of layers, the worst of each."""
    windows = [await _window_jitter(workspace, seed) for seed in range(3)]
    layers = {effect: await _layer_jitter(workspace, layer, base) for effect, layer, base in await _layers(workspace)}
    found = [Figure(f"jitter of a moving picture, worst of {len(windows)}", max(windows), BOUND, "px rms")]
    return found + [
        Figure(f"jitter of what comes in by `{name}`", value, BOUND, "px rms") for name, value in layers.items()
    ]


# ---------------------------------------------------------------- pictures that move


async def _window_jitter(workspace: Path, seed: int) -> float:
    path = workspace / f"photo{seed}.png"
    Image.fromarray(_photo(2 * CANVAS.width, 2 * CANVAS.height, seed)).save(path)
    picture = put(path, "image/png")
    slide = Slide(kind="image", picture=Picture(artifact=picture, alt=f"photo {seed}"))
    ran = await _drawn(slide, workspace, {picture.sha256: path})
    frames = await _rendered(
        Placed(shots=ran.output.shots, marks={}, frames=SECONDS * CANVAS.fps), ran.files, workspace
    )
    return jitter(_followed(frames), WINDOW_DEGREE)


def _photo(width: int, height: int, seed: int) -> NDArray[np.uint8]:
    """Something with detail at all scales."""
    noise = np.random.default_rng(seed).normal(0, 1, (height, width, 3)).astype(np.float32)
    mixed = sum(
        np.asarray(cv2.GaussianBlur(noise, (0, 0), sigma)) * sigma * weight for sigma, weight in ((3, 12), (9, 40))
    )
    return np.clip(np.asarray(mixed) + 120, 0, 255).astype(np.uint8)


def _followed(frames: Sequence[Frame]) -> Way:
    """Where five points of the picture, spread over it, are in every frame: (frame, point and axis)."""
    first = _bytes(frames[0])
    points = cv2.goodFeaturesToTrack(first, POINTS, 0.01, 12)
    assert points is not None, "there is nothing to follow"
    spread = np.array([(0.5, 0.5), (0.1, 0.1), (0.9, 0.1), (0.1, 0.9), (0.9, 0.9)]) * (CANVAS.width, CANVAS.height)
    at, rows = points.copy(), []
    for frame in frames:
        at, found, _ = cv2.calcOpticalFlowPyrLK(
            first, _bytes(frame), points, at, flags=cv2.OPTFLOW_USE_INITIAL_FLOW, **LUCAS
        )
        kept = found.ravel() == 1
        moved, _ = cv2.estimateAffinePartial2D(points[kept], at[kept], method=cv2.RANSAC, ransacReprojThreshold=0.5)
        rows.append((spread @ moved[:, :2].T + moved[:, 2]).ravel())
    return np.array(rows)


# ---------------------------------------------------------------- layers that come in


async def _layers(workspace: Path) -> list[tuple[str, Layer, tuple[Artifact, dict[str, Path]]]]:
    """For each way to come in the largest layer of our sample slides that does so."""
    found: dict[str, tuple[int, Layer, tuple[Artifact, dict[str, Path]]]] = {}
    for slide in SAMPLES:
        ran = await _drawn(slide, workspace, {})
        for shot in ran.output.shots:
            for layer in shot.layers if isinstance(shot, Animation) else ():
                with Image.open(ran.path(layer.image)) as picture:
                    area = picture.width * picture.height
                if layer.effect in MOVING and area > found.get(layer.effect, (0,))[0]:
                    found[layer.effect] = area, layer, (shot.base, ran.files)
    return [(effect, layer, base) for effect, (_, layer, base) in sorted(found.items())]


async def _layer_jitter(workspace: Path, layer: Layer, base: tuple[Artifact, dict[str, Path]]) -> float:
    """The layer alone on its slide."""
    picture, files = base
    alone = msgspec.structs.replace(layer, at=None, delay=0.2)
    frames = round((1.0 + layer.seconds) * CANVAS.fps)
    placed = Placed(shots=(Animation(base=picture, layers=(alone,)),), marks={}, frames=frames)
    with Image.open(files[layer.image.sha256]) as shown:
        size = shown.size
    part = _around(layer, size)
    seen = [frame[part] for frame in await _rendered(placed, files, workspace)]
    return jitter(_entered([one - seen[0] for one in seen[1:]]), LAYER_DEGREE)


def _around(layer: Layer, size: tuple[int, int]) -> tuple[slice, slice]:
    """The part of the canvas that a layer crosses."""
    room = layer.distance + MARGIN
    across, down = (
        slice(max(0, at - room), at + length + room) for at, length in zip((layer.x, layer.y), size, strict=True)
    )
    return down, across


def _entered(ink: Sequence[Frame]) -> Way:
    """Place and size of the layer against where it rests, while it is on its way and can be seen."""
    rest = ink[-1]
    rows, guess = [], np.zeros(3)
    for frame in reversed(ink):
        cover, guess = _fit(rest, frame, guess)
        if cover < VISIBLE:
            break
        rows.append(guess.copy())
    rows.reverse()
    still = next((n for n in range(len(rows), 0, -1) if np.abs(rows[n - 1]).max() > BOUND), 0)
    return np.array(rows[: still + 1])


def _fit(rest: Frame, frame: Frame, guess: Vector) -> tuple[float, Vector]:
    """Gauss-Newton: the opacity, and the shift and growth (in pixels at the edge), that make `frame` out of `rest`."""
    height, width = rest.shape
    y, x = (np.float32(axis) for axis in np.mgrid[:height, :width])
    y, x, half = y - (height - 1) / 2, x - (width - 1) / 2, max(width, height) / 2
    cover, at = 1.0, guess.copy()
    for _ in range(STEPS):
        scale = 1 + at[2] / half
        from_x, from_y = (x - at[0]) / scale + (width - 1) / 2, (y - at[1]) / scale + (height - 1) / 2
        drawn = cv2.remap(rest, np.float32(from_x), np.float32(from_y), cv2.INTER_LINEAR)
        slope_y, slope_x = np.gradient(drawn)
        grown = (slope_x * x + slope_y * y) / half
        columns = np.stack([drawn, *(-cover * slope for slope in (slope_x, slope_y, grown))], axis=-1).reshape(-1, 4)
        step, *_ = np.linalg.lstsq(columns, (frame - cover * drawn).ravel(), rcond=None)
        cover, at = cover + float(step[0]), at + step[1:]
        if np.abs(step[1:]).max() < NEAR:
            break
    return cover, at


# ---------------------------------------------------------------- what both need


def jitter(path: Way, degree: int) -> float:
    """Root mean square distance of the points from the smooth path through them; axes lie side by side."""
    time = np.linspace(-1, 1, len(path))
    degree = min(degree, len(path) // 3)
    smooth = np.polynomial.polynomial.polyval(time, np.polynomial.polynomial.polyfit(time, path, degree)).T
    return float(np.sqrt(np.mean(np.square(path - smooth))))


async def _drawn(slide: Slide, workspace: Path, files: dict[str, Path]) -> Ran:
    request = VisualRequest(scene=Scene(text=SAID, slide=slide), language="en", canvas=CANVAS, theme="midnight")
    return await run_stage(SlidesStage, "draw", request, workspace=workspace, files=files)


async def _rendered(placed: Placed, files: dict[str, Path], workspace: Path) -> list[Frame]:
    """The segment's luma, frame by frame."""
    request = SegmentRequest(placed=placed, canvas=CANVAS, profile=PROFILE)
    ran = await run_stage(FFmpegRender, "render_scene", request, workspace=workspace, files=files)
    return list(_luma(ran.path(ran.output.video)))


def _luma(video: Path) -> Iterator[Frame]:
    with av.open(str(video)) as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray()[: frame.height].astype(np.float32)


def _bytes(frame: Frame) -> NDArray[np.uint8]:
    return frame.astype(np.uint8)

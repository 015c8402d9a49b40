"""The pure parts of the render stage: motion, colours, layers, captions, still spans. No FFmpeg here."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from aurad.api import Animation, Artifact, BadInput, Canvas, Layer, Motion, Placed, Still, View
from aurad.testing import put
from aurad_plugins.render_ffmpeg.clips import BT601, recolour
from aurad_plugins.render_ffmpeg.encoders import Options, candidates, group_frames
from aurad_plugins.render_ffmpeg.motion import arrive, ease, view_at, window
from aurad_plugins.render_ffmpeg.pictures import cover, read_picture
from aurad_plugins.render_ffmpeg.planes import Box, Planes, even_box, rgb_to_planes, yuv_matrix
from aurad_plugins.render_ffmpeg.scene import Shots
from aurad_plugins.render_ffmpeg.spans import Pace, encoded_frames, key_frame_times, plan_pieces
from aurad_plugins.render_ffmpeg.sprites import rgba_to_sprite
from aurad_plugins.render_ffmpeg.zoom import REACH, Span, Zoom, fit

CANVAS = Canvas(width=64, height=64, fps=10)


def solid(colour: tuple[int, ...], width: int = 64, height: int = 64) -> np.ndarray:
    return np.full((height, width, len(colour)), colour, np.uint8)


class Files:
    """Pictures of a test, found by artifact as a context finds them."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._paths = folder, dict[str, Path]()

    def add(self, pixels: np.ndarray) -> Artifact:
        path = self._folder / f"{len(self._paths)}.png"
        Image.fromarray(pixels).save(path)
        artifact = put(path, "image/png")
        self._paths[artifact.sha256] = path
        return artifact

    def __call__(self, artifact: Artifact, /) -> Path:
        return self._paths[artifact.sha256]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


# ---------------------------------------------------------------- motion


def test_easing_meets_both_ends_and_never_stands_still() -> None:
    steps = np.diff([ease(n / 100) for n in range(-20, 131)])
    assert ease(0) == 0
    assert ease(1) == pytest.approx(1)
    assert steps.min() > 0.003
    assert np.abs(np.diff(steps)).max() < 0.0005, "the speed jumps"


def test_arriving_ends_at_rest() -> None:
    assert [arrive(0), arrive(1), arrive(2)] == [0, 1, 1]
    assert arrive(1) - arrive(0.99) < 1e-4


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0.1, 1), st.floats(0, 1), st.floats(0.1, 1), st.floats(-0.2, 1.5))
def test_the_window_stays_inside_the_picture(x: float, y: float, w: float, x2: float, w2: float, time: float) -> None:
    motion = Motion(start=View(x=x, y=y, width=w), end=View(x=x2, y=y, width=w2))
    left, top, width = window(view_at(motion, time), (2000, 1000), (1920, 1080))
    assert left >= 0
    assert top >= 0
    assert left + width <= 2000 + 1e-6
    assert top + width * 1080 / 1920 <= 1000 + 1e-6


def test_a_window_shifts_luma_and_chroma_alike_by_parts_of_a_pixel() -> None:
    ramp = np.stack([np.tile(np.arange(128), (128, 1))] * 3, -1).astype(np.uint8)
    ramp[..., 2] = 255 - ramp[..., 2]
    zoom, out = Zoom(rgb_to_planes(ramp)), Planes(64, 64)
    zoom.draw((20.5, 30.0, 64.0), out)
    expected = rgb_to_planes(((ramp[30:94, 20:84].astype(int) + ramp[30:94, 21:85]) // 2).astype(np.uint8))
    for mine, theirs in ((out.y, expected.y), (out.u, expected.u), (out.v, expected.v)):
        assert np.abs(mine[2:-2, 2:-2].astype(int) - theirs[2:-2, 2:-2]).max() <= 1


@given(st.floats(0, 300), st.floats(1.05, 1.9))
def test_a_fit_shows_what_it_says(start: float, scale: float) -> None:
    span = Span(start, 640 * scale)
    found = fit(span, 640)
    ratio = found.taken / found.size
    first, last = found.first + found.skip * ratio, found.first + (found.skip + 640) * ratio
    assert found.skip + 640 <= found.size <= 640 + REACH
    assert max(abs(first - start), abs(last - start - span.length)) == pytest.approx(found.error, abs=1e-6)
    assert found.error < 0.51


def test_both_ways_of_drawing_a_window_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    smooth = cv2.GaussianBlur(np.random.default_rng(3).integers(0, 255, (500, 800, 3), np.uint8), (0, 0), 2)
    zoom, quick, exact = Zoom(rgb_to_planes(np.asarray(smooth, np.uint8))), Planes(320, 180), Planes(320, 180)
    quickly = 0
    for step in range(40):
        where = (30 + step * 0.37, 20 + step * 0.21, 420 - step * 0.83)
        zoom.draw(where, exact if step % 2 else quick)
        with monkeypatch.context() as patch:
            patch.setattr("aurad_plugins.render_ffmpeg.zoom.TOLERANCE", -1.0)
            zoom.draw(where, quick if step % 2 else exact)
        assert np.abs(quick.data.astype(int) - exact.data).max() <= 2
        quickly += bool((quick.data != exact.data).any())
    assert quickly > 20, "the quick way is hardly taken"


# ---------------------------------------------------------------- colours


@pytest.mark.parametrize(
    ("colour", "yuv"),
    [
        ((0, 0, 0), (16, 128, 128)),
        ((255, 255, 255), (235, 128, 128)),
        ((255, 0, 0), (63, 102, 240)),
        ((0, 255, 0), (173, 42, 26)),
        ((0, 0, 255), (32, 240, 118)),
    ],
)
def test_colours_are_limited_range_bt709(colour: tuple[int, int, int], yuv: tuple[int, int, int]) -> None:
    planes = rgb_to_planes(solid(colour))
    assert (planes.y[5, 5], planes.u[5, 5], planes.v[5, 5]) == yuv


def test_colours_of_old_clips_become_ours() -> None:
    picture = rgb_to_planes(solid((200, 60, 20), 8, 8))
    expected = picture.data.copy()
    old = yuv_matrix(*BT601) @ np.array([200, 60, 20, 1], np.float32)
    for plane, value in zip((picture.y, picture.u, picture.v), old, strict=True):
        plane[:] = round(float(value))
    assert np.abs(picture.data.astype(int) - expected).max() > 5
    recolour(picture, BT601)
    assert np.abs(picture.data.astype(int) - expected).max() <= 1


def test_an_opaque_sprite_looks_as_if_it_were_part_of_the_picture() -> None:
    patch = np.random.default_rng(1).integers(0, 255, (20, 30, 4), np.uint8)
    patch[..., 3] = 255
    whole = solid((10, 90, 200))
    whole[8:28, 12:42] = patch[..., :3]
    frame = rgb_to_planes(solid((10, 90, 200)))
    sprite = rgba_to_sprite(patch, 12, 8, frame.box)
    assert sprite is not None
    sprite.blend(frame)
    expected = rgb_to_planes(whole)
    assert np.abs(frame.y.astype(int) - expected.y).max() <= 1
    inner = (slice(5, 13), slice(7, 20))
    assert np.abs(frame.u[inner].astype(int) - expected.u[inner]).max() <= 2


def test_a_sprite_touches_nothing_where_it_is_transparent_and_may_hang_over_the_edge() -> None:
    patch = solid((255, 0, 0, 0), 40, 40)
    patch[10:14, 10:14, 3] = 255
    frame = rgb_to_planes(solid((80, 80, 80)))
    before = frame.data.copy()
    assert rgba_to_sprite(solid((1, 2, 3, 0)), 0, 0, frame.box) is None
    assert rgba_to_sprite(patch, 500, 0, frame.box) is None
    sprite = rgba_to_sprite(patch, -11, -11, frame.box)
    assert sprite is not None
    assert sprite.blend(frame) == Box(0, 0, 4, 4)
    assert (frame.data != before).sum() <= 4 * 4 + 2 * 4
    assert even_box(-0.5, 1, 2.2, 3) == Box(-2, 0, 4, 4)


@given(st.floats(0, 1))
def test_a_blend_lies_between_what_it_blends(opacity: float) -> None:
    frame = rgb_to_planes(solid((0, 0, 0), 8, 8))
    sprite = rgba_to_sprite(solid((255, 255, 255, 255), 8, 8), 0, 0, frame.box)
    assert sprite is not None
    sprite.blend(frame, opacity)
    assert abs(float(frame.y[4, 4]) - (16 + 219 * opacity)) <= 1.5


# ---------------------------------------------------------------- shots


def placed(*shots: Still | Animation, frames: int = 40, **marks: int) -> Placed:
    return Placed(shots=shots, marks={int(name[1:]): frame for name, frame in marks.items()}, frames=frames)


def luma(shots: Shots, frame: int) -> np.ndarray:
    out = Planes(64, 64)
    shots.draw(frame, out)
    return out.y.astype(int)


@pytest.mark.parametrize("effect", ["none", "fade", "rise", "slide", "grow", "wipe"])
def test_a_layer_enters_with_its_word_and_comes_to_rest(effect: str, files: Files) -> None:
    layer = Layer(image=files.add(solid((255, 255, 255, 255), 32, 32)), x=16, y=16, at=3, effect=effect, seconds=0.5)
    shots = Shots(placed(Animation(base=files.add(solid((0, 0, 0))), layers=(layer,)), w3=20), CANVAS, files)
    means = [luma(shots, frame).mean() for frame in range(40)]
    first = next(frame for frame, mean in enumerate(means) if mean > 16.05)
    assert first == 19, "0.1 s before the word, so that it is there as it is named"
    assert means == sorted(means)
    at_rest = 16 + 219 * 32 * 32 / 64 / 64
    assert means[19 + 5 :] == pytest.approx([at_rest] * 16, abs=0.01)
    if effect == "none":
        assert means[19] == pytest.approx(at_rest, abs=0.01)
    else:
        assert means[19] < at_rest - 1


def test_keys_are_equal_exactly_where_pictures_are(files: Files) -> None:
    base, image = files.add(solid((0, 0, 0))), files.add(solid((255, 200, 0, 128), 20, 20))
    layers = (Layer(image=image, at=1, effect="fade"), Layer(image=image, x=9, y=9, at=2, effect="rise", delay=0.25))
    shots = Shots(placed(Animation(base=base, layers=layers), w1=5, w2=18), CANVAS, files)
    keys = [shots.key(frame) for frame in range(40)]
    pictures = [luma(shots, frame).tobytes() for frame in range(40)]
    for frame in range(1, 40):
        assert (keys[frame] == keys[frame - 1]) == (pictures[frame] == pictures[frame - 1]), frame


def test_a_late_layer_that_lies_below_stays_below(files: Files) -> None:
    base = files.add(solid((0, 0, 0)))
    low = Layer(image=files.add(solid((90, 90, 90, 255), 40, 40)), at=2, effect="grow")
    high = Layer(image=files.add(solid((255, 255, 255, 255), 20, 20)), x=10, y=10, at=1, effect="none")
    shots = Shots(placed(Animation(base=base, layers=(low, high)), w1=5, w2=15), CANVAS, files)
    for frame in (16, 17, 30):
        picture = luma(shots, frame)
        assert picture[20, 20] == 235, frame
        assert picture[5, 5] > 16


def test_layers_stand_still_over_a_moving_base(files: Files) -> None:
    base = np.random.default_rng(2).integers(0, 255, (128, 128, 3), np.uint8)
    motion = Motion(end=View(x=0.25, y=0.25, width=0.5))
    layer = Layer(image=files.add(solid((255, 255, 255, 255), 10, 10)), x=20, y=20, effect="none")
    shots = Shots(placed(Animation(base=files.add(base), layers=(layer,), motion=motion)), CANVAS, files)
    first, second = luma(shots, 10), luma(shots, 11)
    assert (first[20:30, 20:30] == 235).all()
    assert (second[20:30, 20:30] == 235).all()
    assert (first != second).mean() > 0.5


def test_shots_follow_each_other_at_their_words(files: Files) -> None:
    shades = [Still(image=files.add(solid((shade,) * 3)), at=at) for shade, at in ((0, None), (128, 4), (255, 7))]
    shots = Shots(placed(*shades, w4=10, w7=25), CANVAS, files)
    seen = [int(luma(shots, frame)[0, 0]) for frame in (0, 9, 10, 24, 25, 39, 45)]
    assert seen == [16, 16, 126, 126, 235, 235, 235]


def test_a_picture_covers_the_canvas_without_distortion() -> None:
    wide = np.zeros((100, 400, 3), np.uint8)
    wide[:, 150:250] = 255
    part = cover(wide, 1.0)
    assert part.shape == (100, 100, 3)
    assert part.min() == 255


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n" + bytes(20)])
def test_a_damaged_picture_is_bad_input(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "broken.png"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=r"cannot read picture broken\.png"):
        read_picture(path, "RGB")


# ---------------------------------------------------------------- still spans and encoders


runs = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 60)), min_size=1, max_size=12)


@given(runs, st.integers(4, 20), st.integers(1, 4), st.integers(1, 6))
def test_pieces_show_every_frame_once_and_in_order(
    lengths: list[tuple[int, int]], group: int, settle: int, least: int
) -> None:
    keys = [key for key, length in lengths for _ in range(length)]
    pieces = plan_pieces(keys, Pace(group=group, settle=settle, least=least))
    shown: list[int] = []
    for piece in pieces:
        assert piece.first == len(shown)
        encoded = keys[piece.first : piece.first + piece.encoded]
        assert not piece.held or len(set(encoded[-settle:])) == 1
        assert piece.held + (piece.encoded - 1) % group < group, "a group is too long"
        shown += (encoded + encoded[-1:] * piece.held) * piece.repeat
    assert shown == keys


def test_a_still_is_encoded_until_it_has_settled_then_held_and_repeated() -> None:
    pieces = plan_pieces([*range(7), *["still"] * 50, *range(5)], Pace(group=10, settle=2, least=3))
    assert [(piece.first, piece.encoded, piece.held, piece.repeat) for piece in pieces] == [
        (0, 9, 1, 1),
        (10, 2, 8, 4),
        (50, 2, 5, 1),
        (57, 5, 0, 1),
    ]
    assert list(encoded_frames(pieces)) == [*range(9), 10, 11, 50, 51, *range(57, 62)]
    assert key_frame_times(pieces, 10) == (0, 0.85, 1.05, 1.25)


def test_short_stills_and_motion_are_encoded_as_they_are() -> None:
    keys = [*range(30), *["still"] * 4, *range(30)]
    assert [piece.encoded for piece in plan_pieces(keys, Pace(group=10, settle=2, least=3))] == [64]


def test_encoders_are_tried_hardware_first_and_x264_always_remains() -> None:
    def names(encoder: str) -> list[str]:
        return [profile.encoder for profile in candidates(Options(encoder=encoder), CANVAS, "standard")]

    assert names("auto") == ["h264_nvenc", "h264_vaapi", "h264_qsv", "libx264"]
    assert names("qsv") == ["h264_qsv", "libx264"]
    assert names("x264") == ["libx264"]


def test_options_override_what_a_quality_stands_for() -> None:
    arguments = candidates(Options(encoder="x264", crf=30, preset="veryfast"), CANVAS, "high")[0].arguments
    assert arguments[arguments.index("-crf") + 1] == "30"
    assert arguments[arguments.index("-preset") + 1] == "veryfast"
    assert arguments[arguments.index("-g") + 1] == str(group_frames(CANVAS)) == "20"

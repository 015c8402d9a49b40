"""What is seen of the frames on their way to the encoder."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from aurad.api import Animation, Artifact, Clip, Motion, Placed, Seen, Still, View
from aurad_plugins.render_ffmpeg.planes import Planes
from aurad_plugins.render_ffmpeg.watch import Watch, is_plain, planned_motion

FILE = Artifact(sha256="0" * 64, size_bytes=1, media_type="image/png")


def frame(kind: str, number: int = 0) -> Planes:
    planes = Planes(64, 64)
    planes.data.fill(128)
    if kind == "black":
        planes.y[:] = 16
    elif kind == "flat":
        planes.y[:] = 120
    else:
        planes.y[:] = np.add.outer(np.arange(64), np.arange(64)) + (number if kind == "moving" else 0)
    return planes


def watched(kinds: list[str], planned: list[bool] | None = None) -> Seen:
    watch = Watch(planned or [False, *[True] * (len(kinds) - 1)])
    for number, kind in enumerate(kinds):
        watch.look(number, frame(kind, number))
    return watch.seen()


@pytest.mark.parametrize(
    ("kinds", "seen"),
    [
        (["moving"] * 9, Seen()),
        (["stuck"] * 9, Seen(frozen=8)),
        (["flat"] * 9, Seen()),
        (["black"] * 9, Seen(black=8)),
        (["moving"] * 3 + ["stuck"] * 4 + ["moving"] * 5 + ["stuck"] * 2, Seen(frozen=3)),
        (["moving"] * 3 + ["black"] * 4 + ["moving"] * 2, Seen(black=4)),
    ],
)
def test_the_longest_stretches_are_found(kinds: list[str], seen: Seen) -> None:
    assert watched(kinds) == seen


def test_what_was_planned_to_rest_may_rest() -> None:
    assert watched(["stuck"] * 9, [False] * 9) == Seen()
    watch = Watch([True] * 20)
    for number in (0, 1, 9, 10):  # those in between are shown again, not drawn
        watch.look(number, frame("stuck"))
    assert watch.seen() == Seen(frozen=1)


def test_motion_is_planned_where_keys_change_and_no_clip_plays() -> None:
    still, clip = Still(image=FILE), Clip(video=FILE, at=1)
    placed = Placed(shots=(still, clip, Animation(base=FILE, at=2)), marks={1: 3, 2: 6}, frames=9)
    assert planned_motion([0, 1, 1, 2, 3, 4, 5, 6, 7], placed, lambda _: Path()) == [
        False, True, False, False, False, False, False, True, True,
    ]  # fmt: skip


@pytest.mark.parametrize(("kind", "plain"), [("plain", True), ("photo", False), ("spot", True)])
def test_a_move_over_a_plain_picture_is_not_expected_to_be_seen(tmp_path: Path, kind: str, plain: bool) -> None:
    picture = np.full((360, 640, 3), 90, np.uint8)
    if kind == "photo":
        picture = np.random.default_rng(0).integers(0, 255, picture.shape, np.uint8)
    elif kind == "spot":
        picture[100:108, 100:108] = 255
    path = tmp_path / "picture.png"
    cv2.imwrite(str(path), picture)
    assert is_plain(path) is plain
    moving = Still(image=FILE, motion=Motion(end=View(width=0.9)))
    placed = Placed(shots=(moving,), marks={}, frames=4)
    assert planned_motion([0, 1, 2, 3], placed, lambda _: path) == [False, *[not plain] * 3]

"""Frames as yuv420p planes, BT.709 limited range, chroma sited left as H.264 assumes. Knows no time and no shots."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

cv2.setNumThreads(1)  # the pool of workers is the parallelism; OpenCV's own threads only fight it

U8 = NDArray[np.uint8]

LUMA, CHROMA = 219 / 255, 224 / 255  # limited range: luma 16..235, chroma 16..240
BT709 = (0.2126, 0.0722)  # Kr and Kb
Matrix = NDArray[np.float32]


def yuv_matrix(kr: float, kb: float) -> Matrix:
    """RGB 0..255 and a constant 1 -> Y, Cb, Cr in limited range."""
    kg = 1 - kr - kb
    rows = (
        (LUMA * kr, LUMA * kg, LUMA * kb, 16),
        (-CHROMA * kr / (2 - 2 * kb), -CHROMA * kg / (2 - 2 * kb), CHROMA / 2, 128),
        (CHROMA / 2, -CHROMA * kg / (2 - 2 * kr), -CHROMA * kb / (2 - 2 * kr), 128),
    )
    return np.array(rows, np.float32)


TO_YUV = yuv_matrix(*BT709)
SITED_X = np.array([0.25, 0.5, 0.25], np.float32)  # left-sited chroma lies on the even luma column ...
SITED_Y = np.array([0.5, 0.5], np.float32)  # ... half-way between two luma rows


class Box(NamedTuple):
    """A rectangle of the canvas with even coordinates, so that it cuts chroma samples nowhere."""

    left: int
    top: int
    right: int
    bottom: int

    def __bool__(self) -> bool:
        return self.left < self.right and self.top < self.bottom

    def __and__(self, other: Box) -> Box:
        return Box(
            max(self.left, other.left),
            max(self.top, other.top),
            min(self.right, other.right),
            min(self.bottom, other.bottom),
        )


def even_box(left: float, top: float, right: float, bottom: float) -> Box:
    """The smallest even box around a rectangle."""
    return Box(
        int(np.floor(left / 2)) * 2,
        int(np.floor(top / 2)) * 2,
        int(np.ceil(right / 2)) * 2,
        int(np.ceil(bottom / 2)) * 2,
    )


class Planes:
    """A frame of even size in one buffer, as FFmpeg reads it: `y`, `u` and `v` are views of `data`."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.data: U8 = np.empty(width * height * 3 // 2, np.uint8)
        luma, chroma = width * height, width * height // 4
        self.y = self.data[:luma].reshape(height, width)
        self.u = self.data[luma : luma + chroma].reshape(height // 2, width // 2)
        self.v = self.data[luma + chroma :].reshape(height // 2, width // 2)

    @property
    def box(self) -> Box:
        return Box(0, 0, self.width, self.height)

    def parts(self, box: Box) -> tuple[U8, U8, U8]:
        """Views of the three planes within `box`."""
        luma, chroma = cut(self.y, box), (box.top // 2, box.bottom // 2, box.left // 2, box.right // 2)
        top, bottom, left, right = chroma
        return luma, self.u[top:bottom, left:right], self.v[top:bottom, left:right]

    def copy_from(self, other: Planes, box: Box | None = None) -> None:
        if box is None:
            np.copyto(self.data, other.data)
            return
        for mine, theirs in zip(self.parts(box), other.parts(box), strict=True):
            np.copyto(mine, theirs)


def cut(plane: U8, box: Box) -> U8:
    return plane[box.top : box.bottom, box.left : box.right]


def halve(image: MatLike) -> MatLike:
    """Half the width and height with the filter that left-sited chroma needs."""
    filtered = cv2.sepFilter2D(image, -1, SITED_X, SITED_Y, anchor=(1, 0), borderType=cv2.BORDER_REPLICATE)
    return np.ascontiguousarray(filtered[::2, ::2])


def to_bytes(values: MatLike, out: U8 | None = None) -> U8:
    """Round to 0..255."""
    rounded = np.empty(values.shape, np.uint8) if out is None else out
    np.copyto(rounded, np.clip(np.rint(values), 0, 255), casting="unsafe")
    return rounded


def rgb_to_planes(rgb: U8) -> Planes:
    """Convert an RGB picture of even size."""
    height, width = rgb.shape[:2]
    planes = Planes(width, height)
    np.copyto(planes.y, cv2.transform(rgb, TO_YUV[:1]).reshape(height, width))
    chroma = cv2.transform(halve(rgb), TO_YUV[1:])
    np.copyto(planes.u, chroma[..., 0])
    np.copyto(planes.v, chroma[..., 1])
    return planes


def blend_planes(target: Planes, other: Planes, weight: float) -> None:
    """Cross-fade: `target` becomes `weight` parts of itself and the rest of `other`."""
    cv2.addWeighted(target.data, weight, other.data, 1 - weight, 0, dst=target.data)


def each_plane(planes: Planes) -> Iterator[tuple[U8, bool]]:
    """The planes, and whether each is chroma."""
    yield planes.y, False
    yield planes.u, True
    yield planes.v, True

"""Sprites: RGBA pictures turned once into premultiplied planes, and blended into a frame within their box."""

from __future__ import annotations

import cv2
import numpy as np

from aurad_plugins.render_ffmpeg.motion import LINEAR, matrix
from aurad_plugins.render_ffmpeg.planes import TO_YUV, U8, Box, Planes, even_box, halve, to_bytes

Parts = tuple[U8, U8, U8]


class Sprite:
    """Premultiplied planes and their coverage, resting at `box` of a canvas."""

    def __init__(self, box: Box, colour: Parts, cover: Parts) -> None:
        self.box, self.colour, self.cover = box, colour, cover

    def blend(self, frame: Planes, opacity: float = 1.0, clip: Box | None = None) -> Box:
        """Draw it at rest, only within `clip` if given. Gives what was touched."""
        box = (self.box if clip is None else self.box & clip) & frame.box
        if box:
            shifted = Box(*(a - b for a, b in zip(box, (*self.box[:2], *self.box[:2]), strict=True)))
            _blend(frame.parts(box), _parts(self.colour, shifted), _parts(self.cover, shifted), opacity)
        return box

    def blend_moved(self, frame: Planes, dx: float, dy: float, size: float, opacity: float) -> Box:
        """Draw it `dx`, `dy` pixels off its place, scaled by `size` about its middle, without rounding."""
        left, top, right, bottom = self.box
        middle, height = (left + right) / 2, (top + bottom) / 2
        x0, y0 = middle + dx + (left - middle) * size, height + dy + (top - height) * size
        wide, high = (right - left) * size, (bottom - top) * size
        box = even_box(x0 - 1, y0 - 1, x0 + wide + 1, y0 + high + 1) & frame.box
        if not box:
            return box
        warped = [_warp(part, box, x0, y0, 1 / size, chroma) for part, chroma in self._layers()]
        _blend(frame.parts(box), (warped[0], warped[1], warped[2]), (warped[3], warped[4], warped[4]), opacity)
        return box

    def blend_left(self, frame: Planes, part: float) -> Box:
        """Draw the left `part` (0..1) of it, with a soft edge one pixel wide."""
        edge = self.box.left + part * (self.box.right - self.box.left)
        whole = int(edge // 2) * 2
        self.blend(frame, clip=self.box._replace(right=whole))
        rest = (edge - whole) / 2  # the pair of columns that the edge crosses
        self.blend(frame, rest, self.box._replace(left=max(whole, self.box.left), right=min(whole + 2, self.box.right)))
        return self.box

    def _layers(self) -> list[tuple[U8, bool]]:
        y, u, v = self.colour
        return [(y, False), (u, True), (v, True), (self.cover[0], False), (self.cover[1], True)]


def rgba_to_sprite(rgba: U8, x: int, y: int, canvas: Box) -> Sprite | None:
    """A picture with straight alpha, its corner at `x`, `y`; None if nothing of it is to be seen there."""
    inked = cv2.boundingRect(np.ascontiguousarray(rgba[..., 3]))
    left, top, wide, high = inked
    box = even_box(x + left, y + top, x + left + wide, y + top + high) & canvas
    if not box:
        return None
    padded = np.zeros((box.bottom - box.top, box.right - box.left, 4), np.uint8)
    inner = Box(
        max(x, box.left), max(y, box.top), min(x + rgba.shape[1], box.right), min(y + rgba.shape[0], box.bottom)
    )
    padded[inner.top - box.top : inner.bottom - box.top, inner.left - box.left : inner.right - box.left] = rgba[
        inner.top - y : inner.bottom - y, inner.left - x : inner.right - x
    ]
    return _padded_to_sprite(padded, box)


def _padded_to_sprite(rgba: U8, box: Box) -> Sprite:
    cover = rgba[..., 3].astype(np.float32) / np.float32(255)
    premultiplied = cv2.merge([*cv2.split(rgba[..., :3].astype(np.float32) * cover[..., None]), cover])
    small = halve(premultiplied)
    # Four channels meet the matrix's four columns: its offset is weighted by the coverage, as it must be.
    luma = cv2.transform(premultiplied, TO_YUV[:1]).reshape(cover.shape)
    chroma = cv2.transform(small, TO_YUV[1:])
    little = to_bytes(small[..., 3] * np.float32(255))
    return Sprite(
        box, (to_bytes(luma), to_bytes(chroma[..., 0]), to_bytes(chroma[..., 1])), (rgba[..., 3].copy(), little, little)
    )


def _parts(parts: Parts, box: Box) -> Parts:
    y, u, v = parts
    half = Box(*(edge // 2 for edge in box))
    rows, columns = slice(half.top, half.bottom), slice(half.left, half.right)
    return y[box.top : box.bottom, box.left : box.right], u[rows, columns], v[rows, columns]


def _warp(part: U8, box: Box, x: float, y: float, scale: float, chroma: bool) -> U8:
    """`part`, its corner at `x`, `y` of the canvas, as it falls on the pixels of `box`."""
    dx, dy = (box.left - x) * scale, (box.top - y) * scale
    width, height = box.right - box.left, box.bottom - box.top
    where = matrix(scale, dx + 0.5 * scale - 0.5, dy + 0.5 * scale - 0.5)
    if chroma:  # left-sited, as in `motion.warp`
        where = matrix(scale, (dx + 0.5 * scale - 0.5) / 2, dy / 2 + 0.5 * scale - 0.5)
        width, height = width // 2, height // 2
    return np.asarray(cv2.warpAffine(part, where, (width, height), flags=LINEAR), np.uint8)


def _blend(target: Parts, colour: Parts, cover: Parts, opacity: float) -> None:
    """target = target * (1 - opacity * cover) + opacity * colour; exact where cover is 0 or all of it."""
    if opacity <= 0:
        return
    luma, chroma = (cv2.convertScaleAbs(part, alpha=-opacity, beta=255) for part in cover[:2])
    for plane, paint, cleared in zip(target, colour, (luma, chroma, chroma), strict=True):
        dimmed = cv2.multiply(plane, cleared, scale=1 / 255)
        np.copyto(plane, cv2.addWeighted(dimmed, 1, paint, opacity, 0))

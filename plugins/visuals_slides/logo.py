"""A brand's logo: a picture or an SVG, read with suspicion and drawn at the size at which it is shown."""

from __future__ import annotations

import base64
import binascii
import io
import re
from functools import lru_cache
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from PIL import Image, ImageOps

from aurad.api import BadInput
from aurad_plugins.visuals_slides.painter import renderer
from aurad_plugins.visuals_slides.pictures import read_picture
from aurad_plugins.visuals_slides.takumi import TakumiError

MOST_BYTES = 8 << 20
MOST_DRAWN = 512 << 10  # bytes of an SVG: more is a map or a traced photograph
ENOUGH = (1024, 1024)  # px: a larger JPEG is decoded smaller
INSIDE = re.compile(r"#|data:image/(png|jpeg|webp);base64,")  # what a reference in an SVG may lead to
_URL = re.compile(r"url\(\s*['\"]?([^'\")]*)|@import\s+['\"]?([^'\";]*)", re.IGNORECASE)
_LENGTH = re.compile(r"\s*([0-9.]+)\s*(px|pt|mm|cm|in)?\s*")
REFUSED = {
    "script": "it holds a script", "foreignObject": "it holds HTML", "animate": "it moves",
    "text": "it holds text; convert that to paths",
}  # fmt: skip
REMEDY = "Give a PNG, JPEG or WebP of at most 8 MiB, or an SVG of plain shapes."


@lru_cache(maxsize=4)
def logo(source: Path | str, room: tuple[int, int]) -> Image.Image:
    """The logo of a file or of a data URI as RGBA, as large as fits into `room` px, undistorted."""
    data = _decoded(source) if isinstance(source, str) else _read(source)
    if _is_svg(data):
        return _drawn(data, room)
    return ImageOps.contain(read_picture(io.BytesIO(data), ENOUGH, "of the logo"), room, Image.Resampling.LANCZOS)


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise _unusable(f"it is over {MOST_BYTES >> 20} MiB")
    return data


def _decoded(uri: str) -> bytes:
    try:
        return base64.b64decode(uri.partition(",")[2], validate=True)
    except binascii.Error as error:
        raise _unusable(str(error)) from error


def _is_svg(data: bytes) -> bool:
    return data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<svg", b"<?xml", b"<!--", b"<!DOCTYPE svg"))


def _drawn(data: bytes, room: tuple[int, int]) -> Image.Image:
    if len(data) > MOST_DRAWN:
        raise _unusable(f"an SVG of over {MOST_DRAWN >> 10} KiB")
    width, height = _checked(data)
    scale = min(room[0] / width, room[1] / height)
    across, down = max(1, round(width * scale)), max(1, round(height * scale))
    sides = {"width": f"{across}px", "height": f"{down}px"}
    try:
        node = renderer().compile_node({"type": "image", "src": data, "style": sides})
        raw = renderer().render_compiled(node, width=across, height=down, format="raw")
    except TakumiError as error:
        raise _unusable(str(error)) from error
    return Image.fromarray(np.frombuffer(raw, np.uint8).reshape(down, across, 4))


def _checked(data: bytes) -> tuple[float, float]:
    """The drawing's width and height; raises `BadInput` for one that would look outside of itself."""
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise _unusable("an SVG with a document type or entities")
    try:
        root = ElementTree.fromstring(data)
    except ElementTree.ParseError as error:
        raise _unusable(f"it is no SVG: {error}") from error
    for element in root.iter():
        name = str(element.tag).rpartition("}")[2]
        if cause := next((why for tag, why in REFUSED.items() if name.startswith(tag)), None):
            raise _unusable(cause)
        for key, value in element.attrib.items():
            _check_reference(value if key.rpartition("}")[2] == "href" else "")
            _check_urls(value)
        _check_urls(element.text or "")
    return _size(root)


def _check_urls(words: str) -> None:
    for found in _URL.finditer(words):
        _check_reference(found.group(1) or found.group(2) or "")


def _check_reference(target: str) -> None:
    if target and not INSIDE.match(target.strip()):
        raise _unusable(f"it refers to {target.strip()[:60]!r}, and nothing outside of it is read")


def _size(root: ElementTree.Element) -> tuple[float, float]:
    box = [float(part) for part in re.findall(r"-?[0-9.]+", root.get("viewBox", ""))]
    told = [_LENGTH.fullmatch(root.get(side, "")) for side in ("width", "height")]
    sides = box[2:] if len(box) == 4 else [float(one.group(1)) for one in told if one]
    if len(sides) != 2 or min(sides) <= 0:
        raise _unusable("an SVG without viewBox, or without width and height")
    return sides[0], sides[1]


def _unusable(cause: str) -> BadInput:
    return BadInput(f"cannot use the logo: {cause}", remedy=REMEDY)

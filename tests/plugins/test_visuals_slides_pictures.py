"""Pictures from people: odd ones are read, dangerous ones refused, none distorted."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from aurad.api import Animation, BadInput, Canvas, Picture, Scene, Slide, Still, VisualRequest
from aurad.testing import Ran, put, run_stage
from aurad_plugins.visuals_slides.pictures import covers, filled, read_picture
from aurad_plugins.visuals_slides.stage import SlidesStage

RED, BLUE = (220, 30, 40), (20, 40, 220)


def halves(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """Red on top, blue below."""
    picture = Image.new("RGB", (width, height), RED)
    picture.paste(BLUE, (0, height // 2, width, height))
    return picture.quantize(16) if mode == "P" else picture.convert(mode)


def saved(picture: Image.Image, path: Path, **how: object) -> Path:
    picture.save(path, **how)  # type: ignore[arg-type]
    return path


def near(pixel: tuple[int, ...], colour: tuple[int, int, int]) -> bool:
    return all(abs(one - other) < 30 for one, other in zip(pixel, colour, strict=False))


def test_a_photograph_is_turned_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # rotate by 90 degrees clockwise to show
    path = saved(halves(60, 40), tmp_path / "turned.jpg", exif=exif)
    read = read_picture(path, (100, 100), "turned")
    assert read.size == (40, 60)
    assert near(read.getpixel((35, 30)), RED)  # type: ignore[arg-type]
    assert near(read.getpixel((5, 30)), BLUE)  # type: ignore[arg-type]


@pytest.mark.parametrize(("mode", "name"), [("CMYK", "a.jpg"), ("P", "a.gif"), ("P", "a.png"), ("RGB", "a.webp")])
def test_odd_modes_are_read(tmp_path: Path, mode: str, name: str) -> None:
    read = read_picture(saved(halves(64, 64, mode), tmp_path / name), (64, 64), name)
    assert near(read.getpixel((32, 10)), RED)  # type: ignore[arg-type]
    assert near(read.getpixel((32, 54)), BLUE)  # type: ignore[arg-type]


def test_16_bit_greys_keep_their_tones(tmp_path: Path) -> None:
    ramp = np.linspace(0, 65535, 64).astype(np.uint16)
    path = saved(Image.fromarray(np.tile(ramp, (8, 1))), tmp_path / "deep.png")
    read = np.asarray(read_picture(path, (64, 8), "deep"))[0, :, 0].astype(int)
    assert np.abs(read - np.linspace(0, 255, 64)).max() <= 1


def test_16_bit_colours_keep_their_tones(tmp_path: Path) -> None:
    deep = np.zeros((8, 64, 3), np.uint16)
    deep[..., 2] = np.linspace(0, 65535, 64).astype(np.uint16)  # OpenCV writes blue first
    cv2.imwrite(str(tmp_path / "deep.png"), deep)
    read = np.asarray(read_picture(tmp_path / "deep.png", (64, 8), "deep")).astype(int)
    assert np.abs(read[0, :, 0] - np.linspace(0, 255, 64)).max() <= 1
    assert read[..., 1:3].max() == 0


def test_an_animation_shows_its_first_frame(tmp_path: Path) -> None:
    path = tmp_path / "moving.gif"
    Image.new("RGB", (20, 20), RED).save(path, save_all=True, append_images=[Image.new("RGB", (20, 20), BLUE)])
    assert near(read_picture(path, (20, 20), "moving").getpixel((9, 9)), RED)  # type: ignore[arg-type]


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def bomb(width: int, height: int) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (bomb(10_000, 10_000), "50 million pixels"),
        (bomb(60_000, 60_000), "50 million pixels"),
        (b"#EXTM3U\nhttp://example.org/a.ts\n", "not known"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>", "not known"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not known"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "picture"),
        (b"", "picture"),
    ],
)
def test_what_is_no_picture_is_refused(tmp_path: Path, data: bytes, cause: str) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(data)
    with pytest.raises(BadInput, match=cause):
        read_picture(path, (100, 100), "picture.png")


def test_a_cut_off_file_is_refused(tmp_path: Path) -> None:
    whole = io.BytesIO()
    Image.effect_noise((200, 200), 90).save(whole, "JPEG")
    path = tmp_path / "half.jpg"
    path.write_bytes(whole.getvalue()[:3000])
    with pytest.raises(BadInput, match=r"half\.jpg"):
        read_picture(path, (100, 100), "half.jpg")


@pytest.mark.parametrize(("width", "height"), [(160, 90), (90, 160), (100, 100), (300, 20), (20, 300)])
def test_no_picture_is_distorted(width: int, height: int) -> None:
    """A circle stays as wide as it is tall, whatever the shapes."""
    side = min(width, height)
    across, down = np.meshgrid(np.arange(width) - width / 2 + 0.5, np.arange(height) - height / 2 + 0.5)
    disc = np.where(np.hypot(across, down) < side * 0.3, 255, 0).astype(np.uint8)
    picture = Image.merge("RGBA", [Image.fromarray(disc)] * 3 + [Image.new("L", disc.shape[::-1], 255)])
    shown = np.asarray(filled(picture, 320, 180, (0, 0, 0)).convert("L")) > 200
    wide, tall = shown.any(axis=0).sum(), shown.any(axis=1).sum()
    assert wide > 0
    assert abs(int(wide) - int(tall)) <= 2
    assert covers(picture, 320, 180) == (0.7 <= (width / height) / (16 / 9) <= 1 / 0.7)


async def drawn(tmp_path: Path, picture: Image.Image, *, heading: str = "Two colours", **options: object) -> Ran:
    path = saved(picture, tmp_path / "own.png")
    artifact = put(path, "image/png")
    slide = Slide(kind="image", heading=heading, picture=Picture(artifact=artifact, alt="own"))
    request = VisualRequest(
        scene=Scene(text="Look at this", slide=slide), language="en",
        canvas=Canvas(width=320, height=180), theme="paper",
    )  # fmt: skip
    return await run_stage(
        SlidesStage, "draw", request, workspace=tmp_path, files={artifact.sha256: path}, options=options
    )


async def test_a_picture_that_fills_the_canvas_moves_under_its_words(tmp_path: Path) -> None:
    ran = await drawn(tmp_path, halves(400, 225))
    (shot,) = ran.output.shots
    assert isinstance(shot, Animation)
    assert shot.motion is not None
    assert shot.motion.start != shot.motion.end
    still = await drawn(tmp_path, halves(400, 225), motion=False)
    assert still.output.shots[0].motion is None


async def test_a_picture_of_another_shape_stands_beside_its_words(tmp_path: Path) -> None:
    ran = await drawn(tmp_path, halves(200, 400))
    (shot,) = ran.output.shots
    assert isinstance(shot, Animation)
    assert shot.motion is None
    with Image.open(ran.path(ran.output.poster)) as poster:
        pixels = np.asarray(poster).astype(int)
    red = np.argwhere(np.abs(pixels - RED).sum(axis=2) < 60)
    (top, left), (bottom, right) = red.min(axis=0), red.max(axis=0)
    assert abs((bottom - top) - (right - left)) < 8, "half of a picture of 1 to 2 is a square"
    assert left > 160


async def test_a_picture_without_words_is_one_moving_still(tmp_path: Path) -> None:
    ran = await drawn(tmp_path, halves(200, 400), heading="")
    assert isinstance(ran.output.shots[0], Still)
    assert ran.output.shots[0].motion is not None

"""Where a video comes from, as readers of metadata find it; and hostile text in chapters, tags and captions."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from aurad.api import (
    Artifact,
    Canvas,
    Chapter,
    Credit,
    Cue,
    Deliverables,
    FinishRequest,
    Maker,
    Provenance,
)
from aurad.model.assembly import VerifyRequest
from aurad.testing import conform_stage, find_ffmpeg, put, run_stage
from aurad.worker.verify import check_words, read_facts
from aurad_plugins.finish_captions.text import cues_to_srt
from aurad_plugins.finish_package.cover import best_poster
from aurad_plugins.finish_package.stage import Package
from aurad_plugins.finish_package.text import credits_to_text
from aurad_plugins.finish_package.xmp import NAMESPACES, XMP_BOX, append_xmp, request_to_xmp
from aurad_plugins.render_ffmpeg.captions import FONT_CREDIT
from aurad_plugins.visuals_slides.fonts import CREDITS as FONTS

HOSTILE = (
    "',drawbox=x=1:y=2", "<script>alert(1)</script>", r"{\an8}{\pos(0,0)}", "%{pts}%d", r"C:\New \hand \notes",
    "a --> b", "]]>", "&amp; <br> <b>bold", "[CHAPTER]", ";=#", "<i", r"\{x\}",
)  # fmt: skip
FACTS = Provenance(
    aurad="1.2.3",
    makers=(Maker(kind="voice", name="hibari", plugin="voice_hibari", version="0.1", licence="Apache-2.0"),),
    options={"slides": {"accent": "#ff0000"}},
    digests={"recipe": "ab", "script": "cd"},
    credits=(Credit(title="Inter", author="The Inter Authors", licence="OFL-1.1"),),
)
FILE = Artifact(sha256="1" * 64, size_bytes=1, media_type="video/mp4")


def test_a_typeface_that_slides_and_captions_share_is_one_credit() -> None:
    credits = [*FONTS, FONT_CREDIT]
    assert len({entry["title"].split(",")[0] for entry in credits}) == len({str(entry) for entry in credits})


def request(**changes: object) -> FinishRequest:
    facts: dict[str, object] = {"title": "Bees", "language": "en", "duration": 2.0, "canvas": Canvas()}
    return FinishRequest(**(facts | {"provenance": FACTS, "files": {"picture.mp4": FILE}} | changes))  # type: ignore[arg-type]


def read(packet: bytes, name: str) -> list[str]:
    """The texts of a property of an XMP packet."""
    prefix, local = name.split(":")
    root = ElementTree.fromstring(packet.decode())
    found = root.find(f".//{{{NAMESPACES[prefix]}}}{local}")
    return [] if found is None else [text for text in found.itertext() if text]


def box_of(video: bytes) -> bytes:
    """The content of the XMP box, found as readers do: by walking the file's boxes."""
    at = 0
    while at < len(video):
        size, kind = int.from_bytes(video[at : at + 4], "big"), video[at + 4 : at + 8]
        if kind == b"uuid" and video[at + 8 : at + 24] == XMP_BOX:
            return video[at + 24 : at + size]
        at += size
    raise AssertionError("there is no XMP box")


def test_the_marking_is_where_readers_look_for_it() -> None:
    packet = request_to_xmp(request(description="All of it", tags=("eye", "bee")), FACTS)
    code = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeSynthetic"
    assert read(packet, "Iptc4xmpExt:DigitalSourceType") == [code]
    assert read(packet, "dc:title") == ["Bees"]
    assert read(packet, "dc:subject") == ["eye", "bee"]
    assert read(packet, "dc:language") == ["en"]
    assert read(packet, "xmp:CreatorTool") == ["aurad 1.2.3"]
    facts = json.loads(read(packet, "aurad:provenance")[0])
    assert facts["makers"][0]["licence"] == "Apache-2.0"
    assert facts["options"] == {"slides": {"accent": "#ff0000"}}
    assert facts["digests"] == {"recipe": "ab", "script": "cd"}
    assert facts["files"] == {"picture.mp4": "1" * 64}


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=40))
def test_any_title_makes_a_packet_that_says_it(title: str) -> None:
    packet = request_to_xmp(request(title=title), FACTS)
    said = "".join(read(packet, "dc:title"))
    kept = "".join(c for c in title if c in "\t\n\r" or (c >= " " and c not in "\ufffe\uffff"))
    assert said == kept.replace("\r\n", "\n").replace("\r", "\n")


def test_the_box_comes_last_and_nothing_moves(tmp_path: Path) -> None:
    video = tmp_path / "video.mp4"
    video.write_bytes(b"\0\0\0\x0cftypisom")
    append_xmp(video, b"packet")
    assert video.read_bytes() == b"\0\0\0\x0cftypisom" + b"\0\0\0\x1euuid" + XMP_BOX + b"packet"
    assert box_of(video.read_bytes()) == b"packet"


def test_credits_say_what_it_was_made_with() -> None:
    told = credits_to_text((), FACTS)
    assert told.startswith("No third-party material.\n")
    assert "Made with aurad 1.2.3\n  voice: hibari (voice_hibari 0.1, Apache-2.0)\n" in told
    assert "Inter by The Inter Authors\nLicence: OFL-1.1\n" in told
    assert "digitalsourcetype/compositeSynthetic" in told


# ---------------------------------------------------------------- the cover


def poster(path: Path, ground: str, marks: int, ink: str = "white") -> Path:
    picture = Image.new("RGB", (320, 180), ground)
    pen = ImageDraw.Draw(picture)
    for number in range(marks):
        pen.rectangle((20 + 9 * number, 30, 24 + 9 * number, 150), fill=ink)
    picture.save(path)
    return path


def test_the_best_slide_is_the_cover(tmp_path: Path) -> None:
    dull = poster(tmp_path / "dull.png", "#202020", 0)
    grey = poster(tmp_path / "grey.png", "#303030", 4)
    bright = poster(tmp_path / "bright.png", "#b01030", 6, "#ffe040")
    assert best_poster([dull, grey, bright]) == bright
    assert best_poster([grey, dull]) == grey
    assert best_poster([bright, grey]) == bright
    assert best_poster([dull]) == dull


# ---------------------------------------------------------------- a real file


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("parts")
    made = {name: folder / name for name in ("picture.mp4", "sound.m4a", "captions.srt")}
    quiet = (find_ffmpeg(), "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i")
    subprocess.run(
        [*quiet, "testsrc2=s=128x96:r=10:d=12", "-pix_fmt", "yuv420p", "-preset", "ultrafast", made["picture.mp4"]],
        check=True,
    )
    subprocess.run([*quiet, "sine=r=48000:d=12", "-c:a", "aac", made["sound.m4a"]], check=True)
    made["captions.srt"].write_text(cues_to_srt(CUES), encoding="utf-8")
    return made


CUES = tuple(Cue(start=float(n), end=n + 0.9, lines=(text, "and more")) for n, text in enumerate(HOSTILE))


@pytest.mark.slow
async def test_hostile_text_is_text_in_tags_chapters_and_captions(files: dict[str, Path], tmp_path: Path) -> None:
    stored = {name: put(path, "application/octet-stream") for name, path in files.items()}
    title = " ".join(HOSTILE)
    asked = request(
        title=title, duration=12.0, canvas=Canvas(width=128, height=96, fps=10), files=stored,
        chapters=tuple(Chapter(title=text, start=float(n)) for n, text in enumerate(HOSTILE)), description=title,
    )  # fmt: skip
    places = {stored[name].sha256: path for name, path in files.items()}
    ran = await run_stage(Package, "finish", asked, workspace=tmp_path, files=places)
    output: Deliverables = ran.output
    video = ran.path(next(file.artifact for file in output.files if file.name == "video.mp4"))
    with av.open(str(video)) as container:
        assert container.metadata["title"] == container.metadata["description"] == title
        assert "compositeSynthetic" in container.metadata["comment"]
        assert [chapter["metadata"]["title"] for chapter in container.chapters()] == list(HOSTILE)
    assert read(box_of(video.read_bytes()), "dc:title") == [title]
    facts = read_facts(video, lambda done: None)
    said = tuple(f"{text} and more" for text in HOSTILE)
    checked = VerifyRequest(video=FILE, canvas=asked.canvas, frames=120, captions="soft", cues=CUES, spoken=said)
    assert facts.captions
    assert list(check_words(checked, facts.captions)) == []
    assert abs(facts.offset) < 0.1
    assert facts.audio_seconds == pytest.approx(12.0, abs=0.03)


@pytest.mark.slow
async def test_with_provenance_the_same_request_gives_the_same_bytes(files: dict[str, Path], tmp_path: Path) -> None:
    stored = {name: put(path, "application/octet-stream") for name, path in files.items()}
    asked = request(duration=12.0, canvas=Canvas(width=128, height=96, fps=10), files=stored)
    places = {stored[name].sha256: path for name, path in files.items()}
    await conform_stage(Package, "finish", asked, workspace=tmp_path, files=places)

"""The finished file, made by a real FFmpeg and read back by PyAV."""

from __future__ import annotations

import io
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

import av
import msgspec
import pytest
from PIL import Image

from aurad.api import AuradError, Canvas, Chapter, Credit, Deliverables, FinishRequest
from aurad.testing import Ran, conform_stage, find_ffmpeg, put, run_stage
from aurad_plugins.finish_package.cover import read_picture, write_cover
from aurad_plugins.finish_package.language import THREE_LETTERS, bcp47_to_iso639
from aurad_plugins.finish_package.stage import Package
from aurad_plugins.finish_package.text import credits_to_text, request_to_metadata

FRAMES, FPS, SECONDS = 40, 20, 2.0
TITLE = 'How; bees = see # \\ "it"\nall'
SRT = "1\n00:00:00,100 --> 00:00:01,000\nBees & <\u2060i>flowers\n\n2\n00:00:01,000 --> 00:00:01,900\nin two\nlines\n\n"


class Parts(NamedTuple):
    """What the stages before leave behind."""

    picture: Path
    sound: Path
    voice: Path
    captions: Path
    poster: Path


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Parts:
    folder = tmp_path_factory.mktemp("parts")
    made = Parts(*(folder / name for name in ("picture.mp4", "sound.m4a", "voice.wav", "captions.srt", "poster.png")))
    _ffmpeg("-f", "lavfi", "-i", f"testsrc2=s=320x180:r={FPS}:d={SECONDS}", "-pix_fmt", "yuv420p", "-c:v", "libx264",
            "-preset", "ultrafast", "-bf", "2", made.picture)  # fmt: skip
    _ffmpeg("-f", "lavfi", "-i", f"sine=r=48000:d={SECONDS}", "-ac", "2", made.voice)
    _ffmpeg("-i", made.voice, "-c:a", "aac", made.sound)
    made.captions.write_text(SRT, encoding="utf-8")
    Image.new("RGBA", (2560, 1440), (200, 30, 30, 255)).save(made.poster)
    return made


def _ffmpeg(*arguments: str | Path) -> None:
    subprocess.run([find_ffmpeg(), "-v", "error", "-nostdin", "-y", *arguments], check=True)


def request_for(parts: Parts, *names: str, **changes: object) -> FinishRequest:
    stored = {path.name: put(path, "application/octet-stream") for path in parts}
    facts: dict[str, object] = {
        "title": TITLE, "language": "de-AT", "duration": SECONDS, "canvas": Canvas(width=320, height=180, fps=FPS),
        "files": {name: stored[name] for name in names or ("picture.mp4", "sound.m4a", "voice.wav", "captions.srt")},
        "description": "Two\nlines; and = more", "tags": ("bees", "eyes"),
        "chapters": (Chapter(title="One = 1", start=0.0), Chapter(title="Zwei; ü", start=0.75)),
        "posters": (stored["poster.png"],),
    }  # fmt: skip
    return FinishRequest(**(facts | changes))  # type: ignore[arg-type]


async def package(parts: Parts, folder: Path, request: FinishRequest) -> Ran:
    files = {put(path, "").sha256: path for path in parts}
    return await run_stage(Package, "finish", request, workspace=folder, files=files)


def given(ran: Ran, name: str) -> Path:
    output: Deliverables = ran.output
    return ran.path(next(file.artifact for file in output.files if file.name == name))


def packets(path: Path, kind: str) -> list[bytes]:
    with av.open(str(path)) as container:
        stream = next(stream for stream in container.streams if stream.type == kind)
        return [bytes(packet) for packet in container.demux(stream) if packet.size]


@pytest.mark.slow
async def test_everything_is_in_the_file_and_nothing_is_encoded_again(parts: Parts, tmp_path: Path) -> None:
    ran = await package(parts, tmp_path, request_for(parts))
    video = given(ran, "video.mp4")
    with av.open(str(video)) as container:
        kinds = [stream.type for stream in container.streams]
        languages = {s.type: s.language for s in container.streams}
        chapters = [
            (c["start"] * c["time_base"], c["end"] * c["time_base"], c["metadata"]) for c in container.chapters()
        ]
        tags = dict(container.metadata)
    assert kinds.count("video") == kinds.count("audio") == kinds.count("subtitle") == 1
    assert (languages["audio"], languages["subtitle"]) == ("deu", "deu")
    assert [(float(start), float(end), meta["title"]) for start, end, meta in chapters] == [
        (0.0, 0.75, "One = 1"),
        (0.75, 2.0, "Zwei; ü"),
    ]
    assert (tags["title"], tags["description"], tags["keywords"]) == (TITLE, "Two\nlines; and = more", "bees, eyes")
    assert (tags["major_brand"], "creation_time" in tags, "encoder" in tags) == ("mp42", False, False)
    assert len(packets(video, "video")) == FRAMES
    assert packets(video, "video") == packets(parts.picture, "video")
    assert packets(video, "audio") == packets(parts.sound, "audio")


@pytest.mark.slow
async def test_captions_come_back_as_they_were(parts: Parts, tmp_path: Path) -> None:
    video = given(await package(parts, tmp_path, request_for(parts)), "video.mp4")
    _ffmpeg("-i", video, "-map", "0:s:0", tmp_path / "back.srt")
    assert (tmp_path / "back.srt").read_text("utf-8").strip() == SRT.strip()


@pytest.mark.slow
async def test_the_index_comes_first_so_that_it_plays_while_it_loads(parts: Parts, tmp_path: Path) -> None:
    data = given(await package(parts, tmp_path, request_for(parts)), "video.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


@pytest.mark.slow
async def test_the_same_request_gives_the_same_bytes(parts: Parts, tmp_path: Path) -> None:
    files = {put(path, "").sha256: path for path in parts}
    await conform_stage(Package, "finish", request_for(parts), workspace=tmp_path, files=files)


@pytest.mark.slow
def chapter_starts(path: Path) -> list[float]:
    """As a player reads them."""
    told = subprocess.run([find_ffmpeg(), "-i", path], capture_output=True, text=True, check=False)
    return [float(start) for start in re.findall(r"Chapter #\S+: start (\S+),", told.stderr)]


async def test_long_chapters_keep_their_times(parts: Parts, tmp_path: Path) -> None:
    """The players' chapter track counts in 32 bits, of whatever clock the file has."""
    picture, sound = tmp_path / "picture.mp4", tmp_path / "sound.m4a"
    _ffmpeg("-f", "lavfi", "-i", "color=s=128x72:r=24:d=90", "-pix_fmt", "yuv420p", "-c:v", "libx264", picture)
    _ffmpeg("-f", "lavfi", "-i", "sine=r=48000:d=90", "-c:a", "aac", "-b:a", "32k", sound)
    long = parts._replace(picture=picture, sound=sound)
    chapters = tuple(Chapter(title=str(start), start=start) for start in (0.0, 4.5, 24.0, 49.125))
    canvas = Canvas(width=128, height=72, fps=24)
    ran = await package(long, tmp_path, request_for(long, duration=90.0, canvas=canvas, chapters=chapters))
    video = given(ran, "video.mp4")
    assert chapter_starts(video) == [pytest.approx(chapter.start, abs=0.01) for chapter in chapters]
    clock = int.from_bytes(video.read_bytes().partition(b"mvhd")[2][12:16], "big")
    assert 2**32 / clock > 24 * 3600, "a chapter may last as long as a video can"


async def test_without_captions_chapters_and_posters_there_is_still_a_video_and_a_cover(
    parts: Parts, tmp_path: Path
) -> None:
    request = request_for(parts, "picture.mp4", "sound.m4a", chapters=(), posters=(), description="", tags=())
    ran = await package(parts, tmp_path, request)
    with av.open(str(given(ran, "video.mp4"))) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio"]
        assert container.chapters() == []
    with Image.open(given(ran, "cover.jpg")) as cover:
        assert cover.size[0] == 1280
    assert ran.output.facts == {"chapters": 0, "softCaptions": False}


@pytest.mark.slow
async def test_where_nobody_mastered_the_sound_the_voice_is_used(parts: Parts, tmp_path: Path) -> None:
    ran = await package(parts, tmp_path, request_for(parts, "picture.mp4", "voice.wav"))
    with av.open(str(given(ran, "video.mp4"))) as container:
        assert container.streams.audio[0].codec_context.name == "aac"
        assert container.duration / 1e6 == pytest.approx(SECONDS, abs=0.05)


@pytest.mark.slow
async def test_a_picture_of_another_length_is_an_error(parts: Parts, tmp_path: Path) -> None:
    with pytest.raises(AuradError, match="40 frames instead of 60"):
        await package(parts, tmp_path, request_for(parts, duration=3.0))


@pytest.mark.slow
async def test_a_poster_that_is_none_is_told_although_ffmpeg_runs_meanwhile(parts: Parts, tmp_path: Path) -> None:
    request = request_for(parts, "picture.mp4", "sound.m4a")
    with pytest.raises(AuradError, match="cannot make a cover of"):
        await package(parts, tmp_path, msgspec.structs.replace(request, posters=(request.files["sound.m4a"],)))


async def test_without_a_picture_there_is_nothing_to_package(parts: Parts, tmp_path: Path) -> None:
    with pytest.raises(AuradError, match=r"there is no picture\.mp4"):
        await package(parts, tmp_path, request_for(parts, "sound.m4a"))


@pytest.mark.parametrize(
    ("size", "side", "read"),
    [((3840, 2160), 160, (480, 270)), ((1080, 1920), 1280, (1080, 1920)), ((80, 40), 160, (80, 40))],
)
def test_jpeg_is_decoded_no_larger_than_it_is_needed(
    size: tuple[int, int], side: int, read: tuple[int, int], tmp_path: Path
) -> None:
    Image.new("RGB", size, (255, 0, 0)).save(tmp_path / "poster.jpg")
    assert read_picture(tmp_path / "poster.jpg", side).size == read


@pytest.mark.parametrize(
    ("size", "cover"), [((2560, 1440), (1280, 720)), ((1080, 1920), (720, 1280)), ((80, 40), (80, 40))]
)
def test_covers_fit(size: tuple[int, int], cover: tuple[int, int], tmp_path: Path) -> None:
    Image.new("RGBA", size, (255, 0, 0, 255)).save(tmp_path / "poster.png")
    write_cover(tmp_path / "poster.png", tmp_path / "cover.jpg")
    with Image.open(tmp_path / "cover.jpg") as picture:
        assert (picture.size, picture.mode, picture.format) == (cover, "RGB", "JPEG")
        assert picture.getpixel((0, 0))[0] > 240


@pytest.mark.parametrize("huge", [True, False])
def test_a_poster_that_is_none_is_named(huge: bool, tmp_path: Path) -> None:
    data = io.BytesIO()
    Image.new("1", (8000, 8000)).save(data, "PNG")
    (tmp_path / "poster.png").write_bytes(data.getvalue() if huge else b"no picture")
    with pytest.raises(AuradError, match=r"cannot make a cover of poster\.png"):
        write_cover(tmp_path / "poster.png", tmp_path / "cover.jpg")


def test_metadata_is_escaped_and_empty_chapters_are_left_out() -> None:
    request = FinishRequest(
        title="a=b;c#d\\e\nf\r", language="en", duration=2.0, canvas=Canvas(),
        chapters=(Chapter(title="x", start=0), Chapter(title="y", start=0.0001), Chapter(title="z", start=2.0)),
    )  # fmt: skip
    assert request_to_metadata(request) == (
        ";FFMETADATA1\ntitle=a\\=b\\;c\\#d\\\\e\\\nf\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=2000\ntitle=y\n"
    )


def test_credits_are_honest() -> None:
    assert credits_to_text(()) == "No third-party material.\n"
    named = Credit(author="Ada", title="Bee", licence="CC-BY-4.0", source="https://example.org/bee")
    assert credits_to_text((named, Credit(author="Bo"))) == (
        "Bee by Ada\nLicence: CC-BY-4.0\nSource: https://example.org/bee\n\nUntitled by Bo\nLicence: not stated\n"
    )


@pytest.mark.parametrize(
    ("tag", "code"), [("en", "eng"), ("pt-BR", "por"), ("DE", "deu"), ("yue-Hant", "yue"), ("xx", "und")]
)
def test_languages(tag: str, code: str) -> None:
    assert bcp47_to_iso639(tag) == code


def test_the_language_table_is_well_formed() -> None:
    assert len(THREE_LETTERS) == len(set(THREE_LETTERS.values())) > 180
    assert all(len(two) == 2 and len(three) == 3 for two, three in THREE_LETTERS.items())

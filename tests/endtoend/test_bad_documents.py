"""Documents and words on the command line that cannot be used; and odd ones that can."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.endtoend.house import House, Made, open_house

MIB = 1024 * 1024
SENTENCE = "The number {} is larger than the one before it. "
UNREADABLE = {
    "empty": ("", "E101-BRIEF", "empty"),
    "blank": ("\n \t\n", "E101-BRIEF", "empty"),
    "binary": (bytes(range(256)) * 8, "E101-BRIEF", "binary"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(64), "E101-BRIEF", "PNG"),
    "latin-1": ("# Caf\u00e9\n\nA caf\u00e9.\n".encode("latin-1"), "E101-BRIEF", "0xe9"),
    "utf-16": ("# Rain\n\nIt rains.\n".encode("utf-16"), "E101-BRIEF", "UTF-16"),
    "too large": ("# Long\n\n" + "word " * (MIB // 5), "E105-TOO_LARGE", "1024 KiB"),
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_what_is_no_text_is_refused_before_anything_starts(house: House, what: str) -> None:
    content, code, told = UNREADABLE[what]
    path = house.file(content)
    house.make(path).failed(code, told, str(path))


def test_a_heading_alone_says_nothing(house: House) -> None:
    house.make(house.file("# Only a heading\n")).failed("E310-INPUT", "Only a heading")


WORDS = {
    "preset": (["--preset", "cinema"], "E103-PRESET", "cinema", "youtube-1080p"),
    "plugin": (["--set", "nobody.scale=2"], "E104-PLUGIN", "nobody", "slides"),
    "option": (["--set", "ffmpeg.speed=9"], "E102-OPTION", "ffmpeg.speed", "crf"),
    "value": (["--set", "ffmpeg.crf=99"], "E102-OPTION", "ffmpeg.crf", "51"),
    "no option": (["--set", "crf"], "E102-OPTION", "crf", "PLUGIN.OPTION=VALUE"),
}


@pytest.mark.parametrize("what", WORDS)
def test_unknown_words_are_named_with_those_there_are(house: House, what: str) -> None:
    arguments, code, *told = WORDS[what]
    house.make(house.document("It rains."), *arguments).failed(code, *told)


@pytest.mark.parametrize("what", ["voice", "theme"])
def test_an_unknown_look_or_sound_is_named(house: House, what: str) -> None:
    made = house.make(house.document("It rains."), f"--{what}", "nobody")
    assert made.status
    assert "nobody" in made.err
    assert "\nremedy: " in made.err
    assert not list(made.folder.iterdir())


def test_a_missing_file_is_no_topic(house: House) -> None:
    house.make("nowhere.md").failed("E101-BRIEF", "nowhere.md")


def test_a_language_without_a_voice_names_the_extra() -> None:
    with open_house(AURAD_VOICE__PROVIDERS='["hibari"]') as house:
        house.make(house.document("Il pleut."), "--language", "fr").failed("E109-LANGUAGE", "'fr'", "aurad[espeak]")
    with open_house() as house:
        house.make(house.document("maH."), "--language", "tlh").failed("E109-LANGUAGE", "espeak does not speak tlh")


def large_document(size: int) -> str:
    sections = []
    length = 0
    while length < size:
        number = len(sections)
        text = "".join(SENTENCE.format(number * 40 + n) for n in range(40))
        sections.append(f"## Part {number}\n\n{text}\n\n")
        length += len(sections[-1])
    return "# Numbers\n\n" + "".join(sections)


@pytest.fixture(scope="session")
def mebibyte(house: House) -> Path:
    return house.file(large_document(MIB - 8000))


def test_a_mebibyte_becomes_a_script(house: House, mebibyte: Path) -> None:
    made = house.make(mebibyte, "--until", "Script").succeeded()
    assert len(made.document["deliverables"]) == 2
    assert made.seconds < 60


def test_a_mebibyte_can_be_told_in_half_a_minute(house: House, mebibyte: Path) -> None:
    made = house.make(mebibyte, "--duration", "30", "--until", "Script").succeeded()
    words = sum(len(scene["text"].split()) for scene in script_of(made)["scenes"])
    assert 20 < words < 130


def test_five_hundred_headings(house: House) -> None:
    text = "".join(f"## Heading {n}\n\nIt has the number {n}.\n\n" for n in range(500))
    script = script_of(house.make(house.file(f"# All\n\n{text}"), "--until", "Script").succeeded())
    assert "number 499" in " ".join(scene["text"] for scene in script["scenes"])


def test_five_hundred_headings_without_text_are_an_outline(house: House) -> None:
    path = house.file("".join(f"# Heading {n}\n\n" for n in range(500)))
    made = house.call("make", path, "--until", "Script", "-o", house.new_folder()).succeeded()
    assert "warning: " in made.err
    assert "only names them" in made.err
    assert len(json.loads(Path(made.out.strip()).read_text())["scenes"]) < 200


def script_of(made: Made) -> dict[str, list[dict[str, str]]]:
    return dict(json.loads(made.path("script.json").read_text()))


def unprivileged() -> list[str]:
    """Root may write anywhere, so be somebody else."""
    if os.geteuid():
        return []
    if not shutil.which("setpriv"):
        pytest.skip("root may write anywhere, and there is no setpriv to be somebody else")
    return ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]


def test_a_folder_that_cannot_be_written_is_named_at_once() -> None:
    with open_house(wrapper=unprivileged()) as house:
        path, folder = house.document("It rains."), house.new_folder()
        folder.chmod(0o555)
        house.make(path, into=folder).failed("E505-OUTPUT", str(folder))
        assert house.daemon is None  # refused before anything is started


def test_a_folder_in_a_locked_one_is_named_too() -> None:
    with open_house(wrapper=unprivileged()) as house:
        path, folder = house.document("It rains."), house.new_folder()
        folder.chmod(0o000)
        house.make(path, into=folder / "inside").failed("E505-OUTPUT", str(folder / "inside"))
        folder.chmod(0o700)


def test_a_result_never_replaces_what_is_not_ours(house: House) -> None:
    folder = house.new_folder()
    (folder / "doc.mp4").write_text("precious")
    made = house.make(house.document("It rains."), into=folder)
    assert made.status
    assert "error E505-OUTPUT" in made.err
    assert (folder / "doc.mp4").read_text() == "precious"


def test_a_topic_made_of_our_own_words_disturbs_nothing(house: House) -> None:
    made = house.make("image render complete voice").succeeded()
    assert made.document["job"]["status"] == "Succeeded"
    assert {task["step"] for task in made.timeline} == {"Script", "Voice", "Visuals", "Rendering", "Postprocessing"}


def test_two_jobs_in_the_same_second(house: House) -> None:
    path, folders = house.document("It rains.", "It pours."), [house.new_folder() for _ in range(2)]
    with (
        house.started("make", path, "-o", folders[0], "-q") as one,
        house.started("make", path, "-o", folders[1], "-q") as two,
    ):
        assert [process.communicate(timeout=120)[1] for process in (one, two)] == [b"", b""]
        assert (one.returncode, two.returncode) == (0, 0)
    first, second = ((folder / "doc.mp4").read_bytes() for folder in folders)
    assert first == second
    listed = json.loads(house.call("ls", "-a", "--json").out)[:2]
    assert len({job["jobId"] for job in listed}) == 2
    assert {job["status"] for job in listed} == {"Succeeded"}

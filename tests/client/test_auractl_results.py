"""Where `auractl make` puts its result, and what it leaves alone there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aurad.client.cli import codes
from aurad.client.cli.main import run
from tests.client.fake_daemon import FILES, RESULT, FakeDaemon, files_of


def test_again_replaces_the_former_result(fake: FakeDaemon, here: Path) -> None:
    assert run(["make", "bees.md"]) == codes.OK
    fake.files = {"video.mp4": b"new", "manifest.json": FILES["manifest.json"]}
    assert run(["make", "bees.md"]) == codes.OK
    assert files_of(here) == {"bees.md", "bees.mp4", "bees/video.mp4", "bees/manifest.json"}
    assert (here / "bees.mp4").read_bytes() == b"new"


def test_somebody_elses_video_is_not_replaced(fake: FakeDaemon, here: Path, capsys: Any) -> None:
    (here / "bees.mp4").write_bytes(b"precious")
    assert run(["make", "bees.md"]) == codes.USAGE
    assert "E505-OUTPUT" in capsys.readouterr().err
    assert fake.calls == []
    assert run(["make", "bees.md", "-o", "bees.mp4"]) == codes.OK


def test_a_folder_of_other_things_is_left_alone(fake: FakeDaemon, here: Path, capsys: Any) -> None:
    (here / "bees").mkdir()
    (here / "bees" / "cover.jpg").write_bytes(b"precious")
    for out in ([], ["-o", "bees.mp4"]):
        assert run(["make", "bees.md", *out]) == codes.USAGE
        assert "it holds other files" in capsys.readouterr().err
    assert fake.calls == []
    assert files_of(here) == {"bees.md", "bees/cover.jpg"}


@pytest.mark.parametrize(
    ("out", "video", "folder"),
    [("talk.mp4", "talk.mp4", "talk"), ("new/deep", "new/deep/bees.mp4", "new/deep/bees")],
)
def test_output_names(fake: FakeDaemon, here: Path, out: str, video: str, folder: str, capsys: Any) -> None:
    assert run(["make", "bees.md", "-o", out]) == codes.OK
    assert capsys.readouterr().out == video + "\n"
    assert (here / video).is_file()
    assert files_of(here / folder) == set(FILES)


def test_an_earlier_trace_in_an_unwritable_folder_is_told_before_the_job(
    fake: FakeDaemon, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "traces").mkdir()
    (here / "traces/t.json").write_text("[]")
    original = Path.mkdir

    def refuse(path: Path, *arguments: Any, **options: Any) -> None:
        if path.parent.name == "traces":
            raise PermissionError(13, "Permission denied", str(path))
        original(path, *arguments, **options)

    monkeypatch.setattr(Path, "mkdir", refuse)
    assert run(["make", "bees.md", "--trace", "traces/t.json"]) == codes.USAGE
    assert fake.calls == []


def test_an_unwritable_folder(fake: FakeDaemon, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    def denied(self: Path, *arguments: object, **more: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", denied)  # root may write anywhere, so modes prove nothing
    assert run(["make", "bees.md"]) == codes.USAGE
    assert "E505-OUTPUT: cannot write .: permission denied" in capsys.readouterr().err


def test_an_edited_script_of_a_result_keeps_its_name(fake: FakeDaemon, here: Path) -> None:
    fake.files = {"script.json": FILES["script.json"], "manifest.json": FILES["manifest.json"]}
    assert run(["make", "bees.md", "--until", "Script", "-q"]) == codes.OK
    (here / "bees/script.json").write_text(json.dumps({"title": "Else", "scenes": [{"text": "Bees see."}]}))
    fake.files = dict(FILES)
    assert run(["make", "--script", "bees/script.json", "-q"]) == codes.OK
    assert files_of(here) == {"bees.md", *RESULT}


def test_until_a_stage_gives_what_there_is(fake: FakeDaemon, here: Path, capsys: Any) -> None:
    fake.files = {"script.json": FILES["script.json"]}
    assert run(["make", "bees.md", "--until", "Script"]) == codes.OK
    assert capsys.readouterr().out == "bees/script.json\n"
    assert files_of(here) == {"bees.md", "bees/script.json"}


def test_until_a_stage_takes_nothing_from_a_finished_result(fake: FakeDaemon, here: Path) -> None:
    assert run(["make", "bees.md", "-q"]) == codes.OK
    fake.files = {"script.json": b"{}", "manifest.json": b'{"aurad": "early"}'}
    assert run(["make", "bees.md", "--until", "Script", "-q"]) == codes.OK
    assert files_of(here) == {"bees.md", *RESULT}
    assert (here / "bees/script.json").read_bytes() == b"{}"
    assert (here / "bees/manifest.json").read_bytes() == FILES["manifest.json"]


def test_a_whole_result_replaces_what_was_made_up_to_a_stage(fake: FakeDaemon, here: Path) -> None:
    whole, manifest = fake.files, {"aurad": "1", "files": [{"name": "s1.wav"}, {"name": "../bees.md"}]}
    fake.files = {"s1.wav": b"RIFF", "manifest.json": json.dumps(manifest).encode()}
    assert run(["make", "bees.md", "--until", "Voice", "-q"]) == codes.OK
    assert (here / "bees/s1.wav").exists()
    fake.files = whole
    assert run(["make", "bees.md", "-q"]) == codes.OK
    assert files_of(here) == {"bees.md", *RESULT}

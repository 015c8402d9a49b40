"""auractl with a real private daemon: started on demand, used, and gone when idle."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aurad.client.cli import codes
from aurad.client.cli.main import run
from tests.learnt import keep, lend

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _short_lived(short_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("STATE", "CACHE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(short_path / name.lower()))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short_path))
    monkeypatch.setenv("AURAD_PRIVATE__IDLE_SECONDS", "0.5")
    lend(short_path / "cache" / "aurad")
    yield
    keep(short_path / "cache" / "aurad")


def made(capsys: Any, *arguments: str) -> dict[str, Any]:
    assert run(["make", *arguments, "--json", "-q"]) == codes.OK
    return dict(json.loads(capsys.readouterr().out))


def test_a_script_twice_and_the_job_afterwards(here: Path, capsys: Any) -> None:
    first = made(capsys, "bees.md", "--until", "Script")
    assert [one["name"] for one in first["deliverables"]] == ["script.json", "manifest.json"]
    assert "ultraviolet" in (here / "bees" / "script.json").read_text()
    assert all(task["reused"] for task in made(capsys, "bees.md", "--until", "Script")["timeline"])

    assert run(["ls", "-a", "--json"]) == codes.OK
    assert [job["labels"] for job in json.loads(capsys.readouterr().out)] == [{"source": "bees.md"}] * 2
    assert run(["show", first["job"]["jobId"]]) == codes.OK
    assert "status: Succeeded, 100.0 %" in capsys.readouterr().out


def test_catalogues_have_something_in_them(capsys: Any) -> None:
    for command in ("plugins", "voices", "themes", "presets"):
        assert run([command]) == codes.OK
        assert len(capsys.readouterr().out.splitlines()) > 1


def test_a_theme_is_shown_as_a_sheet(here: Path, capsys: Any) -> None:
    assert run(["themes", "paper", "-o", "sheet.png", "--aspect", "1:1"]) == codes.OK
    assert capsys.readouterr().out == "sheet.png\n"
    assert (here / "sheet.png").read_bytes().startswith(b"\x89PNG")
    assert run(["themes", "neon"]) == codes.USAGE
    assert "'neon': there are midnight, paper" in capsys.readouterr().err
    assert run(["themes", "-o", "x.png"]) == codes.USAGE


def test_wrong_words_are_told_with_what_is_right(here: Path, capsys: Any) -> None:
    for arguments, told in (
        (["--preset", "nope"], "E103-PRESET"),
        (["--set", "slides.nope=1"], "E102-OPTION"),
        (["--set", "nope.x=1"], "E104-PLUGIN"),
    ):
        assert run(["make", "bees.md", "-q", *arguments]) in {codes.USAGE, codes.FAILED}
        assert f"error {told}" in capsys.readouterr().err
    assert {path.name for path in here.iterdir()} == {"bees.md"}

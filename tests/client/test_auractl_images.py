"""Which files of a document are read and handed over, and which are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from aurad.client.cli import images
from aurad.client.cli.source import Source

PNG = b"\x89PNG\r\n\x1a\n...."
MP4 = b"\0\0\0\x20ftypisom...."


def found(folder: Path, text: str, kind: str = "markdown", roots: tuple[Path, ...] = ()) -> tuple[list[str], list[str]]:
    warnings: list[str] = []
    source = Source(brief={"source": text, "sourceFormat": kind}, name="n", label="l", folder=folder)
    return [f"{one.name}:{one.role}" for one in images.find(source, roots, warnings.append)], warnings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "doc" / "img").mkdir(parents=True)
    for name, data in {
        "a.png": PNG,
        "img/b c.png": PNG,
        "clip.mp4": MP4,
        "../secret.png": PNG,
        "x.png": b"text",
    }.items():
        (tmp_path / "doc" / name).write_bytes(data)
    return tmp_path / "doc"


def test_markdown(folder: Path) -> None:
    text = """![one](a.png "title") again ![one](a.png) ![two][ref] <img src='clip.mp4'>

    ![in code](gone.png)

[ref]: <img/b c.png>
"""
    assert found(folder, text) == (["a.png:image", "img/b%20c.png:image", "clip.mp4:clip"], [])


def test_html(folder: Path) -> None:
    text = '<p><img alt=x src="a.png"><video><source src="clip.mp4"></video><img src="img/b c.png"><img>'
    assert found(folder, text, "html") == (["a.png:image", "clip.mp4:clip", "img/b c.png:image"], [])


def test_plain_text_has_no_pictures(folder: Path) -> None:
    assert found(folder, "![a](a.png)", "text") == ([], [])


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("gone.png", "there is no such file"),
        ("../secret.png", "is outside of"),
        ("/etc/passwd", "is outside of"),
        ("link.png", "is outside of"),
        ("x.png", "it is not a PNG"),
        ("img", "there is no such file"),
    ],
)
def test_what_cannot_be_used_is_a_warning(folder: Path, name: str, why: str) -> None:
    (folder / "link.png").symlink_to("../secret.png")
    names, warnings = found(folder, f"![x]({name})")
    assert names == []
    assert len(warnings) == 1
    assert why in warnings[0]


@pytest.mark.parametrize("source", ["data:image/png;base64,AAAA", "https://example.org/a.png", "//example.org/a.png"])
def test_what_is_no_file_is_left_to_whoever_reads_the_document(folder: Path, source: str) -> None:
    assert found(folder, f'<img src="{source}">', "html") == ([], [])


def test_a_further_folder_can_be_allowed(folder: Path) -> None:
    assert found(folder, "![x](../secret.png)", roots=(folder.parent,)) == (["../secret.png:image"], [])


def test_too_large(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(images.LIMITS, "image", 5)
    assert "allowed are" in found(folder, "![x](a.png)")[1][0]

"""What auractl accepts as a source, and how it says no."""

from __future__ import annotations

import errno
import io
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurad.client.cli import source
from aurad.model.brief import SOURCE_LIMIT
from aurad.model.errors import AuradError


def refused(argument: str | Path) -> AuradError:
    with pytest.raises(AuradError) as caught:
        source.read(str(argument))
    return caught.value


def written(folder: Path, data: bytes, name: str = "a.md") -> Path:
    (folder / name).write_bytes(data)
    return folder / name


@pytest.mark.parametrize(
    ("name", "kind"), [("a.md", "markdown"), ("a.TXT", "text"), ("a.htm", "html"), ("README", "markdown")]
)
def test_formats_by_name(tmp_path: Path, name: str, kind: str) -> None:
    read = source.read(str(written(tmp_path, "Grüße".encode(), name)))
    assert read.brief == {"source": "Grüße", "sourceFormat": kind}
    assert (read.label, read.folder) == (name, tmp_path)


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    assert source.read(str(written(tmp_path, b"\xef\xbb\xbfHi"))).text == "Hi"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "it is empty"),
        (b" \n\t\n", "it is empty"),
        (b"abc\ndef \xe4 xyz", "byte 8 (line 2) is 0xe4, which is not UTF-8"),
        ("Hi".encode("utf-16"), "it is UTF-16"),
        (b"%PDF-1.7 ...", "it is a PDF"),
        (b"PK\x03\x04....", "it is a ZIP or office document"),
        (b"ab\x00cd", "it is a binary file"),
        (b"\x9d\x00\xff", "it is a binary file"),
    ],
)
def test_useless_files(tmp_path: Path, data: bytes, says: str) -> None:
    error = refused(written(tmp_path, data))
    assert error.code == "E101-BRIEF"
    assert says in error.detail
    assert error.remedy


def test_exactly_a_mebibyte_is_allowed(tmp_path: Path) -> None:
    assert len(source.read(str(written(tmp_path, b"a" * SOURCE_LIMIT))).text) == SOURCE_LIMIT
    assert refused(written(tmp_path, b"a" * (SOURCE_LIMIT + 1))).code == "E105-TOO_LARGE"


def test_a_folder_and_missing_files(tmp_path: Path) -> None:
    assert "it is a folder" in refused(tmp_path).detail
    for name in ("gone.md", "a/gone", "./gone", "my notes.md", "gone.pdf"):
        assert "no such file" in refused(name).detail


def test_what_is_there_is_no_topic_though_it_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("round").symlink_to("round")
    Path("nowhere").symlink_to("gone")
    assert "cannot read round: Too many levels" in refused("round").detail
    assert "cannot read nowhere: No such file" in refused("nowhere").detail

    def denied(path: Path, *arguments: object) -> None:  # root may look anywhere, so modes prove nothing
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    for method in ("lstat", "stat", "open"):
        monkeypatch.setattr(Path, method, denied)
    assert "cannot read locked/notes.md: Permission denied" in refused("locked/notes.md").detail


def test_an_address_is_told_to_be_none_that_we_fetch() -> None:
    error = refused("https://example.org/bees.html")
    assert "nothing is fetched" in error.detail
    assert "Save the page" in error.remedy
    assert source.read("https://example.org explained").brief["topic"]


def test_a_name_that_is_no_text_is_a_name(tmp_path: Path) -> None:
    read = source.read(str(written(tmp_path, b"Hi", os.fsdecode(b"caf\xe9.md"))))
    assert (read.name, read.label) == ("caf", "caf\ufffd.md")


@pytest.mark.parametrize(
    "topic", ["How bees see", "TCP/IP in five minutes", "volcanoes", "Why 3.5 is not pi", "a" * 500]
)
def test_topics(topic: str) -> None:
    assert source.read(topic).brief == {"topic": topic}


@pytest.mark.parametrize("topic", ["", "  ab ", "a " * 300])
def test_no_topics(topic: str) -> None:
    assert refused(topic).code == "E101-BRIEF"


@pytest.mark.parametrize(
    ("data", "kind", "name"),
    [
        ("# Hello you\n\nText", "markdown", "hello-you"),
        ("---\nauthor: Me\ntitle: 'The hive'\n---\n# Bees\n", "markdown", "the-hive"),
        ("<!-- a licence -->\n# Bees\n\nText", "markdown", "bees"),
        ('<p align="center">A badge</p>\n\n# Bees\n\nText', "markdown", "bees"),
        ("<!DOCTYPE html><title>Why &amp; how</title><p>Hi", "html", "why-how"),
        ("<?xml version='1.0'?>\n<!-- x -->\n<html><h1>The <b>bees</b></h1>", "html", "the-bees"),
        ("<h1 class='x'>Bees</h1>\n<p>Bees see.</p>", "html", "bees"),
        ("Bees see.\n<div><p>They do.</p></div>", "html", "bees-see"),
    ],
)
def test_standard_input(monkeypatch: pytest.MonkeyPatch, data: str, kind: str, name: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data.encode())))
    read = source.read("-")
    assert (read.format, read.name) == (kind, name)
    assert read.folder == Path.cwd()


@pytest.mark.parametrize("piece", ["<h1>", "<!--", "\n", "| ", "---\n", "<?x>", "</p>\n"])
def test_hostile_standard_input_is_judged_at_once(monkeypatch: pytest.MonkeyPatch, piece: str) -> None:
    data = (piece * (SOURCE_LIMIT // len(piece)))[:-2] + "ab"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data.encode())))
    began = time.process_time()
    assert source.read("-").format in {"html", "markdown"}
    assert time.process_time() - began < 2


def test_closed_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert "closed" in refused("-").detail


@pytest.mark.parametrize("data", [b"no json", b"[]", b'{"title": "x"}'])
def test_useless_scripts(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(AuradError, match="as a script"):
        source.read_script(written(tmp_path, data))


def test_a_script(tmp_path: Path) -> None:
    script: dict[str, Any] = {"title": "Über Bienen!", "scenes": []}
    read = source.read_script(written(tmp_path, json.dumps(script).encode()))
    assert (read.brief, read.name) == ({"script": script}, "über-bienen")


@given(st.text())
def test_slugs_are_safe_names(text: str) -> None:
    name = source.slug(text)
    assert name
    assert len(name.encode()) <= 240
    assert Path(name).name == name
    assert not name.startswith((".", "-"))

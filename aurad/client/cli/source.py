"""Reads what the video is to be made of: a document, standard input, a topic or a finished script."""

from __future__ import annotations

import json
import os
import re
import sys
import unicodedata
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any, BinaryIO

from aurad.client.cli.deliver import MANIFEST
from aurad.model.brief import SOURCE_LIMIT
from aurad.model.errors import AuradError

FORMATS = {
    ".md": "markdown", ".markdown": "markdown", ".mdown": "markdown",
    ".txt": "text", ".text": "text",
    ".html": "html", ".htm": "html", ".xhtml": "html",
}  # fmt: skip
NO_TEXT = {".pdf", ".docx", ".doc", ".odt", ".rtf", ".pptx", ".epub", ".json", ".rst"}  # names of files, never topics
SIGNATURES = {
    b"%PDF": "a PDF", b"PK\x03\x04": "a ZIP or office document", b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture", b"\x7fELF": "a program", b"\x1f\x8b": "gzip data",
}  # fmt: skip
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
TOPIC_LENGTH = range(3, 501)
NAME_LENGTH = 60  # of the result's name: fits every file system, also with a suffix and in three-byte letters
_BEFORE_HTML = re.compile(r"(?:\s+|<!--.*?-->|<\?.*?>)*", re.DOTALL)
_HTML_START = re.compile(r"<(?:!doctype html|html|head|body|article|meta|title)\b", re.IGNORECASE)
_HTML_BLOCK = re.compile(r"</(?:p|h[1-6]|[uo]l|li|div|section|main|article|body|table)\s*>", re.IGNORECASE)
_HTML_TITLE = re.compile(r"<(title|h1)\b[^<>]*>(.*?)</\1\s*>", re.IGNORECASE | re.DOTALL)
_MARKDOWN = re.compile(
    r"^[ \t]*(?:#{1,6}[ \t]|[-*+] \S|\d+[.)] \S|```|~~~|---[ \t]*$|===|\|.*\|[ \t]*$)|\]\(", re.MULTILINE
)
_FRONT_TITLE = re.compile(r"---\n(?:(?!---).*\n)*?title: *(.+)\n")
_HEADING = re.compile(r"^# +(.+)$", re.MULTILINE)
_MARKUP = re.compile(r"<[^<>]*>")
TITLE_WITHIN = 10_000  # characters; a title further down names nothing
_ADDRESS = re.compile(r"(?:https?|ftp|file)://\S+$", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


@dataclass(frozen=True, kw_only=True)
class Source:
    """The part of a brief that says what the video is about.

    `name` is for the result's files, `label` for people. `folder` is where its pictures may be.
    """

    brief: dict[str, Any]
    name: str
    label: str
    folder: Path | None = None

    @property
    def text(self) -> str:
        return str(self.brief.get("source", ""))

    @property
    def format(self) -> str:
        return str(self.brief.get("sourceFormat", ""))


def read(argument: str) -> Source:
    """A file, `-`, or a topic; raises E101 or E105 with the reason if it is of no use."""
    if argument == "-":
        return _document(_standard_input(), "standard input", None)
    if not argument.strip():
        raise _bad(f"cannot use the topic {argument!r}: it is empty", "Name a document, or quote a topic in words.")
    path = Path(argument)
    if _is_there(path):
        return _file(path)
    if _ADDRESS.match(argument):
        raise _bad(f"cannot read {argument}: nothing is fetched from the net", "Save the page and name its file.")
    if _looks_like_path(argument):
        raise _bad(f"cannot read {argument}: no such file", "Check the name, or quote a topic in words.")
    return _topic(argument)


def read_script(path: Path) -> Source:
    """A finished script, as in an earlier result's `script.json`, whose name the new result gets too."""
    data, name = _open(path), str(path)
    script = parsed_script(data, name)
    title = str(script.get("title", ""))
    folder = path.absolute().parent
    result = folder.name if (folder / MANIFEST).exists() else slug(title)
    return Source(brief={"script": script}, name=result, label=title or name)


def parsed_script(data: bytes | str, name: str) -> dict[str, Any]:
    """A script out of its JSON; raises E101."""
    try:
        script = json.loads(data)
    except ValueError as error:
        raise _bad(f"cannot use {name} as a script: it is not JSON: {error}", "Give an earlier script.json.") from error
    if not isinstance(script, dict) or not isinstance(script.get("scenes"), list):
        raise _bad(f"cannot use {name} as a script: it has no list of scenes", "Give an earlier script.json.")
    return script


def slug(text: str) -> str:
    """A file name made of the letters and digits of `text`: `How bees see` -> `how-bees-see`."""
    words = re.split(r"[\W_]+", unicodedata.normalize("NFC", text).lower())
    return "-".join(filter(None, words))[:NAME_LENGTH].strip("-") or "video"


def _standard_input() -> bytes:
    if sys.stdin is None:  # closed by whoever started us
        raise _bad("cannot read standard input: it is closed", "Name a document, or quote a topic in words.")
    return _bytes_of(sys.stdin.buffer, "standard input")


def _file(path: Path) -> Source:
    if os.path.isdir(path):
        raise _bad(f"cannot read {path}: it is a folder", "Name a Markdown, text or HTML file.")
    return _document(_open(path), str(path), path)


def _open(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return _bytes_of(file, str(path))
    except OSError as error:
        raise _bad(f"cannot read {path}: {error.strerror}", "Check the name and its permissions.") from error


def _bytes_of(file: BinaryIO, name: str) -> bytes:
    data = file.read(SOURCE_LIMIT + 1)
    if len(data) > SOURCE_LIMIT:
        detail = f"cannot use {name}: it is larger than {SOURCE_LIMIT // 1024} KiB"
        raise AuradError("E105-TOO_LARGE", detail, remedy="Split it: a video for each chapter.")
    return data


def _document(data: bytes, name: str, path: Path | None) -> Source:
    text = _decoded(data, name)
    if not text.strip():
        raise _bad(f"cannot use {name}: it is empty", "Give a document with text.")
    kind = FORMATS.get(path.suffix.lower()) if path else None
    kind = kind or ("html" if _is_html(text) else "markdown")
    title = path.stem if path else _title(text, kind)
    folder = path.resolve().parent if path else Path.cwd()
    brief = {"source": text, "sourceFormat": kind}
    return Source(brief=brief, name=slug(title), label=_printable(path.name) if path else title, folder=folder)


def _printable(name: str) -> str:
    """A file's name may hold bytes that are no text."""
    return os.fsencode(name).decode(errors="replace")


def _is_html(text: str) -> bool:
    """A page by how it starts; a piece of one by its blocks, unless there is Markdown around them."""
    before = _BEFORE_HTML.match(text)
    if _HTML_START.match(text, before.end() if before else 0):
        return True
    return bool(_HTML_BLOCK.search(text)) and not _MARKDOWN.search(text)


def _title(text: str, kind: str) -> str:
    """What a document without a name is called: its title, else its first line."""
    head = text[:TITLE_WITHIN]
    found = _HTML_TITLE.search(head) if kind == "html" else _FRONT_TITLE.match(head) or _HEADING.search(head)
    named = unescape(_MARKUP.sub("", found[found.lastindex or 0])).strip(" \"'\n") if found else ""
    return named or text.strip().splitlines()[0]


def _decoded(data: bytes, name: str) -> str:
    if data.startswith(UTF_16):
        raise _bad(f"cannot read {name}: it is UTF-16, not UTF-8", f"Convert it: iconv -f UTF-16 -t UTF-8 {name}")
    for start, kind in SIGNATURES.items():
        if data.startswith(start):
            raise _binary(name, kind)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if b"\x00" in data:
            raise _binary(name, "a binary file") from None
        line = data.count(b"\n", 0, error.start) + 1
        raise _bad(
            f"cannot read {name}: byte {error.start} (line {line}) is {data[error.start]:#04x}, which is not UTF-8",
            f"Convert it, for instance: iconv -f WINDOWS-1252 -t UTF-8 {name}",
        ) from None
    if _CONTROL.search(text):
        raise _binary(name, "a binary file")
    return text


def _topic(text: str) -> Source:
    topic = " ".join(text.split())
    if len(topic) not in TOPIC_LENGTH:
        raise _bad(
            f"cannot use {topic[:40]!r} as a topic: it has {len(topic)} characters, allowed are 3 to 500",
            "Say in a few words what the video is about, or name a document.",
        )
    return Source(brief={"topic": topic}, name=slug(topic), label=topic)


def _is_there(path: Path) -> bool:
    """A link that leads nowhere too, and what a locked folder may hold; not what can be no name, as a long topic."""
    try:
        path.lstat()
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    return True


def _looks_like_path(text: str) -> bool:
    if text.startswith(("./", "../", "/", "~/")):
        return True
    if any(letter.isspace() for letter in text):
        return text.lower().endswith(tuple(FORMATS))
    return "/" in text or Path(text).suffix.lower() in {*FORMATS, *NO_TEXT}


def _binary(name: str, kind: str) -> AuradError:
    return _bad(f"cannot read {name}: it is {kind}, not text", "Give Markdown, plain text or HTML in UTF-8.")


def _bad(detail: str, remedy: str) -> AuradError:
    return AuradError("E101-BRIEF", detail, remedy=remedy)

"""Finds the local pictures and clips of a document and hands them to the daemon.

Only files below the document's folder (or below folders the user named) are read, so that a document
from somewhere else cannot make us publish private files.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from aurad.client.blocking import Client
from aurad.client.cli.source import Source
from aurad.model.errors import AuradError

MEBIBYTE = 1024 * 1024
LIMITS = {  # a huge scan; a long clip of a camera; a mark in a margin; a font for all of Chinese
    "image": 64 * MEBIBYTE, "clip": 4096 * MEBIBYTE, "logo": 8 * MEBIBYTE, "font": 32 * MEBIBYTE,
}  # fmt: skip
HEAD_BYTES = 16
MISSING = "picture-missing"  # code of the job's own warning of what did not come along, which knows less of why
Warn = Callable[[str], None]


class Found(NamedTuple):
    """A file that the document shows; `name` is how the document calls it."""

    name: str
    path: Path
    role: str
    media_type: str


def find(source: Source, roots: Sequence[Path], warn: Warn) -> list[Found]:
    """The document's local pictures, each once; one that cannot be used is a warning."""
    if source.folder is None:
        return []
    allowed = [source.folder, *(root.resolve() for root in roots)]
    found = []
    for name in dict.fromkeys(references(source.text, source.format)):
        try:
            found.append(_locate(name, source.folder, allowed))
        except _Unusable as reason:
            warn(f"cannot use the picture {name}: {reason}")
    return [one for one in found if one is not None]


def brand(**files: Path | None) -> list[Found]:
    """The brand's files by role, `logo` and `font`; raises E102 for one that cannot be used."""
    return [_of_brand(role, path) for role, path in files.items() if path]


def _of_brand(role: str, path: Path) -> Found:
    try:
        size, head = path.stat().st_size, _head(path) if path.is_file() else b""
    except OSError as error:
        raise _no_brand(role, path, os.strerror(error.errno or 0)) from error
    if not path.is_file():
        raise _no_brand(role, path, "it is no regular file")
    if size > LIMITS[role]:
        raise _no_brand(role, path, f"it has {size // MEBIBYTE} MiB, allowed are {LIMITS[role] // MEBIBYTE}")
    if not head.startswith(_FONTS if role == "font" else (*_LOGOS, *_STARTS)):
        raise _no_brand(role, path, f"it is not a {_BRAND_FORMATS[role]} file")
    return Found(path.name, path, role, "application/octet-stream")


def _no_brand(role: str, path: Path, cause: str) -> AuradError:
    return AuradError("E102-OPTION", f"cannot use {path} as {role}: {cause}", remedy="Give another file.")


def upload(client: Client, pictures: Sequence[Found]) -> list[dict[str, Any]]:
    """Hand the files over; the answers are a brief's `assets`."""
    known: dict[Path, str] = {}
    for one in pictures:
        if one.path not in known:
            known[one.path] = client.put_file(one.path, one.media_type)["asset"]
    return [{"asset": known[one.path], "name": one.name, "role": one.role} for one in pictures]


def references(text: str, kind: str) -> Iterator[str]:
    """What the document shows, in its own words, in order."""
    if kind == "html":
        yield from _in_html(text)
    elif kind == "markdown" and ("![" in text or "<" in text):
        yield from _in_markdown(text)


class _Unusable(Exception):
    pass


def _locate(name: str, folder: Path, allowed: Sequence[Path]) -> Found | None:
    parts = urlsplit(name)
    if parts.scheme or parts.netloc:
        return None  # never fetched; whoever reads the document says so of those that it would have shown
    path = _resolve(folder, name)
    if not any(path.is_relative_to(root) for root in allowed):
        raise _Unusable(f"{path} is outside of {folder}; allow its folder with --images")
    media_type = _media_type(path)
    role = media_type.partition("/")[0].replace("video", "clip")
    if (size := path.stat().st_size) > LIMITS[role]:
        raise _Unusable(f"it has {size // MEBIBYTE} MiB, allowed are {LIMITS[role] // MEBIBYTE}")
    return Found(name, path, role, media_type)


def _resolve(folder: Path, name: str) -> Path:
    """The file, links followed; documents write spaces both plainly and as %20."""
    for spelling in (name, unquote(name)):
        try:
            path = (folder / spelling).resolve()
            if path.is_file():
                return path
        except (OSError, ValueError):
            continue
    raise _Unusable(f"there is no such file in {folder}")


def _media_type(path: Path) -> str:
    """By content: a suffix proves nothing."""
    try:
        head = _head(path)
    except OSError as error:
        raise _Unusable(os.strerror(error.errno or 0)) from error
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp" and head[8:12] not in _STILL_BRANDS:
        return "video/quicktime" if head[8:10] == b"qt" else "video/mp4"
    for start, media_type in _STARTS.items():
        if head.startswith(start):
            return media_type
    raise _Unusable("it is not a PNG, JPEG, WebP, GIF, MP4, MOV or WebM file")


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


_BRAND_FORMATS = {"logo": "PNG, JPEG, WebP or SVG", "font": "TTF, OTF, WOFF or WOFF2"}
_FONTS = (b"\x00\x01\x00\x00", b"OTTO", b"true", b"ttcf", b"wOFF", b"wOF2")
_LOGOS = (b"<", b"\xef\xbb\xbf<", b"RIFF")
_STILL_BRANDS = (b"avif", b"avis", b"heic", b"mif1")  # pictures in the clothes of a video
_STARTS = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"\x1a\x45\xdf\xa3": "video/webm",
}


def _in_markdown(text: str) -> Iterator[str]:
    from markdown_it import MarkdownIt  # 40 ms that a document without pictures need not pay

    for block in MarkdownIt("commonmark").parse(text):
        if block.type == "html_block":
            yield from _in_html(block.content)
        for token in block.children or ():
            if token.type == "image":
                yield str(token.attrs["src"])
            elif token.type == "html_inline":
                yield from _in_html(token.content)


def _in_html(text: str) -> list[str]:
    reader = _Pictures()
    reader.feed(text)
    reader.close()
    return reader.found


class _Pictures(HTMLParser):
    """Collects what `img`, `video` and `source` elements show."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"img", "video", "source"}:
            self.found.extend(value for name, value in attrs if name == "src" and value)

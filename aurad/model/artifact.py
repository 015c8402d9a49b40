"""A file in the content store, and the credit that may come with it."""

from __future__ import annotations

from aurad.model.value import Value


class Artifact(Value, frozen=True, kw_only=True):
    """A regular file known by its content. `sha256` is 64 lower-case hex digits, `size_bytes` exact.

    It has no name and no path on purpose: both would leak into digests. A stage gets at the bytes
    with `context.path(artifact)` and makes a new one with `context.keep(path)`.
    """

    sha256: str
    size_bytes: int
    media_type: str


class Credit(Value, frozen=True, kw_only=True):
    """Who made a picture, clip or sound, and under which licence (an SPDX id where there is one)."""

    author: str = ""
    title: str = ""
    licence: str = ""
    source: str = ""


class Picture(Value, frozen=True, kw_only=True):
    """A picture or clip that the brief or the document brought along."""

    artifact: Artifact
    alt: str = ""
    credit: Credit | None = None

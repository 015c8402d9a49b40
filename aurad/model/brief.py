"""What somebody asks for: a topic, a document or a finished script, and how it should sound."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from aurad.model.artifact import Artifact
from aurad.model.script import Script
from aurad.model.shapes import shape
from aurad.model.value import Value

Aspect = Literal["16:9", "9:16", "1:1", "4:5"]
Pacing = Literal["relaxed", "conversational", "fast"]
Density = Literal["sparse", "balanced", "dense"]
SourceFormat = Literal["markdown", "text", "html"]
Language = Annotated[
    str,
    Meta(
        pattern=shape(r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*(?!\n)$", "a language tag, as in en or pt-BR"),
        description="BCP 47",
    ),
]
Duration = Annotated[float, Meta(ge=10, le=3600, description="seconds")]

WORDS_PER_MINUTE: dict[Pacing, int] = {"relaxed": 130, "conversational": 160, "fast": 190}
SOURCE_LIMIT = 1024 * 1024  # bytes of a document; a longer one is a book, not a video


class BriefAsset(Value, frozen=True, kw_only=True):
    """A file beside the document. `name` is how the document refers to it (`images/bee.png`)."""

    artifact: Artifact
    name: str
    role: Literal["image", "clip", "music", "logo", "font", "narration"] = "image"


class Brief(Value, frozen=True, kw_only=True):
    """Exactly one of `topic`, `source` and `script`; the rest says how the video should be.

    `source` is the document's text, at most 1 MiB of UTF-8. Without `duration_seconds` the video is
    as long as the document needs.
    """

    topic: Annotated[str, Meta(min_length=3, max_length=500)] | None = None
    source: str | None = None
    source_format: SourceFormat | None = None
    script: Script | None = None
    audience: str = ""
    goal: str = ""
    tone: str = "informative"
    language: Language = "en"
    aspect: Aspect | None = None
    duration_seconds: Duration | None = None
    pacing: Pacing = "conversational"
    density: Density = "balanced"
    style: str = ""
    assets: tuple[BriefAsset, ...] = ()

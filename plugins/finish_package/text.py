"""What is written down: FFmpeg's metadata file with tags and chapters, and the credits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from aurad.api import Chapter, Credit, FinishRequest, Provenance

SPECIAL = re.compile(r"([=;#\\\n])")  # what FFmpeg's metadata files escape with a backslash
NOTHING = "No third-party material."


def request_to_metadata(request: FinishRequest) -> str:
    """Title, description and tags of the file, and its chapters."""
    comment = _comment(request.provenance) if request.provenance else ""
    tags = {
        "title": request.title, "description": request.description, "keywords": ", ".join(request.tags),
        "comment": comment,
    }  # fmt: skip
    lines = [f"{name}={_escaped(value)}" for name, value in tags.items() if value]
    return "\n".join([";FFMETADATA1", *lines, *_chapters(request.chapters, request.duration), ""])


def credits_to_text(credits: Sequence[Credit], provenance: Provenance | None = None) -> str:
    """One paragraph for each: what, by whom, under which licence, from where. Then what it was made with."""
    material = "\n".join(_credit(credit) for credit in credits) if credits else NOTHING + "\n"
    return "\n".join([material, *_made_with(provenance)]) if provenance else material


def _made_with(provenance: Provenance) -> Iterator[str]:
    yield f"Made with aurad {provenance.aurad}"
    for maker in provenance.makers:
        yield f"  {maker.kind}: {maker.name} ({maker.plugin} {maker.version}, {maker.licence or 'licence not stated'})"
    yield ""
    yield from (_credit(credit) for credit in provenance.credits)
    yield f"{provenance.notice}\nDigital source type: {provenance.source_type}\n"


def _comment(provenance: Provenance) -> str:
    """What players show that read no XMP."""
    return f"Made with aurad {provenance.aurad}. {provenance.notice} Digital source type: {provenance.source_type}"


def _chapters(chapters: Sequence[Chapter], duration: float) -> Iterator[str]:
    """Each ends where the next one starts; one that would have no length is left out."""
    starts = [*(round(chapter.start * 1000) for chapter in chapters), round(duration * 1000)]
    for chapter, (start, end) in zip(chapters, pairwise(starts), strict=True):
        if start < end:
            yield f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={start}\nEND={end}\ntitle={_escaped(chapter.title)}"


def _escaped(text: str) -> str:
    return SPECIAL.sub(r"\\\1", text.replace("\r", ""))


def _credit(credit: Credit) -> str:
    by = f" by {credit.author}" if credit.author else ""
    lines = [f"{credit.title or 'Untitled'}{by}", f"Licence: {credit.licence or 'not stated'}"]
    if credit.source:
        lines.append(f"Source: {credit.source}")
    return "\n".join(lines) + "\n"

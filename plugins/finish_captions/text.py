"""Cues as SubRip and WebVTT text, each with its own idea of what must be escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from aurad.api import Cue

JOINER = "\N{WORD JOINER}"  # invisible; SubRip has no escapes, so what looks like a tag is taken apart
SRT_MARKUP = re.compile(r"(?<=<)(?=[/a-zA-Z])|(?<=\{)(?=\\)|(?<=\\)(?=[Nnh])|(?<=--)(?=>)")


class Line(NamedTuple):
    """A cue in whole milliseconds, which is what both formats have."""

    start: int
    end: int
    lines: tuple[str, ...]


def whole_milliseconds(cues: Sequence[Cue]) -> Iterator[Line]:
    """Rounded so that no cue is empty, overlaps the next or comes before the one before it."""
    starts = [round(cue.start * 1000) for cue in cues]
    end = 0
    for cue, start, following in zip(cues, starts, [*starts[1:], None], strict=True):
        start = max(start, end)  # noqa: PLW2901
        end = round(cue.end * 1000)
        end = max(start + 1, end if following is None else min(end, following))
        yield Line(start, end, cue.lines)


def cues_to_srt(cues: Sequence[Cue]) -> str:
    """SubRip, numbered from 1."""
    return "".join(
        f"{number}\n{_clock(line.start, ',')} --> {_clock(line.end, ',')}\n{_srt(line.lines)}\n\n"
        for number, line in enumerate(whole_milliseconds(cues), 1)
    )


def cues_to_vtt(cues: Sequence[Cue]) -> str:
    """WebVTT, with the same numbers as cue identifiers."""
    return "WEBVTT\n\n" + "\n".join(
        f"{number}\n{_clock(line.start, '.')} --> {_clock(line.end, '.')}\n{_vtt(line.lines)}\n"
        for number, line in enumerate(whole_milliseconds(cues), 1)
    )


def _srt(lines: Iterable[str]) -> str:
    return SRT_MARKUP.sub(JOINER, "\n".join(lines))


def _vtt(lines: Iterable[str]) -> str:
    return "\n".join(lines).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _clock(milliseconds: int, point: str) -> str:
    seconds, milliseconds = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{point}{milliseconds:03}"

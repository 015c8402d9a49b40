"""Sound and captions of finished videos, judged by their files alone.

Every document is made by `auractl make` at a size that takes seconds: neither sound nor caption files depend
on the picture's size. Loudness and peak are FFmpeg's own measurement (EBU R 128) of the finished file.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import av

from aurad.model.atoms import width
from aurad.model.cues import COLUMNS, READING, SHORTEST, bare
from aurad.model.written import written_text
from aurad.testing import find_ffmpeg
from tests.bench.make import Figure
from tests.endtoend.house import House, open_house
from tests.quality.generate import document
from tests.quality.narrations import documents

LOUDNESS, TOLERANCE, PEAK = -14.0, 0.5, -1.0  # LUFS, LU, dBTP
PRESET = 'description = "To be heard"\nshort_side = 240\nfps = 10\nquality = "draft"\n'
ASPECTS = ("16:9", "9:16", "1:1", "4:5")
JOINER = "\N{WORD JOINER}"  # invisible, in SubRip between what would be markup
SLACK = 0.0011  # seconds: both files have whole milliseconds
_LOUD = re.compile(r"Summary:.*?I:\s+(-?[\d.]+) LUFS.*?Peak:\s+(-?[\d.]+|-inf) dBFS", re.DOTALL)
_CUE = re.compile(r"(\d+):(\d\d):(\d\d),(\d{3}) --> (\d+):(\d\d):(\d\d),(\d{3})\n(.*?)\n\n", re.DOTALL)
RULES = (
    f"lines over {COLUMNS} columns", "captions of more than two lines", f"captions over {READING:g} columns a second",
    "captions that overlap or go back", f"captions under {SHORTEST:g} s", "videos whose captions are not their script",
    "videos whose caption files differ", "videos without a track of captions",
)  # fmt: skip


class Shown(NamedTuple):
    """A caption as a player reads it."""

    start: float
    end: float
    lines: tuple[str, ...]


class Measured(NamedTuple):
    """What was found in one finished video."""

    name: str
    loudness: float
    peak: float
    captions: int
    broken: Counter[str]


def figures(seed: int, count: int) -> list[Figure]:
    """Over all written documents, and `count` generated ones."""
    with open_house(AURAD_DEFAULTS__PRESET="heard") as house:
        (house.folder / "config/aurad/presets/heard.toml").write_text(PRESET)
        sources = {path.stem: path.read_text() for path in documents()}
        sources |= {f"generated {seed + number}": document(seed + number) for number in range(count)}
        tried = [_measured(house, name, text, ASPECTS[n % 4]) for n, (name, text) in enumerate(sources.items())]
    found = [one for one in tried if one is not None]
    broken = sum((one.broken for one in found), Counter[str]())
    captions = sum(one.captions for one in found)
    return [
        Figure(f"documents of {len(tried)} that did not become a video", len(tried) - len(found), 0),
        Figure(f"loudness of {len(found)} videos: off {LOUDNESS:g} LUFS", _worst(found), TOLERANCE, "LU"),
        Figure("  true peak, the highest", max((one.peak for one in found), default=None), PEAK, "dBTP"),
        *(Figure(f"{rule}, of {captions}", broken[rule], 0) for rule in RULES),
    ]


def _worst(found: Sequence[Measured]) -> float | None:
    return max((abs(one.loudness - LOUDNESS) for one in found), default=None)


def _measured(house: House, name: str, text: str, aspect: str) -> Measured | None:
    made = house.make(house.file(text), "--aspect", aspect)
    if made.status:
        print(f"{name}, {aspect}: {made.err}", file=sys.stderr, flush=True)
        return None
    loudness, peak = loudness_of(made.video)
    script = json.loads(made.path("script.json").read_text())
    srt, vtt = (made.path(f"captions.{kind}").read_text() for kind in ("srt", "vtt"))
    cues = list(read_srt(srt))
    found = [
        *broken_rules(
            cues, " ".join(written_text(scene["text"], scene.get("written", {})) for scene in script["scenes"])
        )
    ]
    if bare(_vtt_words(vtt)) != bare(" ".join(line for cue in cues for line in cue.lines)):
        found.append((RULES[6], "the words of one are not the other's"))
    with av.open(str(made.video)) as container:
        if not container.streams.get(subtitles=0):
            found.append((RULES[7], "there is none"))
    told = "".join(f"\n  {rule}: {what}" for rule, what in found)
    print(f"{name}, {aspect}: {loudness} LUFS, {peak} dBTP, {len(cues)} captions{told}", file=sys.stderr, flush=True)
    return Measured(name, loudness, peak, len(cues), Counter(rule for rule, _ in found))


def loudness_of(video: Path) -> tuple[float, float]:
    """Integrated loudness in LUFS and true peak in dBTP."""
    meter = ["-nostdin", "-hide_banner", "-i", str(video), "-map", "0:a:0", "-af", "ebur128=peak=true:framelog=quiet"]
    said = subprocess.run([find_ffmpeg(), *meter, "-f", "null", "-"], capture_output=True, text=True, check=True).stderr
    found = _LOUD.search(said)
    if found is None:
        raise SystemExit(f"cannot measure {video.name}: FFmpeg tells no loudness")
    return float(found[1]), float(found[2])


def read_srt(text: str) -> Iterator[Shown]:
    """The captions of a SubRip file."""
    for match in _CUE.finditer(text):
        start, end = (
            int(h) * 3600 + int(m) * 60 + int(s) + int(ms) / 1000
            for h, m, s, ms in (match.groups()[:4], match.groups()[4:8])
        )
        yield Shown(start, end, tuple(match[9].replace(JOINER, "").split("\n")))


def _vtt_words(text: str) -> str:
    lines = re.sub(r"\d+\n[\d:.]+ --> [\d:.]+\n", "", text.removeprefix("WEBVTT\n"))
    return lines.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def broken_rules(cues: Sequence[Shown], script: str) -> Iterator[tuple[str, str]]:
    """A rule for every time it is broken, and by what."""
    for cue in cues:
        seconds, columns = cue.end - cue.start, sum(map(width, cue.lines)) + len(cue.lines) - 1
        told = f"{cue.start:.2f}..{cue.end:.2f} {' / '.join(cue.lines)}"
        yield from [(RULES[0], told)] * sum(width(line) > COLUMNS for line in cue.lines)
        if len(cue.lines) > 2:
            yield RULES[1], told
        if columns / (seconds + SLACK) > READING:
            yield RULES[2], told
        if seconds < SHORTEST - SLACK:
            yield RULES[4], told
    yield from [(RULES[3], f"{one.end} after {other.start}") for one, other in pairwise(cues) if one.end > other.start]
    if bare(" ".join(line for cue in cues for line in cue.lines)) != bare(script):
        yield RULES[5], "words are missing, too many or changed"

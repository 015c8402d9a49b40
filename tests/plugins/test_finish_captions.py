"""Caption files: what is written can be read back, whatever is said."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from aurad.api import Canvas, Cue, FinishRequest
from aurad.testing import run_stage
from aurad_plugins.finish_captions.stage import Captions
from aurad_plugins.finish_captions.text import cues_to_srt, cues_to_vtt, whole_milliseconds

CUES = (
    Cue(start=0.4, end=2.0004, lines=("Bees & <flowers>", "see -> more")),
    Cue(start=2.0004, end=3661.9999, lines=("Grün {\\an8} --> blau",)),
)


@st.composite
def timed(draw: st.DrawFn) -> tuple[Cue, ...]:
    """Cues that follow the core's promise: in order, without overlap, perhaps of no length."""
    times = sorted(draw(st.lists(st.floats(0, 9000), min_size=2, max_size=20)))
    return tuple(Cue(start=start, end=end, lines=("x",)) for start, end in pairwise(times))


def test_srt() -> None:
    assert cues_to_srt(CUES) == (
        "1\n00:00:00,400 --> 00:00:02,000\nBees & <\u2060flowers>\nsee -> more\n\n"
        "2\n00:00:02,000 --> 01:01:02,000\nGrün {\u2060\\an8} --\u2060> blau\n\n"
    )


def test_vtt() -> None:
    assert cues_to_vtt(CUES) == (
        "WEBVTT\n\n"
        "1\n00:00:00.400 --> 00:00:02.000\nBees &amp; &lt;flowers&gt;\nsee -&gt; more\n\n"
        "2\n00:00:02.000 --> 01:01:02.000\nGrün {\\an8} --&gt; blau\n"
    )


@given(timed())
def test_rounding_leaves_no_cue_empty_and_none_overlapping(cues: tuple[Cue, ...]) -> None:
    lines = list(whole_milliseconds(cues))
    assert len(lines) == len(cues)
    assert all(line.start < line.end for line in lines)
    assert all(one.end <= other.start for one, other in pairwise(lines))


@given(st.text(st.characters(exclude_categories=("Z", "C")), min_size=1))
def test_no_text_can_end_its_cue_or_open_a_tag(text: str) -> None:
    cue = Cue(start=0, end=1, lines=(text,))
    assert cues_to_srt((cue,)).count("-->") == cues_to_vtt((cue,)).count("-->") == 1
    assert not re.search(r"</?[a-z]|\{\\", cues_to_srt((cue,)), re.IGNORECASE)
    assert "<" not in cues_to_vtt((cue,))


def request(cues: tuple[Cue, ...]) -> FinishRequest:
    return FinishRequest(title="Bees", language="en", duration=4000, canvas=Canvas(), cues=cues)


async def test_both_files_are_given_in_utf_8(tmp_path: Path) -> None:
    ran = await run_stage(Captions, "finish", request(CUES), workspace=tmp_path)
    files = {file.name: file.artifact for file in ran.output.files}
    assert set(files) == {"captions.srt", "captions.vtt"}
    assert ran.path(files["captions.srt"]).read_bytes() == cues_to_srt(CUES).encode()
    assert ran.path(files["captions.vtt"]).read_bytes() == cues_to_vtt(CUES).encode()
    assert files["captions.vtt"].media_type == "text/vtt"
    assert ran.output.facts == {"cues": 2}


async def test_without_words_there_are_no_files(tmp_path: Path) -> None:
    assert (await run_stage(Captions, "finish", request(()), workspace=tmp_path)).output.files == ()

"""FFmpeg's progress, cut anywhere, and its last words."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurad.wire.ffmpeg import Progress, ProgressDecoder, stderr_to_cause

SPOKEN = (
    b"frame=0\nfps=0.00\nbitrate=N/A\ntotal_size=48\nout_time_us=N/A\nout_time_ms=N/A\nspeed=N/A\nprogress=continue\n"
    b"frame=   30\nout_time_us=1000000\nprogress=continue\n"
    b"out_time_us=-23220\nprogress=continue\n"
    b"frame=60\nout_time_us=2000000\nprogress=end\n"
)
UNDERSTOOD = [
    Progress(frame=0, out_time=None),
    Progress(frame=30, out_time=1.0),
    Progress(frame=0, out_time=-0.02322),
    Progress(frame=60, out_time=2.0, ended=True),
]


@given(st.lists(st.integers(0, len(SPOKEN))))
def test_progress_does_not_depend_on_the_pieces(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(SPOKEN)]
    decoder = ProgressDecoder()
    pieces = [SPOKEN[start:end] for start, end in itertools.pairwise(edges)]
    assert [block for piece in pieces for block in decoder.feed(piece)] == UNDERSTOOD


@given(st.binary())
def test_nonsense_is_skipped(data: bytes) -> None:
    assert ProgressDecoder().feed(b"\n" + data.replace(b"progress", b"") + b"\nprogress=end\n")[-1].ended


@pytest.mark.parametrize(
    ("said", "code", "sentence"),
    [
        ("", "E304-FFMPEG_RUNTIME", "it said nothing"),
        ("a\nb.mp4: Invalid data\nConversion failed!\n", "E304-FFMPEG_RUNTIME", "b.mp4: Invalid data"),
        ("Conversion failed!", "E304-FFMPEG_RUNTIME", "Conversion failed!"),
        ("x\nNo such filter: 'ass'\nError opening output file", "E306-FFMPEG_LACKS", "No such filter: 'ass'"),
        ("[e] No GPU\nframe=    0 fps=0.0\nConversion failed!", "E304-FFMPEG_RUNTIME", "[e] No GPU"),
        ("Unknown encoder 'h264_nvenc'", "E306-FFMPEG_LACKS", "Unknown encoder 'h264_nvenc'"),
        ("[out] Error writing trailer: No space left on device", "E501-DISK", "No space left on device"),
    ],
)
def test_the_cause_is_found(said: str, code: str, sentence: str) -> None:
    assert stderr_to_cause(said.encode()) == (code, sentence)

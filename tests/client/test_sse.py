"""The decoder of event streams: the standard's own rules, and the same frames however the bytes are cut."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurad.client.sse import Frame, FrameDecoder
from aurad.model.errors import AuradError

BITS = [
    b"\r", b"\n", b"\r\n", b":", b" ", b"id", b"id: a-1", b"event: x", b"data: ", b"data", b"retry: 10", b"\0",
    b"\xef\xbb\xbf", b"\xff", "\u00fc\u2028".encode(),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "frames"),
    [
        ("data: YHOO\ndata: +2\ndata: 10\n\n", [("message", "YHOO\n+2\n10", "")]),
        (": test\n\ndata: one\nid: 1\n\ndata:two\nid\n\ndata:  three\n\n",
         [("message", "one", "1"), ("message", "two", ""), ("message", " three", "")]),
        ("data\n\ndata\ndata\n\ndata:", [("message", "", ""), ("message", "\n", "")]),
        ("data:test\n\ndata: test\n\n", [("message", "test", ""), ("message", "test", "")]),
        ("event: a\n\ndata: x\n\n", [("message", "x", "")]),
        ("event: a\rdata: x\r\rid: 7\r\n\r\ndata: y\n\n",
         [("a", "x", ""), ("message", "", "7"), ("message", "y", "7")]),
        ("id: 1\0\ndata: x\n\n", [("message", "x", "")]),
        ("\ufeffdata: x\n\n\ufeffdata: y\n\n", [("message", "x", "")]),
        ("dat: x\n\nDATA: y\n\n", []),
        ("data: half", []),
        ("data: a\u2028b\x0bc\x85\n\n", [("message", "a\u2028b\x0bc\x85", "")]),
    ],
)  # fmt: skip
def test_the_rules_of_the_standard(text: str, frames: list[tuple[str, str, str]]) -> None:
    assert FrameDecoder().feed(text.encode()) == [Frame(*frame) for frame in frames]


def test_a_frame_is_told_at_its_last_byte() -> None:
    decoder = FrameDecoder()
    assert decoder.feed(b"data: x\r") == []
    assert decoder.feed(b"\r") == [Frame("message", "x", "")]
    assert decoder.feed(b"\n") == []
    assert decoder.feed(b"data: y\n\n") == [Frame("message", "y", "")]


def test_retry_is_digits_only() -> None:
    decoder = FrameDecoder()
    decoder.feed(b"retry: 1.5\nretry: -1\nretry:\nretry: 99999999999\n\n")
    assert decoder.retry is None
    decoder.feed(b"retry: 2000\n")
    assert decoder.retry == 2.0


@given(st.lists(st.sampled_from(BITS)).map(b"".join), st.data())
def test_any_cutting_gives_the_same_frames(stream: bytes, draw: st.DataObject) -> None:
    cuts = sorted({0, len(stream), *draw.draw(st.lists(st.integers(0, len(stream))))})
    whole, pieces, single = FrameDecoder(), FrameDecoder(), FrameDecoder()
    expected = whole.feed(stream)
    assert [frame for start, end in pairwise(cuts) for frame in pieces.feed(stream[start:end])] == expected
    assert [frame for byte in stream for frame in single.feed(bytes([byte]))] == expected
    assert whole.retry == pieces.retry == single.retry


@given(st.lists(st.sampled_from(BITS)).map(b"".join))
def test_it_agrees_with_a_plain_reading_of_the_standard(stream: bytes) -> None:
    assert [frame for frame in FrameDecoder().feed(stream) if frame.data] == plain(stream)


def plain(stream: bytes) -> list[Frame]:
    """Written from the text of the standard, for whole streams only."""
    text = stream.decode(errors="replace").removeprefix("\ufeff")
    *lines, _ = re.split("\r\n|\n|\r", text)
    frames, kind, data, newest = list[Frame](), "", "", ""
    for line in lines:
        if not line:
            if data.removesuffix("\n"):
                frames.append(Frame(kind or "message", data.removesuffix("\n"), newest))
            kind, data = "", ""
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            kind = value
        elif field == "data":
            data += value + "\n"
        elif field == "id" and "\0" not in value:
            newest = value
    return frames


@pytest.mark.parametrize("stream", [b"data: " + b"x" * 100, b"data: xxxxx\n" * 10, b": " + b"x" * 100])
def test_a_huge_frame_is_refused_before_it_is_whole(stream: bytes) -> None:
    with pytest.raises(AuradError, match="over 64 bytes"):
        FrameDecoder(limit=64).feed(stream)


def test_comments_between_frames_never_add_up() -> None:
    decoder = FrameDecoder(limit=64)
    for _ in range(100):
        decoder.feed(b": still here\n\n")

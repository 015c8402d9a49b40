"""Lines do not depend on the pieces they come in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurad.model.errors import AuradError
from aurad.wire.lines import LineDecoder

PIECES = st.lists(st.binary(max_size=8).map(lambda data: data.replace(b"\x00", b"\n")))


def decoded(decoder: LineDecoder, pieces: list[bytes]) -> list[bytes]:
    return [line for piece in pieces for line in decoder.feed(piece)] + decoder.flush()


@given(PIECES)
def test_lines_are_those_of_the_whole(pieces: list[bytes]) -> None:
    *whole, last = b"".join(pieces).split(b"\n")
    assert decoded(LineDecoder(), pieces) == whole + ([last] if last else [])


@given(PIECES)
def test_long_lines_are_cut_and_nothing_is_lost(pieces: list[bytes]) -> None:
    lines = decoded(LineDecoder(3, cut=True), pieces)
    assert all(len(line) <= 3 for line in lines)
    assert b"".join(lines) == b"".join(pieces).replace(b"\n", b"")


@given(PIECES)
def test_a_long_line_is_refused_whatever_its_pieces(pieces: list[bytes]) -> None:
    if any(len(line) > 3 for line in b"".join(pieces).split(b"\n")):
        with pytest.raises(AuradError, match="over 3 bytes"):
            decoded(LineDecoder(3), pieces)
    else:
        decoded(LineDecoder(3), pieces)

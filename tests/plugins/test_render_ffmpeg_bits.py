"""The bits of held pictures."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurad.api import AuradError
from aurad_plugins.render_ffmpeg.bits import BitReader, BitWriter, plain, split_units, unit_of
from aurad_plugins.render_ffmpeg.held import Group, Sets, all_skipped, held_picture, read_sets, read_slice

SETS = Sets(macroblocks=8160, frame_bits=4, order_bits=6, cabac=True, weighted=True, deblocking=True, qp=23)


@given(st.lists(st.tuples(st.sampled_from("us"), st.integers(0, 70_000))))
def test_numbers_come_back_as_they_were_written(numbers: list[tuple[str, int]]) -> None:
    writer = BitWriter()
    for kind, value in numbers:
        writer.ue(value) if kind == "u" else writer.se(35_000 - value)
    writer.align("1")
    if not numbers:
        return
    reader = BitReader(writer.to_bytes())
    for kind, value in numbers:
        assert (reader.ue() if kind == "u" else 35_000 - reader.se()) == value


@given(st.binary(max_size=60), st.binary(max_size=9))
def test_units_survive_their_packing(payload: bytes, other: bytes) -> None:
    payload, other = payload.replace(b"\0", b"\0\0") + b"\x80", other + b"\x80"
    packed = unit_of(65, payload) + unit_of(6, other)
    first, second = split_units(packed)
    assert (plain(first), plain(second)) == (payload, other)
    assert not any(bad in first[1:] for bad in (b"\0\0\0", b"\0\0\1", b"\0\0\2"))


def test_a_picture_cut_short_is_noticed() -> None:
    with pytest.raises(ValueError, match="too short"):
        BitReader(b"\0\0").ue()
    with pytest.raises(AuradError, match="cannot hold pictures of this stream"):
        read_sets(b"\1\x64\0\x20\xff\xe1\0\3\x67\x64\0")


@pytest.mark.parametrize(("macroblocks", "data"), [(1, "f080"), (2, "e380"), (5, "c080"), (240, "006540")])
def test_skipped_macroblocks_are_coded_as_the_standard_says(macroblocks: int, data: str) -> None:
    """Expected values come from a literal transcript of the standard's encoder flow charts."""
    assert all_skipped(macroblocks).hex() == data


def test_a_held_picture_is_tiny_and_says_what_it_should() -> None:
    data = held_picture(SETS, 5, 34, 1)
    assert len(data) < 80
    assert read_slice(data, SETS) == (True, False, 5, 34)


def test_numbers_go_on_and_wrap() -> None:
    group = Group(SETS)
    group.add(held_picture(SETS, 14, 62, 1), 3)
    held = [read_slice(data, SETS) for data in group.held(3)]
    assert [(picture.frame, picture.order) for picture in held] == [(15, 0), (0, 2), (1, 4)]


def test_only_a_reference_can_be_held() -> None:
    with pytest.raises(AuradError, match="nothing may refer to it"):
        list(Group(SETS).held(1))

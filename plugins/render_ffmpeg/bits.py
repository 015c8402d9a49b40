"""Bits of H.264: reading and writing fields, exp-Golomb numbers and NAL units. Knows no syntax structure."""

from __future__ import annotations

import re


class BitReader:
    """Reads fields off a payload whose emulation prevention is gone."""

    def __init__(self, payload: bytes) -> None:
        self._value, self._left = int.from_bytes(payload, "big"), len(payload) * 8

    def u(self, width: int) -> int:
        """An unsigned number of fixed width."""
        if width > self._left:
            raise ValueError("the unit is too short")
        self._left -= width
        return (self._value >> self._left) & ((1 << width) - 1)

    def ue(self) -> int:
        """An unsigned exp-Golomb number."""
        zeros = 0
        while not self.u(1):
            zeros += 1
        return (1 << zeros) - 1 + self.u(zeros)

    def se(self) -> int:
        """A signed one."""
        code = self.ue()
        return (code + 1) // 2 if code % 2 else -(code // 2)


class BitWriter:
    """Writes fields."""

    def __init__(self) -> None:
        self._bits: list[str] = []

    def u(self, width: int, value: int) -> None:
        self._bits.append(f"{value:0{width}b}" if width else "")

    def ue(self, value: int) -> None:
        self.u(2 * (value + 1).bit_length() - 1, value + 1)

    def se(self, value: int) -> None:
        self.ue(2 * value - 1 if value > 0 else -2 * value)

    def align(self, bit: str) -> None:
        """Fill the last byte up with `bit`."""
        self._bits.append(bit * (-sum(map(len, self._bits)) % 8))

    def to_bytes(self) -> bytes:
        """All of it, which must be whole bytes."""
        text = "".join(self._bits)
        return int(text, 2).to_bytes(len(text) // 8, "big")


def plain(unit: bytes) -> bytes:
    """A NAL unit's payload, without its first byte and its emulation prevention."""
    return unit[1:].replace(b"\0\0\3", b"\0\0")


def unit_of(header: int, payload: bytes) -> bytes:
    """A NAL unit with its size before it, as MP4 holds it."""
    unit = bytes((header,)) + re.sub(rb"\0\0(?=[\0-\3])", b"\0\0\3", payload)
    return len(unit).to_bytes(4, "big") + unit


def split_units(packet: bytes) -> list[bytes]:
    """The NAL units of an MP4 sample."""
    units, at = [], 0
    while at + 4 <= len(packet):
        size = int.from_bytes(packet[at : at + 4], "big")
        units.append(packet[at + 4 : at + 4 + size])
        at += 4 + size
    return units

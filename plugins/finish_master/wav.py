"""Reading PCM WAV files piece by piece, of any size."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

Stereo = NDArray[np.float32]

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_KINDS = {(_PCM, 16): ("<i2", 2.0**-15), (_PCM, 32): ("<i4", 2.0**-31), (_FLOAT, 32): ("<f4", 1.0)}
_UNKNOWN_SIZE = 0xFFFFFFFF  # written by tools that stream, and by all for more than 4 GiB


class Wav(NamedTuple):
    """An open file at its first sample."""

    file: BinaryIO
    rate: int
    channels: int
    kind: str
    scale: float
    samples: int

    def skip(self, samples: int) -> None:
        """Go on so many samples further."""
        self.file.seek(samples * self.channels * np.dtype(self.kind).itemsize, 1)

    def read(self, samples: int) -> Stereo:
        """The next samples as stereo; fewer at the end, mono twice, more than two channels cut."""
        raw = self.file.read(samples * self.channels * np.dtype(self.kind).itemsize)
        whole = len(raw) // (self.channels * np.dtype(self.kind).itemsize) * self.channels
        sound = np.frombuffer(raw, self.kind, whole).reshape(-1, self.channels)
        pair = sound[:, :2] if self.channels > 1 else np.broadcast_to(sound, (len(sound), 2))
        stereo: Stereo = np.multiply(pair, np.float32(self.scale), dtype=np.float32)
        return stereo


@contextmanager
def open_wav(path: Path) -> Iterator[Wav]:
    """ValueError says why a file is none that we read."""
    with path.open("rb") as file:
        yield _header(file, path.stat().st_size)


def _header(file: BinaryIO, size: int) -> Wav:
    riff = file.read(12)
    if riff[:4] not in {b"RIFF", b"RF64"} or riff[8:] != b"WAVE":
        raise ValueError("it is no WAV file")
    form: tuple[int, ...] = ()
    while len(head := file.read(8)) == 8:
        name, length = head[:4], struct.unpack("<I", head[4:])[0]
        if name == b"data":
            return _data(file, form, min(length, size - file.tell()) if length != _UNKNOWN_SIZE else size - file.tell())
        body = file.read(length + (length & 1))
        if name == b"fmt ":
            form = struct.unpack("<HHIIHH", body[:16])
            if form[0] == _EXTENSIBLE:
                form = (struct.unpack("<H", body[24:26])[0], *form[1:])
    raise ValueError("it has no samples")


def _data(file: BinaryIO, form: tuple[int, ...], size: int) -> Wav:
    if not form or (form[0], form[5]) not in _KINDS or not form[1]:
        raise ValueError(f"its samples are of an unknown kind {form[:1] + form[5:]}")
    kind, scale = _KINDS[form[0], form[5]]
    return Wav(file, form[2], form[1], kind, scale, size // (form[1] * np.dtype(kind).itemsize))

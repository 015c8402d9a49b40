"""What was worked out before, kept in the plugin's own folder under the hash of all that it follows from.

After one changed sentence the sound up to it is what it was: its pieces need no second encoding. Whatever
is damaged or missing is simply worked out again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

import av
import msgspec

MOST_BYTES = 128 << 20  # some songs, and an hour and a half of AAC
HASH_BYTES = 16

T = TypeVar("T")


class Shelf:
    """Values by key, the longest unused thrown away first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "shelf"

    def get(self, key: str, kind: type[T], make: Callable[[], T]) -> T:
        """The value kept under `key`, else what `make` gives, which is kept from now on."""
        path = self._folder / key
        with suppress(OSError, ValueError):  # msgspec's errors are ValueErrors
            found = _unsealed(path.read_bytes(), kind)
            os.utime(path)
            return found
        value = make()
        self._put(path, msgspec.msgpack.encode(value))
        return value

    def tidy(self) -> None:
        """Keep what was used last, within bounds."""
        with suppress(OSError):
            files = sorted(
                (entry.stat().st_mtime, entry.stat().st_size, entry.path) for entry in os.scandir(self._folder)
            )
            left = sum(size for _, size, _ in files) - MOST_BYTES
            for _, size, path in files:
                if left <= 0:
                    break
                Path(path).unlink(missing_ok=True)
                left -= size

    def _put(self, path: Path, data: bytes) -> None:
        """A full disk is no reason to fail: then it is worked out again the next time."""
        part = path.with_name(f".{path.name}.{os.getpid()}.{id(data)}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                file.write(_seal(data))
                file.write(data)
            part.replace(path)
        except OSError:
            with suppress(OSError):
                part.unlink(missing_ok=True)


def key_of(*facts: bytes | str, buffers: Iterable[memoryview] = ()) -> str:
    """A key for a value that follows from these facts and this package's code alone."""
    sum_ = hashlib.blake2b(_code(), digest_size=HASH_BYTES)
    for fact in facts:
        raw = fact.encode() if isinstance(fact, str) else fact
        sum_.update(len(raw).to_bytes(8, "big") + raw)
    for buffer in buffers:
        sum_.update(buffer)
    return sum_.hexdigest()


@cache
def _code() -> bytes:
    """An edited module, another numpy or another coder make other values."""
    sources = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    return sources + f"{version('numpy')} {version('av')} {av.library_versions}".encode()


def _seal(data: bytes | memoryview) -> bytes:
    return hashlib.blake2b(data, digest_size=HASH_BYTES).digest()


def _unsealed(data: bytes, kind: type[T]) -> T:
    rest = memoryview(data)[HASH_BYTES:]
    if _seal(rest) != data[:HASH_BYTES]:
        raise ValueError("damaged")
    return msgspec.msgpack.decode(rest, type=kind)

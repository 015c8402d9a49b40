"""The content store: files known by their SHA-256, private workspaces, pins.

An object is copied while it is hashed into a file that the daemon made itself, flushed, renamed and its
folder flushed: a descriptor that somebody else still holds cannot rewrite it, and a power cut leaves
either all of it or nothing.
"""

from __future__ import annotations

import collections
import errno
import hashlib
import io
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import trio

from aurad.durable import make_folder, sync
from aurad.model.artifact import Artifact
from aurad.model.errors import AuradError

CHUNK = 1 << 20  # bytes read at a time; large enough that Python's overhead vanishes
SMALL = 64 << 10  # bytes that are hashed sooner than a thread has taken over
THREADS = 2  # hashing and copying are limited by memory and disk, not by threads


Source = Path | int | io.BytesIO  # a file by its path or an open descriptor, or its bytes


class Damaged(Exception):
    """An object is gone or no longer what its name says. `sha256` tells which."""

    def __init__(self, sha256: str) -> None:
        super().__init__(sha256)
        self.sha256 = sha256


class Store:
    """Objects under `root/objects`, workspaces under `root/work` on the same file system."""

    def __init__(self, root: Path, *, now: Callable[[], float] = time.time) -> None:
        self._objects, self.work, self._now = root / "objects", root / "work", now
        shutil.rmtree(self.work, ignore_errors=True)  # what a killed daemon left half-made
        for folder in (self._objects, self.work):
            make_folder(folder)
        self._shelves, self._making = {folder.name for folder in self._objects.iterdir()}, threading.Lock()
        sync(self._objects)  # a killed daemon may have made the last of them
        self._pins: collections.Counter[str] = collections.Counter()
        self._limiter = trio.CapacityLimiter(THREADS)
        self._checked: dict[str, tuple[int, int]] = {}

    def path(self, sha256: str) -> Path:
        return Path(self._name(sha256))

    def _name(self, sha256: str) -> str:
        return f"{self._objects}/{sha256[:2]}/{sha256}"

    def has(self, sha256: str, size: int) -> bool:
        """Whether a file of that name and size is there; its bytes are checked by `check`."""
        with suppress(OSError):
            return os.stat(self._name(sha256)).st_size == size
        return False

    async def put(
        self, source: Source, media_type: str, pins: set[str] | None = None, *, expected: str | None = None
    ) -> Artifact:
        """Copy a file in, pinned in `pins` before it is there: the collector must not get in between, also if it
        was there before. Raises E308 if it is not the `expected` hash, E501.
        """
        if expected and pins is not None:
            self.pin(pins, expected)
        try:
            sha256, size = await trio.to_thread.run_sync(self._put, source, pins, expected, limiter=self._limiter)
        except OSError as error:
            raise disk_error("store a file", error) from error
        return Artifact(sha256=sha256, size_bytes=size, media_type=media_type)

    async def put_bytes(self, data: bytes, media_type: str, pins: set[str] | None = None) -> Artifact:
        """Store bytes that are already in memory. Few of them are not written where they are there already."""
        if len(data) > SMALL:
            return await self.put(io.BytesIO(data), media_type, pins)
        sha256 = hashlib.sha256(data).hexdigest()
        if pins is not None:
            self.pin(pins, sha256)
        if not self._is_good(sha256):
            return await self.put(io.BytesIO(data), media_type, pins, expected=sha256)
        await trio.lowlevel.checkpoint()
        return Artifact(sha256=sha256, size_bytes=len(data), media_type=media_type)

    async def check(self, sha256: str) -> Path:
        """The path of an object whose bytes are what they were; raises `Damaged`.

        A file is hashed once, and again whenever its size or time has changed.
        """
        if self._is_good(sha256):
            await trio.lowlevel.checkpoint()
            return self.path(sha256)
        return await trio.to_thread.run_sync(self._check, sha256, limiter=self._limiter)

    @contextmanager
    def workspace(self) -> Iterator[Path]:
        """A private folder on the store's file system, removed afterwards."""
        try:
            folder = Path(tempfile.mkdtemp(dir=self.work))
        except OSError as error:
            raise disk_error("make a workspace", error) from error
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def pinned(self) -> Iterator[set[str]]:
        """A set whose members (added by its holder through `pin`) are not collected while the block lasts."""
        mine: set[str] = set()
        try:
            yield mine
        finally:
            self._pins.subtract(mine)
            self._pins += collections.Counter()

    def pin(self, mine: set[str], sha256: str) -> None:
        if sha256 not in mine:
            mine.add(sha256)
            self._pins[sha256] += 1

    def is_pinned(self, sha256: str) -> bool:
        return sha256 in self._pins

    def discard(self, sha256: str) -> None:
        """Remove an object, whatever its state."""
        self._checked.pop(sha256, None)
        self.path(sha256).unlink(missing_ok=True)

    def objects(self) -> Iterator[tuple[str, int, float]]:
        """Every object with its size in bytes and its age's start (mtime, seconds since the epoch)."""
        for entry in self._objects.glob("*/*"):
            with suppress(OSError):
                info = entry.stat()
                yield entry.name, info.st_size, info.st_mtime

    def _put(self, source: Source, pins: set[str] | None, expected: str | None) -> tuple[str, int]:
        part, name = tempfile.mkstemp(dir=self.work)
        try:
            with _open(source) as file, open(part, "wb") as copy:
                sha256, size = _copy(file, copy)
                copy.flush()
                os.fsync(copy.fileno())
            if expected not in (None, sha256):
                raise AuradError("E308-RESULT", f"cannot take {source}: its hash is {sha256}, not {expected}")
            if pins is not None and expected is None:
                trio.from_thread.run_sync(self.pin, pins, sha256)
            final = self.path(sha256)
            if not self._is_good(sha256):  # what is there may be damaged: our copy is not
                self._make_shelf(final.parent)
                os.chmod(name, 0o444)
                os.utime(name, (self._now(),) * 2)  # objects grow old by our clock, not by the machine's
                os.replace(name, final)
                sync(final.parent)
            self._checked[sha256] = _stamp(final)
            return sha256, size
        finally:
            with suppress(FileNotFoundError):
                os.unlink(name)

    def _make_shelf(self, folder: Path) -> None:
        """One at a time: nobody may use a folder whose own name is not on disk yet."""
        with self._making:
            if folder.name not in self._shelves or not folder.is_dir():
                make_folder(folder)
                self._shelves.add(folder.name)

    def _is_good(self, sha256: str) -> bool:
        """Whether an object is as it was when its bytes were last seen."""
        with suppress(OSError):
            return self._checked.get(sha256) == _stamp(self._name(sha256))
        return False

    def _check(self, sha256: str) -> Path:
        path = self.path(sha256)
        try:
            stamp = _stamp(path)
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                    raise Damaged(sha256)
            self._checked[sha256] = stamp
        except OSError as error:
            raise Damaged(sha256) from error
        return path


def _stamp(path: Path | str) -> tuple[int, int]:
    info = os.stat(path)
    return info.st_size, info.st_mtime_ns


def _open(source: Source) -> BinaryIO:
    """A descriptor stays open when what is given here is closed."""
    if isinstance(source, io.BytesIO):
        return source
    return open(source, "rb", closefd=not isinstance(source, int))


def _copy(file: BinaryIO, copy: BinaryIO) -> tuple[str, int]:
    whole, size = hashlib.sha256(), 0
    while chunk := file.read(CHUNK):
        whole.update(chunk)
        copy.write(chunk)
        size += len(chunk)
    return whole.hexdigest(), size


def disk_error(what: str, error: OSError) -> AuradError:
    """ENOSPC and EDQUOT as E501, anything else as E500, told for people."""
    code = "E501-DISK" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "E500-INTERNAL"
    return AuradError(code, f"cannot {what}: {error.strerror or error}")

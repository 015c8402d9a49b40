"""A disk as a loss of power leaves it: what a sync has covered is there, and of the rest whatever chance keeps.

Stricter than most file systems are: to sync a file says nothing of its name, which is its folder's; names, and data
in pieces of a sector, are kept or lost each by itself, in order or not.
"""

from __future__ import annotations

import itertools
import random
import struct
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple, TypeVar

T = TypeVar("T")
Entry = tuple[int, str]  # a folder's number and a name in it
HEAD = struct.Struct("=5Q")  # as in record_writes.c
SECTOR = 512
ROOT = 0


class Record(NamedTuple):
    """One line of the log. `file` is the number the system knew it by; `names` begin at the root."""

    kind: str
    file: int
    at: int
    names: tuple[str, ...]
    data: bytes


class Write(NamedTuple):
    """Data at an offset or, if there are none, a new size."""

    number: int
    at: int
    data: bytes | None


class Move(NamedTuple):
    """Entries that change together, and for good once `folder` is synced. None: there is no such file any more."""

    number: int
    folder: int
    entries: dict[Entry, int | None]


def read_records(log: Path, root: Path) -> Iterator[Record]:
    data, end = log.read_bytes(), 0
    while end < len(data):
        kind, file, at, named, size = HEAD.unpack_from(data, end)
        start = end + HEAD.size + named
        names = data[end + HEAD.size : start].decode().split("\0")
        end = start + size
        yield Record(chr(kind), file, at, tuple(name.removeprefix(str(root)) for name in names), data[start:end])


class Fate:
    """What becomes of that which no sync has covered; this one keeps all of it."""

    def moves(self, pending: list[Move]) -> list[Move]:
        return pending

    def writes(self, pending: list[Write]) -> list[Write]:
        return pending


class Loss(Fate):
    """Keeps nothing."""

    def moves(self, pending: list[Move]) -> list[Move]:
        return []

    def writes(self, pending: list[Write]) -> list[Write]:
        return []


class Chance(Fate):
    """Keeps some: of each file either what was written first, the last of it torn, or any sectors."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice

    def moves(self, pending: list[Move]) -> list[Move]:
        return self._some(pending)

    def writes(self, pending: list[Write]) -> list[Write]:
        return self._some([part for write in pending for part in _sectors(write)])

    def _some(self, pending: list[T]) -> list[T]:
        if self._dice.random() < 0.5:
            return pending[: self._dice.randint(0, len(pending))]
        share = self._dice.random()
        return [one for one in pending if self._dice.random() < share]


def _sectors(write: Write) -> Iterator[Write]:
    if write.data is None:
        yield write
        return
    start, end = write.at, write.at + len(write.data)
    cuts = [start, *range(start - start % SECTOR + SECTOR, end, SECTOR), end]
    for begin, after in itertools.pairwise(cuts):
        yield Write(write.number, begin, write.data[begin - start : after - start])


class Content:
    """The bytes of one file: those that are durable, and what was written since."""

    def __init__(self) -> None:
        self._durable, self._pending = bytearray(), list[Write]()

    def write(self, write: Write) -> None:
        self._pending.append(write)

    def sync(self, before: int) -> None:
        for write in self._pending:
            if write.number < before:
                _apply(self._durable, write)
        self._pending = [write for write in self._pending if write.number >= before]

    def after(self, fate: Fate) -> bytearray:
        data = bytearray(self._durable)
        for write in fate.writes(self._pending):
            _apply(data, write)
        return data


def _apply(data: bytearray, write: Write) -> None:
    size = write.at if write.data is None else max(len(data), write.at + len(write.data))
    data.extend(bytes(max(0, size - len(data))))
    del data[size:]
    if write.data is not None:
        data[write.at : write.at + len(write.data)] = write.data


class Names:
    """Which names are where: durably, and as the process sees it."""

    def __init__(self) -> None:
        self._now: dict[Entry, int] = {}
        self._durable: dict[Entry, tuple[int, int | None]] = {}  # with the number of the move
        self._pending: list[Move] = []

    def place(self, path: str) -> Entry:
        _, *parents, name = PurePosixPath(path).parts
        folder = ROOT
        for parent in parents:
            folder = self._now[folder, parent]
        return folder, name

    def move(self, move: Move) -> None:
        self._pending.append(move)
        for entry, file in move.entries.items():
            self._now.pop(entry, None)
            if file is not None:
                self._now[entry] = file

    def sync(self, folder: int, before: int) -> None:
        covered = [move.folder == folder and move.number < before for move in self._pending]
        _enter(self._durable, [move for move, sure in zip(self._pending, covered, strict=True) if sure])
        self._pending = [move for move, sure in zip(self._pending, covered, strict=True) if not sure]

    def after(self, fate: Fate) -> dict[str, int]:
        """Files and folders by path."""
        entries = dict(self._durable)
        _enter(entries, fate.moves(self._pending))
        inside: dict[int, list[tuple[str, int]]] = {}
        for (folder, name), (_, file) in entries.items():
            if file is not None:
                inside.setdefault(folder, []).append((name, file))
        return dict(_walk(ROOT, "", inside))


def _enter(entries: dict[Entry, tuple[int, int | None]], moves: list[Move]) -> None:
    """A move never undoes a later one, which may have become durable before it."""
    for move in moves:
        for entry, file in move.entries.items():
            if entries.get(entry, (0, None))[0] < move.number:
                entries[entry] = (move.number, file)


def _walk(folder: int, path: str, inside: dict[int, list[tuple[str, int]]]) -> Iterator[tuple[str, int]]:
    for name, file in inside.get(folder, ()):
        yield f"{path}/{name}", file
        yield from _walk(file, f"{path}/{name}", inside)


class Disk:
    """Plays records; `after` a loss of power at that point it holds `Remains`."""

    def __init__(self, root: int) -> None:
        self._number, self._last = 0, ROOT
        self._ids = {root: ROOT}  # the system uses its numbers again
        self._names, self._contents = Names(), dict[int, Content]()
        self._folders, self._syncs = {ROOT}, dict[int, int]()

    def play(self, record: Record) -> None:
        self._number += 1
        match record.kind:
            case "W" | "T":
                data = record.data if record.kind == "W" else None
                self._contents[self._ids[record.file]].write(Write(self._number, record.at, data))
            case "S":
                self._syncs[record.at] = self._number
            case "E":
                self._sync(self._ids[record.file], self._syncs.pop(record.at))
            case "C" | "M":
                self._make(record)
            case "U" | "R" | "L":
                self._rename(record)

    def _sync(self, file: int, before: int) -> None:
        if file in self._folders:
            self._names.sync(file, before)
        else:
            self._contents[file].sync(before)

    def _make(self, record: Record) -> None:
        self._last += 1
        self._ids[record.file] = self._last
        if record.kind == "M":
            self._folders.add(self._last)
        else:
            self._contents[self._last] = Content()
        self._move({self._names.place(record.names[0]): self._last})

    def _rename(self, record: Record) -> None:
        old, *new = (self._names.place(name) for name in record.names)
        gone: dict[Entry, int | None] = {} if record.kind == "L" else {old: None}
        self._move(gone | dict.fromkeys(new, self._ids[record.file]))

    def _move(self, entries: dict[Entry, int | None]) -> None:
        """For good with the last one's folder: where a file was before nobody asks."""
        self._names.move(Move(self._number, list(entries)[-1][0], entries))

    def after(self, fate: Fate) -> Remains:
        return Remains(self._names.after(fate), self._contents, fate)


class Remains:
    """What can be found on a disk when the power is back."""

    def __init__(self, paths: dict[str, int], contents: dict[int, Content], fate: Fate) -> None:
        self._paths, self._contents, self._fate = paths, contents, fate

    def read(self, path: str) -> bytearray | None:
        """None if it is gone. Ask once: chance would answer otherwise the next time."""
        content = self._contents.get(self._paths.get(path, ROOT))
        return None if content is None else content.after(self._fate)

    def files(self) -> Iterator[str]:
        return (path for path, file in self._paths.items() if file in self._contents)

    def write_to(self, folder: Path, wanted: Collection[str] = ()) -> None:
        """All that is left, or what is left of these files."""
        for path in self._paths:
            if not wanted or path in wanted:
                self._write(path, folder / path[1:])

    def _write(self, path: str, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        data = self.read(path)
        if data is None:
            target.mkdir(exist_ok=True)
        else:
            target.write_bytes(data)

"""Bytes of an event stream into frames, by WHATWG's rules, whatever the pieces they come in. No I/O."""

from __future__ import annotations

import re
from typing import NamedTuple

from aurad.model.errors import AuradError

FRAME_LIMIT = 8 * 1024 * 1024  # bytes of a frame: a snapshot of 500 jobs is about 2 MB
BOM = b"\xef\xbb\xbf"
_END = re.compile(rb"\r\n|\n|\r")


class Frame(NamedTuple):
    """`id` is the newest one seen; a frame of which only the id matters has an empty `data`."""

    type: str
    data: str
    id: str


class FrameDecoder:
    """Give it bytes, it gives frames. `retry` is what the server last asked for, in seconds; None if nothing."""

    def __init__(self, limit: int = FRAME_LIMIT) -> None:
        self.retry: float | None = None
        self._limit = limit
        self._pending: list[bytes] = []  # pieces of the unfinished line: joined once, so long lines cost linear time
        self._size = 0  # of the unfinished frame, its unfinished line too
        self._skip_newline = False  # the last byte was a CR, which ended a line already
        self._first = True
        self._type, self._id, self._new_id = "", "", False
        self._data: list[str] = []

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that `data` completes; raises E105 for one over the limit."""
        if self._skip_newline and data:
            data = data.removeprefix(b"\n")
            self._skip_newline = False
        if not data:
            return []
        self._skip_newline = data.endswith(b"\r")
        head, *rest = _END.split(data)
        self._keep(head)
        frames: list[Frame] = []
        for following in rest:
            line, self._pending = b"".join(self._pending), []
            if frame := self._line(line):
                frames.append(frame)
            self._keep(following)
        return frames

    def _keep(self, piece: bytes) -> None:
        self._pending.append(piece)
        self._size += len(piece)
        if self._size > self._limit:
            raise AuradError("E105-TOO_LARGE", f"cannot read an event over {self._limit} bytes")

    def _line(self, line: bytes) -> Frame | None:
        if self._first:
            line, self._first = line.removeprefix(BOM), False
        if not line:
            return self._frame()
        name, _, value = line.decode(errors="replace").partition(":")
        value = value.removeprefix(" ")
        match name:
            case "event":
                self._type = value
            case "data":
                self._data.append(value)
            case "id" if "\0" not in value:
                self._id, self._new_id = value, True
            case "retry" if re.fullmatch(r"[0-9]{1,9}", value):
                self.retry = int(value) / 1000
        return None

    def _frame(self) -> Frame | None:
        frame = Frame(self._type or "message", "\n".join(self._data), self._id)
        worth_telling = bool(self._data) or self._new_id
        self._type, self._data, self._new_id, self._size = "", [], False, 0
        return frame if worth_telling else None

"""Bytes into lines, whatever the pieces they come in. One class serves sockets, progress and logs."""

from __future__ import annotations

from aurad.model.errors import AuradError

LINE_LIMIT = 64 * 1024  # bytes of a line of text; longer ones are binary by mistake
MESSAGE_LIMIT = 32 * 1024 * 1024  # bytes of a worker's message: an hour's script with timed words is about 2 MiB


class LineDecoder:
    """Splits at `\\n`. A line over `limit` is refused, or, with `cut`, given in pieces of at most `limit`."""

    def __init__(self, limit: int = LINE_LIMIT, *, cut: bool = False) -> None:
        self._limit, self._cut = limit, cut
        self._pending: list[bytes] = []  # pieces of the unfinished line: joined once, so long lines cost linear time
        self._size = 0

    def feed(self, data: bytes | bytearray) -> list[bytes]:
        """The lines that `data` completes, without their ends."""
        head, *rest = bytes(data).split(b"\n")
        self._pending.append(head)
        self._size += len(head)
        lines: list[bytes] = []
        if rest:
            lines = self._bounded([b"".join(self._pending), *rest[:-1]])
            self._pending, self._size = [rest[-1]], len(rest[-1])
        if self._size > self._limit:
            *full, last = self._bounded([b"".join(self._pending)])
            lines += full
            self._pending, self._size = [last], len(last)
        return lines

    def flush(self) -> list[bytes]:
        """At the end of the stream: the last line if it has no end."""
        last, self._pending, self._size = b"".join(self._pending), [], 0
        return [last] if last else []

    def _bounded(self, lines: list[bytes]) -> list[bytes]:
        if max(map(len, lines)) <= self._limit:
            return lines
        if not self._cut:
            raise AuradError("E107-MESSAGE", f"cannot read a line over {self._limit} bytes")
        step = self._limit
        return [line[n : n + step] for line in lines for n in range(0, max(len(line), 1), step)]

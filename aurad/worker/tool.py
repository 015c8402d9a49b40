"""Programs that die with their scope, their children too. Knows nothing of FFmpeg.

Each runs in a process group of its own: TERM to the group, a short grace, then KILL of the group always. When
the leader obeys TERM, Trio stops waiting, and a child that ignores TERM would otherwise live on.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from typing import Literal, Protocol

import trio

from aurad.model.errors import AuradError
from aurad.model.stage import ToolResult
from aurad.wire.lines import LineDecoder

GRACE = 0.3  # seconds between TERM and KILL: enough to flush, short enough that a cancel feels immediate
TAIL = 64 * 1024  # bytes kept of what a tool says: what an error may carry
DRAIN = 1.0  # seconds to read on after the end: only a runaway grandchild still holds the pipe by then
CHUNK = 64 * 1024  # bytes of a read: the kernel's default pipe

OnLine = Callable[[Literal["stdout", "stderr"], str], None]


class ToolLog(Protocol):
    """Where a run of a tool is written down."""

    def started(self, argv: Sequence[str]) -> None: ...

    def line(self, stream: Literal["stdout", "stderr"], line: str) -> None: ...

    def ended(self, exit_code: int) -> None: ...


class Tail:
    """The last `TAIL` bytes of a stream."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def add(self, data: bytes | bytearray) -> None:
        self._bytes += data
        if len(self._bytes) > 2 * TAIL:  # rarely, so that a chatty tool costs linear time
            del self._bytes[:-TAIL]

    def __bytes__(self) -> bytes:
        return bytes(self._bytes[-TAIL:])


class Tool:
    """A running program and the last of what it said."""

    def __init__(self, process: trio.Process) -> None:
        self._process = process
        self.stdout, self.stderr = Tail(), Tail()
        self._drained, self._draining = trio.Event(), trio.CancelScope()

    @property
    def stdin(self) -> trio.abc.SendStream:
        assert self._process.stdin is not None, "the tool was opened without stdin"
        return self._process.stdin

    async def wait(self) -> int:
        """Its exit status (negative: the signal), once it and its group are gone and its output is read."""
        status = await self._process.wait()
        kill_group(self._process.pid)
        with trio.move_on_after(DRAIN):
            await self._drained.wait()
        self._draining.cancel()
        return status

    async def _pump(self, on_line: OnLine, *, data: bool) -> None:
        try:
            with self._draining:
                async with trio.open_nursery() as nursery:
                    stdout = None if data else partial(on_line, "stdout")
                    nursery.start_soon(_pump, self._process.stdout, self.stdout, stdout)
                    nursery.start_soon(_pump, self._process.stderr, self.stderr, partial(on_line, "stderr"))
        finally:
            self._drained.set()


@asynccontextmanager
async def open_tool(
    argv: Sequence[str], *, log: ToolLog, stdin: bool = False, data: bool = False, pass_fds: Sequence[int] = ()
) -> AsyncIterator[Tool]:
    """Run `argv` as long as the block lasts; leaving it early kills it. Raises OSError if it cannot start.

    With `data` its standard output is not text, and so not logged.
    """
    process: trio.Process | None = None
    try:
        with single_error():
            async with trio.open_nursery() as nursery:
                log.started(argv)
                process = await nursery.start(_run(argv, stdin=stdin, pass_fds=tuple(pass_fds)))
                tool = Tool(process)
                nursery.start_soon(partial(tool._pump, log.line, data=data))
                yield tool
                if process.stdin is not None:
                    await process.stdin.aclose()
                await tool.wait()
    finally:
        if process is not None:
            kill_group(process.pid)
            _close(process)
            log.ended(-signal.SIGKILL if process.returncode is None else process.returncode)


async def run_tool(argv: Sequence[str], *, stdin: bytes, log: ToolLog) -> ToolResult:
    """Run `argv` to its end, whatever its status."""
    try:
        async with open_tool(argv, log=log, stdin=True, data=True) as tool:
            with suppress(trio.BrokenResourceError):  # it need not read what it is given
                await tool.stdin.send_all(stdin)
            await tool.stdin.aclose()
            status = await tool.wait()
    except OSError as error:
        raise AuradError("E312-UNAVAILABLE", f"cannot run {argv[0]}: {error.strerror}") from error
    return ToolResult(status=status, stdout=bytes(tool.stdout), stderr=bytes(tool.stderr))


def kill_group(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


@contextmanager
def single_error() -> Iterator[None]:
    """Hide a nursery that is an implementation detail: one real error leaves as itself."""
    try:
        yield
    except BaseExceptionGroup as group:
        _, real = group.split(trio.Cancelled)
        if real is None or len(real.exceptions) > 1:
            raise
        raise (error := real.exceptions[0]) from error.__cause__


def _run(argv: Sequence[str], *, stdin: bool, pass_fds: tuple[int, ...]) -> Callable[..., Awaitable[object]]:
    """What runs the process, to be started in a nursery."""
    return partial(
        trio.run_process,
        argv,
        stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        check=False,
        process_group=0,
        pass_fds=pass_fds,
        deliver_cancel=_stop,
    )


async def _stop(process: trio.Process) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGTERM)
    await trio.sleep(GRACE)
    kill_group(process.pid)


async def _pump(stream: trio.abc.ReceiveStream | None, tail: Tail, on_line: Callable[[str], None] | None) -> None:
    assert stream is not None
    lines = LineDecoder(cut=True)  # a tool that never ends its line must not fail the task
    while chunk := await stream.receive_some(CHUNK):
        tail.add(chunk)
        if on_line:
            _tell(lines.feed(chunk), on_line)
    if on_line:
        _tell(lines.flush(), on_line)


def _tell(lines: list[bytes], on_line: Callable[[str], None]) -> None:
    for line in lines:
        on_line(line.decode("utf-8", "replace"))


def _close(process: trio.Process) -> None:
    for stream in (process.stdin, process.stdout, process.stderr):
        if isinstance(stream, trio.lowlevel.FdStream):
            stream.close()

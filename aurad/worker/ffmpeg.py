"""Running FFmpeg so that its success can be believed: counted, watched for silence, explained when it fails.

Success is status 0 *and* `progress=end` *and*, where asked for, exactly that many frames. FFmpeg hangs now
and then, also while it goes on reporting; the clock of `Silence` finds both and spares a slow producer.
"""

from __future__ import annotations

import fcntl
import math
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress

import trio

from aurad.model.errors import AuradError
from aurad.wire.ffmpeg import Progress, ProgressDecoder, stderr_to_cause
from aurad.worker.tool import CHUNK, DRAIN, Tool, ToolLog, open_tool, single_error

SILENCE = 30.0  # seconds: decoding a large first picture can take ten on a busy machine
PIPE_SIZE = 1024 * 1024  # bytes: the default 64 KiB costs 50 wake-ups for one 1080p frame
GLOBAL = ("-hide_banner", "-nostdin", "-y", "-nostats", "-stats_period", "0.1")


class Silence:
    """A clock that runs only while FFmpeg has work, and is set back by whatever shows that it works."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self._scope = seconds, trio.CancelScope()

    def run(self) -> None:
        self._scope.deadline = trio.current_time() + self.seconds

    def rest(self) -> None:
        self._scope.deadline = math.inf

    def heard(self) -> None:
        if self._scope.deadline != math.inf:
            self.run()

    async def wait(self) -> None:
        """Blocks until FFmpeg was silent for too long."""
        with self._scope:
            await trio.sleep_forever()


class FFmpeg:
    """One run of FFmpeg; `send` is what a stage sees (`aurad.api.Encode`)."""

    def __init__(
        self, tool: Tool, *, frames: int | None, on_frame: Callable[[int], None], silence: float = SILENCE
    ) -> None:
        self._tool, self._frames, self._on_frame = tool, frames, on_frame
        self._silence, self._last = Silence(silence), Progress()
        self._reported, self._succeeded = trio.Event(), trio.Event()

    async def send(self, planes: bytes | bytearray | memoryview) -> None:
        """Write one raw frame; waits while FFmpeg is busy. The bytes are not copied."""
        self._silence.run()
        try:
            await self._tool.stdin.send_all(memoryview(planes).cast("B"))
            return
        except trio.BrokenResourceError:
            pass  # why it reads no more is told below
        finally:
            self._silence.rest()
        await self._succeeded.wait()  # a failure arrives as its own error and cancels this wait
        raise self._error("it closed its input before the last frame", status=0)

    def begin(self) -> None:
        """It has all that it needs: from now on silence counts."""
        self._silence.run()

    async def finish(self, *, stdin: bool) -> None:
        """Nothing more to send: wait for the end."""
        self.begin()
        if stdin:
            await self._tool.stdin.aclose()
        await self._succeeded.wait()

    async def read_progress(self, pipe: trio.abc.ReceiveStream) -> None:
        blocks = ProgressDecoder()
        async with pipe:
            while chunk := await pipe.receive_some(CHUNK):
                for block in blocks.feed(chunk):
                    self._advance(block)
        self._reported.set()

    async def watch_silence(self) -> None:
        await self._silence.wait()
        raise AuradError(
            "E307-FFMPEG_HUNG",
            f"cannot finish FFmpeg: no progress for {self._silence.seconds:g} s at frame {self._last.frame}",
            details=self._details(),
        )

    async def watch_exit(self) -> None:
        status = await self._tool.wait()
        self._silence.rest()
        with trio.move_on_after(DRAIN):
            await self._reported.wait()
        self._judge(status)
        self._succeeded.set()

    def _advance(self, block: Progress) -> None:
        if (block.frame, block.out_time) != (self._last.frame, self._last.out_time):
            self._silence.heard()
        if block.frame > self._last.frame:
            self._on_frame(block.frame)
        self._last = block

    def _judge(self, status: int) -> None:
        if status:
            code, sentence = stderr_to_cause(bytes(self._tool.stderr))
            ended = f"signal {-status}" if status < 0 else f"status {status}"
            raise self._error(f"{sentence} ({ended})", status=status, code=code)
        if not self._last.ended:
            raise self._error("it ended without saying so", status=status)
        if self._frames is not None and self._last.frame != self._frames:
            raise self._error(f"it made {self._last.frame} frames instead of {self._frames}", status=status)

    def _error(self, cause: str, *, status: int, code: str = "E304-FFMPEG_RUNTIME") -> AuradError:
        return AuradError(code, f"cannot finish FFmpeg: {cause}", details={"exitCode": status, **self._details()})

    def _details(self) -> dict[str, object]:
        return {"stderr": bytes(self._tool.stderr).decode("utf-8", "replace")}


@asynccontextmanager
async def open_ffmpeg(
    path: str,
    arguments: Sequence[str],
    *,
    log: ToolLog,
    frames: int | None = None,
    stdin: bool = False,
    on_frame: Callable[[int], None] = lambda frame: None,
    silence: float = SILENCE,
) -> AsyncIterator[FFmpeg]:
    """Run FFmpeg as long as the block lasts; leaving it waits for success or raises E304..E307 or E501."""
    if not path:
        raise AuradError("E305-FFMPEG_MISSING", "cannot run FFmpeg: there is none")
    reader, writer = os.pipe()
    pipe = trio.lowlevel.FdStream(reader)
    argv = (path, *GLOBAL, "-progress", f"pipe:{writer}", *arguments)
    with single_error():
        try:
            async with open_tool(argv, log=log, stdin=stdin, pass_fds=(writer,)) as tool:
                os.close(writer)
                writer = -1
                if stdin:
                    _enlarge(tool.stdin)
                async with trio.open_nursery() as nursery:
                    run = FFmpeg(tool, frames=frames, on_frame=on_frame, silence=silence)
                    nursery.start_soon(run.read_progress, pipe)
                    nursery.start_soon(run.watch_silence)
                    nursery.start_soon(run.watch_exit)
                    if not stdin:
                        run.begin()
                    yield run
                    await run.finish(stdin=stdin)
                    nursery.cancel_scope.cancel()
        except OSError as error:
            if writer < 0:  # it did start: the error is the caller's own
                raise
            raise AuradError("E305-FFMPEG_MISSING", f"cannot run {path}: {error.strerror}") from error
        finally:
            pipe.close()
            if writer >= 0:
                os.close(writer)


def _enlarge(stream: trio.abc.SendStream) -> None:
    assert isinstance(stream, trio.lowlevel.FdStream)
    with suppress(OSError):  # the user's share of pipe memory is used up: slower, not wrong
        fcntl.fcntl(stream.fileno(), fcntl.F_SETPIPE_SZ, PIPE_SIZE)

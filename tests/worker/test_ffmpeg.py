"""FFmpeg's success is believed only when it is one; its hangs are found, whatever it says meanwhile."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest
import trio
import trio.testing

from aurad.model.errors import AuradError
from aurad.worker.ffmpeg import SILENCE, open_ffmpeg
from tests.worker.fakes import Log, fake
from tests.worker.rig import wait_gone

HURRY = 60  # seconds of the mock clock in a real one: a fake's start must stay far below SILENCE


async def test_success_is_counted_and_logged(tmp_path: Path) -> None:
    path, log, seen = fake(tmp_path, "say('hello'); block(1); block(3); block(3, 'end')"), Log(), list[int]()
    async with open_ffmpeg(path, ["out.mp4"], log=log, frames=3, on_frame=seen.append):
        pass
    assert seen == [1, 3]
    assert log.lines == [("stderr", "hello")]
    assert (log.argv[0], log.argv[-1], log.exit_codes) == (path, "out.mp4", [0])


async def test_frames_are_piped(tmp_path: Path) -> None:
    body = "data = sys.stdin.buffer.read(); say(str(len(data))); block(len(data) // 5_000_000, 'end')"
    log, frame = Log(), bytearray(5_000_000)
    async with open_ffmpeg(fake(tmp_path, body), [], log=log, frames=2, stdin=True) as run:
        await run.send(frame)
        await run.send(memoryview(frame).cast("B", (1000, 5000)))
    assert log.lines == [("stderr", "10000000")]


@pytest.mark.parametrize(
    ("body", "code", "named"),
    [
        ("block(2, 'end'); say('Invalid data found'); say('Conversion failed!'); sys.exit(1)", "E304", "Invalid data"),
        ("say('av_interleaved_write_frame(): No space left on device'); sys.exit(228)", "E501", "No space left"),
        ("say(\"[AVFilterGraph] No such filter: 'xfade'\"); say('Error opening output'); sys.exit(1)", "E306", "xfade"),
        ("say(\"Unknown encoder 'libx264'\"); sys.exit(8)", "E306", "libx264"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "E304", "signal 11"),
        ("sys.exit(3)", "E304", "status 3"),
        ("", "E304", "without saying so"),
        ("block(2)", "E304", "without saying so"),
        ("block(0, 'end')", "E304", "0 frames instead of 2"),
        ("block(None, 'end')", "E304", "0 frames instead of 2"),
        ("block(3, 'end')", "E304", "3 frames instead of 2"),
    ],
)
async def test_a_failure_is_explained(tmp_path: Path, body: str, code: str, named: str) -> None:
    with pytest.raises(AuradError) as caught:
        async with open_ffmpeg(fake(tmp_path, body), [], log=Log(), frames=2):
            pass
    assert caught.value.code.startswith(code)
    assert named in caught.value.detail
    assert isinstance(caught.value.details["stderr"], str)


@pytest.mark.parametrize("path", ["", "/nowhere/ffmpeg", os.devnull])
async def test_a_missing_ffmpeg_is_named(path: str) -> None:
    before = opened()
    with pytest.raises(AuradError) as caught:
        async with open_ffmpeg(path, [], log=Log()):
            pass
    assert caught.value.code == "E305-FFMPEG_MISSING"
    assert path in caught.value.detail
    assert opened() <= before


def opened() -> set[str]:
    """Where this process's descriptors lead. Not how many: those of earlier tests may be closed at any time."""
    links = set()
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError):  # the listing's own
            links.add(os.readlink(f"/proc/self/fd/{name}"))
    return links


HANGS = {
    "at once": "time.sleep(3600)",
    "with output": "for n in range(10_000): block(1); say('Press [q] to stop'); time.sleep(0.02)",
    "in its last words": "block(2, 'end'); os.close(0); os.close(pipe); time.sleep(3600)",
}


@pytest.mark.parametrize("how", HANGS)
async def test_a_hang_is_found(tmp_path: Path, mock_clock: trio.testing.MockClock, how: str) -> None:
    mock_clock.rate = HURRY
    log, began = Log(), trio.current_time()
    with pytest.raises(AuradError) as caught:
        async with open_ffmpeg(fake(tmp_path, HANGS[how]), [], log=log, frames=2):
            pass
    assert caught.value.code == "E307-FFMPEG_HUNG"
    assert SILENCE <= trio.current_time() - began < 4 * SILENCE
    assert log.exit_codes == [-signal.SIGTERM]


@pytest.mark.parametrize("when", ["while a frame waits", "after the last frame"])
async def test_a_hang_with_frames_is_found(tmp_path: Path, mock_clock: trio.testing.MockClock, when: str) -> None:
    mock_clock.rate = HURRY
    size = 8 * 1024 * 1024 if when == "while a frame waits" else 10
    with pytest.raises(AuradError, match="no progress"):
        async with open_ffmpeg(fake(tmp_path, "time.sleep(3600)"), [], log=Log(), stdin=True) as run:
            await run.send(bytes(size))


async def test_a_slow_producer_is_no_hang(tmp_path: Path, mock_clock: trio.testing.MockClock) -> None:
    mock_clock.rate = HURRY
    body = "while data := os.read(0, 1 << 20): block(1)\nblock(2, 'end')"
    async with open_ffmpeg(fake(tmp_path, body), [], log=Log(), frames=2, stdin=True) as run:
        for _ in range(2):
            await trio.sleep(1.2 * SILENCE)
            await run.send(b"frame")


async def test_a_slow_encoder_is_no_hang(tmp_path: Path, mock_clock: trio.testing.MockClock) -> None:
    mock_clock.rate = HURRY
    began, body = trio.current_time(), "for n in range(10): block(n); time.sleep(0.08)\nblock(10, 'end')"
    async with open_ffmpeg(fake(tmp_path, body), [], log=Log(), frames=10):
        pass
    assert trio.current_time() - began > SILENCE


async def test_death_while_a_frame_waits_is_its_own_error(tmp_path: Path) -> None:
    body = "os.read(0, 100); say('Cannot allocate memory'); sys.exit(1)"
    with pytest.raises(AuradError, match="Cannot allocate memory"):
        await _send_forever(fake(tmp_path, body))


async def test_frames_that_nobody_reads_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(AuradError, match="closed its input"):
        await _send_forever(fake(tmp_path, "block(1, 'end')"))


async def test_an_error_of_the_stage_leaves_as_itself(tmp_path: Path) -> None:
    log = Log()
    with pytest.raises(ZeroDivisionError):
        async with open_ffmpeg(fake(tmp_path, "time.sleep(3600)"), [], log=log, stdin=True):
            raise ZeroDivisionError
    assert log.exit_codes == [-signal.SIGTERM]


async def test_an_os_error_of_the_stage_leaves_as_itself(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        async with open_ffmpeg(fake(tmp_path, "time.sleep(3600)"), [], log=Log(), stdin=True):
            raise FileNotFoundError


async def test_a_cancel_kills_what_is_deaf_to_it(tmp_path: Path, autojump_clock: trio.testing.MockClock) -> None:
    autojump_clock.autojump_threshold = 0.05
    body = """
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = os.fork()
if child: say(f"{os.getpid()} {child}")
time.sleep(3600)
"""
    log = Log()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_hold, fake(tmp_path, body), log)
        while not log.lines:  # noqa: ASYNC110 another process says it
            await trio.sleep(0.001)
        nursery.cancel_scope.cancel()
    assert log.exit_codes == [-signal.SIGKILL]
    await wait_gone({int(pid) for pid in log.lines[0][1].split()})


async def _hold(path: str, log: Log) -> None:
    async with open_ffmpeg(path, [], log=log, stdin=True):
        await trio.sleep_forever()


async def _send_forever(path: str) -> None:
    async with open_ffmpeg(path, [], log=Log(), stdin=True) as run:
        while True:
            await run.send(bytes(1024 * 1024))

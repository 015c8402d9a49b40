"""Stages on asyncio: the context's tools run in Trio for them, and die with their task."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio

from aurad.api import AuradError, Narration, StageContext, Value, VoiceRequest, VoiceStage
from aurad.testing import Ran, run_stage, write_tone
from tests.toys.voices import beep
from tests.worker.fakes import fake
from tests.worker.rig import wait_gone

Body = Callable[[StageContext[Any]], Awaitable[None]]


def stage(body: Body) -> VoiceStage[Value]:
    class Voice(VoiceStage[Value]):
        name = "voice"
        loop = "asyncio"

        async def speak(self, request: VoiceRequest, context: StageContext[Value]) -> Narration:
            await body(context)
            return beep(request, context)

    return Voice()


async def run(folder: Path, body: Body, ffmpeg: str = "true") -> Ran:
    request = VoiceRequest(text="one two", language="en")
    return await run_stage(stage(body), "speak", request, workspace=folder, ffmpeg=ffmpeg)


async def test_tools_and_probes(tmp_path: Path) -> None:
    async def body(context: StageContext[Any]) -> None:
        assert (await context.run_tool(["cat"], stdin=b"abc")).stdout == b"abc"
        write_tone(context.workspace / "a.wav", seconds=0.1)
        assert (await context.probe(context.workspace / "a.wav")).channels == 1

    assert (await run(tmp_path, body)).output.words


async def test_frames_are_piped_and_counted(tmp_path: Path) -> None:
    async def body(context: StageContext[Any]) -> None:
        async with context.ffmpeg(["x"], frames=2, stdin=True) as encode:
            await encode.send(bytes(1 << 21))
            await encode.send(bytes(1 << 21))

    ffmpeg = fake(tmp_path, "say(str(len(sys.stdin.buffer.read()))); block(2, 'end')")
    ran = await run(tmp_path, body, ffmpeg)
    assert ran.tool_log == [str(1 << 22)]
    assert ran.progress[-1].done == 1


@pytest.mark.parametrize("script", ["sys.exit(1)", "os.read(0, 9); sys.exit(1)", "sys.stdin.read(); sys.exit(1)"])
async def test_a_failure_of_ffmpeg_arrives(tmp_path: Path, script: str) -> None:
    async def body(context: StageContext[Any]) -> None:
        async with context.ffmpeg(["x"], stdin=True) as encode:
            await encode.send(bytes(1 << 21))

    with pytest.raises(AuradError, match="cannot finish FFmpeg: broken"):
        await run(tmp_path, body, fake(tmp_path, "say('broken')\n" + script))


async def test_a_missing_ffmpeg_arrives(tmp_path: Path) -> None:
    async def body(context: StageContext[Any]) -> None:
        async with context.ffmpeg(["x"]):
            raise AssertionError

    with pytest.raises(AuradError) as caught:
        await run(tmp_path, body, "")
    assert caught.value.code == "E305-FFMPEG_MISSING"


async def test_an_error_of_the_stage_leaves_as_itself(tmp_path: Path) -> None:
    async def body(context: StageContext[Any]) -> None:
        async with context.ffmpeg(["x"], stdin=True):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await run(tmp_path, body, fake(tmp_path, "time.sleep(3600)"))


@pytest.mark.parametrize("how", ["ffmpeg", "tool", "sleep"])
async def test_a_cancel_reaches_asyncio_and_its_tools(tmp_path: Path, how: str) -> None:
    started, ended = trio.Event(), list[str]()
    token = trio.lowlevel.current_trio_token()
    pid = tmp_path / "pid"
    ffmpeg = fake(tmp_path, f"open({str(pid)!r}, 'w').write(str(os.getpid())); block(1); time.sleep(3600)")

    async def body(context: StageContext[Any]) -> None:
        token.run_sync_soon(started.set)
        try:
            if how == "ffmpeg":
                async with context.ffmpeg(["x"], stdin=True):
                    await asyncio.sleep(3600)
            elif how == "tool":
                await context.run_tool([ffmpeg])
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(run, tmp_path, body, ffmpeg))
            await started.wait()
            while how != "sleep" and not await trio.Path(pid).exists():  # noqa: ASYNC110 another process makes it
                await trio.sleep(0.005)
            nursery.cancel_scope.cancel()
    assert ended == ["cancelled"]
    if how != "sleep":
        await wait_gone({int(await trio.Path(pid).read_text() or "0")})

"""A daemon in miniature: starts a real guardian with a real worker and speaks the protocol with it."""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import trio

import aurad.worker
from aurad.model.value import Value
from aurad.wire import jsonrpc
from aurad.wire.lines import MESSAGE_LIMIT, LineDecoder
from aurad.wire.worker import API, NEWS, Cancel, Initialize, Limits, Run, StageProblem, Tools

GUARDIAN = Path(aurad.worker.__file__).with_name("guardian.py")
ROOT = Path(__file__).parent.parent.parent
PATIENCE = 20  # seconds for anything to happen on a busy machine


class Rig:
    """A worker under test. `lines` are raw, `news` are understood, in order of arrival."""

    def __init__(self, process: trio.Process, sock: trio.SocketStream, watchdog: int, folder: Path) -> None:
        self.process, self._sock, self.watchdog, self.folder = process, sock, watchdog, folder
        self._numbers = itertools.count(1)
        self.lines: list[bytes] = []
        self.news: list[Value] = []
        self.answers: dict[jsonrpc.Id, jsonrpc.Reply | jsonrpc.Failure] = {}
        self.stderr = b""
        self.info: Any = None
        self.ended = False
        self._changed = trio.Event()

    async def ask(self, method: str, params: object) -> Any:
        """The answer's JSON, or a `StageProblem`."""
        return await self.answer(await self.send(method, params))

    async def send(self, method: str, params: object) -> int:
        number = next(self._numbers)
        await self._sock.send_all(jsonrpc.encode(jsonrpc.request(number, method, params)))
        return number

    async def answer(self, number: int) -> Any:
        await self.until(lambda: number in self.answers)
        match self.answers[number]:
            case jsonrpc.Reply(_, result):
                return msgspec.json.decode(result)
            case jsonrpc.Failure(_, error):
                assert isinstance(error.data, msgspec.Raw)
                return jsonrpc.parse(error.data, StageProblem, "the problem")

    async def start(self, stage: str, request: object, *, method: str = "speak", **more: Any) -> int:
        """Send a `run` with a workspace of its own; gives the request's number."""
        workspace = self.folder / f"task-{stage}-{len(list(self.folder.iterdir()))}"
        workspace.mkdir()
        run = Run(task_id=stage, stage=stage, method=method, request=request, workspace=str(workspace), **more)
        return await self.send("run", run)

    async def run(self, stage: str, request: object, **more: Any) -> Any:
        return await self.answer(await self.start(stage, request, **more))

    async def cancel(self, task_id: str) -> None:
        message = jsonrpc.notification("$/cancel", Cancel(task_id=task_id))
        await self._sock.send_all(jsonrpc.encode(message))

    async def until(self, happened: Callable[[], bool]) -> None:
        with trio.fail_after(PATIENCE):
            while not happened():
                assert not self.ended, f"the worker is gone: {self.stderr.decode()}"
                await self._changed.wait()

    async def wait_ended(self) -> int:
        with trio.fail_after(PATIENCE):
            return await self.process.wait()

    def told(self, kind: type[Value]) -> list[Any]:
        return [each for each in self.news if isinstance(each, kind)]

    def bite(self) -> None:
        """The daemon dies: the watchdog's pipe closes."""
        os.close(self.watchdog)
        self.watchdog = -1

    async def hang_up(self) -> None:
        await self._sock.aclose()

    def below(self) -> set[int]:
        """Every living process below the guardian."""
        return living_below(self.process.pid)

    async def read(self) -> None:
        decoder = LineDecoder(MESSAGE_LIMIT)
        try:
            async for chunk in self._sock:
                for line in decoder.feed(chunk):
                    self._take(line)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        self.ended = True
        self._changed.set()

    def _take(self, line: bytes) -> None:
        self.lines.append(line)
        if line.startswith(b"{"):
            match jsonrpc.decode(line):
                case jsonrpc.Notification(method, params):
                    self.news.append(jsonrpc.parse(params, NEWS[method], method))
                case jsonrpc.Reply(id) | jsonrpc.Failure(id) as answer:
                    self.answers[id] = answer
        changed, self._changed = self._changed, trio.Event()
        changed.set()

    async def listen(self) -> None:
        assert self.process.stderr is not None
        async for chunk in self.process.stderr:
            self.stderr += chunk


@asynccontextmanager
async def open_rig(plugin: str, folder: Path, *, ffmpeg: str = "", limits: Limits = Limits()) -> AsyncIterator[Rig]:
    """A worker that has been initialized; its guardian has ended when the block is left."""
    async with _open_process(plugin, folder) as rig, trio.open_nursery() as nursery:
        nursery.start_soon(rig.read)
        nursery.start_soon(rig.listen)
        tools, cache = Tools(ffmpeg=ffmpeg), str(folder / "cache")
        params = Initialize(api=API, plugin=plugin, cache_dir=cache, tools=tools, limits=limits)
        rig.info = await rig.ask("initialize", params)
        yield rig
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def _open_process(plugin: str, folder: Path) -> AsyncIterator[Rig]:
    ours, theirs = socket.socketpair()
    reader, writer = os.pipe()
    worker = [sys.executable, "-m", "aurad.worker.main", "--rpc", str(theirs.fileno()), "--plugin", plugin]
    with theirs:
        process = await trio.lowlevel.open_process(
            [sys.executable, "-I", "-S", str(GUARDIAN), "--watchdog", str(reader), "--", *worker],
            stderr=subprocess.PIPE,
            pass_fds=(theirs.fileno(), reader),
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    os.close(reader)
    rig = Rig(process, trio.SocketStream(trio.socket.from_stdlib_socket(ours)), writer, folder)
    try:
        yield rig
    finally:
        if rig.watchdog >= 0:
            rig.bite()
        with trio.CancelScope(shield=True):
            await rig.wait_ended()
            await rig.hang_up()
            if process.stderr is not None:
                await process.stderr.aclose()


def living_below(root: int) -> set[int]:
    """Processes below `root` that are no zombies, by their parents in /proc."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state != "Z":
            parents[int(folder.name)] = int(parent)
    found: set[int] = set()
    while new := {pid for pid, parent in parents.items() if parent in {root, *found}} - found:
        found |= new
    return found


def alive(pids: set[int]) -> set[int]:
    """Those of `pids` that still run."""
    running = set()
    for pid in pids:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
                running.add(pid)
        except OSError:
            continue
    return running


async def wait_gone(pids: set[int]) -> None:
    """A killed process takes a moment to be gone."""
    end = time.monotonic() + PATIENCE
    while left := alive(pids):
        assert time.monotonic() < end, f"{left} live on"
        await trio.to_thread.run_sync(time.sleep, 0.01)  # real time, whatever the test's clock

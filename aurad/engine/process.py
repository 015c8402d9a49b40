"""One worker process: its birth under a guardian, one call at a time, its certain death.

The guardian kills everything below it as soon as the watchdog pipe, whose other end only we hold, is
closed. So a worker that does not obey, or a daemon that dies, leaves nothing behind.
"""

from __future__ import annotations

import itertools
import os
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TypeVar

import msgspec
import trio

from aurad.model.errors import AuradError
from aurad.model.value import Value
from aurad.wire import jsonrpc
from aurad.wire.lines import MESSAGE_LIMIT, LineDecoder
from aurad.wire.worker import NEWS, Cancel, LogNews, Run, StageProblem, problem_to_error

T = TypeVar("T")
Emit = Callable[[str, Value], None]
GUARDIAN = Path(__file__).parents[1] / "worker" / "guardian.py"  # run as a file: nothing is imported
OBEY = 0.7  # seconds a worker has to answer a cancel before it is killed: a tool has 0.3 of them to obey
DEATH = 5.0  # seconds to wait for what was killed: a process in an unreachable file system may never end
FAREWELL = 0.3  # seconds an idle worker has to close its stages
SAID = 200  # lines of a worker's stderr kept for the story of its death
CAUSES = {
    signal.SIGKILL: "killed from outside, perhaps for want of memory",
    signal.SIGSEGV: "a fault in native code",
    signal.SIGABRT: "given up by native code",
    signal.SIGXCPU: "one task may not use more processor time; see workers.cpu_seconds",
}
CRASH, HUNG, GARBAGE = "E300-CRASH", "E301-HUNG", "E302-GARBAGE"


class Worker:
    """One worker process. Made by `open_worker`; `failure` is set once it is of no more use."""

    def __init__(self, plugin: str, process: trio.Process, stream: trio.SocketStream, watchdog: int) -> None:
        self.plugin, self._process, self._stream, self._watchdog = plugin, process, stream, watchdog
        self._numbers = itertools.count(1)
        self._number = 0
        self._answer: jsonrpc.Reply | jsonrpc.Failure | None = None
        self._answered = trio.Event()
        self._emit: Emit = _nobody
        self.said: deque[str] = deque(maxlen=SAID)
        self.failure: AuradError | None = None

    async def call(self, method: str, params: Value, result: type[T], emit: Emit | None = None) -> T:
        """One request and its answer. Raises what the stage raised; E300..E302 if the worker is lost.

        Cancelling asks the worker to stop, then kills it.
        """
        self._number, self._answer, self._answered = next(self._numbers), None, trio.Event()
        self._emit = emit or _nobody
        try:
            await self._send(jsonrpc.request(self._number, method, params))
            await self._answered.wait()
        except trio.Cancelled:
            with trio.move_on_after(OBEY, shield=True):
                await self._take_back(params)
            if not self._answered.is_set():
                self.kill(AuradError(HUNG, f"cannot stop {self.plugin} politely: it did not answer a cancel"))
            if self.failure is not None:
                with trio.move_on_after(DEATH, shield=True):
                    await self.wait_gone()  # with all that was below it: whoever cancels may count on that
            raise
        finally:
            self._emit = _nobody
        return self._result(result)

    async def _take_back(self, params: Value) -> None:
        if isinstance(params, Run):
            with suppress(AuradError):
                await self._send(jsonrpc.notification("$/cancel", Cancel(task_id=params.task_id)))
            await self._answered.wait()

    def _result(self, result: type[T]) -> T:
        match self._answer:
            case jsonrpc.Reply(_, value):
                return self.parse(value, result)
            case jsonrpc.Failure(_, error):
                raise problem_to_error(self._problem(error))
        raise self.failure or self._died()

    def _problem(self, error: jsonrpc.ErrorObject) -> StageProblem:
        if isinstance(error.data, msgspec.Raw):
            return self.parse(error.data, StageProblem)
        return StageProblem(name="Crash", code=CRASH, detail=error.message)

    def parse(self, answer: msgspec.Raw, result: type[T]) -> T:
        """An answer as what it should be; one that is not is the end of the worker."""
        try:
            return jsonrpc.parse(answer, result, "what it answered")
        except AuradError as error:
            garbage = AuradError(GARBAGE, f"cannot understand {self.plugin}: {error.detail}")
            self.kill(garbage)
            raise garbage from None

    async def _send(self, message: jsonrpc.Message) -> None:
        try:
            await self._stream.send_all(jsonrpc.encode(message))
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            raise self.failure or self._died() from None

    async def read_forever(self) -> None:
        """Hand every message to whom it concerns; garbage is the end of the worker."""
        lines = LineDecoder(MESSAGE_LIMIT)
        try:
            async for chunk in self._stream:
                for line in lines.feed(bytes(chunk)):
                    self._take(jsonrpc.decode(line))
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        except AuradError as error:
            self.kill(AuradError(GARBAGE, f"cannot understand {self.plugin}: {error.detail}"))
        with trio.move_on_after(OBEY):
            await self._process.wait()
        self.kill(self._died())

    def _take(self, message: jsonrpc.Message) -> None:
        match message:
            case jsonrpc.Notification(kind, params) if kind in NEWS:
                self._tell(kind, jsonrpc.parse(params, NEWS[kind], f"{kind} of {self.plugin}"))
            case jsonrpc.Reply(0):
                pass  # it heard the farewell
            case jsonrpc.Reply(id) | jsonrpc.Failure(id) if id == self._number and self._answer is None:
                self._answer = message
                self._answered.set()
            case _:
                raise AuradError(GARBAGE, "an answer that nobody asked for")

    def _tell(self, kind: str, news: Value) -> None:
        try:
            self._emit(kind, news)
        except msgspec.ValidationError as error:  # news whose content is not what its kind promises
            raise AuradError(GARBAGE, f"{kind}: {error}") from error

    async def listen_forever(self) -> None:
        """Keep the end of what the worker says on stderr, and pass it on as log lines."""
        assert self._process.stderr is not None
        lines = LineDecoder(cut=True)
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            async for chunk in self._process.stderr:
                for line in lines.feed(bytes(chunk)):
                    text = line.decode("utf-8", "replace")
                    self.said.append(text)
                    self._emit("log", LogNews(task_id="", stream="stderr", line=text))

    def _died(self) -> AuradError:
        last = f": {self.said[-1]}" if self.said else ""
        how, details = _ending(self._process.returncode)
        return AuradError(CRASH, f"cannot go on with {self.plugin}: its worker {how}{last}", details=details)

    async def part(self) -> None:
        """Ask an idle worker to end by itself, so that its stages can close what they opened."""
        if self.failure is None and self._emit is _nobody:
            with suppress(AuradError):
                await self._send(jsonrpc.request(0, "shutdown", {}))
                await self._process.wait()

    def kill(self, why: AuradError) -> None:
        """End the worker and everything below it at once; whoever waits gets `why`."""
        self.failure = self.failure or why
        if self._watchdog >= 0:
            os.close(self._watchdog)
            self._watchdog = -1
        self._answered.set()

    async def wait_gone(self) -> None:
        await self._process.wait()


def _ending(status: int | None) -> tuple[str, dict[str, object]]:
    """How a process ended, from its guardian's status (128 more than a signal), or the guardian's own signal."""
    if status is None:
        return "ended", {}
    try:
        number = signal.Signals(-status if status < 0 else status - 128)
    except ValueError:
        return f"ended with status {status}", {"status": status}
    cause = f" ({CAUSES[number]})" if number in CAUSES else ""
    return f"was ended by {number.name}{cause}", {"signal": number.name}


def _nobody(kind: str, news: Value) -> None:
    """News that belong to no call are dropped."""


@asynccontextmanager
async def open_worker(plugin: str, environment: Mapping[str, str]) -> AsyncIterator[Worker]:
    """A worker process of `plugin` under its guardian; both are gone when the block is left."""
    ours, theirs = socket.socketpair()
    dog_read, dog_write = os.pipe()
    try:
        process = await trio.lowlevel.open_process(
            _argv(plugin, theirs.fileno(), dog_read),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=(theirs.fileno(), dog_read),
            start_new_session=True,
            env=environment,
        )
    except BaseException:
        ours.close()
        os.close(dog_write)
        raise
    finally:
        theirs.close()
        os.close(dog_read)
    stream = trio.SocketStream(trio.socket.from_stdlib_socket(ours))
    worker = Worker(plugin, process, stream, dog_write)
    async with stream, trio.open_nursery() as nursery:
        nursery.start_soon(worker.read_forever)
        nursery.start_soon(worker.listen_forever)
        try:
            yield worker
        finally:
            with trio.move_on_after(FAREWELL, shield=True):
                await worker.part()
            worker.kill(AuradError("E502-STOPPING", f"cannot go on with {plugin}: its worker was let go"))
            with trio.move_on_after(5, shield=True):
                await worker.wait_gone()
            nursery.cancel_scope.cancel()


def _argv(plugin: str, rpc: int, watchdog: int) -> list[str]:
    # -P: a `trio.py` in the folder where somebody started us is not imported
    worker = [sys.executable, "-P", "-m", "aurad.worker.main", "--rpc", str(rpc), "--plugin", plugin]
    return [sys.executable, "-I", "-S", str(GUARDIAN), "--watchdog", str(watchdog), "--", *worker]

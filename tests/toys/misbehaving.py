"""Everything that a plugin may do wrong. Each must cost one attempt, never the daemon, and leave no process."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

import trio

from aurad.api import Artifact, Narration, Stage, StageContext, Value, VoiceRequest, VoiceStage, hookimpl
from tests.toys.voices import beep

# Leaves its session, forks twice and is deaf to TERM; its parent waits until it got away.
ESCAPE = """
import os, signal, sys, time
reader, writer = os.pipe()
if os.fork():
    os.close(writer)
    os.read(reader, 1)
    os._exit(0)
os.setsid()
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork(): os._exit(0)
os.close(0), os.close(1), os.close(2)
with open(sys.argv[1] + ".new", "w") as file: file.write(str(os.getpid()))
os.rename(sys.argv[1] + ".new", sys.argv[1])
os.close(writer)
time.sleep(3600)
"""


class Dies(VoiceStage[Value]):
    name = "dies"

    def speak(self, request: VoiceRequest, context: StageContext[Value]) -> Narration:
        os.write(2, b"about to die\n")
        os._exit(7)


class Hangs(VoiceStage[Value]):
    """Stuck in Trio's own thread: not even the end of the daemon is noticed."""

    name = "hangs"

    async def speak(self, request: VoiceRequest, context: StageContext[Value]) -> Narration:
        subprocess.Popen([sys.executable, "-I", "-S", "-c", ESCAPE, str(context.cache / "escaped")])  # noqa: ASYNC220
        context.progress(0.5)
        time.sleep(3600)  # noqa: ASYNC251
        raise AssertionError


class HangsInThread(VoiceStage[Value]):
    name = "hangs-in-thread"

    def speak(self, request: VoiceRequest, context: StageContext[Value]) -> Narration:
        context.progress(0.5)
        time.sleep(3600)
        raise AssertionError


class Garbage(VoiceStage[Value]):
    name = "garbage"

    def speak(self, request: VoiceRequest, context: StageContext[Value]) -> Narration:
        os.write(protocol_descriptor(), b"Loading model... 100%\n")
        return beep(request, context)


class Twice(VoiceStage[Value]):
    """Answers for itself before the worker does."""

    name = "twice"

    def speak(self, request: VoiceRequest, context: StageContext[Value]) -> Narration:
        os.write(protocol_descriptor(), b'{"jsonrpc":"2.0","id":2,"result":{"output":null}}\n')
        return beep(request, context)


class Empty(VoiceStage[Value]):
    """Answers what is no answer, to the third request of its worker's life."""

    name = "empty"

    def speak(self, request: VoiceRequest, context: StageContext[Value]) -> Narration:
        os.write(protocol_descriptor(), b'{"jsonrpc":"2.0","id":3,"result":null}\n')
        time.sleep(3600)
        raise AssertionError


class Prints(VoiceStage[Value]):
    """Not wrong at all: libraries print."""

    name = "prints"

    def speak(self, request: VoiceRequest, context: StageContext[Value]) -> Narration:
        print('{"jsonrpc":"2.0","id":1,"result":"printed"}')
        os.write(1, b"written to 1\n")
        subprocess.run(["echo", "said by a child"], check=True)
        return beep(request, context)


class Escapes(VoiceStage[Value]):
    """A child that survives the death of its group; then waits, or answers if the text is `answer`."""

    name = "escapes"

    async def speak(self, request: VoiceRequest, context: StageContext[Value]) -> Narration:
        await context.run_tool([sys.executable, "-I", "-S", "-c", ESCAPE, str(context.cache / "escaped")])
        while not await trio.Path(context.cache / "escaped").exists():  # noqa: ASYNC110 another process makes it
            await trio.sleep(0.01)
        context.progress(1)
        if request.text != "answer":
            await trio.sleep_forever()
        return beep(request, context)


class Bomb(VoiceStage[Value]):
    name = "bomb"

    def speak(self, request: VoiceRequest, context: StageContext[Value]) -> Narration:
        hoard = [bytearray(64 << 20) for _ in range(64)]
        raise AssertionError(len(hoard))


class Hoards(VoiceStage[Value]):
    """Opens one file after the other."""

    name = "hoards"

    def speak(self, request: VoiceRequest, context: StageContext[Value]) -> Narration:
        held = [(context.workspace / str(number)).open("wb") for number in range(5000)]
        raise AssertionError(len(held))


class Floods(VoiceStage[Value]):
    """Writes a file without end; a hole would do, but would cost nothing."""

    name = "floods"

    def speak(self, request: VoiceRequest, context: StageContext[Value]) -> Narration:
        with (context.workspace / "flood").open("wb") as file:
            for _ in range(4096):
                file.write(bytes(1 << 20))
        raise AssertionError


class Spins(VoiceStage[Value]):
    """Computes without end, if it is told to; the first tasks of a warm worker may do without."""

    name = "spins"

    def speak(self, request: VoiceRequest, context: StageContext[Value]) -> Narration:
        end = time.process_time() + float(request.text)
        while time.process_time() < end:
            pass
        return beep(request, context)


class Looks(VoiceStage[Value]):
    """Tells what it and its tools see of the machine."""

    name = "looks"

    async def speak(self, request: VoiceRequest, context: StageContext[Value]) -> Narration:
        context.log(f"environment {' '.join(sorted(os.environ))}")
        for what in ("cat /proc/self/oom_score_adj", "ulimit -n", "ls /proc/self/fd"):
            said = await context.run_tool(["sh", "-c", what])
            context.log(f"{what}: {' '.join(said.stdout.decode().split())}")
        return beep(request, context)


class Crashes(VoiceStage[Value]):
    name = "crashes"

    async def speak(self, request: VoiceRequest, context: StageContext[Value]) -> Narration:
        await trio.lowlevel.checkpoint()
        words: dict[str, Narration] = {}
        return words["no such key"]


class Exits(VoiceStage[Value]):
    name = "exits"

    def speak(self, request: VoiceRequest, context: StageContext[Value]) -> Narration:
        sys.exit("I am done")


class Lies(VoiceStage[Value]):
    """Of the right class, but not of the right type: constructors check nothing."""

    name = "lies"

    def speak(self, request: VoiceRequest, context: StageContext[Value]) -> Narration:
        return Narration(audio="somewhere", sample_rate=1, samples=1, words=())  # type: ignore[arg-type]


class Invents(VoiceStage[Value]):
    """Names a file that it never handed over."""

    name = "invents"

    def speak(self, request: VoiceRequest, context: StageContext[Value]) -> Narration:
        audio = Artifact(sha256="0" * 64, size_bytes=1, media_type="audio/wav")
        return Narration(audio=audio, sample_rate=24_000, samples=1, words=())


def protocol_descriptor() -> int:
    """The daemon's socket, as a plugin bent on mischief would find it: Trio's own sockets do not block."""
    found = (int(name) for name in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{name}"))
    sockets = [each for each in found if stat.S_ISSOCK(os.fstat(each).st_mode) and os.get_blocking(each)]
    return sockets[-1]


@hookimpl
def aurad_stages() -> Sequence[type[Stage[Any]]]:
    return [
        Dies, Hangs, HangsInThread, Garbage, Twice, Empty, Prints, Escapes, Bomb, Hoards, Floods, Spins, Looks, Crashes,
        Exits, Lies, Invents,
    ]  # fmt: skip

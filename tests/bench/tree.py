"""Runs a command and accounts for every process it starts, also those that leave it: wall, CPU and memory.

The caller becomes a subreaper, so that a daemon that detaches comes back as our child when its parent
ends. Linux adds what a reaped child and all its reaped descendants used to RUSAGE_CHILDREN: once
everything is reaped nothing is missed and nothing is counted twice. Memory is sampled: the sum of the
proportional set sizes, in which shared pages count once.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
SAMPLE_EVERY = 0.2  # seconds; a scene's encoder lives for seconds
END_GRACE = 15.0  # seconds that what is left may take to stop on SIGTERM
TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True)
class Run:
    """`wall` until the command itself ended, `cpu` of all processes, `foreign` the share of the machine others used."""

    status: int
    wall: float
    cpu: float
    foreign: float
    peak_pss: int = 0
    first_line: float | None = None
    stdout: str = ""
    stderr: str = ""


def measure(commands: Sequence[Sequence[str]], environ: Mapping[str, str], *, awaited: bytes = b"") -> Run:
    """Run `commands` side by side to their end, then stop whatever they left behind and count that too.

    `first_line` is when the first command first said a line with `awaited` on its standard error.
    """
    _become_subreaper()
    busy, used, clock = _machine_busy(), _children_cpu(), time.monotonic()
    processes = [_start(command, environ) for command in commands]
    listeners = [_Listener(process, clock, awaited) for process in processes]
    with _Sampler() as sampler:
        status = max(abs(process.wait()) for process in processes)
        wall = time.monotonic() - clock
    _end_all()
    for listener in listeners:
        listener.join()
    cpu, elapsed = _children_cpu() - used, time.monotonic() - clock
    foreign = (_machine_busy() - busy - cpu - sampler.cpu) / elapsed / (os.cpu_count() or 1)
    return Run(
        status=status,
        wall=wall,
        cpu=cpu,
        foreign=max(0.0, foreign),
        peak_pss=sampler.peak,
        first_line=listeners[0].first,
        stdout=listeners[0].stdout,
        stderr=listeners[0].stderr,
    )


def _start(command: Sequence[str], environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


class _Listener:
    """Reads what a command says, and notes when it said its first line to people."""

    def __init__(self, process: subprocess.Popen[bytes], clock: float, awaited: bytes) -> None:
        self.first: float | None = None
        self._clock, self._awaited = clock, awaited
        self._said: tuple[list[bytes], list[bytes]] = ([], [])
        self._threads = [
            threading.Thread(target=self._read, args=(process.stdout, self._said[0]), daemon=True),
            threading.Thread(target=self._read_talk, args=(process.stderr, self._said[1]), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def _read(self, pipe: Iterator[bytes], lines: list[bytes]) -> None:
        lines.extend(pipe)

    def _read_talk(self, pipe: Iterator[bytes], lines: list[bytes]) -> None:
        for line in pipe:
            if self.first is None and self._awaited in line:
                self.first = time.monotonic() - self._clock
            lines.append(line)

    def join(self) -> None:
        for thread in self._threads:
            thread.join(timeout=5)

    @property
    def stdout(self) -> str:
        return b"".join(self._said[0]).decode()

    @property
    def stderr(self) -> str:
        return b"".join(self._said[1]).decode()


class _Sampler:
    """Watches the memory of all our descendants; knows what the watching itself cost."""

    def __init__(self) -> None:
        self.peak, self.cpu = 0, 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> _Sampler:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(SAMPLE_EVERY):
            self.peak = max(self.peak, sum(_pss(pid) for pid in descendants(os.getpid())))
        self.cpu = time.thread_time()


def descendants(root: int) -> Iterator[int]:
    """All children of `root`, and theirs."""
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:  # gone meanwhile
            continue
        parents.setdefault(parent, []).append(int(folder.name))
    waiting = list(parents.get(root, ()))
    while waiting:
        pid = waiting.pop()
        yield pid
        waiting.extend(parents.get(pid, ()))


def _pss(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:  # gone, or a zombie
        pass
    return 0


def _become_subreaper() -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "cannot become a subreaper")


def _end_all() -> None:
    """Stop what came back to us, politely first, and reap it all."""
    deadline, sent = time.monotonic() + END_GRACE, set[int]()
    while True:
        late = time.monotonic() > deadline
        for pid in [*descendants(os.getpid())] if late else [*_children()]:
            if late or pid not in sent:
                sent.add(pid)
                _kill(pid, signal.SIGKILL if late else signal.SIGTERM)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.02)


def _children() -> Iterator[int]:
    for folder in Path(f"/proc/{os.getpid()}/task").iterdir():
        with suppress(FileNotFoundError):  # a thread that has ended meanwhile
            yield from map(int, (folder / "children").read_text().split())


def _kill(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _children_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _machine_busy() -> float:
    """Seconds of CPU that the whole machine has spent on anything but idling."""
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(
        int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    )
    return (user + nice + system + irq + softirq + steal) / TICK

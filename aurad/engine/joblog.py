"""What one job's log says: a section for each run of a tool, tagged lines in between, as text.

Which file the lines end in, and who reads them, is `logfiles`' business.
"""

from __future__ import annotations

import datetime
import shlex
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import PurePath

from aurad.engine.task import Task
from aurad.model.job import Step
from aurad.wire.worker import LogNews, ToolNews

TAIL = 64 * 1024  # bytes of a log that a failure carries
RULE = "-" * 80
LOST = "unknown (the worker was lost)"


Sink = Callable[[Step, str, Sequence[str]], None]  # takes lines of one job's log, by step and scene; never blocks


class JobLog:
    """One job's log. Runs of tools that overlap are told apart by their tag, `[segment s1 #2]`."""

    def __init__(self, job_id: str, correlation_id: str, sink: Sink) -> None:
        self._job_id, self._correlation_id, self._sink = job_id, correlation_id, sink
        self._running: dict[str, Task] = {}
        self._tail, self._tail_size = deque[str](), 0

    def said(self, task: Task, news: LogNews) -> None:
        """A line of a stage, or of a tool that it runs."""
        self._write(task, [f"[{_tag(task, news.run_id)}] [{news.stream}] {news.line}"])

    def tool(self, task: Task, news: ToolNews) -> None:
        """A run of a tool began or ended."""
        tag = _tag(task, news.run_id)
        if news.exit_code is not None:
            self._end(tag, str(news.exit_code))
        elif tag not in self._running:
            self._running[tag] = task
            self._write(task, self._head(tag, news))

    def note(self, step: Step, line: str, scene_id: str = "") -> None:
        """A line of our own."""
        self._put(step, scene_id, [f"[{step}] [aurad] {line}"])

    def lost(self, task: Task | None = None) -> None:
        """Runs of a task, or of all, whose end nobody will tell."""
        for tag, each in list(self._running.items()):
            if task is None or each.name == task.name:
                self._end(tag, LOST)

    @property
    def tail(self) -> tuple[str, ...]:
        """The last lines, `TAIL` bytes at most."""
        return tuple(self._tail)

    def tail_of(self, task: Task) -> tuple[str, ...]:
        """Those of the last lines that a task or its tools said."""
        return tuple(line for line in self._tail if line.startswith((f"[{task.name}] ", f"[{task.name} #")))

    def _head(self, tag: str, news: ToolNews) -> list[str]:
        tool = "FFmpeg" if PurePath(news.path).name.startswith("ffmpeg") else "Tool"
        return [
            f"{tool} Render Log - Job ID: {self._job_id}" if tool == "FFmpeg" else f"Tool Log - Job ID: {self._job_id}",
            f"Correlation ID: {self._correlation_id}",
            f"Task: {tag}",
            f"Started: {_now()}",
            f"Resolution: {news.resolution or '-'}",
            f"{tool} Path: {news.path}",
            f"Command: {shlex.join(news.argv)}",
            RULE,
        ]

    def _end(self, tag: str, exit_code: str) -> None:
        if task := self._running.pop(tag, None):
            self._write(task, [RULE, f"Completed: {_now()} [{tag}]", f"Exit Code: {exit_code}"])

    def _write(self, task: Task, lines: Sequence[str]) -> None:
        self._put(task.step, task.scene_id, lines)

    def _put(self, step: Step, scene_id: str, lines: Sequence[str]) -> None:
        clean = [_one_line(line) for line in lines]
        for line in clean:
            self._tail.append(line)
            self._tail_size += _size(line)
        while self._tail_size > TAIL:
            self._tail_size -= _size(self._tail.popleft())
        self._sink(step, scene_id, clean)


def _tag(task: Task, run_id: str) -> str:
    return f"{task.name} #{run_id}" if run_id else task.name


def _one_line(line: str) -> str:
    """What a tool says cannot look like a line of ours."""
    return line.rstrip("\r").replace("\r", "\\r").replace("\n", "\\n")


def _size(line: str) -> int:
    return len(line.encode(errors="replace")) + 1


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")

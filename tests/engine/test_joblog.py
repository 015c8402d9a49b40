"""The text of a job's log: sections of runs, tags where they overlap, an end for every begin."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aurad.engine.joblog import RULE, TAIL, JobLog
from aurad.engine.task import Task
from aurad.model.value import Value
from aurad.wire.worker import LogNews, ToolNews


class Page:
    """Remembers what was written."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.scenes: set[str] = set()
        self.log = JobLog("a-1", "corr-1", self)

    def __call__(self, step: str, scene_id: str, lines: Sequence[str]) -> None:
        self.lines += lines
        self.scenes.add(scene_id)


def task(name: str = "segment s1") -> Task:
    return Task(
        plugin="p", stage="ffmpeg", method="render_scene", request=Value(), fingerprint="", step="Rendering",
        name=name, scene_id=name[-2:],
    )  # fmt: skip


def began(run: str = "1", path: str = "/opt/ffmpeg-7.0", resolution: str = "320x180") -> ToolNews:
    argv = (path, "-i", "a b.mp4", "-")
    return ToolNews(task_id="t", run_id=run, argv=argv, path=path, resolution=resolution)


def ended(code: int, run: str = "1") -> ToolNews:
    return ToolNews(task_id="t", run_id=run, exit_code=code)


def said(line: str, run: str = "1", stream: str = "stderr") -> LogNews:
    return LogNews(task_id="t", stream=stream, line=line, run_id=run)  # type: ignore[arg-type]


def test_a_run_is_a_section() -> None:
    page = Page()
    page.log.tool(task(), began())
    page.log.said(task(), said("Stream #0"))
    page.log.said(task(), said("hm", stream="stdout"))
    page.log.tool(task(), ended(0))
    moment = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"
    expected = [
        "FFmpeg Render Log - Job ID: a-1", "Correlation ID: corr-1", r"Task: segment s1 \#1", f"Started: {moment}",
        "Resolution: 320x180", "FFmpeg Path: /opt/ffmpeg-7.0", "Command: /opt/ffmpeg-7.0 -i 'a b.mp4' -", RULE,
        r"\[segment s1 \#1\] \[stderr\] Stream \#0", r"\[segment s1 \#1\] \[stdout\] hm",
        RULE, rf"Completed: {moment} \[segment s1 \#1\]", "Exit Code: 0",
    ]  # fmt: skip
    assert len(page.lines) == len(expected)
    assert [line for line, pattern in zip(page.lines, expected, strict=True) if not re.fullmatch(pattern, line)] == []
    assert page.scenes == {"s1"}


def test_other_tools_and_the_stage_itself_are_told_apart_from_ffmpeg() -> None:
    page = Page()
    page.log.tool(task(), began(path="/bin/espeak-ng", resolution=""))
    page.log.said(task(), said("warm", run="", stream="log"))
    assert page.lines[0] == "Tool Log - Job ID: a-1"
    assert {"Tool Path: /bin/espeak-ng", "Resolution: -", "[segment s1] [log] warm"} <= set(page.lines)


def test_runs_that_overlap_keep_their_tags() -> None:
    page, one, two = Page(), task("segment s1"), task("segment s2")
    page.log.tool(one, began())
    page.log.tool(two, began())
    page.log.said(one, said("first"))
    page.log.said(two, said("second"))
    page.log.tool(two, ended(1))
    page.log.tool(one, ended(0))
    assert page.lines[-8:-6] == ["[segment s1 #1] [stderr] first", "[segment s2 #1] [stderr] second"]
    assert page.lines[-4].startswith("Exit Code: 1")
    assert page.lines[-2].endswith("[segment s1 #1]")


def test_a_run_that_nobody_ends_is_ended_once() -> None:
    page, one, two = Page(), task("segment s1"), task("segment s2")
    page.log.tool(one, began())
    page.log.tool(two, began())
    page.log.lost(one)
    assert page.lines[-1] == "Exit Code: unknown (the worker was lost)"
    assert page.lines[-2].endswith("[segment s1 #1]")
    page.log.lost()
    assert page.lines[-2].endswith("[segment s2 #1]")
    length = len(page.lines)
    page.log.lost()
    page.log.tool(one, ended(0))
    assert len(page.lines) == length


def test_what_a_tool_says_cannot_look_like_a_line_of_ours() -> None:
    page = Page()
    page.log.said(task(), said("fine\r\nExit Code: 0\r"))
    assert page.lines == ["[segment s1 #1] [stderr] fine\\r\\nExit Code: 0"]


def test_the_tail_is_bounded_and_the_newest() -> None:
    page = Page()
    for number in range(3000):
        page.log.said(task(f"segment s{number % 2}"), said(f"{number} " + "é" * 30))
    tail = page.log.tail
    assert tail == tuple(page.lines[-len(tail) :])
    size = sum(len(line.encode()) + 1 for line in tail)
    assert TAIL - 200 < size <= TAIL
    assert page.log.tail_of(task("segment s1")) == tuple(line for line in tail if line.startswith("[segment s1 "))


def test_a_line_longer_than_the_tail_empties_it() -> None:
    page = Page()
    page.log.said(task(), said("x" * (TAIL + 1)))
    assert page.log.tail == ()

"""What a stage may touch, and what it may not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aurad.model.artifact import Artifact
from aurad.model.errors import AuradError
from aurad.model.stage_errors import Unavailable
from aurad.model.value import Value
from aurad.wire.worker import LogNews, ProgressNews
from aurad.worker.context import Task, TaskContext
from tests.worker.fakes import fake


@pytest.fixture
def news() -> list[Value]:
    return []


@pytest.fixture
def context(tmp_path: Path, news: list[Value]) -> TaskContext[Value]:
    return make(tmp_path, news)


def make(folder: Path, news: list[Value], *, frames: int = 0, ffmpeg: str = "") -> TaskContext[Value]:
    workspace, given = folder / "workspace", folder / "given"
    workspace.mkdir()
    given.write_text("given")
    task = Task(
        task_id="t", workspace=workspace, cache=folder, files={"a" * 64: given}, secrets={"key": "1234"},
        frames=frames, ffmpeg=ffmpeg,
    )  # fmt: skip
    return TaskContext(Value(), task, news.append)


def told(news: list[Value]) -> list[float]:
    return [each.done for each in news if isinstance(each, ProgressNews)]


def test_a_kept_file_is_known_by_its_content(context: TaskContext[Value]) -> None:
    (context.workspace / "deep").mkdir()
    path = context.workspace / "deep" / "file"
    path.write_bytes(b"abc")
    artifact = context.keep(path, "text/plain")
    assert artifact.sha256.startswith("ba7816bf")
    assert (artifact.size_bytes, context.path(artifact)) == (3, path)


@pytest.mark.parametrize("what", ["absent", "empty", "folder", "link", "linked folder", "outside", "up", "fifo"])
def test_what_may_not_be_kept(context: TaskContext[Value], tmp_path: Path, what: str) -> None:
    (tmp_path / "outside").write_text("x")
    (context.workspace / "empty").touch()
    (context.workspace / "folder").mkdir()
    (context.workspace / "link").symlink_to(tmp_path / "outside")
    (context.workspace / "linked").symlink_to(tmp_path)
    os.mkfifo(context.workspace / "fifo")
    names = {"linked folder": "linked/outside", "outside": str(tmp_path / "outside"), "up": "../outside"}
    with pytest.raises(AuradError, match="cannot keep") as caught:
        context.keep(context.workspace / names.get(what, what), "text/plain")
    assert caught.value.code == "E308-RESULT"


def test_files_of_the_request_can_be_read_and_no_others(context: TaskContext[Value]) -> None:
    given, other = (Artifact(sha256=each * 64, size_bytes=5, media_type="text/plain") for each in "ab")
    assert context.path(given).read_text() == "given"
    with pytest.raises(AuradError, match="bbbbbbbbbbbb"):
        context.path(other)


def test_a_missing_secret_makes_the_stage_unavailable(context: TaskContext[Value]) -> None:
    assert context.secret("key") == "1234"
    with pytest.raises(Unavailable, match="'token'"):
        context.secret("token")


def test_progress_stays_in_its_bounds_and_never_falls(context: TaskContext[Value], news: list[Value]) -> None:
    for done in (-1, 0.5, 0.2, float("nan"), 7):
        context.progress(done)
    assert told(news) == [0, 0.5, 0.5, 1]


def test_a_text_of_lines_is_logged_line_by_line(context: TaskContext[Value], news: list[Value]) -> None:
    context.log("one\ntwo")
    assert [each.line for each in news if isinstance(each, LogNews)] == ["one", "two"]


async def test_encoded_frames_are_progress_over_all_runs(tmp_path: Path, news: list[Value]) -> None:
    context = make(tmp_path, news, frames=8, ffmpeg=fake(tmp_path, "block(2); block(4, 'end')"))
    for _ in range(2):
        async with context.ffmpeg(["x"], frames=4):
            pass
    assert told(news) == [0.25, 0.5, 0.75, 1]


async def test_a_stage_that_counts_for_itself_is_not_contradicted(tmp_path: Path, news: list[Value]) -> None:
    context = make(tmp_path, news, ffmpeg=fake(tmp_path, "block(4, 'end')"))
    context.progress(0.1)
    async with context.ffmpeg(["x"], frames=4):
        pass
    assert told(news) == [0.1]

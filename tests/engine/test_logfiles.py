"""The jobs' logs on disk: appended in order, read by offset, followed to the end, never a reason to wait."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import trio
import trio.testing

from aurad.engine import logfiles
from aurad.engine.logfiles import LogFiles, Piece, Spoken, open_logfiles

PATIENCE = 10


@pytest.fixture
async def files(tmp_path: Path) -> AsyncIterator[LogFiles]:
    async with open_logfiles(tmp_path / "logs" / "ffmpeg") as files:
        yield files


def write(files: LogFiles, *lines: str, job: str = "a-1", scene: str = "s1", failed: list[str] | None = None) -> None:
    told = failed.append if failed is not None else pytest.fail
    files.write(Piece(job, f"corr-{job}", "Rendering", scene, lines, told))


async def test_lines_are_appended_in_order_for_each_job(files: LogFiles) -> None:
    for number in range(100):
        write(files, str(number), job=f"a-{number % 2}")
    await files.flush()
    assert files.path("a-1").read_text() == "".join(f"{n}\n" for n in range(1, 100, 2))
    assert files.path("a-0").stat().st_mode & 0o777 == 0o640
    assert await files.names() == {"a-0", "a-1"}


async def test_a_log_goes_on_where_an_earlier_daemon_left_it(tmp_path: Path) -> None:
    for line in ("before", "after"):
        async with open_logfiles(tmp_path) as files:
            write(files, line)
    assert (tmp_path / "a-1.log").read_text() == "before\nafter\n"


async def test_bytes_are_read_by_offset(files: LogFiles) -> None:
    assert (await files.read("a-1", 0), await files.size("a-1")) == (b"", 0)
    write(files, "hello", "world")
    await files.flush()
    assert await files.read("a-1", 6, 3) == b"wor"
    assert await files.read("a-1", 99) == b""
    assert await files.size("a-1") == 12


async def test_a_follower_gets_everything_until_the_job_is_over(files: LogFiles, nursery: trio.Nursery) -> None:
    over, got = False, bytearray()
    done = trio.Event()

    async def is_over() -> bool:
        return over

    async def follow() -> None:
        async for data in files.follow("a-1", 3, is_over):
            got.extend(data)
        done.set()

    nursery.start_soon(follow)
    await trio.testing.wait_all_tasks_blocked(0.01)
    for number in range(50):
        write(files, f"line {number}")
        if number % 10 == 0:
            await files.flush()
    write(files, "last")
    over = True
    files.finish("a-1")
    with trio.fail_after(PATIENCE):
        await done.wait()
    assert bytes(got) == files.path("a-1").read_bytes()[3:]
    assert got.endswith(b"last\n")


async def test_a_follower_waits_for_the_last_words_to_be_written(
    files: LogFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, real_write, real_flush = threading.Event(), os.write, files.flush

    def slow(fd: int, data: bytes) -> int:
        asked.wait(PATIENCE)
        return real_write(fd, data)

    async def flush() -> None:
        asked.set()
        await real_flush()

    async def is_over() -> bool:
        return True

    monkeypatch.setattr(logfiles.os, "write", slow)
    monkeypatch.setattr(files, "flush", flush)
    write(files, "last words")
    try:
        assert [data async for data in files.follow("a-1", 0, is_over)] == [b"last words\n"]
    finally:
        asked.set()


async def test_following_a_job_that_never_says_anything_ends_with_it(files: LogFiles) -> None:
    async def is_over() -> bool:
        return True

    with trio.fail_after(PATIENCE):
        assert [data async for data in files.follow("a-9", 0, is_over)] == []


async def test_nothing_is_kept_of_those_who_have_read_a_log_to_its_end(files: LogFiles) -> None:
    async def is_over() -> bool:
        return True

    write(files, "last words")
    files.finish("a-1")
    await files.flush()
    for _ in range(2):
        assert [data async for data in files.follow("a-1", 0, is_over)] == [b"last words\n"]
    assert not files._news


async def test_news_are_made_for_those_who_listen_only(files: LogFiles) -> None:
    write(files, "nobody hears this")
    await files.flush()
    listener, late = files.listen(), files.listen()
    write(files, "one", "two")
    write(files, "three", scene="s2")
    news: list[Spoken] = []
    with trio.fail_after(PATIENCE):
        while len(news) < 2:
            await listener.wait()
            news += listener.news()
    events = [msgspec.json.decode(each.data) for each in news]
    assert [(e["type"], e["sceneId"], e["lines"]) for e in events] == [
        ("job-log", "s1", ["one", "two"]),
        ("job-log", "s2", ["three"]),
    ]
    whole = files.path("a-1").read_bytes()
    for event in events:
        assert whole[event["offset"] :].startswith("\n".join(event["lines"]).encode())
        assert event["correlationId"] == "corr-a-1"
    assert listener.news() == []
    assert late.news() == news
    assert news[0].frame("e") == b"event: job-log\ndata: " + news[0].data + b"\n\n"
    del listener, late
    write(files, "nobody hears this either")
    await files.flush()
    assert files.spoken == 2


async def test_a_listener_that_does_not_listen_misses_lines_and_sees_it(
    files: LogFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_ring", deque(maxlen=2))
    listener = files.listen()
    for number in range(5):
        write(files, f"{number}")
        await files.flush()
    events = [msgspec.json.decode(each.data) for each in listener.news()]
    assert [(event["offset"], event["lines"]) for event in events] == [(6, ["3"]), (8, ["4"])]


async def test_a_log_that_cannot_be_written_is_told_and_costs_nothing_else(files: LogFiles) -> None:
    files.folder.parent.mkdir(parents=True)
    files.folder.write_text("in the way")
    failed: list[str] = []
    write(files, "lost", failed=failed)
    await files.flush()
    assert len(failed) == 1
    assert str(files.path("a-1")) in failed[0]
    files.folder.unlink()
    write(files, "found again", failed=failed)
    await files.flush()
    assert (len(failed), files.path("a-1").read_text()) == (1, "found again\n")


async def test_a_mad_tool_does_not_fill_the_disk(files: LogFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logfiles, "SIZE", 10)
    failed: list[str] = []
    for line in ("12345", "123456", "7"):
        write(files, line, failed=failed)
        await files.flush()
    assert files.path("a-1").read_text() == "12345\n7\n"
    assert len(failed) == 1


async def test_a_disk_that_hangs_costs_lines_not_memory_and_nobody_waits(
    files: LogFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logfiles, "WAITING", 1000)
    stuck, hangs, real = threading.Event(), threading.Event(), os.write

    def hanging(fd: int, data: bytes) -> int:
        hangs.set()
        stuck.wait(PATIENCE)
        return real(fd, data)

    monkeypatch.setattr(logfiles.os, "write", hanging)
    write(files, "first")
    await trio.to_thread.run_sync(hangs.wait, PATIENCE)
    for _ in range(1000):
        write(files, "x" * 99)
    assert files.lines_dropped == 990
    stuck.set()
    await files.flush()
    write(files, "after")
    await files.flush()
    assert files.path("a-1").read_text().endswith("[aurad] (990 lines dropped: the disk is slow)\nafter\n")


async def test_old_logs_are_removed(files: LogFiles) -> None:
    write(files, "old", job="a-1")
    write(files, "new", job="a-2")
    await files.flush()
    await files.remove({"a-1", "a-7"})
    assert await files.names() == {"a-2"}

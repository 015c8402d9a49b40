"""Messages leave in order, progress thinned out, logs never without bound, and nobody waits."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from aurad.wire import jsonrpc
from aurad.wire.worker import LogNews, ProgressNews, WarningNews
from aurad.worker.outbox import LOGGED, WAITING, Outbox


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def received(sock: socket.socket) -> list[jsonrpc.Message]:
    with sock.makefile("rb") as file:
        return [jsonrpc.decode(line) for line in file]


def log(n: int) -> LogNews:
    return LogNews(task_id="t", stream="log", line=str(n))


def test_order_is_kept_and_progress_settles_before_the_answer(pair: tuple[socket.socket, socket.socket]) -> None:
    outbox = Outbox(pair[0])
    outbox.tell(WarningNews(task_id="t", code="c", detail="d"))
    for n in range(1000):
        outbox.tell(ProgressNews(task_id="t", done=n / 999))
    outbox.answer(jsonrpc.reply(1, "done"))
    outbox.close(timeout=5)
    pair[0].shutdown(socket.SHUT_WR)
    first, *progress, last = received(pair[1])
    assert first == jsonrpc.notification("warning", WarningNews(task_id="t", code="c", detail="d"))
    assert 1 <= len(progress) < 20
    assert progress[-1] == jsonrpc.notification("progress", ProgressNews(task_id="t", done=1.0))
    assert last == jsonrpc.reply(1, "done")


def test_the_last_progress_is_sent_without_an_answer(pair: tuple[socket.socket, socket.socket]) -> None:
    outbox = Outbox(pair[0])
    for done in (0.1, 0.2, 0.3):
        outbox.tell(ProgressNews(task_id="t", done=done))
    pair[1].settimeout(5)
    data = b""
    while b"0.3" not in data:
        data += pair[1].recv(4096)
    outbox.close(timeout=5)


def test_a_daemon_that_does_not_read_costs_log_lines_only(pair: tuple[socket.socket, socket.socket]) -> None:
    outbox, count = Outbox(pair[0]), 3 * WAITING
    began = time.monotonic()
    for n in range(count):
        outbox.tell(log(n))
    outbox.answer(jsonrpc.reply(1, "done"))
    assert time.monotonic() - began < 5
    data = b""
    while b'"result":"done"' not in data or b"dropped" not in data:
        data += pair[1].recv(1 << 20)
    outbox.close(timeout=5)
    lines = data.count(b'"method":"log"')
    assert WAITING <= lines < count


def test_long_lines_that_nobody_reads_do_not_fill_the_memory(pair: tuple[socket.socket, socket.socket]) -> None:
    outbox, line = Outbox(pair[0]), "x" * 60_000
    for _ in range(WAITING // 2):
        outbox.tell(LogNews(task_id="t", stream="log", line=line))
    outbox.answer(jsonrpc.reply(1, "done"))
    data = bytearray()
    while b'"result":"done"' not in data[-2000:] or b"dropped" not in data[-2000:]:
        data += pair[1].recv(1 << 20)
    outbox.close(timeout=5)
    assert len(data) < 3 * LOGGED


def test_a_daemon_that_is_gone_is_no_error(pair: tuple[socket.socket, socket.socket]) -> None:
    outbox = Outbox(pair[0])
    pair[1].close()
    outbox.tell(log(1))
    outbox.close(timeout=5)
    outbox.answer(jsonrpc.reply(1, "done"))

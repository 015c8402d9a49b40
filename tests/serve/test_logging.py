"""The daemon's own log: the right form for its reader, libraries and warnings in it, and nobody waits for it."""

from __future__ import annotations

import contextlib
import logging
import os
import pty
import socket
import struct
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog
from structlog.contextvars import bound_contextvars

from aurad.model.errors import AuradError
from aurad.model.settings import Log
from aurad.serve.logging import open_log


class Pipe:
    """A pipe as standard error."""

    def __init__(self) -> None:
        self.reader, self.writer = os.pipe()
        os.set_blocking(self.reader, False)

    def text(self) -> str:
        data = b""
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(self.reader, 1 << 20):
                data += chunk
        return data.decode()

    def lines(self) -> list[dict[str, Any]]:
        return [msgspec.json.decode(line) for line in self.text().splitlines()]


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    os.close(pipe.reader)
    os.close(pipe.writer)


@contextlib.contextmanager
def logging_to(pipe: Pipe, *, environ: Mapping[str, str] = {}, **settings: Any) -> Iterator[Any]:
    with open_log(Log(**settings), stderr=pipe.writer, environ=environ, journal=Path("/nowhere")):
        yield structlog.get_logger()


def test_off_a_terminal_a_line_is_json_with_the_ids_of_whoever_works(pipe: Pipe) -> None:
    with logging_to(pipe) as log, bound_contextvars(job_id="a-1", correlation_id="corr-1"):
        log.info("job running", will_retry=True, path=Path("/x"))
    (line,) = pipe.lines()
    moment = line.pop("timestamp")
    assert moment.endswith("Z")
    assert line == {
        "level": "info", "event": "job running", "jobId": "a-1", "correlationId": "corr-1", "willRetry": True,
        "path": repr(Path("/x")),
    }  # fmt: skip


def test_the_level_is_the_settings(pipe: Pipe) -> None:
    with logging_to(pipe, level="warning") as log:
        log.info("no")
        log.warning("yes")
    with logging_to(pipe, level="debug") as log:
        log.debug("this too")
    assert [line["event"] for line in pipe.lines()] == ["yes", "this too"]


def test_an_exception_stays_on_its_line(pipe: Pipe) -> None:
    with logging_to(pipe) as log:
        try:
            raise ValueError("boom")
        except ValueError:
            log.exception("failed")
    (line,) = pipe.lines()
    assert line["level"] == "error"
    assert line["exception"].startswith("Traceback")
    assert line["exception"].endswith("ValueError: boom")


def test_libraries_and_warnings_go_the_same_way(pipe: Pipe) -> None:
    with logging_to(pipe), bound_contextvars(correlation_id="corr-1"), warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)  # pytest, too, has its own place for warnings
        logging.getLogger("hypercorn.error").warning("slow %s", "client")
        logging.getLogger("hypercorn.error").info("not worth a line")
        warnings.warn("old thing", DeprecationWarning, stacklevel=1)
    first, second = pipe.lines()
    assert (first["logger"], first["event"], first["correlationId"]) == ("hypercorn.error", "slow client", "corr-1")
    assert second["logger"] == "py.warnings"
    assert "DeprecationWarning: old thing" in second["event"]


def test_what_nobody_caught_is_told_once(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise RuntimeError("alone")

    with logging_to(pipe):
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()
    with pytest.raises(ZeroDivisionError), logging_to(pipe):
        raise ZeroDivisionError
    with pytest.RaisesGroup(AuradError), logging_to(pipe):
        raise ExceptionGroup("", [AuradError("E503-CONFIG", "cannot listen: said in words at the end")])
    first, second = pipe.lines()
    assert (first["event"], "RuntimeError: alone" in first["exception"]) == ("a thread failed", True)
    assert (second["level"], second["event"]) == ("critical", "the daemon ends")


def test_on_a_terminal_it_is_pretty() -> None:
    ours, theirs = pty.openpty()
    try:
        with open_log(Log(), stderr=theirs, environ={}):
            structlog.get_logger().warning("careful", job_id="a-1")
        said = os.read(ours, 10_000).decode()
    finally:
        os.close(ours)
        os.close(theirs)
    assert "careful" in said
    assert "job_id" in said
    assert "\x1b[" in said
    assert "{" not in said


def test_the_journal_gets_fields() -> None:
    with tempfile.TemporaryDirectory(prefix="aurad-") as folder, tempfile.TemporaryFile() as stderr:
        path, facts = Path(folder) / "socket", os.fstat(stderr.fileno())
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
            journal.bind(str(path))
            journal.settimeout(5)
            environ = {"JOURNAL_STREAM": f"{facts.st_dev}:{facts.st_ino}"}
            with open_log(Log(), stderr=stderr.fileno(), environ=environ, journal=path):
                structlog.get_logger().error("two\nlines", job_id="a-1", correlation_id="corr-1")
            fields = dict(_fields(journal.recv(1 << 20)))
        assert stderr.seek(0, os.SEEK_END) == 0
    assert fields == {
        "MESSAGE": "two\nlines", "PRIORITY": "3", "SYSLOG_IDENTIFIER": "aurad",
        "AURAD_JOB_ID": "a-1", "AURAD_CORRELATION_ID": "corr-1",
    }  # fmt: skip


def _fields(datagram: bytes) -> Iterator[tuple[str, str]]:
    while datagram:
        name, _, rest = datagram.partition(b"\n")
        (length,) = struct.unpack("<Q", rest[:8])
        yield name.decode(), rest[8 : 8 + length].decode()
        assert rest[8 + length : 9 + length] == b"\n"
        datagram = rest[9 + length :]


def test_without_the_journals_socket_lines_carry_their_priority(pipe: Pipe) -> None:
    facts = os.fstat(pipe.writer)
    with logging_to(pipe, environ={"JOURNAL_STREAM": f"{facts.st_dev}:{facts.st_ino}"}) as log:
        log.warning("careful")
    said = pipe.text()
    assert said.startswith("<4>{")
    assert msgspec.json.decode(said.removeprefix("<4>"))["event"] == "careful"


def test_a_journal_of_somebody_else_is_not_ours(pipe: Pipe) -> None:
    with logging_to(pipe, environ={"JOURNAL_STREAM": "1:1"}) as log:
        log.warning("careful")
    assert pipe.lines()[0]["event"] == "careful"


def test_a_reader_that_does_not_read_costs_lines_and_no_time(pipe: Pipe) -> None:
    with logging_to(pipe) as log:
        for number in range(5000):
            log.info("x" * 100, number=number)
        early = pipe.text()
        log.info("read again")
    assert 100 < len(early.splitlines()) < 5000
    confession, last = pipe.lines()
    assert confession["event"].endswith("lines of the log were dropped")
    assert (confession["level"], confession.keys()) == ("warning", last.keys() & {"timestamp", "level", "event"})
    assert last["event"] == "read again"


def test_a_line_of_which_only_the_beginning_was_taken_spoils_no_other(pipe: Pipe) -> None:
    with logging_to(pipe) as log:
        for number in range(100):  # each longer than a pipe takes at once
            log.info("x" * 10_000, number=number)
        early = pipe.text()
        log.info("read again")
    assert not early.endswith("\n")
    end_of_the_torn, *rest = pipe.text().splitlines()
    assert end_of_the_torn == ""
    confession, last = (msgspec.json.decode(line) for line in rest)
    assert confession["event"] == f"{100 - early.count(chr(10))} lines of the log were dropped"
    assert last["event"] == "read again"


def test_nothing_stays_behind(pipe: Pipe) -> None:
    hooks = (sys.unraisablehook, threading.excepthook, logging.getLogger().level, len(logging.getLogger().handlers))
    with logging_to(pipe):
        pass
    now = (sys.unraisablehook, threading.excepthook, logging.getLogger().level, len(logging.getLogger().handlers))
    assert now == hooks
    assert not structlog.is_configured()

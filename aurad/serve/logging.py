"""The daemon's own log: one pipeline for our lines and those of libraries, in the form that its reader wants.

People at a terminal get colours, files and pipes get JSON lines, systemd's journal gets fields of its own
(`journalctl AURAD_JOB_ID=...`). Whoever works for a job or a request has bound its ids; see `structlog.contextvars`.
A reader that does not read costs lines, never time.
"""

from __future__ import annotations

import logging
import os
import select
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

import msgspec
import structlog
from structlog.typing import EventDict, Processor

from aurad.model.errors import AuradError
from aurad.model.event import timestamp
from aurad.model.settings import Log

JOURNAL = Path("/run/systemd/journal/socket")
ATOMIC = 4096  # bytes that a pipe takes at once where it is writable at all
FIELD = 32 << 10  # bytes of one field of the journal: a whole entry has to fit into one datagram
PRIORITIES = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}  # as syslog has them

Form = Literal["pretty", "json", "journal"]
Send = Callable[[Any], object]


@contextmanager
def open_log(
    settings: Log, *, stderr: int = 2, environ: Mapping[str, str] = os.environ, journal: Path = JOURNAL
) -> Iterator[None]:
    """Everything that is logged in this process goes where `settings` says, until the block is left."""
    form: Form = _fitting(stderr, environ) if settings.format == "auto" else settings.format
    renderer, send = _journal(journal, stderr) if form == "journal" else _lines(_renderer(form, stderr), stderr)
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.processors.add_log_level, *renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: _Output(send),
        cache_logger_on_first_use=False,
    )
    with closing(send), _libraries(max(level, logging.WARNING)), _last_words():
        try:
            yield
        except Exception as error:
            if not _is_sentence(error):
                structlog.get_logger().critical("the daemon ends", exc_info=True)
            raise
        finally:
            structlog.reset_defaults()


def _is_sentence(error: Exception) -> bool:
    """An error that people are told in words anyway."""
    return isinstance(error, AuradError) or (isinstance(error, ExceptionGroup) and error.split(AuradError)[1] is None)


def _fitting(stderr: int, environ: Mapping[str, str]) -> Form:
    """systemd tells which file is its journal; it is ours if our standard error was not led elsewhere."""
    facts = os.fstat(stderr)
    if environ.get("JOURNAL_STREAM") == f"{facts.st_dev}:{facts.st_ino}":
        return "journal"
    return "pretty" if os.isatty(stderr) else "json"


def _renderer(form: Form, stderr: int) -> list[Processor]:
    if form == "pretty":
        stamp = structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False)
        return [stamp, structlog.dev.ConsoleRenderer(colors=os.isatty(stderr), pad_level=False)]
    return [_stamped, structlog.processors.format_exc_info, _to_json]


def _lines(renderer: list[Processor], stderr: int) -> tuple[list[Processor], Stderr]:
    def line(event: str) -> str:
        said: Any = {"level": "warning", "event": event}
        for step in renderer:
            said = step(None, "warning", said)
        return str(said)

    return renderer, Stderr(stderr, line)


def _stamped(logger: object, method: str, event: EventDict) -> EventDict:
    return {"timestamp": timestamp(), "level": event.pop("level"), "event": event.pop("event"), **event}


def _to_json(logger: object, method: str, event: EventDict) -> str:
    return msgspec.json.encode({_camel(key): value for key, value in event.items()}, enc_hook=repr).decode()


def _camel(key: str) -> str:
    head, *rest = key.split("_")
    return head + "".join(part.capitalize() for part in rest)


class _Output:
    """What structlog calls a logger: takes a line that is ready, at any level."""

    def __init__(self, send: Send) -> None:
        self.msg = self.debug = self.info = self.warning = self.error = self.critical = send


class Stderr:
    """Lines on a descriptor. What a reader does not take at once is dropped, and told when it reads again."""

    def __init__(self, descriptor: int, line: Callable[[str], str]) -> None:
        """`line` makes one of an event that is ours to tell."""
        self._descriptor, self._line, self._dropped, self._lock = descriptor, line, 0, threading.Lock()
        self._torn = False  # whether the last line lacks its end
        self._ready = select.poll()
        self._ready.register(descriptor, select.POLLOUT)

    def __call__(self, line: str) -> None:
        data = line.encode(errors="replace") + b"\n"
        with self._lock, suppress(OSError):  # nowhere to say it
            self._confess()
            left = data if self._dropped else self._write(data)
            self._dropped += bool(left)
            self._torn = self._torn or 0 < len(left) < len(data)

    def _confess(self) -> None:
        if self._dropped and self._writable():
            told = self._line(f"{self._dropped} lines of the log were dropped")
            os.write(self._descriptor, b"%b%b\n" % (b"\n" if self._torn else b"", told.encode()))
            self._dropped, self._torn = 0, False

    def _write(self, data: bytes) -> bytes:
        """What was not taken."""
        while data and self._writable():
            data = data[os.write(self._descriptor, data[:ATOMIC]) :]
        return data

    def close(self) -> None:
        """The descriptor is not ours."""

    def _writable(self) -> bool:
        return any(state & select.POLLOUT for _, state in self._ready.poll(0))


# ---------------------------------------------------------------- systemd's journal


def _journal(path: Path, stderr: int) -> tuple[list[Processor], Stderr | _Datagrams]:
    """Its native protocol or, where its socket is out of reach, lines with a priority that it takes off."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        sock.connect(str(path))
    except OSError:
        sock.close()
        return _lines([*_renderer("json", stderr)[:-1], _to_prefixed], stderr)
    return [structlog.processors.format_exc_info, _to_fields], _Datagrams(sock)


def _to_prefixed(logger: object, method: str, event: EventDict) -> str:
    return f"<{PRIORITIES.get(event['level'], 6)}>{_to_json(logger, method, event)}"


def _to_fields(logger: object, method: str, event: EventDict) -> bytes:
    message = str(event.pop("event"))
    if exception := event.pop("exception", None):
        message += f"\n{exception}"
    fields = {"MESSAGE": message, "PRIORITY": PRIORITIES.get(event.pop("level"), 6), "SYSLOG_IDENTIFIER": "aurad"}
    fields |= {f"AURAD_{key.upper()}": value for key, value in event.items() if key.isidentifier() and key.isascii()}
    return b"".join(_field(name, value) for name, value in fields.items())


def _field(name: str, value: object) -> bytes:
    data = str(value).encode(errors="replace")[:FIELD]
    return b"%b\n%b%b\n" % (name.encode(), struct.pack("<Q", len(data)), data)


class _Datagrams:
    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def __call__(self, datagram: bytes) -> None:
        with suppress(OSError):  # the journal is busy or restarts; there is nowhere else to say it
            self._socket.send(datagram, socket.MSG_DONTWAIT)

    def close(self) -> None:
        self._socket.close()


# ---------------------------------------------------------------- libraries, warnings, last words


class _Join(logging.Handler):
    """Records of the standard library's logging become lines like ours."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = structlog.get_logger().bind(logger=record.name)
            line.log(record.levelno, record.getMessage().rstrip(), exc_info=record.exc_info or None)
        except Exception:
            self.handleError(record)


@contextmanager
def _libraries(level: int) -> Iterator[None]:
    root, join = logging.getLogger(), _Join()
    before = root.level
    root.addHandler(join)
    root.setLevel(level)
    logging.captureWarnings(True)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        root.setLevel(before)
        root.removeHandler(join)


@contextmanager
def _last_words() -> Iterator[None]:
    """What Python itself would print of errors that nobody caught, in threads and in clean-up."""

    def thread_failed(failure: threading.ExceptHookArgs) -> None:
        error = failure.exc_value
        structlog.get_logger().error("a thread failed", exc_info=error)

    def ignored(failure: Any) -> None:
        what = failure.err_msg or "an error in clean-up was ignored"
        structlog.get_logger().error(what, object=repr(failure.object), exc_info=failure.exc_value)

    hooks = (threading.excepthook, sys.unraisablehook)
    threading.excepthook, sys.unraisablehook = thread_failed, ignored
    try:
        yield
    finally:
        threading.excepthook, sys.unraisablehook = hooks

"""Finds a daemon that serves us, or starts a private one on the user's own folders.

Several `auractl` at once share one private daemon: looking again and starting happen under a lock.
"""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from aurad import __version__
from aurad.client.blocking import Client, RemoteError
from aurad.client.cli import talk
from aurad.model.errors import AuradError
from aurad.model.folders import SYSTEM_SOCKET, Folders, environment_stamp, folders, socket_path

START_SECONDS = 15.0  # a cold disk and a busy machine; normally about half a second
POLL_SECONDS = 0.01
HELLO_SECONDS = 10.0  # a daemon that does not say hello in this time is stuck
TAIL_BYTES = 2000
LOCK_NAME = "start.lock"
COMMAND = (sys.executable, "-P", "-m", "aurad", "--private")  # -P: no file of the user's is imported by mistake
LOG_NAME = "private.log"
OTHER_ENVIRONMENT = "the private daemon that runs was started with other AURAD_* variables, and goes by those"
# How `aurad` says it; that another daemon has its folders is no wrong setting.
_REFUSED = re.compile(r"^error (E503-CONFIG): ((?!.*another daemon).+?)(?:\nremedy: (.+))?$", re.S | re.M)


def connect(*, work: bool = False) -> tuple[Client, Path]:
    """A daemon that answers, and its socket; a private one is started if there is none.

    With `work` a daemon that lets us only read does not do: jobs go to a private one then.
    """
    for path in _sockets():
        if client := _try(path, work=work):
            return client, path
    usual = _sockets()[0].absolute()
    return start_private(folders(False, os.environ), usual), usual


def running(timeout: float, *, own: bool = False) -> Client | None:
    """A daemon that is there (`own`: the user's), if there is one: none is started, and there is no greeting."""
    for path in _sockets()[:1] if own else _sockets():
        with suppress(OSError):
            return Client(path, timeout=timeout)
    return None


def _sockets() -> tuple[Path, ...]:
    usual = socket_path(False, os.environ)
    return (usual,) if os.environ.get("AURAD_SOCKET") else (usual, SYSTEM_SOCKET)


def start_private(own: Folders, path: Path) -> Client:
    """A connection to the private daemon on `path`, started if it is not there yet; raises E504."""
    try:
        with _locked(own.state / LOCK_NAME):
            return _try(path, last=True) or _started(own, path)
    except OSError as error:
        cause = f"cannot write {error.filename}: {error.strerror}" if error.filename else str(error)
        remedy = "Make the folder yours to write, or name another in XDG_STATE_HOME."
        raise AuradError(
            "E504-NO_DAEMON", f"cannot start a private daemon on {path}: {cause}", remedy=remedy
        ) from error
    except ValueError as error:
        raise AuradError("E504-NO_DAEMON", f"cannot start a private daemon on {path}: {error}") from error


def _try(path: Path, *, work: bool = False, last: bool = False) -> Client | None:
    """A greeted connection, or None if nobody is there or we may not (`work`) use it.

    The `last` one to be tried is where a private daemon would be: raises E400 if somebody there does not let us in.
    """
    try:
        client = Client(path)
    except OSError as error:
        if last and isinstance(error, PermissionError):
            raise AuradError("E400-DENIED", f"cannot use {path}: {error.strerror}") from error
        return None
    try:
        answer = client.call(
            "system.hello", {"client": "auractl", "version": __version__, "protocol": [1]}, timeout=HELLO_SECONDS
        )
        if not work or answer.get("role") != "read":
            if work and answer.get("environment", "") not in ("", environment_stamp(os.environ)):
                talk.warning(OTHER_ENVIRONMENT, "`auractl raw system.stop` ends it; the next job starts another.")
            return client
    except OSError:
        pass
    except RemoteError as error:
        if last or error.code != "E400-DENIED":
            client.close()
            raise
    client.close()
    return None


def _started(own: Folders, path: Path) -> Client:
    own.logs.mkdir(parents=True, exist_ok=True)
    log = own.logs / LOG_NAME
    with log.open("ab") as file:
        began = file.tell()
        process = _spawn(own, path, file)
    try:
        return _answering(process, path, log, began)
    except KeyboardInterrupt:
        if not _is_served(path):
            process.terminate()
        raise
    finally:
        if process.returncode is None:
            process.returncode = 0  # it lives on without us: nobody shall wait for it, nor warn


def _is_served(path: Path) -> bool:
    """Whether somebody listens: the socket of a killed daemon stays there until the next one removes it."""
    with suppress(OSError), Client(path):
        return True
    return False


def _answering(process: subprocess.Popen[bytes], path: Path, log: Path, began: int) -> Client:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if client := _try(path):
            return client
        if process.poll() is not None:
            raise _no_daemon(f"it ended with status {process.returncode}", log, began)
        time.sleep(POLL_SECONDS)
    process.kill()
    process.wait()
    raise _no_daemon(f"it did not answer within {START_SECONDS:g} s", log, began)


def _spawn(own: Folders, path: Path, log: BinaryIO) -> subprocess.Popen[bytes]:
    """Its own session, so that no Ctrl-C of ours reaches it."""
    return subprocess.Popen(
        [*COMMAND, "--socket", str(path)],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        cwd=own.state,
        start_new_session=True,
    )


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _no_daemon(cause: str, log: Path, began: int) -> AuradError:
    said = log.read_bytes()[began:][-TAIL_BYTES:].decode(errors="replace").strip()
    if refused := _REFUSED.search(said):  # a wrong setting is no matter of daemons
        return AuradError(refused[1], refused[2], remedy=refused[3] or "")
    return AuradError(
        "E504-NO_DAEMON",
        f"cannot start a private daemon: {cause}" + (f"\n{said}" if said else ""),
        remedy=f"See {log}; `aurad --private` shows the trouble at once.",
    )


def last_words() -> str:
    """The error with which a private daemon ended, if it said one."""
    with suppress(OSError):
        lines = (folders(False, os.environ).logs / LOG_NAME).read_bytes()[-TAIL_BYTES:].decode(errors="replace")
        ends = [line for line in lines.splitlines() if line.startswith("error ")]
        return ends[-1] if ends else ""
    return ""

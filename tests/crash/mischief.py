"""All that a plugin may do wrong, by name; beside the witness, which does it when a test has put it up."""

from __future__ import annotations

import ctypes
import os
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

STEP = 0.01  # seconds
STRANGE = "wrong version"
FORKS, LINES = 200, 100_000


def commit(kind: str, context: Any) -> None:
    """Do it. What comes back from here goes on to do its work."""
    MISCHIEF[kind](context)


def _raises(context: Any) -> None:
    raise KeyError("no such colour")


def _exits_0(context: Any) -> None:
    os._exit(0)


def _exits_1(context: Any) -> None:
    os._exit(1)


def _segfaults(context: Any) -> None:
    ctypes.string_at(0)


def _hangs(context: Any) -> None:
    time.sleep(3600)


def _chatters(context: Any) -> None:
    while True:
        context.log("still busy")
        time.sleep(STEP)


def _spins(context: Any) -> None:
    while True:
        pass


def _hoards(context: Any) -> None:
    hoard = [bytearray(64 << 20) for _ in range(64)]
    raise AssertionError(len(hoard))


def _forks(context: Any) -> None:
    for _ in range(FORKS):
        subprocess.Popen(["sleep", "3600"], start_new_session=True)


def _floods_log(context: Any) -> None:
    for _ in range(LINES):
        context.log("x" * 1000)


def _garbage(context: Any) -> None:
    os.write(_protocol(), b"Loading model... 100%\n")


def _answers_twice(context: Any) -> None:
    os.write(_protocol(), b'{"jsonrpc":"2.0","id":1,"result":null}\n')  # to `initialize`, again


def _answers_for_another(context: Any) -> None:
    os.write(_protocol(), b'{"jsonrpc":"2.0","id":4711,"result":{"output":null}}\n')


def _writes_elsewhere(context: Any) -> None:
    path = Path(context.cache) / "elsewhere"
    path.write_bytes(b"mine")
    context.keep(path, "text/plain")


def _links_elsewhere(context: Any) -> None:
    path = Path(context.workspace) / "link"
    path.symlink_to("/etc/passwd")
    context.keep(path, "text/plain")


def _rewrites(context: Any) -> None:
    """Hands a file over, then changes it."""
    honest = context.keep

    def keep(path: Path, media_type: str) -> Any:
        artifact = honest(path, media_type)
        path.write_bytes(b"something else")
        return artifact

    context.keep = keep


def _makes_way(context: Any) -> None:
    """For a worker of its plugin as it is by now."""
    os._exit(0)


def _protocol() -> int:
    """The daemon's socket, as a plugin bent on mischief would find it: Trio's own sockets do not block."""
    found = (int(name) for name in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{name}"))
    return [each for each in found if stat.S_ISSOCK(os.fstat(each).st_mode) and os.get_blocking(each)][-1]


MISCHIEF: dict[str, Callable[[Any], None]] = {
    "raises": _raises, "exits 0": _exits_0, "exits 1": _exits_1, "segfaults": _segfaults, "hangs": _hangs,
    "chatters": _chatters, "spins": _spins, "hoards": _hoards, "forks": _forks, "floods the log": _floods_log,
    "garbage": _garbage, "answers twice": _answers_twice, "answers for another": _answers_for_another,
    "writes elsewhere": _writes_elsewhere, "links elsewhere": _links_elsewhere, "rewrites": _rewrites,
    STRANGE: _makes_way,
}  # fmt: skip

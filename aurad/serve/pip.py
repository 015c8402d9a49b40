"""pip, in the environment that the daemon runs in: only when an administrator asks, one at a time, never for ever."""

from __future__ import annotations

import importlib.util
import os
import re
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import trio

from aurad.model.errors import AuradError

SECONDS = 600.0  # a large wheel over a slow line; then it counts as hung
GRACE = 2.0  # seconds to clean up before it is killed
OUTPUT = 64 << 10  # bytes of what it said that are told, the last ones
NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
VERSION = r"(?:===?|~=|!=|<=?|>=?)\s*[A-Za-z0-9.*+!_-]+"
REQUIREMENT = re.compile(rf"{NAME}(?:\[{NAME}(?:\s*,\s*{NAME})*\])?\s*(?:{VERSION}(?:\s*,\s*{VERSION})*)?")
QUIET = ("--no-input", "--disable-pip-version-check", "--no-color")
ALL_ASIDE = "Install it by hand where the daemon runs, then `auractl plugins reload`."


def check_requirement(requirement: str) -> str:
    """A name with extras and versions, or an absolute path; raises E100. So no option of pip can come in."""
    is_path = requirement.startswith("/") and requirement.isprintable()
    if not is_path and not REQUIREMENT.fullmatch(requirement):
        raise AuradError(
            "E100-REQUEST", f"cannot install {requirement!r}: it is neither a requirement nor an absolute path",
            remedy="Give a name, with a version if you like: aurad-voice-x>=1.2; or the path of a wheel.",
        )  # fmt: skip
    if is_path and not Path(requirement).exists():
        raise AuradError("E100-REQUEST", f"cannot install {requirement}: there is no such file or folder")
    return requirement


def check_environment() -> None:
    """Raises E601 where pip is missing, or must not or cannot write."""
    if not importlib.util.find_spec("pip"):
        raise _cannot(f"{sys.prefix} has no pip", f"Run {sys.executable} -m ensurepip, or use what made it (uv, pipx).")
    managed = Path(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED")
    if sys.prefix == sys.base_prefix and managed.exists():
        raise _cannot(
            f"the Python in {sys.prefix} belongs to the operating system ({managed})",
            f"Run aurad in an environment of its own: {sys.executable} -m venv FOLDER; or use the system's packages.",
        )
    folder = sysconfig.get_path("purelib")
    if not os.access(folder, os.W_OK):
        raise _cannot(f"the daemon may not write to {folder}", ALL_ASIDE)


async def pip(*arguments: str, cwd: Path) -> str:
    """What it said, its last 64 KiB. Raises E601 with that if it failed or took too long."""
    said = bytearray()
    with trio.move_on_after(SECONDS) as patience:
        status = await _run([sys.executable, "-P", "-m", "pip", arguments[0], *QUIET, *arguments[1:]], said, cwd)
    text = said.decode("utf-8", "replace")
    if patience.cancelled_caught or status:
        how = f"pip did not end within {SECONDS:g} s" if patience.cancelled_caught else f"pip ended with {status}"
        last = next((line for line in reversed(text.splitlines()) if line.strip()), "it said nothing")
        raise AuradError(
            "E601-INSTALL", f"cannot {arguments[0]} {arguments[-1]}: {how}: {last}", details={"output": text}
        )
    return text


async def _run(argv: Sequence[str], said: bytearray, cwd: Path) -> int | None:
    """Its own group: what it starts to build a package ends with it."""
    async with trio.open_nursery() as nursery:
        process: trio.Process = await nursery.start(
            partial(
                trio.run_process, argv, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, check=False, start_new_session=True, deliver_cancel=_stop,
            )
        )  # fmt: skip
        assert process.stdout is not None
        async for chunk in process.stdout:
            said += chunk
            del said[:-OUTPUT]
    return process.returncode


async def _stop(process: trio.Process) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        if number is signal.SIGTERM:
            await trio.sleep(GRACE)


def _cannot(cause: str, remedy: str) -> AuradError:
    return AuradError("E601-INSTALL", f"cannot install or remove plugins: {cause}", remedy=remedy)

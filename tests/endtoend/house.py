"""A user's account in miniature: own folders and settings, `auractl` as a process, the private daemon it starts."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.learnt import keep, lend

AURACTL = Path(sys.executable).with_name("auractl")
ROOT = Path(__file__).parents[2]
CANCELLED = 7  # the status of what Ctrl-C ended
PATIENCE = 120.0  # seconds for one command on a busy machine
GONE = 6.0  # seconds until nothing of a command may be left
CREDENTIALS = struct.calcsize("3i")
# Small enough that every frame counts for milliseconds.
TINY = 'description = "For tests"\nshort_side = 240\nfps = 10\nquality = "draft"\nmusic = "none"\n'
OURS = ("aurad.worker.main", "guardian.py", "-m\0aurad")  # the daemon and its warm workers; anything else is a tool


@dataclass(frozen=True)
class Made:
    """How one command ended."""

    status: int
    out: str
    err: str
    folder: Path
    seconds: float

    @property
    def document(self) -> dict[str, Any]:
        return dict(json.loads(self.out))

    @property
    def timeline(self) -> list[dict[str, Any]]:
        """Previews are optional: which are made depends on how busy the machine is."""
        return [task for task in self.document["timeline"] if not task["name"].startswith("preview")]

    @property
    def ran(self) -> set[str]:
        return {task["name"] for task in self.timeline if not task["reused"]}

    def path(self, name: str) -> Path:
        return next(Path(one["path"]) for one in self.document["deliverables"] if one["name"] == name)

    @property
    def video(self) -> Path:
        return self.path("video.mp4")

    def succeeded(self) -> Made:
        assert self.status == 0, self.err
        return self

    def failed(self, code: str, *told: str) -> None:
        """With this code, every value told, a remedy, and nothing where the result would have gone."""
        assert self.status not in (0, CANCELLED), self.out
        assert f"error {code}" in self.err, self.err
        for value in told:
            assert value in self.err, self.err
        assert "\nremedy: " in self.err, self.err
        assert "Traceback" not in self.err, self.err
        assert contents(self.folder) == []


@dataclass
class House:
    """`make` runs a command to its end; the private daemon stays for the next one."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    wrapper: Sequence[str] = ()
    count: int = 0

    def __post_init__(self) -> None:
        for name in ("run", "out", "config/aurad/presets"):
            (self.folder / name).mkdir(parents=True)
        (self.folder / "config/aurad/presets/tiny.toml").write_text(TINY)
        if not self.wrapper:  # else it may be of another user
            lend(self.folder / "cache" / "aurad")

    @property
    def environment(self) -> dict[str, str]:
        homes = {f"XDG_{name}_HOME": str(self.folder / name.lower()) for name in ("CONFIG", "STATE", "CACHE", "DATA")}
        own = {"HOME": str(self.folder), "XDG_RUNTIME_DIR": str(self.folder / "run"), "AURAD_DEFAULTS__PRESET": "tiny"}
        return os.environ | homes | own | self.settings

    @property
    def state(self) -> Path:
        return self.folder / "state" / "aurad"

    def document(self, *sentences: str, title: str = "Rain") -> Path:
        """A document with a section for each sentence."""
        sections = (f"## Part {number}\n\n{sentence}\n" for number, sentence in enumerate(sentences, 1))
        return self.file("".join((f"# {title}\n\n", *sections)))

    def file(self, content: str | bytes, name: str = "doc.md") -> Path:
        self.count += 1
        path = self.folder / f"source{self.count}" / name
        path.parent.mkdir()
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def make(self, *arguments: str | Path, stdin: bytes | None = None, into: Path | None = None) -> Made:
        folder = into or self.new_folder()
        began = time.monotonic()
        with self.started("make", *arguments, "-o", folder, "--json", "-q", pipe=stdin is not None) as process:
            out, err = process.communicate(stdin, timeout=PATIENCE)
        return Made(process.returncode, out.decode(), err.decode(), folder, time.monotonic() - began)

    def call(self, *arguments: str | Path) -> Made:
        """Any other command."""
        began = time.monotonic()
        with self.started(*arguments) as process:
            out, err = process.communicate(timeout=PATIENCE)
        return Made(process.returncode, out.decode(), err.decode(), self.folder, time.monotonic() - began)

    @contextmanager
    def started(self, *arguments: str | Path, pipe: bool = False) -> Iterator[subprocess.Popen[bytes]]:
        process = subprocess.Popen(
            [*self.wrapper, str(AURACTL), *map(str, arguments)],
            stdin=subprocess.PIPE if pipe else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment,
            cwd=self.folder,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.communicate()

    def new_folder(self) -> Path:
        folder = Path(tempfile.mkdtemp(dir=self.folder / "out"))
        folder.chmod(0o755)
        return folder

    @property
    def daemon(self) -> int | None:
        """The daemon's process, if one listens."""
        with socket.socket(socket.AF_UNIX) as client, suppress(OSError):
            client.connect(str(self.folder / "run" / "aurad.sock"))
            credentials = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS)
            return int(struct.unpack("3i", credentials)[0])
        return None

    def processes(self) -> dict[int, str]:
        """Everything that was started from here."""
        mark, found = f"HOME={self.folder}\0".encode(), {}
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if mark in (entry / "environ").read_bytes():
                    found[int(entry.name)] = (entry / "cmdline").read_text("utf-8", "replace")
        return found

    def tools(self) -> list[str]:
        """Whatever runs besides the daemon and its warm workers."""
        return [line for line in self.processes().values() if line and not any(own in line for own in OURS)]

    def half_made(self) -> list[str]:
        """What tasks have left in their private folders."""
        return contents(self.state / "store" / "work")

    def assert_quiet(self) -> None:
        """No tool runs, and no task left a file behind."""
        until(lambda: not self.tools() and not self.half_made(), lambda: f"{self.tools()} {self.half_made()}")

    def close(self) -> None:
        if daemon := self.daemon:
            os.kill(daemon, signal.SIGTERM)
        try:
            until(lambda: not self.processes(), lambda: str(self.processes()))
        finally:
            for left in self.processes():
                os.kill(left, signal.SIGKILL)
        said = "".join(path.read_text() for path in self.state.glob("log/*.log"))
        assert "Traceback" not in said, said
        keep(self.folder / "cache" / "aurad")
        shutil.rmtree(self.folder)


def until(happened: Callable[[], bool], story: Callable[[], str], seconds: float = GONE) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, story()
        time.sleep(0.05)


def contents(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


@contextmanager
def open_house(wrapper: Sequence[str] = (), **settings: str) -> Iterator[House]:
    """Its path is short: a socket's must stay under 108 bytes. Leaving the block ends the daemon and all below it."""
    house = House(Path(tempfile.mkdtemp(prefix="aurad-e-")), settings, wrapper)
    house.folder.chmod(0o755)
    try:
        yield house
    finally:
        house.close()

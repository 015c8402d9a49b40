"""A daemon to be killed: its folders, its jobs, and what is true of them afterwards, read from outside."""

from __future__ import annotations

import collections
import ctypes
import hashlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from aurad.client.blocking import Client, ConnectionLost, RemoteError
from aurad.engine.tools import find_ffmpeg
from aurad.worker import guardian
from tests.learnt import keep, lend

HERE = Path(__file__).parent
PR_GET_CHILD_SUBREAPER = 37
PATIENCE = 120.0  # seconds for anything to happen on a busy machine
ORPHANS_GONE = 2.0  # seconds that workers and tools may outlive their daemon
TINY = 'description = "For tests"\nshort_side = 240\nfps = 10\nquality = "draft"\nmusic = "none"\n'
OURS = ("aurad.worker.main", "guardian.py")
ENTRY_POINTS = "[aurad.stages]\n"
METADATA = "Metadata-Version: 2.1\nName: witness\nVersion: 1.0\n"
PROVIDERS = {
    "SCRIPT": "watched-document", "VOICE": "watched-beep", "VISUALS": "watched-slides", "RENDER": "watched-ffmpeg",
}  # fmt: skip
COUNTED = """
    SELECT job_id, count(*), max(job_seq), sum(terminal), max(job_seq * terminal) FROM events GROUP BY job_id
"""
FALLS = """
    SELECT job_id, seq, percent, before FROM (
        SELECT job_id, seq, data ->> '$.progress' AS percent,
            lag(data ->> '$.progress') OVER (PARTITION BY job_id ORDER BY seq) AS before FROM events
    ) WHERE percent < before
"""
DEAD = (OSError, ConnectionLost, RemoteError)  # what a dying daemon says is of no interest


class Line(NamedTuple):
    """What the witness wrote: when (seconds since the epoch) which task began or ended."""

    what: str
    method: str
    key: str
    at: float


class Estate:
    """Its path is short: a socket's must stay under 108 bytes."""

    def __init__(self, wrapper: Sequence[str] = (), **settings: str) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="aurad-c-"))
        self.socket, self.wrapper, self.settings = self.home / "s", wrapper, settings
        self.process: subprocess.Popen[bytes] | None = None
        self._others = guardian.children()
        for name in ("config/aurad/presets", "run"):
            (self.home / name).mkdir(parents=True)
        (self.home / "config/aurad/presets/tiny.toml").write_text(TINY)
        lend(self.home / "cache/aurad")
        self.install("witness")

    def install(self, *plugins: str) -> None:
        """All that there are besides the bundled ones."""
        info = self.home / "site" / "witness-1.0.dist-info"
        info.mkdir(parents=True, exist_ok=True)
        (info / "METADATA").write_text(METADATA)
        (info / "entry_points.txt").write_text(ENTRY_POINTS + "".join(f"{name} = {name}\n" for name in plugins))
        (info / "direct_url.json").write_text(json.dumps({"url": "file:///", "dir_info": {"editable": True}}))
        for module in ("mischief", *plugins):
            shutil.copy(HERE / f"{module}.py", self.home / "site")

    @property
    def environment(self) -> dict[str, str]:
        own = {f"XDG_{name}_HOME": str(self.home / name.lower()) for name in ("CONFIG", "STATE", "CACHE", "DATA")}
        own |= {"HOME": str(self.home), "XDG_RUNTIME_DIR": str(self.home / "run"), "AURAD_DEFAULTS__PRESET": "tiny"}
        own |= {f"AURAD_{kind}__PROVIDERS": json.dumps([name]) for kind, name in PROVIDERS.items()}
        own |= {"AURAD_FINISH__PROVIDERS": '["watched-captions", "watched-package"]', "AURAD_HTTP__BIND": "127.0.0.1:0"}
        site = os.pathsep.join(filter(None, (str(self.home / "site"), os.environ.get("PYTHONPATH"))))
        return os.environ | own | {"PYTHONPATH": site} | self.settings

    # ------------------------------------------------------------ the daemon

    def start(self) -> None:
        argv = [*self.wrapper, sys.executable, "-P", "-m", "aurad", "--socket", str(self.socket)]
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(argv, env=self.environment, stderr=log, stdout=log, cwd=self.home)

    def wait_up(self) -> float:
        """Until it answers; the seconds since now."""
        began = time.monotonic()
        while time.monotonic() < began + PATIENCE:
            with suppress(*DEAD), Client(self.socket, timeout=PATIENCE) as client:
                client.call("jobs.list", {"limit": 1})
                return time.monotonic() - began
            assert self.process is not None
            assert self.process.poll() is None, self.said()
            time.sleep(0.005)
        raise AssertionError(f"no answer within {PATIENCE} s: {self.said()}")

    def kill(self) -> float:
        """End it as a power switch would; the time of its death in seconds since the epoch."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        return time.time()

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def said(self) -> str:
        return (self.home / "log").read_text("utf-8", "replace")[-4000:]

    # ------------------------------------------------------------ jobs

    def call(self, method: str, **params: Any) -> Any:
        with Client(self.socket, timeout=PATIENCE) as client:
            return client.call(method, params)

    def submit(self, text: str, key: str = "", **settings: Any) -> str:
        more = {"idempotencyKey": key} if key else {}
        return str(self.call("jobs.submit", brief={"source": text}, **more, **settings)["jobId"])

    def wait(self, job_id: str) -> dict[str, Any]:
        return dict(self.call("jobs.wait", jobId=job_id))

    @property
    def state(self) -> Path:
        """As the daemon sees it, which may be in a file system of its own."""
        root = Path(f"/proc/{self.process.pid}/root") if self.wrapper and self.process else Path("/")
        return root / str(self.home / "state/aurad").lstrip("/")

    def rows(self, sql: str, *parameters: object) -> list[Any]:
        journal = self._copied() if self.wrapper else self.state / "journal.sqlite"
        with closing(sqlite3.connect(journal, timeout=PATIENCE)) as connection:
            return connection.execute(sql, parameters).fetchall()

    def _copied(self) -> Path:
        """SQLite opens nothing through /proc; the daemon must be idle."""
        for name in ("journal.sqlite", "journal.sqlite-wal"):
            shutil.copy(self.state / name, self.home)
        return self.home / "journal.sqlite"

    def open_jobs(self) -> int:
        return int(self.rows("SELECT count(*) FROM jobs WHERE status IN ('Queued', 'Running')")[0][0])

    def wait_idle(self) -> None:
        end = time.monotonic() + PATIENCE
        while self.open_jobs():
            assert time.monotonic() < end, self.said()
            time.sleep(0.05)

    # ------------------------------------------------------------ what is true

    @property
    def stage_cache(self) -> Path:
        """The witness's own folder, where tests put up what it is to do."""
        return self.home / "cache/aurad/plugins/witness"

    def stored(self, sha256: str) -> Path:
        return self.state / "store/objects" / sha256[:2] / sha256

    def frames(self, job_id: str) -> str:
        """The hash of every frame and packet of sound of the job's video, as FFmpeg tells them."""
        found = self.rows("SELECT sha256 FROM artifacts WHERE job_id = ? AND name = 'video.mp4'", job_id)
        argv = [find_ffmpeg(""), "-v", "error", "-i", self.stored(found[0][0]), "-f", "framemd5", "-"]
        told = subprocess.run(list(map(str, argv)), capture_output=True, text=True, check=True).stdout
        return "\n".join(line for line in told.splitlines() if not line.startswith("#"))

    def witness(self) -> list[Line]:
        path = self.stage_cache / "witness"
        lines = path.read_text().splitlines() if path.exists() else []
        return [Line(what, method, key, float(at)) for what, method, key, at in map(str.split, lines)]

    def processes(self) -> dict[int, str]:
        """Everything that lives below this folder's daemon, or did until we adopted it; but for itself."""
        known = self._others | ({self.process.pid} if self.process else set())
        for pid in guardian.children() - known:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        found = {}
        for pid in guardian.descendants(self._others) - known:
            with suppress(OSError):
                found[pid] = Path(f"/proc/{pid}/cmdline").read_text("utf-8", "replace").replace("\0", " ")
        return {pid: line for pid, line in found.items() if line}  # the dead have none

    def assert_no_orphans(self) -> None:
        """Workers and tools are gone soon after their daemon."""
        end = time.monotonic() + ORPHANS_GONE
        while left := self.processes():
            assert time.monotonic() < end, left
            time.sleep(0.01)

    def tools(self) -> list[str]:
        """Whatever runs besides the daemon's warm workers, and what tasks have left in their private folders."""
        left = [line for line in self.processes().values() if line and not any(own in line for own in OURS)]
        work = self.state / "store/work"
        return [*left, *(path.name for path in (work.iterdir() if work.is_dir() else ()))]

    def assert_quiet(self, within: float = ORPHANS_GONE) -> None:
        """No tool runs, and no task left a file behind."""
        end = time.monotonic() + within
        while left := self.tools():
            assert time.monotonic() < end, left
            time.sleep(0.01)

    def assert_consistent(self) -> None:
        """One end for each job, no number left out, percent that never falls, and every file whole."""
        counted = (
            "SELECT job_id, count(*), max(job_seq), sum(terminal), max(job_seq * terminal) FROM events GROUP BY job_id"
        )
        for job_id, number, newest, ends, end in self.rows(counted):
            assert number == newest == end, f"{job_id}: {number} events, the last is {newest}, the end {end}"
            assert ends == 1, f"{job_id} ended {ends} times"
        assert self.rows(FALLS) == []
        for name, job_id, sha256 in self.rows("SELECT name, job_id, sha256 FROM artifacts"):
            assert hashlib.sha256(self.stored(sha256).read_bytes()).hexdigest() == sha256, f"{name} of {job_id} is torn"

    def executions(self) -> collections.Counter[str]:
        return collections.Counter(line.key for line in self.witness() if line.what == "begin")

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.assert_no_orphans()
        said = (self.home / "log").read_text("utf-8", "replace") if (self.home / "log").exists() else ""
        keep(self.home / "cache/aurad")
        shutil.rmtree(self.home, ignore_errors=True)
        assert "Traceback" not in said, said


@contextmanager
def open_estate(wrapper: Sequence[str] = (), **settings: str) -> Iterator[Estate]:
    with adopting():
        estate = Estate(wrapper, **settings)
        try:
            yield estate
        finally:
            estate.close()


@contextmanager
def adopting() -> Iterator[None]:
    """Whoever below us loses its parents becomes our child: nobody gets away, by two forks or without a trace of us."""
    prctl, before = ctypes.CDLL(None).prctl, ctypes.c_int()
    prctl(PR_GET_CHILD_SUBREAPER, ctypes.byref(before), 0, 0, 0)
    guardian.become_subreaper()
    try:
        yield
    finally:
        prctl(guardian.PR_SET_CHILD_SUBREAPER, before.value, 0, 0, 0)

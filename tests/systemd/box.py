"""A real systemd in a box: process 1 of namespaces of its own, over an overlay of this machine's files."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "how-to"
PATIENCE = 30.0  # seconds for anything to happen on a busy machine
NEEDED = ("systemd", "unshare", "nsenter", "setpriv", "socat", "curl")
TARGET = """[Unit]
Requires=sysinit.target dbus.socket systemd-journald.service aurad.socket aurad-http.socket
After=sysinit.target dbus.socket systemd-journald.service
AllowIsolate=yes
"""
# The interpreter of the tests may lie where only root may look. By `env`: the capability is in force after an exec.
OURS = """[Service]
AmbientCapabilities=CAP_DAC_READ_SEARCH
ExecStart=
ExecStart=/usr/bin/env {python} -m aurad --system
Environment=AURAD_LOG__LEVEL=debug
WatchdogSec=3
"""
# Arguments: folder, interpreter's prefixes and the project, each of which may be a mount of its own.
BOOT = r"""
set -e
box=$1; shift; new=$box/root
mount -t tmpfs tmpfs "$box"
mkdir -p "$new" "$box/up" "$box/work"; cp -a "$LAYER/." "$box/up/"
mount -t overlay overlay -o "lowerdir=/,upperdir=$box/up,workdir=$box/work" "$new"
for each; do mkdir -p "$new$each"; mount --bind "$each" "$new$each"; done
mount -t proc proc "$new/proc"; mount -t sysfs -o ro sysfs "$new/sys"
mount -t tmpfs -o mode=755 tmpfs "$new/run"; mount -t tmpfs -o mode=755 tmpfs "$new/dev"
for each in null zero full random urandom tty; do
  touch "$new/dev/$each"; mount --bind "/dev/$each" "$new/dev/$each"
done
mkdir "$new/dev/shm" "$new/dev/pts"; mount -t tmpfs tmpfs "$new/dev/shm"; ln -s /proc/self/fd "$new/dev/fd"
mount -t cgroup2 cgroup2 "$new/sys/fs/cgroup"
cd "$new"; mkdir -p .old; pivot_root . .old; umount -l /.old; mount --make-rshared /
ip link set lo up 2>/dev/null || true
exec env -i container=box PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --unit=box.target
"""


# What a container may be forbidden.
TRY = """
mount -t tmpfs tmpfs "$0"; cd "$0"; mkdir up work root
mount -t overlay overlay -o "lowerdir=/,upperdir=up,workdir=work" root
mount -t proc proc root/proc; mount -t sysfs -o ro sysfs root/sys; mount -t cgroup2 cgroup2 root/sys/fs/cgroup
"""
ALONE = ("-m", "-u", "-i", "-n", "-p", "-C", "-f", "--kill-child")


class Box:
    """A booted system; `run` runs something inside."""

    def __init__(self, init: int) -> None:
        self._init = init

    def run(self, *argv: str, stdin: str = "", check: bool = True) -> str:
        command = ["nsenter", "-t", str(self._init), "-a", *argv]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=PATIENCE, check=False)
        assert not check or done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
        return done.stdout

    def property(self, name: str, unit: str = "aurad.service") -> str:
        return self.run("systemctl", "show", "-P", name, unit).strip()

    def pid(self) -> str:
        """Of the daemon, once it serves; never 0, which `kill` would take for our own process group."""
        self.wait("ActiveState", "active")
        return self.property("MainPID")

    def wait(self, name: str, value: str) -> None:
        end = time.monotonic() + PATIENCE
        while (found := self.property(name)) != value:
            assert time.monotonic() < end, f"{name} is {found}\n{self.run('journalctl', '-u', 'aurad', check=False)}"
            time.sleep(0.05)


def missing() -> str:
    """What a box needs and this machine lacks."""
    if os.geteuid():
        return "root"
    lacking = [name for name in NEEDED if not (shutil.which(name) or Path("/lib/systemd", name).exists())]
    if lacking or not _unified():
        return ", ".join(lacking) or "cgroup2"
    with tempfile.TemporaryDirectory(prefix="aurad-") as folder:
        tried = subprocess.run(
            ["unshare", *ALONE, "bash", "-ec", TRY, folder], capture_output=True, text=True, check=False
        )
    return f"mounts: {tried.stderr.strip()}" if tried.returncode else ""


def _unified() -> Path | None:
    for line in Path("/proc/mounts").read_text().splitlines():
        _, place, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(place)
    return None


def _layer(folder: Path) -> None:
    """What the box has and this machine has not."""
    units = folder / "etc/systemd/system"
    for each in (units / "aurad.service.d", folder / "etc/sysusers.d"):
        each.mkdir(parents=True)
    for line in page_lines("sudo install "):
        subprocess.run(line.replace(" /etc", f" {folder}/etc"), shell=True, cwd=ROOT, check=True)
    (units / "box.target").write_text(TARGET)
    (units / "aurad.service.d/box.conf").write_text(OURS.format(python=sys.executable))


def page_lines(start: str, page: str = "run-as-a-service.md") -> list[str]:
    """Commands of the how-to that begin so, without `sudo`."""
    lines = (
        line.strip().partition("  #")[0] for line in (PAGES / page).read_text().splitlines() if line.startswith("    ")
    )
    return [line.removeprefix("sudo ") for line in lines if line.startswith(start)]


@contextmanager
def open_box() -> Iterator[Box]:
    """Boot; everything in it is gone when the block is left."""
    unified = _unified()
    assert unified
    with tempfile.TemporaryDirectory(prefix="aurad-") as name:
        layer, group = Path(name, "layer"), unified / Path(name).name
        layer.mkdir()
        Path(name, "box").mkdir()
        _layer(layer)
        group.mkdir()
        shown = dict.fromkeys(str(Path(each).resolve()) for each in (ROOT, sys.prefix, sys.base_prefix))
        enter = f'echo $$ > {group}/cgroup.procs; exec unshare {" ".join(ALONE)} bash -c "$0" bash "$@"'
        argv = ["bash", "-c", enter, BOOT, f"{name}/box", *shown]
        with Path(name, "console").open("w") as console:
            outer = subprocess.Popen(
                argv, env={**os.environ, "LAYER": str(layer)}, stdin=subprocess.DEVNULL, stdout=console, stderr=console
            )
        try:
            yield _booted(outer, Path(name, "console"))
        finally:
            outer.send_signal(signal.SIGKILL)
            outer.wait()
            _clear(group)


def _booted(outer: subprocess.Popen[bytes], console: Path) -> Box:
    end = time.monotonic() + PATIENCE
    children = Path(f"/proc/{outer.pid}/task/{outer.pid}/children")
    while time.monotonic() < end:
        with suppress(OSError, AssertionError, IndexError):
            box = Box(int(children.read_text().split()[0]))
            box.run("systemctl", "is-active", "-q", "box.target")
            return box
        assert outer.poll() is None, console.read_text()
        time.sleep(0.05)
    raise AssertionError(console.read_text())


def _clear(group: Path) -> None:
    end = time.monotonic() + PATIENCE
    for folder in (*sorted(group.glob("**/"), reverse=True), group):
        while folder.exists() and time.monotonic() < end:
            with suppress(OSError):
                folder.rmdir()
            time.sleep(0.01)

"""Parents one worker and sees to it that nothing below it survives. Standard library only, starts in 10 ms.

    python -I -S guardian.py --watchdog FD -- ARGV...

It waits for the end of the worker, or of whoever holds the other end of the watchdog pipe. Either way it
then kills every descendant and exits with the worker's status (128 + signal). As a subreaper it inherits
grandchildren that forked twice or left the session, so none escapes. It lives in a process of its own
because a worker that is stuck in native code notices nothing.
"""

import ctypes
import os
import select
import signal
import sys
import time
from contextlib import suppress

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
PATIENCE = 5.0  # seconds to wait for killed processes: one in an unreachable file system may never end
PAUSE = 0.005  # seconds between two looks at them


def become_subreaper() -> None:
    """Orphans among our descendants become our children."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent() -> None:
    """Be killed when the thread that started us ends: right below a guardian, which has but one."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def children() -> frozenset[int]:
    """Our own children, zombies too. Quick however many processes the machine runs."""
    found: set[int] = set()
    for thread in os.listdir("/proc/self/task"):
        with suppress(FileNotFoundError), open(f"/proc/self/task/{thread}/children") as file:
            found.update(map(int, file.read().split()))
    return frozenset(found)


def descendants(spared: frozenset[int] = frozenset()) -> set[int]:
    """Every process below this one, zombies too, but for the `spared` and what is below them."""
    below: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (parent := _parent(entry)):
            below.setdefault(parent, []).append(int(entry))
    found: set[int] = set()
    waiting = [os.getpid()]
    while waiting:
        new = [pid for pid in below.get(waiting.pop(), ()) if pid not in found | spared]
        found.update(new)
        waiting += new
    return found


def kill_descendants(spared: frozenset[int] = frozenset()) -> None:
    """Kill all our descendants but the `spared`, again and again until none is left."""
    end = time.monotonic() + PATIENCE
    while (left := descendants(spared)) and time.monotonic() < end:
        for pid in left:
            _kill(pid)
        for pid in left:
            _reap(pid)
        time.sleep(PAUSE)


def main(argv: list[str]) -> int:
    """Run the worker; gives the exit status."""
    if argv[:1] != ["--watchdog"] or argv[2:3] != ["--"]:
        sys.stderr.write(__doc__ or "")
        return 2
    watchdog = int(argv[1])
    os.set_inheritable(watchdog, False)  # held by the worker too, it would never end
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # Ctrl-C reaches the whole terminal; the daemon decides
    become_subreaper()
    wakeups = _wakeups()
    worker = _spawn(argv[3:])
    status = _wait(worker, watchdog, wakeups)
    kill_descendants()
    return status


def _spawn(argv: list[str]) -> int:
    defaults = (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)  # SIGINT stays ignored, in the worker and its tools
    return os.posix_spawn(argv[0], argv, os.environ, setpgroup=0, setsigdef=defaults)


def _wakeups() -> int:
    """A descriptor that becomes readable whenever a child ends."""
    reader, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    return reader


def _wait(worker: int, watchdog: int, wakeups: int) -> int:
    poll = select.poll()
    poll.register(watchdog, select.POLLIN)
    poll.register(wakeups, select.POLLIN)
    while True:
        ready = {descriptor for descriptor, _ in poll.poll()}
        if wakeups in ready:
            os.read(wakeups, 4096)
            if (status := _reap_all(worker)) is not None:
                return status
        if watchdog in ready and not os.read(watchdog, 4096):
            return 128 + signal.SIGKILL


def _reap_all(worker: int) -> int | None:
    """Bury the dead, adopted ones too; the worker's status if it is among them."""
    result = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return result
        if not pid:
            return result
        if pid == worker:
            code = os.waitstatus_to_exitcode(status)
            result = code if code >= 0 else 128 - code


def _parent(pid: str) -> int:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return int(file.read().rpartition(b")")[2].split()[1])  # a name may hold blanks and brackets
    except OSError:
        return 0


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def _reap(pid: int) -> None:
    with suppress(ChildProcessError):  # not (yet) ours: its parent is being killed as well
        os.waitpid(pid, os.WNOHANG)


if __name__ == "__main__":
    os._exit(main(sys.argv[1:]))

"""What was large and is gone does not stay with the daemon."""

from __future__ import annotations

import subprocess
import sys

CHURN = """
import sys
from pathlib import Path
from aurad.serve.memory import keep_little

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

if sys.argv[1:]:
    keep_little()
del [bytes(1 << 20) for _ in range(2)][:]  # from here on glibc takes a megabyte for something small
before, kept = resident(), []
for size in range(300 << 10, 600 << 10, 5 << 10):
    large = [b"x" * size for _ in range(4)]
    kept.append(bytes(1 << 10))  # something stays where the large ones were
    del large[:]
print(resident() - before)
"""

READS = """
import resource, socket
from aurad.serve.memory import keep_little

keep_little()
ours, theirs = socket.socketpair()

def read():
    ours.send(b"x")
    theirs.recvmsg(64 << 10)

read()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(1000):
    read()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def told(code: str, *arguments: str) -> int:
    run = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    return int(run.stdout)


def grown(*arguments: str) -> int:
    return told(CHURN, *arguments)


def test_what_a_read_takes_does_not_come_from_the_system_each_time() -> None:
    assert told(READS) < 100  # page faults of a thousand reads


def test_holes_that_large_blocks_leave_are_given_back() -> None:
    assert grown("keep little") < 512 << 10
    assert grown() > 1 << 20, "glibc does so by itself now: `keep_little` is not needed any more"

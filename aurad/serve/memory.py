"""How the C library keeps memory that is free."""

from __future__ import annotations

import ctypes

TRIM_THRESHOLD, MMAP_THRESHOLD, ARENA_MAX = -1, -3, -8  # names of malloc.h, as mallopt(3) has them
LARGE = 80 << 10  # bytes: more than every read makes room for, which is 64 KiB and comes and goes each time
SPARE = 128 << 10  # bytes at the end of the heap


def keep_little() -> None:
    """What a large answer took goes back to the system once it was sent.

    By itself glibc moves its idea of "large" up to the largest block that was ever freed, and then carves such
    blocks out of one heap for each thread: what is small and stays keeps the holes from being given back, and a
    daemon that tells many readers of many jobs would grow for days. Other C libraries have no such setting.
    """
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    for option, value in ((MMAP_THRESHOLD, LARGE), (TRIM_THRESHOLD, SPARE), (ARENA_MAX, 1)):
        if set_option:
            set_option(option, value)

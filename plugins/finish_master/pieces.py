"""Long sounds are worked on in pieces, side by side: numpy and the coders leave Python's lock while they work.

A piece's length never depends on the machine, so its bytes do not either.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeVar

import trio

T = TypeVar("T")

BLOCK = 96_000  # samples mixed at once, 2 s: whole frames of the dynamics and whole steps of the meter
PIECE = 4 * BLOCK  # samples, 8 s: besides, whole frames of AAC
SIDE_BY_SIDE = 4  # threads at most; more wait for memory, not for a core


async def in_pieces(
    work: Callable[[int, int], T], samples: int, *, done: Callable[[float], None] = lambda share: None
) -> list[T]:
    """What `work(start, end)` gives for each piece, in order; `done` hears the share that is finished."""
    starts = range(0, max(samples, 1), PIECE)
    results: list[T | None] = [None] * len(starts)
    limiter = trio.CapacityLimiter(min(len(os.sched_getaffinity(0)), SIDE_BY_SIDE))
    finished = 0

    async def one(number: int, start: int) -> None:
        nonlocal finished
        end = min(start + PIECE, samples)
        results[number] = await trio.to_thread.run_sync(work, start, end, limiter=limiter)
        finished += 1
        done(finished / len(starts))

    try:
        async with trio.open_nursery() as nursery:
            for number, start in enumerate(starts):
                nursery.start_soon(one, number, start)
    except BaseExceptionGroup as several:  # side by side is our business: one cause is told, as it is
        raise _first(several) from None
    return [result for result in results if result is not None]


def _first(error: BaseException) -> BaseException:
    """The first real error of a group; a cancel only if there is nothing else."""
    if isinstance(error, BaseExceptionGroup):
        _, real = error.split(trio.Cancelled)
        return _first((real or error).exceptions[0])
    return error

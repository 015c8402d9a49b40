"""Two lives of an engine over toy stages, as a process whose writes are recorded, with marks of what was promised."""

from __future__ import annotations

import ctypes
import functools
import sys
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any

import msgspec
import trio

from aurad.engine import checkpoint
from aurad.engine.memo import Memo
from aurad.model.artifact import Artifact
from tests.engine.house import House, open_house

RECORDER = ctypes.CDLL(None)
SECRET = ("voice.key", "a-long-secret")
TEXTS = [f"Tale {n} begins. It rains in tale {n}. All ends well." for n in range(16)]

Recording = Callable[[Memo, str, bytes, Iterable[Artifact]], Coroutine[Any, Any, None]]


def mark(**promise: object) -> None:
    """From here on it must be true whatever happens to the power."""
    data = msgspec.json.encode(promise)
    RECORDER.record_mark(data, ctypes.c_size_t(len(data)))


def marked(record: Recording) -> Recording:
    @functools.wraps(record)
    async def wrapped(memo: Memo, digest: str, output: bytes, files: Iterable[Artifact]) -> None:
        await record(memo, digest, output, files)
        mark(result=digest)

    return wrapped


async def watch(house: House) -> None:
    cursor = house.engine.events.hub.last
    while True:
        for event in await house.engine.events.read_after(cursor):
            mark(seen=(event.seq, event.job_id, event.type))
            cursor = event.seq


async def submit(house: House, text: str) -> str:
    job_id = await house.submit(text)
    mark(accepted=job_id)
    return job_id


async def wait(house: House, job_id: str) -> None:
    view = await house.engine.jobs.wait(job_id)
    mark(ended=(job_id, view.status.value))


async def live(folder: Path, texts: Iterable[str], left: Iterable[str]) -> None:
    """All of `texts` become videos, a few at a time; of what is `left` the engine is told just before it ends."""
    async with open_house(folder) as house, trio.open_nursery() as watching:
        mark(epoch=house.engine.epoch)
        watching.start_soon(watch, house)
        async with trio.open_nursery() as nursery:
            for text in texts:
                nursery.start_soon(wait, house, await submit(house, text))
        await house.engine.secrets.set(*SECRET)
        mark(secret=SECRET)
        for text in left:
            await submit(house, text)
        watching.cancel_scope.cancel()


async def main(folder: Path) -> None:
    Memo.record = marked(Memo.record)  # type: ignore[method-assign, assignment]
    checkpoint.PAUSE = 0.05  # some of them while jobs run
    await live(folder, TEXTS[:8], TEXTS[8:10])
    await live(folder, TEXTS[10:], ())


if __name__ == "__main__":
    trio.run(main, Path(sys.argv[1]))

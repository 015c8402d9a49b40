"""One life of an engine over toy stages, as a process whose writes are recorded, with marks of what was promised."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any

import trio

from aurad.engine import checkpoint
from aurad.engine.memo import Memo
from aurad.model.artifact import Artifact
from tests.crash.marks import mark
from tests.engine.house import ME, House, open_house

SECRET = ("voice.key", "a-long-secret")
TEXTS = [f"Tale {n} begins. It rains in tale {n}. All ends well." for n in range(24)]

Recording = Callable[[Memo, str, bytes, Iterable[Artifact]], Coroutine[Any, Any, None]]


def marked(record: Recording) -> Recording:
    @functools.wraps(record)
    async def wrapped(memo: Memo, digest: str, output: bytes, files: Iterable[Artifact]) -> None:
        await record(memo, digest, output, files)
        mark(result=digest)

    return wrapped


async def watch(house: House) -> None:
    cursor = 0  # what it did before is told as well
    while True:
        for event in await house.engine.events.read_after(cursor):
            mark(seen=(event.job_id, event.seq, event.type))
            cursor = event.seq


async def submit(house: House, text: str) -> str:
    job_id = await house.submit(text)
    mark(accepted=job_id)
    return job_id


async def wait(house: House, job_id: str) -> None:
    view = await house.engine.jobs.wait(job_id)
    mark(ended=(job_id, view.status.value))


async def cancel(house: House, job_id: str) -> None:
    mark(cancelling=job_id)
    await house.engine.jobs.cancel(job_id, "me", "")
    await wait(house, job_id)


async def delete(house: House, job_id: str) -> None:
    """With what only it has needed."""
    mark(deleting=job_id)
    for task in await house.tasks(job_id):
        mark(dropping=task.digest)
    await house.engine.jobs.delete(job_id)
    mark(deleted=job_id)


async def keep(house: House) -> None:
    """What is no job."""
    asset = await house.engine.put_asset(b"a picture", "image/png", ME)
    mark(asset=asset.sha256)
    await house.engine.secrets.set(*SECRET)
    mark(secret=SECRET)


async def live(folder: Path, texts: Iterable[str], left: Iterable[str]) -> None:
    """Of `texts` videos are made, one of which is deleted; what is `left` the engine hears of just before it ends."""
    async with open_house(folder) as house, trio.open_nursery() as watching:
        mark(epoch=house.engine.epoch)
        watching.start_soon(watch, house)
        async with trio.open_nursery() as nursery:
            jobs = [await submit(house, text) for text in texts]
            for job_id in jobs[:-1]:
                nursery.start_soon(wait, house, job_id)
            nursery.start_soon(cancel, house, jobs[-1])
        await delete(house, jobs[0])
        await keep(house)
        for text in left:
            await submit(house, text)
        watching.cancel_scope.cancel()


async def main(folder: Path, life: int) -> None:
    """In every life something is new, and something was made in the one before."""
    Memo.record = marked(Memo.record)  # type: ignore[method-assign, assignment]
    checkpoint.PAUSE = 0.05  # some of them while jobs run
    first = 5 * life
    await live(folder, TEXTS[first : first + 7], TEXTS[first + 7 : first + 9])


if __name__ == "__main__":
    trio.run(main, Path(sys.argv[1]), int(sys.argv[2]))

"""A journal that tells what it holds, and commits a little more."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import trio

from aurad.engine.journal import Journal, open_journal
from tests.crash.marks import mark

MORE = 3


async def main(path: Path) -> None:
    async with open_journal(path) as journal:
        mark(epoch=journal.epoch)
        known = [row[0] for row in await journal.read("SELECT digest FROM attempts")]
        for digest in known:
            mark(attempt=digest)
        for more in range(MORE):
            await add(journal, f"{len(known) + more}")
        os._exit(0)  # closing would tidy up


async def add(journal: Journal, digest: str) -> None:
    await journal.commit(lambda connection: connection.execute("INSERT INTO attempts VALUES (?, 1, 0)", (digest,)))
    mark(attempt=digest)


if __name__ == "__main__":
    trio.run(main, Path(sys.argv[1]) / "state" / "journal.sqlite")

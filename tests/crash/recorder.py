"""Runs modules of this folder as processes whose every write below a folder is recorded."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.crash.power import Record, read_records

TREE = Path(__file__).parents[2]
SOURCE = Path(__file__).with_name("record_writes.c")
PATIENCE = 60.0  # seconds for one of them on a busy machine
KILLED = 9  # as in record_writes.c


class Recorder:
    """Writes below `root` are recorded, those of all runs in one log."""

    def __init__(self, folder: Path) -> None:
        if shutil.which("cc") is None:
            pytest.skip("no C compiler")
        self.root, self._log, self._preload = folder / "root", folder / "log", folder / "record.so"
        self.root.mkdir()
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", self._preload, SOURCE, "-ldl"], check=True)

    def run(self, module: str, *arguments: str, syncs: int = 0) -> None:
        """To its end, or until it is killed at that many syncs."""
        places = {"RECORD_ROOT": self.root, "RECORD_TO": self._log, "LD_PRELOAD": self._preload}
        environ = {name: str(path) for name, path in places.items()} | {"RECORD_SYNCS": str(syncs)}
        done = subprocess.run(
            [sys.executable, "-m", f"tests.crash.{module}", str(self.root), *arguments],
            cwd=TREE, env=os.environ | environ, capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        assert done.returncode in (0, KILLED if syncs else 0), done.stderr

    def records(self) -> list[Record]:
        return list(read_records(self._log, self.root))

    def restart(self) -> None:
        """With an empty root and an empty log."""
        shutil.rmtree(self.root)
        self.root.mkdir()
        self._log.unlink()

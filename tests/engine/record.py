"""Records a cold run for `replay`: `python -m tests.engine.record DOCUMENT NAME`, on a machine with nothing else to do.

A daemon in empty folders makes the document; what its engine tells the forecast is written down as it is told.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aurad import __main__ as daemon
from aurad.engine.estimate import Costs, task_key
from aurad.engine.forecast import Forecast
from tests.bench.journal import moments
from tests.bench.make import Home
from tests.engine.replay import RUNS

TELLS = {
    "expect": (Forecast, lambda one: one._asdict()),
    "drop": (Forecast, lambda name: name),
    "begin": (Forecast, lambda task: [task.name, task.method, task.size, task_key(task), task.slot, task.order]),
    "advance": (Forecast, lambda name, done: [name, done]),
    "learn": (Costs, lambda task, seconds: [task.name, round(seconds, 3)]),
}


def tell(file: Any, name: str, owner: type, about: Callable[..., Any]) -> None:
    """Have a method write down what it is told."""
    real = getattr(owner, name)

    def told(self: Any, *arguments: Any) -> Any:
        print(json.dumps([time.time(), name, about(*arguments)]), file=file, flush=True)
        return real(self, *arguments)

    setattr(owner, name, told)


def serve(socket: str, notes: str) -> None:
    """The daemon, with every telling written down."""
    with Path(notes).open("w") as file:
        for name, (owner, about) in TELLS.items():
            tell(file, name, owner, about)
        sys.argv[1:] = ["--socket", socket]
        daemon.main()


def record(document: Path, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home, notes = Home(Path(folder) / "home", []), Path(folder) / "notes"
        home.environ["AURAD_JOBS__PREVIEWS"] = "false"  # as `auractl make` has it
        socket = home.environ["AURAD_SOCKET"] = str(home.folder / "run" / "aurad.sock")
        command = [sys.executable, "-m", __spec__.name, "--serve", socket, str(notes)]
        with subprocess.Popen(command, env={**os.environ, **home.environ}) as process:
            while not Path(socket).exists():
                time.sleep(0.05)
            made = home.make(document)
            process.terminate()
        promises = moments(home.folder / "state", made.answer["job"]["jobId"])
        lines = [json.loads(line) for line in notes.read_text().splitlines()]
    write(RUNS / f"{name}.json", lines, promises[0].at, promises[-1].at)


def write(path: Path, lines: list[Any], begun: float, end: float) -> None:
    """Times are seconds since the job was created."""
    events = [[round(at - begun, 3), *rest] for at, *rest in lines]
    body = ",\n".join(json.dumps(event, separators=(",", ":")) for event in events)
    path.write_text(f'{{"end":{end - begun:.3f},"events":[\n{body}\n]}}\n')


if __name__ == "__main__":
    if sys.argv[1] == "--serve":
        serve(*sys.argv[2:])
    else:
        record(Path(sys.argv[1]), sys.argv[2])

"""Servers for `tests.bench.control`, each in its own process: `python -m tests.bench.peers NAME SOCKET FOLDER [JOBS]`.

Each prints `ready` once it listens. All but `echo` understand `jobs.submit` and `jobs.wait`.
"""

from __future__ import annotations

import gc
import json
import socketserver
import sys
import threading
from functools import partial
from pathlib import Path
from typing import Any

import trio


async def aurad(path: Path, folder: Path, jobs: int = 0) -> None:
    """The daemon's control socket, engine and journal, with `jobs` ended ones; its stages are toys."""
    import msgspec
    import structlog

    from aurad.engine.record import Job, insert_job, load_job
    from aurad.serve.control import open_control
    from tests.engine.house import open_house

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    async with open_house(folder, max_running=50) as house, open_control(house.engine, path):
        engine = house.engine
        made = await load_job(engine._journal, (await house.make("One sentence.")).job_id)
        for n in range(jobs - 1):
            view = msgspec.structs.replace(made.view, job_id=f"a-{n:026}")
            await engine._journal.commit(insert_job(Job(view, made.submitted, made.recipe, view.job_id), 0.0))
        gc.collect()
        gc.freeze()  # as the daemon does
        print("ready", flush=True)
        await trio.sleep_forever()


async def echo(path: Path, folder: Path) -> None:
    """Bare Trio: sends back what it gets."""

    async def serve(stream: trio.SocketStream) -> None:
        async for data in stream:
            await stream.send_all(data)

    sock = trio.socket.socket(trio.socket.AF_UNIX)
    await sock.bind(str(path))
    sock.listen(4096)
    gc.collect()
    gc.freeze()
    print("ready", flush=True)
    await trio.serve_listeners(serve, [trio.SocketListener(sock)])


def huey(path: Path, folder: Path) -> None:
    """huey as its documentation has it: a queue in SQLite, flushed at every commit, and worker threads.

    A job is five tasks that follow one another, as ours has five stages.
    """
    from huey import SqliteHuey

    queue = SqliteHuey(filename=str(folder / "huey.db"), fsync=True)
    stage = queue.task()(lambda value=0: value + 1)
    queue.create_consumer(workers=4, initial_delay=0.001, max_delay=0.001).start()

    class Serve(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            waiting: dict[str, Any] = {}
            for line in self.rfile:
                request = json.loads(line)
                if request["method"] == "jobs.submit":
                    pipeline = stage.s()
                    for _ in range(4):
                        pipeline = pipeline.then(stage)
                    answer = {"jobId": str(len(waiting))}
                    waiting[answer["jobId"]] = queue.enqueue(pipeline)
                else:
                    results = waiting.pop(request["params"]["jobId"])
                    assert results.get(blocking=True, backoff=1, max_delay=0.002)[-1] == 5
                    answer = {"status": "Succeeded"}
                self.wfile.write(json.dumps({"result": answer}).encode() + b"\n")

    class Listener(socketserver.ThreadingUnixStreamServer):
        request_queue_size = 4096
        daemon_threads = True

    with Listener(str(path), Serve) as listener:
        threading.Thread(target=listener.serve_forever, daemon=True).start()
        print("ready", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    name, path, folder, *jobs = sys.argv[1:]
    if name == "huey":
        huey(Path(path), Path(folder))
    else:
        trio.run(partial({"aurad": aurad, "echo": echo}[name], Path(path), Path(folder), *map(int, jobs)))

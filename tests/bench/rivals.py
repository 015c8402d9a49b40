"""Servers of the same stream, each in its own process: `python -m tests.bench.rivals NAME READERS`.

Each prints its port and what a request needs, reads lines "bursts size pause_us mark" and answers each with
`d` once all of it is published. The last event of a line carries the mark.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import trio

FRAME = 255  # bytes of an event as it is sent


def frame(seq: int, mark: str) -> bytes:
    head = f"id: e-{seq}\nevent: job-status\ndata: {time.monotonic_ns()}@{mark}|".encode()
    return head.ljust(FRAME - 2, b"x") + b"\n\n"


def told(line: bytes) -> tuple[int, int, float, str]:
    bursts, size, pause, mark = line.decode().split()
    return int(bursts), int(size), int(pause) / 1e6, mark


async def commands(publish: Callable[[int, str], Any]) -> None:
    """Do what standard input says."""
    rest = b""
    async with trio.lowlevel.FdStream(0) as stdin:
        async for data in stdin:
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                bursts, size, pause, mark = told(line)
                for n in range(bursts):
                    publish(size, mark if n == bursts - 1 else "-")
                    await trio.sleep(pause)
                print("d", flush=True)


async def aurad(readers: int) -> None:
    """The daemon's own HTTP edge, engine and journal."""
    import structlog

    from aurad.engine.record import Job, insert_job, load_job
    from aurad.model.event import JobStatus, timestamp
    from aurad.model.job import Status
    from tests.serve.site import open_site

    # Nobody reads what is logged here: it would fill the pipe.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    with tempfile.TemporaryDirectory() as folder:
        async with open_site(Path(folder)) as site:
            engine, job_seq = site.house.engine, 0
            made = await load_job(engine._journal, (await site.house.make("One sentence.")).job_id)
            view = _changed(made.view, job_id="a-1", status=Status.RUNNING)
            await engine._journal.commit(insert_job(Job(view, made.submitted, made.recipe, "a-1"), 0.0))

            def publish(size: int, mark: str) -> None:
                nonlocal job_seq
                for n in range(size):
                    job_seq += 1
                    message = f"{time.monotonic_ns()}@{mark if n == size - 1 else '-'}|"
                    engine.events.append(
                        lambda seq, job_seq=job_seq, message=message: JobStatus(
                            seq=seq, job_seq=job_seq, job_id="a-1", timestamp=timestamp(), correlation_id="c",
                            status=Status.RUNNING, stage="Voice", progress=0.0, message=message,
                        )
                    )  # fmt: skip

            gc.collect()
            gc.freeze()
            print(site.port, "/api/events?jobs=a-1", f"Authorization: Bearer {site.mine}", flush=True)
            await commands(publish)


def _changed(view: Any, **changes: Any) -> Any:
    import msgspec

    return msgspec.structs.replace(view, **changes)


async def bare(readers: int) -> None:
    """Nothing but Trio: a task for each connection, woken together, one write for what came together."""
    ring: list[bytes] = []
    lot = trio.lowlevel.ParkingLot()

    async def serve(stream: trio.SocketStream) -> None:
        await stream.receive_some(65536)
        await stream.send_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        cursor = len(ring)
        while True:
            while cursor == len(ring):
                await lot.park()
            data, cursor = b"".join(ring[cursor:]), len(ring)
            await stream.send_all(b"%x\r\n%b\r\n" % (len(data), data))

    def publish(size: int, mark: str) -> None:
        ring.extend(frame(len(ring), mark if n == size - 1 else "-") for n in range(size))
        lot.unpark_all()

    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, serve, [listener])
        gc.freeze()
        print(listener.socket.getsockname()[1], "/", "X: y", flush=True)
        await commands(publish)
        nursery.cancel_scope.cancel()


def sse_starlette(readers: int) -> None:
    """sse-starlette on uvicorn and uvloop, with a queue for each reader as its examples have it."""
    import socket

    import uvicorn
    import uvloop
    from sse_starlette import EventSourceResponse, ServerSentEvent
    from starlette.applications import Starlette
    from starlette.routing import Route

    queues: list[asyncio.Queue[tuple[int, str]]] = []

    async def events(request: Any) -> EventSourceResponse:
        queue: asyncio.Queue[tuple[int, str]] = asyncio.Queue()
        queues.append(queue)

        async def body() -> Any:
            while True:
                seq, data = await queue.get()
                yield ServerSentEvent(data, event="job-status", id=f"e-{seq}")

        return EventSourceResponse(body())

    async def main() -> None:
        sock = socket.create_server(("127.0.0.1", 0), backlog=4096)
        server = uvicorn.Server(uvicorn.Config(Starlette(routes=[Route("/", events)]), log_level="error"))
        serving = asyncio.create_task(server.serve([sock]))
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        print(sock.getsockname()[1], "/", "X: y", flush=True)
        seq = 0
        while line := await reader.readline():
            bursts, size, pause, mark = told(line)
            for n in range(bursts):
                for m in range(size):
                    seq += 1
                    last = n == bursts - 1 and m == size - 1
                    data = f"{time.monotonic_ns()}@{mark if last else '-'}|".ljust(FRAME - 40, "x")
                    for queue in queues:
                        queue.put_nowait((seq, data))
                await asyncio.sleep(pause)
            print("d", flush=True)
        server.should_exit = True
        await serving

    uvloop.run(main())


if __name__ == "__main__":
    name, number = sys.argv[1], int(sys.argv[2])
    if name == "sse-starlette":
        sse_starlette(number)
    else:
        trio.run({"aurad": aurad, "trio": bare}[name], number)

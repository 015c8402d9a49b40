"""An HTTP server on bare Trio that does what a script says, down to the byte: for clients that must survive it."""

from __future__ import annotations

import gzip
import json
import socket
import struct
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import trio

RESET, STAY = "reset", "stay"  # steps: tear the connection down; never say another word
Step = bytes | float | str | trio.Event  # bytes to send, seconds to wait, an event to wait for, or one of the above
Script = list[Step]
JOB = "a-01TEST"
EPOCH = "k7"


def head(status: str = "200 OK", **headers: str) -> bytes:
    fields = {"content-type": "text/event-stream", **{k.replace("_", "-"): v for k, v in headers.items()}}
    lines = [f"HTTP/1.1 {status}", "connection: close", *(f"{key}: {value}" for key, value in fields.items() if value)]
    return "\r\n".join([*lines, "", ""]).encode()


def fields(kind: str, seq: int, job_seq: int | None = None, *, job: str = JOB, **more: Any) -> dict[str, Any]:
    status = {"job-completed": "Succeeded"}.get(kind, "Running")
    own: dict[str, Any] = {"job-completed": {"output": None, "artifacts": []}}.get(kind, {})
    return {
        "type": kind, "seq": seq, "jobSeq": seq if job_seq is None else job_seq, "jobId": job, "timestamp": "t",
        "correlationId": "c", "status": status, "stage": "Voice", "progress": float(min(seq, 100)), "message": "",
        "eta": None, **own, **more,
    }  # fmt: skip


def frame(kind: str, data: object, identity: str = "") -> bytes:
    start = f"id: {identity}\n" if identity else ""
    return f"{start}event: {kind}\ndata: {json.dumps(data)}\n\n".encode()


def event(seq: int, job_seq: int | None = None, kind: str = "job-status", *, epoch: str = EPOCH, **more: Any) -> bytes:
    return frame(kind, fields(kind, seq, job_seq, **more), f"{epoch}-{seq}")


def done(seq: int, **more: Any) -> bytes:
    return event(seq, kind="job-completed", **more)


def view(status: str = "Running", last: int = 0, job: str = JOB, *, job_seq: int = 0) -> dict[str, Any]:
    return {
        "jobId": job, "correlationId": "c", "owner": {"uid": 1, "name": "o"}, "status": status, "createdAt": "t",
        "priority": 5, "brief": {"topic": "bees"}, "settings": {}, "lastSeq": last,
        "lastJobSeq": job_seq,
    }  # fmt: skip


def snapshot(seq: int, status: str = "Running", *, epoch: str = EPOCH, job_seq: int = 0) -> bytes:
    """Of an older daemon, unless it tells the job's own number too."""
    return frame("snapshot", view(status, seq, job_seq=job_seq), f"{epoch}-{seq}")


def answer(status: str, body: object, **headers: str) -> bytes:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"content_type": "application/json", "content_length": str(len(data)), **headers}
    return head(status, **headers) + data


def problem(status: int, code: str, **headers: str) -> bytes:
    body = {"errorCode": code, "detail": f"cannot do it: {code}", "status": status, "correlationId": "c-1"}
    return answer(f"{status} X", body, content_type="application/problem+json", **headers)


def zipped(data: bytes) -> bytes:
    return gzip.compress(data)


@dataclass
class Request:
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


def resume(*events: bytes) -> Callable[[Request], Script]:
    """Events 1, 2, ... from where the request's cursor is, then 204: how a daemon would."""

    def answer(request: Request) -> Script:
        query = dict(parse_qsl(request.query))
        cursor = request.headers.get("last-event-id") or query.get("lastEventID", "")
        done = int(number) if (number := cursor.rpartition("-")[2]).isdigit() else 0
        return [head(), *events[done:]] if events[done:] else [head("204 No Content", content_type="")]

    return answer


@dataclass
class RudeServer:
    """`scripts`: one for each request of an event stream, in order, then `last`. `routes`: for all else, by path."""

    scripts: deque[Script] = field(default_factory=deque)
    routes: dict[str, bytes | Callable[[Request], bytes]] = field(default_factory=dict)
    last: Callable[[Request], Script] = field(default_factory=resume)
    requests: list[Request] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    url: str = ""

    @property
    def streams(self) -> list[Request]:
        return [request for request in self.requests if request.path.endswith("/events")]

    @property
    def cursors(self) -> list[str]:
        """What each request for events went on from."""
        return [request.headers.get("last-event-id", "") for request in self.streams]

    async def serve(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        self.url = f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}"
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.serve_listeners, self._connection, listeners)
            task_status.started()

    async def _connection(self, stream: trio.SocketStream) -> None:
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            async with stream:
                request = await _read(stream)
                if request is None:
                    return
                self.requests.append(request)
                for step in self._script(request):
                    await self._do(stream, step)
                with suppress(trio.BrokenResourceError):
                    await stream.send_eof()

    def _script(self, request: Request) -> Script:
        if not request.path.endswith("/events"):
            route = self.routes.get(request.path, problem(404, "E200-NO_JOB"))
            return [route(request) if callable(route) else route]
        self.times.append(trio.current_time())
        return self.scripts.popleft() if self.scripts else self.last(request)

    async def _do(self, stream: trio.SocketStream, step: Step) -> None:
        match step:
            case bytes():
                await stream.send_all(step)
            case float() | int():
                await trio.sleep(step)
            case trio.Event():
                await step.wait()
            case "reset":
                stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                stream.socket.close()
            case _:
                await stream.receive_some()  # until the other side goes


async def _read(stream: trio.SocketStream) -> Request | None:
    data = b""
    while b"\r\n\r\n" not in data:
        if not (more := await stream.receive_some()):
            return None
        data += more
    start, _, body = data.partition(b"\r\n\r\n")
    first, *lines = start.decode().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {key.lower(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        body += await stream.receive_some()
    path, _, query = target.partition("?")
    return Request(method, path, query, headers, body)

"""A small control server on a thread: speaks the protocol, runs nothing. Every answer can be replaced."""

from __future__ import annotations

import array
import hashlib
import itertools
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

JOB = "a-01TEST"
CORRELATION = "corr-1"
WHEN = "2026-01-01T00:00:{:06.3f}Z"
FILES = {
    "video.mp4": b"video" * 1000,
    "captions.srt": b"1\n",
    "captions.vtt": b"WEBVTT\n",
    "script.json": b'{"title": "T", "scenes": []}',
    "cover.jpg": b"\xff\xd8\xff",
    "credits.txt": b"me\n",
    "manifest.json": b'{"aurad": "0"}',
}
RESULT = {"bees.mp4", *(f"bees/{name}" for name in FILES)}  # what `auractl make bees.md` writes
KINDS = {"video.mp4": "video", "script.json": "script", "cover.jpg": "image", "manifest.json": "manifest"}
TASK = {"name": "voice", "step": "Voice", "plugin": "v", "start": 0.0, "end": 1.5, "reused": False, "lane": "cpu-0"}
PLAN = {
    "providers": {"voice": [{"name": "piper", "reason": "first in the order configured"}]},
    "scenes": 3, "videoSeconds": 65.2, "seconds": 20.4, "diskBytes": 12_345_678, "cost": 0.0,
}  # fmt: skip
Answer = Callable[[dict[str, Any], list[int]], Any]


class Refusal(Exception):
    """Answer with a problem."""

    def __init__(self, code: str, detail: str, remedy: str = "do better") -> None:
        self.error = {
            "code": -32602,
            "message": detail,
            "data": {"errorCode": code, "detail": detail, "remedy": remedy, "correlationId": CORRELATION},
        }


def event(kind: str, *, status: str = "Running", stage: str = "Voice", at: float = 0.0, **more: Any) -> dict[str, Any]:
    common = {
        "seq": 1,
        "jobSeq": 1,
        "jobId": JOB,
        "type": kind,
        "timestamp": WHEN.format(at),
        "correlationId": CORRELATION,
    }
    return {**common, "status": status, "stage": stage, "progress": 0.0, "message": "", "eta": None, **more}


def step(name: str, status: str, at: float = 0.0) -> dict[str, Any]:
    return event("step-status", stage=name, step=name, stepStatus=status, at=at, plugin={"name": name.lower()})


def success() -> list[dict[str, Any]]:
    items = {"done": 1, "total": 2, "reused": 1}
    return [
        event("job-status"),
        step("Voice", "Running"),
        event("step-progress", step="Voice", progressPct=50.0, items=items, progress=20.0, eta=3.0),
        step("Voice", "Succeeded", at=2.0),
        event("job-completed", status="Succeeded", progress=100.0, artifacts=[], output=None),
    ]


class FakeDaemon:
    """Listens on `path` until `close`. `calls` holds what was asked, `assets` what was uploaded."""

    def __init__(self, path: Path, folder: Path) -> None:
        self.path, self._folder = path, folder
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.assets: dict[str, bytes] = {}
        self.accepted = 0  # connections
        self.events: Iterable[dict[str, Any]] = success()
        self.files = dict(FILES)
        self.status = "Running"
        self.answers: dict[str, Answer] = {
            "system.hello": lambda params, fds: {"protocol": 1, "server": "fake", "version": "0", "role": "admin"},
            "assets.put": self._put,
            "jobs.submit": lambda params, fds: {"jobId": JOB, "correlationId": CORRELATION, "position": 0},
            "jobs.get": lambda params, fds: {"jobId": params["jobId"], "status": self.status, "progress": 0.0},
            "jobs.cancel": self._cancel,
            "jobs.tasks": lambda params, fds: {"tasks": [TASK]},
            "jobs.artifacts": lambda params, fds: {"artifacts": [self._artifact(name) for name in self.files]},
            "events.subscribe": lambda params, fds: {"subscription": f"s{next(self._numbers)}", "lastSeq": 0},
            "events.unsubscribe": lambda params, fds: {},
        }  # fmt: skip
        self._numbers = itertools.count(1)
        self._told: list[tuple[socket.socket, str]] = []  # subscriptions
        self._writing = threading.Lock()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        self._listener.listen(64)
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def named(self, method: str) -> list[dict[str, Any]]:
        return [params for name, params in self.calls if name == method]

    def tell(self, one: dict[str, Any]) -> None:
        """An event to everybody who has subscribed."""
        with self._writing:  # who has been answered is among them
            told = tuple(self._told)
        for connection, name in told:
            self._notify(connection, name, one)

    def wait_called(self, method: str, seconds: float = 10.0, *, times: int = 1) -> dict[str, Any]:
        end = time.monotonic() + seconds
        while len(self.named(method)) < times:
            assert time.monotonic() < end, f"{method} was never called, only {[name for name, _ in self.calls]}"
            time.sleep(0.005)
        return self.named(method)[0]

    def hang_up(self) -> None:
        """Drop every connection, as a daemon that dies does."""
        for connection in tuple(self._open):  # whoever comes meanwhile has come to the next one
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.path.unlink(missing_ok=True)
        self.hang_up()
        for thread in self._threads:
            thread.join(5)

    # ------------------------------------------------------------ answers

    def _put(self, params: dict[str, Any], fds: list[int]) -> dict[str, Any]:
        data = os.read(fds.pop(), 1 << 20)
        name = "asset:" + hashlib.sha256(data).hexdigest()
        self.assets[name] = data
        return {"asset": name, "sizeBytes": len(data), "mediaType": params.get("mediaType")}

    def _cancel(self, params: dict[str, Any], fds: list[int]) -> dict[str, Any]:
        self.status = "Cancelled"
        return {}

    def _artifact(self, name: str) -> dict[str, Any]:
        sha256 = hashlib.sha256(self.files[name]).hexdigest()
        size = len(self.files[name])
        kind = KINDS.get(name, "captions")
        return {"artifactId": name, "name": name, "kind": kind, "sizeBytes": size, "sha256": sha256, "mediaType": "x/y"}

    def _opened(self, name: str) -> tuple[dict[str, Any], int]:
        path = self._folder / "store" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(self.files[name])
        return {"name": name, "sizeBytes": len(self.files[name]), "mediaType": "x/y"}, os.open(path, os.O_RDONLY)

    # ------------------------------------------------------------ the wire

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            self._open.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            self._answer_all(connection)
        self._open.remove(connection)

    def _answer_all(self, connection: socket.socket) -> None:
        buffer, fds = b"", list[int]()
        with suppress(OSError):
            while True:
                data, ancillary, _, _ = connection.recvmsg(65536, socket.CMSG_SPACE(4))
                if not data:
                    return
                for _, _, payload in ancillary:
                    fds.extend(array.array("i", payload))
                *lines, buffer = (buffer + data).split(b"\n")
                for line in lines:
                    self._reply(connection, json.loads(line), fds)

    def _reply(self, connection: socket.socket, request: dict[str, Any], fds: list[int]) -> None:
        method, params = request["method"], request["params"]
        self.calls.append((method, params))
        if "id" not in request:
            return
        answer: dict[str, Any] = {"jsonrpc": "2.0", "id": request["id"]}
        descriptor = None
        try:
            if method in self.answers:
                answer["result"] = self.answers[method](params, fds)
            elif method == "artifacts.open":
                answer["result"], descriptor = self._opened(params["artifactId"])
            else:
                raise Refusal("E108-METHOD", f"cannot call {method}: there is no such method")
        except Refusal as refusal:
            answer["error"] = refusal.error
        line = json.dumps(answer).encode() + b"\n"
        if descriptor is None:
            with self._writing:
                connection.sendall(line)
                if method == "events.subscribe" and "result" in answer:
                    self._told.append((connection, answer["result"]["subscription"]))
        else:
            connection.sendmsg([line], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]))])
            os.close(descriptor)
        if method == "events.subscribe" and "result" in answer:
            for one in self.events:
                self._notify(connection, answer["result"]["subscription"], one)

    def _notify(self, connection: socket.socket, name: str, one: dict[str, Any]) -> None:
        news = {"method": "events.event", "params": {"subscription": name, "event": one}}
        with self._writing, suppress(OSError):
            connection.sendall(json.dumps({"jsonrpc": "2.0", **news}).encode() + b"\n")


def main() -> None:
    """As a private daemon: note the start in `$FAKE_STARTS`, serve for a while."""
    with Path(os.environ["FAKE_STARTS"]).open("a") as file:
        file.write("started\n")
    path = Path(sys.argv[sys.argv.index("--socket") + 1])
    time.sleep(0.1)
    fake = FakeDaemon(path, path.parent)
    time.sleep(float(os.environ["FAKE_SECONDS"]))
    fake.close()


if __name__ == "__main__":
    main()


def files_of(folder: Path) -> set[str]:
    """All files below, by their relative paths."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}

"""The Model Context Protocol on standard input and output: JSON-RPC 2.0, one message a line, nothing else on stdout.

Every request is answered in a thread of its own, on a connection that all of them share: one that waits for a job keeps
no other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Annotated, Any, BinaryIO

import msgspec

from aurad import __version__
from aurad.client.blocking import ConnectionLost, RemoteError
from aurad.client.mcp import resources, tools
from aurad.client.mcp.asked import Asked, Cancelled
from aurad.client.mcp.lines import Lines
from aurad.model.errors import AuradError
from aurad.wire import jsonrpc

REVISIONS = (
    "2025-11-25",
    "2025-06-18",
    "2025-03-26",
    "2024-11-05",
)  # the newest first; what older ones lack (schemas of answers) their clients pass over
THREADS = 256  # requests under way, made as they are needed; agents wait for many jobs at once
NOT_FOUND, INVALID, UNKNOWN, INTERNAL = -32002, -32602, -32601, -32603  # of MCP and JSON-RPC
NO_REQUEST = -32600
Batch = Annotated[tuple[msgspec.Raw, ...], msgspec.Meta(min_length=1)]
Work = Callable[[], jsonrpc.Message | None]
INSTRUCTIONS = (
    "aurad turns documents and topics into narrated, captioned videos on this machine. make_video gives a job at once;"
    " wait_for_job waits for it. Look at what was made: read aurad://jobs/{id}/frames/{seconds}. Change a sentence with"
    " edit_script, or ask for another take with remake: each gives a new job, in which only what changed is made anew."
)


class Server:
    """Serves one client until its input ends."""

    def __init__(self, output: BinaryIO) -> None:
        self._output, self._lock, self._lines = output, threading.Lock(), Lines()
        self._under_way: dict[Any, Asked] = {}
        self._methods: dict[str, Callable[[Asked, dict[str, Any]], Any]] = {
            "initialize": _initialize,
            "ping": lambda asked, params: {},
            "tools/list": lambda asked, params: {"tools": tools.described()},
            "tools/call": self._call_tool,
            "resources/list": self._list_resources,
            "resources/templates/list": lambda asked, params: {"resourceTemplates": resources.TEMPLATES},
            "resources/read": self._read_resource,
        }

    def serve(self, lines: BinaryIO) -> None:
        """Answer until `lines` end; what is under way then is given up."""
        with ThreadPoolExecutor(THREADS) as pool:
            for line in lines:
                if line.strip():
                    self._take(line, pool)
            for asked in list(self._under_way.values()):
                asked.cancel()

    def _take(self, line: bytes, pool: ThreadPoolExecutor) -> None:
        """A message, or several in an array, as revision 2025-03-26 allows: those are answered in one as well."""
        if not line.lstrip().startswith(b"["):
            if work := self._begin(line):
                pool.submit(lambda: self._send(work()))
            return
        try:
            parts = jsonrpc.parse(msgspec.Raw(line), Batch, "the batch")
        except AuradError as error:
            self._send(jsonrpc.failure(None, NO_REQUEST, error.detail))
            return
        under_way = [pool.submit(work) for part in parts if (work := self._begin(bytes(part)))]
        pool.submit(self._send_all, under_way)  # the last in the queue: what it waits for has its threads already

    def _begin(self, line: bytes) -> Work | None:
        """What finds the answer; None where there is none to give."""
        try:
            message = jsonrpc.decode(line)
            if not isinstance(message, jsonrpc.Request | jsonrpc.Notification):
                return None  # we ask nothing
            params = _object(jsonrpc.parse(message.params, object, "the params"))
        except AuradError as error:
            return partial(jsonrpc.failure, None, error.kind.rpc, error.detail)
        if isinstance(message, jsonrpc.Request):
            asked = Asked(_object(params.get("_meta")).get("progressToken"), self._notify)
            self._under_way[message.id] = asked
            return partial(self._answer, message.id, message.method, params, asked)
        if message.method == "notifications/cancelled":
            self._give_up(params.get("requestId"))
        return None

    def _give_up(self, number: Any) -> None:
        if isinstance(number, int | str) and (found := self._under_way.get(number)):
            found.cancel()

    def _answer(self, number: jsonrpc.Id, method: str, params: dict[str, Any], asked: Asked) -> jsonrpc.Message | None:
        try:
            if method not in self._methods:
                return jsonrpc.failure(number, UNKNOWN, f"cannot find the method {method!r}")
            return jsonrpc.reply(number, self._methods[method](asked, params))
        except Cancelled:
            return None  # nobody waits for the answer
        except (AuradError, RemoteError) as error:
            code = NOT_FOUND if error.code == "E200-NO_JOB" else INVALID
            return jsonrpc.failure(number, code, " ".join(filter(None, (error.detail, error.remedy))))
        except Exception as error:  # a bug of ours, or a tool that hung: one answer, never the server
            told = f"cannot answer {method}: {type(error).__name__}: {error}"
            return jsonrpc.failure(number, INTERNAL, told)
        finally:
            self._under_way.pop(number, None)

    def _call_tool(self, asked: Asked, params: dict[str, Any]) -> dict[str, Any]:
        """A tool's failure is a result that says what to do: the agent may try again."""
        try:
            found = tools.call(str(params.get("name", "")), params.get("arguments") or {}, asked, self._lines)
        except (AuradError, RemoteError) as error:
            told = " ".join(filter(None, (f"{error.code}: {error.detail}", error.remedy)))
            return {"content": [{"type": "text", "text": told}], "isError": True}
        except (ConnectionLost, TimeoutError) as error:
            return {
                "content": [{"type": "text", "text": f"{error}. Try again: finished work is kept."}],
                "isError": True,
            }
        except (OSError, ValueError) as error:  # a path that cannot be, a full disk
            told = f"cannot carry {params.get('name')} out: {error}. Check the arguments."
            return {"content": [{"type": "text", "text": told}], "isError": True}
        text = msgspec.json.format(msgspec.json.encode(found), indent=2).decode()
        return {"content": [{"type": "text", "text": text}], "structuredContent": found, "isError": False}

    def _list_resources(self, asked: Asked, params: dict[str, Any]) -> dict[str, Any]:
        with self._lines.shared() as client:
            return {"resources": resources.listed(client)}

    def _read_resource(self, asked: Asked, params: dict[str, Any]) -> dict[str, Any]:
        uri = str(params.get("uri", ""))
        with self._lines.shared() as client:
            return {"contents": [resources.read(client, uri)]}

    def _notify(self, method: str, params: Mapping[str, Any]) -> None:
        self._send(jsonrpc.notification(method, dict(params)))

    def _send(self, message: jsonrpc.Message | None) -> None:
        if message is not None:
            self._write(jsonrpc.encode(message))

    def _send_all(self, under_way: list[Future[jsonrpc.Message | None]]) -> None:
        if found := [jsonrpc.encode(message).rstrip() for each in under_way if (message := each.result())]:
            self._write(b"[" + b",".join(found) + b"]\n")

    def _write(self, line: bytes) -> None:
        with self._lock:
            self._output.write(line)
            self._output.flush()


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _initialize(asked: Asked, params: dict[str, Any]) -> dict[str, Any]:
    wanted = params.get("protocolVersion")
    return {
        "protocolVersion": wanted if wanted in REVISIONS else REVISIONS[0],
        "capabilities": {"tools": {}, "resources": {}},
        "serverInfo": {"name": "aurad", "version": __version__},
        "instructions": INSTRUCTIONS,
    }

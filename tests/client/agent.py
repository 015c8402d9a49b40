"""An agent that uses the MCP server."""

from __future__ import annotations

import io
import json
import os
import queue
import threading
from typing import Any

from aurad.client.mcp.server import Server


class Agent:
    """A client of the server: `ask` gives an answer, `told` holds the notifications that came."""

    def __init__(self) -> None:
        reader, self._writer = os.pipe()
        self._heard: queue.Queue[dict[str, Any]] = queue.Queue()
        self.told: list[dict[str, Any]] = []
        self._number = 0
        self._thread = threading.Thread(target=self._serve, args=(reader,))
        self._thread.start()

    def _serve(self, reader: int) -> None:
        with os.fdopen(reader, "rb") as lines:
            Server(_Output(self._heard)).serve(lines)

    def say(self, line: bytes) -> None:
        os.write(self._writer, line + b"\n")

    def begin(self, method: str, **params: Any) -> int:
        self._number += 1
        self.say(json.dumps({"jsonrpc": "2.0", "id": self._number, "method": method, "params": params}).encode())
        return self._number

    def hear(self) -> Any:
        while "method" in (message := self._heard.get(timeout=10)):
            self.told.append(message)
        return message

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        self.begin(method, **params)
        return self.hear()

    def use(self, tool: str, **arguments: Any) -> dict[str, Any]:
        return dict(self.ask("tools/call", name=tool, arguments=arguments)["result"])

    def close(self) -> None:
        os.close(self._writer)
        self._thread.join(10)
        assert not self._thread.is_alive()


class _Output(io.BytesIO):
    def __init__(self, heard: queue.Queue[dict[str, Any]]) -> None:
        super().__init__()
        self._heard = heard

    def write(self, data: Any) -> int:
        self._heard.put(json.loads(data))
        return len(data)

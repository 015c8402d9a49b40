"""An HTTP edge over a house of toys, a client for it, and a wire that says whatever bytes a test wants."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx2
import msgspec
import trio

from aurad.client.sse import Frame, FrameDecoder
from aurad.model.settings import Http
from aurad.serve.access import Caller, Role
from aurad.serve.server import Server
from aurad.serve.tokens import Tokens
from aurad.serve.web import open_web
from tests.engine.house import ME, House, open_house
from tests.serve.edge import PATIENCE, somebody

ANYWHERE = Http(bind="127.0.0.1:0")


class Site:
    """A served house. `ask` is let in as the owner of its jobs, unless `token` says otherwise."""

    def __init__(self, house: House, server: Server, tokens: Tokens, mine: str, client: httpx2.AsyncClient) -> None:
        self.house, self.server, self.tokens, self.mine, self._client = house, server, tokens, mine, client
        self.stop = server.stop_soon
        self.url = tokens.url
        self.host, port = urlsplit(self.url).netloc.split(":")
        self.port = int(port)

    async def token(self, role: Role, uid: int = ME.uid) -> str:
        return await self.tokens.issue(somebody(role, uid), "token")

    async def ask(self, method: str, path: str, *, token: str | None = None, **more: Any) -> httpx2.Response:
        """The answer, whatever it is; `token=""` comes without one."""
        headers = more.pop("headers", {})
        if secret := self.mine if token is None else token:
            headers = {"Authorization": f"Bearer {secret}"} | headers
        with trio.fail_after(PATIENCE):
            return await self._client.request(method, path, headers=headers, **more)

    async def get(self, path: str, **more: Any) -> httpx2.Response:
        return await self.ask("GET", path, **more)

    async def submit(self, source: str = "Bees see colours. They miss red.", **more: Any) -> str:
        answer = await self.ask("POST", "/api/jobs", json={"brief": {"source": source}}, **more)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["jobId"])

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[HttpWire]:
        stream = await trio.open_tcp_stream(self.host, self.port)
        async with stream:
            yield HttpWire(self, stream)

    @asynccontextmanager
    async def follow(self, path: str, *, after: str = "", token: str | None = None) -> AsyncIterator[HttpWire]:
        """A stream of events, its head read."""
        async with self.connect() as wire:
            await wire.follow(path, after=after, token=token)
            yield wire

    async def wait_waiting(self, number: int) -> None:
        """Until so many streams wait for news."""
        with trio.fail_after(PATIENCE):
            while self.house.engine.events.hub.statistics().waiting != number:  # noqa: ASYNC110
                await trio.sleep(0.001)

    async def wait_connections(self, number: int) -> None:
        with trio.fail_after(PATIENCE):
            while self.server.connections != number:  # noqa: ASYNC110
                await trio.sleep(0.001)


class Head(NamedTuple):
    status: int
    headers: dict[str, str]


class HttpWire:
    """One connection, raw. `frames` gives the events of a stream until it ends."""

    def __init__(self, site: Site, stream: trio.SocketStream) -> None:
        self._site, self.stream, self._data = site, stream, b""
        self._decoder, self._frames, self.ended = FrameDecoder(), list[Frame](), False
        self.said = b""  # what the stream held, without the chunks' heads
        self.head = Head(0, {})

    async def say(self, method: str, path: str, headers: Sequence[str] = (), body: bytes = b"") -> None:
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self._site.host}:{self._site.port}", *headers]
        await self.stream.send_all("\r\n".join([*lines, "", ""]).encode() + body)

    async def hear_head(self) -> Head:
        while b"\r\n\r\n" not in self._data:
            assert await self._more(), self._data
        head, _, self._data = self._data.partition(b"\r\n\r\n")
        first, *rest = head.decode().split("\r\n")
        pairs = (line.split(": ", 1) for line in rest)
        self.head = Head(int(first.split()[1]), {name.lower(): value for name, value in pairs})
        return self.head

    async def follow(self, path: str, *, after: str = "", token: str | None = None) -> Head:
        headers = [f"Authorization: Bearer {token or self._site.mine}"] + ([f"Last-Event-ID: {after}"] if after else [])
        await self.say("GET", path, headers)
        return await self.hear_head()

    async def hear_all(self) -> bytes:
        """Everything until the other end hangs up."""
        while await self._more():
            pass
        return self._data

    async def frames(self) -> AsyncGenerator[Frame, None]:
        """Those with data; ends with the answer."""
        while self._frames or not self.ended:
            while self._frames:
                yield self._frames.pop(0)
            if not self.ended:
                self._frames += [frame for frame in self._decoder.feed(await self.next_piece()) if frame.data]

    async def next_piece(self) -> bytes:
        while b"\r\n" not in self._data:
            assert await self._more(), "the stream ended in the middle"
        size, _, rest = self._data.partition(b"\r\n")
        length = int(size, 16)
        while len(rest) < length + 2:
            assert await self._more(), "the stream ended in the middle"
            rest = self._data.partition(b"\r\n")[2]
        self._data, chunk = rest[length + 2 :], rest[:length]
        self.ended = length == 0
        self.said += chunk
        return chunk

    async def _more(self) -> bool:
        with trio.fail_after(PATIENCE):
            try:
                data = await self.stream.receive_some(1 << 20)
            except trio.BrokenResourceError:
                data = b""
        self._data += data
        return bool(data)


def data_of(frame: Frame) -> Any:
    return msgspec.json.decode(frame.data)


@asynccontextmanager
async def open_site(
    folder: Path, *, http: Http = ANYWHERE, caller: Caller | None = None, **house: Any
) -> AsyncIterator[Site]:
    async with open_house(folder, **house) as opened:
        tokens = Tokens(folder / "tokens.json")
        mine = await tokens.issue(caller or somebody("operate", ME.uid), "token")
        async with (
            open_web(opened.engine, http, tokens) as server,
            httpx2.AsyncClient(base_url=tokens.url, timeout=PATIENCE, trust_env=False, verify=False) as client,
        ):
            yield Site(opened, server, tokens, mine, client)

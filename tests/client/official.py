"""The official client of MCP at our server, which speaks to a fake daemon."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

from aurad.model.event import JobView
from tests.client.fake_daemon import JOB, FakeDaemon
from tests.client.rude_server import view

SERVER = (sys.executable, "-m", "aurad.client.cli.main", "mcp")


def whole_job(fake: FakeDaemon, status: str) -> dict[str, Any]:
    job = view(status, job=JOB) | {"artifacts": [fake._artifact(name) for name in fake.files]}
    return dict(msgspec.to_builtins(msgspec.convert(job, JobView)))


@asynccontextmanager
async def official_client(fake: FakeDaemon, command: Sequence[str] = SERVER) -> AsyncIterator[ClientSession]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "AURAD_SOCKET": str(fake.path), "PATH": path}
    server = StdioServerParameters(command=command[0], args=[*command[1:]], env=environment)
    async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
        await session.initialize()
        yield session

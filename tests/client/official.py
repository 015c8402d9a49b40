"""The official client of MCP at our server, which speaks to a fake daemon."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

from aurad.model.event import JobView
from tests.client.fake_daemon import JOB, FakeDaemon
from tests.client.rude_server import view

AURACTL = ("-m", "aurad.client.cli.main")


def whole_job(fake: FakeDaemon, status: str) -> dict[str, Any]:
    job = view(status, job=JOB) | {"artifacts": [fake._artifact(name) for name in fake.files]}
    return dict(msgspec.to_builtins(msgspec.convert(job, JobView)))


@asynccontextmanager
async def official_client(fake: FakeDaemon) -> AsyncIterator[ClientSession]:
    environment = {**os.environ, "AURAD_SOCKET": str(fake.path)}
    command = StdioServerParameters(command=sys.executable, args=[*AURACTL, "mcp"], env=environment)
    async with stdio_client(command) as (read, write), ClientSession(read, write) as session:
        await session.initialize()
        yield session

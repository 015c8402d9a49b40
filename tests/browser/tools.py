"""Other people's programs that read our events: Node with npm packages, headless Chromium, curl."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache, partial
from pathlib import Path

import pytest
import trio

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
MODULES = ROOT / "build" / "node"
PACKAGES = (
    "eventsource@4.1.1", "eventsource-parser@3.0.6", "typescript@5.9.3",
    "@open-rpc/meta-schema@1.14.9", "@json-schema-tools/meta-schema@1.8.0",
)  # fmt: skip
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
    "--disable-default-apps", "--no-proxy-server", "--mute-audio", "--disable-breakpad", "--disable-crash-reporter",
)  # fmt: skip


def need(*names: str) -> str:
    """The first of these programs that is there; `./check` installs what it may."""
    for name in names:
        if found := shutil.which(name):
            return found
    pytest.skip(f"{names[0]} is not installed")


def with_tools(*names: str) -> pytest.MarkDecorator:
    """A test that needs all of these programs."""
    lacking = [name for name in names if shutil.which(name) is None]
    return pytest.mark.skipif(bool(lacking), reason=f"no {', '.join(lacking)}")


@cache
def node_modules() -> Path:
    """A folder with the npm packages, outside of what git keeps. Several test runs may want it at once."""
    npm, wanted = need("npm"), json.dumps(PACKAGES)
    MODULES.mkdir(parents=True, exist_ok=True)
    with (MODULES / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = MODULES / "stamp"
        if not stamp.exists() or stamp.read_text() != wanted:
            (MODULES / "package.json").write_text('{"private": true}')
            command = [npm, "install", "--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"]
            subprocess.run([*command, *PACKAGES], cwd=MODULES, check=True, capture_output=True)
            stamp.write_text(wanted)
    return MODULES / "node_modules"


@asynccontextmanager
async def running(*command: str | Path, **more: str) -> AsyncIterator[trio.Process]:
    """A program that is ended with the block, politely: a browser has children. Its standard output is a pipe."""
    argv = [str(each) for each in command]
    program = partial(trio.run_process, argv, stdout=subprocess.PIPE, env={**os.environ, **more}, check=False)
    async with trio.open_nursery() as nursery:
        yield await nursery.start(program)
        nursery.cancel_scope.cancel()

"""A fake daemon on a socket of its own, and a place to work in."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client.agent import Agent
from tests.client.fake_daemon import FakeDaemon


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder whose sockets have names short enough for the kernel."""
    with tempfile.TemporaryDirectory(prefix="aurad-") as folder:
        yield Path(folder)


@pytest.fixture
def fake(short_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDaemon]:
    """A daemon that `auractl` finds."""
    path = short_path / "s"
    monkeypatch.setenv("AURAD_SOCKET", str(path))
    daemon = FakeDaemon(path, short_path)
    yield daemon
    daemon.close()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder of a test, with a document in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bees.md").write_text("# Bees\n\nBees see ultraviolet light.\n")
    return tmp_path


@pytest.fixture
def agent(fake: FakeDaemon) -> Iterator[Agent]:
    agent = Agent()
    yield agent
    agent.close()

"""One daemon for one state folder; a private one waits a little for the one that is leaving."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio
import trio.testing

from aurad.model.errors import AuradError
from aurad.serve.statelock import is_awaited, locked


async def test_a_second_is_refused(tmp_path: Path) -> None:
    async with locked(tmp_path / "state"):
        with pytest.raises(AuradError, match="another daemon does"):
            async with locked(tmp_path / "state"):
                pass


async def test_it_waits_for_the_one_that_leaves(tmp_path: Path, autojump_clock: trio.testing.MockClock) -> None:
    leave = trio.Event()

    async def leaving(*, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        async with locked(tmp_path):
            task_status.started()
            await leave.wait()

    async with trio.open_nursery() as nursery:
        await nursery.start(leaving)
        nursery.start_soon(_after, 1.0, leave)
        async with locked(tmp_path, patience=2.0):
            assert leave.is_set()


async def test_its_patience_ends(tmp_path: Path, autojump_clock: trio.testing.MockClock) -> None:
    async with locked(tmp_path):
        with pytest.raises(AuradError, match="another daemon does"):
            async with locked(tmp_path, patience=2.0):
                pass
    assert trio.current_time() >= 2.0


async def test_a_service_waits_for_a_private_daemon_and_comes_before_the_next(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    told, held = list[bool](), trio.Event()

    async def serve() -> None:
        async with locked(tmp_path, on_wait=lambda: told.append(is_awaited(tmp_path))):
            held.set()
            await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        async with locked(tmp_path, private=True):
            assert not is_awaited(tmp_path)
            nursery.start_soon(serve)
            await trio.sleep(1000)
            assert told == [True]
            with pytest.raises(AuradError, match="another daemon does"):
                async with locked(tmp_path, patience=2.0):
                    pass
        with pytest.raises(AuradError, match="another daemon does"):
            async with locked(tmp_path, private=True, patience=2.0):
                pass
        assert held.is_set()
        nursery.cancel_scope.cancel()
    async with locked(tmp_path, private=True):
        pass
    assert not is_awaited(tmp_path / "gone")


async def _after(seconds: float, event: trio.Event) -> None:
    await trio.sleep(seconds)
    event.set()

"""Programs run to their end, whatever it is."""

from __future__ import annotations

import os
import signal
import sys

import pytest
import trio.testing

from aurad.model.errors import AuradError
from aurad.worker.tool import TAIL, run_tool
from tests.worker.fakes import Log
from tests.worker.rig import wait_gone


async def test_a_tool_is_fed_and_heard() -> None:
    log = Log()
    result = await run_tool(["sh", "-c", "cat; echo oops >&2; printf end >&2; exit 3"], stdin=b"abc", log=log)
    assert (result.status, result.stdout, result.stderr) == (3, b"abc", b"oops\nend")
    assert log.lines == [("stderr", "oops"), ("stderr", "end")]  # its stdout is data
    assert log.exit_codes == [3]


async def test_a_tool_need_not_read() -> None:
    assert (await run_tool(["true"], stdin=bytes(1 << 20), log=Log())).status == 0


async def test_only_the_last_of_much_output_is_kept() -> None:
    result = await run_tool([sys.executable, "-IS", "-c", "print('x' * 1_000_000 + 'end')"], stdin=b"", log=Log())
    assert len(result.stdout) == TAIL
    assert result.stdout.endswith(b"xend\n")


async def test_a_signal_is_a_negative_status() -> None:
    assert (await run_tool(["sh", "-c", "kill -9 $$"], stdin=b"", log=Log())).status == -signal.SIGKILL


async def test_a_missing_tool_makes_the_stage_unavailable() -> None:
    with pytest.raises(AuradError) as caught:
        await run_tool(["no-such-tool"], stdin=b"", log=Log())
    assert caught.value.code == "E312-UNAVAILABLE"
    assert "no-such-tool" in caught.value.detail


async def test_children_do_not_outlive_their_parent() -> None:
    result = await run_tool(["sh", "-c", "sleep 3600 & echo $!"], stdin=b"", log=Log())
    await wait_gone({int(result.stdout)})


RUNAWAY = """
import os, time
reader, writer = os.pipe()
if not os.fork():
    os.setsid()
    print(os.getpid(), flush=True)
    os.write(writer, b"x")
    time.sleep(3600)
os.read(reader, 1)
"""


async def test_a_pipe_held_open_by_a_runaway_is_not_waited_for(autojump_clock: trio.testing.MockClock) -> None:
    autojump_clock.autojump_threshold = 0.05
    result = await run_tool([sys.executable, "-IS", "-c", RUNAWAY], stdin=b"", log=Log())
    os.kill(int(result.stdout), signal.SIGKILL)  # outside a worker nobody else does
    assert result.status == 0

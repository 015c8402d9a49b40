"""A job's log at the edges: by offset, in whole characters, waited for, and nobody else's."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
import trio

from aurad.engine.logfiles import Piece
from aurad.model.errors import AuradError
from aurad.serve import logs
from aurad.serve.access import Caller
from aurad.serve.logs import LogPart, ReadLog, open_log, read_log
from aurad.serve.operations import Call
from aurad.wire import jsonrpc
from tests.engine.house import House, open_house
from tests.engine.toys import Gated
from tests.serve.edge import open_edge, somebody

PATIENCE = 10
OWNER = somebody("operate", 1000)


def call_of(house: House, caller: Caller = OWNER) -> Call:
    return Call(house.engine, caller, [], [])


async def say(house: House, job: str, *lines: str) -> None:
    house.engine.joblogs.write(Piece(job, "corr-1", "Voice", "", lines, pytest.fail))
    await house.engine.joblogs.flush()


async def read(house: House, job: str, **params: Any) -> LogPart:
    with trio.fail_after(PATIENCE):
        return await read_log(call_of(house), ReadLog(job_id=job, **params))


async def test_a_log_is_read_part_by_part_in_whole_characters(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        job = (await house.make()).job_id
        await say(house, job, "käse", "brot")
        parts, offset = [], 0
        while True:
            part = await read(house, job, offset=offset, limit=2)
            assert part.offset == offset
            parts.append(part.text)
            offset = part.next_offset
            if part.ended:
                break
        assert "".join(parts) == house.engine.joblogs.path(job).read_text()
        assert "�" not in "".join(parts)
        assert (await read(house, job, offset=-5)).text == "brot\n"
        assert (await read(house, job, offset=-500)).offset == 0
        assert (await read(house, job, offset=2**53)).text == ""
        assert (await read(house, job, offset=10**6)) == LogPart(text="", offset=10**6, next_offset=10**6, ended=True)


async def test_bytes_that_are_no_text_do_not_hold_a_reader_up(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        job = (await house.make()).job_id
        house.engine.joblogs.path(job).parent.mkdir(parents=True, exist_ok=True)
        house.engine.joblogs.path(job).write_bytes(b"\xe2\x82")
        part = await read(house, job)
        assert (part.text, part.next_offset, part.ended) == ("�", 2, True)


async def test_an_answer_waits_for_news_or_for_the_end(tmp_path: Path) -> None:
    Gated.gate, Gated.reached = trio.Event(), trio.Event()
    async with open_house(tmp_path, voice=("gated",)) as house, trio.open_nursery() as nursery:
        job = await house.submit()
        await Gated.reached.wait()
        nursery.start_soon(say, house, job, "hello")
        part = await read(house, job, follow=True)
        assert (part.text, part.ended) == ("hello\n", False)
        Gated.gate.set()
        assert (await read(house, job, offset=part.next_offset, follow=True)).ended


async def test_an_answer_waits_for_some_seconds_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "FOLLOW", 0.01)
    Gated.gate, Gated.reached = trio.Event(), trio.Event()
    async with open_house(tmp_path, voice=("gated",)) as house:
        job = await house.submit()
        part = await read(house, job, follow=True)
        assert (part.text, part.ended) == ("", False)
        Gated.gate.set()
        await house.engine.jobs.wait(job)


async def test_all_bytes_are_streamed_to_the_end(tmp_path: Path) -> None:
    Gated.gate, Gated.reached = trio.Event(), trio.Event()
    async with open_house(tmp_path, voice=("gated",)) as house:
        job = await house.submit()
        await say(house, job, "one", "two")
        got = b""
        with trio.fail_after(PATIENCE):
            async with aclosing(await open_log(call_of(house), job, 4, wait=True)) as log:
                async for data in log:
                    got += data
                    if data == b"two\n":
                        await say(house, job, "three")
                        Gated.gate.set()
        assert got == b"two\nthree\n"


async def test_a_strangers_log_does_not_exist(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        job = (await house.make()).job_id
        stranger = call_of(house, somebody("operate", 1001))
        with pytest.raises(AuradError) as one:
            await read_log(stranger, ReadLog(job_id=job))
        with pytest.raises(AuradError) as two:
            await open_log(stranger, job, 0, wait=True)
        assert (one.value.code, two.value.code) == ("E200-NO_JOB", "E200-NO_JOB")


async def test_the_control_socket_offers_it(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge, edge.connect() as wire:
        job = (await edge.house.make()).job_id
        await say(edge.house, job, "hello")
        answer = (await wire.ask("jobs.logs", jobId=job))["result"]
        assert (answer["text"], answer["nextOffset"], answer["ended"]) == ("hello\n", 6, True)
        assert (await wire.error("jobs.logs", jobId=job, limit=0))[0] == "E100-REQUEST"


@pytest.mark.parametrize("beyond", [2**53 + 1, -(10**30)])
def test_an_offset_that_no_file_has_is_refused(beyond: int) -> None:
    with pytest.raises(AuradError, match="offset"):
        jsonrpc.parse(jsonrpc.raw({"jobId": "a-01ARZ3NDEKTSV4RRFFQ69G5FAV", "offset": beyond}), ReadLog, "it")

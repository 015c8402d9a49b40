"""Streams of events over HTTP: a snapshot first, then everything once and in order, an end that is told."""

from __future__ import annotations

import re
import socket
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio

from aurad.client.sse import Frame
from aurad.serve import events as sse_events
from tests.engine.house import ME
from tests.engine.toys import STAGES, Gated
from tests.serve.edge import somebody
from tests.serve.site import HttpWire, Site, data_of, open_site
from tests.serve.test_feed_disconnects import progress

TERMINAL = ("job-completed", "job-failed", "job-cancelled")


@asynccontextmanager
async def open_gated(folder: Path, **more: Any) -> AsyncIterator[Site]:
    """A house whose jobs do not get past their voice unless they are cancelled."""
    Gated.gate, Gated.reached = trio.Event(), trio.Event()
    async with open_site(folder, stages=(*STAGES, Gated), voice=("gated",), **more) as site:
        yield site


async def collect(wire: HttpWire) -> list[Frame]:
    return [frame async for frame in wire.frames()]


async def take(wire: HttpWire, number: int) -> list[Frame]:
    async with aclosing(wire.frames()) as frames:
        return [await anext(frames) for _ in range(number)]


def numbers(frames: list[Frame]) -> list[int]:
    """The numbers of the events; each is also its frame's id."""
    events = [frame for frame in frames if frame.type not in ("snapshot", "gap", "server-stopping")]
    assert [int(frame.id.rpartition("-")[2]) for frame in events] == [data_of(frame)["seq"] for frame in events]
    return [data_of(frame)["seq"] for frame in events]


async def journal(site: Site, job: str) -> list[int]:
    return [event["seq"] for event in await site.house.events(job)]


# ------------------------------------------------------------ one job


async def test_a_stream_starts_with_a_snapshot_goes_on_from_it_and_ends_with_the_job(tmp_path: Path) -> None:
    async with open_gated(tmp_path) as site:
        job = await site.submit()
        async with site.follow(f"/api/jobs/{job}/events") as wire:
            assert wire.head.status == 200
            assert wire.head.headers["content-type"] == "text/event-stream"
            assert wire.head.headers["cache-control"] == "no-store, no-transform"
            assert wire.head.headers["x-accel-buffering"] == "no"
            assert "content-encoding" not in wire.head.headers
            (snapshot,) = await take(wire, 1)
            assert wire.said.startswith(b"retry: 2000\n\n")
            assert (snapshot.type, data_of(snapshot)["jobId"]) == ("snapshot", job)
            await site.ask("POST", f"/api/jobs/{job}/cancel")
            frames = await collect(wire)
        assert wire.head.headers["last-event-id"] == snapshot.id
        assert snapshot.id.endswith(f"-{data_of(snapshot)['lastSeq']}")
        assert frames[-1].type == "job-cancelled"
        last = data_of(snapshot)["lastSeq"]
        assert numbers(frames) == [seq for seq in await journal(site, job) if seq > last]


@pytest.mark.parametrize(("size", "number"), [(10, 1000), (60_000, 20)])
async def test_who_reads_slowly_gets_everything_once_and_in_order(tmp_path: Path, size: int, number: int) -> None:
    """Events are pushed until the kernel takes no more, in the middle of one; the rest waits for the reader."""
    async with open_gated(tmp_path) as site, site.connect() as wire:
        wire.stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 15)
        job, events = await site.submit(), site.house.engine.events
        await Gated.reached.wait()
        await wire.follow(f"/api/jobs/{job}/events")
        first = await take(wire, 1)
        for stream in site.server._streams:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 15)
        for n in range(number):
            events.append(lambda seq, n=n: progress(seq, 1000 + n, "x" * size, job))
            await events.flush()
        await site.ask("POST", f"/api/jobs/{job}/cancel")
        frames = await collect(wire)
        last = data_of(first[0])["lastSeq"]
        assert numbers(frames) == [seq for seq in await journal(site, job) if seq > last]
        assert sum(data_of(frame).get("detail") == "x" * size for frame in frames) == number


async def test_a_job_that_has_ended_is_one_snapshot_and_then_204(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        job = await site.submit()
        await site.house.engine.jobs.wait(job)
        async with site.follow(f"/api/jobs/{job}/events") as wire:
            (snapshot,) = await collect(wire)
        assert data_of(snapshot)["status"] == "Succeeded"
        async with site.connect() as wire:
            head = await wire.follow(f"/api/jobs/{job}/events", after=snapshot.id)
            assert (head.status, head.headers.get("content-length", "0")) == (204, "0")


async def test_whoever_wanted_few_events_is_told_that_none_is_left(tmp_path: Path) -> None:
    """An EventSource that gets 200 comes back again and again, and its last event is not the job's."""
    async with open_site(tmp_path) as site:
        job = await site.submit()
        await site.house.engine.jobs.wait(job)
        for path in (f"/api/jobs/{job}/events?types=artifact", f"/api/events?jobs={job}&types=artifact,warning"):
            async with site.follow(path, after="earliest") as wire:
                frames = await collect(wire)
            assert {frame.type for frame in frames} == {"artifact"}
            async with site.follow(path, after=frames[-2].id) as wire:
                assert await collect(wire) == frames[-1:]
            async with site.connect() as wire:
                assert (await wire.follow(path, after=frames[-1].id)).status == 204
        for path in (f"/api/jobs/{job}/events?types=step-error", f"/api/events?jobs={job}&labels=k:v"):
            async with site.connect() as wire:
                assert (await wire.follow(path, after="earliest")).status == 204


async def test_it_is_resumed_after_any_event_of_it(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        job = await site.submit()
        await site.house.engine.jobs.wait(job)
        every, epoch = await journal(site, job), site.house.engine.epoch
        for seen in [0, *every[:-1]]:
            async with site.follow(f"/api/jobs/{job}/events", after=f"{epoch}-{seen}") as wire:
                assert numbers(await collect(wire)) == [seq for seq in every if seq > seen]
                assert wire.head.headers["last-event-id"] == f"{epoch}-{seen}"
        path = f"/api/jobs/{job}/events?lastEventID="
        async with site.follow(path + "earliest") as wire:
            assert numbers(await collect(wire)) == every
        async with site.follow(f"{path}{epoch}-{every[2]}") as wire:
            assert numbers(await collect(wire)) == every[3:]
        async with site.follow(path + "earliest", after=f"{epoch}-{every[2]}") as wire:  # the header wins
            assert numbers(await collect(wire)) == every[3:]


@pytest.mark.parametrize("asked", ["deadbeef-3", "nonsense", "{epoch}-999999", "{epoch}-x", "{epoch}--1"])
async def test_an_id_that_this_journal_never_gave_is_a_gap_and_a_snapshot(tmp_path: Path, asked: str) -> None:
    async with open_gated(tmp_path) as site:
        job, asked = await site.submit(), asked.format(epoch=site.house.engine.epoch)
        async with site.follow(f"/api/jobs/{job}/events", after=asked) as wire:
            gap, snapshot = await take(wire, 2)
        assert (gap.type, snapshot.type) == ("gap", "snapshot")
        assert data_of(gap)["requested"] == asked
        assert re.fullmatch(rf"{site.house.engine.epoch}-\d+", data_of(gap)["oldest"])


async def test_only_the_types_that_are_asked_for(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        job = await site.submit()
        path = f"/api/jobs/{job}/events?lastEventID=earliest&types=artifact,job-completed"
        async with site.follow(path) as wire:
            frames = await collect(wire)
        assert {frame.type for frame in frames} == {"artifact", "job-completed"}
        assert frames[-1].type == "job-completed"


async def test_the_head_of_a_stream_can_be_asked_for(tmp_path: Path) -> None:
    async with open_gated(tmp_path) as site:
        job = await site.submit()
        for path, media_type in (("events", "text/event-stream"), ("logs?follow=true", "text/plain; charset=utf-8")):
            answer = await site.ask("HEAD", f"/api/jobs/{job}/{path}")
            assert (answer.status_code, answer.content) == (200, b"")
            assert answer.headers["content-type"] == media_type
            assert "content-length" not in answer.headers, "nobody knows how much it will be"


# ------------------------------------------------------------ several


async def test_several_jobs_in_one_stream(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        async with site.follow("/api/events") as wire:
            (snapshot,) = await take(wire, 1)
            assert data_of(snapshot) == {"jobs": [], "leftOut": 0}
            jobs = [await site.submit(f"Number {n}.") for n in range(3)]
            seen: list[Frame] = []
            while sum(frame.type in TERMINAL for frame in seen) < len(jobs):
                seen += await take(wire, 1)
        assert numbers(seen) == sorted([seq for job in jobs for seq in await journal(site, job)])


async def test_named_jobs_and_labels(tmp_path: Path) -> None:
    async with open_gated(tmp_path) as site:
        one, two = await site.submit("One."), await site.submit("Two.")
        async with site.follow(f"/api/events?jobs={one},{two}") as wire:
            (snapshot,) = await take(wire, 1)
            assert {job["jobId"] for job in data_of(snapshot)["jobs"]} == {one, two}
            assert data_of(snapshot)["leftOut"] == 0
        async with site.follow("/api/events?labels=k:v") as wire:
            (snapshot,) = await take(wire, 1)
            assert data_of(snapshot)["jobs"] == []
            await site.ask("POST", f"/api/jobs/{two}/cancel")
            body = {"brief": {"source": "Three."}, "labels": {"k": "v"}}
            three = (await site.ask("POST", "/api/jobs", json=body)).json()["jobId"]
            (event,) = await take(wire, 1)
            assert data_of(event)["jobId"] == three


async def test_a_stream_goes_on_when_one_of_its_jobs_was_forgotten(tmp_path: Path) -> None:
    async with open_gated(tmp_path) as site:
        kept, gone, theirs = [await site.submit() for _ in range(2)] + [
            await site.submit(token=await site.token("operate", 2000))
        ]
        stranger = await site.token("operate", ME.uid)
        async with site.follow(f"/api/events?jobs={kept},{gone}") as wire:
            (snapshot,) = await take(wire, 1)
        for change in ("POST", f"/api/jobs/{gone}/cancel"), ("DELETE", f"/api/jobs/{gone}"):
            assert (await site.ask(*change)).status_code < 300
        assert (await site.get(f"/api/events?jobs={kept},{gone}")).status_code == 404
        async with site.follow(f"/api/events?jobs={kept},{gone},{theirs}", after=snapshot.id, token=stranger) as wire:
            await site.ask("POST", f"/api/jobs/{kept}/cancel")
            assert {data_of(frame)["jobId"] for frame in await collect(wire)} == {kept}


async def test_a_stranger_neither_sees_nor_follows(tmp_path: Path) -> None:
    async with open_gated(tmp_path) as site:
        job, stranger = await site.submit(), await site.token("operate", 2000)
        for path in ("", "/events", "/logs", "/script", "/tasks", "/artifacts"):
            answer = await site.get(f"/api/jobs/{job}{path}", token=stranger)
            assert (answer.status_code, answer.json()["errorCode"]) == (404, "E200-NO_JOB"), path
        assert (await site.ask("POST", f"/api/jobs/{job}/cancel", token=stranger)).status_code == 404
        assert (await site.get(f"/api/events?jobs={job}", token=stranger)).status_code == 404
        assert (await site.get("/api/jobs", token=stranger)).json()["jobs"] == []
        async with site.follow("/api/events", token=stranger) as wire:
            (snapshot,) = await take(wire, 1)
            assert data_of(snapshot)["jobs"] == []
            await site.ask("POST", f"/api/jobs/{job}/cancel")
            own = await site.submit("My own.", token=stranger)
            (event,) = await take(wire, 1)
            assert data_of(event)["jobId"] == own
        async with site.follow("/api/events", token=await site.token("admin", 0)) as wire:
            (snapshot,) = await take(wire, 1)
            assert {each["jobId"] for each in data_of(snapshot)["jobs"]} == {job, own}


# ------------------------------------------------------------ silence and the end


async def test_silence_is_filled_with_heartbeats_that_move_the_cursor_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse_events, "HEARTBEAT", 0.02)
    async with open_gated(tmp_path) as site:
        followed = await site.submit("One.")
        async with site.follow(f"/api/jobs/{followed}/events?types=job-cancelled") as wire:
            await take(wire, 1)
            await site.ask("POST", f"/api/jobs/{await site.submit('Two.')}/cancel")
            newest, beats = site.house.engine.events.last, [b"0"]
            while int(beats[-1]) < newest:
                await wire.next_piece()
                beats += re.findall(rb": heartbeat\nid: \w+-(\d+)\n\n", wire.said)
        last = f"{site.house.engine.epoch}-{beats[-1].decode()}"
        async with site.follow(f"/api/jobs/{followed}/events", after=last) as wire:
            assert wire.head.headers["last-event-id"] == last
            await site.ask("POST", f"/api/jobs/{followed}/cancel")
            assert [frame.type for frame in await collect(wire)][-1] == "job-cancelled"


async def test_a_page_may_ask_for_heartbeats_that_it_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse_events, "HEARTBEAT", 0.02)
    async with open_gated(tmp_path) as site:
        job = await site.submit()
        async with site.follow(f"/api/jobs/{job}/events?types=job-cancelled&heartbeat=event") as wire:
            snapshot, beat, another = await take(wire, 3)
            assert [snapshot.type, beat.type, another.type] == ["snapshot", "heartbeat", "heartbeat"]
            assert (beat.data, beat.id.rpartition("-")[0]) == ("{}", site.house.engine.epoch)
            assert b"\n: heartbeat" not in wire.said
        assert (await site.get(f"/api/jobs/{job}/events?heartbeat=none")).status_code == 422


async def test_a_stopping_daemon_says_so_and_when_to_come_back(tmp_path: Path) -> None:
    async with open_gated(tmp_path) as site:
        job = await site.submit()
        async with site.connect() as one, site.connect() as all_of_them:
            await one.follow(f"/api/jobs/{job}/events")
            await all_of_them.follow("/api/events")
            for wire in (one, all_of_them):
                await take(wire, 1)
            began = trio.current_time()
            site.stop()
            for wire in (one, all_of_them):
                frames = await collect(wire)
                assert frames[-1].type == "server-stopping"
                (milliseconds,) = re.findall(rb"retry: (\d+)\n\nevent: server-stopping", wire.said)
                assert 500 <= int(milliseconds) <= 3000
                assert await wire.hear_all() == b""
            assert trio.current_time() - began < 0.5


async def test_a_reader_that_has_stalled_holds_up_neither_others_nor_the_stop(tmp_path: Path) -> None:
    async with open_gated(tmp_path) as site, site.connect() as stalled, site.connect() as other:
        job, events = await site.submit(), site.house.engine.events
        await Gated.reached.wait()
        await stalled.follow(f"/api/jobs/{job}/events")
        for stream in site.server._streams:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 15)
        await other.follow("/api/events?types=job-status")
        await take(other, 1)
        for n in range(100):  # far more than both ends of a socket hold
            events.append(lambda seq, n=n: progress(seq, 1000 + n, "x" * 60_000, job))
            await events.flush()
        began = trio.current_time()
        site.stop()
        assert (await collect(other))[-1].type == "server-stopping"
        await site.wait_connections(0)
        assert trio.current_time() - began < 1
        assert b"server-stopping" not in await stalled.hear_all()


async def test_a_reader_that_leaves_is_forgotten(tmp_path: Path) -> None:
    async with open_gated(tmp_path) as site:
        job = await site.submit()
        async with site.follow(f"/api/jobs/{job}/events") as wire:
            await take(wire, 1)
            await site.wait_waiting(1)
        await site.wait_waiting(0)


async def test_the_owner_of_the_house_is_who_it_was(tmp_path: Path) -> None:
    async with open_gated(tmp_path, caller=somebody("read", ME.uid)) as site:
        answer = await site.ask("POST", "/api/jobs", json={"brief": {"source": "Bees."}})
        assert (answer.status_code, answer.json()["errorCode"]) == (403, "E400-DENIED")
        assert "operate" in answer.json()["detail"]

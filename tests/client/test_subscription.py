"""Subscriptions against a server that misbehaves in every way: each event once, in order, and never a silent loss."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from aurad.client.aio import (
    Client,
    Gap,
    OtherEvent,
    RemoteError,
    Snapshot,
    State,
    subscribe_to_job_events,
    subscribe_to_jobs,
)
from aurad.client.subscription import SILENCE_SECONDS
from tests.client import rude_server as rude
from tests.client.rude_server import EPOCH, JOB, RESET, STAY, RudeServer, Script, answer, done, event, frame, head

LIVE = head()
HEARTBEAT = b": still here\n\n"


@pytest.fixture
def clock() -> MockClock:
    """Time jumps when nothing happens; real sockets need a moment to hand over what was sent."""
    return MockClock(autojump_threshold=0.01)


@pytest.fixture
async def server(nursery: trio.Nursery) -> RudeServer:
    server = RudeServer()
    await nursery.start(server.serve)
    return server


@pytest.fixture
async def client(server: RudeServer) -> AsyncIterator[Client]:
    async with Client(server.url, token="secret") as client:
        yield client


def short(item: Any) -> str:
    match item:
        case Snapshot():
            return "snapshot " + item.jobs[0].status.value
        case Gap():
            return f"gap {item.requested} {item.oldest}"
        case OtherEvent():
            return f"other {item.type}"
    return str(item.seq)


async def follow(client: Client, states: list[State] | None = None, **options: Any) -> list[str]:
    tell = states.append if states is not None else None
    async with subscribe_to_job_events(client, JOB, on_state=tell, **options) as events:
        return [short(item) async for item in events]


ALL = ["1", "2", "3", "4"]
EVENTS = [event(1), event(2), event(3), done(4)]


async def run(server: RudeServer, client: Client, *scripts: Script) -> list[str]:
    server.scripts.extend(scripts)
    return await follow(client, last_event_id="earliest")


async def test_a_stream_without_faults_ends_with_the_job(clock: MockClock, server: RudeServer, client: Client) -> None:
    states = list[State]()
    server.scripts.append([LIVE, b"retry: 2000\n\n", rude.snapshot(2), HEARTBEAT, event(3), done(4), STAY])
    assert await follow(client, states) == ["snapshot Running", "3", "4"]
    assert [state.name for state in states] == ["connecting", "live", "ended"]
    [request] = server.requests
    assert (request.path, request.query) == (f"/api/jobs/{JOB}/events", "")
    assert request.headers["authorization"] == "Bearer secret"
    assert request.headers["accept-encoding"] == "identity"


BAD = {
    "reset": [LIVE, event(1), RESET],
    "half an event": [LIVE, event(1), event(2)[:-1]],
    "half a number": [LIVE, event(1), event(2)[:40], RESET],
    "an end without a last event": [LIVE, event(1)],
    "a half chunk": [head(transfer_encoding="chunked"), b"%x\r\n%b\r\nff\r\nid: " % (len(event(1)), event(1))],
    "no chunk": [head(transfer_encoding="chunked"), b"zz\r\n"],
    "less than promised": [head(content_length="99999"), event(1)],
    "silence": [LIVE, event(1), STAY],
    "no answer": [STAY],
    "no HTTP": [b"220 mail.example.org ESMTP\r\n"],
    "half an answer": [LIVE[:-10]],
    "another content type": [answer("200 OK", b"<html>data: 1\n\n", content_type="text/html")],
    "no content type": [head(content_type=""), event(1)],
    "502": [answer("502 Bad Gateway", b"<html>")],
    "503": [rude.problem(503, "E502-STOPPING")],
    "500": [answer("500 Oops", b"")],
    "429": [rude.problem(429, "E202-BUSY", retry_after="7")],
    "a proxy's 403": [answer("403 No", b"<html>", content_type="text/html")],
    "no JSON": [LIVE, event(1), frame("job-status", 1).replace(b"1", b"{"), event(2)],
    "JSON that is no object": [LIVE, event(1), frame("job-status", [1], f"{EPOCH}-2")],
    "a snapshot of nothing": [LIVE, event(1), frame("snapshot", {"jobs": 3}, f"{EPOCH}-2")],
    "stopping": [LIVE, event(1), frame("server-stopping", {})],
    "no zip": [head(content_encoding="gzip"), event(1)],
    "an unknown coding": [head(content_encoding="br"), event(1)],
    "a circle": [head("307 X", location="/api/events")],
}  # fmt: skip


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
async def test_a_fault_costs_nothing(clock: MockClock, server: RudeServer, client: Client, bad: Script) -> None:
    states, found = list[State](), list[str]()
    server.scripts.extend([bad] * 30)

    def mend(state: State) -> None:
        states.append(state)
        if state.name == "retrying":
            server.scripts.clear()
            server.scripts.append([LIVE, *EVENTS[len(found) :]])

    async with subscribe_to_job_events(client, JOB, last_event_id="earliest", on_state=mend) as events:
        async for item in events:
            found.append(short(item))
    assert found == ALL
    assert server.cursors[-1] in {f"{EPOCH}-1", "earliest"}
    assert [state.name for state in states][-4:] == ["retrying", "connecting", "live", "ended"]
    assert [state.name for state in states].count("retrying") == 1
    assert next(state.reason for state in states if state.name == "retrying")


async def test_what_is_sent_again_is_dropped(clock: MockClock, server: RudeServer, client: Client) -> None:
    again = [LIVE, event(1), event(1), event(2), event(1), RESET]
    assert await run(server, client, again, [LIVE, *EVENTS[:2]], [LIVE, *EVENTS, STAY]) == ALL


async def test_line_ends_marks_and_cuts_do_not_matter(clock: MockClock, server: RudeServer, client: Client) -> None:
    odd = b"\xef\xbb\xbf" + event(1).replace(b"\n", b"\r\n") + event(2).replace(b"\n", b"\r") + b":\n\n"
    split = event(3).replace(b', "job', b',\ndata: "job')
    crumbs: Script = [bytes([byte]) for byte in odd + split]
    assert await run(server, client, [LIVE, *crumbs, done(4)]) == ALL


async def test_a_zipped_stream_is_read_all_the_same(clock: MockClock, server: RudeServer, client: Client) -> None:
    assert await run(server, client, [head(content_encoding="gzip"), rude.zipped(b"".join(EVENTS)), STAY]) == ALL


async def test_a_redirect_is_followed_without_giving_away_the_token(
    clock: MockClock, server: RudeServer, client: Client, nursery: trio.Nursery
) -> None:
    other = RudeServer()
    await nursery.start(other.serve)
    other.scripts.append([LIVE, *EVENTS])
    there = other.url + "/api/else/events"
    assert await run(server, client, [head("307 Temporary Redirect", location=there)]) == ALL
    assert "authorization" not in other.requests[0].headers


async def test_a_huge_event_is_not_kept_in_memory(clock: MockClock, server: RudeServer, client: Client) -> None:
    flood: Script = [LIVE, event(1), b"data: ", *[b"x" * (1 << 20)] * 9]
    assert await run(server, client, flood, [LIVE, *EVENTS[1:]]) == ALL


@pytest.mark.parametrize("cut", range(0, 200, 7))
async def test_a_stream_cut_anywhere_goes_on(clock: MockClock, server: RudeServer, client: Client, cut: int) -> None:
    whole = b"".join(EVENTS)
    at = cut * len(whole) // 200
    found = list[str]()
    server.scripts.append([LIVE, whole[:at], RESET])
    async with subscribe_to_job_events(client, JOB, last_event_id="earliest") as events:
        with trio.move_on_after(0.5):
            async for item in events:
                found.append(short(item))
        server.scripts.append([LIVE, *EVENTS[len(found) :]])
        found += [short(item) async for item in events]
    assert found == ALL


async def test_a_skipped_number_is_told_and_mended(clock: MockClock, server: RudeServer, client: Client) -> None:
    server.scripts += [[LIVE, event(1), event(3), event(4), STAY], [LIVE, rude.snapshot(6), event(7), done(8)]]
    assert await follow(client, last_event_id=f"{EPOCH}-0") == [
        "1", f"gap {EPOCH}-1 {EPOCH}-3", "snapshot Running", "7", "8",
    ]  # fmt: skip
    assert server.cursors == [f"{EPOCH}-0", ""]


async def test_a_first_event_lost_after_a_snapshot_is_told(
    clock: MockClock, server: RudeServer, client: Client
) -> None:
    server.scripts += [
        [LIVE, rude.snapshot(6, job_seq=3), event(8, 5), STAY],
        [LIVE, rude.snapshot(8, job_seq=5), event(9, 6), done(12, job_seq=7)],
    ]
    assert await follow(client) == [
        "snapshot Running", f"gap {EPOCH}-6 {EPOCH}-8", "snapshot Running", "9", "12",
    ]  # fmt: skip
    assert server.cursors == ["", ""]


async def test_a_number_skipped_across_connections(clock: MockClock, server: RudeServer, client: Client) -> None:
    server.scripts += [[LIVE, event(1)], [LIVE, event(3)], [LIVE, rude.snapshot(4, "Succeeded")]]
    assert await follow(client, last_event_id="earliest") == ["1", f"gap {EPOCH}-1 {EPOCH}-3", "snapshot Succeeded"]


async def test_a_filtered_stream_may_skip_numbers(clock: MockClock, server: RudeServer, client: Client) -> None:
    beat = f"id: {EPOCH}-9\n\n".encode()
    server.scripts += [[LIVE, event(1), event(5), beat], [LIVE, event(8), done(12)]]
    assert await follow(client, last_event_id="earliest", types=["job-status", "job-completed"]) == ["1", "5", "12"]
    assert server.requests[0].query == "types=job-status%2Cjob-completed"
    assert server.cursors == ["earliest", f"{EPOCH}-9"]


async def test_another_epoch_is_no_continuation(clock: MockClock, server: RudeServer, client: Client) -> None:
    server.scripts += [
        [LIVE, event(5), event(6, epoch="new")],
        [LIVE, rude.snapshot(1, epoch="new"), done(2, epoch="new")],
    ]
    assert await follow(client) == ["5", f"gap {EPOCH}-5 new-6", "snapshot Running", "2"]


async def test_a_gap_of_the_server_is_passed_on(clock: MockClock, server: RudeServer, client: Client) -> None:
    gap = frame("gap", {"requested": "old-3", "oldest": "new-1"})
    server.scripts += [[LIVE, gap, rude.snapshot(1), event(2, 1), done(3, job_seq=2)]]
    assert await follow(client, last_event_id="old-3") == ["gap old-3 new-1", "snapshot Running", "2", "3"]


async def test_a_cut_between_gap_and_snapshot(clock: MockClock, server: RudeServer, client: Client) -> None:
    server.scripts += [[LIVE, frame("gap", {"requested": "a", "oldest": "b"})], [LIVE, rude.snapshot(1), done(2)]]
    assert await follow(client, last_event_id="old-3") == ["gap a b", "snapshot Running", "2"]
    assert server.cursors == ["old-3", ""]


@pytest.mark.parametrize("first", [[head("204 No Content", content_type="")], [LIVE, rude.snapshot(9, "Failed"), STAY]])
async def test_nothing_left_is_an_end(clock: MockClock, server: RudeServer, client: Client, first: Script) -> None:
    states = list[State]()
    server.scripts.append(first)
    await follow(client, states)
    assert len(server.requests) == 1
    assert states[-1] == State("ended")


@pytest.mark.parametrize(
    ("refusal", "code"),
    [
        (rude.problem(401, "E401-TOKEN"), "E401-TOKEN"),
        (rude.problem(404, "E200-NO_JOB"), "E200-NO_JOB"),
        (rude.problem(422, "E100-REQUEST"), "E100-REQUEST"),
        (answer("404 Not Found", b"<html>", content_type="text/html"), "E500-INTERNAL"),
    ],
)
async def test_a_refusal_is_an_end(
    clock: MockClock, server: RudeServer, client: Client, refusal: bytes, code: str
) -> None:
    states = list[State]()
    server.scripts += [[LIVE, event(1)], [refusal]]
    async with subscribe_to_job_events(client, JOB, on_state=states.append) as events:
        assert short(await anext(events)) == "1"
        with pytest.raises(RemoteError) as caught:
            await anext(events)
        assert caught.value.code == code
        assert [item async for item in events] == []
    assert states[-1] == State("ended", caught.value.detail)


async def test_tries_come_less_and_less_often(clock: MockClock, server: RudeServer, client: Client) -> None:
    server.scripts += [[answer("503 Busy", b"")]] * 8 + [[LIVE, *EVENTS]]
    assert await follow(client, last_event_id="earliest") == ALL
    waits = [later - sooner for sooner, later in zip(server.times, server.times[1:], strict=False)]
    for wait, at_least in zip(waits, [1, 2, 4, 8, 16, 20, 20, 20], strict=True):
        assert at_least <= wait <= at_least * 1.5 + 0.5


async def test_the_server_says_how_long_to_wait(clock: MockClock, server: RudeServer, client: Client) -> None:
    states = list[State]()
    server.scripts += [
        [LIVE, b"retry: 7000\n\n", event(1)],
        [rude.problem(503, "E202-BUSY", retry_after="100")],
        [LIVE, *EVENTS],
    ]
    assert await follow(client, states, last_event_id="earliest") == ALL
    first, second = (state.seconds for state in states if state.name == "retrying")
    assert 7 <= first <= 10.5
    assert second == 100


async def test_an_event_makes_the_waits_short_again(clock: MockClock, server: RudeServer, client: Client) -> None:
    busy = [answer("503 Busy", b"")]
    states = list[State]()
    server.scripts += [busy, busy, busy, [LIVE, event(1)], [LIVE, *EVENTS]]
    assert await follow(client, states, last_event_id="earliest") == ALL
    waits = [state.seconds for state in states if state.name == "retrying"]
    assert waits[2] >= 4
    assert waits[3] <= 1.5


async def test_heartbeats_keep_a_silent_stream_alive(clock: MockClock, server: RudeServer, client: Client) -> None:
    beats: Script = [step for _ in range(40) for step in (15.0, HEARTBEAT)]
    states = list[State]()
    server.scripts += [[LIVE, event(1), *beats, event(2), event(3), done(4)]]
    begun = trio.current_time()
    assert await follow(client, states, last_event_id="earliest") == ALL
    assert trio.current_time() - begun >= 600
    assert len(server.requests) == 1


async def test_silence_is_noticed_in_time(clock: MockClock, server: RudeServer, client: Client) -> None:
    server.scripts += [[LIVE, event(1), STAY], [LIVE, *EVENTS]]
    begun = trio.current_time()
    assert await follow(client, last_event_id="earliest") == ALL
    assert SILENCE_SECONDS <= trio.current_time() - begun <= SILENCE_SECONDS + 2


async def test_a_reader_may_give_up_waiting_and_come_back(clock: MockClock, server: RudeServer, client: Client) -> None:
    server.scripts += [[LIVE, event(1), STAY], [LIVE, event(2), STAY], *[[LIVE, STAY]] * 4]
    found = list[str]()
    async with subscribe_to_job_events(client, JOB, last_event_id="earliest") as events:
        for _ in range(4):
            with trio.move_on_after(5):
                while True:
                    found.append(short(await anext(events)))
        assert found == ["1", "2"]
        assert events.last_event_id == f"{EPOCH}-2"
        server.scripts.clear()
        server.scripts.append([LIVE, event(3), done(4)])
        found += [short(item) async for item in events]
    assert found == ALL


async def test_the_id_is_that_of_the_last_event_taken(clock: MockClock, server: RudeServer, client: Client) -> None:
    server.scripts.append([LIVE, b"".join(EVENTS), STAY])
    async with subscribe_to_job_events(client, JOB, last_event_id="earliest") as events:
        await anext(events)
        await anext(events)
        assert events.last_event_id == f"{EPOCH}-2"
    assert [item async for item in events] == []
    server.scripts.append([LIVE, b"".join(EVENTS[2:])])
    assert await follow(client, last_event_id=events.last_event_id) == ["3", "4"]


async def test_unknown_events_are_given_as_they_are(clock: MockClock, server: RudeServer, client: Client) -> None:
    log = frame("job-log", {"jobId": JOB, "step": "Voice", "offset": 0, "lines": ["x"]})
    server.scripts.append([LIVE, event(1), event(2, kind="job-danced"), log, event(3), done(4)])
    found = await follow(client, last_event_id="earliest")
    assert found == ["1", "other job-danced", "other job-log", "3", "4"]


async def test_several_jobs_share_a_stream(clock: MockClock, server: RudeServer, client: Client) -> None:
    jobs = frame("snapshot", {"jobs": [rude.view(), rude.view(job="b")]}, f"{EPOCH}-0")
    mixed = [event(1, 5, job="a"), event(2, 1, job="b"), event(3, 6, job="a"), done(4, job="a", job_seq=7)]
    server.scripts += [[LIVE, jobs, *mixed, event(5, 2, job="b")], [LIVE, event(6, 4, job="b"), STAY]]
    found = list[str]()
    async with subscribe_to_jobs(client, ["a", "b"], labels={"team": "x"}) as events:
        async for item in events:
            found.append(short(item))
            if isinstance(item, Gap):
                break
    assert found == ["snapshot Running", "1", "2", "3", "4", "5", f"gap {EPOCH}-5 {EPOCH}-6"]
    assert (server.requests[0].path, server.requests[0].query) == ("/api/events", "jobs=a%2Cb&labels=team%3Ax")


async def test_named_jobs_end_the_stream_with_the_last_of_them(
    clock: MockClock, server: RudeServer, client: Client
) -> None:
    jobs = frame("snapshot", {"jobs": [rude.view("Failed", job="a"), rude.view(job="b")]}, f"{EPOCH}-0")
    server.scripts.append([LIVE, jobs, done(1, job="other"), done(2, job="b"), STAY])
    async with subscribe_to_jobs(client, ["a", "b"]) as events:
        assert [short(item) async for item in events] == ["snapshot Failed", "1", "2"]


async def test_a_server_that_is_not_there_is_waited_for(clock: MockClock, nursery: trio.Nursery) -> None:
    states = list[State]()
    async with (
        Client("http://127.0.0.1:9") as client,
        subscribe_to_job_events(client, JOB, on_state=states.append) as events,
    ):
        with trio.move_on_after(20):
            await anext(events)
    assert [state.name for state in states[:4]] == ["connecting", "retrying"] * 2

"""REST: what each address takes, gives and refuses; errors are problems, one correlation id goes through."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio

from aurad.engine import listing
from aurad.model.errors import KINDS, AuradError
from aurad.serve import exchange
from aurad.serve.endpoints import endpoints
from tests.engine.house import ME
from tests.engine.toys import STAGES, Gated
from tests.serve.site import open_site

JSON = {"Content-Type": "application/json"}
BRIEF = {"brief": {"source": "Bees."}}


def sent(content: bytes, **headers: str) -> dict[str, Any]:
    return {"content": content, "headers": JSON | headers}


def problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """An answer's problem, which must be one in every respect."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    found: dict[str, Any] = answer.json()
    assert found["errorCode"] == code, found
    assert (found["status"], KINDS[code].http) == (status, status)
    assert found["correlationId"] == answer.headers["x-correlation-id"]
    assert found["instance"] == answer.request.url.path
    return found


# ------------------------------------------------------------ jobs


async def test_a_job_from_submit_to_file(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        accepted = await site.ask("POST", "/api/jobs", json={"brief": {"source": "Bees see."}, "labels": {"a": "b"}})
        assert accepted.status_code == 202
        assert set(accepted.json()) == {"jobId", "correlationId", "position"}
        job = accepted.headers["location"]
        assert job == f"/api/jobs/{accepted.json()['jobId']}"
        await site.house.engine.jobs.wait(accepted.json()["jobId"])
        view = (await site.get(job)).json()
        assert (view["status"], view["labels"]) == ("Succeeded", {"a": "b"})
        script = (await site.get(f"{job}/script")).json()
        assert [scene["text"] for scene in script["scenes"]] == ["Bees see"]
        assert {task["name"] for task in (await site.get(f"{job}/tasks")).json()["tasks"]} >= {"script"}
        artifacts = (await site.get(f"{job}/artifacts")).json()["artifacts"]
        video = next(artifact for artifact in artifacts if artifact["name"] == "video.mp4")
        assert len((await site.get(f"/api/artifacts/{video['artifactId']}")).content) == video["sizeBytes"]


async def test_a_dry_run_tells_the_plan_and_takes_no_job(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        answer = await site.ask("POST", "/api/jobs", json={**BRIEF, "dryRun": True}, headers={"X-Correlation-ID": "c1"})
        assert (answer.status_code, "location" in answer.headers) == (200, False)
        told = answer.json()
        assert (told["jobId"], told["correlationId"], told["position"]) == (None, "c1", None)
        assert [one["name"] for one in told["plan"]["providers"]["voice"]] == ["tone"]
        assert (await site.get("/api/jobs")).json()["jobs"] == []
        refused = await site.ask("POST", "/api/jobs", json={"brief": {}, "dryRun": True})
        problem(refused, 422, "E101-BRIEF")


async def test_cancel_and_retry(tmp_path: Path) -> None:
    Gated.gate, Gated.reached = trio.Event(), trio.Event()
    async with open_site(tmp_path, stages=(*STAGES, Gated), voice=("gated",)) as site:
        job = await site.submit()
        cancelled = await site.ask("POST", f"/api/jobs/{job}/cancel", json={"reason": "no"})
        assert (cancelled.status_code, cancelled.json()["status"]) == (202, "Cancelled")
        assert cancelled.headers["location"] == f"/api/jobs/{job}"
        problem(await site.ask("POST", f"/api/jobs/{job}/cancel"), 409, "E201-STATE")
        again = await site.ask("POST", f"/api/jobs/{job}/retry", headers={"X-Correlation-ID": "second"})
        assert again.json()["jobId"] != job
        assert again.json()["correlationId"] == again.headers["x-correlation-id"] == "second"
        assert (await site.get(again.headers["location"])).json()["retryOf"] == job


async def test_an_edit_is_accepted_as_a_new_job(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        job = await site.submit()
        await site.house.engine.jobs.wait(job)
        edit = {"scenes": [{"sceneId": "s1", "text": "Bees see more."}]}
        made = await site.ask("POST", f"/api/jobs/{job}/edit", json=edit)
        assert (made.status_code, made.headers["location"]) == (202, f"/api/jobs/{made.json()['jobId']}")
        assert (await site.get(made.headers["location"])).json()["retryOf"] == job
        await site.house.engine.jobs.wait(made.json()["jobId"])
        script = (await site.get(f"{made.headers['location']}/script")).json()
        assert [scene["text"] for scene in script["scenes"]] == ["Bees see more.", "They miss red"]
        told = problem(await site.ask("POST", f"/api/jobs/{job}/edit", json={"remove": ["s9"]}), 422, "E102-OPTION")
        assert "'s9'" in told["detail"]
        stranger = await site.token("operate", ME.uid + 1)
        problem(await site.ask("POST", f"/api/jobs/{job}/edit", json=edit, token=stranger), 404, "E200-NO_JOB")
        reader = await site.token("read")
        problem(await site.ask("POST", f"/api/jobs/{job}/edit", json=edit, token=reader), 403, "E400-DENIED")


async def test_a_list_is_read_page_by_page(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        jobs = [await site.submit(f"Number {n}.") for n in range(5)]
        for job in jobs:
            await site.house.engine.jobs.wait(job)
        seen, cursor = [], ""
        while cursor is not None:
            page = (await site.get("/api/jobs", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
            seen += [job["jobId"] for job in page["jobs"]]
            cursor = page["cursor"]
        assert seen == jobs[::-1]
        await site.ask("DELETE", f"/api/jobs/{jobs[3]}")
        rest = (await site.get("/api/jobs", params={"cursor": jobs[3]})).json()["jobs"]
        assert [job["jobId"] for job in rest] == jobs[2::-1]  # a place stays one after its job has gone


async def test_a_page_that_gets_too_large_ends_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "PAGE_BYTES", 1)
    async with open_site(tmp_path) as site:
        jobs = [await site.submit(f"Number {n}.") for n in range(2)]
        first = (await site.get("/api/jobs")).json()
        assert ([job["jobId"] for job in first["jobs"]], first["cursor"]) == ([jobs[1]], jobs[1])
        second = (await site.get("/api/jobs", params={"cursor": first["cursor"]})).json()
        assert ([job["jobId"] for job in second["jobs"]], second["cursor"]) == ([jobs[0]], None)


async def test_a_list_is_narrowed_by_status_and_label(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        for label in ("x", "y"):
            body = {"brief": {"source": "Bees."}, "labels": {"k": label, "all": "1"}}
            job = (await site.ask("POST", "/api/jobs", json=body)).json()["jobId"]
            await site.house.engine.jobs.wait(job)

        async def count(query: str) -> int:
            return len((await site.get(f"/api/jobs?{query}")).json()["jobs"])

        assert await count("labels=k:y") == 1
        assert await count("labels=k:y,all:1") == await count("labels=k:y&labels=all:1") == 1
        assert await count("labels=all:1&status=Succeeded,Failed") == 2
        assert await count("status=Queued,Failed") == 0
        problem(await site.get("/api/jobs?labels=k"), 422, "E100-REQUEST")


# ------------------------------------------------------------ what is refused


REFUSED: list[tuple[str, str, dict[str, Any], int, str, str]] = [
    ("GET", "/api/nothing", {}, 404, "E110-PATH", "/api/nothing"),
    ("GET", "/api/jobs/a-nobody", {}, 404, "E200-NO_JOB", "a-nobody"),
    ("GET", "/api/jobs/a-nobody/events", {}, 404, "E200-NO_JOB", "a-nobody"),
    ("GET", "/api/artifacts/nothing", {}, 404, "E200-NO_JOB", "nothing"),
    ("PUT", "/api/jobs", {}, 405, "E111-VERB", "GET, HEAD, POST"),
    ("OPTIONS", "/api/jobs", {}, 405, "E111-VERB", "GET"),
    ("TRACE", "/api/jobs", {}, 405, "E111-VERB", "GET"),
    ("POST", "/api/jobs", sent(b"{}", **{"Content-Type": "text/plain"}), 415, "E112-MEDIA_TYPE", "text/plain"),
    ("POST", "/api/jobs", sent(b"{}", **{"Content-Encoding": "gzip"}), 415, "E112-MEDIA_TYPE", "gzip"),
    ("POST", "/api/jobs", sent(b"{"), 400, "E106-PARSE", "cannot read"),
    ("POST", "/api/jobs", sent(b"\xff"), 400, "E106-PARSE", "utf-8"),
    ("POST", "/api/jobs", sent(b"[1]"), 422, "E100-REQUEST", "no JSON object"),
    ("POST", "/api/jobs", sent(b'{"brief":{},"brief":{}}'), 422, "E100-REQUEST", "'brief' comes twice"),
    ("POST", "/api/jobs", sent(b'{"brief":' + b"[" * 70 + b"]" * 70 + b"}"), 422, "E100-REQUEST", "deeper"),
    ("POST", "/api/jobs", {}, 422, "E100-REQUEST", "brief"),
    ("POST", "/api/jobs", {"json": BRIEF | {"speed": 1}}, 422, "E100-REQUEST", "speed"),
    ("POST", "/api/jobs", {"json": BRIEF | {"priority": "5"}}, 422, "E100-REQUEST", "priority"),
    ("POST", "/api/jobs", {"json": {"brief": {}}}, 422, "E101-BRIEF", "nothing"),
    ("POST", "/api/jobs?dry=1", {"json": BRIEF}, 422, "E100-REQUEST", "dry"),
    ("POST", "/api/jobs/a-b/cancel", {"json": {"jobId": "a-c"}}, 422, "E100-REQUEST", "'jobId' is given twice"),
    ("GET", "/api/jobs?limit=501", {}, 422, "E100-REQUEST", "500"),
    ("GET", "/api/jobs?limit=many", {}, 422, "E100-REQUEST", "limit"),
    ("GET", "/api/jobs?limit=1&limit=2", {}, 422, "E100-REQUEST", "'limit' is given twice"),
    ("GET", "/api/jobs?cursor=zzz", {}, 400, "E116-CURSOR", "'zzz'"),
    ("GET", "/api/jobs?cursor=a-01arz3ndektsv4rrffq69g5fav", {}, 400, "E116-CURSOR", "a-01arz"),
    ("GET", "/api/jobs?speed=1", {}, 422, "E100-REQUEST", "speed"),
    ("GET", "/api/jobs?status=Done", {}, 422, "E100-REQUEST", "Done"),
    ("GET", "/api/events?types=job-lost", {}, 422, "E100-REQUEST", "job-lost"),
    ("GET", "/api/events?jobs=a-nobody", {}, 404, "E200-NO_JOB", "a-nobody"),
    ("GET", "/api/jobs", {"headers": {"X-Correlation-ID": "x" * 129}}, 422, "E100-REQUEST", "X-Correlation-ID"),
    ("GET", "/api/jobs", {"headers": {"X-Correlation-ID": "a\tb"}}, 422, "E100-REQUEST", "X-Correlation-ID"),
]


@pytest.mark.parametrize(
    ("method", "path", "more", "status", "code", "says"),
    REFUSED,
    ids=lambda value: str(value)[:30] if isinstance(value, str) else "",
)
async def test_what_is_refused(
    tmp_path: Path, method: str, path: str, more: dict[str, Any], status: int, code: str, says: str
) -> None:
    async with open_site(tmp_path) as site:
        found = problem(await site.ask(method, path, **more), status, code)
        assert says in found["detail"]
        assert found["remedy"]


async def test_a_full_queue_says_when_to_come_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_site(tmp_path) as site:
        monkeypatch.setattr(site.house.engine.jobs, "_max_queued", 0)
        monkeypatch.setattr(site.house.engine.jobs, "_max_running", 0)
        answer = await site.ask("POST", "/api/jobs", json={"brief": {"source": "Bees."}})
        problem(answer, 429, "E202-BUSY")
        assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize("announced", [True, False])
async def test_too_much_is_refused_and_the_refusal_arrives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, announced: bool
) -> None:
    monkeypatch.setattr(exchange, "REQUEST_LIMIT", 100_000)
    async with open_site(tmp_path) as site:
        body = b" " * 3_000_000

        async def pieces() -> Any:
            for n in range(0, len(body), 10_000):
                yield body[n : n + 10_000]

        answer = await site.ask("POST", "/api/jobs", content=body if announced else pieces(), headers=JSON)
        assert "100000 bytes" in problem(answer, 413, "E105-TOO_LARGE")["detail"]


async def test_a_bug_of_ours_is_a_problem_and_tells_nothing_of_our_inside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*args: object) -> None:
        raise ZeroDivisionError("secret")

    async with open_site(tmp_path) as site:
        monkeypatch.setattr(site.house.engine.jobs, "get", broken)
        answer = await site.get("/api/jobs/a-b", headers={"X-Correlation-ID": "found-by-this"})
        problem(answer, 500, "E500-INTERNAL")
        assert "secret" not in answer.text
        assert answer.headers["x-correlation-id"] == "found-by-this"
        assert (await site.get("/api/health/live")).status_code == 200


# ------------------------------------------------------------ what else there is


@pytest.mark.parametrize(
    "path",
    [
        "/api/plugins", "/api/catalog/voices", "/api/catalog/themes", "/api/catalog/presets", "/api/config/schema",
        "/api/openapi.json", "/api/health/ready",
    ],
)  # fmt: skip
async def test_what_can_be_read(tmp_path: Path, path: str) -> None:
    async with open_site(tmp_path) as site:
        answer = await site.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
        assert answer.headers["cache-control"] == "no-store"
        head = await site.ask("HEAD", path)
        assert (head.status_code, head.content) == (200, b"")


async def test_metrics_are_text(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        answer = await site.get("/metrics")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/plain")


async def test_not_ready_is_told_with_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_site(tmp_path) as site:
        monkeypatch.setattr(site.house.engine.holds.room, "reserve", 1 << 60)
        assert "MiB left" in problem(await site.get("/api/health/ready"), 503, "E508-UNREADY")["detail"]


async def test_not_ready_with_broken_settings_tells_where_and_what_to_do(tmp_path: Path) -> None:
    broken = AuradError("E503-CONFIG", "cannot use a.b = 3 (x:2)", remedy="Mend it.", details={"origin": "x:2"})
    async with open_site(tmp_path, private=False, broken=broken) as site:
        told = problem(await site.get("/api/health/ready"), 503, "E508-UNREADY")
        assert "cannot use a.b = 3 (x:2)" in told["detail"]
        assert (told["remedy"], told["details"]) == ("Mend it.", {"errorCode": "E503-CONFIG", "origin": "x:2"})
        assert (await site.get("/api/health/live")).status_code == 200
        job = await site.submit()
        assert "a.b = 3" in (await site.get(f"/api/jobs/{job}")).json()["message"]


async def test_the_correlation_id_goes_into_the_job_and_its_events(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        job = await site.submit(headers={"X-Correlation-ID": "from afar ~"})
        await site.house.engine.jobs.wait(job)
        assert {event["correlationId"] for event in await site.house.events(job)} == {"from afar ~"}
        body = {"brief": {"source": "Bees."}, "correlationId": "in-the-body"}
        answer = await site.ask("POST", "/api/jobs", json=body)
        assert answer.json()["correlationId"] == answer.headers["x-correlation-id"] == "in-the-body"


def test_every_endpoint_has_an_address_of_its_own() -> None:
    every = endpoints()
    assert len({(one.route.method, one.route.path) for one in every}) == len(every)
    assert all(one.summary.endswith(".") for one in every)

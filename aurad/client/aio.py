"""A client of aurad over HTTP for Trio: REST with typed answers, and events that survive every fault on the way.

async with Client("http://127.0.0.1:8765", token=token) as client:
    job = await client.submit({"topic": "How bees see"})
    async with client.subscribe_to_job_events(job.job_id) as events:
        async for event in events:
            print(event)

`open_rpc` is for the control socket of the same machine.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx2
import trio

from aurad.client.answers import CLOSE_SECONDS, hang_up, problem_of, value_of
from aurad.client.blocking import ConnectionLost, RemoteError
from aurad.client.following import Gap, Item, OtherEvent, Progress, Snapshot
from aurad.client.rpc import Rpc, open_rpc
from aurad.client.subscription import State, Subscription
from aurad.model.event import Event, JobView
from aurad.model.job import Accepted
from aurad.model.plan import Plan
from aurad.model.value import Value

__all__ = [
    "Accepted", "Client", "ConnectionLost", "Download", "Event", "Gap", "Item", "JobPage", "JobView", "OtherEvent",
    "Plan", "RemoteError", "Rpc", "Snapshot", "State", "Subscription", "open_rpc", "subscribe_to_job_events",
    "subscribe_to_jobs",
]  # fmt: skip

ANSWER_SECONDS = 60.0  # a cancel answers only when nothing of the job runs any more
NO_LIMIT = httpx2.Limits(max_connections=None)  # every subscription holds a connection; none may wait for another
OnState = Callable[[State], None]


class _Planned(Value, frozen=True, kw_only=True):
    plan: Plan


class JobPage(Value, frozen=True, kw_only=True):
    """Some jobs, newest first; `cursor` asks for the next ones, None when there are none."""

    jobs: tuple[JobView, ...]
    cursor: str | None = None


class Download:
    """An artifact's content. Iterate it for its bytes, or save it; `digest` is the SHA-256 of all of it."""

    def __init__(self, response: httpx2.Response) -> None:
        self._response, self._chunks = response, response.aiter_bytes()
        self.media_type = str(response.headers.get("content-type", "application/octet-stream"))
        self.size = int(response.headers.get("content-length", 0))
        self.digest = str(response.headers.get("etag", "")).strip('"')

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        try:
            return await anext(self._chunks)
        except httpx2.HTTPError as error:
            raise ConnectionLost(f"cannot read {self._response.url}: {error}") from error

    async def aclose(self) -> None:
        """Leave the rest."""
        await hang_up(self._response, self._chunks)

    async def save(self, path: Path) -> None:
        """Write it all to `path`; nothing is there if it does not all come."""
        part = trio.Path(path.with_name(path.name + ".part"))
        try:
            async with await part.open("wb") as file:
                async for chunk in self:
                    await file.write(chunk)
            await part.replace(path)
        except BaseException:
            with trio.move_on_after(CLOSE_SECONDS, shield=True):
                await part.unlink(missing_ok=True)
            raise


class Client:
    """The daemon at `url`. Use it as a context manager; one client serves any number of tasks at once.

    `http` brings an own `httpx2.AsyncClient` (a proxy, a Unix socket, certificates); it is closed with ours.
    Every method raises `RemoteError` for what the daemon refuses and `ConnectionLost` when it cannot be reached.
    """

    def __init__(self, url: str, *, token: str = "", http: httpx2.AsyncClient | None = None) -> None:
        self.http = http or httpx2.AsyncClient(limits=NO_LIMIT, trust_env=False, timeout=ANSWER_SECONDS)
        self.http.base_url = httpx2.URL(url)
        if token:
            self.http.headers["Authorization"] = f"Bearer {token}"

    async def __aenter__(self) -> Self:
        await self.http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with trio.move_on_after(CLOSE_SECONDS, shield=True):
            await self.http.__aexit__(kind, error, trace)

    async def submit(self, brief: Mapping[str, Any], **settings: Any) -> Accepted:
        """Ask for a video; settings as on the wire (`preset="draft"`, `idempotencyKey="..."`)."""
        return value_of(await self._ask("POST", "/api/jobs", {"brief": dict(brief), **settings}), Accepted)

    async def dry_run(self, brief: Mapping[str, Any], **settings: Any) -> Plan:
        """What `submit` would come to: who would do what and why, its time, disk and cost. Nothing is stored."""
        body = {"brief": dict(brief), **settings, "dryRun": True}
        return value_of(await self._ask("POST", "/api/jobs", body), _Planned).plan

    async def get(self, job_id: str) -> JobView:
        """A job as it is now."""
        return value_of(await self._ask("GET", f"/api/jobs/{_safe(job_id)}"), JobView)

    async def list(self, *, limit: int = 50, cursor: str | None = None) -> JobPage:
        """The newest jobs first."""
        query = {"limit": str(limit), **({"cursor": cursor} if cursor else {})}
        return value_of(await self._ask("GET", "/api/jobs", query=query), JobPage)

    async def cancel(self, job_id: str, reason: str = "") -> JobView:
        """End a job; the answer comes when nothing of it runs any more."""
        return value_of(
            await self._ask("POST", f"/api/jobs/{_safe(job_id)}/cancel", {"reason": reason} if reason else {}), JobView
        )

    async def retry(self, job_id: str) -> Accepted:
        """A new job that asks for the same; what was finished is reused."""
        return value_of(await self._ask("POST", f"/api/jobs/{_safe(job_id)}/retry", {}), Accepted)

    async def edit(self, job_id: str, **changes: Any) -> Accepted:
        """A new job with changes as on the wire (`scenes=[...]`, `remake=[...]`); only what changed is made anew."""
        return value_of(await self._ask("POST", f"/api/jobs/{_safe(job_id)}/edit", changes), Accepted)

    @asynccontextmanager
    async def open_artifact(self, artifact_id: str) -> AsyncIterator[Download]:
        """A file of a job: `async with client.open_artifact(id) as file: await file.save(path)`."""
        request = self.http.build_request("GET", f"/api/artifacts/{_safe(artifact_id)}")
        async with aclosing(Download(await self._send(request, stream=True))) as download:
            yield download

    async def _ask(
        self, method: str, path: str, body: object = None, *, query: Mapping[str, str] | None = None
    ) -> httpx2.Response:
        request = self.http.build_request(method, path, json=body, params=query)
        return await self._send(request, stream=False)

    async def _send(self, request: httpx2.Request, *, stream: bool) -> httpx2.Response:
        try:
            response = await self.http.send(request, stream=True, follow_redirects=request.method == "GET")
            if not response.is_success:
                raise await problem_of(response)
            if not stream:
                await response.aread()
        except (httpx2.HTTPError, httpx2.StreamError) as error:
            why = str(error) or type(error).__name__
            raise ConnectionLost(f"cannot {request.method} {request.url}: {why}") from error
        return response


def subscribe_to_job_events(
    client: Client,
    job_id: str,
    *,
    types: Iterable[str] = (),
    last_event_id: str = "",
    on_state: OnState | None = None,
) -> Subscription:
    """The events of one job, in order, each once; ends after the job's last one.

    It starts with a `Snapshot`, or after `last_event_id` (`"earliest"`: from the job's first event). `types` leaves
    out all others, and with them the check that none is missing.
    """
    wanted = tuple(types)
    progress = Progress(last_event_id, jobs=[job_id], complete=not wanted)
    query = {"types": ",".join(wanted)} if wanted else {}
    return Subscription(client.http, f"/api/jobs/{_safe(job_id)}/events", query, progress, on_state)


def subscribe_to_jobs(
    client: Client,
    jobs: Iterable[str] = (),
    *,
    types: Iterable[str] = (),
    labels: Mapping[str, str] | None = None,
    last_event_id: str = "",
    on_state: OnState | None = None,
) -> Subscription:
    """The events of named jobs, to the end of the last of them; or of all that one may see, those to come too."""
    wanted, named = tuple(types), tuple(jobs)
    progress = Progress(last_event_id, jobs=named, complete=not wanted)
    asked = {
        "jobs": ",".join(named), "types": ",".join(wanted),
        "labels": ",".join(f"{key}:{value}" for key, value in (labels or {}).items()),
    }  # fmt: skip
    query = {key: value for key, value in asked.items() if value}
    return Subscription(client.http, "/api/events", query, progress, on_state)


def _safe(part: str) -> str:
    return quote(part, safe="")

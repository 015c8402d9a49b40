"""Tells somebody's address of a job's events: in order, signed, tried again, never forgotten before they were taken.

That there is something to be told is in the journal from the moment at which the event is, so each is told at least
once, over restarts too. Signatures are those of standard-webhooks. A webhook neither delays nor fails a job.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import random
import sqlite3
import ssl
import time
from collections import Counter
from collections.abc import Callable
from functools import cache, partial
from typing import Any, NamedTuple

import msgspec
import structlog
import trio

from aurad.engine.events import Events
from aurad.engine.journal import Journal, Write
from aurad.model.event import AnyEvent
from aurad.model.job import JobSettings, Webhook

ATTEMPTS = 12  # about an hour of them
PAUSE, LONGEST = 2.0, 1800.0  # seconds before the second attempt, doubled for each further one; with jitter
PATIENCE = 10.0  # seconds for one answer
AT_ONCE = 8
HIDDEN = "***"

log = structlog.get_logger()


def shown_settings(settings: JobSettings) -> dict[str, Any]:
    """A job's settings as they are shown: without the secret."""
    found: dict[str, Any] = msgspec.to_builtins(settings)
    if settings.webhook and settings.webhook.secret:
        found["webhook"] = {**found["webhook"], "secret": HIDDEN}
    return found


class _Due(NamedTuple):
    """A row of the journal's table: a job of which something is to be told, from its event `job_seq` on."""

    job_id: str
    attempts: int
    due: float
    job_seq: int


class Webhooks:
    """All that is still to be told. `of` knows the webhook of a job that has not ended."""

    def __init__(self, journal: Journal, events: Events) -> None:
        self._journal, self._now, self._news = journal, journal.ages.now, trio.Event()
        self.told = Counter[str]()  # attempts by how they ended: taken, put off, given up
        self.of: Callable[[str], Webhook | None] = lambda job_id: None
        events.also_told, events.on_told = self._wanted, self.look

    def look(self) -> None:
        self._news.set()

    def _wanted(self, event: AnyEvent, kind: str) -> list[Write]:
        """What belongs into the transaction of an event that is to be told."""
        webhook = self.of(event.job_id)
        if webhook is None or kind not in webhook.events:
            return []
        row = (event.job_id, self._now(), event.job_seq)  # no news if an earlier one is still to be told
        return [lambda connection: connection.execute("INSERT OR IGNORE INTO webhooks VALUES (?, 0, ?, ?)", row)]

    async def serve_forever(self) -> None:
        """Tell whatever is due."""
        while True:
            self._news = trio.Event()
            rows = await self._journal.read(
                "SELECT job_id, attempts, due, job_seq FROM webhooks ORDER BY due LIMIT ?", AT_ONCE
            )
            due = [row for row in map(_Due._make, rows) if row.due <= self._now()]
            async with trio.open_nursery() as nursery:
                for row in due:
                    nursery.start_soon(self._tell, row)
            if not due:
                wait = min(rows[0][2] - self._now(), LONGEST) if rows else LONGEST
                with trio.move_on_after(max(wait, 0.0)):
                    await self._news.wait()

    async def _tell(self, row: _Due) -> None:
        webhook, event = await self._journal.ask(partial(_first, row=row))
        if webhook is None or event is None:
            return  # the job was deleted meanwhile, and with it what was to be told
        message = f"{row.job_id}-{event.job_seq}"
        if not (why := await _post(webhook, message, event.data)):
            self.told["taken"] += 1
            await self._journal.commit(_go_on(row, webhook, event, 0, self._now()))
        elif row.attempts + 1 < ATTEMPTS:
            self.told["put off"] += 1
            log.info("webhook not taken, tried again later", job_id=row.job_id, attempt=row.attempts + 1, why=why)
            pause = min(PAUSE * 2**row.attempts, LONGEST) * random.uniform(0.5, 1.0)
            await self._journal.commit(_later(row, self._now() + pause))
        else:
            self.told["given up"] += 1
            log.error("webhook given up", job_id=row.job_id, message=message, attempts=row.attempts + 1, why=why)
            await self._journal.commit(_go_on(row, webhook, event, row.attempts, self._now()))


class _Event(NamedTuple):
    job_seq: int
    terminal: bool
    data: bytes


def _first(connection: sqlite3.Connection, row: _Due) -> tuple[Webhook | None, _Event | None]:
    """To whom something is to be told, and what is first."""
    found = connection.execute(
        "SELECT json_extract(CAST(submitted AS TEXT), '$.settings.webhook') FROM jobs WHERE job_id = ?", (row.job_id,)
    ).fetchone()
    webhook = msgspec.json.decode(found[0], type=Webhook) if found else None
    return webhook, _next(connection, row.job_id, webhook, row.job_seq) if webhook else None


def _next(connection: sqlite3.Connection, job_id: str, webhook: Webhook, job_seq: int) -> _Event | None:
    """The first event from `job_seq` on that is wanted."""
    types = set(webhook.events)
    found = connection.execute(
        f"SELECT job_seq, terminal, data FROM events WHERE job_id = ? AND job_seq >= ?"
        f" AND type IN ({','.join('?' * len(types))}) ORDER BY job_seq LIMIT 1",
        (job_id, job_seq, *types),
    ).fetchone()
    return found and _Event(found[0], bool(found[1]), bytes(found[2]))


async def _post(webhook: Webhook, message_id: str, body: bytes) -> str:
    """Why it was not taken; "" if it was. Redirects are not followed: they could lead anywhere."""
    import httpx2  # a daemon without webhooks need not know it

    try:
        headers = {"Content-Type": "application/json", **signature(webhook.secret, message_id, int(time.time()), body)}
        with trio.move_on_after(PATIENCE):  # for all of it: a time limit of the client's is for each read
            async with (
                httpx2.AsyncClient(verify=_trusted(), follow_redirects=False, timeout=PATIENCE) as client,
                client.stream("POST", webhook.url, content=body, headers=headers) as answer,  # nobody wants its body
            ):
                return "" if answer.is_success else f"it answered {answer.status_code}"
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:  # addresses and secrets of no use too
        return f"{type(error).__name__}: {error}"
    return f"it did not answer within {PATIENCE:g} s"


@cache  # reading all certificates takes 40 ms, in which nothing else goes on
def _trusted() -> ssl.SSLContext:
    import httpx2

    return httpx2.create_ssl_context()


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers of standard-webhooks; a secret that begins with `whsec_` is base64, any other its own bytes."""
    headers = {"webhook-id": message_id, "webhook-timestamp": str(timestamp)}
    if secret:
        plain = secret.removeprefix("whsec_")
        key = base64.b64decode(plain) if plain != secret else secret.encode()
        signed = hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256)
        headers["webhook-signature"] = f"v1,{base64.b64encode(signed).decode()}"
    return headers


def _later(row: _Due, due: float) -> Write:
    values = (row.attempts + 1, due, row.job_id)
    return lambda connection: connection.execute("UPDATE webhooks SET attempts = ?, due = ? WHERE job_id = ?", values)


def _go_on(row: _Due, webhook: Webhook, told: _Event, attempts: int, now: float) -> Write:
    """With the next event, or with none. Who takes nothing is asked once for each, but often for the job's end."""

    def write(connection: sqlite3.Connection) -> None:
        following = _next(connection, row.job_id, webhook, told.job_seq + 1)
        if following is None:
            connection.execute("DELETE FROM webhooks WHERE job_id = ?", (row.job_id,))
            return
        values = (0 if following.terminal else attempts, now, following.job_seq, row.job_id)
        connection.execute("UPDATE webhooks SET attempts = ?, due = ?, job_seq = ? WHERE job_id = ?", values)

    return write

"""Tells somebody's address how a job ended: signed, tried again, and never forgotten before it was taken.

What is still to be told is in the journal from the moment at which the job's end is, so it is told at least once, over
restarts too. Signatures are those of standard-webhooks. A webhook neither delays nor fails a job.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import random
import sqlite3
import time
from collections import Counter
from typing import Any

import msgspec
import structlog
import trio

from aurad.engine.journal import Journal, Write
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


def wanted(job_id: str, settings: JobSettings, now: float) -> list[Write]:
    """What belongs into the transaction of a job's end."""
    if settings.webhook is None:
        return []
    row = (job_id, now)
    return [lambda connection: connection.execute("INSERT OR IGNORE INTO webhooks VALUES (?, 0, ?)", row)]


class Webhooks:
    """All that is still to be told. `look` says that there is more."""

    def __init__(self, journal: Journal) -> None:
        self._journal, self._now, self._news = journal, journal.ages.now, trio.Event()
        self.told = Counter[str]()  # attempts by how they ended: taken, put off, given up

    def look(self) -> None:
        self._news.set()

    async def serve_forever(self) -> None:
        """Tell whatever is due."""
        while True:
            self._news = trio.Event()
            rows = await self._journal.read("SELECT job_id, attempts, due FROM webhooks ORDER BY due LIMIT ?", AT_ONCE)
            due = [(row[0], row[1]) for row in rows if row[2] <= self._now()]
            async with trio.open_nursery() as nursery:
                for job_id, attempts in due:
                    nursery.start_soon(self._tell, job_id, attempts)
            if not due:
                wait = min(rows[0][2] - self._now(), LONGEST) if rows else LONGEST
                with trio.move_on_after(max(wait, 0.0)):
                    await self._news.wait()

    async def _tell(self, job_id: str, attempts: int) -> None:
        rows = await self._journal.read(
            "SELECT json_extract(CAST(submitted AS TEXT), '$.settings.webhook'), data"
            " FROM jobs JOIN events USING (job_id) WHERE job_id = ? AND terminal",
            job_id,
        )
        why = await _post(msgspec.json.decode(rows[0][0], type=Webhook), job_id, bytes(rows[0][1])) if rows else ""
        if why and attempts + 1 < ATTEMPTS:
            self.told["put off"] += 1
            log.info("webhook not taken, tried again later", job_id=job_id, attempt=attempts + 1, why=why)
            pause = min(PAUSE * 2**attempts, LONGEST) * random.uniform(0.5, 1.0)
            await self._journal.commit(_later(job_id, attempts + 1, self._now() + pause))
            return
        self.told["given up" if why else "taken"] += 1
        if why:
            log.error("webhook given up", job_id=job_id, attempts=attempts + 1, why=why)
        await self._journal.commit(_done(job_id))


async def _post(webhook: Webhook, job_id: str, body: bytes) -> str:
    """Why it was not taken; "" if it was. Redirects are not followed: they could lead anywhere."""
    import httpx2  # a daemon without webhooks need not know it

    try:
        headers = {"Content-Type": "application/json", **signature(webhook.secret, job_id, int(time.time()), body)}
        with trio.move_on_after(PATIENCE):  # for all of it: a time limit of the client's is for each read
            async with (
                httpx2.AsyncClient(follow_redirects=False, timeout=PATIENCE) as client,
                client.stream("POST", webhook.url, content=body, headers=headers) as answer,  # nobody wants its body
            ):
                return "" if answer.is_success else f"it answered {answer.status_code}"
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:  # addresses and secrets of no use too
        return f"{type(error).__name__}: {error}"
    return f"it did not answer within {PATIENCE:g} s"


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers of standard-webhooks; a secret that begins with `whsec_` is base64, any other its own bytes."""
    headers = {"webhook-id": message_id, "webhook-timestamp": str(timestamp)}
    if secret:
        plain = secret.removeprefix("whsec_")
        key = base64.b64decode(plain) if plain != secret else secret.encode()
        signed = hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256)
        headers["webhook-signature"] = f"v1,{base64.b64encode(signed).decode()}"
    return headers


def _later(job_id: str, attempts: int, due: float) -> Write:
    def write(connection: sqlite3.Connection) -> None:
        connection.execute("UPDATE webhooks SET attempts = ?, due = ? WHERE job_id = ?", (attempts, due, job_id))

    return write


def _done(job_id: str) -> Write:
    return lambda connection: connection.execute("DELETE FROM webhooks WHERE job_id = ?", (job_id,))

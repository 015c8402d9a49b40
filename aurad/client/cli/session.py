"""One job of ours from submission to its last event, and its cancel."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aurad.client.blocking import Client, ConnectionLost, RemoteError
from aurad.client.cli import interrupts
from aurad.client.cli.board import OVER, Board
from aurad.client.cli.daemon import last_words
from aurad.client.cli.view import View
from aurad.model.errors import AuradError

TICK_SECONDS = 0.1  # how often clocks on the screen move while there is no news
CANCEL_SECONDS = 1.5  # Ctrl-C must end us within two seconds
CANCEL_POLL_SECONDS = 0.02
FINAL_TYPES = {"Succeeded": "job-completed", "Failed": "job-failed", "Cancelled": "job-cancelled"}
MISSED = {"gap", "snapshot", "lagged", "ended"}  # news after which the job itself has to be asked


@dataclass
class Session:
    """A connection, the job on it, and what is shown of it."""

    client: Client
    socket: Path
    board: Board
    view: View
    job_id: str = ""
    correlation_id: str = ""

    def submit(self, params: Mapping[str, Any]) -> None:
        """Hand the job over. Ctrl-C waits for the answer: a job whose id is unknown could not be cancelled."""
        with interrupts.held():
            answer = self.client.call("jobs.submit", params)
            self.job_id, self.correlation_id = str(answer["jobId"]), str(answer["correlationId"])
        self.board.job_id, self.board.message = self.job_id, "queued"

    def follow(self) -> None:
        """Show the job until its last event is in `board.final`."""
        try:
            subscription = self.client.subscribe([self.job_id], after="earliest")
            for event in self.client.events(subscription, tick=TICK_SECONDS):
                if event is not None:
                    self._take(event)
                self.view.show(self.board)
                if self.board.final:
                    return
        except ConnectionLost as error:
            raise self._lost() from error
        raise self._lost()

    def cancel(self) -> bool:
        """Cancel the job and wait a little for its end; whether it has ended.

        On a connection of its own: Ctrl-C may have torn a message of ours apart.
        """
        if not self.job_id or self.board.final:
            return True
        deadline = time.monotonic() + CANCEL_SECONDS
        with suppress(OSError), Client(self.socket, timeout=CANCEL_SECONDS) as client:
            with suppress(RemoteError):  # it may have ended by itself just now
                client.call("jobs.cancel", {"jobId": self.job_id, "reason": "interrupted"})
            while (left := deadline - time.monotonic()) > 0:
                job = client.call("jobs.get", {"jobId": self.job_id}, timeout=left)
                self.board.status = str(job["status"])
                if self.board.status in OVER:
                    return True
                time.sleep(CANCEL_POLL_SECONDS)
        return False

    def _take(self, event: Mapping[str, Any]) -> None:
        if event["type"] not in MISSED:
            self.board.apply(event)
            return
        job = self.client.call("jobs.get", {"jobId": self.job_id})
        if final := FINAL_TYPES.get(job["status"]):
            self.board.apply({**job, "type": final})

    def _lost(self) -> AuradError:
        said = last_words()
        return AuradError(
            "E504-NO_DAEMON",
            f"cannot follow job {self.job_id}: the daemon on {self.socket} went away" + (f"\n{said}" if said else ""),
            remedy="Run the same command again: what is done already is reused.",
        )

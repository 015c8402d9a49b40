"""Who may come in over HTTP: bearer tokens, browser sessions and the one-time codes that begin them.

Only hashes are kept, in one file that only the daemon's user can read. Sessions are kept too: a page goes on
after a restart of the daemon.
"""

from __future__ import annotations

import hashlib
import math
import secrets
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import msgspec
import structlog
import trio

from aurad.engine.ages import running
from aurad.engine.secrets import write_private
from aurad.model.errors import AuradError
from aurad.model.event import Owner
from aurad.model.value import Value
from aurad.serve.access import Caller, Role
from aurad.serve.watch import Watch

CODE_SECONDS = 60.0  # a one-time code is opened at once, or never
SESSION_DAYS = 30.0  # a browser that was not used for so long is asked to come in again by `auractl open`
DAY = 86400.0
FILE = "tokens.json"
CODES = 64  # one-time codes that wait at the same time; the oldest goes
GRANTS = 1000  # tokens and sessions; the oldest session goes first
LOOK = 2.0  # seconds between two looks whether the file is still there

Kind = Literal["token", "session"]

log = structlog.get_logger()


class Grant(Value, frozen=True, kw_only=True):
    """What a secret lets its holder be. `digest` is the secret's SHA-256; `until` None does not age.

    `until` goes by the wall clock, for the next daemon: one that runs goes by a clock that nobody sets.
    """

    digest: str
    kind: Kind
    owner: Owner
    role: Role
    label: str = ""
    until: float | None = None

    @property
    def end(self) -> float:
        """When it is too old, by `running`, if the wall clock is right now."""
        return math.inf if self.until is None else running() + self.until - time.time()


class Tokens:
    """All grants of a daemon. `url` is where its HTTP edge is, "" while there is none."""

    def __init__(self, path: Path) -> None:
        self._path, self.url = path, ""
        self._grants = {grant.digest: grant for grant in _load(path)}
        self._ends = {grant.digest: grant.end for grant in self._grants.values()}
        self._codes: dict[str, tuple[Caller, float]] = {}
        self._held: dict[str, set[trio.CancelScope]] = {}
        self._writing = trio.Lock()

    @property
    def any_token(self) -> bool:
        """Whether anybody could come in with a bearer token."""
        return any(grant.kind == "token" and self._left(grant) > 0 for grant in self._grants.values())

    def find(self, secret: str) -> Caller | None:
        """Whoever holds `secret`; None for one that was never given, is too old, or was revoked."""
        grant = self._grants.get(_digest(secret))
        return None if grant is None or self._left(grant) <= 0 else Caller(grant.owner, grant.role)

    def hold(self, secret: str) -> Watch:
        """A scope for what lasts: it ends when the grant of `secret` does. Without a secret nobody can revoke it."""
        digest = _digest(secret)
        if not secret:
            return Watch(set())
        if digest not in self._grants:
            return Watch(set(), 0)
        return Watch(self._held.setdefault(digest, set()), self._left(self._grants[digest]))

    def _left(self, grant: Grant) -> float:
        """Seconds for which it still holds; none once it is too old."""
        return self._ends[grant.digest] - running()

    async def issue(self, caller: Caller, kind: Kind, *, label: str = "", days: float | None = None) -> str:
        """A new secret for `caller`; it is on disk when this returns."""
        secret = f"aurad_{secrets.token_urlsafe(32)}"
        grant = Grant(
            digest=_digest(secret), kind=kind, owner=caller.owner, role=caller.role, label=label,
            until=None if days is None else time.time() + days * DAY,
        )  # fmt: skip
        await self._keep([*self._thinned(), grant])
        return secret

    def _thinned(self) -> list[Grant]:
        """Those that still hold, with room for one more."""
        kept = [grant for grant in self._grants.values() if self._left(grant) > 0]
        while len(kept) >= GRANTS:
            kept.remove(next((grant for grant in kept if grant.kind == "session"), kept[0]))
        return kept

    async def revoke(self, owner: Owner, label: str | None) -> int:
        """Forget an owner's grants, those with `label` or all; tells how many."""
        mine = {g.digest for g in self._grants.values() if g.owner.uid == owner.uid and label in (None, g.label)}
        await self._keep([grant for digest, grant in self._grants.items() if digest not in mine])
        return len(mine)

    def offer(self, caller: Caller) -> tuple[str, float]:
        """A one-time code, and the seconds for which it opens."""
        while len(self._codes) >= CODES:
            del self._codes[next(iter(self._codes))]
        code = secrets.token_urlsafe(24)
        self._codes[_digest(code)] = (caller, trio.current_time() + CODE_SECONDS)
        return code, CODE_SECONDS

    async def redeem(self, code: str) -> str:
        """A session's secret for a one-time code; raises E401."""
        caller, until = self._codes.pop(_digest(code), (None, 0.0))
        if caller is None or trio.current_time() > until:
            raise AuradError(
                "E401-TOKEN", "cannot open the page: the code was used already, or is older than a minute",
                remedy="Ask for another one: `auractl open`.",
            )  # fmt: skip
        return await self.issue(caller, "session", days=SESSION_DAYS)

    async def _keep(self, grants: Iterable[Grant]) -> None:
        """Who is out is out at once, and on disk; then what they hold ends, which may be the very call that asks."""
        self._grants = {grant.digest: grant for grant in grants}  # before any wait: two changes do not undo each other
        self._ends = {name: self._ends.get(name, grant.end) for name, grant in self._grants.items()}
        try:
            with trio.CancelScope(shield=True):  # quick, and a thread cannot be cancelled
                async with self._writing:
                    data = msgspec.json.encode([*self._grants.values()])
                    await trio.to_thread.run_sync(write_private, self._path, data)
        finally:
            self._end_held()

    async def watch_file(self) -> None:
        """Let nobody stay whose grant was taken away with the file: so it is done without a client."""
        while True:
            await trio.sleep(LOOK)
            if self._grants and not self._writing.locked() and not self._path.exists():
                log.warning("all tokens and sessions ended: their file was removed", path=str(self._path))
                self._grants = {}
                self._end_held()

    def _end_held(self) -> None:
        for digest in self._held.keys() - self._grants.keys():
            for scope in self._held.pop(digest):
                scope.cancel()


@asynccontextmanager
async def open_tokens(state: Path) -> AsyncIterator[Tokens]:
    """Those of the state folder; raises E503 if they cannot be read."""
    tokens = Tokens(state / FILE)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(tokens.watch_file)
        yield tokens
        nursery.cancel_scope.cancel()


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def _load(path: Path) -> list[Grant]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[Grant])
    except FileNotFoundError:
        return []
    except (OSError, msgspec.DecodeError) as error:
        raise AuradError(
            "E503-CONFIG", f"cannot read the tokens in {path}: {error}", remedy="Remove the file: all come in anew."
        ) from error

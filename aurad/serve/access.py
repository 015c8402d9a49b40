"""Who may do and see what: roles from the socket's peer, one predicate for everything that belongs to a job."""

from __future__ import annotations

import os
import pwd
from typing import Literal, NamedTuple

from aurad.model.errors import AuradError
from aurad.model.event import Owner

Role = Literal["read", "operate", "admin"]
ORDER: tuple[Role, ...] = ("read", "operate", "admin")


class Caller(NamedTuple):
    """Somebody at the other end of a connection."""

    owner: Owner
    role: Role

    def may(self, needed: Role) -> bool:
        return ORDER.index(self.role) >= ORDER.index(needed)

    def sees(self, owner: Owner) -> bool:
        """Others than the owner and admins neither see nor touch a job."""
        return self.role == "admin" or owner.uid == self.owner.uid

    @property
    def filter(self) -> int | None:
        """The uid to list by, None for everybody's."""
        return None if self.role == "admin" else self.owner.uid


def caller_of(uid: int) -> Caller:
    """The caller behind a peer's uid on a user's own daemon; raises E400 for another user."""
    if uid not in (os.getuid(), 0):
        raise AuradError("E400-DENIED", f"cannot let in uid {uid}: this daemon belongs to uid {os.getuid()}")
    return Caller(Owner(uid=uid, name=user_name(uid)), "admin")


def user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)

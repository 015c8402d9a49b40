"""Who may do and see what: roles from the socket's peer, one predicate for everything that belongs to a job."""

from __future__ import annotations

import grp
import os
import pwd
from typing import Literal, NamedTuple

from aurad.model.errors import AuradError
from aurad.model.event import Owner
from aurad.serve.peer import Peer

Role = Literal["read", "operate", "admin"]
USERS, ADMINS = "aurad-users", "aurad-admin"  # groups of the system's daemon
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


class Rules(NamedTuple):
    """Who may connect to the control socket, and with which role.

    A user's own daemon serves that user and root, as admins. The system's serves groups: `USERS` operate, `ADMINS`
    and root are admins, members of `readers` read; the account that it runs as itself has no role, so that no
    stage that breaks out of its worker has one.
    """

    system: bool = False
    readers: str = ""

    def caller(self, peer: Peer) -> Caller:
        """Raises E400 for whoever may not connect."""
        role = self._role(peer)
        if role is None:
            whose = "the service's own account has no role" if peer.uid == os.getuid() else self._whose()
            raise AuradError("E400-DENIED", f"cannot let in uid {peer.uid}: {whose}")
        return Caller(Owner(uid=peer.uid, name=user_name(peer.uid)), role)

    def _role(self, peer: Peer) -> Role | None:
        if not self.system:
            return "admin" if peer.uid in (os.getuid(), 0) else None
        if peer.uid == 0:
            return "admin"
        if peer.uid == os.getuid():
            return None
        names: tuple[tuple[str, Role], ...] = ((ADMINS, "admin"), (USERS, "operate"), (self.readers, "read"))
        return next((role for name, role in names if _gid(name) in peer.groups), None)

    def _whose(self) -> str:
        if self.system:
            return f"it is for members of {USERS}"
        return f"this daemon belongs to uid {os.getuid()}"


def _gid(group: str) -> int | None:
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        return None


def user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)

"""Who is at the other end of a Unix socket, as the kernel saw it when they connected. Never asked by process id."""

from __future__ import annotations

import array
import errno
import os
import pwd
import socket
import struct
from typing import NamedTuple

import trio

SO_PEERGROUPS = 59  # Linux 4.13; Python does not name it
GROUPS = 256  # as many as Python can ask the kernel for; who has more is looked up by name


class Peer(NamedTuple):
    """A user and all of their groups."""

    uid: int
    groups: frozenset[int]


def peer_of(sock: trio.socket.SocketType) -> Peer:
    """The peer's user and groups. Raises OSError if it has gone."""
    _, uid, gid = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    return Peer(uid, frozenset({gid, *_groups(sock, uid, gid)}))


def _groups(sock: trio.socket.SocketType, uid: int, gid: int) -> list[int]:
    found = array.array("I")
    try:
        found.frombytes(sock.getsockopt(socket.SOL_SOCKET, SO_PEERGROUPS, GROUPS * found.itemsize))
    except OSError as error:
        if error.errno not in (errno.ERANGE, errno.ENOPROTOOPT):
            raise
        return _by_name(uid, gid)
    return list(found)


def _by_name(uid: int, gid: int) -> list[int]:
    try:
        return os.getgrouplist(pwd.getpwuid(uid).pw_name, gid)
    except KeyError:
        return []

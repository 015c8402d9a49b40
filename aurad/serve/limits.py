"""The bounds of a connection to the control socket, all in one place; `system.hello` tells them."""

from __future__ import annotations

from aurad.serve import descriptors

MESSAGE = 8 << 20  # bytes of one request or reply
BATCH = 50  # messages in one batch
CONNECTIONS = 256  # open at once if there are descriptors for them; a further one is closed
OF_ONE_USER = 32  # connections of one other user than the daemon's own and root
CALLS = 64  # under way on one connection; then no more is read
SUBSCRIPTIONS = 64  # of one connection
DESCRIPTORS = 16  # that may come with one read
FIRST_BYTE = 10.0  # seconds until the first byte, and for a started line or the first frame to end
GONE = 1.0  # seconds between two looks whether one who says no more still listens
SEND = 15.0  # seconds one message may take to be taken; then the reader is gone


def connections() -> int:
    """Open at once, for as many descriptors as there are."""
    return descriptors.for_control(CONNECTIONS)


def told() -> dict[str, float]:
    """As clients are told."""
    return {
        "messageBytes": MESSAGE, "batch": BATCH, "connections": connections(), "connectionsOfOneUser": OF_ONE_USER,
        "calls": CALLS, "subscriptions": SUBSCRIPTIONS, "descriptors": DESCRIPTORS, "firstByteSeconds": FIRST_BYTE,
        "sendSeconds": SEND,
    }  # fmt: skip

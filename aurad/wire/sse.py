"""Server-sent events as bytes: what goes out, not when. A reader of them is in `aurad.client.sse`."""

from __future__ import annotations

MEDIA_TYPE = "text/event-stream"


def frame(event: str, data: bytes, id: str = "") -> bytes:
    """One event; `data` is one line. With `id`, a reader that comes back asks for what came after it."""
    head = f"id: {id}\nevent: {event}\ndata: " if id else f"event: {event}\ndata: "
    return b"%b%b\n\n" % (head.encode(), data)


def retry(milliseconds: int) -> bytes:
    """How long a reader waits before it comes back."""
    return b"retry: %d\n\n" % milliseconds


def heartbeat(id: str) -> bytes:
    """Nothing happened, somebody is there; a reader of a filtered stream moves on to `id` all the same."""
    return b": heartbeat\nid: %b\n\n" % id.encode()


def heartbeat_event(id: str) -> bytes:
    """The same for a reader that is not told of comments."""
    return frame("heartbeat", b"{}", id)

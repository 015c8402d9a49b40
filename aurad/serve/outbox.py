"""What waits to be sent on one connection: counted in bytes, so that who does not read costs little memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

import trio

from aurad.wire import jsonrpc

LIMIT = 1 << 20  # bytes waiting; then answers wait, and live events are passed over
ROOM = LIMIT // 2  # bytes that may still wait when there is room again
CHUNK = 64 << 10  # bytes sent at once, about what a socket takes

Parcel = tuple[bytes, list[int]]


class Outbox:
    """Messages in order; small ones leave together. Descriptors leave with the message they belong to."""

    def __init__(self, send_now: Callable[[bytes], int] = lambda data: 0) -> None:
        """`send_now` sends what the kernel has room for and tells how much: it is asked while nothing waits."""
        self._send_now = send_now
        self._parcels: deque[Parcel] = deque()
        self._waiting, self._closed = 0, False
        self._news, self._taken = trio.lowlevel.ParkingLot(), trio.lowlevel.ParkingLot()

    @property
    def crowded(self) -> bool:
        return self._waiting > LIMIT

    async def put(self, data: bytes, fds: Sequence[int] = (), *, soon: bool = False) -> None:
        """Send `data` when its turn comes; waits while too much is before it. `soon`: it leaves with what follows."""
        while self.crowded:
            await self._taken.park()
        if self._closed:
            raise trio.ClosedResourceError
        if not (self._waiting or fds or soon) and not (data := data[self._send_now(data) :]):
            return
        self._parcels.append((data, list(fds)))
        self._waiting += len(data)
        self._news.unpark_all()

    async def notify(self, method: str, params: object) -> None:
        await self.put(jsonrpc.encode(jsonrpc.notification(method, params)))

    async def wait_room(self) -> None:
        """Until enough of what waits has left."""
        while self._waiting > ROOM:
            await self._taken.park()

    async def take(self) -> Parcel | None:
        """What is to be sent next; None after the last."""
        while not self._parcels:
            if self._closed:
                return None
            await self._news.park()
        data, fds = self._parcels.popleft()
        parts, size = [data], len(data)
        while self._parcels and not fds and size < CHUNK and not self._parcels[0][1]:
            parts.append(self._parcels.popleft()[0])
            size += len(parts[-1])
        return b"".join(parts), fds

    def sent(self, size: int) -> None:
        """So many bytes have left."""
        self._waiting -= size
        self._taken.unpark_all()

    def close(self) -> None:
        """Take no more; what waits still leaves."""
        self._closed = True
        self._news.unpark_all()

    def abandoned(self) -> list[int]:
        """Descriptors that nobody will take any more."""
        return [fd for _, fds in self._parcels for fd in fds]

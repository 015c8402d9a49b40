"""What waits to be sent: in order, counted, together where it can be, and never more than the limit and one."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from aurad.serve.outbox import CHUNK, LIMIT, Outbox


async def test_small_messages_leave_together_and_descriptors_with_their_own() -> None:
    outbox = Outbox()
    for data, fds in ((b"a", []), (b"b", []), (b"c", [7, 8]), (b"d", [])):
        await outbox.put(data, fds)
    outbox.close()
    assert [await outbox.take() for _ in range(4)] == [(b"ab", []), (b"c", [7, 8]), (b"d", []), None]
    with pytest.raises(trio.ClosedResourceError):
        await outbox.put(b"late")


async def test_what_has_company_soon_leaves_with_it() -> None:
    sent: list[bytes] = []
    outbox = Outbox(lambda data: sent.append(data) or len(data))
    await outbox.put(b"a")
    await outbox.put(b"b", soon=True)
    await outbox.put(b"c")
    assert sent == [b"a"]
    assert await outbox.take() == (b"bc", [])


async def test_who_sends_waits_while_it_is_crowded_and_room_comes_later(nursery: trio.Nursery) -> None:
    outbox, done = Outbox(), list[str]()

    async def put() -> None:
        await outbox.put(b"x")
        done.append("put")

    async def wait() -> None:
        await outbox.wait_room()
        done.append("room")

    await outbox.put(b"." * (LIMIT - 1))
    await outbox.put(b".." + b"." * CHUNK)
    nursery.start_soon(put)
    nursery.start_soon(wait)
    await trio.testing.wait_all_tasks_blocked()
    assert (outbox.crowded, done) == (True, [])
    outbox.sent(2 + CHUNK)
    await trio.testing.wait_all_tasks_blocked()
    assert (outbox.crowded, done) == (False, ["put"])
    outbox.sent(LIMIT // 2 + 1)
    await trio.testing.wait_all_tasks_blocked()
    assert done == ["put", "room"]


async def test_who_takes_waits_for_something(nursery: trio.Nursery) -> None:
    outbox, got = Outbox(), list[object]()

    async def take() -> None:
        while (parcel := await outbox.take()) is not None:
            got.append(parcel)

    nursery.start_soon(take)
    await trio.testing.wait_all_tasks_blocked()
    await outbox.put(b"a", [3])
    await trio.testing.wait_all_tasks_blocked()
    await outbox.put(b"b", [4])
    assert outbox.abandoned() == [4]
    outbox.close()
    await trio.testing.wait_all_tasks_blocked()
    assert got == [(b"a", [3]), (b"b", [4])]

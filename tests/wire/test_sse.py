"""Server-sent events as bytes: what is written is what a reader of them reads."""

from __future__ import annotations

from aurad.client.sse import Frame, FrameDecoder
from aurad.engine.hub import Published
from aurad.wire import sse


def test_a_frame_is_read_as_it_was_meant() -> None:
    decoder = FrameDecoder()
    assert decoder.feed(sse.retry(1500) + sse.frame("gap", b'{"a":1}') + sse.frame("artifact", b"{}", "e-7")) == [
        Frame("gap", '{"a":1}', ""),
        Frame("artifact", "{}", "e-7"),
    ]
    assert decoder.retry == 1.5


def test_a_heartbeat_moves_the_id_on_and_is_no_event() -> None:
    assert [frame.id for frame in FrameDecoder().feed(sse.heartbeat("e-9")) if frame.data] == []
    assert [frame.id for frame in FrameDecoder().feed(sse.heartbeat("e-9"))] == ["e-9"]


def test_one_for_who_is_not_told_of_comments_is_an_event() -> None:
    assert FrameDecoder().feed(sse.heartbeat_event("e-9")) == [Frame("heartbeat", "{}", "e-9")]


def test_an_event_out_of_the_hub_is_such_a_frame() -> None:
    assert Published(7, "a-1", "artifact", b"{}").frame("e") == sse.frame("artifact", b"{}", "e-7")

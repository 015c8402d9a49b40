"""Signals as `KeyboardInterrupt`, and stretches that must not be torn apart by one."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def raised() -> Iterator[None]:
    """Ctrl-C, TERM and a closed terminal all raise `KeyboardInterrupt` inside the block.

    A signal that our starter set to be ignored (`nohup`) stays ignored.
    """
    old = {sign: signal.getsignal(sign) for sign in STOPPING}
    for sign, handler in old.items():
        if handler is not signal.SIG_IGN:
            signal.signal(sign, _interrupt)
    try:
        yield
    finally:
        for sign, handler in old.items():
            signal.signal(sign, handler)


@contextmanager
def held() -> Iterator[None]:
    """Signals that come inside the block wait for its end. Only for what ends soon."""
    old = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, old)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt

"""The console entry point `auractl`: loads the rest, in which time Ctrl-C ends it without a word."""

from __future__ import annotations

import os
import signal
from types import FrameType

from aurad.client.cli.codes import CANCELLED


def main() -> None:
    """Run auractl and exit. A signal that our starter set to be ignored stays ignored."""
    old = signal.getsignal(signal.SIGINT)
    if old is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)
    from aurad.client.cli.main import main as run

    signal.signal(signal.SIGINT, old)
    run()


def _leave(number: int, frame: FrameType | None) -> None:
    """At once: nothing has begun, and an import that is torn apart would tell its traceback."""
    os._exit(CANCELLED)


if __name__ == "__main__":
    main()

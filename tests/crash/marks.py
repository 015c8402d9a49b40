"""What a recorded process promises, between its writes in the log."""

from __future__ import annotations

import ctypes

import msgspec

RECORDER = ctypes.CDLL(None)  # preloaded


def mark(**promise: object) -> None:
    """From here on it must be true whatever happens to the power."""
    data = msgspec.json.encode(promise)
    RECORDER.record_mark(data, ctypes.c_size_t(len(data)))

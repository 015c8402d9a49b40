"""Ids: ULIDs (48 bits of milliseconds, 80 random bits, Crockford base 32), which sort by time."""

from __future__ import annotations

import os
import re
import time

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

OF_A_CALLER = r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?"  # their correlation ids: spaces at an end get lost on the way
LONGEST_OF_A_CALLER = 128

_ID = re.compile(rf"[a-z0-9]+-[0-7][{ALPHABET}]{{25}}")


def new_id(cell: str = "a", *, at: float | None = None) -> str:
    """`<cell>-<ulid>`; without a cell the bare ULID. `at` is now, by a clock that does not jump."""
    number = int(1000 * (time.time() if at is None else at)) << 80 | int.from_bytes(os.urandom(10), "big")
    ulid = "".join(ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))
    return f"{cell}-{ulid}" if cell else ulid


def is_id(text: str) -> bool:
    """Whether `new_id` could have made it, in some cell."""
    return _ID.fullmatch(text) is not None

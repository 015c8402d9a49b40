"""Mastering: gain, limiter and AAC, until what a listener gets has the loudness and the peaks that are wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import ceil, log10
from pathlib import Path
from typing import NamedTuple

import numpy as np
import trio

from aurad_plugins.finish_master.aac import Coded, encode, write_m4a
from aurad_plugins.finish_master.balance import Balance
from aurad_plugins.finish_master.dynamics import Plan, amplified, planned
from aurad_plugins.finish_master.loudness import SILENT, gated
from aurad_plugins.finish_master.mix import mixed
from aurad_plugins.finish_master.pieces import in_pieces
from aurad_plugins.finish_master.shelf import Shelf
from aurad_plugins.finish_master.wav import Stereo

# dBTP by our meter, which reads up to 0.7 dB low where a sound is very bright: -1 is never passed by any meter.
ACCEPTED = -1.6  # after AAC
LIMIT = -2.0  # before AAC: what it adds is mostly under 0.3 dB
STEP = 0.2  # dB by which the limit is corrected
TOLERANCE = 0.25  # LU; half of what is promised
ROUNDS = 4  # encodes at most; the second is rare: only AAC's ringing and bent peaks are not known beforehand
FIRST_ROUND = (0.3, 0.68)  # where its progress begins, and how much of the whole it is: a second is seldom needed

Report = Callable[[float, str], None]


class Measured(NamedTuple):
    """Of what is heard: integrated loudness in LUFS, true peak in dBTP."""

    loudness: float
    true_peak: float

    @property
    def silent(self) -> bool:
        return self.loudness <= SILENT + 1


async def mastered(
    path: Path, voice: Path, balance: Balance, target: float, ratio: float, shelf: Shelf, report: Report
) -> Measured:
    """Write the file; encodes again only if AAC rang louder than it usually does."""
    wanted, limit = target, LIMIT
    for turn in range(ROUNDS):
        plan = await trio.to_thread.run_sync(planned, balance.analysis, wanted, limit, ratio)
        pieces = await _encoded(voice, balance, plan, shelf, _reporter(report, turn))
        measured = _measured(pieces)
        over, off = measured.true_peak - ACCEPTED, target - measured.loudness
        if over <= 0 and (abs(off) <= TOLERANCE or measured.silent):
            break
        limit -= ceil(over / STEP) * STEP if over > 0 else 0.0
        wanted += off * (2 if plan.ceiling < 1 else 1)  # bending peaks takes back about half of what is given
    await trio.to_thread.run_sync(write_m4a, path, pieces, balance.analysis.samples)
    return measured


def _reporter(report: Report, turn: int) -> Callable[[float], None]:
    """Later rounds share what the first has left over."""
    begin, share = FIRST_ROUND
    for _ in range(turn):
        begin, share = begin + share, (1 - begin - share) / 2
    return lambda done: report(begin + share * done, "mastering")


async def _encoded(
    voice: Path, balance: Balance, plan: Plan, shelf: Shelf, done: Callable[[float], None]
) -> list[Coded]:
    samples = balance.analysis.samples

    def read(start: int, end: int) -> Iterator[Stereo]:
        at = start
        for block in mixed(voice, balance.score, start, end):
            yield amplified(block, at, plan)
            at += len(block)

    return await in_pieces(lambda start, end: encode(shelf, read, start, end, samples), samples, done=done)


def _measured(pieces: list[Coded]) -> Measured:
    loudness = gated(np.concatenate([piece.powers for piece in pieces]))
    return Measured(loudness, 20 * log10(max(piece.peak for piece in pieces) + 1e-6))

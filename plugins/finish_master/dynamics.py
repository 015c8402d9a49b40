"""Loudness and peaks made right, by one gain curve over the whole sound.

Owns compressor and limiter. Both look at 375 numbers a second that one pass over the sound collects, so
the gain that gives the wanted loudness *after* limiting is found by arithmetic, without hearing it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurad_plugins.finish_master.curve import drawn
from aurad_plugins.finish_master.loudness import STEP, Meter, gated

RATE = 48_000
FRAME = 128  # samples; 2.7 ms
_PER_STEP = STEP / FRAME
_REACH = 6  # samples on either side of a place that tell what is there
_TINY = 1e-9

_KNEE = 2.0  # LU above the wanted loudness, where the compressor begins
_LEVEL_FRAMES, _EASE_FRAMES = 13, 31  # 35 ms to sense a syllable, 80 ms to follow it
_AHEAD = 2  # frames: the limiter is down before the peak, so that nothing is cut
_RELEASE = 0.94  # a frame: back by half after 30 ms
_STRETCH = 1024  # frames faded at once: _RELEASE to that power is far from the smallest number
_BENDS = (0.0, 2.0, 4.0, 7.0, 10.0, 15.0)  # dB that peaks may stand out before they are bent; mostly none
_NEAR = 0.1  # LU
_BEND_FROM = 0.75  # of the ceiling
_MOST_GAIN = 40.0  # dB, either way
_EXACT, _SEARCH = 0.02, 18  # LU that are near enough, and steps of the search at most: mostly three
_GRAIN = 0.2  # dB

Curve = NDArray[np.float64]
Stereo = NDArray[np.float32]


def _half_way() -> Stereo:
    """Weights of the samples to one side of a place half-way between two: a windowed sinc.

    What is heard was made at 24 kHz or has little above 12: true peaks to 0.15 dB up to 11 kHz, to 0.6 dB at 12.
    """
    places = np.arange(_REACH) + 0.5
    weights = np.sinc(places) * np.kaiser(2 * _REACH, 5.0)[_REACH:]
    half: Stereo = (weights / (2 * weights.sum())).astype(np.float32)
    return half


_HALF_WAY = _half_way()


class Analysis(NamedTuple):
    """Of each frame the true peak and the mean square, of each tenth of a second the weighted power."""

    peaks: Curve
    powers: Curve
    weighted: Curve
    samples: int

    @property
    def loudness(self) -> float:
        """LUFS of the sound as it is."""
        return gated(self.weighted)


def analysed(blocks: Iterable[Stereo]) -> Analysis:
    """One pass; blocks must be whole numbers of frames but for the last."""
    meter, peaks, powers, samples = Meter(), [np.zeros(0)], [np.zeros(0)], 0
    for block in blocks:
        meter.feed(block)
        samples += len(block)
        peaks.append(true_peaks(block))
        powers.append(np.square(_whole(block)).reshape(-1, FRAME * 2).mean(axis=1))
    return Analysis(np.concatenate(peaks), np.concatenate(powers), meter.powers(), samples)


def joined(parts: Sequence[Analysis]) -> Analysis:
    """The analysis of pieces that follow each other, each but the last of whole frames and tenths of a second."""
    peaks, powers, weighted = (np.concatenate(field) for field in list(zip(*parts, strict=True))[:3])
    return Analysis(peaks, powers, weighted, sum(part.samples for part in parts))


def true_peaks(block: Stereo) -> Curve:
    """The true peak of each frame, as an amplitude: of the samples and of what lies half-way between them."""
    count, reach = len(block), len(_HALF_WAY)
    sides = np.ascontiguousarray(_whole(block).T)
    around = np.pad(sides, ((0, 0), (reach - 1, reach)), mode="edge")
    between = np.zeros_like(sides)
    for step, weight in enumerate(_HALF_WAY):
        left, right = reach - 1 - step, reach + step
        between += (around[:, left:][:, : between.shape[1]] + around[:, right:][:, : between.shape[1]]) * weight
    between[:, count:] = 0
    loudest = np.maximum(np.abs(between, out=between), np.abs(sides, out=sides))
    peaks: Curve = loudest.reshape(2, -1, FRAME).max(axis=2).max(axis=0).astype(np.float64)
    return peaks


def _whole(block: Stereo) -> Stereo:
    return np.pad(block, ((0, -len(block) % FRAME), (0, 0)))


class Plan(NamedTuple):
    """What to do with the sound: the gain of each frame in dB, and where to bend what is left of the peaks.

    `ceiling` is 1 where nothing needs bending.
    """

    curve: Curve
    ceiling: float


def planned(analysis: Analysis, target: float, limit: float, ratio: float) -> Plan:
    """The loudness becomes `target` LUFS and no peak passes `limit` dB.

    A limiter alone cannot make a sound of nothing but peaks loud. Then they are bent, as little as will do.
    """
    for bend in _BENDS:
        curve = gain_curve(analysis, target, limit + bend, ratio)
        if loudness_after(analysis, curve) >= target - _NEAR:
            break
    return Plan(curve, 10 ** (limit / 20) if bend else 1.0)


def gain_curve(analysis: Analysis, target: float, limit: float, ratio: float) -> Curve:
    """Gain of each frame in dB: as near to `target` LUFS as can be with no peak over `limit` dB.

    Each step adds the loudness that is missing; where the limiter eats most of it, halving is quicker. The gain
    is a whole number of grains, so that a changed sentence leaves the sound before it as it was.
    """
    low, high = -_MOST_GAIN, _MOST_GAIN
    gain = min(max(target - analysis.loudness, low), high)
    for _ in range(_SEARCH):
        missing = target - loudness_after(analysis, _curve(analysis, gain, target, limit, ratio))
        if abs(missing) < _EXACT:
            break
        low, high = (gain, high) if missing > 0 else (low, gain)
        gain = gain + missing if low < gain + missing < high else (low + high) / 2
    return _curve(analysis, round(gain / _GRAIN) * _GRAIN, target, limit, ratio)


def _curve(analysis: Analysis, gain: float, target: float, limit: float, ratio: float) -> Curve:
    level = 10 * np.log10(_box(analysis.powers, _LEVEL_FRAMES) + _TINY) + gain + 3.0  # stereo: the sum of two sides
    curve = gain - _box(np.maximum(level - (target + _KNEE), 0.0) * (1 - 1 / ratio), _EASE_FRAMES)
    need = np.minimum(limit - 20 * np.log10(analysis.peaks + _TINY) - curve, 0.0)
    return curve + _box(_released(_lowest(need, _AHEAD + 1)), 2 * _AHEAD + 1)


def _released(need: Curve) -> Curve:
    """Falls at once, comes back slowly: the lowest of all needs so far, each faded since."""
    held, now = np.empty(len(need)), 0.0
    fade = _RELEASE ** np.arange(_STRETCH)
    for at in range(0, len(need), _STRETCH):
        part = need[at : at + _STRETCH]
        since = fade[: len(part)]
        lowest = np.minimum(np.minimum.accumulate(part / since), now * _RELEASE) * since
        held[at : at + len(part)] = lowest
        now = float(lowest[-1])
    return held


def _lowest(values: Curve, reach: int) -> Curve:
    padded = np.pad(values, reach, mode="edge")
    lowest: Curve = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).min(axis=1)
    return lowest


def _box(values: Curve, width: int) -> Curve:
    padded = np.pad(values, width // 2, mode="edge")
    sums = np.cumsum(np.concatenate([[0.0], padded]))
    mean: Curve = (sums[width:] - sums[:-width]) / width
    return mean


def loudness_after(analysis: Analysis, curve: Curve) -> float:
    """The weighted power of each step, times its mean gain; loud frames count for more."""
    frames = np.minimum((np.arange(len(curve)) / _PER_STEP).astype(np.int64), len(analysis.weighted))
    weights = analysis.powers + _TINY
    after = np.bincount(frames, weights * 10 ** (curve / 10), len(analysis.weighted) + 1)
    before = np.bincount(frames, weights, len(analysis.weighted) + 1)
    return gated(analysis.weighted * (after / np.maximum(before, _TINY * _TINY))[: len(analysis.weighted)])


def amplified(block: Stereo, start: int, plan: Plan) -> Stereo:
    """The samples from `start` on, each with the gain that the plan has there."""
    at = start + FRAME // 2  # a frame's gain is that of its middle
    frames = np.arange(at // FRAME, (at + len(block)) // FRAME + 2) - 1
    points = 10 ** (plan.curve[np.clip(frames, 0, len(plan.curve) - 1)] / 20)
    out: Stereo = block * drawn(points, FRAME, at, len(block), late=0.5)[:, None]
    return out if plan.ceiling >= 1 else _bent(out, plan.ceiling)


def _bent(sound: Stereo, ceiling: float) -> Stereo:
    """Straight up to the knee, from there ever flatter."""
    knee = np.float32(_BEND_FROM * ceiling)
    room = np.float32(ceiling) - knee
    size = np.abs(sound)
    over = size > knee
    sound[over] = np.sign(sound[over]) * (knee + room * np.tanh((size[over] - knee) / room))
    return sound

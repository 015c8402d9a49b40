"""Loudness of a stream (ITU-R BS.1770), in one pass and in memory that does not depend on its length but for
ten numbers a second."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RATE = 48_000
STEP = RATE // 10  # samples; a gating block is four steps
_ABSOLUTE_GATE, _RELATIVE_GATE = -70.0, -10.0  # LUFS, and LU below what passed the first gate
SILENT = -70.0


def _weights() -> NDArray[np.float64]:
    """|H|^2 of the K curve for each bin of a step's spectrum, scaled so that the sum is mean square."""
    s = 2j * np.pi * np.fft.rfftfreq(STEP, 1 / RATE)
    low, high = 2 * np.pi * 38.1355, 2 * np.pi * 1681.9745  # the analogue prototypes of the standard's filters
    rumble = s**2 / (s**2 + s * low / 0.5003270 + low**2)
    gain = 10 ** (3.99984 / 20)
    shelf = (gain * s**2 + gain**0.49967 * high / 0.7071752 * s + high**2) / (s**2 + high / 0.7071752 * s + high**2)
    both_sides = np.full(len(s), 2.0)
    both_sides[0] = 1.0
    weights: NDArray[np.float64] = np.abs(rumble * shelf) ** 2 * both_sides / STEP**2
    return weights


class Meter:
    """Feed it sound, ask for its loudness. Exact to about 0.1 LU: it weights spectra instead of filtering."""

    def __init__(self) -> None:
        self._rest = np.zeros((0, 2), np.float32)
        self._powers: list[NDArray[np.float64]] = []
        self._weights = _weights()

    def feed(self, sound: NDArray[np.float32]) -> None:
        """The next samples, stereo."""
        whole = np.concatenate([self._rest, sound]) if len(self._rest) else sound
        steps = len(whole) // STEP
        self._rest = whole[steps * STEP :].copy()
        if steps:
            spectrum = np.fft.rfft(whole[: steps * STEP].reshape(steps, STEP, 2), axis=1)
            power = np.square(spectrum.real) + np.square(spectrum.imag)
            self._powers.append(np.einsum("sbc,b->s", power, self._weights))

    def powers(self) -> NDArray[np.float64]:
        """The weighted power of every tenth of a second so far."""
        return np.concatenate([*self._powers, np.zeros(0)])

    def loudness(self) -> float:
        """Integrated loudness so far, in LUFS."""
        return gated(self.powers())


def gated(powers: NDArray[np.float64]) -> float:
    """Integrated loudness out of powers of tenths of a second; `SILENT` if nothing is to be heard."""
    steps = np.pad(powers, (0, max(0, 4 - len(powers))))
    blocks = np.convolve(steps, np.full(4, 0.25), "valid")
    level = -0.691 + 10 * np.log10(blocks + 1e-15)
    kept = level > _ABSOLUTE_GATE
    if not kept.any():
        return SILENT
    gate = -0.691 + 10 * np.log10(blocks[kept].mean()) + _RELATIVE_GATE
    return float(-0.691 + 10 * np.log10(blocks[kept & (level > gate)].mean()))

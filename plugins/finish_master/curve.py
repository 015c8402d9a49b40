"""Curves of a few points a second, drawn out to samples."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def drawn(points: NDArray[np.float64], step: int, start: int, count: int, *, late: float = 0.0) -> NDArray[np.float32]:
    """`count` samples of the straight lines between points that lie `step` samples apart.

    `points` begins with the one at or before sample `start`. `late` is how much of a sample each is read later.
    The same sample is the same wherever reading begins; and there is no search as for points anywhere.
    """
    low = points.astype(np.float32)
    share = ((np.arange(step) + late) / step).astype(np.float32)
    lines: NDArray[np.float32] = low[:-1, None] + (low[1:] - low[:-1])[:, None] * share
    return lines.ravel()[start % step :][:count]

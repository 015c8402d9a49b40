"""What encoding alone costs: the finished video's own frames, the same settings, two encoders side by side.

Decoding is measured by itself, in the same two halves, and taken off.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.bench.tree import Run, measure


class Reference(NamedTuple):
    """Seconds of encoding alone; `noise` is the larger share of the machine that others used meanwhile."""

    wall: float
    cpu: float
    decode_wall: float
    decode_cpu: float
    noise: float


def encode_alone(
    ffmpeg: str, video: Path, *, frames: int, fps: float, arguments: Sequence[str], folder: Path
) -> Reference:
    """Encode `video` again in two halves, with the profile's `arguments` but one thread each."""
    half = frames // 2
    spans = [(0.0, half), (half / fps, frames - half)]
    decode = _run(ffmpeg, video, spans, [["-f", "null", "-"]] * 2)
    encode = _run(ffmpeg, video, spans, [[*arguments, "-threads", "1", str(folder / f"half{n}.mp4")] for n in (0, 1)])
    for n in (0, 1):
        (folder / f"half{n}.mp4").unlink()
    return Reference(
        encode.wall - decode.wall,
        encode.cpu - decode.cpu,
        decode.wall,
        decode.cpu,
        max(decode.foreign, encode.foreign),
    )


def _run(ffmpeg: str, video: Path, spans: Sequence[tuple[float, int]], outputs: Sequence[Sequence[str]]) -> Run:
    start = [ffmpeg, "-nostdin", "-hide_banner", "-loglevel", "error", "-y", "-threads", "1"]
    commands = [
        [*start, "-ss", f"{at:.6f}", "-i", str(video), "-map", "0:v:0", "-frames:v", str(count), *output]
        for (at, count), output in zip(spans, outputs, strict=True)
    ]
    run = measure(commands, os.environ)
    if run.status:
        raise SystemExit(f"cannot encode the reference: {run.stderr}")
    return run

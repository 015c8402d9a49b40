"""Loudness and true peak of a file's sound (ITU-R BS.1770-4, by FFmpeg's ebur128), in parts side by side.

A part gives the loudness of each block of 400 ms; the gates that make one figure of all blocks come after.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import av

MP4_INPUT = {"protocol_whitelist": "file", "format_whitelist": "mov,mp4"}
SILENCE = -120.0  # dB: stands for no sound at all, which has no logarithm
STEP = 0.1  # seconds from block to block
BLOCKS_BACK = 4  # a block is whole once so many steps are in
LEAD = 1.0  # seconds decoded before a part: the first block's past, and what the decoder needs to get going
ABSOLUTE_GATE, RELATIVE_GATE = -70.0, -10.0  # LUFS, and LU below what passed the first
OFFSET = -0.691  # of loudness against mean square, from the standard


class Heard(NamedTuple):
    """The loudness of each block in LUFS, and the highest true peak as an amplitude."""

    blocks: list[float]
    peak: float


def measure_part(path: Path, part: int, parts: int, progress: Callable[[float], None]) -> Heard:
    """One of `parts` equal parts of the sound; `progress` hears what share of it is done."""
    with av.open(f"file:{path.absolute()}", container_options=MP4_INPUT) as container:
        audio = container.streams.audio[0]
        audio.codec_context.thread_type = "NONE"
        seconds = float((audio.duration or 0) * (audio.time_base or 0))
        start, end = seconds * part / parts, seconds * (part + 1) / parts
        if start > LEAD and audio.time_base:
            container.seek(round((start - LEAD) / audio.time_base), stream=audio)
        begin = start - BLOCKS_BACK * STEP if part else 0.0
        last = end if part + 1 < parts else math.inf
        steps = _metered(container.decode(audio), audio, begin, last, lambda at: progress(_share(at, start, end)))
        return _heard(steps)


def integrated(blocks: list[float]) -> float:
    """One loudness in LUFS of all blocks: those that are not silence, and of them those near their own mean."""
    audible = [block for block in blocks if block > ABSOLUTE_GATE]
    if not audible:
        return ABSOLUTE_GATE
    gate = _mean(audible) + RELATIVE_GATE
    return _mean([block for block in audible if block > gate])


def decibels(amplitude: float) -> float:
    return max(20 * math.log10(amplitude), SILENCE) if amplitude > 0 else SILENCE


def _share(at: float, start: float, end: float) -> float:
    return min(max(at - start, 0.0) / max(end - start, STEP), 1.0)


def _mean(blocks: list[float]) -> float:
    return OFFSET + 10 * math.log10(sum(10 ** ((block - OFFSET) / 10) for block in blocks) / len(blocks))


def _metered(
    frames: Iterator[av.AudioFrame], audio: av.AudioStream, begin: float, end: float, progress: Callable[[float], None]
) -> Iterator[dict[str, str]]:
    """What the meter says at each step. It is fed by the second: threads that call often get in each other's way."""
    graph, waiting, second = av.filter.Graph(), av.AudioFifo(), audio.rate
    nodes = (graph.add_abuffer(template=audio), graph.add("ebur128", "metadata=1:peak=true:framelog=quiet"))
    graph.link_nodes(*nodes, graph.add("abuffersink")).configure()
    for frame in frames:
        at = frame.time or 0.0
        if at >= end:
            break
        if at >= begin:
            frame.pts = None
            waiting.write(frame)
        if waiting.samples >= second:
            graph.push(waiting.read(second))
            progress(at)
            yield from _pulled(graph)
    if (rest := waiting.read()) is not None:
        graph.push(rest)
        progress(end)
        yield from _pulled(graph)


def _pulled(graph: av.filter.Graph) -> Iterator[dict[str, str]]:
    while True:
        try:
            yield dict(graph.pull().metadata)
        except (av.error.BlockingIOError, av.error.EOFError):
            return


def _heard(steps: Iterator[dict[str, str]]) -> Heard:
    """The first steps of any part have no whole block yet."""
    first = [facts for facts, _ in zip(steps, range(BLOCKS_BACK - 1), strict=False)]
    blocks, last = [], first[-1] if first else {}
    for last in chain(steps):
        blocks.append(float(last.get("lavfi.r128.M", ABSOLUTE_GATE)))
    return Heard(blocks, float(last.get("lavfi.r128.true_peak", 0.0)))

"""The last check: nothing is called done that is not. Every fault is named, with what was measured and expected."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise, zip_longest
from pathlib import Path
from typing import NamedTuple

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Stream

from aurad.model.assembly import Verified, VerifyRequest
from aurad.model.cues import Cue, bare
from aurad.model.errors import AuradError
from aurad.model.video import Seen

DURATION_SLACK = 0.2  # seconds between the container's length and the frames' own
STUCK = 1.0  # seconds without change where motion was planned: less is the beginning or end of a slow one
AROUND = 24  # letters told on each side of where captions and script part
LOUDNESS_SLACK = 1.0  # LU
PEAK_LIMIT = -0.9  # dBTP
CUE_SLACK = 0.001  # seconds: rounding to milliseconds
SIZE_BYTES, LARGE_SIZE = 8, 1  # of an MP4 box's head; a size of 1 says that a 64-bit one follows
JOINER = "\N{WORD JOINER}"  # invisible; keeps what looks like markup from being taken for it
MP4_INPUT = {"protocol_whitelist": "file", "format_whitelist": "mov,mp4"}
COUNTED = 2000  # packets between two looks at whether to go on


class Fault(NamedTuple):
    """One thing that is not as it must be."""

    what: str
    measured: object
    expected: object


class Facts(NamedTuple):
    """What a video file holds."""

    video_codec: str
    pixel_format: str
    width: int
    height: int
    frames: int
    even: bool
    video_seconds: float
    audio_codec: str
    audio_seconds: float
    offset: float
    seconds: float
    subtitles: tuple[str, ...]
    boxes: tuple[str, ...]
    captions: str = ""


def examined(path: Path, progress: Callable[[float], None]) -> Facts:
    """What the file holds; raises E309 if it cannot be read."""
    with readable():
        return read_facts(path, progress)


def same_sound(video: Path, sound: Path) -> bool:
    """Whether what is heard of two files is the same: the coder's settings, and packet for packet."""
    with readable(), _open(video) as one, _open(sound) as other:
        if not other.streams.audio:
            return False
        pair = one.streams.audio[0], other.streams.audio[0]
        if _coding(pair[0]) != _coding(pair[1]):
            return False
        return all(a == b for a, b in zip_longest(_packets(one, pair[0]), _packets(other, pair[1])))


def _open(path: Path) -> InputContainer:
    return av.open(f"file:{path.absolute()}", container_options=MP4_INPUT)


def _coding(audio: AudioStream) -> tuple[object, ...]:
    codec = audio.codec_context
    return codec.name, codec.sample_rate, codec.layout.name, codec.extradata


def _packets(container: InputContainer, audio: AudioStream) -> Iterator[bytes]:
    return (bytes(packet) for packet in container.demux(audio) if packet.size)


@contextmanager
def readable() -> Iterator[None]:
    """A file that cannot be read cannot be accepted."""
    try:
        yield
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise AuradError("E309-VERIFY", f"cannot accept the finished video: it cannot be read: {error}") from error


def judged(request: VerifyRequest, facts: Facts, loudness: float, peak: float) -> Verified:
    """Measured facts of a good file; raises E309 with all faults of any other."""
    faults = [*check_facts(facts, request), *check_cues(request.cues, request.frames / request.canvas.fps)]
    faults += [*check_words(request, facts.captions), *check_seen(request.seen, request.canvas.fps)]
    faults += check_loudness(loudness, peak, request.loudness)
    if faults:
        raise _rejection(faults)
    return Verified(duration=facts.seconds, frames=facts.frames, loudness=loudness, true_peak=peak)


def _rejection(faults: list[Fault]) -> AuradError:
    story = "; ".join(f"{fault.what} is {fault.measured}, not {fault.expected}" for fault in faults)
    listed = [fault._asdict() | {"measured": str(fault.measured), "expected": str(fault.expected)} for fault in faults]
    return AuradError("E309-VERIFY", f"cannot accept the finished video: {story}", details={"faults": listed})


# ---------------------------------------------------------------- what must hold


def check_facts(facts: Facts, request: VerifyRequest) -> Iterator[Fault]:
    """Streams, sizes and lengths."""
    canvas, seconds = request.canvas, request.frames / request.canvas.fps
    must_be = (
        ("the video codec", facts.video_codec or "missing", "h264"),
        ("the audio codec", facts.audio_codec or "missing", "aac"),
        ("the pixel format", facts.pixel_format, "yuv420p"),
        ("the size", f"{facts.width}x{facts.height}", f"{canvas.width}x{canvas.height}"),
        ("the number of frames", facts.frames, request.frames),
        ("the time between frames", "even" if facts.even else "uneven", "even"),
    )
    yield from (Fault(*fact) for fact in must_be if fact[1] != fact[2])
    yield from _near("the duration in seconds", facts.seconds, seconds, DURATION_SLACK)
    if facts.audio_codec:
        frame = 1 / canvas.fps  # less is neither heard nor seen
        yield from _near("the sound's start after the picture's in seconds", facts.offset, 0.0, frame)
        yield from _near("the sound's end in seconds", facts.offset + facts.audio_seconds, seconds, frame)
    if "moov" not in facts.boxes or facts.boxes.index("moov") > facts.boxes.index("mdat"):
        yield Fault("the order of MP4 boxes", " ".join(facts.boxes), "moov before mdat, for a fast start")
    if request.captions == "soft" and request.cues and "mov_text" not in facts.subtitles:
        yield Fault("the caption track", " ".join(facts.subtitles) or "missing", "mov_text")
    if request.captions == "burn" and facts.subtitles:
        yield Fault("the caption track", " ".join(facts.subtitles), "none beside those burned in")


def check_cues(cues: tuple[Cue, ...], seconds: float) -> Iterator[Fault]:
    """Captions in order, apart, and inside the video."""
    for number, cue in enumerate(cues, 1):
        if not -CUE_SLACK <= cue.start < cue.end <= seconds + CUE_SLACK:
            yield Fault(f"caption {number}", f"{cue.start:.3f}..{cue.end:.3f} s", f"within 0..{seconds:.3f} s")
    for number, (one, other) in enumerate(pairwise(cues), 2):
        if other.start < one.end - CUE_SLACK:
            yield Fault(f"the start of caption {number}", f"{other.start:.3f} s", f"after {one.end:.3f} s")


def check_words(request: VerifyRequest, track: str) -> Iterator[Fault]:
    """Captions say what is said, no word more or less: those that were cut, and those in the file."""
    said = bare(" ".join(request.spoken))
    shown = bare(" ".join(line for cue in request.cues for line in cue.lines))
    if request.spoken and request.cues and shown != said:
        yield Fault("the captions' text", *_parting(shown, said))
    told, shown = (bare(text).replace(JOINER, "") for text in (track, shown))
    if request.captions == "soft" and told and told != shown:
        yield Fault("the caption track's text", *_parting(told, shown))


def _parting(one: str, other: str) -> tuple[str, str]:
    """Both texts around the first letter that differs."""
    same = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    around = slice(max(same - AROUND, 0), same + AROUND)
    return repr(one[around]), repr(other[around])


def check_seen(seen: tuple[Seen | None, ...], fps: int) -> Iterator[Fault]:
    """No scene whose planned motion was not to be seen."""
    for number, facts in enumerate(seen, 1):
        for what, frames in (("black", facts.black), ("frozen", facts.frozen)) if facts else ():
            if frames > STUCK * fps:
                yield Fault(f"the picture of scene {number}", f"{what} for {frames / fps:.1f} s", "moving, as planned")


def check_loudness(loudness: float, peak: float, wanted: float | None) -> Iterator[Fault]:
    """Only where mastering promised a loudness."""
    if wanted is None:
        return
    yield from _near("the loudness in LUFS", loudness, wanted, LOUDNESS_SLACK)
    if peak > PEAK_LIMIT:
        yield Fault("the true peak in dBTP", round(peak, 2), f"at most {PEAK_LIMIT}")


def _near(what: str, measured: float, expected: float, slack: float) -> Iterator[Fault]:
    if abs(measured - expected) > slack:
        yield Fault(what, round(measured, 3), f"{expected:.3f} within {slack}")


# ---------------------------------------------------------------- measuring


def read_facts(path: Path, progress: Callable[[float], None]) -> Facts:
    """Look at every packet, decode none."""
    with _open(path) as container:
        video = next(iter(container.streams.video), None)
        audio = next(iter(container.streams.audio), None)
        times = _packet_times(container, video, progress) if video else []
        steps = {after - before for before, after in pairwise(times)}
        return Facts(
            video_codec=video.codec_context.name if video else "",
            pixel_format=(video.codec_context.pix_fmt or "") if video else "",
            width=video.codec_context.width if video else 0,
            height=video.codec_context.height if video else 0,
            frames=len(times),
            even=len(steps) <= 1,
            video_seconds=_seconds(video),
            audio_codec=audio.codec_context.name if audio else "",
            audio_seconds=_seconds(audio),
            offset=_start(audio) - _start(video),
            seconds=(container.duration or 0) / 1_000_000,  # AV_TIME_BASE
            subtitles=tuple(stream.codec_context.name for stream in container.streams.subtitles),
            boxes=top_boxes(path),
            captions=_caption_text(container, progress),
        )


def _packet_times(container: InputContainer, video: Stream, progress: Callable[[float], None]) -> list[int]:
    times = []
    for packet in container.demux(video):
        if packet.pts is not None and packet.size:
            times.append(packet.pts)
            if len(times) % COUNTED == 0:
                progress(0.0)
    return sorted(times)


def _caption_text(container: InputContainer, progress: Callable[[float], None]) -> str:
    """All that the caption track says: samples of a length and UTF-8 text, then styles (3GPP TS 26.245)."""
    track = next((stream for stream in container.streams.subtitles if stream.codec_context.name == "mov_text"), None)
    if track is None:
        return ""
    container.seek(0)
    said = []
    for number, packet in enumerate(container.demux(track)):
        sample = bytes(packet)
        said.append(sample[2 : 2 + int.from_bytes(sample[:2], "big")].decode("utf-8", "replace"))
        if number % COUNTED == 0:
            progress(0.0)
    return "\n".join(said)


def _start(stream: Stream | None) -> float:
    return float((stream.start_time or 0) * (stream.time_base or 0)) if stream else 0.0


def _seconds(stream: Stream | None) -> float:
    return float((stream.duration or 0) * (stream.time_base or 0)) if stream else 0.0


def top_boxes(path: Path) -> tuple[str, ...]:
    """The names of an MP4 file's top boxes, in order."""
    names = []
    with path.open("rb") as file:
        while len(head := file.read(SIZE_BYTES)) == SIZE_BYTES:
            size, used = int.from_bytes(head[:4], "big"), SIZE_BYTES
            names.append(head[4:].decode("latin-1"))
            if size == LARGE_SIZE:
                size, used = int.from_bytes(file.read(8), "big"), SIZE_BYTES + 8
            if size < used:  # 0: up to the end of the file
                break
            file.seek(size - used, 1)
    return tuple(names)

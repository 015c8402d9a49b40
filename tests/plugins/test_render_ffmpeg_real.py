"""The render stage with a real FFmpeg, at tiny sizes; results are decoded here and looked at."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from aurad.api import (
    Animation,
    Artifact,
    Canvas,
    Clip,
    Cue,
    Layer,
    Motion,
    Placed,
    Profile,
    ProfileRequest,
    Seen,
    SegmentRequest,
    Still,
    View,
    Word,
)
from aurad.engine.timeline import tail_of
from aurad.model.assembly import JoinRequest
from aurad.testing import Ran, conform_stage, find_ffmpeg, put, run_stage
from aurad.worker.core import Core
from aurad.worker.tool import run_tool
from aurad_plugins.render_ffmpeg.encoders import Options, Preset, candidates, pace
from aurad_plugins.render_ffmpeg.motion import view_at, window
from aurad_plugins.render_ffmpeg.planes import rgb_to_planes
from aurad_plugins.render_ffmpeg.scene import SceneFrames
from aurad_plugins.render_ffmpeg.spans import plan_pieces
from aurad_plugins.render_ffmpeg.stage import FFmpegRender

pytestmark = pytest.mark.slow
CANVAS = Canvas(width=320, height=180, fps=10)
PROFILE = candidates(Options(encoder="x264", crf=12), CANVAS, "standard")[0]
LOSSLESS = candidates(Options(encoder="x264", crf=0), CANVAS, "standard")[0]  # for what an encoder would blur


def photo(width: int, height: int, seed: int = 0) -> np.ndarray:
    """Something with detail at all scales."""
    noise = np.random.default_rng(seed).normal(0, 1, (height, width, 3)).astype(np.float32)
    scales = ((1.5, 6), (4, 20), (12, 50))
    mixed = sum(cv2.GaussianBlur(noise, (0, 0), sigma) * sigma * 3.5 * weight / 4 for sigma, weight in scales)
    return np.clip(np.asarray(mixed) + 120, 0, 255).astype(np.uint8)


class Bench:
    """A folder of files, and a way to render with them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.files = folder, dict[str, Path]()

    def picture(self, pixels: np.ndarray) -> Artifact:
        path = self.folder / f"{len(self.files)}.png"
        Image.fromarray(pixels).save(path)
        return self.file(path, "image/png")

    def file(self, path: Path, media_type: str) -> Artifact:
        artifact = put(path, media_type)
        self.files[artifact.sha256] = path
        return artifact

    def still(self, shade: int | None = None, seed: int = 0, motion: Motion | None = None) -> Still:
        pixels = photo(640, 360, seed) if shade is None else np.full((180, 320, 3), shade, np.uint8)
        return Still(image=self.picture(pixels), motion=motion)

    async def render(self, *shots: Still | Animation | Clip, frames: int, **more: object) -> Ran:
        marks = {int(word): frame for word, frame in dict(more.pop("marks", {})).items()}  # type: ignore[call-overload]
        request = SegmentRequest(
            placed=Placed(shots=shots, marks=marks, frames=frames), canvas=CANVAS, **{"profile": PROFILE, **more}
        )
        return await run_stage(FFmpegRender, "render_scene", request, workspace=self.folder, files=self.files)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def decode(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray()[: frame.height].astype(np.float32) for frame in container.decode(video=0)]


def video(ran: Ran) -> Path:
    return ran.path(ran.output.video)


def timestamps(path: Path) -> list[int]:
    with av.open(str(path)) as container:
        return sorted(packet.pts for packet in container.demux(video=0) if packet.pts is not None)


async def test_the_stage_keeps_its_promises(bench: Bench) -> None:
    """Among them: the same request gives the same bytes, `yuv420p`, the exact number of frames."""
    ramp = Motion(end=View(x=0.2, width=0.7))
    layer = Layer(image=bench.picture(np.full((40, 40, 4), 200, np.uint8)), x=20, y=20, at=0, effect="rise")
    shots = (
        Animation(base=bench.picture(photo(320, 180)), layers=(layer,)),
        bench.still(motion=ramp).__class__(image=bench.picture(photo(640, 360, 4)), motion=ramp, at=1),
    )
    request = SegmentRequest(
        placed=Placed(shots=shots, marks={0: 5, 1: 60}, frames=83),
        canvas=CANVAS,
        profile=PROFILE,
        tail=Placed(shots=(bench.still(seed=9),), marks={}, frames=10),
        transition=4,
        cues=(Cue(start=1, end=3, lines=("some words",), words=()),),
        caption_style="highlight",
    )
    ran = await conform_stage(FFmpegRender, "render_scene", request, workspace=bench.folder, files=bench.files)
    assert ran.progress[-1].done == 1


async def test_a_still_is_encoded_once_and_repeats_the_very_same_pixels(bench: Bench) -> None:
    ran = await bench.render(bench.still(), frames=107)
    assert [tool.argv[-1].endswith("encoded.mp4") for tool in ran.tools if tool.argv] == [True]
    frames = decode(video(ran))
    assert len(frames) == 107
    group = 2 * CANVAS.fps
    for number in range(group, 80):
        assert (frames[number] == frames[number % group]).all(), number
    joins = [abs(float(np.mean(frames[n] - frames[n - 1]))) for n in range(group, 100, group)]
    assert max(joins) < 0.05, "the picture pulses where copies meet"
    with av.open(str(video(ran))) as container:
        packets = [bytes(packet) for packet in container.demux(video=0) if packet.pts is not None]
    assert packets[:20] == packets[20:40] == packets[60:80]
    assert len(set(timestamps(video(ran)))) == 107


def moved(one: np.ndarray, other: np.ndarray) -> float:
    """By how many pixels the content went to the left, by least squares over the slopes of the picture."""
    a, b = (cv2.GaussianBlur(frame, (0, 0), 3)[20:-20, 20:-20] for frame in (one, other))
    slope = np.gradient((a + b) / 2, axis=1)
    return float((slope * (b - a)).sum() / (slope * slope).sum())


@pytest.mark.parametrize("preset", ["ultrafast", "superfast", "medium", "slower"])
async def test_held_pictures_are_the_very_picture_before(preset: Preset, bench: Bench) -> None:
    """Whatever the encoder's way of coding and ordering pictures, and as a second decoder sees it too."""
    canvas = Canvas(width=338, height=190, fps=10)
    bar = bench.picture(np.random.default_rng(1).integers(0, 255, (60, 100, 4), np.uint8))
    layers = tuple(Layer(image=bar, x=10 + 90 * n, y=40, at=n, effect="rise", seconds=0.4) for n in range(3))
    shot = Animation(base=bench.picture(photo(338, 190)), layers=layers)
    profile = candidates(Options(preset=preset), canvas, "standard")[-1]
    placed = Placed(shots=(shot,), marks={0: 17, 1: 41, 2: 99}, frames=187)
    request = SegmentRequest(placed=placed, canvas=canvas, profile=profile)
    ran = await run_stage(FFmpegRender, "render_scene", request, workspace=bench.folder, files=bench.files)
    frames = decode(video(ran))
    pieces = plan_pieces(SceneFrames(request, lambda artifact: bench.files[artifact.sha256]).keys(), pace(canvas))
    held = [last + n for piece in pieces for last in [piece.first + piece.encoded] for n in range(piece.held)]
    assert len(frames) == 187
    assert len(held) > 40
    assert all((frames[n] == frames[n - 1]).all() for n in held)
    one, other = await hashes(video(ran), "h264"), await hashes(video(ran), "libopenh264")
    assert [one[n] for n in held] == [other[n] for n in held]


async def hashes(path: Path, decoder: str) -> list[bytes]:
    """Checksums of all pictures; warnings of the decoder count as failure."""
    argv = (find_ffmpeg(), "-v", "warning", "-xerror", "-c:v", decoder, "-i", str(path), "-f", "framemd5", "-")
    result = await run_tool(argv, stdin=b"", log=Silent())
    if b"Unknown decoder" in result.stderr:
        pytest.skip(f"this FFmpeg lacks {decoder}")
    assert (result.status, result.stderr) == (0, b"")
    return [line.rpartition(b",")[2] for line in result.stdout.splitlines() if not line.startswith(b"#")]


class Silent:
    """Keeps no log of a tool."""

    def started(self, argv: object) -> None: ...

    def line(self, stream: object, line: object) -> None: ...

    def ended(self, exit_code: object) -> None: ...


async def test_ken_burns_moves_every_frame_and_smoothly(bench: Bench) -> None:
    motion = Motion(start=View(x=0, y=0.2, width=0.7), end=View(x=0.3, y=0.1, width=0.6))
    frames = decode(video(await bench.render(bench.still(motion=motion), frames=60, profile=LOSSLESS)))
    picture = rgb_to_planes(photo(640, 360)).y.astype(np.float32)
    jitter = [moved(ideal(picture, motion, number / 60), frame) for number, frame in enumerate(frames)]
    assert float(np.sqrt(np.mean(np.square(jitter)))) <= 0.05
    assert min(moved(one, other) for one, other in pairwise(frames)) > 0.3, "it stood still"


def ideal(picture: np.ndarray, motion: Motion, time: float) -> np.ndarray:
    """The window computed in floats all the way."""
    left, top, width = window(view_at(motion, time), (640, 360), (320, 180))
    columns, rows = (left + width / 320 * (np.arange(320) + 0.5), top + width / 320 * (np.arange(180) + 0.5))
    x, y = np.meshgrid(columns - 0.5, rows - 0.5)
    return cv2.remap(picture, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR)


async def test_the_transition_is_drawn_once_over_the_first_frames(bench: Bench) -> None:
    tail = Placed(shots=(bench.still(shade=0),), marks={}, frames=33)
    ran = await bench.render(bench.still(shade=255), frames=12, tail=tail, transition=4)
    means = [frame.mean() for frame in decode(video(ran))]
    assert means[:4] == pytest.approx([16 + 219 * n / 5 for n in (1, 2, 3, 4)], abs=1.5)
    assert means[4:] == pytest.approx([235] * 8, abs=0.7)


async def test_the_tail_goes_on_moving_without_a_jump(bench: Bench) -> None:
    shot = bench.still(motion=Motion(start=View(width=0.7), end=View(x=0.1, width=0.7)))
    own = decode(video(await bench.render(shot, frames=30, profile=LOSSLESS)))
    tail = Placed(shots=(shot,), marks={}, frames=30)
    ran = await bench.render(bench.still(shade=0), frames=12, tail=tail, transition=9, profile=LOSSLESS)
    first = (decode(video(ran))[0] - 16 / 10) / 0.9  # nine parts of the tail, one of black
    assert moved(own[-1], first) == pytest.approx(moved(own[-2], own[-1]), abs=0.2)
    assert moved(own[-2], own[-1]) > 0.4


async def test_a_tail_at_rest_is_drawn_as_the_scene_ended(bench: Bench) -> None:
    """The engine sends the rest of a shot instead of the shot: no pixel may differ."""
    base, shape = bench.picture(photo(320, 180, 1)), bench.picture(np.full((40, 60, 4), 200, np.uint8))
    layers = tuple(
        Layer(image=shape, x=30 * n, y=20 * n, at=n, delay=0.1, effect=effect, seconds=0.4)
        for n, effect in enumerate(("fade", "rise", "slide", "grow", "wipe"))
    )
    scene = Placed(shots=(Animation(base=base, layers=layers),), marks={n: 4 * n for n in range(5)}, frames=40)
    rest = tail_of(scene, CANVAS.fps)
    assert rest != scene
    frames = []
    for tail in (scene, rest):
        ran = await bench.render(bench.still(shade=40), frames=12, tail=tail, transition=6, profile=LOSSLESS)
        frames.append(decode(video(ran)))
    assert all((one == other).all() for one, other in zip(*frames, strict=True))


async def test_layers_enter_at_their_words(bench: Bench) -> None:
    base = bench.picture(np.zeros((180, 320, 3), np.uint8))
    bar = bench.picture(np.full((60, 100, 4), 255, np.uint8))
    layers = tuple(Layer(image=bar, x=10 + 150 * n, y=40, at=n, effect="rise", seconds=0.4) for n in range(2))
    ran = await bench.render(Animation(base=base, layers=layers), frames=40, marks={0: 8, 1: 21})
    frames = decode(video(ran))
    for layer, word in zip(layers, (8, 21), strict=True):
        light = [frame[40:100, layer.x : layer.x + 100].mean() for frame in frames]
        assert next(n for n, value in enumerate(light) if value > 20) == word - 1
        assert light[word + 3 :] == pytest.approx([235] * len(light[word + 3 :]), abs=1)


def make_clip(path: Path, *, frames: int, fps: int, size: tuple[int, int] = (160, 120)) -> Path:
    """Each frame one flat grey, 4 lighter than the one before."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps, options={"qp": "0"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(np.full((size[1] * 3 // 2, size[0]), 128, np.uint8), format="yuv420p")
            np.frombuffer(memoryview(frame.planes[0]), np.uint8)[:] = 40 + 4 * number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(("fps", "step"), [(10, 4.0), (20, 8.0), (5, 2.0)])
async def test_a_clip_keeps_its_speed_and_its_last_frame_is_held(fps: int, step: float, bench: Bench) -> None:
    clip = bench.file(make_clip(bench.folder / "clip.mp4", frames=16, fps=fps), "video/mp4")
    means = [frame.mean() for frame in decode(video(await bench.render(Clip(video=clip), frames=45)))]
    length = 16 * CANVAS.fps // fps
    assert means[length:] == pytest.approx([100] * (45 - length), abs=1.2)
    assert np.mean(np.diff(means[: length - 1])) == pytest.approx(step, abs=0.35)


async def test_a_clip_is_cut_at_its_points(bench: Bench) -> None:
    clip = bench.file(make_clip(bench.folder / "clip.mp4", frames=30, fps=10), "video/mp4")
    ran = await bench.render(Clip(video=clip, in_point=0.5, out_point=1.5), frames=20)
    means = [frame.mean() for frame in decode(video(ran))]
    assert means[0] == pytest.approx(60, abs=1.2)
    assert means[9:] == pytest.approx([96] * 11, abs=1.2)


@pytest.mark.parametrize("turn", [90, 180, -90])
async def test_a_clip_from_a_turned_phone_is_upright(turn: int, bench: Bench) -> None:
    """As FFmpeg itself would turn it."""
    flat, turned, upright = (bench.folder / name for name in ("flat.mp4", "turned.mp4", "upright.mp4"))
    gradient = "nullsrc=s=64x64:r=10:d=0.5,geq=lum='40+X*2+Y':cb=128:cr=128"
    source = ("-f", "lavfi", "-i", gradient, "-c:v", "libx264", "-qp", "0", "-pix_fmt", "yuv420p")
    for arguments in (
        (*source, str(flat)),
        ("-display_rotation", str(turn), "-i", str(flat), "-c", "copy", str(turned)),
        ("-i", str(turned), "-c:v", "libx264", "-qp", "0", str(upright)),
    ):
        result = await run_tool((find_ffmpeg(), "-v", "error", *arguments), stdin=b"", log=Silent())
        assert (result.status, result.stderr) == (0, b"")
    wanted = decode(upright)[0]
    shown = decode(video(await bench.render(Clip(video=bench.file(turned, "video/mp4")), frames=3)))[0]
    square = cv2.resize(wanted, (320, 320), interpolation=cv2.INTER_LINEAR)[70:250]
    assert np.abs(shown - square)[5:-5, 5:-5].mean() < 2


async def test_what_moves_is_seen_to_move(bench: Bench) -> None:
    ran = await bench.render(bench.still(motion=Motion(end=View(x=0.2, width=0.7))), frames=25)
    assert ran.output.seen == Seen()


async def test_captions_are_burned_in_while_their_cue_lasts(bench: Bench) -> None:
    words = (Word(text="Hello", start=0.5, end=1), Word(text="world", start=1, end=1.5))
    cues = (Cue(start=0.5, end=1.5, lines=("Hello world",), words=words),)
    ran = await bench.render(bench.still(shade=128), frames=25, cues=cues, caption_style="highlight")
    spread = [float(frame[140:].std()) for frame in decode(video(ran))]
    assert [number for number, value in enumerate(spread) if value > 5] == list(range(5, 15))
    assert not ran.warnings


async def test_colours_survive_and_are_tagged(bench: Bench) -> None:
    shot = Still(image=bench.picture(np.full((180, 320, 3), (200, 60, 20), np.uint8)))
    path = video(await bench.render(shot, frames=5))
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        rgb = frame.to_ndarray(format="rgb24")[90, 160]
        assert (frame.colorspace, frame.color_range, frame.color_primaries, frame.color_trc) == (1, 1, 1, 1)
    assert np.abs(rgb.astype(int) - (200, 60, 20)).max() <= 3


async def test_joined_segments_have_every_frame_and_even_times(bench: Bench) -> None:
    pick = random.Random(7)
    lengths, segments = [pick.randint(1, 70) for _ in range(12)], []
    for number, length in enumerate(lengths):
        shots = (bench.still(seed=number, motion=Motion(end=View(width=0.8)) if number % 3 else None),)
        ran = await bench.render(*shots, frames=length)
        bench.file(video(ran), "video/mp4")
        segments.append(ran.output)
    request = JoinRequest(segments=tuple(segments), canvas=CANVAS)
    ran = await run_stage(Core, "join", request, workspace=bench.folder, files=bench.files)
    assert ran.output.frames == sum(lengths)
    assert len(decode(video(ran))) == sum(lengths)
    assert set(np.diff(timestamps(video(ran)))) == {512}


async def test_a_profile_is_x264_where_there_is_no_hardware(tmp_path: Path) -> None:
    request = ProfileRequest(canvas=CANVAS, quality="draft", avoid=("h264_nvenc",))
    profile: Profile = (await run_stage(FFmpegRender, "profile", request, workspace=tmp_path)).output
    assert profile.name
    ran = await run_stage(FFmpegRender, "profile", request, workspace=tmp_path, options={"encoder": "nvenc"})
    assert ran.output.encoder == "libx264"

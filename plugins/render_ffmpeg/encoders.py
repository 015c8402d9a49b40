"""Encoders: which there are to try, and every FFmpeg argument that shapes their stream. Pure."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from aurad.api import Canvas, Profile, Value
from aurad_plugins.render_ffmpeg.repeat import timescale
from aurad_plugins.render_ffmpeg.spans import Pace

EncoderName = Literal["auto", "x264", "nvenc", "vaapi", "qsv"]
Preset = Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"]
Quality = Literal["draft", "standard", "high"]

SOFTWARE = "libx264"
GROUP_SECONDS = 2  # of a group of pictures: players seek to its start, HLS cuts there
VAAPI_DEVICE = "/dev/dri/renderD128"
# Measured at 1080p: the best quality per CPU second is superfast with a look-ahead; draft is half its cost.
X264: dict[Quality, tuple[Preset, int]] = {
    "draft": ("ultrafast", 23),
    "standard": ("superfast", 20),
    "high": ("medium", 19),
}
SETTLE = 8  # frames, two groups of B frames: then a still looks as if it were encoded on (PSNR within 0.5 dB)
LOOKAHEADS = {"superfast": "mbtree=1:rc-lookahead=6", "ultrafast": ""}
USUAL_LOOKAHEAD = "rc-lookahead=20"  # frames; x264's own 40 would hold twenty more pictures in memory
HARDWARE_QP: dict[Quality, int] = {"draft": 28, "standard": 23, "high": 20}
COLOUR = ("-color_range", "tv", "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709")
TAGGED = "setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709"


class Options(Value, frozen=True, kw_only=True):
    """`crf` (x264; 0 lossless .. 51) and `preset` override what the quality stands for.

    `auto` takes a hardware encoder only after it has encoded a short trial without fault.
    """

    encoder: EncoderName = "auto"
    crf: Annotated[int, Meta(ge=0, le=51)] | None = None
    preset: Preset | None = None


def candidates(options: Options, canvas: Canvas, quality: Quality) -> tuple[Profile, ...]:
    """What to try, best first; x264 is always the last."""
    hardware = {"nvenc": _nvenc, "vaapi": _vaapi, "qsv": _qsv}
    wanted = hardware if options.encoder == "auto" else {options.encoder} & hardware.keys()
    return (*(hardware[name](canvas, quality) for name in hardware if name in wanted), _x264(options, canvas, quality))


def can_repeat(profile: Profile) -> bool:
    """Whether groups are known to be closed and identical in kind, so that copies of one may follow each other."""
    return profile.encoder == SOFTWARE


def _x264(options: Options, canvas: Canvas, quality: Quality) -> Profile:
    preset, crf = X264[quality]
    preset, crf = options.preset or preset, crf if options.crf is None else options.crf
    lookahead = LOOKAHEADS.get(preset, USUAL_LOOKAHEAD)
    extra = ("-x264-params", lookahead) if lookahead else ()
    own = ("-preset", preset, "-crf", str(crf), *extra, "-threads", "1", "-sc_threshold", "0", "-forced-idr", "1")
    return _profile(SOFTWARE, f"libx264 {preset} crf {crf}", canvas, "yuv420p", own)


def _nvenc(canvas: Canvas, quality: Quality) -> Profile:
    level = HARDWARE_QP[quality]
    own = ("-preset", "p5", "-rc", "vbr", "-cq", str(level), "-b:v", "0", "-no-scenecut", "1", "-forced-idr", "1")
    return _profile("h264_nvenc", f"h264_nvenc cq {level}", canvas, "yuv420p", own)


def _vaapi(canvas: Canvas, quality: Quality) -> Profile:
    level = HARDWARE_QP[quality]
    own = ("-vaapi_device", VAAPI_DEVICE, "-rc_mode", "CQP", "-qp", str(level))
    return _profile("h264_vaapi", f"h264_vaapi qp {level}", canvas, "", own, upload=",format=nv12,hwupload")


def _qsv(canvas: Canvas, quality: Quality) -> Profile:
    level = HARDWARE_QP[quality]
    own = ("-global_quality", str(level), "-look_ahead", "0", "-forced_idr", "1")
    return _profile("h264_qsv", f"h264_qsv quality {level}", canvas, "nv12", own, upload=",format=nv12")


def _profile(
    encoder: str, name: str, canvas: Canvas, pixels: str, own: tuple[str, ...], *, upload: str = ""
) -> Profile:
    group = str(group_frames(canvas))
    arguments = (
        *("-vf", TAGGED + (upload or ",format=yuv420p"), "-c:v", encoder, *own),
        *("-g", group, "-keyint_min", group, *COLOUR),
        *(("-pix_fmt", pixels) if pixels else ()),
        *("-fflags", "+bitexact", "-flags:v", "+bitexact+cgop", "-map_metadata", "-1", "-an"),
        *("-video_track_timescale", str(timescale(canvas.fps))),
    )
    return Profile(encoder=encoder, name=name, arguments=arguments)


def group_frames(canvas: Canvas) -> int:
    return GROUP_SECONDS * canvas.fps


def pace(canvas: Canvas) -> Pace:
    """How stills are cut."""
    return Pace(
        group=group_frames(canvas), settle=min(SETTLE, group_frames(canvas) // 2), least=max(canvas.fps // 2, 1)
    )

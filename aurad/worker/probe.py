"""Looking into media files with PyAV: local files of known formats only, nothing is fetched or followed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from aurad.model.errors import AuradError
from aurad.model.stage import Probe

if TYPE_CHECKING:
    import av.container

# Everything a video is made of and nothing that names other files: no playlists, no ffconcat.
FORMATS = (
    "mov,mp4,m4a,matroska,webm,avi,mpegts,wav,w64,mp3,aac,flac,ogg,aiff,caf,"
    "png_pipe,jpeg_pipe,webp_pipe,gif,bmp_pipe,tiff_pipe,srt,webvtt,ass"
)


def probe_file(path: Path) -> Probe:
    """What `path` really holds. Blocks: call it in a thread. Raises E308 if it is no media file."""
    import av  # heavy, and most tasks never look

    options = {"protocol_whitelist": "file", "format_whitelist": FORMATS}
    try:
        # A leading `./` or `/` keeps a name such as `concat:a|b` from being read as a protocol.
        with av.open(f"file:{path.absolute()}", container_options=options) as container:
            return _container_to_probe(container)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise AuradError("E308-RESULT", f"cannot look into {path.name}: {reason}") from error


def _container_to_probe(container: av.container.InputContainer) -> Probe:
    video = next(iter(container.streams.video), None)
    audio = next(iter(container.streams.audio), None)
    picture, sound = video and video.codec_context, audio and audio.codec_context
    return Probe(
        format=container.format.name,
        duration=(container.duration or 0) / 1_000_000,  # AV_TIME_BASE
        video_codec=picture.name if picture else "",
        pixel_format=(picture.pix_fmt or "") if picture else "",
        width=picture.width if picture else 0,
        height=picture.height if picture else 0,
        fps=float(video.average_rate or 0) if video else 0.0,
        frames=(video.frames or _count(container, video.index)) if video else 0,
        audio_codec=sound.name if sound else "",
        sample_rate=sound.sample_rate if sound else 0,
        channels=sound.channels if sound else 0,
        subtitles=len(container.streams.subtitles),
        chapters=len(container.chapters()),
        tags=dict(container.metadata),
    )


def _count(container: av.container.InputContainer, index: int) -> int:
    """Frames of a stream whose header does not say, by its packets."""
    return sum(1 for packet in container.demux(container.streams[index]) if packet.size)

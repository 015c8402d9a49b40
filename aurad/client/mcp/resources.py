"""What an agent may look at: jobs, scripts, logs, files, and single frames of a video."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
from typing import Any

import msgspec

from aurad.client.blocking import Client
from aurad.client.cli.jobs import about, find
from aurad.model.errors import AuradError

SCHEME = "aurad://"
JSON, TEXT = "application/json", "text/plain"
BLOB = 8 << 20  # bytes of a file that is given whole; a video is saved instead
LOG = -20_000  # bytes of a log: its end says why
FRAME_SECONDS = 30.0
WIDTH = 960  # of a frame: enough to read a slide, small enough for an agent


def _template(path: str, name: str, kind: str, description: str) -> dict[str, Any]:
    return {"uriTemplate": SCHEME + path, "name": name, "mimeType": kind, "description": description}


TEMPLATES = [
    _template("jobs/{job}", "job", JSON, "Everything about a job."),
    _template("jobs/{job}/script", "script", JSON, "What is said and shown, scene by scene."),
    _template("jobs/{job}/log", "log", TEXT, "The end of a job's log."),
    _template("jobs/{job}/frames/{seconds}", "frame", "image/jpeg", "The video's picture at that time."),
    _template("artifacts/{artifact}", "file", "application/octet-stream", "A file of a job, 8 MiB at most."),
]


def listed(client: Client) -> list[dict[str, Any]]:
    """All jobs, and the newest ones one by one."""
    jobs = client.call("jobs.list", {"limit": 20})["jobs"]
    return [
        {"uri": f"{SCHEME}jobs", "name": "jobs", "mimeType": JSON, "description": "The newest jobs."},
        *(
            {"uri": f"{SCHEME}jobs/{job['jobId']}", "name": about(job) or job["jobId"], "mimeType": JSON,
             "description": f"{job['status']}, {job['createdAt']}"}
            for job in jobs
        ),
    ]  # fmt: skip


def read(client: Client, uri: str) -> dict[str, Any]:
    """The content at `uri`. Raises E200 for what is not there, E105 for a file that is too large."""
    path = uri.removeprefix(SCHEME)
    found = re.fullmatch(r"jobs(?:/([^/]+)(?:/(script|log|frames/(\d+(?:\.\d+)?)))?)?|artifacts/([^/]+)", path)
    if not uri.startswith(SCHEME) or not found:
        raise AuradError("E200-NO_JOB", f"cannot find {uri!r}: there is no such resource", remedy="")
    job, what, seconds, artifact = found.groups()
    if artifact:
        return {"uri": uri, **_file(client, artifact)}
    if job is None:
        return {"uri": uri, **_json(client.call("jobs.list", {"limit": 100}))}
    job_id = find(client, job)
    if seconds:
        return {"uri": uri, "mimeType": "image/jpeg", "blob": _encoded(_frame(client, job_id, float(seconds)))}
    if what == "log":
        text = client.call("jobs.logs", {"jobId": job_id, "offset": LOG})["text"]
        return {"uri": uri, "mimeType": TEXT, "text": text}
    return {"uri": uri, **_json(client.call("jobs.script" if what else "jobs.get", {"jobId": job_id}))}


def _json(value: Any) -> dict[str, Any]:
    return {"mimeType": JSON, "text": msgspec.json.format(msgspec.json.encode(value), indent=2).decode()}


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _file(client: Client, artifact: str) -> dict[str, Any]:
    opened = client.open_artifact(artifact)
    with open(opened.fd, "rb") as file:
        if opened.size > BLOB:
            raise AuradError(
                "E105-TOO_LARGE",
                f"cannot hand over {opened.name}: it has {opened.size} bytes",
                remedy="Use save_files.",
            )
        data = file.read()
    if opened.media_type.startswith("text/") or opened.media_type in (JSON, "application/x-subrip"):
        return {"mimeType": opened.media_type, "text": data.decode(errors="replace")}
    return {"mimeType": opened.media_type, "blob": _encoded(data)}


def _frame(client: Client, job_id: str, seconds: float) -> bytes:
    """A JPEG of the finished video, by an FFmpeg on this side: the descriptor is all that it gets."""
    job = client.call("jobs.get", {"jobId": job_id})
    video = next((one for one in job["artifacts"] if one["kind"] == "video" and not one.get("sceneId")), None)
    if video is None:
        raise AuradError("E200-NO_JOB", f"cannot show a frame of {job_id}: it has no video yet", remedy="Wait for it.")
    length = float((job.get("output") or {}).get("durationSeconds") or 0)
    if seconds > length:
        raise AuradError(
            "E200-NO_JOB", f"cannot show a frame at {seconds:g} s: the video ends at {length:g} s", remedy=""
        )
    fd = client.open_artifact(video["artifactId"]).fd
    try:
        return _picture(fd, min(seconds, max(length - 0.2, 0.0)))
    finally:
        os.close(fd)


def _picture(fd: int, seconds: float) -> bytes:
    cut = ["-ss", f"{seconds:g}", "-i", f"/proc/self/fd/{fd}", "-frames:v", "1", "-vf", f"scale={WIDTH}:-2"]
    argv = [_ffmpeg(), "-v", "error", "-nostdin", *cut, "-q:v", "3", "-f", "mjpeg", "pipe:1"]
    done = subprocess.run(argv, pass_fds=[fd], stdin=subprocess.DEVNULL, capture_output=True, timeout=FRAME_SECONDS,
                          check=False)  # fmt: skip
    if done.returncode or not done.stdout:
        why = done.stderr.decode(errors="replace").strip()[-300:]
        raise AuradError("E304-FFMPEG_RUNTIME", f"cannot show a frame: {why or 'FFmpeg gave none'}")
    return done.stdout


def _ffmpeg() -> str:
    import imageio_ffmpeg

    return shutil.which("ffmpeg") or str(imageio_ffmpeg.get_ffmpeg_exe())

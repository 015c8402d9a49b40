"""Operations on files: assets in, artifacts out."""

from __future__ import annotations

import os
import stat
from base64 import b64decode
from binascii import Error as Base64Error

import trio

from aurad.model.artifact import Artifact
from aurad.model.errors import AuradError
from aurad.model.event import ArtifactView
from aurad.model.value import Value
from aurad.serve.operations.table import Call, Result, operation, visible

INLINE = 1 << 20  # bytes of an asset that may come as base64


class PutAsset(Value, frozen=True, kw_only=True):
    """A file by descriptor, or at most 1 MiB of it as base64 in `data`."""

    media_type: str = "application/octet-stream"
    size: int | None = None
    data: str | None = None


class AssetView(Result, frozen=True, kw_only=True):
    """A file that was brought in; `asset` is how a brief names it."""

    asset: str
    size_bytes: int
    media_type: str


class OpenArtifact(Value, frozen=True, kw_only=True):
    artifact_id: str


@operation("assets.put", PutAsset, "operate")
async def put_asset(call: Call, params: PutAsset) -> AssetView:
    """Bring a file in; it is copied and hashed before the answer."""
    if params.data is None and len(call.fds) != 1:
        raise AuradError(
            "E100-REQUEST", f"cannot take the asset: it comes with {len(call.fds)} descriptors and no data"
        )
    return asset_view(await call.engine.put_asset(_content(call, params), params.media_type, call.caller.owner))


def asset_view(artifact: Artifact) -> AssetView:
    return AssetView(asset=f"asset:{artifact.sha256}", size_bytes=artifact.size_bytes, media_type=artifact.media_type)


def _content(call: Call, params: PutAsset) -> int | bytes:
    if params.data is None:
        if not stat.S_ISREG(os.fstat(call.fds[0]).st_mode):  # reading a pipe may never end
            raise AuradError("E100-REQUEST", "cannot take the asset: it is no regular file")
        return call.fds[0]
    try:
        data = b64decode(params.data, validate=True)
    except (Base64Error, ValueError) as error:
        raise AuradError("E100-REQUEST", f"cannot read data: it is not base64 ({error})") from error
    if len(data) > INLINE:
        raise AuradError(
            "E105-TOO_LARGE", f"cannot take {len(data)} bytes inline: the limit is {INLINE}; send a descriptor"
        )
    return data


@operation("artifacts.open", OpenArtifact, "read")
async def open_artifact(call: Call, params: OpenArtifact) -> ArtifactView:
    """A file of a job as a descriptor, open for reading."""
    view, job_id, path = await call.engine.find_artifact(params.artifact_id)
    await visible(call, job_id)
    call.reply_fds.append(await trio.to_thread.run_sync(os.open, path, os.O_RDONLY | os.O_CLOEXEC))
    return view

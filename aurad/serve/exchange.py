"""A request that was let in: its parameters as typed values, its body within limits, its answer as JSON."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, NamedTuple, TypeVar

import msgspec
import trio
from quart.wrappers import Response
from quart_trio.wrappers import TrioResponse

from aurad.engine.engine import Engine
from aurad.model.errors import AuradError
from aurad.model.shapes import in_words
from aurad.model.value import Value
from aurad.serve.access import Caller
from aurad.serve.asgi import Request
from aurad.serve.gate import secret_of
from aurad.serve.tokens import Tokens
from aurad.serve.watch import Stopping, Watch
from aurad.wire.strict import check_strict

JSON = "application/json"
ANY = "*/*"
REQUEST_LIMIT = 8 << 20  # bytes of a JSON body, as on the control socket
STALL = 10.0  # seconds between two pieces of a body
NO_BODY = frozenset({"GET", "HEAD", "DELETE"})

ValueT = TypeVar("ValueT", bound=Value)
_encoder = msgspec.json.Encoder()


class Exchange(NamedTuple):
    """What an endpoint needs to answer. Without a caller nobody had to be known."""

    engine: Engine
    caller: Caller | None
    tokens: Tokens
    stopping: Stopping
    request: Request
    correlation_id: str

    @property
    def known(self) -> Caller:
        assert self.caller is not None
        return self.caller

    def hold(self) -> Watch:
        """What lasts is done within it: it ends when whoever asked may come in no longer."""
        return self.tokens.hold(secret_of(self.request))

    async def params(self, kind: type[ValueT], *, json: bool) -> ValueT:
        """Path, query and, with `json`, the body as one value; raises E100 for what does not fit, and names it."""
        raw = _query(self.request, kind)
        if json:
            _add(raw, await self._json())
        _add(raw, self.request.view_args or {})
        if "correlationId" in _fields(kind):
            raw = {"correlationId": self.correlation_id} | raw
        try:
            return msgspec.convert(raw, kind, strict=json, str_keys=True)
        except msgspec.ValidationError as error:
            raise AuradError("E100-REQUEST", f"cannot read the request: {in_words(error)}") from error

    async def body(self, limit: int) -> AsyncGenerator[bytes, None]:
        """The body's pieces; raises E105 over `limit`, E113 when they stop coming."""
        if encoding := self.request.headers.get("Content-Encoding", "").strip():
            raise AuradError("E112-MEDIA_TYPE", f"cannot read content that is encoded as {encoding!r}")
        if (self.request.content_length or 0) > limit:
            raise _too_large(limit)
        size = 0
        while True:
            piece = await _next_piece(self.request.pieces)
            if not piece:
                return
            size += len(piece)
            if size > limit:
                raise _too_large(limit)
            yield piece

    async def _json(self) -> Mapping[str, Any]:
        async with aclosing(self.body(REQUEST_LIMIT)) as body:
            data = b"".join([piece async for piece in body])
        if not data:
            return {}
        if self.request.mimetype != JSON:
            raise AuradError("E112-MEDIA_TYPE", f"cannot read content of the type {self.request.mimetype!r}")
        found = _parse(data)
        if not isinstance(found, dict):
            raise AuradError("E100-REQUEST", "cannot read the request: its body is no JSON object")
        return found


async def _next_piece(body: trio.MemoryReceiveChannel[bytes]) -> bytes:
    """b"" at the end."""
    with trio.move_on_after(STALL):
        try:
            return await body.receive()
        except trio.EndOfChannel:
            return b""
    raise AuradError("E113-SLOW", f"cannot read the request: nothing of it came for {STALL:g} s")


def _too_large(limit: int) -> AuradError:
    return AuradError("E105-TOO_LARGE", f"cannot take the request: its body is over {limit} bytes")


def _parse(data: bytes) -> Any:
    try:
        check_strict(data)
    except AuradError as error:
        if error.code == "E107-MESSAGE":  # JSON, but not what we take; there is no JSON-RPC here
            raise AuradError("E100-REQUEST", error.detail) from error
        raise
    return msgspec.json.decode(data)


def _add(raw: dict[str, Any], more: Mapping[str, Any]) -> None:
    for name, value in more.items():
        if name in raw:
            raise AuradError("E100-REQUEST", f"cannot read the request: {name!r} is given twice")
        raw[name] = value


# ------------------------------------------------------------ query


def _fields(kind: type[Value]) -> dict[str, msgspec.inspect.Type]:
    info = msgspec.inspect.type_info(kind)
    assert isinstance(info, msgspec.inspect.StructType)
    return {field.encode_name: field.type for field in info.fields}


def _query(request: Request, kind: type[Value]) -> dict[str, Any]:
    """`jobs=a,b` or `jobs=a&jobs=b` for a list, `labels=k:v,l:w` for a table, anything else once."""
    fields, found = _fields(kind), dict[str, Any]()
    for name, values in request.args.lists():
        shapes = _shapes(fields.get(name))
        if msgspec.inspect.VarTupleType in shapes:
            found[name] = [part for value in values for part in value.split(",") if part]
        elif msgspec.inspect.DictType in shapes:
            found[name] = dict(_pair(name, part) for value in values for part in value.split(",") if part)
        elif len(values) > 1:
            raise AuradError("E100-REQUEST", f"cannot read the request: {name!r} is given twice")
        else:
            found[name] = values[0]
    return found


def _shapes(kind: msgspec.inspect.Type | None) -> set[type]:
    if isinstance(kind, msgspec.inspect.UnionType):
        return {type(each) for each in kind.types}
    return {type(kind)}


def _pair(name: str, part: str) -> tuple[str, str]:
    key, colon, value = part.partition(":")
    if not (key and colon):
        raise AuradError("E100-REQUEST", f"cannot read {name}: {part!r} is not of the form key:value")
    return key, value


# ------------------------------------------------------------ answers


def answer(value: object, status: int = 200, media_type: str = JSON, **headers: str) -> Response:
    """A value as JSON."""
    response = TrioResponse(_encoder.encode(value), status, content_type=media_type)
    response.headers.update(headers)
    return response

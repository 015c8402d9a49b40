"""JSON-RPC 2.0 messages: one codec for workers, the control socket and MCP. No I/O.

Parameters and results stay raw JSON until somebody knows their type: see `parse`.
"""

from __future__ import annotations

from typing import Literal, TypeVar

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from aurad.model.errors import AuradError
from aurad.model.shapes import in_words

Id = int | str | None
T = TypeVar("T")
NOTHING = Raw(b"{}")  # absent params mean no params


class ErrorObject(Struct, frozen=True, kw_only=True):
    """The `error` member: a number, a sentence, and the problem as raw JSON."""

    code: int
    message: str
    data: Raw | UnsetType = UNSET


class Request(Struct, frozen=True):
    """Wants an answer under `id`."""

    id: Id
    method: str
    params: Raw = NOTHING


class Notification(Struct, frozen=True):
    """Wants no answer."""

    method: str
    params: Raw = NOTHING


class Reply(Struct, frozen=True):
    """The answer to `id`."""

    id: Id
    result: Raw


class Failure(Struct, frozen=True):
    """The refusal of `id`; None where not even the id could be read."""

    id: Id
    error: ErrorObject


Message = Request | Notification | Reply | Failure


class _Wire(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Any message as it looks on the wire."""

    jsonrpc: Literal["2.0"]
    id: Id | UnsetType = UNSET
    method: str | UnsetType = UNSET
    params: Raw | UnsetType = UNSET
    result: Raw | UnsetType = UNSET
    error: ErrorObject | UnsetType = UNSET


_decoder = msgspec.json.Decoder(_Wire)
_encoder = msgspec.json.Encoder()


def request(id: Id, method: str, params: object) -> Request:
    return Request(id, method, raw(params))


def notification(method: str, params: object) -> Notification:
    return Notification(method, raw(params))


def reply(id: Id, result: object) -> Reply:
    return Reply(id, raw(result))


def failure(id: Id, code: int, message: str, data: object = UNSET) -> Failure:
    return Failure(id, ErrorObject(code=code, message=message, data=UNSET if data is UNSET else raw(data)))


def raw(value: object) -> Raw:
    """`value` as JSON, ready to be embedded in a message."""
    return value if isinstance(value, Raw) else Raw(_encoder.encode(value))


def parse(value: Raw, type: type[T], what: str) -> T:
    """Raw JSON as a typed value. `what` names it in the error, which says where and why it does not fit."""
    try:
        return msgspec.json.decode(value, type=type)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise AuradError("E100-REQUEST", f"cannot read {what}: {in_words(error)}") from error


def encode(message: Message) -> bytes:
    """One line, with its end."""
    return _encoder.encode(_message_to_wire(message)) + b"\n"


def decode(line: bytes) -> Message:
    """One message; raises E106 if it is not JSON and E107 if it is not JSON-RPC 2.0."""
    try:
        wire = _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        code = "E107-MESSAGE" if _is_json(line) else "E106-PARSE"
        raise AuradError(code, f"cannot read the message: {error}") from error
    return _wire_to_message(wire)


def _is_json(line: bytes) -> bool:
    try:
        msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _message_to_wire(message: Message) -> _Wire:
    match message:
        case Request(id, method, params):
            return _Wire(jsonrpc="2.0", id=id, method=method, params=params)
        case Notification(method, params):
            return _Wire(jsonrpc="2.0", method=method, params=params)
        case Reply(id, result):
            return _Wire(jsonrpc="2.0", id=id, result=result)
        case Failure(id, error):
            return _Wire(jsonrpc="2.0", id=id, error=error)


def _wire_to_message(wire: _Wire) -> Message:
    id, method, result, error = wire.id, wire.method, wire.result, wire.error
    if method is not UNSET and result is UNSET and error is UNSET:
        params = NOTHING if wire.params is UNSET else wire.params
        return Notification(method, params) if id is UNSET else Request(id, method, params)
    if method is UNSET and id is not UNSET:
        if result is not UNSET and error is UNSET:
            return Reply(id, result)
        if error is not UNSET and result is UNSET:
            return Failure(id, error)
    raise AuradError("E107-MESSAGE", "cannot read the message: it is neither a request nor an answer")

"""Finding and exposing a tensor inside an ONNX file, without the onnx package.

Owns just enough protobuf to walk `ModelProto.graph` and to add an output to it. Knows nothing of speech.
"""

from __future__ import annotations

from collections.abc import Iterator

# Field numbers of onnx.proto3.
_MODEL_GRAPH, _GRAPH_NODE, _GRAPH_OUTPUT = 7, 1, 12
_NODE_INPUT, _NODE_OUTPUT, _NODE_OP = 1, 2, 4
_VALUE_NAME = 1

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

# What a length regulator does with durations: rounds them, keeps them positive, sums them up.
_ROUNDING = frozenset({"Round", "Ceil", "Floor", "Clip", "Cast", "Max"})


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at, value, shift = at + 1, value | (byte & 127) << shift, shift + 7
        if byte < 128:
            return value, at


def _fields(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    """The length-delimited fields of a message; numbers are stepped over."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        if kind == _VARINT:
            _, at = _varint(data, at)
        elif kind == _BYTES:
            length, at = _varint(data, at)
            yield key >> 3, data[at : at + length]
            at += length
        elif kind in {_FIXED32, _FIXED64}:
            at += 4 if kind == _FIXED32 else 8
        else:
            raise ValueError(f"cannot read the ONNX file: wire type {kind}")


def _node(data: memoryview) -> tuple[str, list[str], list[str]]:
    op, inputs, outputs = "", [], []
    for field, value in _fields(data):
        if field == _NODE_INPUT:
            inputs.append(str(value, "utf-8"))
        elif field == _NODE_OUTPUT:
            outputs.append(str(value, "utf-8"))
        elif field == _NODE_OP:
            op = str(value, "utf-8")
    return op, inputs, outputs


def duration_candidates(model: bytes) -> list[str]:
    """Names of tensors that may hold a duration for each symbol, the likeliest first.

    First what is summed up along time (a length regulator's first step), then what comes out of a
    rounding and whatever only re-types that.
    """
    nodes = [
        _node(node)
        for field, graph in _fields(memoryview(model))
        if field == _MODEL_GRAPH
        for inner, node in _fields(graph)
        if inner == _GRAPH_NODE
    ]
    summed = [inputs[0] for op, inputs, _ in nodes if op == "CumSum"]
    rounded: list[str] = []
    for op, inputs, outputs in nodes:  # nodes are stored in topological order
        if op in {"Round", "Ceil", "Floor"} or (op in _ROUNDING and inputs[0] in rounded):
            rounded += outputs
    return list(dict.fromkeys(summed + rounded[::-1]))


def _message(field: int, payload: bytes) -> bytes:
    length, size = bytearray(), len(payload)
    while size > 127:
        length.append(size & 127 | 128)
        size >>= 7
    return bytes([field << 3 | _BYTES, *length, size]) + payload


def with_outputs(model: bytes, names: list[str]) -> bytes:
    """The model with these inner tensors as further outputs.

    Parsers merge a message that occurs twice and append its repeated fields, so adding bytes to the end
    is adding outputs; their types are left to inference.
    """
    outputs = b"".join(_message(_GRAPH_OUTPUT, _message(_VALUE_NAME, name.encode())) for name in names)
    return model + _message(_MODEL_GRAPH, outputs) if names else model

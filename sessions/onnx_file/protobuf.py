"""Just enough of the protobuf wire format to read an ONNX file's header without loading its weights.

Source: https://protobuf.dev/programming-guides/encoding/
"""

from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


class MalformedError(ValueError):
    """The bytes are no protobuf message."""


class CutOffError(MalformedError):
    """The message ends in the middle of a field."""


def read_fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """(field number, value) of each field: an int, or a view of the bytes of strings and sub-messages."""
    position = 0
    while position < len(message):
        tag, position = _varint(message, position)
        number, kind = tag >> 3, tag & 7
        if number == 0 or kind not in (VARINT, FIXED64, BYTES, FIXED32):
            raise MalformedError(f"field {number} of wire type {kind}")
        if kind == VARINT:
            value, position = _varint(message, position)
            yield number, value
            continue
        length = {FIXED64: 8, FIXED32: 4}.get(kind, -1)
        if length < 0:
            length, position = _varint(message, position)
        if position + length > len(message):
            raise CutOffError(f"field {number} needs {length:,} bytes, {len(message) - position:,} are left")
        yield number, message[position : position + length]
        position += length


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(message):
            raise CutOffError("the message ends in the middle of a number")
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise MalformedError("a number of more than 10 bytes")

"""Protobuf by hand, for files that no library writes. Source: https://protobuf.dev/programming-guides/encoding/"""


def varint(number: int) -> bytes:
    data = bytearray()
    while number > 127:
        data.append(number & 127 | 128)
        number >>= 7
    data.append(number)
    return bytes(data)


def integer(field: int, number: int) -> bytes:
    return varint(field << 3) + varint(number)


def message(field: int, content: bytes) -> bytes:
    """Also a string."""
    return varint(field << 3 | 2) + varint(len(content)) + content


IR = integer(1, 8)
EMPTY_GRAPH = message(7, b"")


def external(location: bytes, tensor: bytes = b"") -> bytes:
    """A TensorProto whose data lies elsewhere."""
    return message(8, b"w") + message(13, message(1, b"location") + message(2, location)) + tensor


def model(*graph: bytes) -> bytes:
    return IR + message(7, b"".join(graph))

"""Just enough of the protobuf wire format to read an ONNX file's header without loading its weights.

Nothing in a file is believed: each length is held against what is left, each value against the type that is asked for,
and the whole against a budget, so that a file of any content costs a second or two and some megabytes at most.
Source: https://protobuf.dev/programming-guides/encoding/
"""

from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
FIXED = {FIXED64: 8, FIXED32: 4}
LARGEST_NUMBER = 2**64 - 1
# The largest networks of pictures have some 20,000 nodes and 100,000 fields outside them.
MOST_FIELDS = 500_000
MOST_TEXT = 16 * 2**20  # bytes of names and metadata


class MalformedError(ValueError):
    """The bytes are no protobuf message, or one of other fields than ONNX's."""


class CutOffError(MalformedError):
    """The message ends in the middle of a field."""


class TooLargeError(MalformedError):
    """More fields or more text than any header has."""


class Budget:
    """What may still be read of one file."""

    def __init__(self, fields: int = MOST_FIELDS, text: int = MOST_TEXT) -> None:
        self.fields = fields
        self.text = text

    def spend_field(self) -> None:
        self.fields -= 1
        if self.fields < 0:
            raise TooLargeError(f"its header has more than {MOST_FIELDS:,} fields")

    def spend_text(self, count: int) -> None:
        self.text -= count
        if self.text < 0:
            raise TooLargeError(f"its header has more than {MOST_TEXT:,} bytes of text")


class Message:
    """A message whose fields are asked for by number and type. Raises MalformedError for one of another type.

    Of a field that comes twice the last counts, as in protobuf.
    """

    def __init__(self, view: memoryview, budget: Budget) -> None:
        self._budget = budget
        self._fields: dict[int, list[int | memoryview]] = {}
        for number, value in _read_fields(view, budget):
            if number in self._fields:
                self._fields[number].append(value)
            else:
                self._fields[number] = [value]

    def integer(self, number: int) -> int:
        """0 where it is not there."""
        value = self._fields.get(number, [0])[-1]
        if not isinstance(value, int):
            raise MalformedError(f"field {number} holds bytes, not a number")
        return value

    def integers(self, number: int) -> list[int]:
        """All of a repeated field, one by one or packed."""
        numbers: list[int] = []
        for value in self._fields.get(number, []):
            if isinstance(value, int):
                numbers.append(value)
                continue
            position = 0
            while position < len(value):
                self._budget.spend_field()
                each, position = _varint(value, position)
                numbers.append(each)
        return numbers

    def views(self, number: int) -> list[memoryview]:
        """The bytes of each."""
        values = self._fields.get(number, [])
        views = [value for value in values if isinstance(value, memoryview)]
        if len(views) != len(values):
            raise MalformedError(f"field {number} holds a number, not bytes")
        return views

    def texts(self, number: int) -> list[str]:
        return [self._decode(view) for view in self.views(number)]

    def text(self, number: int) -> str:
        """Empty where it is not there."""
        views = self.views(number)
        return self._decode(views[-1]) if views else ""

    def messages(self, number: int) -> Iterator["Message"]:
        return (self.message(view) for view in self.views(number))

    def message(self, view: memoryview) -> "Message":
        """A message of the same budget."""
        return Message(view, self._budget)

    def _decode(self, view: memoryview) -> str:
        self._budget.spend_text(len(view))
        try:
            return bytes(view).decode()
        except UnicodeDecodeError as error:
            raise MalformedError(f"a name is no UTF-8: {error.reason}") from error


def _read_fields(view: memoryview, budget: Budget) -> Iterator[tuple[int, int | memoryview]]:
    """(field number, value) of each field: an int, or a view of the bytes of strings and sub-messages.

    Numbers of fixed width, which no header has, are passed over.
    """
    position, end = 0, len(view)
    while position < end:
        budget.spend_field()
        tag = view[position]
        position += 1
        if tag >= 0x80:
            tag, position = _varint(view, position - 1)
        number, kind = tag >> 3, tag & 7
        if number == 0 or number >= 2**29 or kind not in (VARINT, FIXED64, BYTES, FIXED32):
            raise MalformedError(f"field {number} of wire type {kind}")
        if kind == VARINT:
            value, position = _varint(view, position)
            yield number, value
            continue
        length, position = (FIXED[kind], position) if kind in FIXED else _varint(view, position)
        if length > end - position:
            raise CutOffError(f"field {number} needs {length:,} bytes, {end - position:,} are left")
        if kind == BYTES:
            yield number, view[position : position + length]
        position += length


def _varint(view: memoryview, position: int) -> tuple[int, int]:
    if position < len(view) and (byte := view[position]) < 0x80:  # most are of one byte
        return byte, position + 1
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(view):
            raise CutOffError("the message ends in the middle of a number")
        byte = view[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value > LARGEST_NUMBER:
                break
            return value, position
    raise MalformedError("a number of more than 64 bits")

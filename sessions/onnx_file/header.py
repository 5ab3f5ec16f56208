"""What an ONNX file says of itself, read from its bytes: nothing is run and no weight is loaded.

Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ...errors import ExternalDataError, NotOnnxError
from .check import check_model_file, cut_off, unknown
from .protobuf import CutOffError, MalformedError, read_fields

KINDS = {1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 8: "string", 9: "bool"}
KINDS |= {10: "float16", 11: "float64", 12: "uint32", 13: "uint64", 16: "bfloat16"}
PASS_THROUGH = {
    "Identity",
    "Cast",
    "Squeeze",
    "Unsqueeze",
    "Reshape",
    "Transpose",
    "Resize",
    "Slice",
    "Gather",
    "Concat",
}
Message = memoryview


@dataclass(frozen=True)
class TensorFacts:
    """An input or output: its name, element type, and shape with None for whatever may vary."""

    name: str
    kind: str
    shape: tuple[int | None, ...]

    def __str__(self) -> str:
        return f"{self.name} {self.kind} {['?' if side is None else side for side in self.shape]}".replace("'", "")


@dataclass(frozen=True)
class ModelFacts:
    """The header of a model.

    last_ops: for each output, the operator that computes its values. external: files beside it that hold weights.
    """

    ir_version: int
    opsets: dict[str, int]
    producer: str
    metadata: dict[str, str]
    inputs: tuple[TensorFacts, ...]
    outputs: tuple[TensorFacts, ...]
    last_ops: dict[str, str]
    external: tuple[str, ...] = ()


def inspect(path: Path) -> ModelFacts:
    """Read a model's header.

    Raises ModelNotFoundError, NotOnnxError, and ExternalDataError where weights that lie beside the file are missing
    or point outside its folder.
    """
    check_model_file(path)
    with path.open("rb") as file:
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)  # closed with the last view of it
    try:
        return _read_model(path, memoryview(content))
    except CutOffError as error:
        # Every ONNX file begins with its ir_version; other bytes only look like a message for a while.
        raise NotOnnxError(cut_off(path) if content[:1] == b"\x08" else unknown(path)) from error
    except (MalformedError, UnicodeDecodeError, TypeError) as error:
        raise NotOnnxError(unknown(path)) from error


def _read_model(path: Path, view: Message) -> ModelFacts:
    numbers: dict[int, int] = {}
    texts: dict[int, str] = {}
    opsets: dict[str, int] = {}
    metadata: dict[str, str] = {}
    graph: Message | None = None
    for number, value in read_fields(view):
        if isinstance(value, int):
            numbers[number] = value
        elif number == 7:
            graph = value
        elif number == 8:
            entry = dict(read_fields(value))
            opsets[_text(entry.get(1, b""))] = int(entry.get(2, 0))
        elif number == 14:
            entry = dict(read_fields(value))
            metadata[_text(entry.get(1, b""))] = _text(entry.get(2, b""))
        elif number in (2, 3):
            texts[number] = _text(value)
    if graph is None:
        raise CutOffError("no graph")
    inputs, outputs, last_ops, external = _read_graph(path, graph)
    producer = " ".join(texts[number] for number in sorted(texts))
    return ModelFacts(numbers.get(1, 0), opsets, producer, metadata, inputs, outputs, last_ops, external)


def _read_graph(
    path: Path, graph: Message
) -> tuple[tuple[TensorFacts, ...], tuple[TensorFacts, ...], dict[str, str], tuple[str, ...]]:
    nodes, inputs, outputs, weights, external = [], [], [], set(), set()
    for number, value in read_fields(graph):
        if isinstance(value, int):
            continue
        if number == 1:
            nodes.append(value)
        elif number == 5:
            weight, file = _read_weight(path, value)
            weights.add(weight)
            external |= {file} - {""}
        elif number == 11:
            inputs.append(_read_tensor(value))
        elif number == 12:
            outputs.append(_read_tensor(value))
    # Old exporters list every weight among the inputs.
    pictures = tuple(entry for entry in inputs if entry.name not in weights)
    return pictures, tuple(outputs), _last_ops(nodes, [entry.name for entry in outputs]), tuple(sorted(external))


def _read_weight(path: Path, tensor: Message) -> tuple[str, str]:
    """A weight's name, and the other file that holds its data. Raises ExternalDataError where that cannot be used."""
    name = file = ""
    for number, value in read_fields(tensor):
        if number == 8:
            name = _text(value)
        elif number == 13 and not isinstance(value, int):
            entry = dict(read_fields(value))
            if _text(entry.get(1, b"")) == "location":
                file = _text(entry.get(2, b""))
                _check_external(path, file)
    return name, file


def _check_external(path: Path, location: str) -> None:
    folder = path.resolve().parent
    data = (folder / location).resolve()
    if not data.is_relative_to(folder):
        raise ExternalDataError(f"{path.name} wants its weights from {location!r}, outside its own folder: refused")
    if not data.is_file():
        raise ExternalDataError(
            f"{path.name} keeps its weights in a second file, {location}, which is not there: put it beside the model, "
            f"into {folder}"
        )


def _read_tensor(info: Message) -> TensorFacts:
    entry = dict(read_fields(info))
    kind = "unknown"
    shape: tuple[int | None, ...] = ()
    for number, tensor in read_fields(_message(entry.get(2, b""))):
        if number == 1:
            values = dict(read_fields(_message(tensor)))
            kind = KINDS.get(int(values.get(1, 0)), "unknown")
            shape = tuple(_read_dims(_message(values.get(2, b""))))
    return TensorFacts(_text(entry.get(1, b"")), kind, shape)


def _read_dims(shape: Message) -> Iterator[int | None]:
    """Fixed sides as numbers. Dynamic ones are spelt as a name, as 0, as -1, or left out."""
    for _, dim in read_fields(shape):
        side = dict(read_fields(_message(dim))).get(1)
        yield side if isinstance(side, int) and 0 < side < 2**31 else None


def _last_ops(nodes: list[Message], outputs: list[str]) -> dict[str, str]:
    """Which operator gave each output its values; ops that only move values about are looked through."""
    wanted = {name: name for name in outputs}  # tensor -> the output that it becomes
    found: dict[str, str] = {}
    for node in reversed(nodes):
        if not wanted:
            break
        inputs, makes, op = _read_node(node)
        for output in [wanted.pop(name) for name in makes if name in wanted]:
            if op in PASS_THROUGH and inputs:
                wanted[inputs[0]] = output
            else:
                found[output] = op
    return found


def _read_node(node: Message) -> tuple[list[str], list[str], str]:
    inputs, outputs, op = [], [], ""
    for number, value in read_fields(node):
        if number == 1:
            inputs.append(_text(value))
        elif number == 2:
            outputs.append(_text(value))
        elif number == 4:
            op = _text(value)
    return inputs, outputs, op


def _text(value: object) -> str:
    return bytes(value).decode()  # type: ignore[call-overload, no-any-return]


def _message(value: object) -> Message:
    if isinstance(value, int):
        raise MalformedError("a number where a message belongs")
    return memoryview(value)  # type: ignore[arg-type]

"""What an ONNX file says of itself, read from its bytes: nothing is run and no weight is loaded.

Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ...plain_text import plain
from .external import check_location, find_in_nodes, find_locations
from .mapped import read_mapped
from .producers import find_last_ops
from .protobuf import Budget, CutOffError, MalformedError, Message

KINDS = {1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 8: "string", 9: "bool"}
KINDS |= {10: "float16", 11: "float64", 12: "uint32", 13: "uint64", 16: "bfloat16"}


@dataclass(frozen=True)
class TensorFacts:
    """An input or output: its name, element type, and shape with None for whatever may vary."""

    name: str
    kind: str
    shape: tuple[int | None, ...]

    def __str__(self) -> str:
        sides = ", ".join("?" if side is None else str(side) for side in self.shape)
        return f"{plain(self.name) or 'nameless'} {self.kind} [{plain(sides)}]"


@dataclass(frozen=True)
class ModelFacts:
    """The header of a model, its texts as they stand in the file: whoever shows one shows it by `plain_text`.

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
    or point outside its folder; ModelError where the file cannot be opened.
    """
    facts = read_mapped(path, read_header)
    for location in facts.external:
        check_location(path, location)
    return facts


def read_header(view: memoryview) -> ModelFacts:
    """The header in a model's bytes. Raises MalformedError, and its kinds CutOffError and TooLargeError."""
    model = Message(view, Budget())
    graphs = model.views(7)
    if not graphs:
        raise CutOffError("no graph")
    if len(graphs) > 1:  # onnxruntime would merge them
        raise MalformedError("several graphs")
    graph = model.message(graphs[0])
    # Old exporters list every weight among the inputs.
    weights = {tensor.text(8) for tensor in graph.messages(5)}
    inputs = [entry for entry in map(_read_tensor, graph.messages(11)) if entry.name not in weights]
    outputs = [_read_tensor(entry) for entry in graph.messages(12)]
    return ModelFacts(
        model.integer(1),
        {entry.text(1): entry.integer(2) for entry in model.messages(8)},
        " ".join(text for text in (model.text(2), model.text(3)) if text),
        {entry.text(1): entry.text(2) for entry in model.messages(14)},
        tuple(inputs),
        tuple(outputs),
        find_last_ops(graph, [entry.name for entry in outputs]),
        tuple(sorted(set(_locations(model, graph)))),
    )


def _locations(model: Message, graph: Message) -> Iterator[str]:
    yield from find_locations(graph)
    for function in model.messages(25):
        yield from find_in_nodes(function, function.views(7))


def _read_tensor(info: Message) -> TensorFacts:
    kind = "unknown"
    shape: tuple[int | None, ...] = ()
    for types in info.messages(2):
        for tensor in types.messages(1):
            kind = KINDS.get(tensor.integer(1), "unknown")
            shape = tuple(side for dims in tensor.messages(2) for side in _read_dims(dims))
    return TensorFacts(info.text(1), kind, shape)


def _read_dims(shape: Message) -> Iterator[int | None]:
    """Fixed sides as numbers. Dynamic ones are spelt as a name, as 0, as -1, or left out."""
    for dim in shape.messages(1):
        side = dim.integer(1)
        yield side if 0 < side < 2**31 else None

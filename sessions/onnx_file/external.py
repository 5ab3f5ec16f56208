"""Weights that a model keeps in other files: where its header says that they lie, and whether that may be.

Looked at wherever a tensor can be, since older onnxruntimes read any file that a `location` names. The rule is that of
newer ones (1.32): a relative path whose target, links followed, lies in the folder of the model's name or in that of
the model's own target. So Hugging Face's cache works, where both are links into `blobs/`.

Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

import os
from collections.abc import Iterator
from pathlib import Path, PureWindowsPath

from ...errors import ExternalDataError
from ...plain_text import plain
from .protobuf import MalformedError, Message

DEEPEST = 16  # graphs within graphs (If, Loop)
SMALL = 4096  # bytes; what is smaller is searched faster than read
KEY = "location"
OUTSIDE = "outside its own folder: refused. Weights lie beside their model, or in a folder there"
IN_MEMORY = "_ORT_MEM_ADDR_"  # onnxruntime's mark of a tensor at an address of its own process


def find_locations(graph: Message, depth: int = 0) -> Iterator[str]:
    """Every `location` in a GraphProto: of its weights, its nodes' attributes, and graphs within those."""
    if depth > DEEPEST:
        raise MalformedError(f"more than {DEEPEST} graphs within graphs")
    for tensor in graph.messages(5):
        yield from _of_tensor(tensor)
    for sparse in graph.messages(15):
        yield from _of_sparse(sparse)
    yield from find_in_nodes(graph, graph.views(1), depth)


def find_in_nodes(parent: Message, nodes: list[memoryview], depth: int = 0) -> Iterator[str]:
    """The same of NodeProtos, of a graph or a function."""
    for view in nodes:
        if len(view) > SMALL or KEY.encode() in bytes(view):
            for attribute in parent.message(view).messages(5):
                yield from _of_attribute(attribute, depth)


def _of_attribute(attribute: Message, depth: int) -> Iterator[str]:
    for number in (5, 10):
        for tensor in attribute.messages(number):
            yield from _of_tensor(tensor)
    for number in (22, 23):
        for sparse in attribute.messages(number):
            yield from _of_sparse(sparse)
    for number in (6, 11):
        for graph in attribute.messages(number):
            yield from find_locations(graph, depth + 1)


def _of_sparse(sparse: Message) -> Iterator[str]:
    for number in (1, 2):
        for tensor in sparse.messages(number):
            yield from _of_tensor(tensor)


def _of_tensor(tensor: Message) -> Iterator[str]:
    return (entry.text(2) for entry in tensor.messages(13) if entry.text(1) == KEY)


def check_location(model: Path, location: str) -> None:
    """Raises ExternalDataError where there is no such file, or a model may not name it."""
    if not _is_below(location):
        raise ExternalDataError(f"{model.name} wants its weights from {_quoted(location)}, {OUTSIDE}")
    data = _resolve(model, model.parent / location) if location and "\0" not in location else None
    if data is None:
        raise ExternalDataError(
            f"{model.name} keeps its weights in a second file, {_quoted(location)}, which is not there: put it beside "
            f"the model, into {model.parent.absolute()}"
        )
    allowed = model.parent.resolve(), model.resolve().parent
    if not any(data.is_relative_to(folder) for folder in allowed):
        raise ExternalDataError(
            f"{model.name} wants its weights from {_quoted(location)}, {OUTSIDE}, not behind a link"
        )


def _is_below(location: str) -> bool:
    """Whether a path, as it is written, stays in its folder; on no system may it begin elsewhere."""
    windows = PureWindowsPath(location)
    begins_elsewhere = location.startswith("/") or windows.drive or windows.root or IN_MEMORY in location
    return not begins_elsewhere and ".." not in Path(os.path.normpath(location)).parts[:1]


def _resolve(model: Path, data: Path) -> Path | None:
    """The file behind links, None where there is no regular file. Raises ExternalDataError for a name too long, and for
    links in a circle."""
    try:
        return data.resolve() if data.is_file() else None
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ExternalDataError(
            f"{model.name} keeps its weights in a second file, {_quoted(data.name)}, which cannot be opened: {reason}"
        ) from error


def _quoted(location: str) -> str:
    return repr(plain(location))

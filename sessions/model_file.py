"""Is this file an ONNX model? Said from its bytes: onnxruntime calls every stranger "Protobuf parsing failed"."""

from pathlib import Path
from typing import BinaryIO

from ..errors import ModelNotFoundError, NotOnnxError

STRANGERS = (
    (b"version https://git-lfs", "a git-lfs pointer, not the model itself: run `git lfs pull`, or download the file"),
    (b"PK\x03\x04", "a zip archive: unpack it and use the .onnx file inside"),
    (b"\x1f\x8b", "a gzip archive: unpack it and use the .onnx file inside"),
    (b"\x89HDF", "an HDF5 file (Keras); export the model to ONNX"),
    (b"\x80\x02", "a Python pickle (an old PyTorch checkpoint); export the model to ONNX"),
    (b"GGUF", "a GGUF file; this pack runs ONNX models only"),
)
GRAPH_FIELD = 7  # ModelProto.graph, https://github.com/onnx/onnx/blob/main/onnx/onnx.proto


def check_model_file(path: Path) -> None:
    """Refuse what cannot be loaded, saying what it is. Reads a few bytes, whatever the file's size.

    Raises ModelNotFoundError where there is no file, NotOnnxError for anything but a whole ONNX model.
    """
    if not path.is_file():
        raise ModelNotFoundError(
            f"no model file at {path}: put the .onnx file into ComfyUI's models/onnx folder, refresh the page (R) "
            "and pick it again"
        )
    with path.open("rb") as file:
        head = file.read(512)
        _refuse_strangers(path, head)
        file.seek(0)
        _walk_fields(path, file, path.stat().st_size)


def _refuse_strangers(path: Path, head: bytes) -> None:
    if not head:
        raise NotOnnxError(f"{path.name} is empty (0 bytes): download it again")
    if head.lstrip()[:1] == b"<":
        raise NotOnnxError(
            f"{path.name} is a web page (it begins with {head.strip()[:15]!r}), not an ONNX model: the download "
            "gave an error or login page; download the file itself"
        )
    for magic, what in STRANGERS:
        if head.startswith(magic):
            raise NotOnnxError(f"{path.name} is {what}")


def _walk_fields(path: Path, file: BinaryIO, size: int) -> None:
    """Step over the top-level protobuf fields: they must end where the file ends and hold a graph."""
    fields = set()
    while file.tell() < size:
        tag = _read_varint(path, file)
        fields.add(tag >> 3)
        if tag & 7 == 0 and tag >> 3:
            _read_varint(path, file)
        elif tag & 7 == 2 and tag >> 3:
            end = _read_varint(path, file) + file.tell()
            if end > size:
                raise NotOnnxError(_cut_off(path, size) if 1 in fields else _unknown(path))
            file.seek(end)
        else:
            raise NotOnnxError(_unknown(path))
    if GRAPH_FIELD not in fields:
        raise NotOnnxError(_cut_off(path, size) if fields else _unknown(path))


def _read_varint(path: Path, file: BinaryIO) -> int:
    value = 0
    for shift in range(0, 70, 7):
        byte = file.read(1)
        if not byte:
            raise NotOnnxError(_cut_off(path, file.tell()))
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
    raise NotOnnxError(_unknown(path))


def _cut_off(path: Path, size: int) -> str:
    return f"{path.name} is a cut-off ONNX model: it ends after {size:,} bytes, in the middle; download it again"


def _unknown(path: Path) -> str:
    return f"{path.name} is not an ONNX model (its bytes are no ONNX protobuf): export or download the .onnx file"

"""Is this file an ONNX model? Said from its bytes: onnxruntime calls every stranger "Protobuf parsing failed"."""

from pathlib import Path

from ...errors import ModelError, ModelNotFoundError, NotOnnxError
from ...plain_text import plain

STRANGERS = (
    (b"version https://git-lfs", "a git-lfs pointer, not the model itself: run `git lfs pull`, or download the file"),
    (b"PK\x03\x04", "a zip archive: unpack it and use the .onnx file inside"),
    (b"\x1f\x8b", "a gzip archive: unpack it and use the .onnx file inside"),
    (b"\x89HDF", "an HDF5 file (Keras); export the model to ONNX"),
    (b"\x80\x02", "a Python pickle (an old PyTorch checkpoint); export the model to ONNX"),
    (b"GGUF", "a GGUF file; this pack runs ONNX models only"),
)


def check_model_file(path: Path) -> None:
    """Refuse what is known to be something else, saying what. Reads a few bytes, whatever the file's size.

    Raises ModelNotFoundError where there is no file, NotOnnxError for a stranger, ModelError where it cannot be opened.
    """
    try:
        if not path.is_file():
            raise ModelNotFoundError(
                f"no model file at {path}: put the .onnx file into ComfyUI's models/onnx folder, refresh the page (R) "
                "and pick it again"
            )
        with path.open("rb") as file:
            head = file.read(512)
    except OSError as error:
        raise unreadable(path, error) from error
    _refuse_strangers(path, head)


def unreadable(path: Path, error: Exception) -> ModelError:
    """For a file that is there and cannot be opened."""
    reason = getattr(error, "strerror", None) or error
    return ModelError(f"{path.name} cannot be read: {reason}; see to its permissions, or copy it again")


def _refuse_strangers(path: Path, head: bytes) -> None:
    if not head:
        raise NotOnnxError(f"{path.name} is empty (0 bytes): download it again")
    if head.lstrip()[:1] == b"<":
        begin = plain(head.strip()[:15].decode("utf-8", "replace"))
        raise NotOnnxError(
            f"{path.name} is a web page (it begins with '{begin}'), not an ONNX model: the download "
            "gave an error or login page; download the file itself"
        )
    for magic, what in STRANGERS:
        if head.startswith(magic):
            raise NotOnnxError(f"{path.name} is {what}")


def cut_off(path: Path) -> str:
    """What to say of a file that begins as a model and ends too early."""
    size = path.stat().st_size
    return f"{path.name} is a cut-off ONNX model: it ends after {size:,} bytes, in the middle; download it again"


def unknown(path: Path) -> str:
    """What to say of bytes that nobody knows."""
    return f"{path.name} is not an ONNX model (its bytes are no ONNX protobuf): export or download the .onnx file"


def too_large(path: Path, reason: Exception) -> str:
    """What to say of a model whose header is beyond all measure."""
    return f"{path.name} is not read: {reason}, which no model of pictures has; export it again"

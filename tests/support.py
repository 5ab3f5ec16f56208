"""What the tests share: real photos, tiny ONNX models, ComfyUI's ways of loading and saving."""

import json
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "data"


def modules(rooms: list[str]) -> list[Path]:
    """The Python files of these folders and of these files, both relative to the checkout."""
    return [
        path for room in rooms for path in sorted((ROOT / room).rglob("*.py") if "." not in room else [ROOT / room])
    ]


def photos() -> dict[str, Path | str]:
    """Real photos by name: scikit-image's own, and the shared ones where that folder exists."""
    found: dict[str, Path | str] = {name: name for name in ("astronaut", "chelsea", "coffee", "rocket")}
    if SHARED.is_dir():
        manifest = json.loads((SHARED / "manifest.json").read_text())
        found |= {entry["name"]: SHARED / entry["image"] for entry in manifest}
    return found


def open_photo(name: str) -> Image.Image:
    source = photos()[name]
    if isinstance(source, Path):
        return Image.open(source).convert("RGB")
    import skimage.data

    return Image.fromarray(getattr(skimage.data, source)())


def to_image(picture: Image.Image) -> torch.Tensor:
    """As ComfyUI's LoadImage: [1, H, W, 3] float32."""
    return torch.from_numpy(np.array(picture).astype(np.float32) / 255.0)[None]


def to_saved(values: torch.Tensor) -> np.ndarray:
    """As ComfyUI's SaveImage: truncated levels."""
    return np.clip(255.0 * values.numpy(), 0, 255).astype(np.uint8)


def write_model(path: Path, nodes, inputs, outputs, initializers=(), opset: int = 17) -> Path:
    """An ONNX file of these graph nodes."""
    graph = helper.make_graph(list(nodes), "tiny", list(inputs), list(outputs), list(initializers))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)
    return path


def picture_input(shape, kind: int = TensorProto.FLOAT, name: str = "input"):
    return helper.make_tensor_value_info(name, kind, list(shape))


def make_red_model(path: Path, shape=(1, 3, 64, 64)) -> Path:
    first = helper.make_tensor("first", TensorProto.INT64, [1], [0])
    node = helper.make_node("Gather", ["input", "first"], ["mask"], axis=1)
    out = helper.make_tensor_value_info("mask", TensorProto.FLOAT, [shape[0], 1, *shape[2:]])
    return write_model(path, [node], [picture_input(shape)], [out], [first])

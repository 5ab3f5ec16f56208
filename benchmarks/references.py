"""What a model's own code makes of a photo: hand-written pre- and post-processing, independent of `sessions`.

numpy, OpenCV and onnxruntime alone. Sources of each model's numbers: `code` in any_onnx.toml.
"""

import tomllib
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

Photo = NDArray[np.uint8]
Mask = NDArray[np.bool_]
YOLO_CONFIDENCE, YOLO_OVERLAP = 0.25, 0.7  # ultralytics 8, cfg/default.yaml


@dataclass(frozen=True)
class Reference:
    """How the model's own code feeds it and reads it.

    size: width, height. Each channel is fed as (level - mean) / std, in the order `channels`; `max` divides by the
    brightest level first, as U2-Net's loader does, and mean and std are then in 0..1. layout: of the input. output: its
    name, or the first. read: which pixels of it are the subject.
    """

    size: tuple[int, int]
    mean: tuple[float, ...] = (0, 0, 0)
    std: tuple[float, ...] = (255, 255, 255)
    channels: str = "rgb"
    max: bool = False
    layout: str = "nchw"
    output: str = ""
    read: str = "probability"
    extra: tuple[float, ...] = ()

    def mask(self, path: Path, photo: Photo) -> Mask:
        """Photo [H, W, 3] -> the subject [H, W]."""
        if self.read in SPECIAL:
            return SPECIAL[self.read](self, path, photo)
        output = run(path, {input_names(path)[0]: self.feed(photo)}, self.output)
        return READ[self.read](enlarge(self.maps(output), photo))

    def maps(self, output: NDArray[Any]) -> NDArray[np.float32]:
        """[1, C, h, w], [1, h, w, C], [1, h, w] or, of the input's size, [1, h * w] -> [h, w, C]."""
        maps = output[0] if output.ndim > 2 else output.reshape(self.size[::-1])
        maps = maps if maps.ndim == 3 else maps[..., None]
        channels_last = maps if maps.shape[2] < maps.shape[0] else maps.transpose(1, 2, 0)
        return channels_last.astype(np.float32)

    def feed(self, photo: Photo) -> NDArray[Any]:
        """Photo [H, W, 3] -> the model's input of one frame."""
        return self.normalise(cv2.resize(photo, self.size, interpolation=cv2.INTER_LINEAR))

    def normalise(self, levels: Photo) -> NDArray[Any]:
        ordered = levels[..., ::-1] if self.channels == "bgr" else levels
        values = (ordered / (ordered.max() if self.max else 1) - np.array(self.mean)) / np.array(self.std)
        planes = [values, *(np.full((*levels.shape[:2], 1), value) for value in self.extra)]
        frame = np.concatenate(planes, 2).astype(np.float32)
        return np.ascontiguousarray(frame.transpose(2, 0, 1) if self.layout == "nchw" else frame)[None]


@dataclass(frozen=True)
class Entry:
    """One model of the list. kind: `mask`, or what it is instead. recipe: none where no recipe can say it."""

    file: str
    kind: str
    origin: str
    licence: str
    sha256: str
    code: str = ""
    reference: dict[str, Any] = field(default_factory=dict)
    recipe: dict[str, Any] = field(default_factory=dict)
    photos: tuple[str, ...] = ()


def read_list() -> list[Entry]:
    """The models of any_onnx.toml."""
    text = Path(__file__).with_name("any_onnx.toml").read_text(encoding="utf-8")
    return [Entry(**values) for values in tomllib.loads(text)["model"]]


@lru_cache(maxsize=1)
def session(path: Path) -> Any:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors alone: old exports draw hundreds of warnings
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def input_names(path: Path) -> list[str]:
    return [entry.name for entry in session(path).get_inputs()]


def run(path: Path, feeds: dict[str, NDArray[Any]], output: str = "") -> NDArray[Any]:
    kinds = {entry.name: entry.type for entry in session(path).get_inputs()}
    cast = {"tensor(float16)": np.float16, "tensor(uint8)": np.uint8}
    feeds = {name: value.astype(cast.get(kinds[name], np.float32)) for name, value in feeds.items()}
    return np.asarray(session(path).run([output or session(path).get_outputs()[0].name], feeds)[0])


def enlarge(maps: NDArray[np.float32], photo: Photo) -> NDArray[np.float32]:
    """[h, w, C] -> [H, W, C], as most of their code does it."""
    resized = cv2.resize(maps, photo.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return resized.reshape(*photo.shape[:2], -1).astype(np.float32)


def stretched(maps: NDArray[np.float32]) -> Mask:
    values = maps[..., 0]
    return (values - values.min()) / (values.max() - values.min()) > 0.5


READ = {
    "probability": lambda maps: maps[..., 0] > 0.5,
    "logits": lambda maps: maps[..., 0] > 0,
    "min-max": stretched,
    "second of two": lambda maps: maps[..., 1] > maps[..., 0],
    "all but the first": lambda maps: maps.argmax(2) != 0,
    "any label": lambda maps: maps.max(2) > 0.5,
}


def yolo(reference: Reference, path: Path, photo: Photo) -> Mask:
    """ultralytics 8: letterbox on 114, boxes by NMS, each mask cut to its box; the subject is all instances."""
    (width, height), down, across = reference.size, *photo.shape[:2]
    scale = min(width / across, height / down)
    inner = round(across * scale), round(down * scale)
    left, top = round((width - inner[0]) / 2 - 0.1), round((height - inner[1]) / 2 - 0.1)
    canvas = np.full((height, width, 3), 114, np.uint8)
    canvas[top : top + inner[1], left : left + inner[0]] = cv2.resize(photo, inner, interpolation=cv2.INTER_LINEAR)
    feed = {input_names(path)[0]: reference.normalise(canvas)}
    rows, prototypes = run(path, feed, "output0")[0].T, run(path, feed, "output1")[0]
    boxes, scores, weights = rows[:, :4], rows[:, 4:-32].max(1), rows[:, -32:]
    corners = np.concatenate([boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, 2:]], 1)
    kept = cv2.dnn.NMSBoxesBatched(
        corners.tolist(), scores.tolist(), rows[:, 4:-32].argmax(1).tolist(), YOLO_CONFIDENCE, YOLO_OVERLAP
    )
    subject = np.zeros((height, width), bool)
    for index in np.array(kept, int).ravel():
        small = np.tensordot(weights[index], prototypes, 1)
        x, y, w, h = corners[index].round().astype(int)
        box = np.s_[max(y, 0) : y + h, max(x, 0) : x + w]
        subject[box] |= (cv2.resize(small, (width, height)) > 0)[box]
    cut = subject[top : top + inner[1], left : left + inner[0]].astype(np.float32)
    return np.asarray(cv2.resize(cut, (across, down), interpolation=cv2.INTER_LINEAR) > 0.5)


def recurrent(reference: Reference, path: Path, photo: Photo) -> Mask:
    """Robust Video Matting, inference.py: long side 512 (its downsample ratio's rule), states that begin as zeros."""
    scale = max(reference.size) / max(photo.shape[:2])
    small = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    feeds = {"src": reference.normalise(small), "downsample_ratio": np.array(1.0)}
    alpha = run(path, feeds | {f"r{number}i": np.array(0.0) for number in range(1, 5)}, "pha")
    return np.asarray(enlarge(alpha.reshape(*small.shape[:2], 1), photo)[..., 0] > 0.5)


SPECIAL = {"yolo": yolo, "recurrent": recurrent}

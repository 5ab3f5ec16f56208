"""Photos with reference mattes, small subjects made of them, and what models make of both, computed once."""

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from onnx_segmentation.matting.foreground.estimate import estimate_foreground
from onnx_segmentation.sessions.answer import Answer
from onnx_segmentation.sessions.asking import Asking
from onnx_segmentation.sessions.session import CustomSession
from PIL import Image

from tools.pack import ROOT

TUNE = ROOT.parent / "shared" / "tune"
Values = NDArray[np.float32]
CANVAS = 1400, 900
LONGEST = 420  # pixels of a small subject
SMALL = (
    *("p3m_818e689d", "am2k_4", "p3m_bd6af989", "gfmd_10"),
    *("lemur", "p3ms_0865636e", "am2k_2", "p3m_07141906"),
)
PLACES = "meadow", "blur"


@dataclass(frozen=True)
class Photo:
    """name; rgb [H, W, 3] and alpha [H, W], its reference, 0..1."""

    name: str
    rgb: Values
    alpha: Values


class KeptMaps(CustomSession):
    """A session whose outputs are kept in a folder, so that tuning what comes after runs no network."""

    folder: Path

    def for_run(self, *arguments: Any, **named: Any) -> CustomSession:
        other = super().for_run(*arguments, **named)
        other.__class__ = KeptMaps
        return other

    def _answers(self, asking: Asking, frames: torch.Tensor, *arguments: Any) -> list[Answer]:
        return [self._kept(asking, frame, *arguments) for frame in frames]

    def _kept(self, asking: Asking, frame: torch.Tensor, *arguments: Any) -> Answer:
        key = hashlib.sha1(frame.numpy().tobytes() + repr((frame.shape, self.recipe)).encode()).hexdigest()
        path = self.folder / f"{self.path.stem}-{key}.npy"
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, super()._answers(asking, frame[None], *arguments)[0].maps.numpy())
        return Answer(torch.from_numpy(np.load(path)))


def photos() -> list[str]:
    """Their names; none without the shared folder."""
    manifest = TUNE / "manifest.json"
    return [entry["name"] for entry in json.loads(manifest.read_text())] if manifest.is_file() else []


@lru_cache(maxsize=4)
def photo(name: str) -> Photo:
    rgb = Image.open(TUNE / f"{name}.jpg").convert("RGB")
    return Photo(name, _values(rgb), _values(Image.open(TUNE / f"{name}.gt.png").convert("L")))


@lru_cache(maxsize=4)
def small_subject(name: str, place: str) -> Photo:
    """The photo's subject at LONGEST pixels on another background: alpha is exact."""
    source = photo(name)
    scale = LONGEST / max(source.alpha.shape)
    size = round(source.alpha.shape[1] * scale), round(source.alpha.shape[0] * scale)
    rgb, alpha = (cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in (source.rgb, source.alpha))
    colours = estimate_foreground(torch.from_numpy(rgb), torch.from_numpy(alpha)).numpy()
    canvas, matte = _background(place).copy(), np.zeros(CANVAS[::-1], np.float32)
    left = (CANVAS[0] - size[0]) // 3 * (1 + SMALL.index(name) % 2)
    box = np.s_[CANVAS[1] - size[1] :, left : left + size[0]]
    canvas[box] = alpha[..., None] * colours + (1 - alpha[..., None]) * canvas[box]
    matte[box] = alpha
    return Photo(f"{name} on {place}", (canvas * 255).round() / np.float32(255), matte)


@lru_cache(maxsize=2)
def _background(place: str) -> Values:
    if place == "blur":
        return cv2.GaussianBlur(cv2.resize(photo("gfmd_3").rgb, CANVAS), (0, 0), 35)
    import skimage.data

    texture = cv2.resize(skimage.data.grass(), (CANVAS[0], CANVAS[0])).astype(np.float32)[: CANVAS[1]] / 255
    ground = texture[..., None] * np.array([0.55, 0.75, 0.35], np.float32)
    fall = np.linspace(0, 1, CANVAS[1], dtype=np.float32)[:, None, None]
    sky = np.array([0.45, 0.62, 0.85], np.float32) * (1 - fall) + np.array([0.85, 0.9, 0.95], np.float32) * fall
    share = np.clip((fall - 0.45) * 20, 0, 1)
    values: Values = cv2.GaussianBlur((ground * share + sky * (1 - share)).astype(np.float32), (0, 0), 1.5)
    return values


def _values(picture: Image.Image) -> Values:
    return np.asarray(picture, np.float32) / 255

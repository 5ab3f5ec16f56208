"""A picture in any form that Python has for one -> frames for the pipeline, and what came of them in the same form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import ImageError
from ..imaging.convert import to_levels, to_values
from .read import Picture, read_picture, to_picture

if TYPE_CHECKING:
    from PIL import Image

ALLOWED = "[height, width], [height, width, 3 or 4] or [batch, height, width, 3 or 4], of uint8 or of floats 0..1"
BRIGHTEST = 2.0  # of floats: resizing overshoots 1 by a little, a picture of 0..255 by far


@dataclass(frozen=True)
class Source:
    """frames: [B, H, W, 3 or 4] float32, 0..1. icc, dpi: as `Picture` has them.

    back: makes of values [B, H, W(, C)] float32 0..1 what the picture was given as.
    """

    frames: Tensor
    back: Callable[[Tensor], Any]
    icc: bytes | None = None
    dpi: tuple[float, float] | None = None


def to_source(image: object) -> Source:
    """A path, a file's bytes, an open file, a PIL picture, an array or a tensor (see ALLOWED).

    Raises ImageError for anything else, and what `read_picture` raises.
    """
    if isinstance(image, np.ndarray):
        return _from_array(image)
    if isinstance(image, Tensor):
        pixels = image.detach().cpu()
        source = _from_array((pixels.float() if pixels.is_floating_point() else pixels).numpy())
        return Source(source.frames, lambda values: torch.from_numpy(source.back(values)).to(image.device))
    picture = _read(image)
    return Source(to_values(picture.pixels)[None], _to_pil, picture.icc, picture.dpi)


def _read(image: Any) -> Picture:
    if isinstance(image, (str, PathLike)):
        return read_picture(Path(image))
    if isinstance(image, (bytes, bytearray, memoryview)):
        return read_picture(bytes(image))
    if hasattr(image, "getbands"):  # a PIL picture, without importing PIL for the others
        return to_picture(image)
    content = image.read() if hasattr(image, "read") else None
    if not isinstance(content, bytes):
        raise ImageError(
            f"a picture cannot be read from {type(image).__name__}; give a path, bytes, a file opened with 'rb', a PIL "
            f"picture, or an array or tensor {ALLOWED}"
        )
    return read_picture(content)


def _from_array(array: NDArray[Any]) -> Source:
    batched = array.ndim == 4
    frames = array if batched else array[None]
    frames = frames[..., None] if array.ndim == 2 else frames
    floats = np.issubdtype(array.dtype, np.floating)
    if frames.ndim != 4 or frames.shape[3] not in (1, 3, 4) or not (floats or array.dtype == np.uint8):
        raise ImageError(f"the array is {array.dtype} {list(array.shape)}; wanted is {ALLOWED}")
    frames = np.repeat(frames, 3, axis=3) if frames.shape[3] == 1 else frames

    def back(values: Tensor) -> NDArray[Any]:
        same = (values if floats else to_levels(values)).numpy()
        return same if batched else same[0]

    return Source(_to_floats(frames), back)


def _to_floats(frames: NDArray[Any]) -> Tensor:
    if frames.dtype == np.uint8:
        return torch.from_numpy(np.divide(frames, np.float32(255), dtype=np.float32))
    if frames.size and frames.max() > BRIGHTEST:
        raise ImageError(f"the array holds floats up to {frames.max():g}; wanted is 0..1: divide levels by 255")
    return torch.from_numpy(np.require(frames, np.float32, ["C", "W"]))


def _to_pil(values: Tensor) -> Image.Image:
    from PIL import Image

    return Image.fromarray(to_levels(values[0]).numpy())

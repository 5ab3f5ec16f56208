"""A refiner in memory: an ONNX file that makes alpha out of a picture and its trimap, such as ViTMatte."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from ..callbacks import RaiseIfCancelled
from ..errors import ModelError, ModelInputError, NotFiniteError
from ..plain_text import plain_error
from .onnx_file.header import inspect
from .onnx_file.picture_input import find_picture_input
from .pixels.layout import from_array, to_maps
from .runtime.loaded import FileIdentity, file_identity, open_model
from .runtime.memory import MakeRoom, release_torch_cache
from .runtime.providers import say_once

SIDE = 1024  # of exports that claim to take any size: ViTMatte's give wrong alphas at any other (rembg 2.0.86)
CHANNELS = 4


class Refiner:
    """path: an .onnx file that takes [1, 4, height, width] (R, G, B and trimap, 0..1) and gives alpha, 0..1.

    make_room: see `CustomSession`. Refiners of one file share one onnxruntime session; dropping them gives its memory
    back. Raises the ModelErrors of `errors`, and RuntimeMissingError.
    """

    def __init__(self, path: Path, *, provider: str | None = None, make_room: MakeRoom = release_torch_cache) -> None:
        self.path, self._asked = path, provider
        self.model = open_model(path, provider, make_room)
        picture = self.model.picture
        if picture.channels != CHANNELS or picture.kind == "uint8":
            raise ModelInputError(
                f"{path.name} takes {picture.channels} channels of {picture.kind}; a refiner takes 4 of floats (R, G, "
                "B and the trimap): pick a ViTMatte file as matting_method"
            )
        self.height, self.width = picture.height or SIDE, picture.width or SIDE

    def __reduce__(self) -> tuple[Callable[..., "Refiner"], tuple[Path, str | None]]:
        """Pickled, it is its path and provider: whoever unpickles it loads the file there."""
        return _reopen, (self.path.absolute(), self._asked)

    def __call__(self, pixel_values: Tensor, raise_if_cancelled: RaiseIfCancelled | None = None) -> Tensor:
        """[4, height, width] 0..1 on the CPU -> alpha [height, width] float32.

        raise_if_cancelled: see `LoadedModel.run`.

        Raises ModelOutputError where the output is no alpha, or of another size.
        """
        picture = self.model.picture
        feed = pixel_values.numpy().astype(picture.kind)
        feed = feed if picture.channels_first else feed.transpose(1, 2, 0)
        output = self.model.run(feed[None], [self.model.output_name(0)], raise_if_cancelled)[0]
        alpha = to_maps(from_array(output, self.path.name), self.path.name)[0, 0].float()
        if alpha.shape != pixel_values.shape[1:]:
            raise ModelInputError(f"{self.path.name} gives alpha of {list(alpha.shape)} for {list(feed.shape)}")
        if not bool(torch.isfinite(alpha).all()):
            raise NotFiniteError(f"{self.path.name} gives NaN or infinity: the file is damaged, download it again")
        return alpha


def _reopen(path: Path, provider: str | None) -> Refiner:
    return Refiner(path, provider=provider)


def is_refiner(path: Path) -> bool:
    """Whether a file's header declares the four channels of a refiner. Read once per file, weights untouched.

    No file makes it fail: one that cannot be read is none, which the log says once.
    """
    try:
        return path.is_file() and _has_four_channels(path, file_identity(path))
    except (ModelError, OSError) as error:
        say_once(f"{path.name} is left out of the list of matting methods: {plain_error(error)}")
        return False


@lru_cache(maxsize=4096)
def _has_four_channels(path: Path, _: FileIdentity) -> bool:
    try:
        return find_picture_input(path.name, inspect(path)).channels == CHANNELS
    except ModelInputError:  # a model, and none of those
        return False
    except ModelError as error:
        say_once(f"{path.name} is left out of the list of matting methods: {error}")
        return False

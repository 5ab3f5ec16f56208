"""CustomSession: one loaded ONNX model and how to feed it."""

from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from ..imaging.convert import from_pil, to_pil
from ..imaging.resize import resize
from ..stages import stage
from .container import CustomSessionContainer
from .loaded import open_model
from .normalise import decode_min_max, normalise


class CustomSession:
    """A segmentation model in memory, fed as its normalization container says.

    path: the .onnx file. provider: an onnxruntime execution provider by name; None takes CUDA where it is there,
    the CPU otherwise. Sessions of one file share one onnxruntime session.

    Raises the ModelErrors of `errors`, and RuntimeMissingError.
    """

    def __init__(
        self,
        path: str | Path,
        container: CustomSessionContainer | None = None,
        *,
        provider: str | None = None,
    ) -> None:
        self.path = Path(path)
        self.container = container or CustomSessionContainer()
        with stage("load model"):
            self._model = open_model(self.path, provider)
        self._model.check_fit(self.container)

    @classmethod
    def from_container(
        cls, container: CustomSessionContainer, path: str | Path, *, provider: str | None = None
    ) -> "CustomSession":
        """The model at `path`, fed as `container` says."""
        return cls(path, container, provider=provider)

    @property
    def provider(self) -> str:
        """The execution provider that onnxruntime really uses."""
        return self._model.providers[0]

    def mask(self, frame: Tensor) -> Tensor:
        """One picture [H, W, 3] uint8 on the CPU -> its mask [H, W] uint8, 255 = subject.

        Raises ModelOutputError where the model's output cannot be read as a mask.
        """
        height, width = frame.shape[:2]
        with stage("resize and normalise"):
            feed = normalise(resize(frame.numpy(), self.container.width, self.container.height), self.container)
        with stage("model"):
            output = self._model.run(feed)
        with stage("decode and resize back"):
            return torch.from_numpy(resize(decode_min_max(output, self.path.name), width, height))

    def predict(self, img: Image.Image, *_: Any, **__: Any) -> list[Image.Image]:
        """One PIL picture -> [its mask, mode L]; the form of rembg's sessions, for `rembg.remove(img, session=...)`."""
        return [to_pil(self.mask(from_pil(img)))]

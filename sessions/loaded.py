"""One onnxruntime session per model file, shared by all who use it and gone with the last of them."""

import logging
import threading
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelInputError, NotOnnxError
from .container import CustomSessionContainer
from .model_file import check_model_file
from .runtime import check_providers, choose_providers, load_onnxruntime

logger = logging.getLogger("onnx_segmentation")


class LoadedModel:
    """An ONNX file in onnxruntime: one image input, and the first output."""

    def __init__(self, path: Path, providers: list[str]) -> None:
        """Raises ModelNotFoundError, NotOnnxError, ModelInputError or RuntimeMissingError, each saying what to do."""
        check_model_file(path)
        self.path = path
        self._session = _create_session(path, providers)
        self.providers: list[str] = self._session.get_providers()
        check_providers(path.name, providers, self.providers)
        self._input = self._image_input()
        self._output: str = self._session.get_outputs()[0].name

    def check_fit(self, container: CustomSessionContainer) -> None:
        """Raises ModelInputError where the model's fixed size is another than the container's."""
        height, width = self._input.shape[2:]
        fixed = [side if isinstance(side, int) and side > 0 else None for side in (width, height)]
        given = (container.width, container.height)
        if any(side not in (None, asked) for side, asked in zip(fixed, given, strict=True)):
            needed = [side or asked for side, asked in zip(fixed, given, strict=True)]
            raise ModelInputError(
                f"{self.path.name} takes {needed[0]} x {needed[1]} (width x height), the node says "
                f"{given[0]} x {given[1]}: set width to {needed[0]} and height to {needed[1]}"
            )

    def run(self, feed: NDArray[np.float32]) -> NDArray[Any]:
        """[1, 3, H, W] float32, normalised -> the first output as the model gives it."""
        return self._session.run([self._output], {self._input.name: feed})[0]  # type: ignore[no-any-return]

    def _image_input(self) -> Any:
        inputs = self._session.get_inputs()
        shapes = ", ".join(f"{entry.name} {entry.type} {entry.shape}" for entry in inputs)
        wanted = "these nodes feed one picture as float32 [1, 3, height, width]"
        if len(inputs) != 1:
            raise ModelInputError(f"{self.path.name} has {len(inputs)} inputs ({shapes}); {wanted}")
        entry = inputs[0]
        if entry.type != "tensor(float)" or len(entry.shape) != 4:
            raise ModelInputError(f"{self.path.name} takes {shapes}; {wanted}: export the model in that form")
        if isinstance(entry.shape[1], int) and entry.shape[1] not in (3, -1):
            raise ModelInputError(f"{self.path.name} takes {entry.shape[1]} channels ({shapes}); {wanted}")
        return entry


_models: WeakValueDictionary[tuple[str, int, int, str], LoadedModel] = WeakValueDictionary()
_loading = threading.Lock()


def open_model(path: Path, provider: str | None = None) -> LoadedModel:
    """The loaded model of this file, from memory where somebody still holds it.

    A file that was replaced on disk (another time or size) is loaded anew. The cache is weak: dropping every
    CustomSession of a file gives its memory back.
    """
    path = Path(path)
    if not path.is_file():
        check_model_file(path)  # raises, and says what to do
    providers = choose_providers(provider)
    stat = path.stat()
    key = (str(path.resolve()), stat.st_mtime_ns, stat.st_size, providers[0])
    with _loading:
        model = _models.get(key)
        if model is None:
            model = _models[key] = LoadedModel(path, providers)
            logger.info(f"loaded {path.name} on {model.providers[0]}")
        return model


def _create_session(path: Path, providers: list[str]) -> Any:
    ort = load_onnxruntime()
    state = ort.capi.onnxruntime_pybind11_state
    broken = (state.InvalidProtobuf, state.InvalidGraph, state.InvalidArgument, state.Fail, state.NotImplemented)
    try:
        return ort.InferenceSession(str(path), providers=providers)
    except broken as error:
        raise NotOnnxError(
            f"onnxruntime {ort.__version__} cannot load {path.name}: {error}. Download or export the file again, "
            "or update onnxruntime if the model is newer than it"
        ) from error

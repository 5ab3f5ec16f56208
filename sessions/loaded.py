"""One onnxruntime session per model file, shared by all who use it and gone with the last of them."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from numpy.typing import NDArray

from ..errors import CustomOperatorError, ModelError, ModelInputError, ModelTooNewError, NoMaskError, NotOnnxError
from .inspect import inspect
from .model_file import check_model_file
from .picture_input import find_picture_input
from .runtime import check_providers, choose_providers, load_onnxruntime

logger = logging.getLogger("onnx_segmentation")

FileIdentity = tuple[str, int, int]


class LoadedModel:
    """An ONNX file in onnxruntime. `facts` is its header, `picture` its input, `providers` what really runs it."""

    def __init__(self, path: Path, providers: list[str]) -> None:
        """Raises the ModelErrors of a file that cannot be used, or RuntimeMissingError, each saying what to do."""
        self.path = path
        self.identity = file_identity(path)
        self.facts = inspect(path)
        self.picture = find_picture_input(path.name, self.facts)
        self._session = _create_session(path, providers)
        self.providers: list[str] = self._session.get_providers()
        check_providers(path.name, providers, self.providers)

    def output_name(self, output: str | int) -> str:
        """An output's name, given by itself or by its index. Raises NoMaskError, naming those there are."""
        names = [entry.name for entry in self.facts.outputs]
        if isinstance(output, int) and 0 <= output < len(names):
            return names[output]
        if output not in names:
            raise NoMaskError(f"{self.path.name} has no output {output!r}; it has {', '.join(names)}")
        return str(output)

    def run(self, feed: NDArray[Any], outputs: list[str]) -> list[NDArray[Any]]:
        """A batch in the input's own form -> these outputs and no others."""
        errors = _run_errors()
        try:
            return self._session.run(outputs, {self.picture.name: feed})  # type: ignore[no-any-return]
        except errors as error:
            raise ModelInputError(f"{self.path.name} failed on an input of {list(feed.shape)}: {error}") from error


_models: WeakValueDictionary[tuple[FileIdentity, str, int], LoadedModel] = WeakValueDictionary()
_loading = threading.Lock()
_threads: ContextVar[int] = ContextVar("session_threads", default=0)


@contextmanager
def session_threads(count: int) -> Iterator[None]:
    """Models that the block loads run on this many threads of the CPU; 0 is onnxruntime's own choice, all cores."""
    token = _threads.set(count)
    try:
        yield
    finally:
        _threads.reset(token)


def open_model(path: Path, provider: str | None = None) -> LoadedModel:
    """The loaded model of this file, from memory where somebody still holds it.

    A file that was replaced on disk (another time or size) is loaded anew. The cache is weak: dropping every
    CustomSession of a file gives its memory back.
    """
    if not path.is_file():
        check_model_file(path)  # raises, and says what to do
    providers = choose_providers(provider)
    key = file_identity(path), providers[0], _threads.get()
    with _loading:
        model = _models.get(key)
        if model is None:
            model = _models[key] = LoadedModel(path, providers)
            logger.info(f"loaded {path.name} on {model.providers[0]}")
        return model


def file_identity(path: Path) -> FileIdentity:
    """Changes when the file does: its place, time and size."""
    stat = path.stat()
    return str(path.resolve()), stat.st_mtime_ns, stat.st_size


def _create_session(path: Path, providers: list[str]) -> Any:
    ort = load_onnxruntime()
    state = ort.capi.onnxruntime_pybind11_state
    broken = (state.InvalidProtobuf, state.InvalidGraph, state.InvalidArgument, state.Fail, state.NotImplemented)
    options = ort.SessionOptions()
    options.intra_op_num_threads = _threads.get()
    # Its threads would spin on after each run, in the way of what the pipeline does next.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    try:
        return ort.InferenceSession(str(path), options, providers=providers)
    except broken as error:
        raise _explain(path.name, f"onnxruntime {ort.__version__}", str(error)) from error


def _explain(model: str, runtime: str, reason: str) -> ModelError:
    if "IR version" in reason or "opset" in reason.lower():
        return ModelTooNewError(
            f"{model} is newer than {runtime}: {reason}. Update onnxruntime, or export the model with a lower opset"
        )
    if "is not a registered function/op" in reason:
        return CustomOperatorError(
            f"{model} uses an operator that {runtime} does not have: {reason}. Export it without custom operators"
        )
    return NotOnnxError(f"{runtime} cannot load {model}: {reason}. Download or export the file again")


def _run_errors() -> tuple[type[Exception], ...]:
    state = load_onnxruntime().capi.onnxruntime_pybind11_state
    return state.InvalidArgument, state.Fail, state.RuntimeException

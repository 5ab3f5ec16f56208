"""One onnxruntime session per model file, shared by all who use it and gone with the last of them."""

import logging
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...callbacks import RaiseIfCancelled
from ...errors import DeviceError, ModelError, ModelInputError, ModelMemoryError, NoMaskError
from ...forks import refuse_in_fork
from ...out_of_memory import is_out_of_memory
from ...plain_text import plain_error, plain_list
from ...values import shown
from ..onnx_file.check import check_model_file, unreadable
from ..onnx_file.header import inspect
from ..onnx_file.picture_input import find_picture_input
from .cancel import stoppable
from .cores import threads_of_session
from .create import create_session
from .device_errors import cause_of, what_to_do
from .library import CPU, CUDA, failures, load_onnxruntime, quiet, torch_has_cuda
from .memory import MakeRoom, release_torch_cache
from .providers import TENSORRT, choose_providers, plain_name, say_once, this_machine

logger = logging.getLogger("onnx_segmentation")

T = TypeVar("T")
FileIdentity = tuple[str, int, int]


class LoadedModel:
    """An ONNX file in onnxruntime.

    facts: its header. picture: its input. providers: what really runs it. device: where torch can hand it pictures
    without a copy through the host. frames_together: whether several in one run are as each alone; None: untried.

    `unload` gives its memory back; the next run loads it again.
    """

    def __init__(self, path: Path, providers: list[str], make_room: MakeRoom = release_torch_cache) -> None:
        """Raises the ModelErrors of a file that cannot be used, or RuntimeMissingError, each saying what to do."""
        self.path = path
        self.identity = file_identity(path)
        self.facts = inspect(path)
        self.picture = find_picture_input(path.name, self.facts)
        self.frames_together: bool | None = None if self.picture.batch is None else self.picture.batch > 1
        if self.picture.states:
            self.frames_together = False  # each waits for what the one before left
        self.bytes = self.identity[2]
        self._asked, self._make_room = providers, make_room
        self._process = os.getpid()
        self._use(create_session(path, providers, make_room))

    def _use(self, session: Any) -> None:
        self._session: Any = session
        self.providers: list[str] = session.get_providers()
        self.device = _device(self.providers[0])

    @property
    def is_loaded(self) -> bool:
        return self._session is not None

    def unload(self) -> None:
        """Give the memory back, as soon as a run that goes on elsewhere has ended."""
        if self._session is not None:
            self._session = None
            logger.info(f"unloaded {self.path.name}")

    def _opened(self) -> Any:
        """onnxruntime's session, loaded again if it was unloaded. Raises as the constructor does."""
        session = self._session
        if session is None:
            session = self._session = create_session(self.path, self._asked, self._make_room)
            logger.info(f"loaded {self.path.name} on {self.providers[0]} again")
        return session

    def output_name(self, output: str | int) -> str:
        """An output's name, given by itself or by its index. Raises NoMaskError, naming those there are."""
        names = [entry.name for entry in self.facts.outputs]
        if isinstance(output, int) and 0 <= output < len(names):
            return names[output]
        if output not in names:
            raise NoMaskError(f"{self.path.name} has no output {shown(output)}; it has {plain_list(names)}")
        return str(output)

    def gives_numbers(self, output: str) -> bool:
        """Whether the file says so of an output: no other can stay on a GPU."""
        return any(entry.name == output and entry.kind not in ("string", "unknown") for entry in self.facts.outputs)

    def run(
        self,
        feed: NDArray[Any],
        outputs: list[str],
        raise_if_cancelled: RaiseIfCancelled | None = None,
        others: Mapping[str, NDArray[Any]] | None = None,
    ) -> list[NDArray[Any]]:
        """A batch in the input's own form -> these outputs and no others.

        others: states and the picture's background, by the names of their inputs; without, states begin anew and the
        background is black.
        raise_if_cancelled: called before and, on the CPU, four times a second while the model runs; what it raises
        stops the model and passes through.
        What the device fails at is run again on the next provider, which the model stays on.
        Raises ModelInputError where the model cannot take it, ModelMemoryError where memory ran out, ForkedError.
        """
        try:
            return self._run(feed, outputs, raise_if_cancelled, others)
        except DeviceError as error:
            return self._go_on(error, lambda: self.run(feed, outputs, raise_if_cancelled, others))

    def _run(
        self,
        feed: NDArray[Any],
        outputs: list[str],
        raise_if_cancelled: RaiseIfCancelled | None,
        others: Mapping[str, NDArray[Any]] | None,
    ) -> list[NDArray[Any]]:
        self._refuse_in_fork()
        if raise_if_cancelled:
            raise_if_cancelled()
        options, feeds = (
            quiet(load_onnxruntime().RunOptions()),
            {self.picture.name: feed, **self._extras(feed.shape), **(others or {})},
        )
        # a GPU is quick, and its state hangs on the thread
        ask = raise_if_cancelled if self.providers[0] == CPU else None

        session = self._opened()

        def work() -> list[NDArray[Any]]:
            try:
                return run_session(session, outputs, feeds, options)
            except failures() as error:
                raise self._explain(error, feed.shape) from error

        return stoppable(work, options, ask)

    def run_on_device(
        self, feed: Tensor, output: str, raise_if_cancelled: RaiseIfCancelled | None = None, release_memory: bool = True
    ) -> Tensor:
        """As `run`, with a batch in memory of `device`, which stays there, as does the output.

        release_memory: afterwards onnxruntime gives back the GPU memory that it does not use.
        """
        try:
            return self._run_bound(feed, output, raise_if_cancelled, release_memory)
        except DeviceError as error:
            try:
                array = feed.cpu().numpy()
            except RuntimeError:  # the card is gone, and what lay on it
                raise error from None
            (values,) = self._go_on(error, lambda: self.run(array, [output], raise_if_cancelled))
            return torch.from_numpy(values).to(feed.device)

    def _go_on(self, error: DeviceError, again: Callable[[], T]) -> T:
        """The same work on the next provider. If that fails at it too, the device was not at fault, and is kept."""
        failed = self.providers[0]
        rest = self._asked[self._asked.index(failed) + 1 :] if failed in self._asked else []
        if not rest:
            raise error
        before = self._session
        self._use(create_session(self.path, rest, self._make_room))
        try:
            result = again()
        except ModelInputError:
            self._use(before)
            raise
        self._asked = rest  # whoever loads it again after `unload` need not fail first
        say_once(f"{error} {self.path.name} goes on on {plain_name(self.providers[0])}, with the same picture")
        return result

    def _run_bound(
        self, feed: Tensor, output: str, raise_if_cancelled: RaiseIfCancelled | None, release_memory: bool
    ) -> Tensor:
        self._refuse_in_fork()
        if raise_if_cancelled:
            raise_if_cancelled()
        feed = feed.contiguous()
        where = feed.device.type, feed.device.index or 0
        kind = getattr(np, self.picture.kind)
        session = self._opened()
        binding = session.io_binding()
        binding.bind_input(self.picture.name, *where, kind, tuple(feed.shape), feed.data_ptr())
        for name, value in self._extras(tuple(feed.shape)).items():
            binding.bind_cpu_input(name, value)
        binding.bind_output(output, *where)
        if feed.is_cuda:
            torch.cuda.current_stream(feed.device).synchronize()  # onnxruntime reads from a stream of its own
        try:
            run_binding(session, binding, _run_options(feed.device, release_memory))
        except failures() as error:
            raise self._explain(error, feed.shape) from error
        binding.synchronize_outputs()
        return self._shared(binding.get_outputs()[0])

    def _shared(self, value: Any) -> Tensor:
        """An output as a tensor of the same memory."""
        # Before 1.26 only the inner value can share its memory, before 1.22 none can.
        for shared in (value, getattr(value, "_ortvalue", None)):
            if hasattr(shared, "__dlpack__"):
                return torch.from_dlpack(shared)  # type: ignore[attr-defined]
        return torch.from_numpy(value.numpy()).to(self.device)

    def _refuse_in_fork(self) -> None:
        refuse_in_fork(self._process, f"{self.path.name} loaded")

    def _extras(self, shape: tuple[int, ...]) -> dict[str, NDArray[Any]]:
        """What the inputs beside the picture get, for a batch of this shape."""
        height, width = shape[-2:] if self.picture.channels_first else shape[-3:-1]
        values = {extra.name: extra.value(height, width) for extra in self.picture.extras}
        values |= {state.name: state.begin() for state in self.picture.states}
        return values | ({self.picture.plate: np.zeros(shape, self.picture.kind)} if self.picture.plate else {})

    def _explain(self, error: Exception, shape: tuple[int, ...]) -> ModelError:
        name = self.path.name
        if is_out_of_memory(error):
            reason = plain_error(error)
            return ModelMemoryError(f"memory ran out while {name} ran on {list(shape)}: {reason}. Use a smaller model")
        cause = cause_of(error) if self.providers[0] != CPU else None
        if cause:
            remedy = what_to_do(cause, self.providers[0], this_machine())
            return DeviceError(f"{plain_name(self.providers[0])} failed, {cause.name}: {plain_error(error)}. {remedy}.")
        return ModelInputError(f"{name} failed on an input of {list(shape)}: {plain_error(error)}")


def run_session(session: Any, outputs: list[str], feeds: dict[str, NDArray[Any]], options: Any) -> list[NDArray[Any]]:
    """onnxruntime's run, on its own for tests to fail in its place."""
    return session.run(outputs, feeds, options)  # type: ignore[no-any-return]


def run_binding(session: Any, binding: Any, options: Any) -> None:
    """onnxruntime's run with bound memory, on its own for tests to fail in its place."""
    session.run_with_iobinding(binding, options)


_models: WeakValueDictionary[tuple[FileIdentity, str, int], LoadedModel] = WeakValueDictionary()
_loading = threading.Lock()


def open_model(path: Path, provider: str | None = None, make_room: MakeRoom = release_torch_cache) -> LoadedModel:
    """The loaded model of this file, from memory where somebody still holds it.

    A file that was replaced on disk (another time or size) is loaded anew. The cache is weak: dropping every
    CustomSession of a file gives its memory back. make_room: see `memory`.
    """
    providers = choose_providers(provider)
    key = file_identity(path), providers[0], threads_of_session()
    with _loading:
        model = _models.get(key)
        if model is None:
            model = _models[key] = LoadedModel(path, providers, make_room)
            logger.info(f"loaded {path.name} on {model.providers[0]}")
        return model


def file_identity(path: Path) -> FileIdentity:
    """Changes when the file does: its place, time and size. Raises ModelNotFoundError where there is none."""
    try:
        stat = path.stat()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        check_model_file(path)  # says what to do
        raise unreadable(path, error) from error
    return str(path.resolve()), stat.st_mtime_ns, stat.st_size


def _device(provider: str) -> torch.device:
    """ROCm's and the others' pictures go through the host: nobody has tried to share memory with them."""
    on_gpu = provider in (CUDA, TENSORRT) and torch_has_cuda()
    return torch.device("cuda", torch.cuda.current_device()) if on_gpu else torch.device("cpu")


def _run_options(device: torch.device, release_memory: bool) -> Any:
    options = quiet(load_onnxruntime().RunOptions())
    if device.type == "cuda" and release_memory:
        options.add_run_config_entry("memory.enable_memory_arena_shrinkage", f"gpu:{device.index or 0}")
    return options

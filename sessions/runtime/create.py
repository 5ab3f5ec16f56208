"""Making an onnxruntime session: its options, the provider that fails, and the graph kept from last time."""

import logging
from pathlib import Path
from typing import Any

from ...caches import cache_folder
from ...errors import CustomOperatorError, ModelError, ModelMemoryError, ModelTooNewError, NotOnnxError
from ...plain_text import plain_error
from ..onnx_file.check import check_model_file
from .cores import threads_of_session
from .graph_cache import LARGEST, KeptGraph, discard
from .library import CPU, CUDA, failures, load_onnxruntime, quiet
from .memory import MakeRoom, is_out_of_memory
from .providers import plain_name, provider_options, say_once

logger = logging.getLogger("onnx_segmentation")

KEEPS_GRAPHS = (CPU, CUDA)  # the others compile parts of the graph, which cannot be written


def create_session(path: Path, providers: list[str], key: tuple[object, ...], make_room: MakeRoom) -> Any:
    """An onnxruntime session on the first of these providers, or on the CPU, with a warning, where that fails.

    key: of the file, for the graph kept on disk; empty to keep none. make_room is called before a GPU is used, and
    again where its memory did not suffice. Raises the ModelErrors of a file that cannot be used.
    """
    if providers[0] != CPU:
        make_room(2 * path.stat().st_size)
        session = _try(path, providers, key, make_room)
        if session:
            return session
    try:
        return _create(path, [CPU], key)
    except failures() as error:
        raise _explain(path, error) from error


def _try(path: Path, providers: list[str], key: tuple[object, ...], make_room: MakeRoom) -> Any:
    """None where the provider fails; once more where it ran out of memory."""
    for is_last in (False, True):
        try:
            return _create(path, providers, key)
        except failures() as error:
            reason = error
        if is_last or not is_out_of_memory(reason):
            break
        make_room(2 * path.stat().st_size)
    say_once(f"{path.name} cannot be loaded on {plain_name(providers[0])}, it goes to the CPU: {plain_error(reason)}")
    return None


def _create(path: Path, providers: list[str], key: tuple[object, ...]) -> Any:
    kept = _kept_graph(path, providers[0], key)
    if kept is None:
        return new_session(path, providers, session_options())
    found = kept.find()
    if found:
        try:
            return new_session(found, providers, session_options(optimise=False))
        except failures() as error:
            logger.debug(f"{found.name} cannot be loaded again: {error}")
            kept.refuse(found)
    return _create_and_keep(path, providers, kept)


def _create_and_keep(path: Path, providers: list[str], kept: KeptGraph) -> Any:
    written = kept.new_file()
    if written:
        try:
            session = new_session(path, providers, session_options(written))
        except failures() as error:
            logger.debug(f"the optimised {path.name} cannot be kept: {error}")
        else:
            if session.get_providers()[0] == providers[0]:
                kept.keep(written)
            return session
        finally:
            discard(written)
    return new_session(path, providers, session_options())


def _kept_graph(path: Path, provider: str, key: tuple[object, ...]) -> KeptGraph | None:
    folder = cache_folder()
    if folder is None or not key or provider not in KEEPS_GRAPHS or path.stat().st_size > LARGEST:
        return None
    return KeptGraph(folder, path.stem, (*key, provider, load_onnxruntime().__version__))


def session_options(written: Path | None = None, optimise: bool = True) -> Any:
    """written: where the optimised graph goes. optimise: False for a graph that is so already."""
    ort = load_onnxruntime()
    options = quiet(ort.SessionOptions())
    options.intra_op_num_threads = threads_of_session()
    # Its threads would spin on after each run, in the way of what the pipeline does next.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    # A plan of the memory costs a second copy of it: u2netp kept 542 MB with, 350 without, and ran as fast.
    options.enable_mem_pattern = False
    if not optimise:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    if written:
        options.optimized_model_filepath = str(written)
    return options


def new_session(path: Path, providers: list[str], options: Any) -> Any:
    """onnxruntime's own constructor, without its fall-back, which prints. Tests put failures in its place."""
    named = [(name, provider_options(name)) for name in providers]
    return load_onnxruntime().InferenceSession(str(path), options, providers=named, enable_fallback=0)


def _explain(path: Path, error: Exception) -> ModelError:
    raw, model, runtime = str(error), path.name, f"onnxruntime {load_onnxruntime().__version__}"
    no_memory, reason = is_out_of_memory(error), plain_error(error)
    check_model_file(path)  # it may be gone by now
    if no_memory:
        return ModelMemoryError(f"there is not enough memory to load {model}: {reason}. Use a smaller model")
    if "IR version" in raw or "opset" in raw.lower():
        return ModelTooNewError(
            f"{model} is newer than {runtime}: {reason}. Update onnxruntime, or export the model with a lower opset"
        )
    if "is not a registered function/op" in raw:
        return CustomOperatorError(
            f"{model} uses an operator that {runtime} does not have: {reason}. Export it without custom operators"
        )
    return NotOnnxError(f"{runtime} cannot load {model}: {reason}. Download or export the file again")

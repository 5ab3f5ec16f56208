"""Making an onnxruntime session: its options, and the provider that fails."""

import os
from pathlib import Path
from typing import Any

from ...errors import CustomOperatorError, ModelError, ModelMemoryError, ModelTooNewError, NotOnnxError
from ...out_of_memory import is_out_of_memory
from ...plain_text import plain_error
from ..onnx_file.check import check_model_file
from .cores import threads_of_session
from .device_errors import cause_of, what_to_do
from .library import CPU, failures, load_onnxruntime, quiet
from .memory import MakeRoom
from .providers import TENSORRT, check_providers, plain_name, provider_options, say_once, this_machine
from .tensorrt import load_libraries


def create_session(path: Path, providers: list[str], make_room: MakeRoom) -> Any:
    """An onnxruntime session on the first of these providers; on the next, with a warning, if that fails.

    make_room is called before a GPU is used, and again where its memory did not suffice. Raises the ModelErrors of a
    file that cannot be used.
    """
    for first, provider in enumerate(providers):
        if provider != CPU:
            make_room(2 * path.stat().st_size)
            session = _try(path, providers[first:], make_room)
            if session:
                return session
    try:
        return new_session(path, [CPU], session_options())
    except failures() as error:
        raise _explain(path, error) from error


def _try(path: Path, providers: list[str], make_room: MakeRoom) -> Any:
    """None where the provider fails; once more where it ran out of memory."""
    for is_last in (False, True):
        try:
            session = new_session(path, providers, session_options())
        except failures() as error:
            reason = error
        else:
            check_providers(path.name, providers, session.get_providers())
            return session
        if is_last or not is_out_of_memory(reason):
            break
        make_room(2 * path.stat().st_size)
    following = "the CPU" if providers[1] == CPU else plain_name(providers[1])
    then = f"{path.name} cannot be loaded on {plain_name(providers[0])}, it goes to {following}"
    cause = None if is_out_of_memory(reason) else cause_of(reason)
    remedy = f". {what_to_do(cause, providers[0], this_machine())}" if cause else ""
    say_once(f"{then}: {plain_error(reason)}{remedy}")
    return None


def session_options() -> Any:
    """Those of every session."""
    options = quiet(load_onnxruntime().SessionOptions())
    options.intra_op_num_threads = threads_of_session()
    # Its threads would spin on after each run, in the way of what the pipeline does next.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    # A plan of the memory costs a second copy of it: u2netp kept 542 MB with, 350 without, and ran as fast.
    options.enable_mem_pattern = False
    return options


def new_session(path: Path, providers: list[str], options: Any) -> Any:
    """onnxruntime's own constructor, without its fall-back, which prints. Tests put failures in its place."""
    if TENSORRT in providers:
        load_libraries()
    named = [(name, provider_options(name)) for name in providers]
    return load_onnxruntime().InferenceSession(_readable(path), options, providers=named, enable_fallback=0)


def _readable(path: Path) -> str | bytes:
    """The file as onnxruntime can open it: it takes every path for UTF-8, whatever the locale says. A path that is
    none comes as the file's content, with which weights in a second file are not found."""
    if os.name == "nt":
        return str(path)
    try:
        return os.fsencode(path).decode("utf-8")
    except UnicodeDecodeError:
        return path.read_bytes()


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

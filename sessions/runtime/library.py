"""onnxruntime itself: found and imported, or what to do about it."""

import contextlib
import functools
import io
import logging
import sys
from importlib import import_module
from types import ModuleType
from typing import Any

from ...environment import TELEMETRY
from ...errors import RuntimeMissingError
from ...shell import pip_install, quoted_pip

logger = logging.getLogger("onnx_segmentation")

CPU = "CPUExecutionProvider"
CUDA = "CUDAExecutionProvider"
BUILDS = ("gpu", "directml", "openvino", "rocm", "migraphx")
ONNXRUNTIME_PACKAGES = ("onnxruntime", *(f"onnxruntime-{build}" for build in BUILDS))


@functools.cache
def load_onnxruntime() -> ModuleType:
    """Import onnxruntime, once, with the CUDA libraries that torch brought and without its telemetry.

    Its official builds send events to its makers and keep an id of this device, unless TELEMETRY is set before it is
    imported. If another package has imported it, its events are switched off from here on; that of its start goes out.
    Source: onnxruntime 1.32, Privacy.md.

    Raises RuntimeMissingError where it is absent, or empty because two of its packages were installed
    over one another.
    """
    is_ours = "onnxruntime" not in sys.modules
    TELEMETRY.set_default("1")
    try:
        ort = import_module("onnxruntime")
    except ImportError as error:
        raise RuntimeMissingError(_explain_import(error)) from error
    if not hasattr(ort, "InferenceSession"):
        raise RuntimeMissingError(_explain_import(None))
    if not is_ours and TELEMETRY.is_on and hasattr(ort, "disable_telemetry_events"):
        ort.disable_telemetry_events()
    if CUDA in ort.get_available_providers() and hasattr(ort, "preload_dlls") and torch_has_cuda():
        _preload(ort)
    if len(installed_packages()) > 1:
        logger.warning(two_packages())
    return ort


def _preload(ort: ModuleType) -> None:
    """Load the CUDA libraries of torch's packages. What it prints goes to the log's details: it names commands of its
    own, which need not be right here, and `remedies` says what is."""
    with contextlib.redirect_stdout(io.StringIO()) as said:
        ort.preload_dlls()
    for line in said.getvalue().splitlines():
        logger.debug(f"onnxruntime: {line}")


@functools.cache
def failures() -> tuple[type[Exception], ...]:
    """All that onnxruntime raises, in whichever version: its own exceptions have no common base."""
    state = vars(load_onnxruntime().capi.onnxruntime_pybind11_state).values()
    errors = (kind for kind in state if isinstance(kind, type) and issubclass(kind, Exception))
    return (*errors, RuntimeError, ValueError)


def quiet(options: Any) -> Any:
    """Options of a session or a run with which onnxruntime writes nothing to the terminal by itself.

    Its lines quote names of the model's file as they are, escape sequences too; what matters is raised as well.
    """
    options.log_severity_level = 4  # fatal
    return options


def installed_packages() -> list[str]:
    """The onnxruntime distributions that pip knows; all of them own the same files."""
    from importlib import metadata  # slow to import, and seldom needed

    names = {dist.metadata["Name"] for name in ONNXRUNTIME_PACKAGES for dist in metadata.distributions(name=name)}
    return sorted(names)


def two_packages() -> str:
    """What to say, and to do, about two onnxruntime packages in one environment."""
    installed = installed_packages()
    keep = next((name for name in installed if name != "onnxruntime"), "onnxruntime")
    return (
        f"{' and '.join(installed)} are both installed: they own the same files, and one has overwritten parts of "
        f"the other. Keep one: {reinstall(installed, keep)}"
    )


def reinstall(installed: list[str], keep: str) -> str:
    """The command that leaves one package of onnxruntime, whole."""
    return f"{quoted_pip('uninstall', '-y', *installed)} && {pip_install(keep)}"


def _explain_import(error: ImportError | None) -> str:
    installed = installed_packages()
    if not installed:
        gpu, cpu = pip_install("onnxruntime-gpu"), pip_install("onnxruntime")
        return f"onnxruntime is not installed: {gpu} (NVIDIA) or {cpu} (CPU)"
    if len(installed) > 1:
        return two_packages()
    command = pip_install("--force-reinstall", "--no-deps", installed[0])
    return f"{installed[0]} is installed but cannot be used ({error or 'the package is empty'}): {command}"


def torch_has_cuda() -> bool:
    import torch

    return torch.version.hip is None and torch.cuda.is_available()

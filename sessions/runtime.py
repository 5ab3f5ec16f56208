"""onnxruntime: found, asked for the GPU, and compared with what it really gave."""

import functools
import logging
from importlib import import_module
from types import ModuleType

from ..errors import RuntimeMissingError

logger = logging.getLogger("onnx_segmentation")

CPU = "CPUExecutionProvider"
CUDA = "CUDAExecutionProvider"
PACKAGES = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-directml", "onnxruntime-openvino", "onnxruntime-rocm")
REINSTALL = "pip uninstall -y {installed} && pip install {keep}"


@functools.cache
def load_onnxruntime() -> ModuleType:
    """Import onnxruntime, once, with the CUDA libraries that torch brought.

    Raises RuntimeMissingError where it is absent, or empty because two of its packages were installed
    over one another.
    """
    try:
        ort = import_module("onnxruntime")
    except ImportError as error:
        raise RuntimeMissingError(_explain_import(error)) from error
    if not hasattr(ort, "InferenceSession"):
        raise RuntimeMissingError(_explain_import(None))
    if CUDA in ort.get_available_providers() and hasattr(ort, "preload_dlls") and _torch_has_cuda():
        ort.preload_dlls()
    if len(installed_packages()) > 1:
        logger.warning(two_packages())
    return ort


def installed_packages() -> list[str]:
    """The onnxruntime distributions that pip knows; all of them own the same files."""
    from importlib import metadata  # slow to import, and seldom needed

    found = {dist.metadata["Name"] for name in PACKAGES for dist in metadata.distributions(name=name)}
    return sorted(found)


def choose_providers(provider: str | None = None) -> list[str]:
    """Execution providers in order of preference, the CPU last. None: CUDA where both onnxruntime and torch have it."""
    available = load_onnxruntime().get_available_providers()
    if provider is None:
        provider = CUDA if CUDA in available and _torch_has_cuda() else CPU
        missing = missing_provider()
        if missing:
            logger.warning(missing)
    return [provider, CPU] if provider != CPU else [CPU]


def check_providers(model: str, asked: list[str], got: list[str]) -> None:
    """Say it when onnxruntime fell back to the CPU, which it does in silence."""
    if asked[0] not in got:
        logger.warning(
            f"{model}: asked onnxruntime for {asked[0]}, got {got[0]}: it will be slow. The provider's libraries "
            f"could not be loaded (onnxruntime {load_onnxruntime().__version__}, torch's CUDA {_torch_cuda()}). "
            "onnxruntime-gpu 1.27 and later need CUDA 13, 1.24 to 1.26 need CUDA 12: install the one that matches "
            'torch, e.g. pip install "onnxruntime-gpu<1.27" for CUDA 12'
        )


def missing_provider() -> str:
    """What keeps models off a GPU that torch has, and the command that mends it; empty where nothing does."""
    if not _torch_has_cuda() or CUDA in load_onnxruntime().get_available_providers():
        return ""
    return f"runs on the CPU although torch has a GPU: this onnxruntime has no CUDA. {_gpu_command()}"


def two_packages() -> str:
    """What to say, and to do, about two onnxruntime packages in one environment."""
    installed = installed_packages()
    keep = next((name for name in installed if name != "onnxruntime"), "onnxruntime")
    command = REINSTALL.format(installed=" ".join(installed), keep=keep)
    return (
        f"{' and '.join(installed)} are both installed: they own the same files, and one has overwritten parts of "
        f"the other. Keep one: {command}"
    )


def _explain_import(error: ImportError | None) -> str:
    installed = installed_packages()
    if not installed:
        return "onnxruntime is not installed: pip install onnxruntime-gpu (NVIDIA) or pip install onnxruntime (CPU)"
    if len(installed) > 1:
        return two_packages()
    command = f"pip install --force-reinstall --no-deps {installed[0]}"
    return f"{installed[0]} is installed but cannot be used ({error or 'the package is empty'}): {command}"


def _gpu_command() -> str:
    installed = " ".join(installed_packages()) or "onnxruntime"
    return f"To use it: {REINSTALL.format(installed=installed, keep='onnxruntime-gpu')}"


def _torch_has_cuda() -> bool:
    import torch

    return torch.version.hip is None and torch.cuda.is_available()


def _torch_cuda() -> str:
    import torch

    return torch.version.cuda or "none"

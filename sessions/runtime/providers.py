"""Execution providers: which there are, which to ask for, and whether a session got the one it asked for."""

import ctypes
import functools
import logging
import sys
from pathlib import Path
from typing import Any

from ...caches import own_folder
from ...errors import OptionsError
from ...values import shown
from . import remedies
from .library import CPU, CUDA, installed_packages, load_onnxruntime, torch_has_cuda
from .remedies import PROVIDERS, TENSORRT, Library, Machine, plain_name

__all__ = ["PROVIDERS", "TENSORRT", "choose_providers", "plain_name"]
logger = logging.getLogger("onnx_segmentation")

ONLY_WHEN_ASKED = (TENSORRT,)  # it compiles each model for minutes


def to_provider(name: str) -> str:
    """onnxruntime's name for one that somebody typed: cuda, CUDA, CUDAExecutionProvider.

    Raises OptionsError, with what is allowed.
    """
    plain = {each.lower(): each for each in PROVIDERS}
    own = {each.lower(): each for each in PROVIDERS.values()}
    return _full_name(plain.get(name.lower()) or own.get(name.lower()) or name)


def choose_providers(provider: str | None = None) -> list[str]:
    """onnxruntime's names in order of preference, the CPU last. provider: its name there or in `PROVIDERS`; None takes
    the best.

    What this onnxruntime does not have is said, once, with the command that mends it, and left out. Raises OptionsError
    for what is the name of none.
    """
    available = load_onnxruntime().get_available_providers()
    provider = None if provider is None else _full_name(provider)
    if provider is None:
        say_once(missing_provider())
        usable = (name for name in PROVIDERS.values() if name not in ONLY_WHEN_ASKED and is_usable(name))
        provider = next(usable, CPU)
    elif provider not in available:
        say_once(
            f"this onnxruntime has no {plain_name(provider)}: models run on the CPU. "
            f"{remedies.how_to_get(this_machine(), provider)}"
        )
        provider = CPU
    order = [provider, CUDA, CPU] if provider == TENSORRT else [provider, CPU]
    return list(dict.fromkeys(name for name in order if name in (provider, CPU) or name in available))


def _full_name(provider: str) -> str:
    """CUDAExecutionProvider for CUDA; onnxruntime's own names as they are."""
    if provider in PROVIDERS:
        return PROVIDERS[provider]
    if provider in PROVIDERS.values() or provider in load_onnxruntime().get_all_providers():
        return provider
    raise OptionsError(f"provider is {shown(provider)}; give one of {', '.join(PROVIDERS)}")


def is_usable(provider: str) -> bool:
    """Whether this onnxruntime has the provider, and torch the device for it where torch can tell."""
    if provider not in load_onnxruntime().get_available_providers():
        return False
    if provider in (CUDA, TENSORRT):
        return torch_has_cuda()
    return torch_has_rocm() if provider in (PROVIDERS["MIGraphX"], PROVIDERS["ROCm"]) else True


def provider_options(provider: str) -> dict[str, Any]:
    """What onnxruntime is told about a provider. No gpu_mem_limit: chunks follow the memory that is free.

    Source: onnxruntime.ai/docs/execution-providers (CUDA, TensorRT).
    """
    if provider not in (CUDA, TENSORRT):
        return {}
    import torch

    options: dict[str, Any] = {"device_id": torch.cuda.current_device() if torch_has_cuda() else 0}
    if provider == CUDA:
        # The default searches for the fastest convolution at every new size, and doubles the memory it takes.
        return options | {"cudnn_conv_algo_search": "HEURISTIC", "arena_extend_strategy": "kSameAsRequested"}
    folder = own_folder("tensorrt", "onnx_segmentation_engines")
    if folder is None:
        return options
    return options | {"trt_engine_cache_enable": True, "trt_engine_cache_path": str(folder)}


def check_providers(model: str, asked: list[str], got: list[str]) -> None:
    """Say it, once, when onnxruntime fell back to the CPU, which it does in silence."""
    if asked[0] not in got:
        expected, instead = plain_name(asked[0]), plain_name(got[0])
        say_once(
            f"{model}: asked onnxruntime for {expected}, got {instead}: it will be slow. {what_is_wrong(asked[0])}"
        )


def what_is_wrong(provider: str) -> str:
    """Why a provider that onnxruntime lists does not come, and the one command that mends it."""
    return remedies.what_is_wrong(this_machine(), provider, find_library(provider))


def why_not(provider: str) -> str:
    """Why a provider that was asked for did not come, and the command that mends it."""
    if provider not in load_onnxruntime().get_available_providers():
        return f"this onnxruntime has no {plain_name(provider)}. {remedies.how_to_get(this_machine(), provider)}"
    return what_is_wrong(provider)


def find_library(provider: str) -> Library:
    """A provider's own library, tried as onnxruntime would load it."""
    stem = {CUDA: "cuda", TENSORRT: "tensorrt", PROVIDERS["OpenVINO"]: "openvino"}.get(provider, "")
    folder = Path(load_onnxruntime().__file__ or "").parent / "capi"
    name = f"onnxruntime_providers_{stem}.dll" if sys.platform == "win32" else f"libonnxruntime_providers_{stem}.so"
    if not stem or not (folder / name).is_file():
        return Library()
    try:
        ctypes.CDLL(str(folder / name))
    except OSError as error:
        reason = str(error)
        return Library(False, reason.split(":")[0] if "cannot open shared object" in reason else "")
    return Library(True)


def missing_library(provider: str) -> str:
    """The first library that a provider's own needs and the system does not find; empty where it does not say."""
    return find_library(provider).lacks


def missing_provider() -> str:
    """What keeps models off a GPU that torch has, and the command that mends it; empty where nothing does."""
    return remedies.what_is_missing(this_machine(), find_library(CUDA))


def this_machine() -> Machine:
    """What of this machine, its torch and its onnxruntime decides who runs a model."""
    ort, major, rocm = load_onnxruntime(), torch_cuda().split(".")[0], torch_has_rocm()
    return Machine(
        system={"win32": "Windows", "darwin": "Darwin"}.get(sys.platform, "Linux"),
        torch_cuda=int(major) if major.isdecimal() else None,
        torch_rocm=rocm,
        sees_gpu=rocm or torch_has_cuda(),
        onnxruntime=ort.__version__,
        runtime_cuda=cuda_major(),
        available=tuple(ort.get_available_providers()),
        packages=tuple(installed_packages()),
        card=_card(),
    )


def _card() -> str:
    import torch

    if not torch.cuda.is_available():
        return "this card"
    major, minor = torch.cuda.get_device_capability()
    return f"{torch.cuda.get_device_name()} (compute capability {major}.{minor})"


def cuda_major() -> int:
    """The CUDA that this onnxruntime was built for, by its own word or by its version."""
    ort = load_onnxruntime()
    major = str(getattr(ort, "cuda_version", "") or "").split(".")[0]
    if major.isdecimal():
        return int(major)
    release = tuple(int(part) for part in ort.__version__.split(".")[:2])
    return 13 if release >= (1, 27) else 12 if release >= (1, 19) else 11


@functools.cache
def say_once(text: str) -> None:
    """A warning in the log, the first time that it is due."""
    if text:
        logger.warning(text)


def torch_has_rocm() -> bool:
    import torch

    return torch.version.hip is not None and torch.cuda.is_available()


def torch_cuda() -> str:
    """The version of torch's CUDA."""
    import torch

    return torch.version.cuda or "none"

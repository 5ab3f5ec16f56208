"""Errors of the device that runs a model, told from errors of the model's input, and what their causes are.

The words are those of CUDA, cuDNN, cuBLAS, HIP, TensorRT, DirectML, CoreML and OpenVINO as onnxruntime and torch pass
them on. Names of a model's nodes are never looked at, nor paths of source files: a Reshape on CUDA says
`providers/cuda` too when the model cannot take a picture.
"""

import re
from dataclasses import dataclass

from ...shell import pip_install
from .remedies import OLDER_BUILD, WITH_LIBRARIES, Machine, for_torch, plain_name, replace


@dataclass(frozen=True)
class Cause:
    """words: one of them is in the error, in small letters; between bars."""

    name: str
    words: str

    def is_in(self, text: str) -> bool:
        return any(words in text for words in self.words.split("|"))


NO_CODE = Cause("no code for the card", "no kernel image|nokernelimage|invalid device function")
NO_CUDNN = Cause(
    "cuDNN", "cudnn is not available|libcudnn|cudnn64|cudnn_status_not_initialized|cudnn_status_sublibrary"
)
OLD_DRIVER = Cause(
    "the driver",
    "driver version is insufficient|insufficientdriver|unsupported toolchain|unsupportedptx|forward compatibility",
)
LOST = Cause(
    "the card itself",
    "illegal memory access|unspecified launch failure|launchfailure|device-side assert|misaligned address"
    "|busy or unavailable|devicesunavailable|uncorrectable ecc|no cuda-capable"
    "|dxgi_error|887a0005|887a0006|887a0007|887a0020|device removed|device hung",
)
OTHER = Cause(
    "the device",
    "cuda failure|cuda error|cuda driver error|cudnn failure|cudnn error|cudnn_status|cublas failure|cublas error"
    "|cublas_status|cusolver|cufft failure|curand failure|hip failure|hip error|hiperror|miopen failure|miopen error"
    "|rocblas|hipblas|migraphx_|tensorrt ep failed|nvinfer|887a|d3d12|dmlexecutionprovider|openvino-ep",
)
CAUSES = (NO_CODE, NO_CUDNN, OLD_DRIVER, LOST, OTHER)
# What a model's own names, and the places in onnxruntime's source, look like in a message.
NAMES = re.compile(
    r"""name:?\s*['"(][^'")]*['")]|'[^']*'|input name: .*|[\w./\\-]*onnxruntime[/\\][\w./\\:-]*""", re.IGNORECASE
)
OF_THE_INPUT = ("InvalidArgument", "InvalidGraph", "NotImplemented", "NoSuchFile", "InvalidProtobuf")


def cause_of(error: BaseException) -> Cause | None:
    """What of the device is at fault; None for an error of anything else."""
    if type(error).__name__ in OF_THE_INPUT:
        return None
    text = NAMES.sub(" ", str(error)).lower()
    return next((cause for cause in CAUSES if cause.is_in(text)), None)


def what_to_do(cause: Cause, provider: str, machine: Machine) -> str:
    """The cause in words, and the one command or step that mends it."""
    torch_cuda = machine.torch_cuda or "none"
    cuda = f"onnxruntime {machine.onnxruntime} is for CUDA {machine.runtime_cuda}, torch for CUDA {torch_cuda}"
    if cause is NO_CODE:
        other = replace(machine, _with_code(machine))
        return f"{cuda}, and this build holds no code for {machine.card}. One that does: {other}"
    if cause is NO_CUDNN:
        return f"{cuda}, and cuDNN cannot be used. Install it: {pip_install(WITH_LIBRARIES)}"
    if cause is OLD_DRIVER:
        other = replace(machine, OLDER_BUILD)
        return f"{cuda}; the driver of {machine.card} is older than that. Update the driver, or: {other}"
    if cause is LOST:
        return f"{machine.card} failed or was taken away. Restart ComfyUI; if it comes again, update the card's driver"
    if provider and machine.torch_cuda not in (None, machine.runtime_cuda) and "CUDA" in plain_name(provider):
        return f"{cuda}. Install the one that matches torch: {replace(machine, for_torch(machine))}"
    return "Run gpu-check, and send its lines with a bug report"


def _with_code(machine: Machine) -> str:
    """Builds for CUDA 12 hold code for older cards, and compile it for newer ones."""
    return OLDER_BUILD if machine.runtime_cuda >= 13 else f"{WITH_LIBRARIES}>=1.27"

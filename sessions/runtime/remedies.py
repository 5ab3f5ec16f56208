"""What keeps a model off the GPU of a machine, and the one command that mends it: words alone, from facts alone.

Which onnxruntime-gpu is for which CUDA, and what its builds hold code for, was read from the packages' own files:
1.27 and later are for CUDA 13, with code for compute capability 7.5 to 9.0 and 12.0 and for no later card; 1.19 to 1.26
are for CUDA 12, and compile what they hold for later cards. All of them want version 10 of TensorRT, whose packages are
now at 11. `tools/gpu_packages.py` asks the registry whether the commands' packages are there.
"""

from dataclasses import dataclass

from ...shell import pip_install, quoted_pip
from .library import CPU, CUDA

TENSORRT = "TensorrtExecutionProvider"
# Plain names, in the order in which `auto` takes the first that can be used.
PROVIDERS = {
    "CUDA": CUDA,
    "TensorRT": TENSORRT,
    "MIGraphX": "MIGraphXExecutionProvider",
    "ROCm": "ROCMExecutionProvider",
    "CoreML": "CoreMLExecutionProvider",
    "DirectML": "DmlExecutionProvider",
    "OpenVINO": "OpenVINOExecutionProvider",
    "CPU": CPU,
}
PACKAGES = {"MIGraphX": "onnxruntime-migraphx", "ROCm": "onnxruntime-rocm", "CoreML": "onnxruntime"}
PACKAGES |= {"DirectML": "onnxruntime-directml", "OpenVINO": "onnxruntime-openvino"}
FOR_CUDA = {13: "onnxruntime-gpu>=1.27", 12: "onnxruntime-gpu>=1.24,<1.27", 11: "onnxruntime-gpu<1.19"}
WITH_LIBRARIES = "onnxruntime-gpu[cuda,cudnn]"
OLDER_BUILD = f"{WITH_LIBRARIES}>=1.24,<1.27"


@dataclass(frozen=True)
class Machine:
    """torch_cuda: the major version, None for a torch without. torch_rocm: made for AMD. sees_gpu: by torch.
    onnxruntime, runtime_cuda: its version and the CUDA that it is for. available: the providers that it lists.
    packages: those of onnxruntime that pip knows. card: its name and compute capability."""

    system: str
    torch_cuda: int | None
    torch_rocm: bool
    sees_gpu: bool
    onnxruntime: str
    runtime_cuda: int
    available: tuple[str, ...]
    packages: tuple[str, ...]
    card: str = "this card"


@dataclass(frozen=True)
class Library:
    """Of a provider. loads: None if this onnxruntime has no such file; lacks: the first file that it needs and the
    system does not find, if it says."""

    loads: bool | None = None
    lacks: str = ""


def plain_name(provider: str) -> str:
    """CUDA for CUDAExecutionProvider."""
    names = {full: plain for plain, full in PROVIDERS.items()}
    return names.get(provider, provider.removesuffix("ExecutionProvider"))


def what_is_missing(machine: Machine, cuda: Library) -> str:
    """What keeps models off a GPU that torch sees, and the command; empty if nothing does. cuda: CUDA's library."""
    if not machine.sees_gpu:
        return ""
    if machine.torch_rocm:
        listed = {PROVIDERS["MIGraphX"], PROVIDERS["ROCm"], PROVIDERS["DirectML"]} & set(machine.available)
        wanted = "DirectML" if machine.system == "Windows" else "MIGraphX"
        return "" if listed else _has_none(machine, PROVIDERS[wanted])
    if CUDA not in machine.available:
        return _has_none(machine, CUDA)
    differs = machine.torch_cuda not in (None, machine.runtime_cuda)
    if cuda.loads or (cuda.loads is None and not differs):
        return ""
    return f"models run on the CPU although torch has a GPU. {what_is_wrong(machine, CUDA, cuda)}"


def _has_none(machine: Machine, provider: str) -> str:
    return (
        f"runs on the CPU although torch has a GPU: this onnxruntime has no {plain_name(provider)}. "
        f"{how_to_get(machine, provider)}"
    )


def what_is_wrong(machine: Machine, provider: str, library: Library) -> str:
    """Why a provider that onnxruntime lists does not come, and the one command that mends it."""
    lacks = f"Its library needs {library.lacks}, which is not there. " if library.lacks else ""
    lacks = lacks or "Its libraries could not be loaded. "
    if provider not in (CUDA, TENSORRT):
        return lacks + how_to_get(machine, provider)
    torch_cuda = machine.torch_cuda or "none"
    versions = f"onnxruntime {machine.onnxruntime} is for CUDA {machine.runtime_cuda}, torch for CUDA {torch_cuda}. "
    if machine.torch_cuda in FOR_CUDA and machine.torch_cuda != machine.runtime_cuda:
        return f"{lacks}{versions}Install the one that matches torch: {replace(machine, for_torch(machine))}"
    return f"{lacks}{versions}Install what it lacks: {pip_install(_lacking(machine, provider))}"


def _lacking(machine: Machine, provider: str) -> str:
    return f"tensorrt-cu{machine.runtime_cuda}<11" if provider == TENSORRT else WITH_LIBRARIES


def for_torch(machine: Machine) -> str:
    """The onnxruntime-gpu that finds the CUDA libraries that torch brought."""
    return FOR_CUDA.get(machine.torch_cuda or 0, "onnxruntime-gpu")


def how_to_get(machine: Machine, provider: str) -> str:
    """The command that brings a provider that this onnxruntime does not have."""
    if provider in (CUDA, TENSORRT):
        return f"To use it: {replace(machine, for_torch(machine))}"
    return f"To use it: {replace(machine, PACKAGES.get(plain_name(provider), 'onnxruntime-gpu'))}"


def replace(machine: Machine, requirement: str) -> str:
    """The command that leaves this package of onnxruntime alone, and whole: all of them own the same files."""
    there = machine.packages or ("onnxruntime",)
    if there == (requirement.split("[")[0].split("<")[0].split(">")[0],):
        return pip_install(requirement)
    return f"{quoted_pip('uninstall', '-y', *there)} && {pip_install(requirement)}"

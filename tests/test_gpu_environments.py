"""What is said on machines that users have: torch's CUDA, onnxruntime's build, and what is missing."""

import re
import sys
from dataclasses import replace

import pytest
from onnx_segmentation.sessions.runtime import remedies
from onnx_segmentation.sessions.runtime.device_errors import (
    LOST,
    NO_CODE,
    NO_CUDNN,
    OLD_DRIVER,
    OTHER,
    cause_of,
    what_to_do,
)
from onnx_segmentation.sessions.runtime.remedies import PROVIDERS, Library, Machine, what_is_missing, what_is_wrong

CPU, CUDA, TENSORRT = (PROVIDERS[name] for name in ("CPU", "CUDA", "TensorRT"))
GPU_BUILD = (TENSORRT, CUDA, CPU)
FINE = Machine("Linux", 13, False, True, "1.31.1", 13, GPU_BUILD, ("onnxruntime-gpu",), "a card")
OLDER = replace(FINE, onnxruntime="1.26.0", runtime_cuda=12)
PLAIN = replace(FINE, available=(CPU,), packages=("onnxruntime",))
ROCM = replace(PLAIN, torch_cuda=None, torch_rocm=True)
MAC = replace(PLAIN, system="Darwin", torch_cuda=None, sees_gpu=False, available=(PROVIDERS["CoreML"], CPU))
SWAP = "pip uninstall -y onnxruntime && python -m pip install "

MISSING = {
    "CUDA 13 both": (FINE, Library(True), ""),
    "CUDA 12 both": (replace(OLDER, torch_cuda=12), Library(True), ""),
    "CUDA 12 under a runtime for 13": (
        replace(FINE, torch_cuda=12),
        Library(False, "libcublasLt.so.13"),
        ">=1.24,<1.27",
    ),
    "the same on Windows, whose loader names no file": (
        replace(FINE, torch_cuda=12, system="Windows"),
        Library(False),
        ">=1.24,<1.27",
    ),
    "the same, with 13's libraries beside": (replace(FINE, torch_cuda=12), Library(True), ""),
    "CUDA 13 under a runtime for 12": (OLDER, Library(False, "libcublasLt.so.12"), "onnxruntime-gpu>=1.27"),
    "CUDA 11 under a runtime for 12": (replace(OLDER, torch_cuda=11), Library(False), "onnxruntime-gpu<1.19"),
    "cuDNN not there": (FINE, Library(False, "libcudnn.so.9"), "onnxruntime-gpu[cuda,cudnn]"),
    "the CPU's build, CUDA 13": (PLAIN, Library(), SWAP + "'onnxruntime-gpu>=1.27'"),
    "the CPU's build, CUDA 12": (replace(PLAIN, torch_cuda=12), Library(), SWAP + "'onnxruntime-gpu>=1.24,<1.27'"),
    "DirectML's build on an NVIDIA card": (
        replace(PLAIN, system="Windows", packages=("onnxruntime-directml",), available=(PROVIDERS["DirectML"], CPU)),
        Library(),
        "uninstall -y onnxruntime-directml && ",
    ),
    "ROCm with the CPU's build": (ROCM, Library(), SWAP + "onnxruntime-migraphx"),
    "ROCm with CUDA's build": (
        replace(ROCM, available=GPU_BUILD, packages=("onnxruntime-gpu",)),
        Library(False),
        "uninstall -y onnxruntime-gpu && python -m pip install onnxruntime-migraphx",
    ),
    "ROCm on Windows": (replace(ROCM, system="Windows"), Library(), SWAP + "onnxruntime-directml"),
    "ROCm with MIGraphX": (replace(ROCM, available=(PROVIDERS["MIGraphX"], CPU)), Library(), ""),
    "ROCm with its older provider": (replace(ROCM, available=(PROVIDERS["ROCm"], CPU)), Library(), ""),
    "macOS": (MAC, Library(), ""),
    "no GPU": (replace(PLAIN, sees_gpu=False, torch_cuda=None), Library(), ""),
    "CUDA's build without a GPU": (replace(FINE, sees_gpu=False), Library(False), ""),
}


@pytest.fixture(autouse=True)
def one_python(monkeypatch):
    monkeypatch.setattr(sys, "executable", "python")


@pytest.mark.parametrize("name", MISSING)
def test_what_is_missing(name):
    machine, library, command = MISSING[name]
    said = what_is_missing(machine, library)
    assert (command in said and said) if command else not said
    if library.lacks and command:
        assert library.lacks in said


@pytest.mark.parametrize(
    ("machine", "package"), [(FINE, "tensorrt-cu13<11"), (replace(OLDER, torch_cuda=12), "tensorrt-cu12<11")]
)
def test_tensorrt_is_wanted_in_its_tenth_version(machine, package):
    said = what_is_wrong(machine, TENSORRT, Library(False, "libnvinfer.so.10"))
    assert "libnvinfer.so.10" in said and f"pip install '{package}'" in said


@pytest.mark.parametrize(
    ("name", "package"), [("DirectML", "onnxruntime-directml"), ("OpenVINO", "onnxruntime-openvino")]
)
def test_other_makers(name, package):
    assert package in what_is_wrong(PLAIN, PROVIDERS[name], Library(False))


RUN = (
    "[ONNXRuntimeError] : 1 : FAIL : Non-zero status code returned while running {} node. Name:'{}' Status Message: {}"
)
SOURCE = "/onnxruntime_src/onnxruntime/core/providers/cuda/{} "
CAUSES = {
    RUN.format("Mul", "x", "CUDA error cudaErrorNoKernelImageForDevice:no kernel image is available"): NO_CODE,
    SOURCE.format("cuda_call.cc:121") + "CUDA failure 209: no kernel image is available for execution": NO_CODE,
    "CUDA error: no kernel image is available for execution on the device": NO_CODE,
    "HIP error: invalid device function": NO_CODE,
    RUN.format("Conv", "c", "cuDNN is not available. Install cuDNN, or set enable_cudnn=0"): NO_CUDNN,
    "CUDNN failure 1: CUDNN_STATUS_NOT_INITIALIZED ; GPU=0": NO_CUDNN,
    "libcudnn_graph.so.9: cannot open shared object file: No such file or directory": NO_CUDNN,
    "CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version": OLD_DRIVER,
    "CUDA failure 222: the provided PTX was compiled with an unsupported toolchain.": OLD_DRIVER,
    "CUDA failure 804: forward compatibility was attempted on non supported HW": OLD_DRIVER,
    "CUDA failure 700: an illegal memory access was encountered ; GPU=0": LOST,
    "CUDA error: unspecified launch failure": LOST,
    "D:\\a\\onnxruntime\\core\\DmlExecutionProvider\\src\\a.cpp(9): 887A0005 The GPU device instance": LOST,
    "CUDNN_FE failure 11: CUDNN_BACKEND_API_FAILED. CUDNN_STATUS_EXECUTION_FAILED": OTHER,
    "CUBLAS failure 13: CUBLAS_STATUS_EXECUTION_FAILED ; GPU=0": OTHER,
    "MIOPEN failure 3: miopenStatusBadParm ; GPU=0": OTHER,
    "TensorRT EP failed to create engine from network for fused node: TensorrtExecutionProvider_1": OTHER,
}
THE_MODELS = [
    "Got invalid dimensions for input: input for the following indices index: 2 Got: 320 Expected: 1024",
    RUN.format("Reshape", "r", SOURCE.format("tensor/reshape.cc:30") + "The input tensor cannot be reshaped to {1,9}"),
    RUN.format("Conv", "/cudnn_status/cuda error/Conv", "Input channels C is not equal to kernel channels"),
    RUN.format("Add", "no kernel image", "left operand cannot broadcast on dim 3 LeftShape: {1,3}"),
    "Could not find an implementation for GridSample(20) node with name 'CUDA failure 2'",
    "Invalid input name: cublas_error",
    "",
]


@pytest.mark.parametrize("text", CAUSES)
def test_errors_of_the_device_are_named_by_their_cause(text):
    assert cause_of(RuntimeError(text)) is CAUSES[text]


@pytest.mark.parametrize("text", THE_MODELS)
def test_errors_of_the_input_are_never_the_devices(text):
    assert cause_of(RuntimeError(text)) is None


def test_what_onnxruntime_calls_an_invalid_argument_is_one():
    kind = type("InvalidArgument", (Exception,), {})
    assert cause_of(kind("CUDA failure 209: no kernel image")) is None


def test_the_command_for_each_cause():
    assert "'onnxruntime-gpu[cuda,cudnn]>=1.24,<1.27'" in what_to_do(NO_CODE, CUDA, FINE)
    assert "holds no code for a card" in what_to_do(NO_CODE, CUDA, FINE)
    assert "'onnxruntime-gpu[cuda,cudnn]>=1.27'" in what_to_do(NO_CODE, CUDA, OLDER)
    assert "'onnxruntime-gpu[cuda,cudnn]'" in what_to_do(NO_CUDNN, CUDA, FINE)
    assert "Update the driver" in what_to_do(OLD_DRIVER, CUDA, FINE)
    assert "Restart ComfyUI" in what_to_do(LOST, CUDA, FINE)
    assert "matches torch" in what_to_do(OTHER, CUDA, replace(FINE, torch_cuda=12))
    assert "gpu-check" in what_to_do(OTHER, CUDA, FINE)


def test_each_command_is_one_that_pip_reads():
    """And the registry is asked about them by tools/gpu_packages.py."""
    from packaging.requirements import Requirement

    wanted = [*remedies.FOR_CUDA.values(), *remedies.PACKAGES.values(), remedies.WITH_LIBRARIES, remedies.OLDER_BUILD]
    assert all(re.match("onnxruntime", Requirement(each).name) for each in wanted)


def test_windows_takes_no_smaller_sign_for_a_file(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(sys, "executable", r"C:\Comfy UI\python.exe")
    said = what_is_wrong(replace(OLDER, system="Windows", torch_cuda=12), TENSORRT, Library(False))
    assert said.endswith(r'"C:\Comfy UI\python.exe" -m pip install "tensorrt-cu12<11"')

"""Which provider is asked for, what came instead, and the command that mends it."""

from types import SimpleNamespace

import pytest
from onnx_segmentation import CustomSession
from onnx_segmentation.errors import OptionsError
from onnx_segmentation.sessions.runtime import library as runtime
from onnx_segmentation.sessions.runtime import providers
from onnx_segmentation.sessions.runtime.providers import PROVIDERS, check_providers, choose_providers, provider_options

CPU, CUDA, TENSORRT = PROVIDERS["CPU"], PROVIDERS["CUDA"], PROVIDERS["TensorRT"]
EVERYTHING = [*PROVIDERS.values()]


@pytest.fixture(autouse=True)
def say_it_again():
    providers.say_once.cache_clear()


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """Pretend: what this onnxruntime has, its version, and what torch sees."""

    def pretend(available, cuda="none", version="1.32.0", packages=("onnxruntime-gpu",), rocm=False):
        ort = SimpleNamespace(
            get_available_providers=lambda: available, __version__=version, __file__=str(tmp_path / "__init__.py")
        )
        monkeypatch.setattr(providers, "load_onnxruntime", lambda: ort)
        monkeypatch.setattr(providers, "installed_packages", lambda: list(packages))
        monkeypatch.setattr(providers, "torch_has_cuda", lambda: cuda != "none")
        monkeypatch.setattr(providers, "torch_has_rocm", lambda: rocm)
        monkeypatch.setattr(providers, "torch_cuda", lambda: cuda)

    return pretend


@pytest.mark.parametrize(
    ("available", "cuda", "rocm", "chosen"),
    [
        ([CUDA, CPU], "13.0", False, [CUDA, CPU]),
        ([TENSORRT, CUDA, CPU], "13.0", False, [CUDA, CPU]),  # TensorRT only when asked
        ([CUDA, CPU], "none", False, [CPU]),
        ([CPU], "none", False, [CPU]),
        ([PROVIDERS["MIGraphX"], CPU], "none", True, [PROVIDERS["MIGraphX"], CPU]),
        ([PROVIDERS["ROCm"], CPU], "none", False, [CPU]),
        ([PROVIDERS["CoreML"], CPU], "none", False, [PROVIDERS["CoreML"], CPU]),
        ([PROVIDERS["DirectML"], CPU], "none", False, [PROVIDERS["DirectML"], CPU]),
        ([PROVIDERS["OpenVINO"], CPU], "none", False, [PROVIDERS["OpenVINO"], CPU]),
    ],
)
def test_auto_takes_the_best_that_can_be_used(machine, available, cuda, rocm, chosen):
    machine(available, cuda, rocm=rocm)
    assert choose_providers() == chosen


@pytest.mark.parametrize("name", PROVIDERS)
def test_what_is_asked_for_is_tried(machine, name):
    machine(EVERYTHING, "13.0")
    chosen = choose_providers(PROVIDERS[name])
    assert chosen[0] == PROVIDERS[name] and chosen[-1] == CPU
    assert (CUDA in chosen) == (name in ("CUDA", "TensorRT"))


@pytest.mark.parametrize("name", PROVIDERS)
def test_plain_names_mean_the_same(machine, name):
    machine(EVERYTHING, "13.0")
    assert choose_providers(name) == choose_providers(PROVIDERS[name])


@pytest.mark.parametrize("name", ["Nope", "", "cuda", "CUDAExecutionProvder", "\x1b[31m<b>"])
def test_the_name_of_none_is_refused(red_model, name):
    with pytest.raises(OptionsError, match=r"provider is '.*'; give one of CUDA, TensorRT, .*, CPU") as raised:
        CustomSession(red_model, provider=name)
    assert "\x1b" not in str(raised.value) and "<b" not in str(raised.value)


def test_a_gpu_without_a_provider_is_said(machine, caplog):
    machine([CPU], "13.0", packages=["onnxruntime"])
    assert choose_providers() == [CPU]
    assert "runs on the CPU although torch has a GPU" in caplog.text
    assert "pip uninstall -y onnxruntime && " in caplog.text and "pip install 'onnxruntime-gpu>=1.27'" in caplog.text


@pytest.mark.parametrize(
    ("name", "package"), [("DirectML", "onnxruntime-directml"), ("OpenVINO", "onnxruntime-openvino")]
)
def test_what_is_not_there_falls_back_with_its_command(machine, caplog, name, package):
    machine([CPU])
    assert choose_providers(PROVIDERS[name]) == [CPU]
    assert f"this onnxruntime has no {name}" in caplog.text and f"pip install {package}" in caplog.text


@pytest.mark.parametrize(
    ("cuda", "version", "command"),
    [
        ("12.8", "1.32.0", "pip install 'onnxruntime-gpu>=1.24,<1.27'"),
        ("13.0", "1.26.0", "pip install 'onnxruntime-gpu>=1.27'"),
        ("11.8", "1.24.0", "pip install 'onnxruntime-gpu<1.19'"),
        ("13.0", "1.32.0", "pip install 'onnxruntime-gpu[cuda,cudnn]'"),
    ],
)
def test_a_silent_fall_back_names_the_right_onnxruntime(machine, caplog, cuda, version, command):
    machine([CUDA, CPU], cuda, version)
    check_providers("model.onnx", [CUDA, CPU], [CPU])
    assert "asked onnxruntime for CUDA, got CPU" in caplog.text and command in caplog.text
    check_providers("model.onnx", [CUDA, CPU], [CPU])
    assert caplog.text.count("asked onnxruntime") == 1  # said once


def test_what_was_asked_for_is_no_news(machine, caplog):
    machine([CUDA, CPU], "13.0")
    check_providers("model.onnx", [CUDA, CPU], [CUDA, CPU])
    assert not caplog.text


def test_a_missing_library_is_named(machine, tmp_path, monkeypatch):
    """The loader's own words are read, as glibc has them."""
    machine([CUDA, CPU], "13.0")
    monkeypatch.setattr(providers.sys, "platform", "linux")
    assert providers.missing_library(CUDA) == ""  # no such provider in this build
    library = tmp_path / "capi" / "libonnxruntime_providers_cuda.so"
    library.parent.mkdir()
    library.write_bytes(b"no library")
    assert providers.missing_library(CUDA) == ""  # broken, but nothing is missing

    def load(_):
        raise OSError("libcublasLt.so.13: cannot open shared object file: No such file or directory")

    monkeypatch.setattr(providers.ctypes, "CDLL", load)
    assert providers.missing_library(CUDA) == "libcublasLt.so.13"
    assert "needs libcublasLt.so.13" in providers.what_is_wrong(CUDA)


def test_cuda_options(machine):
    machine([CUDA, CPU])
    assert provider_options(CUDA) == {
        "device_id": 0,
        "cudnn_conv_algo_search": "HEURISTIC",
        "arena_extend_strategy": "kSameAsRequested",
    }
    assert provider_options(CPU) == {}
    assert provider_options(TENSORRT)["trt_engine_cache_enable"]


def test_plain_names_are_onnxruntimes():
    """As far as this onnxruntime knows them."""
    known = set(runtime.load_onnxruntime().get_all_providers())
    assert {CPU, CUDA, TENSORRT, PROVIDERS["OpenVINO"], PROVIDERS["DirectML"], PROVIDERS["CoreML"]} <= known

"""`gpu-check` on a GPU that is none: every line passes, and fails where the GPU is wrong."""

import json
from types import SimpleNamespace

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from onnx_segmentation.commands import gpu_check, main
from onnx_segmentation.gpu_check import check, measure, providers, steps, whole
from onnx_segmentation.gpu_check.check import run_check
from onnx_segmentation.gpu_check.lines import Line, verdict
from onnx_segmentation.sessions.runtime.library import CPU
from pretend import CUDA, on_pretend, pretend
from pretend.counts import COUNTS

SIDE = 48


@pytest.fixture
def card(monkeypatch):
    """The pretended one, where CUDA's session is the CPU's."""

    def ask(run):
        launches, waits = COUNTS.launches, COUNTS.waited
        run()
        return measure.Told(COUNTS.launches - launches, COUNTS.waited - waits)

    opened = whole.open_session
    monkeypatch.setattr(measure, "ask_the_card", ask)
    monkeypatch.setattr(
        whole,
        "open_session",
        lambda path, recipe, name: opened(path, recipe, CPU) if name == CPU else on_pretend(opened(path, recipe, CPU)),
    )
    monkeypatch.setattr(providers, "load_onnxruntime", lambda: SimpleNamespace(get_available_providers=lambda: [CPU]))
    with pretend():
        yield


def test_every_line_passes(card):
    lines = run_check(lambda _: None, sides=[SIDE])
    assert all(line.passed for line in lines), "\n".join(map(str, lines))
    steps_done = " ".join(line.step for line in lines)
    for step in ("convolution by CPU", "resize lanczos", "trimap", "alpha", "colours", "with matting", "memory"):
        assert step in steps_done
    measured = [line for line in lines if line.gpu_ms is not None]
    assert len(measured) > 10 and all(line.launches and line.waits is not None for line in measured if line.off == 0)


@pytest.mark.parametrize("fault", ["wrong", "broken"])
def test_a_gpu_that_is_wrong_fails(card, monkeypatch, fault):
    right = steps.make_trimap

    def make_trimap(mask):
        if mask.is_cuda and fault == "broken":
            raise RuntimeError("CUDA error: no kernel image is available for execution on the device")
        return right(mask) + 0.5 * mask.is_cuda

    monkeypatch.setattr(steps, "make_trimap", make_trimap)
    lines = steps.check_steps(SIDE, CUDA)
    failed = next(line for line in lines if not line.passed)
    assert failed.step == f"trimap {SIDE}" and str(failed).startswith("FAIL") and verdict([failed]).startswith("FAIL")
    assert fault != "broken" or "no code for the card" in str(failed)


def test_the_command_tells_and_writes_it(card, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(check, "check_steps", lambda *_: [Line("one step", True, off=0.0, gpu_ms=1.5)])
    monkeypatch.setattr(check, "check_whole", lambda *_: [])
    assert main(["gpu-check", "--sides", str(SIDE), "--json", str(tmp_path / "gpu.json")]) == 0
    told = capsys.readouterr().out
    assert "GPU: no card" in told and told.rstrip().endswith("PASS")
    written = json.loads((tmp_path / "gpu.json").read_text())
    assert written["verdict"] == "PASS" and written["lines"][-1]["gpu_ms"] == 1.5


def test_without_a_gpu_the_providers_are_checked(capsys):
    if torch.cuda.is_available():
        pytest.skip("there is one")
    assert main(["gpu-check"]) == gpu_check.NO_GPU
    told = capsys.readouterr().out
    assert "PASS  convolution by CPU" in told and "torch sees no GPU" in told


def test_the_convolution_is_what_it_says():
    weights = numpy_helper.from_array(np.full((1, 3, 3, 3), 1 / 27, np.float32), "w")
    shapes = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, int(name[1]), None, None]) for name in ("x3", "y1")
    ]
    for shape in shapes:
        shape.name = shape.name[0]
    node = helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1])
    graph = helper.make_graph([node], "probe", shapes[:1], shapes[1:], [weights])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)
    model.producer_name = ""
    assert onnx.load_from_string(providers.MODEL) == model

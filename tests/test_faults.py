"""What goes wrong while a model is in use: the right result or a clear error, and the next run is fine."""

import threading
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from onnx_segmentation.cutouts import CutoutOptions, cutout
from onnx_segmentation.errors import ModelMemoryError, ModelNotFoundError
from onnx_segmentation.sessions.recipes.container import CustomSessionContainer
from onnx_segmentation.sessions.recipes.recipe import Recipe
from onnx_segmentation.sessions.runtime import create, loaded, providers
from onnx_segmentation.sessions.runtime.providers import PROVIDERS
from onnx_segmentation.sessions.session import CustomSession
from support import make_red_model, picture_input, write_model

CPU, CUDA = PROVIDERS["CPU"], PROVIDERS["CUDA"]
RECIPE = Recipe(CustomSessionContainer((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), 64, 64), scale="255", decoding="none")
FREE = ("batch", 3, 64, 64)


def run_failure(text):
    state = providers.load_onnxruntime().capi.onnxruntime_pybind11_state
    return state.RuntimeException(f"[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : {text}")


# As onnxruntime 1.19 words it: github.com/microsoft/onnxruntime/issues/22702
NO_MEMORY = "bfc_arena.cc:376 AllocateRawInternal Failed to allocate memory for requested buffer of size 4585490524"


@pytest.fixture
def frames():
    return torch.rand(7, 40, 50, 3)


@pytest.fixture
def gpu(monkeypatch):
    """Pretend that onnxruntime has CUDA: such a session is made on the CPU, and says CUDA; `fail` may raise first."""
    said = SimpleNamespace(fail=lambda number: None, asked=0, room=[])
    make = create.new_session

    def new_session(path, names, options):
        said.asked += names[0] == CUDA
        if names[0] == CUDA:
            said.fail(said.asked)
        session = make(path, [CPU], options)
        if names[0] == CUDA:
            monkeypatch.setattr(session, "get_providers", lambda: [CUDA, CPU])
        return session

    monkeypatch.setattr(create, "new_session", new_session)
    monkeypatch.setattr(loaded, "choose_providers", lambda name: [CPU] if name == CPU else [CUDA, CPU])
    providers.say_once.cache_clear()
    return said


def expected(frames):
    """The mask of the red model, through its 64 x 64 and back."""
    return frames[..., 0]


def test_a_file_replaced_while_loaded_is_read_anew(tmp_path, frames):
    path = make_red_model(tmp_path / "model.onnx")
    held = CustomSession(path, RECIPE)
    first = cutout(frames, held).mask
    make_red_model(path, FREE)
    assert CustomSession(path, RECIPE).model is not held.model
    assert torch.equal(cutout(frames, CustomSession(path, RECIPE)).mask, first)
    assert torch.equal(cutout(frames, held).mask, first)  # whoever still holds the old one is not disturbed


def test_a_file_deleted_before_it_is_used_says_so(tmp_path, frames):
    path = make_red_model(tmp_path / "model.onnx")
    held = CustomSession(path, RECIPE)
    path.unlink()
    with pytest.raises(ModelNotFoundError, match=r"no model file at .*model\.onnx"):
        CustomSession(path, RECIPE)
    assert cutout(frames, held).mask.shape == frames.shape[:3]
    make_red_model(path)
    assert cutout(frames, CustomSession(path, RECIPE)).mask.shape == frames.shape[:3]


def test_a_file_deleted_while_it_is_loaded_says_so(tmp_path, monkeypatch):
    path = make_red_model(tmp_path / "model.onnx")
    make = create.new_session

    def delete_first(*arguments):
        path.unlink(missing_ok=True)
        return make(*arguments)

    monkeypatch.setattr(create, "new_session", delete_first)
    with pytest.raises(ModelNotFoundError):
        CustomSession(path, RECIPE)


def test_a_provider_that_fails_falls_back_with_a_warning(red_model, gpu, frames, caplog):
    def fail(_):
        raise RuntimeError("CUDA failure 35: driver version is insufficient for runtime version")

    gpu.fail = fail
    session = CustomSession(red_model, RECIPE, make_room=gpu.room.append)
    assert session.provider == CPU
    assert "cannot be loaded on CUDA, it goes to the CPU: CUDA failure 35" in caplog.text
    assert (cutout(frames, session).mask - expected(frames)).abs().mean() < 0.1


def test_no_memory_at_creation_is_tried_again(red_model, gpu):
    def fail(number):
        if number == 1:
            raise run_failure(NO_MEMORY)

    gpu.fail = fail
    session = CustomSession(red_model, RECIPE, make_room=gpu.room.append)
    assert session.provider == CUDA
    assert len(gpu.room) == 2  # before the session, and after it failed


def test_without_tensorrt_cuda_comes_next(red_model, monkeypatch, caplog):
    """Not the CPU: since 1.31 the session cannot be made where TensorRT's libraries are missing."""
    tensorrt, tried, make = providers.TENSORRT, [], create.new_session

    def new_session(path, names, options):
        tried.append(names)
        if names[0] == tensorrt:
            raise run_failure("libnvinfer.so.10: cannot open shared object file: No such file or directory")
        session = make(path, [CPU], options)
        monkeypatch.setattr(session, "get_providers", lambda: names)
        return session

    monkeypatch.setattr(create, "new_session", new_session)
    monkeypatch.setattr(loaded, "choose_providers", lambda name: [tensorrt, CUDA, CPU])
    providers.say_once.cache_clear()
    assert CustomSession(red_model, RECIPE, provider=tensorrt).provider == CUDA
    assert tried == [[tensorrt, CUDA, CPU], [CUDA, CPU]]
    assert "cannot be loaded on TensorRT, it goes to CUDA: " in caplog.text


def test_no_memory_at_creation_goes_to_the_cpu(red_model, gpu, caplog):
    def fail(_):
        raise run_failure("CUDA failure 2: out of memory")

    gpu.fail = fail
    assert CustomSession(red_model, RECIPE, make_room=gpu.room.append).provider == CPU
    assert "it goes to the CPU" in caplog.text and len(gpu.room) == 2


@pytest.mark.parametrize("fits", [4, 2, 1])
def test_no_memory_at_a_run_halves_the_chunk(tmp_path, gpu, frames, monkeypatch, fits):
    """Nothing is lost, and every frame is there once."""
    path = make_red_model(tmp_path / "model.onnx", FREE)
    right = cutout(frames, CustomSession(path, RECIPE, provider=CPU))
    sizes, run = [], loaded.run_session

    def run_session(session, outputs, feeds, options):
        sizes.append(len(next(iter(feeds.values()))))
        if sizes[-1] > fits:
            raise run_failure(NO_MEMORY)
        return run(session, outputs, feeds, options)

    monkeypatch.setattr(loaded, "run_session", run_session)
    session = CustomSession(path, RECIPE, make_room=gpu.room.append)
    session.model.frames_together = True  # as once they were compared with a frame alone
    monkeypatch.setattr(CustomSession, "frames_at_once", lambda *_: 8)
    ticks = []
    result = cutout(frames, session, on_frame=lambda: ticks.append(1))
    assert torch.equal(result.mask, right.mask) and torch.equal(result.image, right.image)
    assert len(ticks) == len(frames) and max(sizes) == 7
    assert sum(size for size in sizes if size <= fits) == len(frames)
    assert len(gpu.room) == 1 + sum(size > fits for size in sizes)


def test_no_memory_for_one_frame_goes_on_on_the_cpu(tmp_path, gpu, frames, monkeypatch, caplog):
    path = make_red_model(tmp_path / "model.onnx", FREE)
    right = cutout(frames, CustomSession(path, RECIPE, provider=CPU))
    session, run = CustomSession(path, RECIPE, make_room=gpu.room.append), loaded.run_session
    done = []

    def run_session(inner, outputs, feeds, options):
        if inner is session.model._session and len(done) >= 3:
            raise run_failure(NO_MEMORY)
        done.append(inner)
        return run(inner, outputs, feeds, options)

    monkeypatch.setattr(loaded, "run_session", run_session)
    monkeypatch.setattr(CustomSession, "frames_at_once", lambda *_: 1)
    assert torch.equal(cutout(frames, session).mask, right.mask)
    assert "goes on on the CPU" in caplog.text
    assert sum(inner is session.model._session for inner in done) == 3


def test_no_memory_on_the_cpu_is_a_clear_error(red_model, frames, monkeypatch):
    session, run = CustomSession(red_model, RECIPE), loaded.run_session

    def no_memory(*_):
        raise run_failure("bad allocation")

    monkeypatch.setattr(loaded, "run_session", no_memory)
    with pytest.raises(
        ModelMemoryError, match=r"memory ran out while red\.onnx ran on \[1, 3, 64, 64\].*smaller model"
    ):
        cutout(frames, session)
    monkeypatch.setattr(loaded, "run_session", run)
    assert cutout(frames, session).mask.shape == frames.shape[:3]


def test_two_threads_on_one_session(tmp_path):
    """Each gets its own masks, and both share one loaded model."""
    path = make_red_model(tmp_path / "model.onnx", FREE)
    batches = [torch.rand(12, 60, 70, 3) for _ in range(4)]
    alone = [cutout(batch, CustomSession(path, RECIPE)).mask for batch in batches]
    together: dict[int, torch.Tensor] = {}
    models, start = set(), threading.Barrier(len(batches))

    def work(number):
        start.wait()
        session = CustomSession(path, RECIPE)
        models.add(session.model)
        together[number] = cutout(batches[number], session, CutoutOptions(post_process=False)).mask

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(batches))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(models) == 1
    assert all(torch.equal(together[number], alone[number]) for number in range(len(batches)))


def test_what_is_out_of_memory():
    """onnxruntime has no class for it: its words are all there is."""
    from onnx_segmentation.out_of_memory import is_out_of_memory

    assert is_out_of_memory(run_failure(NO_MEMORY))
    assert is_out_of_memory(run_failure("CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED"))
    assert is_out_of_memory(torch.cuda.OutOfMemoryError("CUDA error"))
    assert not is_out_of_memory(run_failure("Non-zero status code returned while running Reshape node"))
    assert not is_out_of_memory(np.exceptions.AxisError("axis"))


class Cancelled(Exception):
    """What a host raises in raise_if_cancelled."""


def slow_model(path, turns=150):
    """A model of some seconds: one convolution after another."""
    weight = numpy_helper.from_array(np.full((3, 3, 9, 9), 1 / 243, np.float32), "weight")
    names = ["input", *(f"turn{number}" for number in range(turns)), "mask"]
    nodes = [
        helper.make_node("Conv", [before, "weight"], [after], pads=[4, 4, 4, 4]) for before, after in pairwise(names)
    ]
    shape = (1, 3, 512, 512)
    out = helper.make_tensor_value_info("mask", TensorProto.FLOAT, list(shape))
    return write_model(path, nodes, [picture_input(shape)], [out], [weight])


def test_a_cancel_stops_the_model_itself(tmp_path):
    """Within two turns of asking, not at the end of a run of many; and the next run is whole."""
    session = CustomSession(slow_model(tmp_path / "slow.onnx"), Recipe(CustomSessionContainer(width=512, height=512)))
    asked = []

    def raise_if_cancelled():
        asked.append(1)
        if len(asked) > 1:
            raise Cancelled

    with pytest.raises(Cancelled):
        cutout(torch.rand(2, 40, 40, 3), session, raise_if_cancelled=raise_if_cancelled)
    assert len(asked) == 2  # before the first frame, and while it was in the model
    again = []
    whole = cutout(torch.rand(1, 40, 40, 3), session, raise_if_cancelled=lambda: again.append(1))
    assert whole.mask.shape == (1, 40, 40) and len(again) >= 2

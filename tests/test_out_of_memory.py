"""Memory that runs out on the CPU, in every library's words and in every step: one error of ours, and work goes on."""

import weakref

import cv2
import numpy as np
import pytest
import torch
from onnx_segmentation import cutouts as pipeline
from onnx_segmentation.cutouts import CutoutOptions, cutout, matte_masks
from onnx_segmentation.errors import DeviceMemoryError, NotEnoughMemoryError, SegmentationError
from onnx_segmentation.matting import methods
from onnx_segmentation.matting.foreground import estimate
from onnx_segmentation.out_of_memory import is_out_of_memory, memory_for
from onnx_segmentation.pictures import read
from onnx_segmentation.refine import RefineOptions
from onnx_segmentation.sessions.recipes.container import CustomSessionContainer
from onnx_segmentation.sessions.recipes.recipe import Recipe
from onnx_segmentation.sessions.runtime.memory import try_on
from onnx_segmentation.sessions.session import CustomSession
from support import make_red_model

TOO_MUCH = 1 << 46  # values; more than a process can address


def raised(error):
    def raise_it():
        raise error

    return raise_it


FORMS = {
    "torch": lambda: torch.empty(TOO_MUCH),
    "numpy": lambda: np.empty(TOO_MUCH),
    "Python": lambda: bytearray(TOO_MUCH << 10),
    "cv2": raised(cv2.error("OpenCV(4.11.0) alloc.cpp:73: error: (-4:Insufficient memory) Failed to allocate 9 bytes")),
    "numba": raised(MemoryError("Allocation failed (probably too large).")),
    "pybind": raised(MemoryError("std::bad_alloc")),
    "C++": raised(RuntimeError("std::bad_alloc")),
    "SuperLU": raised(RuntimeError("SUPERLU_MALLOC fails for buf in intMalloc()")),
    "a thread's stack": raised(RuntimeError("can't start new thread")),
    "system": raised(OSError(12, "Cannot allocate memory")),
}


def call(form):
    return lambda *_, **__: FORMS[form]()


@pytest.mark.parametrize("form", FORMS)
def test_every_form_becomes_one_error(form):
    with (
        pytest.raises(NotEnoughMemoryError, match=r"memory ran out in the test: .* smaller picture"),
        memory_for("the test"),
    ):
        FORMS[form]()


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("Factor is exactly singular"),
        ValueError("x"),
        KeyboardInterrupt(),
    ],
)
def test_other_errors_pass_as_they_are(error):
    with pytest.raises(type(error)) as caught, memory_for("the test"):
        raise error
    assert caught.value is error


GPU_FORMS = [
    torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    RuntimeError("CUDA error: out of memory"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    RuntimeError("cusolver error: CUSOLVER_STATUS_ALLOC_FAILED, when calling cusolverDnCreate(handle)"),
    RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    RuntimeError("HIP out of memory. Tried to allocate"),
]


@pytest.mark.parametrize("error", GPU_FORMS, ids=str)
def test_a_gpus_memory_is_one_kind_whoever_finds_it_out(error):
    with pytest.raises(DeviceMemoryError, match="memory ran out in the test"), memory_for("the test"):
        raise error


@pytest.mark.parametrize("error", GPU_FORMS, ids=str)
def test_without_a_gpus_memory_the_cpu_does_the_work(error, caplog):
    asked, freed = [], []

    def work(device):
        asked.append(device.type)
        if device.type == "cuda":
            raise error
        return "done"

    assert try_on(work, torch.device("cuda", 0), freed.append) == "done"
    assert asked == ["cuda", "cuda", "cpu"] and freed == [0, 0] and "memory of cuda:0 ran out" in caplog.text


def test_a_gpu_that_fails_leaves_the_work_to_the_cpu(caplog):
    def work(device):
        if device.type == "cuda":
            raise RuntimeError("CUDA error: no kernel image is available for execution on the device")
        return "done"

    assert try_on(work, torch.device("cuda", 0), lambda _: None) == "done"
    assert "no code for the card is at fault" in caplog.text


def test_errors_of_the_work_itself_are_raised():
    def work(device):
        raise RuntimeError("The size of tensor a (3) must match the size of tensor b (4)")

    with pytest.raises(RuntimeError, match="must match"):
        try_on(work, torch.device("cuda", 0), lambda _: None)


def test_errors_of_ours_keep_their_names():
    error = SegmentationError("memory ran out: out of memory")
    assert not is_out_of_memory(error)
    with pytest.raises(SegmentationError) as caught, memory_for("the test"):
        raise error
    assert caught.value is error


def test_whoever_holds_the_error_does_not_hold_the_memory():
    large = []

    def work():
        tensor = torch.zeros(9)
        large.append(weakref.ref(tensor))
        raise MemoryError

    with pytest.raises(NotEnoughMemoryError) as held, memory_for("the test"):
        work()
    assert held.value and large[0]() is None


@pytest.fixture
def session(tmp_path):
    container = CustomSessionContainer((0.0,) * 3, (1.0,) * 3, 64, 64)
    recipe = Recipe(container, scale="255", decoding="none")
    return CustomSession(make_red_model(tmp_path / "red.onnx", (1, 3, 64, 64)), recipe)


@pytest.fixture
def images():
    down, across = torch.meshgrid(torch.linspace(-1, 1, 64), torch.linspace(-1, 1, 64), indexing="ij")
    red = ((0.6 - torch.hypot(down, across)) * 8 + 0.5).clamp(0, 1)
    return torch.stack([red, 0.2 + 0 * red, 0.3 + 0 * red], -1)[None].repeat(2, 1, 1, 1)


MATTED = CutoutOptions(RefineOptions(alpha_matting=True, erode_size=3))
STEPS = [
    (methods, "_estimate", "alpha matting of 64 x 64"),
    (estimate, "_count_soft", "estimating foreground colours of 64 x 64"),
    (pipeline, "Results", "cutting out 2 of 64 x 64"),
    (pipeline, "mask_trimap", "cutting out 2 of 64 x 64"),
]


@pytest.mark.parametrize("form", ["torch", "numpy", "C++"])
@pytest.mark.parametrize(("module", "name", "said"), STEPS, ids=[step[1] for step in STEPS])
def test_in_every_step_and_then_work_goes_on(session, images, monkeypatch, module, name, said, form):
    masks = images[..., 0]
    before = cutout(images, session, MATTED).image, matte_masks(images, masks, MATTED).image
    with monkeypatch.context() as patched:
        patched.setattr(module, name, call(form))
        for work in (lambda: cutout(images, session, MATTED), lambda: matte_masks(images, masks, MATTED)):
            with pytest.raises(NotEnoughMemoryError, match=f"memory ran out in {said}"):
                work()
    after = cutout(images, session, MATTED).image, matte_masks(images, masks, MATTED).image
    assert all(torch.equal(*each) for each in zip(before, after, strict=True))


def test_while_a_batch_is_read_there_are_fewer_frames_at_a_time(tmp_path, images, monkeypatch):
    """As if the model's own memory had run out."""
    recipe = Recipe(CustomSessionContainer((0.0,) * 3, (1.0,) * 3, 64, 64), scale="255", decoding="none")
    session = CustomSession(make_red_model(tmp_path / "any.onnx", ("b", 3, 64, 64)), recipe)
    monkeypatch.setattr(CustomSession, "frames_at_once", lambda *_: 2)
    right, segment = cutout(images, session).mask, CustomSession.segment
    sizes = []

    def small(self, frames, *rest, **named):
        sizes.append(len(frames))
        return segment(self, frames, *rest, **named) if len(frames) == 1 else FORMS["numpy"]()

    monkeypatch.setattr(CustomSession, "segment", small)
    assert torch.equal(cutout(images, session).mask, right) and sizes == [2, 1, 1]


def test_while_a_picture_is_read(tmp_path, monkeypatch):
    from PIL import Image

    Image.new("RGB", (9, 9)).save(tmp_path / "a.png")
    monkeypatch.setattr(read, "to_picture", call("Python"))
    with pytest.raises(NotEnoughMemoryError, match="memory ran out in reading a picture"):
        read.read_picture(tmp_path / "a.png")

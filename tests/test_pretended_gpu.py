"""Every way through the pack on a GPU that is none (`pretend`): what comes out is the CPU's, nothing is mixed, and what
the card would be told, and waited for, stays within a budget."""

import pytest
import torch
from onnx_segmentation import kernel_cache
from onnx_segmentation.cutouts import CutoutOptions, cutout, matte_masks
from onnx_segmentation.errors import ModelInputError, NoMaskError
from onnx_segmentation.imaging.resize import resize
from onnx_segmentation.matting.closed_form.batched import solve as batched
from onnx_segmentation.matting.closed_form.prior import Prior
from onnx_segmentation.matting.closed_form.solve import estimate_alpha
from onnx_segmentation.matting.trimap import make_trimap
from onnx_segmentation.refine import RefineOptions
from onnx_segmentation.sessions.recipes.container import CustomSessionContainer
from onnx_segmentation.sessions.recipes.recipe import ALLOWED, OF_INSTANCES, Recipe
from onnx_segmentation.sessions.runtime import loaded
from onnx_segmentation.sessions.runtime.providers import say_once
from onnx_segmentation.sessions.session import CustomSession
from pretend import CUDA, MixedDevicesError, on_pretend, pretend, to_device, to_host
from support import make_red_model, open_photo, picture_input, to_image, write_model

CPU = "CPUExecutionProvider"
SIZE = 150, 130


@pytest.fixture(scope="module")
def batch():
    """Photos whose red channel, which is the model's mask, is a subject with a wavy soft edge."""
    frames = torch.cat([to_image(open_photo(name).resize(SIZE)) for name in ("astronaut", "chelsea", "coffee")])
    down, across = torch.meshgrid(torch.linspace(-1, 1, SIZE[1]), torch.linspace(-1, 1, SIZE[0]), indexing="ij")
    for number, frame in enumerate(frames):
        wave = 0.1 * torch.sin(torch.atan2(down, across) * (5 + number))
        frame[..., 0] = ((0.6 + wave - torch.hypot(down, across)) * 6 + 0.5).clamp(0, 1)
    return frames


@pytest.fixture
def session(tmp_path):
    container = CustomSessionContainer((0.0,) * 3, (1.0,) * 3, 96, 96)
    return CustomSession(make_red_model(tmp_path / "red.onnx", (1, 3, 96, 96)), Recipe(container), provider=CPU)


def both(images, session, options=None):
    """The CPU's result, the device's, and what the device was told."""
    theirs = cutout(images, session, options)
    with pretend() as counts:
        ours = cutout(images, on_pretend(session), options)
    return theirs, ours, counts


PLAIN = {
    "plain": CutoutOptions(),
    "post-process": CutoutOptions(post_process=True),
    "background": CutoutOptions(background="#204060"),
    "premultiplied": CutoutOptions(RefineOptions(edge_colours="premultiplied")),
    "no subject": CutoutOptions(min_confidence=1.0),
}


@pytest.mark.parametrize("name", PLAIN)
def test_without_matting_it_is_the_cpus_to_the_bit(session, batch, name):
    theirs, ours, counts = both(batch, session, PLAIN[name])
    assert torch.equal(ours.image, theirs.image) and torch.equal(ours.mask, theirs.mask)
    assert ours.confidence == theirs.confidence
    assert counts.waited <= 12 * len(batch), counts.waits
    if name == "plain":
        assert 0.2 < ours.mask.mean() < 0.8
        assert counts.launches <= 150 * len(batch), counts.operations
        assert counts.copies["up"] <= 2 * len(batch) + 10  # the picture; what stays came up once


def test_what_stays_on_the_device_comes_up_once(session, batch):
    cutout_once = lambda: cutout(batch[:1], on_pretend(session))  # noqa: E731
    with pretend() as counts:
        cutout_once()
        counts.reset()
        cutout_once()
        assert counts.copies["up"] == 1  # the picture
        assert counts.bytes["up"] == batch[:1].numel() * 4


def test_one_scale_for_a_batch(session, batch):
    theirs, ours, counts = both(batch, session, CutoutOptions(steady=True))
    assert torch.equal(ours.mask, theirs.mask)
    assert counts.waited <= 20 * len(batch), counts.waits


DECODINGS = [each for each in ALLOWED["decoding"] if each not in OF_INSTANCES]


@pytest.mark.parametrize("decoding", DECODINGS)
@pytest.mark.parametrize("fit", ["stretch", "letterbox_center"])
def test_every_recipe(tmp_path, batch, decoding, fit):
    container = CustomSessionContainer((0.1, 0.2, 0.3), (0.9, 0.8, 0.7), 64, 64)
    invert = decoding in ("none", "argmax")
    recipe = Recipe(container, scale="255", fit=fit, decoding=decoding, pad=(9, 8, 7), class_index=0, invert=invert)
    path = make_red_model(tmp_path / "red.onnx", ("batch", 3, 64, 64))
    theirs, ours, _ = both(batch, CustomSession(path, recipe, provider=CPU))
    assert (ours.mask - theirs.mask).abs().max() <= 1 / 255


@pytest.mark.parametrize("size", [(300, 40), (40, 300), (70, 65), (64, 64)])
@pytest.mark.parametrize("resampler", ["lanczos", "bicubic", "bilinear", "nearest"])
def test_resizing(size, resampler):
    levels = torch.randint(0, 256, (80, 90, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    theirs = resize(levels, size[0], size[1], resampler)
    with pretend():
        ours = resize(to_device(levels), size[0], size[1], resampler)
    assert torch.equal(to_host(ours), theirs)


def test_words_are_no_mask_on_a_gpu_either(tmp_path, batch):
    from onnx import TensorProto, helper

    words = helper.make_tensor_value_info("words", TensorProto.STRING, [1, 3, 64, 64])
    node = helper.make_node("Cast", ["input"], ["words"], to=TensorProto.STRING)
    path = write_model(tmp_path / "words.onnx", [node], [picture_input([1, 3, 64, 64])], [words])
    session = CustomSession(path, Recipe(CustomSessionContainer(width=64, height=64)), provider=CPU)
    with pretend(), pytest.raises(NoMaskError, match="which is no mask"):
        cutout(batch[:1], on_pretend(session))


@pytest.mark.parametrize("public", [True, False])
def test_outputs_of_older_onnxruntimes_stay_on_the_device(red_model, public, monkeypatch):
    """From 1.26 a value shares its memory, from 1.22 the one inside it."""
    from pretend import runtime

    made = runtime._Value
    monkeypatch.setattr(runtime, "_Value", lambda value, **_: made(value, public))
    session = CustomSession(red_model, Recipe(CustomSessionContainer(width=64, height=64)), provider=CPU)
    with pretend() as counts:
        feed = to_device(torch.rand(1, 3, 64, 64))
        counts.reset()
        output = on_pretend(session).model.run_on_device(feed, "mask")
        assert output.device == CUDA and not counts.copies
        assert torch.equal(to_host(output), to_host(feed)[:, :1])


def test_the_pretence_is_as_strict_as_cuda():
    """Or these tests could not fail."""
    with pretend() as counts:
        here, there = torch.ones(3), to_device(torch.ones(3))
        for mix in (lambda: here + there, lambda: torch.cat([here, there]), lambda: there.index_select(0, here.long())):
            with pytest.raises(MixedDevicesError):
                mix()
        with pytest.raises(TypeError, match="numpy"):
            there.numpy()
        counts.reset()
        float(there.sum())
        assert (counts.launches, counts.waited, counts.copies["down"]) == (2, 1, 1)
        levels = to_device(torch.arange(256.0))
        assert not torch.equal(to_host(levels / 255), torch.arange(256.0) / 255)  # as CUDA divides by a number


FAILURES = [
    "CUDA error cudaErrorNoKernelImageForDevice:no kernel image is available for execution on the device",
    "cuDNN is not available. Install cuDNN, update the system library search path, or set enable_cudnn=0",
    "CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version",
]


def failing_on_the_device(monkeypatch, text):
    """onnxruntime's run with bound memory says this; returns how often it was asked."""
    asked = []

    def fail(*_):
        asked.append(1)
        raise RuntimeError(f"[ONNXRuntimeError] : 1 : FAIL : Status Message: {text}")

    monkeypatch.setattr(loaded, "run_binding", fail)
    return asked


@pytest.mark.parametrize("text", FAILURES)
def test_a_device_that_fails_is_left_and_the_same_frame_is_run_again(session, batch, monkeypatch, caplog, text):
    say_once.cache_clear()
    theirs = cutout(batch, session)
    asked = failing_on_the_device(monkeypatch, text)
    with pretend():
        ours = on_pretend(session)
        ours.model._asked = ["CUDAExecutionProvider", CPU]
        result = cutout(batch, ours)
        assert len(asked) == 1 and ours.provider == CPU and ours.device.type == "cpu"
    assert torch.equal(to_host(result.image), theirs.image)
    assert "CUDA failed" in caplog.text and "goes on on CPU, with the same picture" in caplog.text
    assert "pip" in caplog.text or "driver" in caplog.text


def test_what_the_cpu_fails_at_too_is_the_models(session, batch, monkeypatch):
    """Then the device is kept, and not called broken."""
    failing_on_the_device(monkeypatch, FAILURES[0])

    def fail_too(*_):
        raise RuntimeError("Status Message: The input tensor cannot be reshaped")

    monkeypatch.setattr(loaded, "run_session", fail_too)
    with pretend():
        ours = on_pretend(session)
        ours.model._asked = ["CUDAExecutionProvider", CPU]
        before = ours.model._session
        with pytest.raises(ModelInputError, match="cannot be reshaped"):
            cutout(batch[:1], ours)
        assert ours.model._session is before


def test_an_input_that_does_not_fit_is_not_the_devices(session, batch, monkeypatch):
    asked = failing_on_the_device(
        monkeypatch, "Got invalid dimensions for input: /onnxruntime/core/providers/cuda/x.cc"
    )
    with pretend(), pytest.raises(ModelInputError, match="invalid dimensions"):
        cutout(batch[:1], on_pretend(session))
    assert len(asked) == 1


@pytest.fixture
def masks(batch):
    return batch[..., 0]


MATTED = {
    "colours estimated": RefineOptions(alpha_matting=True, erode_size=4),
    "the photo's": RefineOptions(alpha_matting=True, erode_size=4, edge_colours="photo"),
    "blur fusion": RefineOptions(alpha_matting=True, erode_size=4, edge_colours="blur_fusion"),
    "premultiplied": RefineOptions(alpha_matting=True, erode_size=4, edge_colours="premultiplied"),
}


def kernels_ready():
    """The CPU's results are the compiled kernels', which are the more exact ones."""
    for module in ("closed_form.solve", "foreground"):
        if kernel_cache.kernels.find(module, wait=True) is None:
            pytest.skip("numba is not installed")


@pytest.mark.parametrize("name", MATTED)
def test_matting_is_the_cpus_to_a_level(batch, masks, name):
    kernels_ready()
    options = CutoutOptions(MATTED[name])
    theirs = matte_masks(batch[:1], masks[:1], options)
    with pretend() as counts:
        ours = matte_masks(batch[:1], masks[:1], options, device=CUDA, make_room=lambda _: None)
    off = (ours.image - theirs.image).abs()
    assert (ours.mask - theirs.mask).abs().max() <= 1.01 / 255
    # Under alpha 0 too; where an edge is one level apart, its colour may be three.
    assert off[..., :3].max() <= 3.01 / 255
    assert counts.waited <= 40, counts.waits
    assert counts.launches <= (7500 if name == "colours estimated" else 3500)


def test_several_frames_are_one_system(batch, masks):
    """With little more to be told than one has."""
    kernels_ready()
    options = CutoutOptions(MATTED["the photo's"])
    theirs = matte_masks(batch, masks, options)
    told = []
    for count in (1, len(batch)):
        with pretend() as counts:
            ours = matte_masks(batch[:count], masks[:count], options, device=CUDA, make_room=lambda _: None)
        told.append(counts.launches)
    assert (ours.mask - theirs.mask).abs().max() <= 1.01 / 255
    assert told[1] <= told[0] * 1.3 + 100 * len(batch)


def test_a_frame_that_cannot_be_matted_does_not_take_the_others_with_it(batch, masks, caplog):
    empty = masks.clone()
    empty[1] = 0.5
    options = CutoutOptions(MATTED["the photo's"])
    theirs = matte_masks(batch, empty, options)
    with pretend():
        ours = matte_masks(batch, empty, options, device=CUDA, make_room=lambda _: None)
    assert (ours.mask - theirs.mask).abs().max() <= 1.01 / 255
    assert (ours.mask[1] - 0.5).abs().max() < 1 / 255 and "frame 1 keeps its mask" in caplog.text


def test_a_soft_prior(batch, masks):
    kernels_ready()
    trimap = make_trimap(masks[0], erode_size=4)
    weight = torch.full_like(trimap, 0.01)
    theirs = estimate_alpha(batch[0], trimap, prior=Prior(masks[0], weight))
    with pretend():
        prior = Prior(to_device(masks[0]), to_device(weight))
        ours = to_host(estimate_alpha(to_device(batch[0]), to_device(trimap), prior=prior))
    assert (ours - theirs).abs().max() < 2e-3


def test_launches_of_large_pictures(batch, masks, monkeypatch):
    """By formula: 1 and 4 MP took 48 and 72 steps on two and three levels; here are three of a small picture."""
    monkeypatch.setattr(batched, "DENSE", 5)
    steps = []
    cycle = batched.Preconditioner.__call__
    monkeypatch.setattr(batched.Preconditioner, "__call__", lambda *parts: steps.append(1) or cycle(*parts))
    counted = []
    for tolerance in (1e-3, 1e-7):
        steps.clear()
        with pretend() as counts:
            estimate_alpha(to_device(batch[0]), to_device(make_trimap(masks[0], erode_size=4)), tolerance=tolerance)
        counted.append((len(steps), counts.launches))
    (few, least), (many, most) = counted
    each = (most - least) / (many - few)
    set_up = least - few * each
    assert many - few >= 8 and each <= 145
    assert set_up + 48 * each <= 10_000 and 1.4 * set_up + 72 * each <= 12_000


def test_what_a_card_cannot_do_the_cpu_does(batch, masks, monkeypatch, caplog):
    def fail(*_, **__):
        raise RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`")

    options, freed = CutoutOptions(MATTED["the photo's"]), []
    theirs = matte_masks(batch[:1], masks[:1], options)
    monkeypatch.setattr(batched, "assemble", fail)
    with pretend():
        ours = matte_masks(batch[:1], masks[:1], options, device=CUDA, make_room=freed.append)
    assert torch.equal(ours.mask, theirs.mask) and freed and "memory of cuda:0 ran out" in caplog.text

"""Sessions: rembg's masks, sharing and letting go, and what is said when a model does not fit."""

import gc
from typing import Any

import numpy as np
import pytest
import torch
from onnx import TensorProto, helper
from onnx_segmentation.errors import ModelInputError, NoMaskError, NotFiniteError
from onnx_segmentation.sessions.recipes.container import IMAGENET_MEAN, IMAGENET_STD, CustomSessionContainer
from onnx_segmentation.sessions.recipes.presets import preset
from onnx_segmentation.sessions.recipes.recipe import Recipe
from onnx_segmentation.sessions.runtime import loaded
from onnx_segmentation.sessions.session import CustomSession
from PIL import Image
from support import SHARED, make_red_model, open_photo, photos, picture_input, write_model

U2NETP = preset("u2net")
PLAIN = CustomSessionContainer((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), 64, 64)


def mask_of(session, frame):
    return session.segment(frame[None]).masks[0]


@pytest.fixture(scope="module")
def rembg_u2netp(u2netp):
    """rembg's own session of the same file."""
    import onnxruntime

    U2netpSession: Any = pytest.importorskip("rembg.sessions.u2netp").U2netpSession

    class SameFile(U2netpSession):
        @classmethod
        def download_models(cls, *args, **kwargs):
            return str(u2netp)

    return SameFile("u2netp", onnxruntime.SessionOptions())


@pytest.mark.parametrize("size", [None, (333, 257), (1, 1), (2, 700)], ids=str)
@pytest.mark.parametrize("name", photos())
def test_mask_is_rembgs(name, size, u2netp, rembg_u2netp):
    """Within 1 level of 255; identical on the machine where this was written."""
    photo = open_photo(name) if size is None else open_photo(name).resize(size)
    ours = np.asarray(CustomSession(u2netp, U2NETP).predict(photo)[0]).astype(int)
    assert np.abs(ours - np.asarray(rembg_u2netp.predict(photo)[0])).max() <= 1


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared photos are not here")
def test_golden_of_rembg(u2netp):
    golden = np.asarray(Image.open(SHARED / "rembg_anime-girl-1.u2netp.png"))[..., 3].astype(int)
    mask = CustomSession(u2netp, U2NETP).predict(open_photo("rembg_anime-girl-1"))[0]
    assert np.abs(golden - np.asarray(mask)).max() <= 1


def test_from_container_is_the_same_session(red_model):
    frame = torch.randint(0, 256, (50, 70, 3), dtype=torch.uint8)
    session = CustomSession.from_container(PLAIN, red_model)
    assert torch.equal(mask_of(session, frame), mask_of(CustomSession(red_model, Recipe(PLAIN)), frame))
    assert session.recipe.container is PLAIN


def test_normalisation_uses_each_channels_own_numbers(tmp_path):
    """The model adds the channels up, so that a swapped mean or std changes the mask."""
    node = helper.make_node("ReduceSum", ["input", "axes"], ["mask"], keepdims=1)
    axes = helper.make_tensor("axes", TensorProto.INT64, [1], [1])
    out = helper.make_tensor_value_info("mask", TensorProto.FLOAT, [1, 1, 8, 8])
    path = write_model(tmp_path / "sum.onnx", [node], [picture_input((1, 3, 8, 8))], [out], [axes])
    frame = torch.randint(0, 256, (8, 8, 3), dtype=torch.uint8)
    container = CustomSessionContainer(IMAGENET_MEAN, (0.2, 0.5, 1.0), 8, 8)
    levels = frame.double() / frame.max()
    logits = ((levels - torch.tensor(IMAGENET_MEAN)) / torch.tensor(container.std)).sum(-1)
    expected = (logits - logits.min()) / (logits.max() - logits.min()) * 255
    assert (mask_of(CustomSession.from_container(container, path), frame) - expected).abs().max() <= 1


def test_one_model_in_memory_while_somebody_holds_it(red_model):
    first, second = CustomSession.from_container(PLAIN, red_model), CustomSession.from_container(PLAIN, red_model)
    assert first.model is second.model
    assert len(loaded._models) == 1
    del first, second
    gc.collect()
    assert len(loaded._models) == 0


def test_a_replaced_file_is_loaded_anew(tmp_path):
    path = make_red_model(tmp_path / "model.onnx", (1, 3, 64, 64))
    before = CustomSession.from_container(PLAIN, path)
    make_red_model(path, (1, 3, "height", "width"))
    assert CustomSession.from_container(PLAIN, path).model is not before.model


def test_wrong_size_says_which_is_right(u2netp):
    said = "takes 320 x 320 .* the recipe says 1024 x 1024: set width to 320 and height to 320"
    with pytest.raises(ModelInputError, match=said):
        CustomSession.from_container(CustomSessionContainer(IMAGENET_MEAN, IMAGENET_STD, 1024, 1024), u2netp)


def test_dynamic_sizes_take_any_container(tmp_path):
    path = make_red_model(tmp_path / "dynamic.onnx", ("batch", 3, "height", "width"))
    container = CustomSessionContainer(PLAIN.mean, PLAIN.std, 40, 24)
    assert mask_of(CustomSession.from_container(container, path), torch.zeros(9, 5, 3, dtype=torch.uint8)).shape == (
        9,
        5,
    )


def test_a_model_without_a_mask_is_refused(tmp_path):
    """A classifier: [1, 192] out."""
    node = helper.make_node("ReduceMean", ["input"], ["scores"], axes=[2], keepdims=0)
    flat = helper.make_node("Flatten", ["scores"], ["classes"])
    out = helper.make_tensor_value_info("classes", TensorProto.FLOAT, [1, 192])
    path = write_model(tmp_path / "classifier.onnx", [node, flat], [picture_input((1, 3, 64, 64))], [out])
    with pytest.raises(NoMaskError, match=r"gives float32 \[1, 192\], which is no mask"):
        mask_of(CustomSession.from_container(PLAIN, path), torch.zeros(64, 64, 3, dtype=torch.uint8))


def test_nan_from_the_model_is_refused(tmp_path):
    node = helper.make_node("Log", ["input"], ["mask"])  # log(0) = -inf
    out = helper.make_tensor_value_info("mask", TensorProto.FLOAT, [1, 3, 64, 64])
    path = write_model(tmp_path / "log.onnx", [node], [picture_input((1, 3, 64, 64))], [out])
    with pytest.raises(NotFiniteError, match="NaN or infinity"):
        mask_of(CustomSession.from_container(PLAIN, path), torch.zeros(64, 64, 3, dtype=torch.uint8))

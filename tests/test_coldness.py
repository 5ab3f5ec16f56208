"""Models whose values never pass .5: their confidence is that of the stretched mask; of all others it is their own."""

import pytest
import torch
from hosts import FakeHost
from onnx import TensorProto, helper
from onnx_segmentation import CustomSession, CustomSessionContainer, CutoutOptions, Recipe, cutout
from onnx_segmentation.sessions.runtime.loaded import LoadedModel
from support import picture_input, write_model

SIDE = 48
RECIPE = Recipe(CustomSessionContainer((0,) * 3, (1,) * 3, SIDE, SIDE), scale="255")
ASKED = CutoutOptions(min_confidence=0.5)


def make_model(folder, factor, offset=0.0, name="red.onnx"):
    """Its map is the red channel times factor, plus offset."""
    scalars = {"first": [0], "factor": [factor], "offset": [offset]}
    kinds = {"first": TensorProto.INT64}
    constants = [helper.make_tensor(key, kinds.get(key, TensorProto.FLOAT), [1], v) for key, v in scalars.items()]
    nodes = [
        helper.make_node("Gather", ["input", "first"], ["red"], axis=1),
        helper.make_node("Mul", ["red", "factor"], ["scaled"]),
        helper.make_node("Add", ["scaled", "offset"], ["mask"]),
    ]
    out = helper.make_tensor_value_info("mask", TensorProto.FLOAT, [1, 1, SIDE, SIDE])
    return write_model(folder / name, nodes, [picture_input((1, 3, SIDE, SIDE))], [out], constants)


@pytest.fixture
def red_square():
    frame = torch.zeros(1, SIDE, SIDE, 3)
    frame[:, 12:36, 12:36, 0] = 1
    return frame


def segment(path, images, recipe=RECIPE, options=ASKED):
    return cutout(images, CustomSession(path, recipe, provider="CPUExecutionProvider"), options)


@pytest.mark.parametrize(("factor", "offset"), [(0.3, 0.0), (0.4, -0.6), (2.0, -9.0)])
def test_a_cold_models_mask_is_left(tmp_path, red_square, factor, offset):
    """Probabilities that stay low, logits around 0, logits far below."""
    result = segment(make_model(tmp_path, factor, offset), red_square)
    assert result.confidence == [1.0]
    assert torch.equal(result.mask, red_square[..., 0])


def test_a_model_that_can_be_sure_is_asked_to_be(tmp_path, red_square):
    result = segment(make_model(tmp_path, 1.0), torch.cat([red_square, red_square * 0.3]))
    assert result.confidence == pytest.approx([1.0, 0.3], abs=0.01)
    assert result.mask[0].max() == 1 and result.mask[1].max() == 0


def test_a_map_without_contrast_is_no_subject(tmp_path, red_square):
    assert segment(make_model(tmp_path, 0.3), torch.zeros_like(red_square)).mask.max() == 0


def test_only_masks_that_are_stretched(tmp_path, red_square):
    recipe = Recipe(RECIPE.container, scale="255", decoding="none")
    result = segment(make_model(tmp_path, 0.3), red_square, recipe)
    assert result.confidence == pytest.approx([0.3], abs=0.01) and result.mask.max() == 0


def test_a_steady_batch_is_stretched_by_one_scale(tmp_path, red_square):
    batch = torch.cat([red_square, red_square * 0.2])
    result = segment(make_model(tmp_path, 0.3), batch, options=CutoutOptions(min_confidence=0.5, steady=True))
    assert result.confidence == pytest.approx([1.0, 0.2], abs=0.01)
    assert result.mask[1].max() == 0


def test_the_sample_is_run_once_and_only_in_doubt(tmp_path, red_square, monkeypatch):
    runs = []
    run = LoadedModel.run
    monkeypatch.setattr(LoadedModel, "run", lambda self, *rest, **named: runs.append(1) or run(self, *rest, **named))
    warm = CustomSession(make_model(tmp_path, 1.0), RECIPE, provider="CPUExecutionProvider")
    cutout(red_square, warm, ASKED)
    assert len(runs) == 1
    for expected in (3, 4):  # the frame and the sample, then the frame alone
        cutout(red_square * 0.3, warm, ASKED)
        assert len(runs) == expected


@pytest.mark.parametrize(("name", "subject"), [("mine.onnx", True), ("u2netp.onnx", False)])
def test_the_catalogues_models_are_not_doubted(tmp_path, red_square, name, subject):
    result = segment(make_model(tmp_path, 0.3, name=name), red_square)
    assert bool(result.mask.max() == 1) is subject


@pytest.mark.parametrize("quality", ["rembg", "fast", "best"])
def test_a_node_that_is_placed_anew(host, red_square, quality):
    if not isinstance(host, FakeHost):
        pytest.skip("models are made in the fake's folder")
    make_model(host.folder, 0.3)
    numbers = {f"{kind}_{channel}": 0 if kind == "mean" else 1 for kind in ("mean", "std") for channel in "rgb"}
    values = {"images": red_square, "model": "red.onnx", "width": SIDE, "height": SIDE, "alpha_matting": "false"}
    mask = host.run("ImageSegmentationCustomAdvanced", **values, **numbers, min_confidence=0.5, quality=quality)[1]
    assert mask[0, 24, 24] > 0.99 and mask[0, 0, 0] == 0

"""Any ONNX file: the right mask without a hint, or a refusal that says why. Runs in either host."""

import json

import numpy as np
import onnx
import pytest
import torch
from hosts import Failed
from onnx import TensorProto, helper
from support import make_red_model, open_photo, photos, picture_input, to_image, write_model
from zoo import GAIN, SIDE, ZOO, Builder, Member, build, head, output

PLAIN = {"alpha_matting": "false", "quality": "rembg"}


@pytest.fixture
def picture():
    """A soft red disc in grey-green [1, 180, 240, 3], and its right mask."""
    down, across = np.mgrid[-0.9:0.9:180j, -1.2:1.2:240j]
    red = 0.1 + 0.8 / (1 + np.exp((np.hypot(down, across) - 0.6) * 14))
    levels = np.rint(np.stack([red, np.full_like(red, 0.95), np.full_like(red, 0.4)], -1) * 255) / 255
    return torch.from_numpy(levels.astype(np.float32))[None]


def right_mask(picture, gain=GAIN):
    return torch.sigmoid(gain * (picture[..., 0] - 0.5))


def iou(mask, expected):
    ours, theirs = mask > 0.5, expected > 0.5
    return float((ours & theirs).sum() / (ours | theirs).sum())


@pytest.mark.parametrize("name", ZOO)
def test_the_right_mask_without_a_hint(host, picture, name):
    build(host.folder / "model.onnx", ZOO[name])
    rgba, mask, confidence, *_ = host.run("ImageSegmentationAuto", model="model.onnx", images=picture, **PLAIN)
    expected = right_mask(picture, ZOO[name].gain)
    assert iou(mask, expected) >= 0.99
    if ZOO[name].soft:
        assert (mask - expected).abs().max() < 0.05
    assert confidence > 0.9 and torch.equal(rgba[..., 3], mask)


def test_u2netp_is_the_explicit_node_bit_for_bit(host, u2netp):
    (host.folder / "u2netp.onnx").write_bytes(u2netp.read_bytes())
    for name in photos():
        settings = {"images": to_image(open_photo(name)), **PLAIN, "min_confidence": 0.0}
        numbers = dict(zip(("mean_r", "mean_g", "mean_b"), (0.485, 0.456, 0.406), strict=True))
        numbers |= dict(zip(("std_r", "std_g", "std_b"), (0.229, 0.224, 0.225), strict=True))
        explicit = host.run(
            "ImageSegmentationCustomAdvanced", model="u2netp.onnx", width=320, height=320, **settings, **numbers
        )
        auto = host.run("ImageSegmentationAuto", model="u2netp.onnx", **settings)
        assert torch.equal(explicit[0], auto[0]) and torch.equal(explicit[1], auto[1])


def test_no_subject_is_said_instead_of_stretched_noise(host, u2netp):
    """Flat pictures stay below the default confidence, every photo of a subject is above.

    The flat ones have the model's own size: resized, how near the largest level comes to 255 is up to onnxruntime.
    """
    (host.folder / "u2netp.onnx").write_bytes(u2netp.read_bytes())
    for level in (0.1, 0.5, 0.9):
        flat = torch.full((1, 320, 320, 3), level)
        _, mask, confidence, *_ = host.run("ImageSegmentationAuto", model="u2netp.onnx", images=flat, **PLAIN)
        assert confidence < 0.5 and mask.max() == 0
        _, stretched, *_ = host.run(
            "ImageSegmentationAuto", model="u2netp.onnx", images=flat, min_confidence=0.0, **PLAIN
        )
        assert (stretched.min(), stretched.max()) == (0, 1)
    for name in photos():
        images = to_image(open_photo(name))
        _, mask, confidence, *_ = host.run("ImageSegmentationAuto", model="u2netp.onnx", images=images, **PLAIN)
        assert confidence > 0.8 and mask.max() > 0.9, name


def test_a_renamed_file_is_known_by_its_checksum(host, u2netp):
    for name in ("u2netp.onnx", "my_model.onnx"):
        (host.folder / name).write_bytes(u2netp.read_bytes())
    settings = {"images": to_image(open_photo("coffee")), **PLAIN}
    named = host.run("ImageSegmentationAuto", model="u2netp.onnx", **settings)
    renamed = host.run("ImageSegmentationAuto", model="my_model.onnx", **settings)
    assert torch.equal(named[1], renamed[1])


@pytest.mark.parametrize("free_batch", [True, False])
def test_batches_of_models_that_take_them_and_of_those_that_do_not(host, picture, free_batch):
    shape = ("batch" if free_batch else 1, 3, SIDE, SIDE)
    build(host.folder / "model.onnx", Member(head(shape=(shape[0], 1, SIDE, SIDE)), shape))
    batch = torch.cat([picture, picture.flip(2), picture.roll(40, 2), picture * 0.9, picture.flip(1)])
    _, masks, *_ = host.run("ImageSegmentationAuto", model="model.onnx", images=batch, **PLAIN)
    for frame, mask in zip(batch, masks, strict=True):
        _, single, *_ = host.run("ImageSegmentationAuto", model="model.onnx", images=frame[None], **PLAIN)
        assert torch.equal(mask, single[0])


def test_one_scale_for_a_whole_batch(host, picture):
    """With min_max per frame a dim frame is stretched like a bright one; over the batch it stays dim."""
    make_red_model(host.folder / "red.onnx")
    (recipe,) = host.run("ImageSegmentationRecipe", width=64, height=64)
    batch = torch.cat([picture, picture * 0.5])
    settings = {"model": "red.onnx", "images": batch, "recipe": recipe, "min_confidence": 0.0, **PLAIN}
    (recipe,) = host.run("ImageSegmentationRecipe", width=64, height=64, scale="255")
    settings["recipe"] = recipe
    _, alone, *_ = host.run("ImageSegmentationAuto", **settings)
    _, steady, *_ = host.run("ImageSegmentationAuto", **settings, scale="whole batch")
    assert alone[1].max() > 0.98
    assert steady[0].max() > 0.98 and steady[1].max() < 0.6


@pytest.mark.parametrize("chosen", range(-1, 5))
def test_one_class_of_several(host, picture, chosen):
    build(host.folder / "model.onnx", ZOO["five-class logits"])
    settings = {"model": "model.onnx", "images": picture, **PLAIN, "min_confidence": 0.0}
    _, mask, *_ = host.run("ImageSegmentationAuto", **settings, class_index=chosen)
    red = right_mask(picture, 80.0)
    assert mask.shape == red.shape  # never one tall picture
    if chosen in (-1, 3):
        assert iou(mask, red) >= 0.99
    else:
        assert (mask > 0.5).sum() == 0 or iou(mask, 1 - red) >= 0.98


def test_a_class_that_is_not_there(host, picture):
    build(host.folder / "model.onnx", ZOO["five-class logits"])
    with pytest.raises(Failed, match=r"RecipeError: class_index is 5, but model\.onnx has 5 classes: give 0 to 4"):
        host.run("ImageSegmentationAuto", model="model.onnx", images=picture, class_index=5, **PLAIN)


def test_labels_are_resized_as_labels(host, picture):
    build(host.folder / "model.onnx", ZOO["int64 class map"])
    _, mask, *_ = host.run("ImageSegmentationAuto", model="model.onnx", images=picture, **PLAIN)
    assert set(mask.unique().tolist()) == {0.0, 1.0}


SIDECARS = {
    "model.onnx.json": {
        "mean": [0, 0, 0], "std": [1, 1, 1], "width": SIDE, "height": SIDE, "scale": "255", "decoding": "sigmoid",
    },
    "preprocessor_config.json": {
        "do_normalize": True, "image_mean": [0, 0, 0], "image_std": [1, 1, 1], "do_rescale": True,
        "size": {"width": SIDE, "height": SIDE}, "resample": 2,
    },
}  # fmt: skip


def plain_numbers_model(path, metadata=None):
    """A member of the zoo that wants pixels 0..1 without mean and std, so that a deduced recipe is wrong for it."""
    graph = Builder()
    kernel = np.array([GAIN, 0, 0]).reshape(1, 3, 1, 1)
    graph.add("Conv", "input", graph.weight(kernel), graph.weight([-GAIN / 2]), out="mask")
    write_model(
        path, graph.nodes, [picture_input((1, 3, SIDE, SIDE))], [output("mask", (1, 1, SIDE, SIDE))], graph.weights
    )
    if metadata:
        model = onnx.load(path)
        helper.set_model_props(model, metadata)
        onnx.save(model, path)


@pytest.mark.parametrize("file", SIDECARS)
def test_recipes_beside_the_file(host, picture, file):
    plain_numbers_model(host.folder / "own" / "model.onnx")
    (host.folder / "own" / file).write_text(json.dumps(SIDECARS[file]))
    _, mask, *_ = host.run("ImageSegmentationAuto", model="own/model.onnx", images=picture, **PLAIN)
    assert (mask - right_mask(picture)).abs().max() < 0.05


def test_withoutbg_sidecar(host, picture):
    plain_numbers_model(host.folder / "model.onnx")
    model = onnx.load(host.folder / "model.onnx")
    model.graph.node.append(helper.make_node("Sigmoid", ["mask"], ["alpha"]))
    model.graph.output[0].name = "alpha"
    onnx.save(model, host.folder / "model.onnx")
    (host.folder / "model.onnx.json").write_text(json.dumps({"canvas_size": SIDE, "input_name": "rgb"}))
    _, mask, *_ = host.run("ImageSegmentationAuto", model="model.onnx", images=picture, **PLAIN)
    assert (mask - right_mask(picture)).abs().max() < 0.05


def test_recipe_in_the_models_metadata(host, picture):
    recipe = json.dumps(SIDECARS["model.onnx.json"])
    plain_numbers_model(host.folder / "model.onnx", {"onnx_segmentation.recipe": recipe})
    _, mask, *_ = host.run("ImageSegmentationAuto", model="model.onnx", images=picture, **PLAIN)
    assert (mask - right_mask(picture)).abs().max() < 0.05


@pytest.mark.parametrize("content", ["{", "[]", '{"mean": [0, 0]}', '{"colour": "blue"}', '{"decoding": "magic"}'])
def test_a_broken_sidecar_is_named(host, picture, content):
    plain_numbers_model(host.folder / "model.onnx")
    (host.folder / "model.onnx.json").write_text(content)
    with pytest.raises(Failed, match=r"RecipeError: model\.onnx\.json cannot be read"):
        host.run("ImageSegmentationAuto", model="model.onnx", images=picture, **PLAIN)


def test_loader_recipe_apply_are_the_auto_node(host, picture):
    build(host.folder / "model.onnx", ZOO["sigmoid"])
    (session,) = host.run("ImageSegmentationModelLoader", model="model.onnx")
    mask, rgba, confidence, *_ = host.run("ImageSegmentationApply", session=session, images=picture)
    auto = host.run("ImageSegmentationAuto", model="model.onnx", images=picture, **PLAIN, edge_colours="auto")
    assert torch.equal(mask, auto[1]) and torch.equal(rgba, auto[0]) and confidence == auto[2]
    (recipe,) = host.run("ImageSegmentationRecipe", width=SIDE, height=SIDE)  # rembg's min-max
    stretched, *_ = host.run("ImageSegmentationApply", session=session, images=picture, recipe=recipe)
    assert stretched.min() == 0 and stretched.max() == 1 and not torch.equal(stretched, mask)


def test_original_nodes_take_a_recipe_and_a_decoding(host, picture):
    build(host.folder / "model.onnx", ZOO["logits"])
    (recipe,) = host.run(
        "ImageSegmentationRecipe", width=SIDE, height=SIDE, scale="255", decoding="sigmoid", std_r=0.229
    )
    node = {"model": "model.onnx", "images": picture, **PLAIN}
    _, by_recipe = host.run("ImageSegmentationCustomAdvanced", **node, recipe=recipe)
    numbers = {"width": SIDE, "height": SIDE, "std_r": 0.229}
    _, by_decoding = host.run("ImageSegmentationCustomAdvanced", **node, **numbers, decoding="sigmoid")
    _, as_before = host.run("ImageSegmentationCustomAdvanced", **node, **numbers)
    assert (by_recipe - right_mask(picture)).abs().max() < 0.05
    assert by_decoding.max() < 1 and as_before.max() == 1


def test_diagnostics_tells_what_is_there(host, picture):
    build(host.folder / "model.onnx", ZOO["several outputs"])
    (text,) = host.run("ImageSegmentationDiagnostics", model="model.onnx", images=picture)
    for said in ("onnxruntime", "providers: ", "missing: ", "input: input float32 [1, 3, 256, 256]", "runs on: CPU"):
        assert said in text
    recipe = "recipe, from ImageNet's mean and std"
    for said in ("output: mask float32 [1, 1, 256, 256] by Sigmoid", recipe, "time: model"):
        assert said in text
    (text,) = host.run("ImageSegmentationDiagnostics", model="none")
    assert "input:" not in text


def one_input(kind=TensorProto.FLOAT, shape=(1, 3, 64, 64), op="Identity", out_shape=None, **attributes):
    def make(path):
        node = helper.make_node(op, ["input"], ["mask"], **attributes)
        out = helper.make_tensor_value_info("mask", kind, list(out_shape or shape))
        return write_model(path, [node], [picture_input(shape, kind)], [out])

    return make


def two_inputs(path):
    inputs = [picture_input((1, 3, 64, 64), name=name) for name in ("image", "points")]
    node = helper.make_node("Add", ["image", "points"], ["mask"])
    return write_model(path, [node], inputs, [output("mask", (1, 3, 64, 64))])


def constant(path):
    graph = Builder()
    graph.add("Mul", "input", graph.weight([0.0]), out="mask")
    return write_model(
        path, graph.nodes, [picture_input((1, 3, 64, 64))], [output("mask", (1, 3, 64, 64))], graph.weights
    )


def newer(path, **versions):
    model = onnx.load(make_red_model(path))
    model.ir_version = versions.get("ir", model.ir_version)
    model.opset_import[0].version = versions.get("opset", model.opset_import[0].version)
    onnx.save(model, path)


def external(path, location):
    model = onnx.load(make_red_model(path))
    weight = model.graph.initializer[0]
    weight.ClearField("int64_data")
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value=location)
    path.write_bytes(model.SerializeToString())


def custom_operator(path):
    model = onnx.load(make_red_model(path))
    model.graph.node[0].op_type, model.graph.node[0].domain = "MagicGather", "com.example"
    model.opset_import.append(helper.make_opsetid("com.example", 1))
    onnx.save(model, path)


REFUSED = {
    "two inputs": (two_inputs, r"SeveralInputsError: .*image float32 .*points float32"),
    "four channels": (one_input(shape=(1, 4, 64, 64)), "OtherKindError: .*picture-to-picture"),
    "four channels last": (one_input(shape=(1, 64, 64, 4)), "OtherKindError: .*picture-to-picture"),
    "text": (one_input(shape=(1, 77), kind=TensorProto.INT64), "NotAnImageModelError: .*int64"),
    "features": (one_input(shape=(1, 640, 64, 64)), "NotAnImageModelError"),
    "bfloat16": (one_input(kind=TensorProto.BFLOAT16), "ModelInputError: .* bfloat16 is not among"),
    "classifier": (one_input(op="Flatten", out_shape=(1, 12288)), "OtherKindError: .* looks like a classifier"),
    "custom operators": (custom_operator, "CustomOperatorError: .*MagicGather"),
    "ir too new": (lambda path: newer(path, ir=99), "ModelTooNewError"),
    "opset too new": (lambda path: newer(path, opset=99), "ModelTooNewError"),
    "external data missing": (lambda path: external(path, "weights.bin"), "ExternalDataError: .*weights.bin"),
    "external data outside": (lambda path: external(path, "../weights.bin"), "ExternalDataError: .*outside"),
    "constant": (constant, "ConstantOutputError: .* everywhere"),
    "NaN": (one_input(op="Sqrt"), "NotFiniteError"),
    "html": (lambda path: path.write_text("<html>"), "NotOnnxError: .*web page"),
    "cut off": (lambda path: path.write_bytes(make_red_model(path).read_bytes()[:100]), "NotOnnxError: .*cut-off"),
    "noise": (lambda path: path.write_bytes(bytes(range(1, 256)) * 4), "NotOnnxError: .*not an ONNX model"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_refusals_say_why(host, picture, kind):
    make, said = REFUSED[kind]
    make(host.folder / "model.onnx")
    with pytest.raises(Failed, match=said):
        host.run("ImageSegmentationAuto", model="model.onnx", images=picture, **PLAIN)
    build(host.folder / "good.onnx", ZOO["logits"])
    _, mask, *_ = host.run("ImageSegmentationAuto", model="good.onnx", images=picture, **PLAIN)
    assert iou(mask, right_mask(picture)) >= 0.99

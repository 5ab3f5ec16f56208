"""Classes by name: whose names they are, how they are chosen, and a mask of each."""

import json

import numpy as np
import onnx
import pytest
import torch
from hosts import Failed
from interfaces.base import MAP, NCHW, entry, write
from onnx import TensorProto
from support import to_image
from zoo import SIDE, Builder, output

PLAIN_NODE = {"alpha_matting": "false"}
NAMES = ("background", "person", "dog", "tv monitor")


def quarters(path, head="softmax", names=None, gain=20.0):
    """Four classes: background everywhere but where the picture is red, green or blue."""
    graph = Builder()
    kernel = np.concatenate([np.full((1, 3), -gain), np.eye(3) * 2 * gain - gain]).reshape(4, 3, 1, 1)
    bias = np.array([gain, 0, 0, 0])
    logits = graph.add("Conv", "input", graph.weight(kernel), graph.weight(bias), out="logits")
    kind, shape = TensorProto.FLOAT, (1, 4, SIDE, SIDE)
    if head == "softmax":
        graph.add("Softmax", logits, axis=1, out="output")
    elif head == "labels":
        graph.add("ArgMax", logits, axis=1, out="output")
        kind, shape = TensorProto.INT64, MAP
    write(path, graph, [entry("input", NCHW)], [output("output" if head != "logits" else "logits", shape, kind)])
    model = onnx.load(path)
    if names:
        model.metadata_props.add(key="names", value=names)
    onnx.save(model, path)
    values = {"mean": 0, "std": 1, "scale": "255", "size": SIDE, "resampler": "bilinear"}
    decoding = {"softmax": "classes", "labels": "argmax", "logits": "softmax"}[head]
    path.with_name(f"{path.name}.json").write_text(json.dumps(values | {"output": 0, "decoding": decoding}))
    return path


@pytest.fixture
def picture():
    """Red at the top left, green at the top right, blue at the bottom left, black at the bottom right."""
    image = torch.zeros(1, SIDE, SIDE, 3)
    half = SIDE // 2
    image[0, :half, :half, 0] = image[0, :half, half:, 1] = image[0, half:, :half, 2] = 1
    return image


def areas(masks):
    """Of the four quarters, which are subject."""
    half = SIDE // 2
    corners = [masks[..., down : down + half, across : across + half] for down in (0, half) for across in (0, half)]
    return tuple(bool(corner.mean() > 0.5) for corner in corners)


def run(host, picture, node="ImageSegmentationAuto", **more):
    return host.run(node, model="model.onnx", images=picture, **more, **PLAIN_NODE)


@pytest.mark.parametrize("head", ["softmax", "labels", "logits"])
@pytest.mark.parametrize(
    ("classes", "right"),
    [
        ("", (True, True, True, False)),
        ("person", (True, False, False, False)),
        ("Person, DOGS", (True, True, False, False)),
        ("people;tv", (True, False, True, False)),
        ("2", (False, True, False, False)),
        (" 3 , person ", (True, False, True, False)),
        ("background", (False, False, False, True)),
    ],
)
def test_classes_are_chosen_by_name_and_number(host, picture, head, classes, right):
    quarters(host.folder / "model.onnx", head, repr(dict(enumerate(NAMES))))
    assert areas(run(host, picture, classes=classes)[1][0]) == right


def test_probabilities_of_the_chosen_are_added(host, picture):
    """Where two classes share a pixel, choosing both takes it."""
    quarters(host.folder / "model.onnx", "softmax", json.dumps(NAMES), gain=1.0)
    plain = {"min_confidence": 0, "quality": "rembg"}
    both, *alone = (run(host, picture, classes=names, **plain)[1] for names in ("person,dog", "person", "dog"))
    assert (both >= torch.maximum(*alone)).all() and (both > torch.maximum(*alone) + 0.1).any()


@pytest.mark.parametrize(
    ("names", "classes", "message"),
    [
        (json.dumps(NAMES), "hamster", "'hamster', which model.onnx does not have; it has background, person"),
        (json.dumps(NAMES), "persom", r"did you mean person\?"),
        (json.dumps(NAMES), "person, 4", "classes names 4, but model.onnx has 4 classes: give 0 to 3"),
        (None, "person", "no names for its classes: give numbers, 0 to 3"),
    ],
)  # fmt: skip
def test_what_is_no_class_is_said_with_what_there_is(host, picture, names, classes, message):
    quarters(host.folder / "model.onnx", names=names)
    with pytest.raises(Failed, match=f"RecipeError: .*{message}"):
        run(host, picture, classes=classes)


def test_one_mask_for_each_class_and_their_names(host, picture):
    quarters(host.folder / "model.onnx", names=json.dumps(NAMES))
    mask, masks, names = (run(host, picture)[place] for place in (1, 3, 4))
    assert names == "person, dog, tv monitor" and masks.shape == (3, SIDE, SIDE)
    assert [areas(each) for each in masks] == [tuple(n == place for n in range(4)) for place in range(3)]
    assert areas(mask[0]) == areas(masks.amax(0))
    again = run(host, picture, classes=names)  # the names can be connected to the input
    assert again[4] == names and torch.equal(again[3], masks)
    *_, masks, names = run(host, picture, classes="tv, background")
    assert names == "tv monitor, background" and [areas(each) for each in masks] == [
        (False, False, True, False),
        (False, False, False, True),
    ]


def test_each_classs_mask_is_multiplied_by_the_inputs_alpha(host, picture):
    quarters(host.folder / "model.onnx", names=json.dumps(NAMES))
    alpha = torch.ones(1, SIDE, SIDE, 1)
    alpha[:, :, : SIDE // 4] = 0
    clear = torch.cat([picture, alpha], -1)
    ignored, whole = (run(host, each, input_alpha="ignore")[3] for each in (clear, picture))
    assert torch.equal(ignored, whole)
    for way in ("multiply", "prior"):
        assert torch.equal(run(host, clear, input_alpha=way)[3], whole * alpha[..., 0])


def test_of_several_pictures_all_of_a_class_come_together(host, picture):
    quarters(host.folder / "model.onnx", names=json.dumps(NAMES))
    red = picture * torch.tensor([1.0, 0, 0])
    *_, masks, names = run(host, torch.cat([red, picture]))
    assert names == "person, dog, tv monitor" and masks.shape == (6, SIDE, SIDE)
    assert [bool(each.max() > 0.5) for each in masks] == [True, True, False, True, False, True]


def test_a_model_of_one_class_gives_its_mask(host, red):
    picture = torch.rand(2, 64, 64, 3)
    _, mask, _, masks, names = host.run("ImageSegmentationAuto", model=red, images=picture, **PLAIN_NODE)
    assert torch.equal(mask, masks) and names == ""
    with pytest.raises(Failed, match=r"RecipeError: .*no names for its classes"):
        host.run("ImageSegmentationAuto", model=red, images=picture, classes="person", **PLAIN_NODE)


def test_the_apply_node_too(host, picture):
    quarters(host.folder / "model.onnx", names=json.dumps(NAMES))
    (session,) = host.run("ImageSegmentationModelLoader", model="model.onnx")
    mask, _, _, masks, names = host.run("ImageSegmentationApply", session=session, images=picture, classes="dog")
    assert areas(mask[0]) == (False, True, False, False) and names == "dog" and torch.equal(masks, mask)


def test_names_of_hugging_face(host, picture):
    folder = host.folder / "mine"
    quarters(folder / "model.onnx")
    (folder / "config.json").write_text(json.dumps({"id2label": dict(enumerate(["none", "hat", "shoe", "bag"]))}))
    given = {"model": "mine/model.onnx", "images": picture, **PLAIN_NODE}
    assert areas(host.run("ImageSegmentationAuto", classes="bags", **given)[1][0]) == (False, False, True, False)


def test_the_python_call_and_the_command(loaded, tmp_path, picture):
    from PIL import Image

    path = quarters(tmp_path / "model.onnx", names=json.dumps(NAMES))
    pixels = (picture[0] * 255).byte().numpy()
    mask = loaded("simple").segment(pixels, path, mask=True, classes="dog")
    assert areas(torch.from_numpy(mask) / 255) == (False, True, False, False)
    (tmp_path / "in").mkdir()
    Image.fromarray(pixels).save(tmp_path / "in" / "a.png")
    words = ["cutout", str(tmp_path / "in"), "--output", str(tmp_path / "out"), "--model", str(path)]
    assert loaded("commands").main([*words, "--classes", "person", "--mask", "--quiet", "--jobs", "1"]) == 0
    assert areas(to_image(Image.open(tmp_path / "out" / "a.png").convert("RGB"))[0, ..., 0]) == (
        True,
        False,
        False,
        False,
    )


def test_rembgs_own_sessions_take_no_classes(loaded):
    rembg = loaded("sessions.rembg_session")
    session = object.__new__(rembg.RembgSession)
    session.path = "rembg's sam"
    with pytest.raises(loaded("errors").RembgError, match="no classes"):
        session.for_run("person")
    assert session.for_run() is session


@pytest.mark.parametrize(
    ("file", "count", "instances", "number", "name"),
    [
        ("yolo11n-seg", 80, True, 0, "person"),
        ("network", 80, True, 79, "toothbrush"),
        ("network", 80, False, 0, None),
        ("rf-detr-seg", 91, True, 90, "toothbrush"),
        ("deeplabv3_mnv2", 21, False, 15, "person"),
        ("network", 21, False, 15, None),
        ("segformer_b0", 150, False, 149, "flag"),
        ("ddrnet_cityscapes", 19, False, 11, "person"),
        ("face_parsing_resnet18", 19, False, 17, "hair"),
        ("celebamask_segformer", 19, False, 13, "hair"),
        ("schp_lip", 20, False, 2, "hair"),
        ("segformer_b2_clothes", 18, False, 4, "upper clothes"),
        ("u2net_cloth_seg", 4, False, 1, "upper body"),
        ("selfie_multiclass_256", 6, False, 1, "hair"),
    ],
)
def test_well_known_lists_where_number_and_name_agree(loaded, tmp_path, file, count, instances, number, name):
    facts = loaded("sessions.onnx_file.header").ModelFacts(8, {}, "", {}, (), (), {})
    names = loaded("sessions.finding.labels").find_class_names(tmp_path / f"{file}.onnx", facts, count, instances)
    assert names.get(number) == name


def test_the_lists_hold_no_name_twice_and_synonyms_lead_somewhere(loaded):
    classes = loaded("sessions.recipes.classes")
    known = {classes._plain(name) for each in classes.class_lists() for name in each.names}
    for each in classes.class_lists():
        named = [name for name in each.names if name != "N/A"]
        assert len(set(named)) == len(named), each.name
    for word, names in classes._synonyms().items():
        assert names & known and word not in names, word


@pytest.mark.parametrize("text", ["{0: 'a', 1: 'b'}", '["a", "b"]', '{"0": "a", "1": "b"}', '{"a": 0, "b": 1}', "a,b"])
def test_names_in_metadata_as_people_write_them(loaded, text):
    labels = loaded("sessions.finding.labels")
    assert labels.read_names({"names": text}) == {0: "a", 1: "b"}


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", "{0: 1}", "__import__('os')", "(" * 5000, "{'a': 'b'}", "x"])
def test_metadata_that_holds_no_names(loaded, text):
    assert loaded("sessions.finding.labels").read_names({"names": text}) == {}


@pytest.mark.parametrize("classes", ['"person, tv"', '["person", 3]', '[1, "tv monitor"]'])
def test_a_recipe_file_names_classes(host, picture, classes):
    path = quarters(host.folder / "model.onnx", names=json.dumps(NAMES))
    sidecar = path.with_name("model.onnx.json")
    sidecar.write_text(json.dumps({**json.loads(sidecar.read_text()), "classes": json.loads(classes)}))
    assert areas(run(host, picture)[1][0]) == (True, False, True, False)
    assert areas(run(host, picture, classes="dog")[1][0]) == (False, True, False, False)  # typed ones go first


def test_a_recipe_file_with_an_unknown_class(host, picture):
    path = quarters(host.folder / "model.onnx", names=json.dumps(NAMES))
    sidecar = path.with_name("model.onnx.json")
    sidecar.write_text(json.dumps({**json.loads(sidecar.read_text()), "classes": ["hamster"]}))
    with pytest.raises(Failed, match=r"RecipeError: .*'hamster', which model.onnx does not have; it has background"):
        run(host, picture)


def test_a_long_video_keeps_no_masks_that_nobody_named(loaded, tmp_path, picture, monkeypatch, caplog):
    from onnx_segmentation import class_batches, cutouts
    from onnx_segmentation.sessions.finding.sources import find_recipe
    from onnx_segmentation.sessions.session import CustomSession

    path = quarters(tmp_path / "model.onnx", names=json.dumps(NAMES))
    session = CustomSession(path, find_recipe(path).recipe)
    monkeypatch.setattr(class_batches, "MOST_BYTES", 5 * 3 * SIDE * SIDE - 1)
    video = picture.expand(5, *picture.shape[1:])
    result = cutouts.cutout(video, session, class_masks=True)
    assert result.class_masks is None and result.class_names == ()
    assert "no class_masks: 3 classes on 5 pictures" in caplog.text
    assert cutouts.cutout(video[:4], session, class_masks=True).class_names == ("person", "dog", "tv monitor")
    named = cutouts.cutout(video, session, cutouts.CutoutOptions(classes="person, dog, tv"), class_masks=True)
    assert named.class_masks is not None and len(named.class_masks) == 15

"""What is found about a file that nobody described: its family, what its graph does first, what its weights tell."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from onnx_segmentation.errors import NoMaskError, OtherKindError
from onnx_segmentation.sessions.finding import kept, sources
from onnx_segmentation.sessions.finding.candidates import (
    CAFFE,
    CANDIDATES,
    IMAGENET,
    LEVELS,
    SYMMETRIC,
    UNIT,
    Candidate,
)
from onnx_segmentation.sessions.finding.families import families, family_of_name, telling_name
from onnx_segmentation.sessions.finding.feeding import read_numbers
from onnx_segmentation.sessions.finding.fingerprint import fingerprint
from onnx_segmentation.sessions.finding.hugging_face import read_labels, read_processor
from onnx_segmentation.sessions.finding.inside import read_inside
from onnx_segmentation.sessions.finding.outputs import Sample, read_meaning
from onnx_segmentation.sessions.finding.preprocessing import read_preprocessing
from onnx_segmentation.sessions.finding.samples import Trial, photo_like
from onnx_segmentation.sessions.finding.search import Search
from onnx_segmentation.sessions.finding.sources import find_recipe
from onnx_segmentation.sessions.finding.trial import NO_ANSWER, darken, score
from onnx_segmentation.sessions.finding.typed import read_typed
from onnx_segmentation.sessions.finding.weights import weigh
from onnx_segmentation.sessions.onnx_file.graph import read_graph
from onnx_segmentation.sessions.onnx_file.header import inspect
from onnx_segmentation.sessions.onnx_file.picture_input import PictureInput, find_picture_input
from onnx_segmentation.sessions.recipes.container import CustomSessionContainer
from onnx_segmentation.sessions.recipes.recipe import Recipe, from_dict
from onnx_segmentation.sessions.runtime import loaded
from onnx_segmentation.sessions.session import CustomSession
from support import make_red_model, picture_input, write_model
from zoo import Builder, output

SIDE = 64


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("isnet_fp16", "IS-Net"),
        ("ISNet-general_use (1)", "IS-Net"),
        ("isnet.v2.quantized", "IS-Net"),
        ("isnet-anime", "IS-Net for drawn characters"),
        ("u2net_quint8", "U²-Net"),
        ("U-2-Net", "U²-Net"),
        ("BiRefNet-HRSOD_DHU-epoch_115", "BiRefNet"),
        ("RMBG-1.4", "IS-Net"),
        ("rmbg-2.0_q4f16", "RMBG 2"),
        ("modnet_photographic_portrait_matting", "MODNet"),
        ("BEN2_Base_fp16", "BEN2"),
        ("selfie_segmentation_landscape", "MediaPipe selfie segmentation"),
        ("human_segmentation_pphumanseg_2023mar", "PP-HumanSeg"),
        ("my_network_v3", None),
        ("model", None),
    ],
)
def test_families_by_the_names_that_people_give(tmp_path, name, family):
    found = family_of_name(tmp_path / "folder" / f"{name}.onnx")
    assert (found and found.name) == family


def test_a_model_without_a_name_has_its_folders(tmp_path):
    folder = tmp_path / "briaai-RMBG-1.4" / "onnx"
    assert telling_name(folder / "model_fp16.onnx") == telling_name(folder / "model.onnx") == "briaairmbg14"
    assert family_of_name(tmp_path / "modnet" / "onnx" / "model_quantized.onnx").name == "MODNet"


def convolutions(first, bias, norm=None, before=(), kind=TensorProto.FLOAT):
    """A network of nine convolutions behind one with these weights, and what stands before it."""

    def build(path):
        graph, tensor = Builder(), "input"
        for op, value in before:
            turns = op == "Gather"
            weight = graph.weight(value, np.int64 if turns else np.float32)
            tensor = graph.add(op, tensor, weight, **({"axis": 1} if turns else {}))
        tensor = graph.add("Conv", tensor, graph.weight(first), graph.weight(bias), pads=[1, 1, 1, 1])
        if norm:
            tensor = graph.add("BatchNormalization", tensor, *(graph.weight(values) for values in norm))
        for _ in range(8):
            tensor = graph.add("Conv", tensor, graph.weight(np.eye(len(first))[:, :, None, None]))
        graph.add("Conv", tensor, graph.weight(np.ones((1, len(first), 1, 1))), out="mask")
        inputs = [picture_input((1, 3, SIDE, SIDE), kind)]
        return write_model(path, graph.nodes, inputs, [output("mask", (1, 1, SIDE, SIDE))], graph.weights)

    return build


def trained_on(candidate, channels=32, folded=False):
    """A first convolution whose batch norm kept what it saw of photographs that were fed so."""
    random = np.random.default_rng(3)
    kernel = random.normal(size=(channels, 3, 3, 3)) * 0.2
    fed = (photo_like() - candidate.mean) / candidate.std
    windows = np.lib.stride_tricks.sliding_window_view(fed.transpose(2, 0, 1), (3, 3), axis=(1, 2))[:, ::3, ::3]
    response = np.einsum("chwij,ocij->ohw", windows, kernel).reshape(channels, -1)
    mean, spread = response.mean(1), response.std(1)
    if folded:
        kernel, bias = kernel / spread[:, None, None, None], -mean / spread + random.normal(size=channels) * 0.1
        return convolutions(kernel, bias)
    return convolutions(kernel, np.zeros(channels), (np.ones(channels), np.zeros(channels), mean, spread**2))


@pytest.mark.parametrize("folded", [False, True])
@pytest.mark.parametrize("candidate", [IMAGENET, UNIT, SYMMETRIC, LEVELS, CAFFE], ids=lambda each: each.name)
def test_weights_tell_what_they_were_trained_on(tmp_path, candidate, folded):
    graph = read_graph(trained_on(candidate, folded=folded)(tmp_path / "model.onnx"))
    convolution = read_preprocessing(graph, "input").convolution
    evidence = weigh(convolution, [photo_like()], graph.producer)
    assert max(evidence.likelihood, key=evidence.likelihood.get) is candidate


def two(graph, mask, order):
    """Background and subject, or the other way round."""
    both = {"background": graph.add("Sub", graph.weight(1), mask), "subject": mask}
    return graph.add("Concat", *(both[name] for name in order), axis=1)


EXPORTS = {
    "one map": (1, lambda graph, mask: mask),
    "subject second": (2, lambda graph, mask: two(graph, mask, ("background", "subject"))),
    "subject first": (2, lambda graph, mask: two(graph, mask, ("subject", "background"))),
    "background, as 1 - mask": (1, lambda graph, mask: graph.add("Sub", graph.weight(1), mask)),
}


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("export", EXPORTS)
def test_exports_of_a_known_network_are_read_as_they_mean(tmp_path, monkeypatch, export, turned):
    """Its graph names the network; what the export did to channels, classes and the map is seen nevertheless."""
    monkeypatch.setenv("ONNX_SEGMENTATION_CACHE", str(tmp_path / "cache"))
    classes, make = EXPORTS[export]
    graph, tensor = Builder(), "input"
    if turned:
        tensor = graph.add("Gather", tensor, graph.weight([2, 1, 0], np.int64), axis=1)
    kernel, bias = np.zeros((8, 3, 1, 1)), np.zeros(8)
    kernel[0, 0], bias[0] = 20 * 0.229, 20 * (0.485 - 0.5)  # how red it is, fed with ImageNet's numbers
    tensor = graph.add("Conv", tensor, graph.weight(kernel), graph.weight(bias))
    for _ in range(8):
        tensor = graph.add("Conv", tensor, graph.weight(np.eye(8)[:, :, None, None]))
    logits = graph.add("Conv", tensor, graph.weight(np.eye(8)[:1, :, None, None]))
    graph.add("Identity", make(graph, graph.add("Sigmoid", logits)), out="mask")
    outputs = [output("mask", (1, classes, SIDE, SIDE))]
    path = write_model(tmp_path / "a.onnx", graph.nodes, [picture_input((1, 3, SIDE, SIDE))], outputs, graph.weights)
    known = next(each for each in families() if each.name == "U²-Net")
    monkeypatch.setattr(sources, "family_of_graph", lambda digits: known if digits else None)
    picture, subject = disc()
    found = find_recipe(path, trial=Trial([picture]))
    assert "by its graph" in found.source and found.recipe.channels == ("bgr" if turned else "rgb")
    mask = CustomSession(path, found.recipe).segment(picture[None]).masks[0] > 127
    assert torch.equal(mask, subject)


def test_fingerprints_survive_half_precision_and_other_names(tmp_path):
    path = trained_on(UNIT)(tmp_path / "model.onnx")
    model = onnx.load(path)
    for weight in model.graph.initializer:
        if len(weight.dims) == 4:
            values = numpy_helper.to_array(weight).astype(np.float16)
            name = weight.name
            weight.CopyFrom(numpy_helper.from_array(values, f"half_{name}"))
            model.graph.node.insert(0, helper.make_node("Cast", [f"half_{name}"], [name], to=TensorProto.FLOAT))
    onnx.save(model, tmp_path / "half.onnx")
    first, half = (fingerprint(read_graph(each)) for each in (path, tmp_path / "half.onnx"))
    assert first and first == half
    assert fingerprint(read_graph(trained_on(UNIT, channels=16)(tmp_path / "other.onnx"))) != first
    assert fingerprint(read_graph(make_red_model(tmp_path / "red.onnx"))) == ""


BAKED = {
    "divided by 255": ([("Div", [255.0])], LEVELS, "rgb"),
    "by 255, then ImageNet's": (
        [("Mul", [1 / 255]), ("Sub", np.reshape([0.485, 0.456, 0.406], (1, 3, 1, 1))), ("Div", [0.226])],
        LEVELS,
        "rgb",
    ),
    "ImageNet's alone, BGR": (
        [("Sub", np.reshape([0.406, 0.456, 0.485], (1, 3, 1, 1))), ("Div", [0.226])],
        UNIT,
        "bgr",
    ),
}


TURNED = [("Gather", [2, 1, 0])]
BAKED |= {
    "turned, then by 255": ([*TURNED, ("Div", [255.0])], LEVELS, "bgr"),
    "turned, then ImageNet's of RGB": ([*TURNED, *BAKED["by 255, then ImageNet's"][0]], LEVELS, "bgr"),
    "turned, then ImageNet's of BGR": ([*TURNED, *BAKED["ImageNet's alone, BGR"][0]], UNIT, "rgb"),
    "turned behind the constants": ([*BAKED["ImageNet's alone, BGR"][0], *TURNED], UNIT, "bgr"),
}


@pytest.mark.parametrize("name", BAKED)
def test_what_the_graph_does_first_is_not_done_twice(tmp_path, name):
    before, candidate, order = BAKED[name]
    path = convolutions(np.ones((8, 3, 3, 3)), np.zeros(8), before=before)(tmp_path / "model.onnx")
    picture = find_picture_input("model.onnx", inspect(path))
    numbers = read_numbers(picture, read_inside(read_graph(path), "input"), ())
    assert numbers.fixed is candidate
    assert numbers.channels == order


FORMS = {
    "number": {"size": 64},
    "list": {"size": [64, 64]},
    "sides": {"size": {"height": 64, "width": 64}},
    "most": {"size": {"max_height": 64, "max_width": 64}},
    "short": {"size": {"shortest_edge": 64}},
    "long": {"size": {"longest_edge": 64}},
    "crop": {"size": {"shortest_edge": 72}, "do_center_crop": True, "crop_size": {"height": 64, "width": 64}},
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_size(tmp_path, form):
    folder = tmp_path / "some-model"
    (folder / "onnx").mkdir(parents=True)
    config = {"image_mean": 0.5, "image_std": [0.25] * 3, **FORMS[form]}
    (folder / "preprocessor_config.json").write_text(json.dumps(config))
    values, name = read_processor(folder / "onnx" / "model.onnx")
    recipe = from_dict(values)
    assert name == "preprocessor_config.json"
    assert (recipe.container.width, recipe.container.height, recipe.container.mean) == (64, 64, (0.5,) * 3)


def test_other_ways_of_hugging_face(tmp_path):
    folder = tmp_path / "some-model"
    folder.mkdir()
    model, file = folder / "model.onnx", folder / "preprocessor_config.json"
    file.write_text(json.dumps({"do_normalize": False, "do_rescale": False, "do_resize": False, "size": 64}))
    values, _ = read_processor(model)
    assert (values["scale"], values["mean"], "width" in values) == ("none", (0.0, 0.0, 0.0), False)
    file.write_text(json.dumps({"image_mean": 0.5, "image_std": 0.5, "rescale_factor": 1 / 127.5}))
    recipe = from_dict(read_processor(model)[0])
    assert recipe.scale == "none" and recipe.container.mean == pytest.approx((63.75,) * 3)
    (folder / "config.json").write_text(json.dumps({"id2label": {"0": "wall", "12": "person"}}))
    assert read_labels(model) == {0: "wall", 12: "person"}


def test_a_configuration_among_other_models_is_nobodys(tmp_path):
    folder = tmp_path / "some-model"
    folder.mkdir()
    for name in ("model", "model_fp16", "another"):
        make_red_model(folder / f"{name}.onnx")
    config = {"image_mean": 0.5, "image_std": 0.5, "size": 64}
    (folder / "preprocessor_config.json").write_text(json.dumps(config))
    assert read_processor(folder / "model.onnx") is None
    (folder / "another.onnx").unlink()
    assert read_processor(folder / "model.onnx")
    shared = tmp_path / "models" / "onnx"
    shared.mkdir(parents=True)
    make_red_model(shared / "one.onnx")
    (shared / "preprocessor_config.json").write_text(json.dumps(config))
    assert read_processor(shared / "one.onnx") is None


def disc(side=SIDE):
    down, across = np.mgrid[0:side, 0:side]
    inside = np.hypot(down - side / 2, across - side / 2) < side / 4
    picture = np.where(inside[..., None], [230, 30, 30], [20, 40, 90]).astype(np.uint8)
    return torch.from_numpy(picture), torch.from_numpy(inside)


def test_an_answer_that_turns_with_the_picture_scores_higher():
    picture, inside = disc()
    right = inside.float()
    still = torch.zeros(SIDE, SIDE)
    still[:, : SIDE // 2] = 1  # the same half, whatever it is shown
    assert score(right, right, right, picture) > score(still, still.flip(1), still, picture) + 1
    assert score(torch.zeros(SIDE, SIDE), right, right, picture) == NO_ANSWER
    assert darken(picture).float().mean() < picture.float().mean()


class Facts:
    metadata: dict = {}  # noqa: RUF012

    def __init__(self, *names, op=""):
        self.outputs = [type("Entry", (), {"name": name, "__str__": lambda self: self.name})() for name in names]
        self.last_ops = dict.fromkeys(names, op)


def meaning(values, name="out", op=""):
    picture, _ = disc()
    return read_meaning("m.onnx", Facts(name, op=op), [Sample(picture, {name: np.asarray(values)})])


def test_what_outputs_mean():
    _, inside = disc()
    sure = inside.numpy().astype(np.float32)
    logits = (sure - 0.5) * 16
    two = np.stack([-logits, logits])[None]
    assert meaning(logits[None, None]).decoding == "sigmoid"
    assert meaning(sure[None, None] * 0.98 + 0.01).decoding == "none"
    assert meaning(1 - sure[None, None] * 0.98).invert
    assert meaning(logits[None, None] / 20).decoding == "cold_logits"
    assert (meaning(two).decoding, meaning(two).background) == ("softmax", 0)
    assert meaning(two[:, ::-1].copy()).background == 1
    assert meaning(two.transpose(0, 2, 3, 1)).background == 0
    assert meaning((sure * 15).astype(np.int64)[None]).decoding == "argmax"
    assert meaning((sure * 15)[None, None]).decoding == "argmax"
    assert meaning(logits.reshape(1, -1)).decoding == "sigmoid"
    last = np.stack([-logits - 4, logits, -logits])[None]  # the background is the last of three
    assert meaning(last).background == 2


NO_MASKS = {
    "rows": np.zeros((1076, 14), np.float32),
    "boxes": np.zeros((1, 84, 8400), np.float32),
    "tokens": np.random.default_rng(0).normal(size=(1, 17, 768)).astype(np.float32),
    "logits": np.zeros((1, 1000), np.float32),
    "image_embeddings": np.random.default_rng(0).normal(size=(1, 256, 16, 16)).astype(np.float32),
    "depth": np.random.default_rng(0).random((1, 1, SIDE, SIDE)).astype(np.float32),
}


@pytest.mark.parametrize("name", NO_MASKS)
def test_other_kinds_are_refused(name):
    with pytest.raises(OtherKindError, match=r"m\.onnx looks like an? "):
        meaning(NO_MASKS[name], name)


def test_quantised_logits_are_no_levels():
    """Their sums are not 255: whichever class is larger wins, however dark both are."""
    _, inside = disc()
    logits = np.where(inside.numpy(), [[[60]], [[90]]], [[[100]], [[70]]]).astype(np.uint8)[None]
    assert meaning(logits).decoding == "softmax"
    sure = np.where(inside.numpy(), 250, 3).astype(np.uint8)
    assert meaning(np.stack([255 - sure, sure])[None]).decoding == "levels"


def test_rows_of_boxes_are_no_classifier():
    """YuNet's: 1076 boxes with landmarks."""
    with pytest.raises(OtherKindError, match="looks like a detector"):
        meaning(NO_MASKS["rows"], "loc")


def test_numbers_that_no_network_gives_are_refused():
    _, inside = disc()
    curves = np.stack([inside.numpy() * 1e6, inside.numpy() * -1e6, inside.numpy() * 3e5])[None]
    with pytest.raises(NoMaskError, match="neither probabilities nor logits"):
        meaning(curves.astype(np.float32))


def test_pictures_are_no_masks():
    picture, _ = disc()
    bright = picture.permute(2, 0, 1)[None].numpy() / np.float32(255) * 0.8 + 0.1
    with pytest.raises(OtherKindError, match="picture-to-picture"):
        meaning(bright, "enhanced")
    with pytest.raises(NoMaskError, match="continuous map"):
        down = np.linspace(0.1, 0.9, SIDE, dtype=np.float32)
        meaning(np.broadcast_to(down[:, None], (1, 1, SIDE, SIDE)).copy(), "y")


def test_found_once_and_for_all(tmp_path, monkeypatch):
    """The second time, and in a new process, nothing is run; the content counts, not the name."""
    monkeypatch.setenv("ONNX_SEGMENTATION_CACHE", str(tmp_path / "cache"))
    path = trained_on(UNIT)(tmp_path / "a_network.onnx")
    picture, _ = disc()
    runs = []
    first = find_recipe(path, trial=Trial([picture], lambda done, most: runs.append((done, most))))
    assert runs and len(runs) <= 12 and all(most == 12 for _, most in runs)
    again = path.rename(tmp_path / "another_name.onnx")
    runs.clear()
    second = find_recipe(again, trial=Trial([picture.flip(0)], lambda done, most: runs.append(done)))
    assert not runs and second.recipe == first.recipe and "found before" in second.source
    assert kept.forget(again) and kept.load_kept(again) is None


@pytest.mark.parametrize(("pictures", "most"), [(1, 12), (3, 25)])
@pytest.mark.parametrize("folded", [False, True])
def test_so_many_runs_and_none_the_second_time(tmp_path, monkeypatch, pictures, most, folded):
    """Counted where onnxruntime is called, whatever the runs are for."""
    monkeypatch.setenv("ONNX_SEGMENTATION_CACHE", str(tmp_path / "cache"))
    path, runs, run = trained_on(UNIT, folded=folded)(tmp_path / "network.onnx"), [], loaded.run_session
    monkeypatch.setattr(loaded, "run_session", lambda *each: runs.append(each) or run(*each))
    picture, _ = disc()
    trial = Trial([picture.roll(8 * number, 1) for number in range(pictures)])
    first = find_recipe(path, trial=trial)
    assert 0 < len(runs) <= most
    runs.clear()
    again = path.rename(tmp_path / "renamed.onnx")  # as in a new process: nothing of it is in memory
    assert find_recipe(again, trial=trial).recipe == first.recipe and not runs


def test_typed_numbers_that_the_weights_speak_against_are_named(tmp_path):
    path = trained_on(LEVELS)(tmp_path / "network.onnx")
    base = Recipe(CustomSessionContainer(width=SIDE, height=SIDE))
    typed = read_typed(path, UNIT.recipe(base), None, lambda _: None)
    assert typed.recipe == UNIT.recipe(base)
    assert "its weights look trained on 0..255, other than typed" in typed.said
    assert read_typed(path, LEVELS.recipe(base), None, lambda _: None).said == ""


class OfNumbers:
    """In place of a model: it sees the right disc when it is fed these numbers, and nothing with all others."""

    path, facts = Path("m.onnx"), Facts("out", op="Sigmoid")
    picture = PictureInput("input", "float32", True, SIDE, SIDE, 1)

    def __init__(self, candidate, dark=0.2):
        self.right, self.dark, self.runs = candidate.recipe(Recipe()), dark, 0

    def output_name(self, _):
        return "out"

    def run(self, feed, names, _=None):
        self.runs += 1
        recipe = self.right
        unit = 255 if recipe.scale == "255" else 1
        red = (feed[0, 0] * recipe.container.std[0] + recipe.container.mean[0]) * unit
        right = np.isclose(red, red.round(), atol=0.01).all() and red.min() > 0 and red.max() < 256
        inside = red > 128
        return [np.where(inside, 0.98 if right else self.dark, 0.01)[None, None].astype(np.float32)]


def test_before_no_subject_is_said_other_numbers_are_tried():
    """The weights are sure of ImageNet's numbers, with which the model sees nothing."""
    picture, _ = disc()
    likelihood = dict.fromkeys(CANDIDATES, -9.0) | {IMAGENET: 0.0, SYMMETRIC: -5.0}
    model = OfNumbers(SYMMETRIC)
    base = Recipe(CustomSessionContainer(width=SIDE, height=SIDE))
    search = Search(model, base, Trial([picture]))
    result = search.run(likelihood)
    assert result.words.startswith("-1..1") and not result.blind and model.runs == search.runs <= 12
    empty = Search(OfNumbers(Candidate("odd", (0.31,) * 3, (0.77,) * 3), dark=0.1), base, Trial([picture]))
    result = empty.run(likelihood)
    assert result.words.startswith("ImageNet") and result.blind and empty.runs <= 12


def test_candidates_are_recipes():
    for candidate in CANDIDATES:
        recipe = candidate.recipe(Recipe())
        unit = 255 if recipe.scale == "255" else 1
        levels = np.array([0.0, 255.0]) / unit
        fed = (levels[:, None] - recipe.container.mean) / recipe.container.std
        assert fed == pytest.approx((np.array([[0.0], [1.0]]) - candidate.mean) / candidate.std, rel=1e-4, abs=1e-4)

"""Saved graphs open with every value in its place: of the pack that came before, and of this version.

Graphs store widget values by position. Two hold each node once, every widget moved off its default: every_widget.json
was written from the declarations, saved_by_page.json by ComfyUI 0.18.1's page, whose nodes were made, filled in, linked
and saved there. Inputs that were added since come after those that they know.
"""

import json
from dataclasses import replace

import pytest
import torch
from onnx_segmentation import CustomSessionContainer, CutoutOptions, Recipe, RefineOptions
from onnx_segmentation.sessions.recipes.catalog import find_model
from onnx_segmentation.sessions.recipes.presets import preset
from support import ROOT, make_red_model

OLDER = json.loads((ROOT / "tests" / "data" / "allor.json").read_text())
CURRENT = {
    name: json.loads((ROOT / "tests" / "data" / name).read_text())
    for name in ("every_widget.json", "saved_by_page.json")
}
WIDGETS = ("INT", "FLOAT", "STRING", "BOOLEAN")
IMAGES = torch.zeros(1, 8, 8, 3)
CPU = "CPUExecutionProvider"
OPTIONS = CutoutOptions(
    RefineOptions(False, 225, 35, 17, "vitmatte", "photo"),
    post_process=True,
    min_confidence=0.35,
    steady=True,
    background="#20c0ff",
    steady_trimap=True,
)
NUMBERS = CustomSessionContainer((0.511, 0.512, 0.513), (0.521, 0.522, 0.523), 336, 344)
ONE_NUMBER = CustomSessionContainer((0.501,) * 3, (0.502,) * 3, 328, 328)


@pytest.fixture(params=CURRENT)
def current(request):
    return CURRENT[request.param]


def saved(graph, name):
    (node,) = [node for node in graph["nodes"] if node["type"] == name]
    return node.get("widgets_values", [])


def opened(host, graph, name):
    """{widget: value} as the page fills them in: by position."""
    types = host.nodes[name].INPUT_TYPES()
    declared = types.get("required", {}) | types.get("optional", {})
    widgets = [key for key, (kind, *_) in declared.items() if isinstance(kind, list) or kind in WIDGETS]
    values = saved(graph, name)
    return dict(zip(widgets[: len(values)], values, strict=True))


def run(host, name, **values):
    """The instance and what it gave; unlike the host's own way, nothing is filled in."""
    instance = host.nodes[name]()
    return instance, instance.execute(**values)


def test_every_node_and_every_widget_is_in_the_graph(host, current):
    """In the page's too, of the nodes that there were when it saved."""
    names = [node["type"] for node in current["nodes"] if node["type"] in host.nodes]
    assert names == [name for name in host.nodes if name in names]
    assert current is CURRENT["saved_by_page.json"] or names == list(host.nodes)
    for name in names:
        types = host.nodes[name].INPUT_TYPES()
        declared = types.get("required", {}) | types.get("optional", {})
        for key, value in opened(host, current, name).items():
            kind, options = declared[key]
            usual = options.get("default", kind[0] if isinstance(kind, list) and key != "model" else None)
            assert value != usual, f"{name}.{key} is as a new node has it"


def test_the_page_named_each_value_as_it_is_declared(host):
    for node in CURRENT["saved_by_page.json"]["nodes"]:
        if node["type"] in host.nodes:
            names = [entry["name"] for entry in node["inputs"] if "widget" in entry]
            values = dict(zip(names, node.get("widgets_values", []), strict=True))
            assert opened(host, CURRENT["saved_by_page.json"], node["type"]) == values


@pytest.mark.parametrize(
    ("name", "recipe", "min_confidence"),
    [
        ("ImageSegmentation", replace(find_model("isnet-anime").trainer_recipe, decoding="sigmoid"), 0.35),
        ("ImageSegmentationCustom", Recipe(ONE_NUMBER, decoding="sigmoid"), 0.35),
        ("ImageSegmentationCustomAdvanced", Recipe(NUMBERS, decoding="sigmoid"), 0.35),
        ("ImageSegmentationAuto", None, 0.65),
    ],
)
def test_every_value_arrives(host, asked, current, name, recipe, min_confidence):
    values = opened(host, current, name)
    instance, _ = run(host, name, images=IMAGES, **values)
    file = values["model"] if values["model"].endswith(".onnx") else f"{values['model']}.onnx"
    assert (file, CPU) in asked and instance._session is None  # provider, and keep_loaded off
    count, ran, fed, options = asked[-2]
    assert (count, ran, options) == (1, file, replace(OPTIONS, min_confidence=min_confidence))
    assert fed.class_index == 3 if recipe is None else fed == recipe


def test_values_of_the_small_nodes_arrive(host, asked, current):
    (session,) = run(host, "ImageSegmentationModelLoader", **opened(host, current, "ImageSegmentationModelLoader"))[1]
    assert session.path.name == "my_model.onnx" and ("my_model.onnx", CPU) in asked
    run(
        host,
        "ImageSegmentationApply",
        session=session,
        images=IMAGES,
        **opened(host, current, "ImageSegmentationApply"),
    )
    *_, fed, options = asked[-2]
    assert (fed.class_index, options) == (3, CutoutOptions(min_confidence=0.75, steady=True, background="#20c0ff"))
    mask = torch.zeros(1, 8, 8)
    values = opened(host, current, "ImageSegmentationAlphaMatting")
    run(host, "ImageSegmentationAlphaMatting", images=IMAGES, mask=mask, **values)
    refine = RefineOptions(True, 215, 45, 13, "vitmatte", "photo")
    assert asked[-1][2] == CutoutOptions(refine, background="#20c0ff", steady_trimap=True)
    assert asked[-2] == ("vitmatte", "")
    run(
        host,
        "ImageSegmentationForeground",
        images=IMAGES,
        mask=mask,
        **opened(host, current, "ImageSegmentationForeground"),
    )
    assert asked[-1][2] == CutoutOptions(RefineOptions(edge_colours="estimated"), background="#20c0ff")


def test_values_of_the_recipe_node_arrive(host, current):
    values = opened(host, current, "ImageSegmentationRecipe")
    assert run(host, "ImageSegmentationRecipe", **values)[1] == (preset("u2net"),)
    (recipe,) = run(host, "ImageSegmentationRecipe", **values | {"preset": "custom"})[1]
    words = {"scale": "255", "fit": "letterbox_center", "resampler": "bicubic", "channels": "bgr", "output": "alpha"}
    assert recipe == Recipe(NUMBERS, pad=(114,) * 3, multiple=14, decoding="sigmoid", class_index=3, **words)


@pytest.mark.parametrize(
    ("name", "options", "container"),
    [
        ("ImageSegmentation", CutoutOptions(RefineOptions(True, 240, 20, 10)), None),
        (
            "ImageSegmentationCustom",
            CutoutOptions(RefineOptions(False, 230, 15, 8), post_process=True),
            CustomSessionContainer((0.5,) * 3, (0.9,) * 3, 512, 512),
        ),
        (
            "ImageSegmentationCustomAdvanced",
            CutoutOptions(RefineOptions(True, 250, 5, 25)),
            CustomSessionContainer((0.48, 0.46, 0.41), (0.23, 0.22, 0.21), 640, 384),
        ),
    ],
)
def test_graphs_of_the_older_pack(host, asked, name, options, container):
    """What they lack is as it always was: neither recipe nor confidence nor background."""
    values = opened(host, OLDER, name)
    assert list(values) == list(host.nodes[name].INPUT_TYPES()["required"])[1:]
    make_red_model(host.folder / "u2net.onnx", (1, 3, "height", "width"))
    instance, _ = run(host, name, images=IMAGES, **values)
    _, ran, fed, found = asked[-2]
    assert (ran.removesuffix(".onnx"), found) == (values["model"].removesuffix(".onnx"), options)
    assert fed == (Recipe(container) if container else find_model("u2net").recipe)
    assert instance._session is not None

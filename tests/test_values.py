"""Values where they enter: in their right type, or refused at once, by the name of the field, with what is allowed."""

import json
import math
from functools import partial

import numpy as np
import pytest
from onnx_segmentation import load_session, segment
from onnx_segmentation.batch.job import Job
from onnx_segmentation.batch.ray_cluster import RayOptions
from onnx_segmentation.commands import main
from onnx_segmentation.cutout_options import CutoutOptions
from onnx_segmentation.errors import (
    ContainerError,
    InputsError,
    MethodMissingError,
    OptionsError,
    RecipeError,
    ResultError,
    SegmentationError,
)
from onnx_segmentation.matting.methods import estimate_alpha
from onnx_segmentation.pictures.write import ResultForm
from onnx_segmentation.refine import RefineOptions
from onnx_segmentation.sessions.finding.hugging_face import read_processor
from onnx_segmentation.sessions.recipes.container import CustomSessionContainer
from onnx_segmentation.sessions.recipes.recipe import Recipe, from_dict
from onnx_segmentation.sessions.recipes.sidecar import METADATA_KEY, read_metadata, read_recipe, read_sidecar
from onnx_segmentation.sessions.session import CustomSession
from strange_values import TEXTS, huggingface, written
from support import make_red_model
from test_plain_text import is_plain

NAN, INF = math.nan, math.inf
WRONG = [
    (CustomSessionContainer, ContainerError, "width", [NAN, INF, "64", True, None, 0, 16385, 64.5, 10**400, [64]]),
    (CustomSessionContainer, ContainerError, "mean", [0.5, None, "abc", (0, 0, "0"), (0, 0, 1e9), (True,) * 3]),
    (CustomSessionContainer, ContainerError, "std", [(1, 1, 0), (1, 1, 1e-30), (1, 1, -1), (1, 1, 10**400)]),
    (Recipe, RecipeError, "container", [None, {"width": 64}, Recipe()]),
    (Recipe, RecipeError, "scale", [255, None, "", "MAX", ["max"], {}]),
    (Recipe, RecipeError, "pad", [0, "000", (0, 0, 0.5), (0, 0, NAN), None]),
    (Recipe, RecipeError, "multiple", [0, 1025, 31.5, "32", INF]),
    (Recipe, RecipeError, "output", ["", -1, 1.5, True, None, [], 10**9]),
    (Recipe, RecipeError, "class_index", [-2, 1.5, "1", NAN, 10**9, False]),
    (RefineOptions, OptionsError, "alpha_matting", ["false", 1, None]),
    (RefineOptions, OptionsError, "foreground_threshold", [-1, 256, 300, NAN, "240", 1.5]),
    (RefineOptions, OptionsError, "background_threshold", [-1, 256, None]),
    (RefineOptions, OptionsError, "erode_size", [-5, NAN, INF, 10**9, "10", True]),
    (RefineOptions, OptionsError, "method", [None, 5]),
    (RefineOptions, OptionsError, "edge_colours", ["", None, "Photo"]),
    (CutoutOptions, OptionsError, "refine", [None, {}, CutoutOptions]),
    (CutoutOptions, OptionsError, "post_process", ["true", 0]),
    (CutoutOptions, OptionsError, "min_confidence", [NAN, INF, -0.1, 1.1, "0.5", None, True]),
    (CutoutOptions, OptionsError, "steady", ["false", 2]),
    (CutoutOptions, OptionsError, "background", [None, 5, (255, 255, 255)]),
    (CutoutOptions, OptionsError, "steady_trimap", ["no"]),
    (ResultForm, ResultError, "background", ["white", (0, 0, 256), (0, 0), (0.5, 0, 0), (NAN, 0, 0)]),
    (ResultForm, ResultError, "compression", [-1, 10, NAN, "4", None]),
    (ResultForm, ResultError, "quality", [0, 101, NAN, "95", True]),
    (ResultForm, ResultError, "mask", ["yes", None]),
    (RayOptions, InputsError, "workers", [0, 1.5, NAN, 10**9]),
    (RayOptions, InputsError, "cpus", [0, -1, NAN, INF]),
    (RayOptions, InputsError, "gpus", [-1, NAN, INF]),
]


@pytest.mark.parametrize(("kind", "error", "name", "values"), WRONG, ids=lambda value: getattr(value, "__name__", None))
def test_refused_with_name_value_and_what_is_allowed(kind, error, name, values):
    for value in values:
        with pytest.raises(error, match=rf"^{name} is .+; (give|allowed are) ") as raised:
            kind(**{name: value})
        assert is_plain(str(raised.value))


def test_right_values_get_their_right_type():
    container = CustomSessionContainer([0, 0.5, np.float32(1)], np.ones(3), 64.0, np.int64(32))
    assert container == CustomSessionContainer((0.0, 0.5, 1.0), (1.0, 1.0, 1.0), 64, 32)
    assert [type(value) for value in (*container.mean, container.width, container.height)] == [float] * 3 + [int] * 2
    recipe = Recipe(pad=[1.0, 2, 3], multiple=32.0, output=2.0, class_index=1.0)
    assert (recipe.pad, recipe.multiple, recipe.output, recipe.class_index) == ((1, 2, 3), 32, 2, 1)
    assert RefineOptions(alpha_matting=np.bool_(True), erode_size=10.0) == RefineOptions(alpha_matting=True)
    assert ResultForm(background=[0, 128.0, 255]).background == (0, 128, 255)


@pytest.mark.parametrize("value", [NAN, INF, 0, -1, "178"])
def test_a_job_needs_a_limit(value, tmp_path):
    with pytest.raises(InputsError, match="max_megapixels is"):
        Job(tmp_path / "model.onnx", Recipe(), max_megapixels=value)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--alpha-matting-erode-size", "-5"),
        ("--alpha-matting-erode-size", "1e9"),
        ("--alpha-matting-foreground-threshold", "256"),
        ("--alpha-matting-background-threshold", "nan"),
        ("--max-megapixels", "nan"),
        ("--max-megapixels", "inf"),
        ("--max-megapixels", "-1"),
        ("--min-confidence", "nan"),
        ("--min-confidence", "2"),
        ("--compression", "10"),
        ("--quality", "0"),
        ("--ray-workers", "0"),
        ("--ray-cpus", "nan"),
        ("--ray-gpus", "-1"),
    ],
)
def test_the_command_line_refuses_at_once(option, value, tmp_path, capsys):
    given = ["cutout", str(tmp_path), "--output", str(tmp_path / "out"), "--model", "u2netp", f"{option}={value}"]
    with pytest.raises(SystemExit) as left:
        main(given)
    assert left.value.code == 2
    assert f"{option}: it is '{value}'; give a" in capsys.readouterr().err


def test_each_option_of_segment_is_held_to_it(red_model):
    picture = np.zeros((8, 8, 3), np.uint8)
    session = load_session(red_model, Recipe(CustomSessionContainer(width=64, height=64)))
    for wrong in ({"alpha_matting_foreground_threshold": 300}, {"min_confidence": NAN}, {"alpha_matting": "no"}):
        with pytest.raises(OptionsError):
            segment(picture, session, **wrong)
    with pytest.raises(RecipeError, match="give a Recipe; the recipe node makes one"):
        CustomSession(red_model, {"width": 64})


def test_a_method_that_nobody_has():
    import torch

    with pytest.raises(MethodMissingError, match="no matting_method 'magic'; there are closed_form"):
        estimate_alpha(torch.zeros(2, 2, 3), torch.zeros(2, 2), "magic")


def test_a_strange_recipe_file_is_read_or_refused(red_model):
    """Beside the model, in its metadata, by --recipe: a Recipe, or a RecipeError that says where it stood."""
    sidecar, recipes = red_model.with_name(f"{red_model.name}.json"), []
    for content in [*written(), *TEXTS]:
        sidecar.write_bytes(content)
        metadata = {METADATA_KEY: content.decode(errors="replace")}
        beside = partial(read_sidecar, red_model), partial(read_recipe, sidecar), partial(read_metadata, metadata)
        for read in beside:
            try:
                recipe = read()
                values = recipe[0] if isinstance(recipe, tuple) else recipe
                recipes.append(values if isinstance(values, Recipe) else from_dict(values))
            except RecipeError as error:
                assert is_plain(str(error)) and "cannot be read as a recipe: " in str(error)
    assert len(recipes) > 50
    for recipe in dict.fromkeys(recipes):  # and what was read fails in words or not at all
        try:
            segment(np.zeros((8, 12, 3), np.uint8), load_session(red_model, recipe))
        except SegmentationError as error:
            assert is_plain(str(error))


def test_so_is_a_strange_configuration_of_hugging_face(red_model):
    file, read = red_model.with_name("preprocessor_config.json"), 0
    for content in [*huggingface(), *TEXTS]:
        file.write_bytes(content)
        try:
            read += isinstance(from_dict(read_processor(red_model)[0]), Recipe)
        except RecipeError as error:
            assert is_plain(str(error)) and str(error).startswith("preprocessor_config.json cannot be read")
    assert read > 50


@pytest.mark.parametrize(
    ("content", "means"),
    [
        ({"width": 64.0, "height": 32}, {"width": 64, "height": 32}),
        ({"mean": 0.5, "std": 0.25}, {"mean": [0.5] * 3, "std": [0.25] * 3}),
        ({"scale": 255, "pad": 114}, {"scale": "255", "pad": [114] * 3}),
        ({"scale": 1 / 255, "resampler": 2}, {"scale": "255", "resampler": "bilinear"}),
        ({"scale": None}, {"scale": "none"}),
        ({"size": 320}, {"width": 320, "height": 320}),
        ({"size": [320, 320]}, {"width": 320, "height": 320}),
        ({"size": {"height": 64, "width": 96}}, {"width": 96, "height": 64}),
        ({"size": 320, "width": 96}, {"width": 96, "height": 320}),
        ({"channels": "BGR", "decoding": " Sigmoid "}, {"channels": "bgr", "decoding": "sigmoid"}),
    ],
)
def test_spellings_that_mean_the_same(red_model, content, means):
    sidecar = red_model.with_name(f"{red_model.name}.json")
    sidecar.write_text(json.dumps(content))
    recipe = from_dict(read_sidecar(red_model)[0])
    sidecar.write_text(json.dumps(means))
    metadata = {METADATA_KEY: json.dumps(content)}
    assert recipe == from_dict(read_sidecar(red_model)[0]) == from_dict(read_metadata(metadata))


@pytest.mark.parametrize(
    ("size", "said"), [([320, 640], "width and height by name"), ({"shortest_edge": 5}, "give one")]
)
def test_a_size_of_two_minds_is_refused(red_model, size, said):
    red_model.with_name(f"{red_model.name}.json").write_text(json.dumps({"size": size}))
    with pytest.raises(RecipeError, match=said):
        read_sidecar(red_model)


def test_what_lies_there_and_is_no_file(tmp_path):
    """Folders, names without room for .json, links in a circle: no recipe, and no error."""
    model = make_red_model(tmp_path / "model.onnx")
    model.with_name("model.onnx.json").mkdir()
    (tmp_path / "preprocessor_config.json").symlink_to("preprocessor_config.json")
    assert read_sidecar(model) is None and read_processor(model) is None
    assert read_sidecar(tmp_path / ("a" * 250 + ".onnx")) is None


@pytest.mark.parametrize(
    "content", ['{"width": Infinity}', '{"width": 64.5}', "[" * 100_000, '{"mean": [1, 2]}', "\ufeff["]
)
def test_the_route_answers_in_words(host, loaded, content):
    make_red_model(host.folder / "strange.onnx")
    (host.folder / "strange.onnx.json").write_text(content, encoding="utf-8")
    status, body = loaded("nodes.routes").recipe_answer({"model": "strange.onnx"})
    assert status == 400 and body["message"].startswith("strange.onnx.json cannot be read as a recipe")
    assert json.loads(json.dumps(body, allow_nan=False)) == body

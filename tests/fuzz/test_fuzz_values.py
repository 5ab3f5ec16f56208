"""Strange recipe files and options: what comes of them is a recipe of the right types, or an error of ours."""

import json
import math
from numbers import Real

from onnx_segmentation.cutout_options import CutoutOptions
from onnx_segmentation.errors import RecipeError, SegmentationError
from onnx_segmentation.pictures.write import ResultForm
from onnx_segmentation.refine import RefineOptions
from onnx_segmentation.sessions.finding.hugging_face import read_processor
from onnx_segmentation.sessions.recipes.recipe import Recipe, from_dict
from onnx_segmentation.sessions.recipes.sidecar import METADATA_KEY, read_metadata, read_sidecar
from strange_values import FIELDS, HUGGINGFACE, TEXTS, VALUES
from test_plain_text import is_plain

USUAL = {"mean": [0.5] * 3, "std": [0.5] * 3, "width": 64, "height": 64, "scale": "255", "output": "mask"}
OPTIONS = {
    RefineOptions: ("alpha_matting", "foreground_threshold", "background_threshold", "erode_size", "edge_colours"),
    CutoutOptions: ("post_process", "min_confidence", "steady", "background", "steady_trimap", "refine"),
    ResultForm: ("format", "mask", "background", "compression", "quality"),
}


def strange_object(rng, fields):
    return {rng.choice(fields): rng.choice(VALUES) for _ in range(rng.randrange(1, 5))}


def strange_text(rng, fields):
    if not rng.randrange(10):
        return rng.choice(TEXTS[:-1])
    data = bytearray(json.dumps(USUAL | strange_object(rng, fields) if rng.randrange(2) else USUAL).encode())
    for _ in range(rng.choice((0, 0, 1, 3))):
        place = rng.randrange(len(data))
        data[place : place + rng.randrange(4)] = rng.choice((b"", b"[", b"}", b",", b"e9", b"-", b'"', b"\xff", b"NaN"))
        data = data or bytearray(b"{")
    return bytes(data)


def check_recipe(recipe, case):
    assert isinstance(recipe, Recipe), case
    numbers = *recipe.container.mean, *recipe.container.std, recipe.container.width, recipe.container.height
    assert all(isinstance(number, Real) and math.isfinite(number) for number in (*numbers, *recipe.pad)), case
    assert {type(side) for side in (recipe.container.width, recipe.container.height, recipe.multiple)} == {int}, case


def test_any_recipe_file_is_read_or_refused(draws, tmp_path):
    model, read = tmp_path / "model.onnx", 0
    files = {"model.onnx.json": FIELDS, "preprocessor_config.json": HUGGINGFACE}
    for case, rng in draws:
        name = rng.choice(list(files))
        content = strange_text(rng, files[name])
        (tmp_path / name).write_bytes(content)
        try:
            values, _ = read_sidecar(model) or read_processor(model)
            check_recipe(from_dict(values), case)
            read += 1
            check_recipe(from_dict(read_metadata({METADATA_KEY: content.decode(errors="replace")})), case)
        except RecipeError as error:
            assert is_plain(str(error)), case
        except Exception as error:
            raise AssertionError(f"{case}: {name} {content!r}") from error
        (tmp_path / name).unlink()
    assert read


def test_any_options_are_taken_or_refused(draws):
    for case, rng in draws:
        kind = rng.choice(list(OPTIONS))
        values = strange_object(rng, OPTIONS[kind])
        try:
            assert kind(**values) == kind(**values), case
        except SegmentationError as error:
            assert is_plain(str(error)), case
        except Exception as error:
            raise AssertionError(f"{case}: {kind.__name__} {values!r}") from error

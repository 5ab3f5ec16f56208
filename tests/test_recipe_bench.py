"""The command and the node that try every recipe on somebody's pictures."""

import json

import numpy as np
import pytest
import torch
from onnx_segmentation.commands import main
from onnx_segmentation.errors import OtherKindError, RecipeError
from onnx_segmentation.sessions.finding import kept
from onnx_segmentation.sessions.finding.candidates import UNIT
from onnx_segmentation.sessions.recipe_bench import Request, compare_recipes, iou
from onnx_segmentation.sessions.recipe_report import table
from onnx_segmentation.sessions.recipes.container import CustomSessionContainer
from onnx_segmentation.sessions.recipes.recipe import Recipe, from_dict
from onnx_segmentation.sessions.recipes.sidecar import read_recipe, sidecar_path, write_sidecar
from PIL import Image
from support import make_red_model, picture_input, write_model
from test_finding import disc, trained_on
from zoo import Builder, output

SIDE = 64


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ONNX_SEGMENTATION_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def model(tmp_path):
    """12 * (red - 0.5) of pictures that are fed as 0..1; such a small one is guessed to want ImageNet's numbers."""
    graph = Builder()
    kernel = np.array([12.0, 0, 0]).reshape(1, 3, 1, 1)
    graph.add("Conv", "input", graph.weight(kernel), graph.weight([-6.0]), out="mask")
    inputs, outputs = [picture_input((1, 3, SIDE, SIDE))], [output("mask", (1, 1, SIDE, SIDE))]
    return write_model(tmp_path / "models" / "red.onnx", graph.nodes, inputs, outputs, graph.weights)


@pytest.fixture
def files(tmp_path):
    """A picture whose red grows towards the middle, and its right mask."""
    down, across = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    red = np.clip(1 - np.hypot(down, across), 0, 1)
    Image.fromarray((np.stack([red, 0 * red, 0 * red], -1) * 255).astype(np.uint8)).save(tmp_path / "picture.png")
    Image.fromarray((red > 0.5).astype(np.uint8) * 255).save(tmp_path / "mask.png")
    return str(tmp_path / "picture.png"), str(tmp_path / "mask.png")


def levels(file):
    with Image.open(file) as picture:
        return torch.from_numpy(np.array(picture.convert("RGB")))


def test_a_painted_mask_chooses_the_recipe(model, files, tmp_path, capsys):
    picture, mask = files
    sheet = tmp_path / "sheet.png"
    assert main(["recipe", str(model), picture, "--mask", mask, "--write", "--sheet", str(sheet)]) == 0
    lines = capsys.readouterr().out.splitlines()
    (chosen,) = [line for line in lines if line.startswith(">")]
    assert "0..1:" in chosen and float(chosen.split()[1]) > 0.97
    assert any("found: ImageNet's" in line and float(line.split()[0]) < 0.8 for line in lines)
    recipe = read_recipe(sidecar_path(model))
    assert recipe.container.mean == (0, 0, 0) and recipe.decoding == "sigmoid"
    rows = sum("%" in line for line in lines) + 1
    with Image.open(sheet) as shown:
        assert shown.height == min(rows, 13) * 200 + 8


def test_a_sidecar_of_somebody_else_stays(model, tmp_path):
    sidecar_path(model).write_text("mine")
    with pytest.raises(RecipeError, match="is left as it is"):
        write_sidecar(model, Recipe())
    assert sidecar_path(model).read_text() == "mine"
    sidecar_path(model).unlink()
    assert write_sidecar(model, Recipe()) == write_sidecar(model, Recipe()) == sidecar_path(model)
    assert from_dict(json.loads(sidecar_path(model).read_text())) == Recipe()


def test_again_forgets_and_says_whether_it_changed(tmp_path, capsys):
    path = trained_on(UNIT, folded=True)(tmp_path / "network.onnx")
    Image.fromarray(disc()[0].numpy()).save(tmp_path / "disc.png")
    command = ["recipe", str(path), str(tmp_path / "disc.png")]
    assert main(command) == 0 and main([*command, "--again"]) == 0
    assert "the same recipe as before" in capsys.readouterr().out
    kept.keep(path, kept.KeptRecipe(Recipe(CustomSessionContainer(width=SIDE, height=SIDE)), "an older search"))
    assert main(command) == 0
    assert "an older search (found before)" in capsys.readouterr().out
    assert main([*command, "--again"]) == 0
    assert "CHANGED: before, it was an older search" in capsys.readouterr().out
    assert kept.load_kept(path).source != "an older search"


def test_other_kinds_are_refused_and_what_was_kept_stays(tmp_path):
    graph = Builder()
    graph.add("Identity", "input", out="picture")
    ends = [picture_input((1, 3, SIDE, SIDE))], [output("picture", (1, 3, SIDE, SIDE))]
    path = write_model(tmp_path / "enhance.onnx", graph.nodes, *ends)
    kept.keep(path, kept.KeptRecipe(Recipe(), "once"))
    with pytest.raises(OtherKindError):
        compare_recipes(path, Request([disc()[0]], again=True))
    assert kept.load_kept(path).source == "once"


def test_without_a_mask_the_found_recipe_stands(model, files):
    bench = compare_recipes(model, Request([levels(files[0])]))
    assert bench.chosen.recipe == bench.found.recipe and not bench.measured
    assert "A score is no measurement" in table(bench)


def test_iou():
    right = torch.zeros(4, 4)
    right[:2] = 1
    assert iou((right * 255).to(torch.uint8), right) == 1
    assert iou(torch.zeros(4, 4, dtype=torch.uint8), right) == 0
    assert iou(torch.zeros(8, 8, dtype=torch.uint8), torch.zeros(4, 4)) == 1


def test_the_node(host, model, files):
    target = host.folder / "red.onnx"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(model.read_bytes())
    images = levels(files[0])[None].float() / 255
    reference = levels(files[1])[None, ..., 0].float() / 255
    recipe, sheet, text = host.run(
        "ImageSegmentationRecipeFinder", images=images, model="red.onnx", reference=reference, write_sidecar=True
    )
    assert recipe.container.mean == (0, 0, 0) and "written: red.onnx.json" in text
    assert sheet.ndim == 4 and sheet.shape[-1] == 3 and 0 <= float(sheet.min()) <= float(sheet.max()) <= 1
    *_, text = host.run("ImageSegmentationRecipeFinder", images=images, model="red.onnx", write_sidecar=True)
    assert "found: red.onnx.json" in text


def test_one_channel_models_have_no_other_order(tmp_path, files):
    path = make_red_model(tmp_path / "luminance.onnx", (1, 1, SIDE, SIDE))
    bench = compare_recipes(path, Request([levels(files[0])]))
    assert bench.rows

"""Recipes: what they refuse, and that every fit is undone."""

import json
import logging
from dataclasses import replace

import numpy as np
import pytest
import torch
from onnx_segmentation.errors import RecipeError
from onnx_segmentation.sessions.finding.sources import find_recipe
from onnx_segmentation.sessions.pixels.geometry import fit, is_reduced, place, unfit
from onnx_segmentation.sessions.recipes.container import CustomSessionContainer
from onnx_segmentation.sessions.recipes.presets import PRESETS, preset
from onnx_segmentation.sessions.recipes.recipe import ALLOWED, MOST_PIXELS, Recipe, from_dict, to_dict
from onnx_segmentation.sessions.recipes.sidecar import METADATA_KEY, read_metadata, sidecar_path
from onnx_segmentation.sessions.session import CustomSession
from support import make_red_model

UNIT = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


def smooth_picture(height, width):
    down, across = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    red = 255 / (1 + np.exp((np.hypot(down, across) - 0.6) * 6))
    return np.stack([red, 255 - red, np.full_like(red, 90)], -1).astype(np.uint8)


@pytest.mark.parametrize("name", ALLOWED)
def test_refuses_words_it_does_not_know(name):
    with pytest.raises(RecipeError, match=f"{name} is 'magic'; allowed are {ALLOWED[name][0]}"):
        Recipe(**{name: "magic"})


@pytest.mark.parametrize("wrong", [{"pad": (0, 0)}, {"pad": (0, 0, 256)}, {"multiple": 0}, {"class_index": -2}])
def test_refuses_impossible_numbers(wrong):
    with pytest.raises(RecipeError, match=next(iter(wrong))):
        Recipe(**wrong)


@pytest.mark.parametrize("name", PRESETS)
def test_survives_a_file(name):
    assert from_dict(to_dict(preset(name))) == preset(name)


@pytest.mark.parametrize("scale", [1, 4], ids=["full size", "quarter-size map"])
@pytest.mark.parametrize("size", [(180, 240), (240, 180), (97, 301)], ids=str)
@pytest.mark.parametrize("how", ALLOWED["fit"])
def test_what_a_fit_does_is_undone(how, size, scale):
    recipe = Recipe(CustomSessionContainer(*UNIT, 256, 192), fit=how, pad=(7, 8, 9), resampler="bilinear")
    picture = torch.from_numpy(smooth_picture(*size))
    placement = place(size[1], size[0], recipe)
    canvas = fit(picture, placement, recipe)
    assert canvas.shape == (placement.height, placement.width, 3)
    red = canvas[..., 0].reshape(canvas.shape[0] // scale, scale, -1, scale).float().mean((1, 3)).to(torch.uint8)
    back = unfit(red, placement, size[1], size[0], recipe.resampler)
    assert (back.int() - picture[..., 0]).abs().float().mean() < 3


def test_where_a_letterbox_lies():
    container = CustomSessionContainer(*UNIT, 256, 192)
    centre = place(100, 100, Recipe(container, fit="letterbox_center"))
    corner = place(100, 100, Recipe(container, fit="letterbox_top_left"))
    assert (centre.left, centre.top, centre.inner_width, centre.inner_height) == (32, 0, 192, 192)
    assert (corner.left, corner.top, corner.inner_width, corner.inner_height) == (0, 0, 192, 192)
    canvas = fit(torch.full((100, 100, 3), 200, dtype=torch.uint8), centre, Recipe(container, pad=(7, 8, 9)))
    assert canvas[0, 0].tolist() == [7, 8, 9] and canvas[0, 32].tolist() == [200, 200, 200]


def test_keep_aspect_is_modnets():
    """Short side 512, both sides rounded down to multiples of 32."""
    placement = place(1619, 1080, preset("modnet"))
    assert (placement.width, placement.height) == (736, 512)


@pytest.mark.parametrize(("channels", "channel"), [("rgb", 0), ("bgr", 2)])
def test_channel_order_and_scale(channels, channel, tmp_path):
    """The model gives back its first channel."""
    path = make_red_model(tmp_path / "model.onnx", (1, 3, 64, 64))
    container = CustomSessionContainer((0.1, 0.2, 0.3), (0.5, 0.5, 0.5), 64, 64)
    picture = torch.from_numpy(smooth_picture(64, 64))
    recipe = Recipe(container, scale="255", channels=channels, decoding="none", output="mask")
    mask = CustomSession(path, recipe).segment(picture[None]).masks[0] / 255
    expected = ((picture[..., channel] / 255 - container.mean[channel]) / 0.5).clamp(0, 1)
    assert (mask - expected).abs().max() <= 1 / 255 + 1e-6


TYPED = Recipe(CustomSessionContainer(*UNIT, 512, 512), fit="keep_aspect")
STRIPS = [(1080, 24000), (6000, 40), (30000, 100), (2, 2000), (2000, 2), (1, 100_000), (40, 100_000)]


@pytest.mark.parametrize("size", STRIPS)
@pytest.mark.parametrize(("side", "multiple"), [(512, 32), (320, 1), (512, 256), (256, 8)])
def test_a_long_strip_is_fed_in_so_many_pixels(size, side, multiple):
    container = CustomSessionContainer(*UNIT, side, side)
    recipe = replace(TYPED, container=container, multiple=multiple, most_pixels=MOST_PIXELS)
    width, height = size
    placement = place(width, height, recipe)
    assert placement.width * placement.height <= MOST_PIXELS
    assert (placement.width > placement.height) == (size[0] > size[1])
    assert placement.width % multiple == placement.height % multiple == 0
    unlimited = place(width, height, replace(recipe, most_pixels=0))
    assert unlimited == placement or is_reduced(width, height, recipe)


@pytest.mark.parametrize("size", [(1920, 1080), (512, 8192), (5000, 400), (100, 100)])
def test_what_the_limit_allows_is_fed_as_without_it(size):
    width, height = size
    assert place(width, height, TYPED) == place(width, height, replace(TYPED, most_pixels=MOST_PIXELS))


def test_a_size_that_was_typed_is_never_reduced():
    assert (place(2, 2000, TYPED).width, place(2, 2000, TYPED).height) == (512, 512_000)
    large = Recipe(CustomSessionContainer(*UNIT, 4096, 4096), most_pixels=MOST_PIXELS)
    assert place(100, 50, large).width == 4096 == place(100, 50, large).height  # as wide as it says, not kept
    large = replace(large, fit="keep_aspect")
    assert place(1920, 1080, large).height == 4096  # nor an author's, in ordinary pictures


def test_who_set_the_size_decides(tmp_path):
    """Found by ourselves, in the catalogue or in others' files: limited. In the user's recipe: not."""
    model = make_red_model(tmp_path / "free.onnx", (1, 3, "h", "w"))
    assert find_recipe(model).recipe.most_pixels == MOST_PIXELS
    assert preset("modnet").most_pixels == MOST_PIXELS
    written = json.dumps({"mean": [0.5] * 3, "std": [0.5] * 3, "width": 512, "height": 512, "fit": "keep_aspect"})
    assert from_dict(read_metadata({METADATA_KEY: written}), find_recipe(model).recipe).most_pixels == MOST_PIXELS
    processor = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3, "size": {"shortest_edge": 512}}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(processor))
    assert find_recipe(model).recipe.most_pixels == MOST_PIXELS
    assert find_recipe(model).source == "preprocessor_config.json"
    sidecar_path(model).write_text(written)
    assert find_recipe(model).recipe.most_pixels == 0 == Recipe().most_pixels


def test_a_reduced_picture_is_said(tmp_path, caplog):
    model = make_red_model(tmp_path / "free.onnx", (1, 3, "h", "w"))
    session = CustomSession(model, find_recipe(model).recipe)
    with caplog.at_level(logging.WARNING, "onnx_segmentation"):
        session.frames_at_once(1920, 1080)
        assert not caplog.text
        session.frames_at_once(2, 2000)
    assert "gets a picture of 2 x 2000 as 64 x 64" in caplog.text

"""Two loaded copies of the package: ComfyUI's, and a wheel or a second pack. Each takes the other's values."""

import gc
import importlib.util
import sys
import weakref
from dataclasses import fields, make_dataclass

import numpy as np
import pytest
import torch
from hosts import Failed
from onnx_segmentation import CustomSession, CustomSessionContainer, CutoutOptions, Recipe, load_session, segment
from onnx_segmentation.copies import as_ours
from onnx_segmentation.errors import OptionsError, RecipeError
from onnx_segmentation.sessions.other_copies import to_session
from support import ROOT, make_red_model

WHEEL = "a_wheel_of_onnx_segmentation"
PLAIN = {"alpha_matting": "false"}
NUMBERS = {"mean": (0.5, 0.4, 0.3), "std": (0.9, 0.8, 0.7), "width": 64, "height": 64}
WORDS = {"scale": "255", "decoding": "none", "output": "mask"}
CUTOUT_NODES = ("", "Custom", "CustomAdvanced", "Auto")
NOT_RECIPES = ["u2net", {"width": 64}, 5, Recipe, make_dataclass("Recipe", [("title", str, "soup")])()]


@pytest.fixture(scope="module")
def wheel():
    """The package once more, under another name."""
    spec = importlib.util.spec_from_file_location(WHEEL, ROOT / "__init__.py")
    module = sys.modules[WHEEL] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    for name in [name for name in sys.modules if name == WHEEL or name.startswith(f"{WHEEL}.")]:
        del sys.modules[name]


@pytest.fixture
def theirs(wheel):
    return wheel.Recipe(wheel.CustomSessionContainer(**NUMBERS), **WORDS)


@pytest.fixture
def ours(theirs):
    recipe = Recipe(CustomSessionContainer(**NUMBERS), **WORDS)
    assert not isinstance(theirs, Recipe) and recipe != theirs
    return recipe


def test_a_recipe_is_taken_by_every_door_of_the_library(wheel, theirs, ours, red_model):
    session = CustomSession(red_model, theirs)
    assert session.recipe == ours and session.with_recipe(theirs).recipe == ours
    assert load_session(red_model, theirs).recipe == ours
    assert CutoutOptions(wheel.RefineOptions(True, 200)).refine.foreground_threshold == 200
    assert CustomSession.from_container(theirs.container, red_model).recipe == Recipe(ours.container)
    assert Recipe(theirs.container, **WORDS) == ours and wheel.CustomSession(red_model, ours).recipe == theirs


@pytest.mark.parametrize("name", CUTOUT_NODES)
def test_a_recipe_is_taken_by_every_node_that_cuts_out(host, theirs, ours, photo, monkeypatch, name):
    monkeypatch.setenv("MODEL_CHECKSUM_DISABLED", "1")
    make_red_model(host.folder / "u2netp.onnx")
    settings = {"model": "u2netp.onnx" if name else "u2netp", "images": photo, **PLAIN}
    settings |= {"class_index": 0} if name == "Auto" else {}
    masks = [host.run(f"ImageSegmentation{name}", recipe=recipe, **settings)[1] for recipe in (theirs, ours)]
    assert torch.equal(*masks)
    for wrong in NOT_RECIPES:
        with pytest.raises(Failed, match=r"RecipeError: the recipe is .*; give a Recipe; the recipe node makes one"):
            host.run(f"ImageSegmentation{name}", recipe=wrong, **settings)


def test_sockets_between_the_small_nodes(host, wheel, theirs, ours, photo, red):
    (session,) = host.run("ImageSegmentationModelLoader", model=red, recipe=theirs)
    assert session.recipe == ours
    other = wheel.CustomSession(host.folder / red, theirs)
    expected = host.run("ImageSegmentationApply", session=session, images=photo)
    for sockets in ({"session": other}, {"session": session, "recipe": theirs}, {"session": other, "recipe": ours}):
        masks = host.run("ImageSegmentationApply", images=photo, **sockets)[0]
        assert torch.equal(masks, expected[0])
    for wrong in ("u2net", type("CustomSession", (), {})(), theirs):
        with pytest.raises(Failed, match=r"OptionsError: the session is .*; give a CustomSession"):
            host.run("ImageSegmentationApply", session=wrong, images=photo)


def test_a_session_is_loaded_again_once(wheel, theirs, ours, red_model):
    """It lives as long as the one that it stands for, and keeps what was doubtful about its recipe."""
    other = wheel.CustomSession(red_model, theirs, provider="CPUExecutionProvider")
    other.doubt = "a guess"
    session = to_session(other)
    assert (session.path, session.recipe, session.doubt) == (red_model, ours, "a guess")
    assert to_session(other) is session and to_session(session) is session
    assert session.provider == other.provider and session.make_room is other.make_room
    session.doubt = ""  # a session in doubt would be tried on the picture
    picture = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    assert np.array_equal(
        segment(picture, other, mask=True), segment(picture, CustomSession(red_model, ours), mask=True)
    )
    watched = weakref.ref(session.model)
    del other, session
    gc.collect()
    assert watched() is None


def test_what_is_no_recipe_or_session(red_model):
    for wrong in NOT_RECIPES:
        with pytest.raises(RecipeError, match="give a Recipe"):
            CustomSession(red_model, wrong)
    with pytest.raises(OptionsError, match="the session is 5; give a CustomSession"):
        segment(np.zeros((8, 8, 3), np.uint8), 5)


def test_impossible_numbers_of_another_copy_are_refused(wheel, red_model):
    container = wheel.CustomSessionContainer()
    object.__setattr__(container, "width", -1)
    with pytest.raises(RecipeError, match=r"container is .*; width is -1; give a whole number"):
        CustomSession.from_container(container, red_model)
    recipe = wheel.Recipe()
    object.__setattr__(recipe, "scale", "<b>")
    with pytest.raises(RecipeError, match="scale"):
        CustomSession(red_model, recipe)


@pytest.mark.parametrize(("value", "works"), [(0, True), (2.5, False)])
def test_a_field_of_a_newer_version(value, works):
    """One that is as it always was says nothing; any other would be lost."""
    known = [(entry.name, entry.type, entry.default) for entry in fields(CustomSessionContainer)]
    newer = make_dataclass("CustomSessionContainer", [*known, ("gamma", float, 0)])
    made = newer(width=64, gamma=value)
    if works:
        assert as_ours(made, CustomSessionContainer) == CustomSessionContainer(width=64)
        assert Recipe(made).container.width == 64
        return
    with pytest.raises(ValueError, match="another version made it, with gamma, which this one does not know"):
        as_ours(made, CustomSessionContainer)


def test_a_field_that_an_older_version_lacks():
    older = make_dataclass("CustomSessionContainer", [("mean", tuple), ("width", int)])
    assert as_ours(older((0.1, 0.2, 0.3), 64), CustomSessionContainer) == CustomSessionContainer(
        (0.1, 0.2, 0.3), width=64
    )

"""The GPU's way, torch for every step and bound memory for the model, gone on the CPU: what it gives is what Pillow,
numpy, cv2 and onnxruntime's own run give."""

import pytest
import torch
from onnx_segmentation.cutouts import CutoutOptions, cutout
from onnx_segmentation.imaging.device import torch_everywhere
from onnx_segmentation.imaging.morphology import post_process
from onnx_segmentation.matting.trimap import make_trimap
from onnx_segmentation.refine import RefineOptions
from onnx_segmentation.sessions.onnx_file.picture_input import PictureInput
from onnx_segmentation.sessions.pixels.feed import make_feed
from onnx_segmentation.sessions.recipes.container import CustomSessionContainer
from onnx_segmentation.sessions.recipes.presets import preset
from onnx_segmentation.sessions.recipes.recipe import Recipe
from onnx_segmentation.sessions.session import CustomSession
from support import make_red_model, open_photo, to_image

UNIT = CustomSessionContainer((0.5, 0.4, 0.3), (0.2, 0.3, 0.4), 96, 80)


@pytest.mark.parametrize("scale", ["max", "255", "none"])
@pytest.mark.parametrize("kind", ["float32", "float16", "float64", "uint8"])
@pytest.mark.parametrize("channels", ["rgb", "bgr"])
def test_feeds_are_the_same_bit_for_bit(scale, kind, channels):
    pixels = torch.randint(0, 200, (20, 30, 3), dtype=torch.uint8)
    recipe = Recipe(UNIT, scale=scale, channels=channels)
    for first in (True, False):
        wanted = PictureInput("input", kind, first, None, None, 1)
        theirs = make_feed(pixels, recipe, wanted)
        with torch_everywhere():
            ours = make_feed(pixels, recipe, wanted)
        assert torch.equal(ours, theirs) and str(ours.dtype) == f"torch.{kind}"


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (7, 2), (64, 64), (121, 200)], ids=str)
def test_masks_are_cleaned_and_shrunk_alike(size):
    random = torch.Generator().manual_seed(3)
    smooth = torch.rand(1, 1, 5, 5, generator=random)
    mask = torch.nn.functional.interpolate(smooth, size, mode="bicubic").clamp(0, 1)[0, 0].mul(255).to(torch.uint8)
    noise = torch.randint(0, 256, size, dtype=torch.uint8, generator=random)
    for each in (mask, noise, torch.zeros_like(mask), torch.full_like(mask, 255)):
        theirs = [post_process(each)] + [make_trimap(each, 200, 50, erode) for erode in (0, 1, 2, 3, 10, 25)]
        with torch_everywhere():
            ours = [post_process(each)] + [make_trimap(each, 200, 50, erode) for erode in (0, 1, 2, 3, 10, 25)]
        # A Gaussian summed in another order falls on the other side of the threshold where it is on it.
        assert (ours[0] != theirs[0]).float().mean() < 0.002
        assert all(torch.equal(one, other) for one, other in zip(ours[1:], theirs[1:], strict=True))


@pytest.mark.parametrize("fit", ["stretch", "letterbox_center", "letterbox_top_left", "keep_aspect"])
@pytest.mark.parametrize("decoding", ["min_max", "sigmoid", "none", "argmax"])
def test_whole_sessions_agree(tmp_path, fit, decoding):
    path = make_red_model(tmp_path / "model.onnx", ("batch", 3, "height", "width"))
    session = CustomSession(path, Recipe(UNIT, scale="255", fit=fit, decoding=decoding, pad=(9, 8, 7), class_index=0))
    frames = torch.nn.functional.interpolate(torch.rand(3, 3, 9, 9), (70, 110), mode="bicubic").clamp(0, 1)
    levels = frames.permute(0, 2, 3, 1).mul(255).to(torch.uint8)
    theirs = session.segment(levels)
    with torch_everywhere():
        ours = session.segment(levels)
    assert torch.equal(ours.masks, theirs.masks) and ours.confidence == theirs.confidence


def test_bound_memory_is_the_models_own(tmp_path):
    """What the model wrote stays as it is after the session and its binding are gone."""
    path = make_red_model(tmp_path / "model.onnx")
    session = CustomSession(path, Recipe(CustomSessionContainer(width=64, height=64)))
    feed = torch.rand(1, 3, 64, 64)
    (theirs,) = session.model.run(feed.numpy(), ["mask"])
    ours = session.model.run_on_device(feed.permute(0, 1, 3, 2).contiguous().permute(0, 1, 3, 2), "mask")
    del session
    other = torch.rand(64, 1, 64, 64)  # would land in memory that was given back
    assert torch.equal(ours, torch.from_numpy(theirs)) and other.numel()


@pytest.mark.parametrize("background", ["transparent", "#204060"])
@pytest.mark.parametrize("matting", [False, True])
def test_cutouts_agree(u2netp, matting, background):
    photo = to_image(open_photo("astronaut").resize((300, 260)))
    session = CustomSession(u2netp, preset("u2net"))
    options = CutoutOptions(RefineOptions(matting), background=background)
    theirs = cutout(photo, session, options)
    with torch_everywhere():
        ours = cutout(photo, session, options)
    assert torch.equal(ours.image, theirs.image) and torch.equal(ours.mask, theirs.mask)

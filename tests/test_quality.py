"""fast and best: a better mask from the same file, second runs on the subjects' boxes, and what then does not count."""

import numpy as np
import pytest
import torch
from onnx_segmentation import CutoutOptions, Recipe, RefineOptions, cutout, segment
from onnx_segmentation.cutouts import matte_masks
from onnx_segmentation.imaging.convert import round_levels
from onnx_segmentation.imaging.device import torch_everywhere
from onnx_segmentation.imaging.resize import resize_values
from onnx_segmentation.locate import Box, find_boxes, follow
from onnx_segmentation.matting.foreground.blur_fusion import blur_fusion
from onnx_segmentation.matting.soft_matte import gate
from onnx_segmentation.refine import EDGE_COLOURS
from onnx_segmentation.second_run import SoftMask, look_again
from onnx_segmentation.sessions.masks import Probabilities
from onnx_segmentation.sessions.pixels.geometry import place
from onnx_segmentation.sessions.pixels.probability import probability, to_picture
from onnx_segmentation.sessions.recipes.container import CustomSessionContainer
from onnx_segmentation.sessions.session import CustomSession
from support import make_red_model

SIDE = 32  # of the model's input: its mask is the red channel, coarse
CONTAINER = CustomSessionContainer((0.0,) * 3, (1.0,) * 3, SIDE, SIDE)
RECIPE = Recipe(CONTAINER, scale="255", decoding="none", resampler="bilinear")


@pytest.fixture
def session(tmp_path):
    return CustomSession(make_red_model(tmp_path / "red.onnx", (1, 3, SIDE, SIDE)), RECIPE)


def scene(places, height=360, width=480, softness=1.5):
    """Red discs (row, column, radius) on dark blue: image [1, H, W, 3] and its true alpha [H, W]."""
    down, across = torch.meshgrid(torch.arange(float(height)), torch.arange(float(width)), indexing="ij")
    alpha = torch.zeros(height, width)
    for row, column, radius in places:
        inside = torch.sigmoid((radius - torch.hypot(down - row, across - column)) / softness)
        alpha = torch.maximum(alpha, inside)
    subject = torch.stack([torch.ones_like(alpha), across / width * 0.2, down / height * 0.2], -1)
    ground = torch.stack([torch.zeros_like(alpha), down / height * 0.3, across / width * 0.5 + 0.3], -1)
    return torch.lerp(ground, subject, alpha[..., None])[None], alpha


def error(result, alpha):
    return float((result.mask[0] - alpha).abs().mean())


@pytest.fixture(scope="module")
def large():
    return scene([(180, 240, 130)])


def test_fast_and_best_are_better_than_the_plain_mask(session, large):
    image, alpha = large
    plain, fast, best = (
        error(cutout(image, session, CutoutOptions(quality=q)), alpha) for q in ("rembg", "fast", "best")
    )
    assert fast < 0.2 * plain
    assert best < 0.2 * plain


def test_small_subjects_get_runs_of_their_own(session):
    image, alpha = scene([(80, 90, 40), (260, 390, 50)])
    result = cutout(image, session, CutoutOptions(quality="best"))
    alone = cutout(image, session, CutoutOptions(quality="best", crop=False))
    assert (result.runs, alone.runs) == ([3], [1])  # the picture, and each of the two
    assert error(result, alpha) < 0.2 * error(cutout(image, session), alpha)
    assert result.mask[0, 80, 90] == result.mask[0, 260, 390] == 1 and result.mask[0, 180, 240] == 0


@pytest.mark.parametrize("quality", ["fast", "best"])
def test_what_the_quality_decides_does_not_count(session, large, quality):
    usual = cutout(large[0], session, CutoutOptions(quality=quality))
    other = RefineOptions(quality != "best", 100, 90, 40)
    changed = cutout(large[0], session, CutoutOptions(other, post_process=True, steady=True, quality=quality))
    assert torch.equal(usual.image, changed.image) and torch.equal(usual.mask, changed.mask)


@pytest.mark.parametrize("colours", EDGE_COLOURS)
def test_edge_colours_still_count(session, large, colours):
    image = large[0]
    result = cutout(image, session, CutoutOptions(RefineOptions(edge_colours=colours), quality="best"))
    if colours == "photo":
        assert torch.equal(result.image[..., :3], image)
    elif colours == "premultiplied":
        assert (result.image[..., :3] - image * result.mask[..., None]).abs().max() <= 0.51 / 255
    elif colours == "blur_fusion":
        expected = round_levels(blur_fusion(image[0], result.mask[0]))
        assert torch.equal(result.image[0, ..., :3], expected) and not torch.equal(expected, image[0])
    else:
        estimated = cutout(image, session, CutoutOptions(RefineOptions(edge_colours="estimated"), quality="best"))
        assert torch.equal(result.image, estimated.image)


def test_the_method_still_chooses_the_solver(session, large):
    pytest.importorskip("pymatting")
    usual, other = (
        cutout(large[0], session, CutoutOptions(RefineOptions(method=method), quality="best")).mask
        for method in ("closed_form", "rw")
    )
    assert not torch.equal(usual, other) and (usual - other).abs().mean() < 0.02


class Everywhere:
    """A network that says .25 wherever it is asked."""

    height = width = 512

    def __call__(self, values, _):
        return torch.full(values.shape[1:], 0.25)


def test_a_refiner_works_on_the_trimap_of_best(session, large):
    refine = RefineOptions(method="vitmatte", network=Everywhere())
    result = cutout(large[0], session, CutoutOptions(refine, quality="best"))
    band = result.trimap == 0.5
    assert band.any() and ((result.mask[0][band] - 0.25).abs() < 0.5 / 255).float().mean() > 0.5
    assert bool((result.mask[0][result.trimap == 1] > 0.9).all())


@pytest.mark.parametrize("quality", ["fast", "best"])
def test_each_frame_of_a_batch_is_as_if_alone(session, quality):
    frames = torch.cat([scene([(80, 90, 40)])[0], scene([(200, 300, 90)])[0]])
    options = CutoutOptions(quality=quality)
    batch = cutout(frames, session, options)
    alone = [cutout(frame[None], session, options) for frame in frames]
    assert torch.equal(batch.image, torch.cat([each.image for each in alone]))
    assert batch.runs == [each.runs[0] for each in alone]


def test_a_frame_without_a_subject_is_empty_and_looked_at_once(session):
    image = torch.full((1, 100, 120, 3), 0.3)
    for quality in ("fast", "best"):
        result = cutout(image, session, CutoutOptions(quality=quality, min_confidence=0.5))
        assert result.runs == [1] and not result.mask.any()
        assert result.confidence == pytest.approx([0.3], abs=0.01)


@pytest.mark.parametrize("quality", ["fast", "best"])
def test_torch_alone_comes_to_the_same(session, large, quality):
    options = CutoutOptions(quality=quality)
    usual = cutout(large[0], session, options)
    with torch_everywhere():
        other = cutout(large[0], session, options)
    assert (usual.mask - other.mask).abs().mean() < 2e-4
    assert other.runs == usual.runs


def test_a_cancel_ends_the_second_run(session):
    asked = []

    def cancel():
        asked.append(1)
        if len(asked) > 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cutout(scene([(80, 90, 40)])[0], session, CutoutOptions(quality="best"), raise_if_cancelled=cancel)
    assert len(asked) == 2


def test_masks_of_others_have_it_too(large):
    image, alpha = large
    rough = torch.nn.functional.interpolate(alpha[None, None], (30, 40), mode="area")[0]
    plain = error(matte_masks(image, rough, CutoutOptions()), alpha)
    for quality, share in (("fast", 0.7), ("best", 0.7)):
        assert error(matte_masks(image, rough, CutoutOptions(quality=quality)), alpha) < share * plain
    hand = torch.where(alpha > 0.98, 1.0, torch.where(alpha < 0.02, 0.0, 0.5))
    assert torch.equal(matte_masks(image, rough, CutoutOptions(quality="best"), trimaps=hand[None]).trimap, hand)


def test_segment_has_the_keyword(session, large):
    rgb = (large[0][0].numpy() * 255).round().astype(np.uint8)
    masks = [segment(rgb, session, mask=True, quality=quality) for quality in ("rembg", "fast", "best")]
    assert not np.array_equal(masks[0], masks[1]) and not np.array_equal(masks[1], masks[2])
    with pytest.raises(ValueError, match="quality is 'good'; allowed are rembg, fast, best"):
        segment(rgb, session, quality="good")


@pytest.mark.parametrize(
    ("decoding", "values", "right", "confidence"),
    [
        ("min_max", [0.0, 0.4, 0.8], [0.0, 0.5, 1.0], 0.8),  # a probability: divided by the largest
        ("min_max", [-4.0, 0.0, 4.0], [0.0, 0.5, 1.0], 1.0),  # none: stretched
        ("sigmoid", [-100.0, 0.0, 100.0], [0.0, 0.5, 1.0], 1.0),
        ("none", [-0.1, 0.25, 0.75], [0.0, 0.25, 0.75], 0.75),
        ("levels", [0.0, 51.0, 255.0], [0.0, 0.2, 1.0], 1.0),
        ("argmax", [0.0, 1.0, 0.0], [0.0, 1.0, 0.0], 1.0),
    ],
)
def test_probabilities_by_decoding(decoding, values, right, confidence):
    maps = torch.tensor(values)[None, None].expand(1, 2, 3)
    found, sure = probability(maps, Recipe(decoding=decoding), "model")
    assert torch.allclose(found[0], torch.tensor(right), atol=1e-6) and sure == pytest.approx(confidence)
    inverted, _ = probability(maps, Recipe(decoding=decoding, invert=True), "model")
    assert torch.allclose(inverted, 1 - found)


@pytest.mark.parametrize("fit", ["stretch", "letterbox_center", "letterbox_top_left"])
def test_a_step_stays_where_it_is(fit):
    """Of a picture left half subject, whatever its place in the model's input; by Pillow and by torch."""
    recipe = Recipe(CustomSessionContainer(width=64, height=64), fit=fit)
    placement = place(301, 203, recipe)
    small = torch.zeros(64, 64)
    small[:, : placement.left + placement.inner_width // 2] = 1
    found = to_picture(small, placement, 301, 203)
    with torch_everywhere():
        assert (to_picture(small, placement, 301, 203) - found).abs().max() < 1e-4
    edge = placement.inner_width // 2 * 301 / placement.inner_width
    assert bool((found[:, : int(edge) - 3] > 0.9).all()) and bool((found[:, int(edge) + 4 :] < 0.1).all())
    assert abs(float(found.sum(1).mean()) - edge) < 0.5


def test_values_are_resized_without_rounding():
    values = torch.rand(9, 13, generator=torch.Generator().manual_seed(1)) * 100 - 50
    usual = resize_values(values, 40, 31, (1.5, 0.0, 12.25, 9.0))
    with torch_everywhere():
        assert torch.allclose(resize_values(values, 40, 31, (1.5, 0.0, 12.25, 9.0)), usual, atol=1e-3)


def test_boxes():
    values = torch.zeros(400, 600)
    values[100:160, 50:110] = 1
    values[110:150, 122:170] = 1  # its box touches the first one's
    values[300:340, 500:540] = 0.9
    values[20:22, 300:302] = 1  # a speck
    first, second = find_boxes(values)
    assert first.left < 50 and first.right > 170 and first.top < 100 and first.bottom > 160
    assert second.left <= 492 and second.bottom >= 348 and second.area < 62 * 62  # in cells of three pixels
    assert find_boxes(torch.ones(400, 600)) == find_boxes(torch.zeros(400, 600)) == []


def test_a_steady_box_follows_and_holds_the_subject():
    box, before = Box(110, 100, 210, 200), Box(100, 100, 200, 200)
    held = follow(box, [before], 400, 400)
    assert (held.left, held.top) == (102, 100) and held.right >= 200  # a quarter of the way
    far = Box(300, 300, 390, 390)
    assert follow(far, [before], 400, 400) == far  # it jumps where the subject did
    grown = follow(Box(60, 60, 240, 240), [before], 400, 400)
    assert grown.left <= 75 and grown.right >= 225  # never nearer than half of the margin


def test_matting_that_moves_a_neighbourhood_goes_back():
    said = torch.zeros(200, 200)
    said[50:150, 50:150] = 1
    solved, kept = said.clone(), said * 0.9
    solved[90:110, 60:140] = 0  # a face that came out as background
    gated = gate(solved, said, kept)
    assert gated[100, 100] == pytest.approx(0.9) and gated[10, 10] == 0 and gated[60, 60] == 1


class LosesHalf:
    """A session whose second run, on a box, no longer sees the upper half of what the first is sure of."""

    def __init__(self, first):
        self.first = first

    def probabilities(self, frames, *_, **__):
        values = torch.zeros(frames.shape[:3])
        values[:, values.shape[1] // 2 : -30, 30:-30] = 1
        return Probabilities(values, [1.0], 1.0)


@pytest.mark.parametrize("size", [120, 300])
def test_a_second_run_takes_nothing_away_that_the_first_was_sure_of(size):
    first = torch.zeros(400, 500)
    first[50 : 50 + size, 60 : 60 + size] = 1
    again = look_again(torch.zeros(400, 500, 3, dtype=torch.uint8), SoftMask(first, 3.0), LosesHalf(first))
    assert again.runs == 2
    assert bool((again.values[60 : 50 + size // 2, 70 : 50 + size] == 1).all())

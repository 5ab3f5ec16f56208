"""The matting nodes for any IMAGE and MASK. Runs in either host."""

import numpy as np
import pytest
import torch
from hosts import Cancelled, Failed
from onnx_segmentation.cutouts import CutoutOptions, matte_masks
from onnx_segmentation.refine import RefineOptions
from support import to_saved


def scene(size=120, soft=6.0):
    """A disc of one texture over another: (image [1, H, W, 3], its true alpha [1, H, W], the disc's colours)."""
    down, across = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    alpha = 1 / (1 + np.exp((np.hypot(down, across) - 0.55) * size / soft))
    subject = np.stack([0.8 + 0.1 * across, 0.2 + 0.1 * down, 0.15 + 0 * down], -1)
    ground = np.stack([0.1 + 0.05 * down, 0.4 + 0.1 * across, 0.8 + 0.1 * down * across], -1)
    image = alpha[..., None] * subject + (1 - alpha[..., None]) * ground
    return (torch.from_numpy(values.astype(np.float32))[None] for values in (image, alpha, subject))


@pytest.fixture
def disc():
    return tuple(scene())


MATTING = {"foreground_threshold": 240, "background_threshold": 20, "erode_size": 4}


def test_recovers_the_alpha_behind_a_rough_mask(host, disc):
    image, alpha, _ = disc
    rough = (alpha > 0.3).float()
    rgba, solved = host.run("ImageSegmentationAlphaMatting", images=image, mask=rough, **MATTING | {"erode_size": 25})
    assert (rough - alpha).abs().mean() > 0.03
    assert (solved - alpha).abs().mean() < 0.01
    np.testing.assert_array_equal(to_saved(rgba[..., 3]), to_saved(solved))


def test_a_trimap_by_hand(host, disc):
    image, alpha, _ = disc
    hand = torch.where(alpha > 0.95, 1.0, torch.where(alpha < 0.05, 0.0, 0.5))
    settings = {"images": image, **MATTING}
    _, solved = host.run("ImageSegmentationAlphaMatting", mask=torch.zeros_like(alpha), trimap=hand, **settings)
    assert (solved - alpha).abs().mean() < 0.02
    assert solved[0, 60, 60] == 1 and solved[0, 0, 0] == 0


def test_a_mask_of_another_size_and_one_for_a_batch(host, disc):
    image, alpha, _ = disc
    small = torch.nn.functional.interpolate(alpha[None], (60, 80), mode="bilinear")[0]
    batch = torch.cat([image, image.flip(2)])
    rgba, solved = host.run("ImageSegmentationAlphaMatting", images=batch, mask=small, **MATTING)
    assert rgba.shape == (2, 120, 120, 4) and solved.shape == (2, 120, 120)
    assert (solved[0] - alpha[0]).abs().mean() < 0.02
    single = host.run("ImageSegmentationAlphaMatting", images=image, mask=small[0], **MATTING)  # a mask without a batch
    assert torch.equal(single[1][0], solved[0])


def test_colours_lose_the_tint_of_the_background(host, disc):
    image, alpha, subject = disc
    (rgba,) = host.run("ImageSegmentationForeground", images=image, mask=alpha)
    edge = (alpha > 0.2) & (alpha < 0.9)
    before, after = ((colours - subject)[edge].abs().mean() for colours in (image, rgba[..., :3]))
    assert after < before / 3
    assert (rgba[..., 3] - alpha).abs().max() <= 0.5 / 255 + 1e-6


@pytest.mark.parametrize("colours", ["photo", "estimated", "premultiplied", "auto"])
def test_edge_colours(host, disc, colours):
    image, alpha, _ = disc
    results = {}
    for wanted in {colours, "photo", "estimated"}:
        settings = {"images": image, "mask": alpha, "edge_colours": wanted, **MATTING}
        results[wanted], solved = host.run("ImageSegmentationAlphaMatting", **settings)
    if colours == "auto":
        assert torch.equal(results["auto"], results["estimated"])
    if colours == "premultiplied":
        assert (results[colours][..., :3] - image * solved[..., None]).abs().max() <= 0.5 / 255 + 1e-6
    assert torch.equal(results["photo"][..., :3], image)


@pytest.mark.parametrize("method", ["knn", "lbdm", "lkm", "rw"])
def test_pymattings_other_estimators(host, disc, method):
    pytest.importorskip("pymatting")
    image, alpha, _ = disc
    settings = {"images": image, "mask": alpha, "matting_method": method, **MATTING}
    _, solved = host.run("ImageSegmentationAlphaMatting", **settings)
    assert (solved - alpha).abs().mean() < 0.1 and not torch.equal(solved, alpha)


@pytest.mark.parametrize("value", [0.0, 1.0, 0.5])
def test_a_mask_without_both_sides_is_kept(host, disc, value):
    image, alpha, _ = disc
    mask = torch.full_like(alpha, value)
    _, solved = host.run("ImageSegmentationAlphaMatting", images=image, mask=mask, **MATTING)
    assert (solved - mask).abs().max() <= 0.5 / 255 + 1e-6


@pytest.mark.parametrize(
    ("mask", "said"),
    [
        (torch.full((1, 120, 120), torch.nan), "the mask holds NaN"),
        (torch.zeros(1, 0, 120), "wanted is"),
        (torch.zeros(1, 120, 120, 3), "wanted is"),
    ],
)
def test_masks_that_cannot_be_are_refused(host, disc, mask, said):
    for node, more in (("ImageSegmentationAlphaMatting", MATTING), ("ImageSegmentationForeground", {})):
        with pytest.raises(Failed, match=f"ImageError.*{said}"):
            host.run(node, images=disc[0], mask=mask, **more)


def test_cancel_within_a_batch(host, disc):
    image, alpha, _ = disc
    batch = image.repeat(5, 1, 1, 1)
    with pytest.raises(Cancelled):
        host.run("ImageSegmentationAlphaMatting", images=batch, mask=alpha, cancel_after=1, **MATTING)
    assert host.frames_done < 5
    assert host.run("ImageSegmentationAlphaMatting", images=batch, mask=alpha, **MATTING)[0].shape[0] == 5


@pytest.mark.parametrize("steady", [False, True])
def test_one_trimap_for_each_frame(host, loaded, disc, monkeypatch, steady):
    """With a steady trimap too, where each is held against its neighbours' (it was 22 for 8 frames)."""
    module, made = loaded("refine"), []
    real = module.make_trimap
    monkeypatch.setattr(module, "make_trimap", lambda *values: made.append(values) or real(*values))
    image, alpha, _ = disc
    settings = {"images": image.repeat(8, 1, 1, 1), "mask": alpha, "steady_trimap": steady, **MATTING}
    host.run("ImageSegmentationAlphaMatting", **settings)
    assert len(made) == 8
    host.run("ImageSegmentationAlphaMatting", trimap=alpha, **settings)
    assert len(made) == 8


@pytest.mark.parametrize("steady", [False, True])
def test_python_has_the_nodes_loop(host, disc, steady):
    image, alpha, _ = disc
    batch, masks = torch.cat([image, image.flip(2), image]), torch.cat([alpha, alpha.flip(2), alpha > 0.5])
    settings = {"images": batch, "mask": masks, "steady_trimap": steady, "background": "#336699"}
    nodes = host.run("ImageSegmentationAlphaMatting", **settings, **MATTING)
    options = CutoutOptions(RefineOptions(True, erode_size=4), background="#336699", steady_trimap=steady)
    ticks = []
    result = matte_masks(batch, masks, options, lambda: ticks.append(1))
    assert torch.equal(result.image, nodes[0]) and torch.equal(result.mask, nodes[1])
    assert result.confidence == [1.0] * 3 and len(ticks) == 3
    assert set(result.trimap.unique().tolist()) == {0.0, 0.5, 1.0}


def test_masks_are_post_processed_on_request(disc):
    image, alpha, _ = disc
    result = matte_masks(image, alpha, CutoutOptions(post_process=True))
    assert set(result.mask.unique().tolist()) == {0.0, 1.0}
    assert (matte_masks(image, alpha).mask - alpha).abs().mean() < 0.02  # the usual options solve alpha

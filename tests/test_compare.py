"""The compare node: errors in the field's units, and a picture that shows where they are. Runs in either host."""

import math

import numpy as np
import pytest
import torch
from hosts import Failed
from onnx_segmentation.matting.metrics import compare_mattes


def square(size=64, first=16, last=48, value=1.0):
    matte = torch.zeros(size, size)
    matte[first:last, first:last] = value
    return matte


def test_the_same_mask_has_no_error():
    errors = compare_mattes(square(), square())
    assert (errors.mae, errors.iou, errors.sad, errors.gradient, errors.connectivity) == (0, 1, 0, 0, 0)


def test_two_empty_masks_agree():
    assert compare_mattes(torch.zeros(8, 8), torch.zeros(8, 8)).iou == 1


def test_errors_by_hand():
    """Half of a 32 x 32 square is missing: 512 pixels of 4096."""
    half = square()
    half[16:32] = 0
    errors = compare_mattes(half, square())
    assert errors.mae == pytest.approx(512 / 4096)
    assert errors.iou == pytest.approx(0.5)
    assert errors.sad == pytest.approx(0.512)
    assert errors.connectivity == pytest.approx(0.512)  # each missing pixel hangs together with nothing


def test_gradient_is_that_of_a_gaussian():
    """A step of height h, blurred by sigma 1.4, rises as the Gaussian's density; against nothing at all."""
    step = torch.zeros(40, 60)
    step[:, 30:] = 0.5
    x = np.arange(60) - 29.5
    density = 0.5 * np.exp(-(x**2) / (2 * 1.4**2)) / math.sqrt(2 * math.pi * 1.4**2)
    expected = 40 * (density**2).sum() / 1000
    assert compare_mattes(step, torch.zeros(40, 60)).gradient == pytest.approx(expected, rel=0.03)


def test_an_island_is_not_connected_a_softer_region_is():
    """A detached patch of 36 pixels counts whole; a region at .9 instead of 1 stays below the threshold of .15."""
    island = square()
    island[2:8, 2:8] = 1
    assert compare_mattes(island, square()).connectivity == pytest.approx(0.036)
    assert compare_mattes(square(value=0.9), square()).connectivity == pytest.approx(0, abs=1e-9)
    assert compare_mattes(square(value=0.9), square()).sad == pytest.approx(0.1024)


def test_the_picture_shows_surplus_in_red_and_lack_in_blue(host):
    mask, reference = square(first=16, last=40), square(first=24, last=48)
    image, text = host.run("ImageSegmentationCompare", mask=mask[None], reference=reference[None])
    assert image.shape == (1, 64, 64, 3)
    assert image[0, 18, 18].tolist() == [1, 0, 0]
    assert image[0, 45, 45].tolist() == pytest.approx([0, 0, 1], abs=0.51)
    assert image[0, 45, 45, 2] == 1 and image[0, 45, 45, 1] == 0
    assert image[0, 30, 30].tolist() == pytest.approx([0.5] * 3, abs=1 / 255)
    assert image[0, 0, 0].tolist() == [0, 0, 0]
    assert text == str(compare_mattes(mask, reference))


def test_one_reference_serves_a_batch_and_sizes_may_differ(host):
    masks = torch.stack([square(), torch.zeros(64, 64)])
    image, text = host.run("ImageSegmentationCompare", mask=masks, reference=square(32, 8, 24)[None])
    assert image.shape == (2, 32, 32, 3)
    first, second = text.splitlines()
    assert first.startswith("0: MAE 0.01") and "IoU 1.0000" in first  # shrinking softened its edge
    assert second.startswith("1: MAE 0.2500  IoU 0.0000")


def test_nan_and_other_counts_are_refused(host):
    for mask in (torch.full((1, 8, 8), torch.nan), torch.zeros(3, 8, 8)):
        with pytest.raises(Failed, match=r"NaN|3 masks|2 masks"):
            host.run("ImageSegmentationCompare", mask=mask, reference=torch.zeros(2, 8, 8))

"""What a uniform erosion would take away whole keeps a core; everything else is eroded as ever."""

import cv2
import numpy as np
import pytest
import torch
from onnx_segmentation import RefineOptions, make_trimap
from onnx_segmentation.cutouts import CutoutOptions, matte_masks
from onnx_segmentation.imaging.device import torch_everywhere
from onnx_segmentation.imaging.morphology import erode

BIRDS, LINES = range(3, 9), range(1, 9)


def scene():
    """A dog (a disc) with birds and lines beside it, a rope at it and gaps in it: [H, W] uint8, and a point in each."""
    mask, points = np.zeros((300, 640), np.uint8), []
    cv2.circle(mask, (140, 150), 110, 255, -1)
    for place, radius in enumerate(BIRDS):
        points.append((40, 290 + 40 * place))
        cv2.circle(mask, points[-1][::-1], radius, 255, -1)
    for place, width in enumerate(LINES):
        points.append((180, 330 + 36 * place))
        mask[100:260, points[-1][1] : points[-1][1] + width] = 255
    cv2.line(mask, (200, 230), (290, 290), 255, 4)
    points.append((285, 282))
    gaps = [(150, 70 + 20 * place) for place in range(8)]
    for width, (row, column) in enumerate(gaps, 1):
        mask[row - 40 : row + 40, column : column + width] = 0
    return torch.from_numpy(mask), points, gaps


@pytest.mark.parametrize("erode_size", [10, 15, 30])
def test_every_small_thing_and_every_gap_keeps_sure_pixels(erode_size):
    mask, points, gaps = scene()
    trimap = make_trimap(mask, erode_size=erode_size)
    near = [trimap[row - 8 : row + 9, column - 8 : column + 9] for row, column in points]
    assert all(bool((part == 1).any()) for part in near)
    if erode_size == 10:  # the ground between these gaps is lost to a larger erosion as well
        for width, (row, column) in enumerate(gaps, 1):
            assert bool((trimap[row, column : column + width] == 0).any()), width
    assert bool(((trimap == 1) <= (mask > 240)).all()) and bool(((trimap == 0) <= (mask < 20)).all())


def test_small_things_come_out_opaque_and_gaps_open():
    """Each solved alpha, not only the trimap: they ended at 0 and at 1."""
    mask, points, gaps = scene()
    image = torch.where(mask[..., None] > 0, torch.tensor([0.7, 0.4, 0.2]), torch.tensor([0.3, 0.5, 0.8]))
    alpha = matte_masks(image[None], mask[None] / 255, CutoutOptions(RefineOptions(True))).mask[0]
    for row, column in points:
        assert alpha[row - 2 : row + 3, column - 2 : column + 9].max() > 0.95
    for row, column in gaps:
        assert alpha[row, column] < 0.05


@pytest.mark.parametrize("size", [0, 1, 2, 9, 10, 20])
def test_whatever_keeps_a_pixel_is_eroded_as_ever(size):
    mask = np.zeros((260, 300), np.uint8)
    cv2.circle(mask, (90, 130), 70, 255, -1)
    cv2.rectangle(mask, (190, 40), (280, 220), 255, -1)
    levels = torch.from_numpy(mask)
    trimap = make_trimap(levels, erode_size=size)
    region, ground = ((levels > 240).to(torch.uint8) * 255, (levels < 20).to(torch.uint8) * 255)
    assert torch.equal(trimap == 1, erode(region, size, 0) > 0)
    assert torch.equal(trimap == 0, erode(ground, size, 255) > 0)


@pytest.mark.parametrize("size", [0, 3, 10, 50])
def test_torch_finds_the_same_cores(size):
    mask = scene()[0]
    with torch_everywhere():
        without_cv2 = make_trimap(mask, erode_size=size)
    assert torch.equal(without_cv2, make_trimap(mask, erode_size=size))

"""Resampling on the CPU, in bands on several threads, is Pillow's own bit for bit."""

import numpy as np
import pytest
import torch
from onnx_segmentation.imaging import resize as module
from onnx_segmentation.imaging.resize import resize
from PIL import Image

SIZES = [(1200, 700), (900, 1100), (61, 1300), (1500, 40), (300, 200), (777, 5), (1, 900)]


@pytest.fixture(params=[1, 2, 3, 8], ids=lambda count: f"{count} threads")
def threads(request, monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: request.param)
    monkeypatch.setattr(module, "WORTH_IT", 1)
    return request.param


@pytest.mark.parametrize("resampler", ["lanczos", "bicubic", "bilinear", "nearest"])
@pytest.mark.parametrize("colours", [(), (3,)], ids=["levels", "colours"])
def test_bands_are_pillows(threads, resampler, colours):
    generator = np.random.default_rng(threads)
    for width, height in SIZES:
        noise = generator.integers(0, 256, (height, width, *colours), np.uint8)
        for size in ((320, 320), (width, 64), (64, height), (width * 2, height + 7), (3, 1000)):
            theirs = np.asarray(Image.fromarray(noise).resize(size, Image.Resampling[resampler.upper()]))
            assert np.array_equal(resize(torch.from_numpy(noise), *size, resampler).numpy(), theirs), (width, size)


def test_a_large_picture_is_cut_into_bands_and_a_small_one_is_not(monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    seen = []
    pillow = module._pillow
    monkeypatch.setattr(module, "_pillow", lambda levels, *sides: seen.append(levels.shape) or pillow(levels, *sides))
    resize(torch.zeros(1000, 1000, 3, dtype=torch.uint8), 320, 320)
    assert sorted(seen) == [(500, 1000, 3)] * 2 + [(1000, 160, 3)] * 2
    seen.clear()
    resize(torch.zeros(100, 100, 3, dtype=torch.uint8), 32, 32)
    assert seen == [(100, 100, 3), (100, 32, 3)]

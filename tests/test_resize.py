"""Resampling is Pillow's own, bit for bit: by Pillow in bands, by compiled kernels in bands, by torch as on a GPU."""

import numpy as np
import pytest
import torch
from onnx_segmentation.imaging import resize as module
from onnx_segmentation.imaging.device import torch_everywhere
from onnx_segmentation.imaging.resize import resize
from onnx_segmentation.kernel_cache import kernels
from PIL import Image

SIZES = [(1200, 700), (900, 1100), (61, 1300), (1500, 40), (300, 200), (777, 5), (1, 900)]
RESAMPLERS = ["lanczos", "bicubic", "bilinear", "nearest"]
COLOURS = pytest.mark.parametrize("colours", [(), (3,)], ids=["levels", "colours"])


@pytest.fixture(params=["pillow", "kernels", "torch"])
def way(request, monkeypatch):
    if request.param == "torch":
        with torch_everywhere():
            yield request.param
        return
    compiled = kernels.find("resample", wait=True) if request.param == "kernels" else None
    if request.param == "kernels" and compiled is None:
        pytest.skip("numba is not installed")
    monkeypatch.setattr(kernels, "find", lambda *_: compiled)
    yield request.param


@pytest.fixture
def many_bands(monkeypatch):
    monkeypatch.setattr(module, "PILLOW_WORTH_IT", 1)
    monkeypatch.setattr(module, "KERNELS_WORTH_IT", 1)


def noise(height, width, colours, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, *colours), np.uint8)


def assert_pillows(levels, size, resampler, box=None):
    theirs = np.asarray(Image.fromarray(levels).resize(size, Image.Resampling[resampler.upper()], box))
    assert np.array_equal(resize(torch.from_numpy(levels), size[0], size[1], resampler, box).numpy(), theirs), (
        size,
        box,
    )


@pytest.mark.parametrize("resampler", RESAMPLERS)
@COLOURS
def test_whole_pictures(way, many_bands, monkeypatch, resampler, colours):
    for threads in (1,) if way == "torch" else (1, 3):
        monkeypatch.setattr(torch, "get_num_threads", lambda threads=threads: threads)
        for width, height in SIZES:
            for size in ((320, 320), (width, 64), (64, height), (width * 2, height + 7), (3, 1000), (1, 1)):
                assert_pillows(noise(height, width, colours, threads), size, resampler)


@pytest.mark.parametrize("resampler", RESAMPLERS)
@COLOURS
def test_boxes(way, many_bands, resampler, colours):
    """Of fractions of a pixel, as a letterbox's mask has them; Pillow keeps them in single precision."""
    random = np.random.default_rng(3)
    for number in range(60):
        height, width = random.integers(3, 200, 2)
        left, top = random.uniform(0, width / 2), random.uniform(0, height / 2)
        box = left, top, random.uniform(left + 0.4, width), random.uniform(top + 0.4, height)
        size = tuple(int(side) for side in random.integers(1, 300, 2))
        assert_pillows(noise(height, width, colours, number), size, resampler, box)


@pytest.mark.parametrize("resampler", RESAMPLERS)
def test_black_white_and_what_is_no_whole_memory(way, resampler):
    """Overshoot is clipped at both ends, and rows may lie apart."""
    edges = (noise(90, 70, ()) > 127).astype(np.uint8) * 255
    assert_pillows(edges, (333, 257), resampler)
    assert_pillows(edges[::2, 3:60], (20, 200), resampler)


def test_a_large_picture_is_cut_into_bands_and_a_small_one_is_not(monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    monkeypatch.setattr(kernels, "find", lambda *_: None)
    seen = []
    pillow = module._pillow
    monkeypatch.setattr(module, "_pillow", lambda levels, *sides: seen.append(levels.shape) or pillow(levels, *sides))
    resize(torch.zeros(1000, 1000, 3, dtype=torch.uint8), 320, 320)
    assert sorted(seen) == [(500, 1000, 3)] * 2 + [(1000, 160, 3)] * 2
    seen.clear()
    resize(torch.zeros(100, 100, 3, dtype=torch.uint8), 32, 32)
    assert seen == [(100, 100, 3), (100, 32, 3)]

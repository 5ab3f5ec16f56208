"""Post-processing and trimap against rembg's own functions: identical pixels."""

import numpy as np
import pytest
import torch
from onnx_segmentation.imaging.morphology import post_process
from onnx_segmentation.matting.trimap import make_trimap
from onnx_segmentation.sessions.recipes.presets import preset
from onnx_segmentation.sessions.session import CustomSession
from support import open_photo

SIZES = [(1, 1), (1, 9), (7, 2), (64, 64), (121, 200)]


def masks():
    random = np.random.default_rng(7)
    for height, width in SIZES:
        smooth = np.add.outer(np.linspace(0, 300, height), np.linspace(-100, 200, width))
        yield np.clip(smooth, 0, 255).astype(np.uint8)
        yield random.integers(0, 256, (height, width), np.uint8)
        yield np.full((height, width), 255, np.uint8)
        yield np.zeros((height, width), np.uint8)


def rembg_trimap(mask, foreground, background, size):
    """The trimap of rembg 2.0.86, bg.py `alpha_matting_cutout`, with its own calls."""
    from scipy.ndimage import binary_erosion

    structure = np.ones((size, size), np.uint8) if size > 0 else None
    trimap = np.full(mask.shape, 0.5, np.float32)
    trimap[binary_erosion(mask > foreground, structure=structure)] = 1
    trimap[binary_erosion(mask < background, structure=structure, border_value=1)] = 0
    return trimap


def test_post_process_is_rembgs(u2netp):
    rembg_post_process = pytest.importorskip("rembg.bg").post_process
    real = CustomSession(u2netp, preset("u2net")).predict(open_photo("coffee"))[0]
    for mask in [*masks(), np.asarray(real)]:
        np.testing.assert_array_equal(post_process(torch.tensor(mask)), rembg_post_process(mask))


@pytest.mark.parametrize("erode_size", [0, 1, 2, 3, 10, 25])
@pytest.mark.parametrize(("foreground", "background"), [(240, 20), (250, 0), (0, 250), (128, 128)])
def test_trimap_is_rembgs(foreground, background, erode_size, monkeypatch):
    """But for the cores of what would be lost, which rembg leaves unknown."""
    arguments = foreground, background, erode_size
    for mask in masks():
        theirs, ours = rembg_trimap(mask, *arguments), make_trimap(torch.from_numpy(mask), *arguments).numpy()
        if foreground >= background:  # else a pixel may be both
            sure = np.where(mask > foreground, 1.0, np.where(mask < background, 0.0, 0.5))
            kept = ours != theirs
            assert (theirs[kept] == 0.5).all() and np.array_equal(ours[kept], sure[kept])
    monkeypatch.setattr("onnx_segmentation.matting.trimap.with_cores", lambda _, eroded, *__: eroded)
    for mask in masks():
        ours = make_trimap(torch.from_numpy(mask), *arguments).numpy()
        np.testing.assert_array_equal(ours, rembg_trimap(mask, *arguments))


def test_trimap_of_floats_and_batches():
    levels = torch.from_numpy(np.stack([mask for mask in masks() if mask.shape == (64, 64)]))
    batch = make_trimap(levels.float() / 255)
    assert torch.equal(batch, torch.stack([make_trimap(frame) for frame in levels]))

"""Memory of a batch: input, result, and about one frame's work, whatever its length. In processes of their own."""

import gc
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from onnx_segmentation.cutouts import CutoutOptions, cutout, matte_masks
from onnx_segmentation.matting.closed_form import multigrid
from onnx_segmentation.matting.foreground import estimate
from onnx_segmentation.refine import RefineOptions
from onnx_segmentation.sessions.recipes.container import CustomSessionContainer
from onnx_segmentation.sessions.recipes.recipe import Recipe
from onnx_segmentation.sessions.runtime.memory import MOST_FRAMES, frames_that_fit
from onnx_segmentation.sessions.session import CustomSession
from support import ROOT, make_red_model

MB = 2**20
CODE = """
import json, sys
sys.path[:0] = ["tests", "tools"]
from pack import load_pack
load_pack()
from onnx_segmentation.cutouts import CutoutOptions
from onnx_segmentation.refine import RefineOptions
from onnx_segmentation.sessions.recipes.container import CustomSessionContainer
from onnx_segmentation.sessions.recipes.recipe import Recipe
from benchmarks.memory import disc, measure
model, frames, side, matting, steady = json.loads(sys.argv[1])
recipe = Recipe(CustomSessionContainer(width=64, height=64), scale="255")
options = CutoutOptions(RefineOptions(matting, erode_size=2), steady=steady, steady_trimap=steady)
print(measure(model, recipe, disc(side, side, frames), options))
"""


def beyond(model, frames, side, matting=False, steady=False):
    arguments = json.dumps([str(model), frames, side, matting, steady])
    command = [sys.executable, "-c", CODE, arguments]
    variables = os.environ | {"ONNX_SEGMENTATION_CACHE": ""}  # kernels would be loaded after some frames: 130 MB
    result = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return int(result.stdout)


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux tells the peak of a part of a run")
@pytest.mark.parametrize("batch", [1, "batch"], ids=["one by one", "several a run"])
@pytest.mark.parametrize("steady", [False, True], ids=["", "steady"])
def test_beyond_input_and_result_is_a_frames_work(tmp_path, batch, steady):
    """96 frames of 512 x 512: 768 MB of input and result. A frame's own numbers are 9 MB, eight of them 72 MB."""
    model = make_red_model(tmp_path / "model.onnx", (batch, 3, 64, 64))
    assert beyond(model, 96, 512, steady=steady) < 76.8 * MB


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux tells the peak of a part of a run")
def test_matting_of_many_frames_takes_what_one_takes(tmp_path):
    model = make_red_model(tmp_path / "model.onnx")
    few, many = (beyond(model, frames, 384, matting=True, steady=True) for frames in (3, 24))
    assert many - few < 20 * MB  # 21 frames more: 94 MB of input and result


@pytest.mark.parametrize(
    ("frame", "free", "fit"),
    [(100 * MB, 0, 1), (100 * MB, 150 * MB, 1), (100 * MB, 900 * MB, 4), (MB, 10**12, MOST_FRAMES)],
)
def test_half_of_the_free_memory_is_taken(frame, free, fit):
    assert frames_that_fit(frame, free) == fit


@pytest.fixture
def waiting_for_the_collector():
    """A function: the bytes of tensors and arrays that only Python's garbage collector would free after `work`."""

    def count(work):
        gc.collect()
        gc.disable()
        gc.set_debug(gc.DEBUG_SAVEALL)
        try:
            work()
            gc.collect()
            return sum(each.nbytes for each in gc.garbage if isinstance(each, torch.Tensor | np.ndarray))
        finally:
            gc.set_debug(0)
            gc.garbage.clear()
            gc.enable()

    return count


@pytest.mark.parametrize("engine", ["compiled", "torch"])
def test_a_frames_work_is_gone_with_the_frame(tmp_path, each_solver, monkeypatch, waiting_for_the_collector, engine):
    """Not when the collector comes round: it counts objects, not their bytes, and 16 frames of 1080p were 400 MB."""
    monkeypatch.setattr(multigrid, "DIRECT_SIZE", 64)  # levels below levels, as large pictures have
    if engine == "torch":
        monkeypatch.setattr(estimate, "kernels", SimpleNamespace(find=lambda *_: None))
    recipe = Recipe(CustomSessionContainer(width=64, height=64), scale="255")
    session = CustomSession(make_red_model(tmp_path / "model.onnx", (1, 3, 64, 64)), recipe)
    options = CutoutOptions(RefineOptions(True, erode_size=9), steady=True, steady_trimap=True, post_process=True)
    down, across = torch.meshgrid(torch.linspace(-1, 1, 96), torch.linspace(-1, 1, 96), indexing="ij")
    red = ((0.6 - torch.hypot(down, across)) * 8).clamp(0, 1)
    images = torch.stack([red, 0.2 + 0 * red, 0.3 + 0 * red], -1)[None].repeat(3, 1, 1, 1)
    cutout(images, session, options)  # what is loaded once may stay
    assert waiting_for_the_collector(lambda: cutout(images, session, options)) == 0
    assert waiting_for_the_collector(lambda: matte_masks(images, images[..., 0], options)) == 0

"""Memory of a batch: input, result, and about one frame's work, whatever its length. In processes of their own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from onnx_segmentation.sessions.runtime.memory import MOST_FRAMES, frames_that_fit
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
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
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

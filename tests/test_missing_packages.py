"""Packages that a user's environment may lack, or that another pack broke: the rest works, and the log says what is
missing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support import ROOT, make_red_model

SCRIPT = """
import json, logging, sys
for name in {hidden}:
    sys.modules[name] = None  # importing it fails
said = []
logging.getLogger("onnx_segmentation").addHandler(type("Said", (logging.Handler,), dict(
    emit=lambda self, record: said.append(record.getMessage())))())
sys.path.insert(0, {root!r})
from tools.pack import load_pack
load_pack()
import numpy as np, torch
from onnx_segmentation.batch.cores import share_cores
from onnx_segmentation.cutouts import CutoutOptions, cutout
from onnx_segmentation.refine import RefineOptions
from onnx_segmentation.sessions.recipes.container import CustomSessionContainer
from onnx_segmentation.sessions.recipes.recipe import Recipe
from onnx_segmentation.sessions.session import CustomSession
down, across = np.mgrid[-1:1:96j, -1:1:96j]
red = 1 / (1 + np.exp((np.hypot(down, across) - 0.6) * 30))
image = torch.from_numpy(np.stack([red, 0.3 + 0.2 * down, 0.5 + 0.3 * across], -1)[None]).float()
with share_cores(1, 1):
    session = CustomSession({model!r}, Recipe(CustomSessionContainer((0,) * 3, (1,) * 3, 96, 96)))
for post_process in (False, True):
    for matting in (False, True):
        options = CutoutOptions(RefineOptions(alpha_matting=matting, erode_size=3), post_process)
        result = cutout(image, session, options)
        print(json.dumps(result.image.mul(255).round().int().flatten().tolist()))
print(json.dumps(said))
"""


def run(hidden: list[str], model: str, cv2: str = "") -> list[list[int] | list[str]]:
    """Without the hidden packages, or with a cv2 of this source."""
    script = SCRIPT.format(hidden=hidden, root=str(ROOT), model=model)
    if cv2:
        folder = Path(model).parent / "broken"
        folder.mkdir()
        (folder / "cv2.py").write_text(cv2)
        script = f"import sys; sys.path.insert(0, {str(folder)!r})\n{script}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(make_red_model(tmp_path_factory.mktemp("models") / "red.onnx", (1, 3, 96, 96)))


def test_without_cv2_the_cut_out_is_the_same(model: str) -> None:
    """Without one nothing is wrong; a broken one is said, with the command that mends it."""
    *there, _ = run([], model)
    *missing, said = run(["cv2"], model)
    *broken, warned = run([], model, cv2="raise AttributeError('partially initialized module')")
    assert broken == missing and said == []
    assert len([line for line in warned if "cv2 cannot be used" in line and "pip install" in line]) == 1
    for one, other in zip(there, missing, strict=True):
        one, other = (np.array(levels).reshape(-1, 4) for levels in (one, other))
        assert np.abs(one[:, 3] - other[:, 3]).max() <= 1  # of 255
        seen = one[:, 3] > 0  # what colour nothing has is anybody's choice
        assert np.abs(one[seen] - other[seen]).max() <= 1


def test_rembg_and_pymatting_are_needed_for_none_of_it(model: str) -> None:
    *there, _ = run([], model)
    *missing, said = run(["rembg", "pymatting", "numba"], model)
    assert missing == there and said == run([], model)[-1]

"""Without OpenCV, pymatting or rembg: what needs them says so, and all else gives the same pictures."""

import subprocess
import sys

import numpy as np
import pytest
from support import ROOT, make_red_model

# The packages are kept from being imported, as if they were missing or broken.
CODE = """
import sys
sys.modules |= dict.fromkeys({packages!r})
sys.path.insert(0, "tools")
from pack import load_pack
load_pack()
import numpy, torch
from onnx_segmentation.cutout import CutoutOptions, cutout
from onnx_segmentation.errors import MethodMissingError
from onnx_segmentation.refine import RefineOptions
from onnx_segmentation.sessions.container import CustomSessionContainer
from onnx_segmentation.sessions.session import CustomSession

container = CustomSessionContainer(mean=(0.0,) * 3, width=64, height=64)
session = CustomSession.from_container(container, {model!r}, provider="CPUExecutionProvider")
images = torch.from_numpy(numpy.load({images!r}))
results = [cutout(images, session, CutoutOptions(post_process=clean)) for clean in (False, True)]
numpy.savez({out!r}, *[part for result in results for part in (result.image, result.mask)])
for method in ("closed_form", "knn"):
    try:
        matted = cutout(images, session, CutoutOptions(RefineOptions(alpha_matting=True, method=method)))
        print(method, "ran")
    except MethodMissingError as error:
        print(method, error)
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Cut out in a process without these packages -> its pictures, and what it said of each matting method."""
    folder = tmp_path_factory.mktemp("packages")
    model = make_red_model(folder / "red.onnx")
    y, x = np.mgrid[:90, :120]
    frame = np.stack([1 / (1 + np.exp((np.hypot(y - 45, x - 60) - 30) / 3)), x / 120, y / 90], -1)
    np.save(folder / "images.npy", frame.astype(np.float32)[None])

    def without(*packages):
        out = str(folder / f"{'-'.join(packages) or 'all'}.npz")
        code = CODE.format(packages=packages, model=str(model), images=str(folder / "images.npy"), out=out)
        result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
        with np.load(out) as saved:
            pictures = [saved[name] for name in saved.files]
        return pictures, dict(line.split(" ", 1) for line in result.stdout.splitlines())

    return without


def test_without_opencv_pictures_are_the_same_and_matting_names_it(run):
    usual, _ = run()
    pictures, said = run("cv2")
    for picture, wanted in zip(pictures, usual, strict=True):
        np.testing.assert_array_equal(picture, wanted)
    assert said["closed_form"].startswith("matting_method closed_form needs OpenCV, which cannot be imported (")
    assert said["closed_form"].endswith(": pip install opencv-python-headless")


def test_without_pymatting_and_rembg_only_pymattings_methods_are_missed(run):
    usual, _ = run()
    pictures, said = run("pymatting", "rembg")
    for picture, wanted in zip(pictures, usual, strict=True):
        np.testing.assert_array_equal(picture, wanted)
    assert said["closed_form"] == "ran"
    assert said["knn"].startswith("matting_method knn needs pymatting, which cannot be imported (")

"""Commands that a message prints: what is there stays, in the version that is there."""

import importlib
import sys
from importlib import metadata
from types import SimpleNamespace

import pytest
from onnx_segmentation import packages
from onnx_segmentation.imaging import opencv
from onnx_segmentation.shell import quoted

PIP = quoted(sys.executable, "-m", "pip")
describe = importlib.import_module("onnx_segmentation.sessions.describe")


@pytest.fixture
def there(monkeypatch):
    """The packages that pip knows, for this test."""
    known = {}
    monkeypatch.setattr(
        metadata, "distributions", lambda name: [SimpleNamespace(version=known[name])] if name in known else []
    )
    return known


def test_what_is_there_is_held(there):
    there |= {"numpy": "1.26.4", "numba": "0.59.1", "llvmlite": "0.42.0", "torch": "2.3.1"}
    held = "numpy==1.26.4 numba==0.59.1 llvmlite==0.42.0"
    assert packages.add("pymatting") == f"{PIP} install --only-binary=:all: pymatting {held}"
    assert packages.add("rembg>=2.0.70") == f"{PIP} install --only-binary=:all: {quoted('rembg>=2.0.70')} {held}"
    assert packages.update("numba", "llvmlite") == f"{PIP} install --only-binary=:all: --upgrade numba numpy==1.26.4"


@pytest.mark.parametrize(
    ("owners", "fault", "command"),
    [
        (
            {"opencv-python-headless": "5.0.0.93", "opencv-python": "4.10.0.84"},
            "it is empty",
            f"{PIP} uninstall -y opencv-python opencv-python-headless && "
            f"{PIP} install --force-reinstall --no-deps opencv-python==4.10.0.84",
        ),
        (
            {"opencv-python": "4.11.0.86", "opencv-contrib-python": "4.10.0.84"},
            "partially initialized module 'cv2' has no attribute 'gapi'",
            f"{PIP} uninstall -y opencv-contrib-python opencv-python && "
            f"{PIP} install --force-reinstall --no-deps opencv-contrib-python==4.10.0.84",
        ),
        (
            {"opencv-python-headless": "4.9.0.80"},
            "it is empty",
            f"{PIP} install --force-reinstall --no-deps opencv-python-headless==4.9.0.80",
        ),
        (
            {"opencv-python": "4.9.0.80"},
            "numpy.core.multiarray failed to import",
            f"{PIP} install --only-binary=:all: --upgrade opencv-python numpy==2.2.6",
        ),
        ({"opencv-python": "4.10.0.84"}, "libGL.so.1: cannot open shared object file", "apt install libgl1"),
        ({}, "it is empty", f"{PIP} install --only-binary=:all: opencv-python numpy==2.2.6"),
    ],
    ids=["two", "contrib", "headless stays", "another numpy", "no libGL", "a folder"],
)
def test_a_broken_cv2_is_mended_by_the_package_that_is_there(there, owners, fault, command):
    there |= owners | {"numpy": "2.2.6"}
    assert command in packages.mend_opencv(fault)


@pytest.mark.parametrize("cv2", ["absent", "empty", "there"])
def test_diagnostics_offers_what_is_not_there(there, cv2, monkeypatch):
    there |= {"numpy": "1.26.4", "pymatting": "1.1.14"}
    modules = {"absent": None, "empty": SimpleNamespace(), "there": SimpleNamespace(erode=None)}
    monkeypatch.setitem(sys.modules, "cv2", modules[cv2])
    opencv.probe.cache_clear()
    try:
        lines = describe.describe_optional()
    finally:
        opencv.probe.cache_clear()
    words = {"absent": ["cv2 is not there"], "empty": ["cv2 cannot be used (it is empty)"], "there": []}[cv2]
    assert [line.split(":")[0].split(". ")[0] for line in lines] == [*words, "numba is not there"]
    assert all("numpy==1.26.4" in line for line in lines)

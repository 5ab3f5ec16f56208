"""What `from onnx_segmentation import ...` offers, and what a user's type checker sees of it."""

import pickle
import subprocess
import sys
import venv
import zipfile

import onnx_segmentation
import pytest
from onnx_segmentation import errors
from onnx_segmentation.sessions.refiner import Refiner
from support import ROOT, make_red_model

SCRIPT = """\
from onnx_segmentation import {names}
session: CustomSession = load_session("my_model.onnx", Recipe(CustomSessionContainer(width=320, height=320)))
segment("cat.jpg", session, alpha_matting=True, bgcolor=(255, 255, 255, 255)).save("cat.png")
result: Cutout = cutout(images, session, CutoutOptions(RefineOptions(alpha_matting=True)))
"""
WRONG = 'segment("cat.jpg", "u2net", alpha_mating=True)'


def test_every_public_name_is_there():
    assert set(onnx_segmentation.__all__) <= set(dir(onnx_segmentation))
    for name in onnx_segmentation.__all__:
        assert getattr(onnx_segmentation, name) is not None
    kinds = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)}
    assert kinds == {name for name in onnx_segmentation.__all__ if name.endswith("Error")}


def test_names_are_loaded_when_first_asked_for():
    code = (
        "import sys, torch; sys.path.insert(0, 'tools'); from pack import load_pack; pack = load_pack();"
        "late = [f'onnx_segmentation.{name}' for name in ('simple', 'cutouts', 'frames', 'sessions.session')];"
        "assert not set(late) & set(sys.modules); from onnx_segmentation import cutout, segment;"
        "import onnx_segmentation.cutout; from onnx_segmentation.cutout import cutout as old;"
        "assert cutout is old is pack.cutout and callable(cutout) and set(late) <= set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_a_session_pickles(tmp_path, monkeypatch):
    monkeypatch.chdir(make_red_model(tmp_path / "red.onnx").parent)
    recipe = onnx_segmentation.Recipe(onnx_segmentation.CustomSessionContainer(width=64, height=64), decoding="none")
    session = onnx_segmentation.CustomSession("red.onnx", recipe, provider="CPUExecutionProvider")
    content = pickle.dumps(session.with_recipe(session.recipe))
    assert len(content) < 2000  # the way to the file, not the file
    monkeypatch.chdir(ROOT)  # a worker stands elsewhere
    other = pickle.loads(content)
    assert (other.path, other.recipe) == (tmp_path / "red.onnx", recipe)
    assert other.model is session.model  # in one process the file is loaded once


def test_a_refiner_pickles_with_the_options_that_hold_it(tmp_path):
    refiner = Refiner(make_red_model(tmp_path / "refiner.onnx", (1, 4, 64, 64)))
    options = pickle.loads(pickle.dumps(onnx_segmentation.RefineOptions(True, method="vitmatte", network=refiner)))
    assert options.network.path == refiner.path and options.network.model is refiner.model


def test_a_session_with_another_recipe_shares_the_model(tmp_path):
    session = onnx_segmentation.CustomSession(
        make_red_model(tmp_path / "red.onnx"),
        onnx_segmentation.Recipe(onnx_segmentation.CustomSessionContainer(width=64, height=64)),
    )
    other = session.with_recipe(onnx_segmentation.Recipe(session.recipe.container, decoding="none"))
    assert other.model is session.model and session.recipe.decoding == "min_max" and other.recipe.decoding == "none"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from what git has or would have."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0"):
        if name and (ROOT / name).is_file() and name.endswith((".py", ".toml", ".typed", ".md", "LICENSE")):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    code = f"from setuptools import build_meta; print(build_meta.build_wheel({str(folder)!r}))"
    subprocess.run([sys.executable, "-c", code], cwd=source, capture_output=True, check=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def user(wheel, tmp_path_factory):
    """A user's environment with the wheel in it."""
    folder = tmp_path_factory.mktemp("user") / "venv"
    venv.create(folder, with_pip=False)
    site = next(folder.glob("[lL]ib/**/site-packages"))
    zipfile.ZipFile(wheel).extractall(site)
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def check(user, folder, script):
    (folder / "script.py").write_text(script)
    (folder / "mypy.ini").write_text("[mypy]\n[mypy-torch.*,numpy.*,PIL.*]\nignore_missing_imports = True\n")
    command = [sys.executable, "-m", "mypy", "--strict", "--python-executable", str(user), "script.py"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_a_users_script_passes_the_strict_checker(user, tmp_path):
    names = ", ".join(sorted({*onnx_segmentation.__all__}))
    script = SCRIPT.format(names=names).replace("(images,", "(torch.rand(1, 8, 8, 3),")
    found = check(user, tmp_path, "import torch\n" + script)
    assert found.returncode == 0, found.stdout


def test_a_wrong_option_fails_it(user, tmp_path):
    found = check(user, tmp_path, f"from onnx_segmentation import segment\n{WRONG}\n")
    assert "alpha_mating" in found.stdout and found.returncode == 1

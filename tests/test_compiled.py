"""The compiled loops: nobody waits for them, what goes wrong with them is said once, and torch does the work then."""

import logging
import os
import subprocess
import sys
import time
from importlib import import_module

import pytest
import torch
from onnx_segmentation import caches, compiled
from onnx_segmentation.imaging import resize, weights
from onnx_segmentation.kernels import load as loading
from onnx_segmentation.matting.closed_form import blocks, laplacian, tiles
from onnx_segmentation.matting.closed_form import solve as closed_form

pytestmark = pytest.mark.skipif(compiled.find_spec("numba") is None, reason="numba is not installed")


@pytest.fixture
def fresh(tmp_path, monkeypatch):
    """A process that knows nothing yet, and an empty cache folder."""
    monkeypatch.setenv(caches.VARIABLE, str(tmp_path))
    monkeypatch.setattr(compiled, "loops", compiled.Loops())
    for module in (closed_form, resize):
        monkeypatch.setattr(module, "loops", compiled.loops)
    return compiled.loops


@pytest.fixture
def compiler(monkeypatch):
    """Have a script in the compiler's place."""

    def replace(script):
        real, started = subprocess.Popen, []

        def start(command, **options):
            started.append(real([sys.executable, "-c", script, command[-1]], **options))
            return started[-1]

        monkeypatch.setattr(compiled.subprocess, "Popen", start)
        everyone.append(started)
        return started

    everyone = []
    yield replace
    for process in (process for started in everyone for process in started):
        process.wait()


def scene():
    generator = torch.Generator().manual_seed(1)
    trimap = torch.full((40, 60), 0.5)
    trimap[:, :10], trimap[:, 40:] = 0, 1
    return torch.rand(40, 60, 3, generator=generator), trimap


def test_nobody_waits(fresh, compiler, monkeypatch, tmp_path):
    """Alpha comes while the compiler runs; what it left is found at the next call after its end."""
    gate = tmp_path / "gate"
    wait = f"import pathlib, sys, time\nwhile not pathlib.Path({str(gate)!r}).exists(): time.sleep(0.01)\n"
    write = f"pathlib.Path(sys.argv[1], {loading.COMPLETE!r}).write_text('')"
    started = compiler(wait + write)
    monkeypatch.setattr(compiled, "load", lambda folder, module: f"{module} of {folder.name}")
    assert fresh.find("resample") is None
    assert closed_form.estimate_alpha(*scene()).isfinite().all()
    assert started[0].poll() is None
    gate.touch()
    started[0].wait()
    for module in loading.MODULES:
        assert fresh.find(module, 0) == f"{module} of {compiled.loops_folder().name}"
    assert len(started) == 1


def test_nothing_is_loaded_before_it_pays(fresh, compiler):
    """What one module would have saved counts for the other: they load numba together."""
    started = compiler("")
    for _ in range(9):
        fresh.find("resample", compiled.LOADING / 20)
        fresh.find("closed_form.solve", compiled.LOADING / 20)
    assert not started
    for _ in range(3):
        fresh.find("resample", compiled.LOADING / 20)
    assert len(started) == 1


def test_pictures_say_what_the_loops_would_save(fresh, monkeypatch):
    said = []
    monkeypatch.setattr(fresh, "find", lambda module, saved: said.append((module, saved)))
    resize.resize(torch.zeros(30, 40, 3, dtype=torch.uint8), 10, 10)
    resize.resize(torch.zeros(10, 10, dtype=torch.uint8), 40, 30)
    resize.resize(torch.zeros(10, 10, dtype=torch.uint8), 40, 30, "nearest")
    closed_form.estimate_alpha(*scene())
    values, pixels = 1 / resize.VALUES_A_SECOND, 1 / closed_form.PIXELS_A_SECOND
    assert said == [("resample", 3600 * values), ("resample", 1200 * values), ("closed_form.solve", 1200 * pixels)]


def test_a_compiler_that_fails_is_said_once(fresh, compiler, caplog):
    started = compiler("import sys; sys.exit('this numba is too old')")
    with caplog.at_level(logging.WARNING):
        assert fresh.find("resample", wait=True) is None
        assert fresh.find("resample", wait=True) is None
    assert len(started) == 1
    assert [record.getMessage().count("this numba is too old") for record in caplog.records] == [1]
    assert closed_form.estimate_alpha(*scene()).isfinite().all()


def test_loops_that_cannot_be_loaded_are_said_once(fresh, compiler, monkeypatch, caplog):
    compiler(f"import pathlib, sys; pathlib.Path(sys.argv[1], {loading.COMPLETE!r}).write_text('')")

    def refuse(folder, module):
        raise ImportError("Numba needs another NumPy")

    monkeypatch.setattr(compiled, "load", refuse)
    with caplog.at_level(logging.WARNING):
        assert fresh.find("resample", wait=True) is None
        assert fresh.find("resample") is None
    assert ["another NumPy" in record.getMessage() for record in caplog.records] == [True]


@pytest.mark.parametrize("missing", ["numba", "folder"])
def test_without_numba_or_a_folder_nothing_is_started(fresh, compiler, monkeypatch, missing):
    started = compiler("")
    if missing == "numba":
        monkeypatch.setattr(compiled, "find_spec", lambda name: None)
    else:
        monkeypatch.setenv(caches.VARIABLE, "")
    assert fresh.find("resample") is None and fresh.find("resample", wait=True) is None
    assert not started
    assert closed_form.estimate_alpha(*scene()).isfinite().all()


def test_another_process_that_compiles_is_enough(fresh, compiler):
    started = compiler("")
    folder = compiled.loops_folder()
    folder.mkdir(parents=True)
    log = folder / "log.txt"
    log.touch()
    assert fresh.find("resample") is None and not started
    os.utime(log, (0, 0))  # long ago: it died
    assert fresh.find("resample") is None and len(started) == 1


def test_a_missing_file_is_noticed(tmp_path):
    (tmp_path / "one.nbc").touch()
    (tmp_path / loading.COMPLETE).write_text("one.nbc\ntwo.nbc")
    assert not loading.is_complete(tmp_path)
    (tmp_path / "two.nbc").touch()
    assert loading.is_complete(tmp_path)


def test_old_folders_go(fresh, compiler, tmp_path):
    compiler("")
    for number in range(6):
        (tmp_path / "kernels" / f"old{number}").mkdir(parents=True)
        time.sleep(0.01)
    fresh.find("resample", wait=True)
    left = {path.name for path in (tmp_path / "kernels").iterdir()}
    assert left == {compiled.loops_folder().name, "old3", "old4", "old5"}


def kernels(name):
    compiled.loops.find("closed_form.solve", wait=True)
    return import_module(f"onnx_segmentation_kernels_{compiled.loops_folder().name}.{name}")


def test_both_solvers_speak_of_the_same_tiles():
    layout = kernels("closed_form.layout")
    assert (layout.TILE, layout.SHIFTS, layout.FORWARD) == (tiles.TILE, tiles.SHIFTS, blocks.FORWARD)
    assert kernels("closed_form.windows").EPSILON == laplacian.EPSILON


def test_both_resizes_count_in_the_same_fractions():
    assert compiled.loops.find("resample", wait=True).BITS == weights.BITS


def test_other_types_are_refused():
    """Instead of being compiled for while somebody waits."""
    unknown = torch.ones(8, 8)
    with pytest.raises(TypeError, match="No matching definition"):
        kernels("closed_form.grid").list_tiles(unknown.numpy())


def test_the_same_alpha_every_time():
    assert torch.equal(closed_form.estimate_alpha(*scene()), closed_form.estimate_alpha(*scene()))

"""The compiled kernels: nobody waits for them, what goes wrong with them is said once, and torch does the work then."""

import hashlib
import logging
import os
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

import pytest
import torch
from onnx_segmentation import caches, environment, kernel_cache
from onnx_segmentation.imaging import resize, weights
from onnx_segmentation.kernels import load as loading
from onnx_segmentation.matting.closed_form import laplacian, tiles
from onnx_segmentation.matting.closed_form import solve as closed_form
from onnx_segmentation.matting.foreground import estimate as foreground

pytestmark = pytest.mark.skipif(kernel_cache.find_spec("numba") is None, reason="numba is not installed")


@pytest.fixture
def fresh(tmp_path, monkeypatch):
    """A process that knows nothing yet, and an empty cache folder."""
    monkeypatch.setenv(environment.CACHE.name, str(tmp_path))
    monkeypatch.setattr(kernel_cache, "kernels", kernel_cache.Kernels())
    for module in (closed_form, foreground, resize):
        monkeypatch.setattr(module, "kernels", kernel_cache.kernels)
    return kernel_cache.kernels


@pytest.fixture
def compiler(monkeypatch):
    """Have a script in the compiler's place."""

    def replace(script):
        real, started = subprocess.Popen, []

        def start(command, **options):
            started.append(real([sys.executable, "-c", script, *command[-2:]], **options))
            return started[-1]

        monkeypatch.setattr(kernel_cache.subprocess, "Popen", start)
        everyone.append(started)
        return started

    everyone = []
    yield replace
    for process in (process for started in everyone for process in started):
        process.wait()


# What a compiler does that has nothing to compile.
WRITE = f"pathlib.Path(sys.argv[1], {loading.COMPLETE!r}).write_text('run')"


def scene():
    generator = torch.Generator().manual_seed(1)
    trimap = torch.full((40, 60), 0.5)
    trimap[:, :10], trimap[:, 40:] = 0, 1
    return torch.rand(40, 60, 3, generator=generator), trimap


def test_nobody_waits(fresh, compiler, monkeypatch, tmp_path):
    """Alpha comes while the compiler runs; what it left is found at the next call after its end."""
    gate = tmp_path / "gate"
    wait = f"import pathlib, sys, time\nwhile not pathlib.Path({str(gate)!r}).exists(): time.sleep(0.01)\n"
    started = compiler(wait + WRITE)
    monkeypatch.setattr(kernel_cache, "load", lambda run, module: f"{module} of {run}")
    assert fresh.find("resample") is None
    assert closed_form.estimate_alpha(*scene()).isfinite().all()
    assert started[0].poll() is None
    gate.touch()
    started[0].wait()
    for module in loading.MODULES:
        assert fresh.find(module, 0) == f"{module} of {kernel_cache.kernels_folder() / 'run'}"
    assert len(started) == 1


def test_nothing_is_loaded_before_it_pays(fresh, compiler):
    """What one module would have saved counts for the other: they load numba together."""
    started = compiler("")
    for _ in range(9):
        fresh.find("resample", kernel_cache.LOADING / 20)
        fresh.find("closed_form.solve", kernel_cache.LOADING / 20)
    assert not started
    for _ in range(3):
        fresh.find("resample", kernel_cache.LOADING / 20)
    assert len(started) == 1


def test_pictures_say_what_the_loops_would_save(fresh, monkeypatch):
    said = []
    monkeypatch.setattr(fresh, "find", lambda module, saved: said.append((module, saved)))
    resize.resize(torch.zeros(30, 40, 3, dtype=torch.uint8), 10, 10)
    resize.resize(torch.zeros(10, 10, dtype=torch.uint8), 40, 30)
    resize.resize(torch.zeros(10, 10, dtype=torch.uint8), 40, 30, "nearest")
    closed_form.estimate_alpha(*scene())
    foreground.estimate_foreground(*scene())
    values, pixels, soft = (
        1 / resize.VALUES_A_SECOND,
        1 / closed_form.PIXELS_A_SECOND,
        1200 / foreground.PIXELS_A_SECOND,
    )
    assert said[:2] == [("resample", 3600 * values), ("resample", 1200 * values)]
    assert said[2:] == [("closed_form.solve", 1200 * pixels), ("foreground", soft)]


def test_a_compiler_that_fails_is_said_once(fresh, compiler, caplog):
    started = compiler("import sys; sys.exit('this numba is too old')")
    with caplog.at_level(logging.WARNING):
        assert fresh.find("resample", wait=True) is None
        assert fresh.find("resample", wait=True) is None
    assert len(started) == 1
    assert [record.getMessage().count("this numba is too old") for record in caplog.records] == [1]
    assert closed_form.estimate_alpha(*scene()).isfinite().all()


def test_loops_that_cannot_be_loaded_are_said_once(fresh, compiler, monkeypatch, caplog):
    compiler(f"import pathlib, sys; {WRITE}")

    def refuse(run, module):
        raise ImportError("Numba needs another NumPy")

    monkeypatch.setattr(kernel_cache, "load", refuse)
    with caplog.at_level(logging.WARNING):
        assert fresh.find("resample", wait=True) is None
        assert fresh.find("resample") is None
    assert ["another NumPy" in record.getMessage() for record in caplog.records] == [True]


@pytest.mark.parametrize("missing", ["numba", "folder"])
def test_without_numba_or_a_folder_nothing_is_started(fresh, compiler, monkeypatch, missing):
    started = compiler("")
    if missing == "numba":
        monkeypatch.setattr(kernel_cache, "find_spec", lambda name: None)
    else:
        monkeypatch.setenv(environment.CACHE.name, "")
    assert fresh.find("resample") is None and fresh.find("resample", wait=True) is None
    assert not started
    assert closed_form.estimate_alpha(*scene()).isfinite().all()


def test_another_process_that_compiles_is_enough(fresh, compiler):
    started = compiler("")
    log = kernel_cache.kernels_folder() / loading.LOG
    log.touch()
    assert fresh.find("resample") is None and not started
    os.utime(log, (0, 0))  # long ago: it died
    assert fresh.find("resample") is None and len(started) == 1


def test_a_log_of_the_future_keeps_nobody_from_compiling(fresh, compiler):
    """The clock was set back, or the folder came from another machine."""
    started = compiler("")
    log = kernel_cache.kernels_folder() / loading.LOG
    log.touch()
    os.utime(log, (time.time() + 86400,) * 2)
    assert fresh.find("resample") is None and len(started) == 1


@pytest.mark.parametrize("damage", ["gone", "cut off", "changed", "listed elsewhere", "no list", "list of nothing"])
def test_only_what_was_written_is_loaded(tmp_path, damage):
    """Of a run that ended; whatever happens to its files later, they are not handed to numba."""
    run = tmp_path / "run"
    run.mkdir()
    file, listing = run / "one.nbi", tmp_path / loading.COMPLETE
    file.write_bytes(b"compiled")
    listing.write_text(f"run\n{hashlib.sha256(b'compiled').hexdigest()} one.nbi")
    assert loading.complete_run(tmp_path) == run
    if damage == "gone":
        file.unlink()
    elif damage in ("cut off", "changed"):
        file.write_bytes({"cut off": b"comp", "changed": b"pickled!"}[damage])
    elif damage == "listed elsewhere":
        listing.write_text(listing.read_text().replace("run", "../run"))
    else:
        listing.write_text({"no list": "run\n\n", "list of nothing": ""}[damage])
    assert loading.complete_run(tmp_path) is None


def test_old_folders_go_and_nobody_elses(fresh, compiler, tmp_path):
    """Ours have a name and a marker; of those, what we wrote goes, and the folder if nothing is left in it."""
    compiler("")
    parent = tmp_path / "kernels"
    for number in range(6):
        folder = parent / f"{number:016x}"
        for name in (caches.MARKER, loading.LOG, loading.COMPLETE, "run/resample_1/resample.across-7.py311.nbi"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text("ours")
        os.utime(folder, (number, number))
    (parent / f"{0:016x}" / "run" / "thesis.docx").write_text("mine")
    fresh.find("resample", wait=True)
    left = sorted(path.name for path in parent.iterdir())
    assert left == sorted([f"{0:016x}", f"{3:016x}", f"{4:016x}", f"{5:016x}", kernel_cache.kernels_folder().name])
    assert [path.name for path in (parent / f"{0:016x}").rglob("*")] == ["run", "thesis.docx"]


def test_what_dead_compilers_left_goes(fresh, compiler):
    compiler("")
    folder = kernel_cache.kernels_folder()
    for name, age in (("0" * 32, 10**6), ("1" * 32, 0), ("mine", 10**6)):
        (folder / name).mkdir()
        (folder / name / "half.nbc").write_text("half")
        os.utime(folder / name, (time.time() - age,) * 2)
    fresh.find("resample", wait=True)
    assert {"1" * 32, "mine"} == {path.name for path in folder.iterdir() if path.is_dir()}


def kernels(name):
    kernel_cache.kernels.find("closed_form.solve", wait=True)
    return import_module(f"onnx_segmentation_kernels_{kernel_cache.kernels_folder().name}.{name}")


def test_both_solvers_speak_of_the_same_tiles():
    assert kernels("closed_form.places").TILE == tiles.TILE
    windows = kernels("closed_form.windows")
    assert (windows.SHIFTS, windows.EPSILON) == (tiles.SHIFTS, laplacian.EPSILON)


def test_both_resizes_count_in_the_same_fractions():
    assert kernel_cache.kernels.find("resample", wait=True).BITS == weights.BITS


def test_other_types_are_refused():
    """Instead of being compiled for while somebody waits."""
    unknown = torch.ones(8, 8)
    with pytest.raises(TypeError, match="No matching definition"):
        kernels("closed_form.places").list_squares(unknown.numpy(), 2)


def test_the_same_alpha_every_time():
    """Also in a process that loads what another one compiled."""
    alpha = closed_form.estimate_alpha(*scene())
    assert torch.equal(alpha, closed_form.estimate_alpha(*scene()))
    kernel_cache.kernels.find("closed_form.solve", wait=True)
    again = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from tools.pack import load_pack; load_pack()\n"
        "from onnx_segmentation.kernel_cache import kernels; import torch\n"
        "from onnx_segmentation.matting.closed_form.solve import estimate_alpha\n"
        "assert kernels.find('closed_form.solve', wait=True)\n"
        "torch.save(estimate_alpha(*torch.load(sys.argv[2])), sys.argv[2])\n"
    )
    root = Path(kernel_cache.__file__).parent
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "scene.pt")
        torch.save(scene(), file)
        subprocess.run([sys.executable, "-c", again, str(root), str(file)], check=True)
        assert torch.equal(torch.load(file), alpha)

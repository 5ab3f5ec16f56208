"""What a container, a terminal or a fork does to a process, each in a process of its own."""

import os
import subprocess
import sys
import threading

import pytest
from onnx_segmentation.commands.interrupts import plain_interrupts
from onnx_segmentation.environment import TELEMETRY
from onnx_segmentation.sessions.runtime import library
from PIL import Image
from support import ROOT, make_red_model

LOAD = "import sys; sys.path.insert(0, 'tools'); from pack import load_pack; load_pack(); "
posix = pytest.mark.skipif(os.name != "posix", reason="forks, and paths of bytes, are POSIX's")


def run(code, **variables):
    environment = {name: value for name, value in os.environ.items() if name != TELEMETRY.name} | variables
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout.decode(errors="replace")


FORKS = """
import os, signal
import numpy as np, torch
from onnx_segmentation import kernel_cache, load_session, segment
from onnx_segmentation.matting.closed_form.solve import estimate_alpha
from onnx_segmentation.matting.foreground.estimate import estimate_foreground

def in_child(work):
    child = os.fork()
    if child == 0:
        signal.alarm(60)  # hangs
        try:
            work()
        except BaseException as error:
            os.write(1, f"{type(error).__name__} ".encode())
            os._exit(0 if "forked from" in str(error) else 1)
        os.write(1, b"done ")
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0

photo = np.random.default_rng(0).integers(0, 255, (300, 400, 3), np.uint8)
values, trimap = torch.zeros(8, 8, 3), torch.zeros(8, 8)
trimap[:, 4:] = 1
in_child(lambda: segment(photo, MODEL))
session = load_session(MODEL)
in_child(lambda: segment(photo, session))
in_child(lambda: segment(photo, load_session(OTHER)))
segment(photo, session)
in_child(lambda: segment(photo, session))
in_child(lambda: segment(photo, load_session(OTHER)))
in_child(lambda: estimate_alpha(values, trimap))
in_child(lambda: estimate_foreground(values, trimap))
kernel_cache.kernels._process = os.getpid()  # as if they had been loaded
in_child(lambda: kernel_cache.kernels.find("resample"))
assert segment(photo, session).shape == (300, 400, 4)
"""


@posix
def test_a_forked_child_is_told_instead_of_waiting_for_ever(tmp_path):
    """What was not used before the fork works after it, and the parent goes on."""
    models = [str(make_red_model(tmp_path / name)) for name in ("red.onnx", "other.onnx")]
    said = run(LOAD + f"MODEL, OTHER = {models}\n" + FORKS, PYTHONWARNINGS="ignore")
    assert said.split() == ["done", "ForkedError", "done", *["ForkedError"] * 5]


@posix
@pytest.mark.parametrize(("locale", "name"), [("C", "mödel \N{SNOWMAN}.onnx".encode()), ("C.UTF-8", b"caf\xe9.onnx")])
def test_any_name_in_any_locale(tmp_path, locale, name):
    folder = os.fsencode(tmp_path) + "/in ünï \N{SNOWMAN}".encode()
    model, picture, output = (b"/".join((folder, part)) for part in (name, b"p \xe2\x9c\x93.png", b"out"))
    os.mkdir(folder)  # noqa: PTH102 (paths of bytes)
    os.rename(make_red_model(tmp_path / "red.onnx"), model)  # noqa: PTH104
    Image.new("RGB", (40, 30), "red").save(tmp_path / "photo.png")
    os.rename(tmp_path / "photo.png", picture)  # noqa: PTH104
    command = [b"cutout", folder, b"--output", output, b"--model", model]
    code = (
        f"import os; from onnx_segmentation.commands import main; sys.exit(main([os.fsdecode(a) for a in {command}]))"
    )
    variables = {"LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
    assert "1 done" in run(LOAD + code, **variables)
    assert b"p \xe2\x9c\x93.png" in os.listdir(output)  # noqa: PTH208


@posix
def test_names_that_the_terminal_lacks_are_printed(tmp_path):
    folder = tmp_path / "módels \N{SNOWMAN}"
    folder.mkdir()
    (folder / "silueta.onnx").write_bytes(b"another")
    code = f"from onnx_segmentation.commands import main; main(['models', '--folder', {str(folder)!r}])"
    assert r"m\xf3dels \u2603" in run(LOAD + code, PYTHONIOENCODING="ascii")


LOADED = LOAD + "from onnx_segmentation import load_session; load_session(MODEL); "


def test_onnxruntime_writes_no_id_and_sends_nothing(tmp_path):
    """Its official builds do both by default; the file is the visible half."""
    home, model = tmp_path / "home", make_red_model(tmp_path / "red.onnx")
    home.mkdir()
    code = f"MODEL = {str(model)!r}\n{LOADED} import os; print(os.environ[{TELEMETRY.name!r}])"
    homes = {"HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), "LOCALAPPDATA": str(home)}
    assert run(code, **homes).split() == ["1"]
    assert list(home.rglob("*")) == []
    assert run(code, **homes, **{TELEMETRY.name: "0"}).split() == ["0"]  # whoever wants it


@pytest.mark.parametrize(("choice", "calls"), [(None, 1), ("1", 1), ("0", 0)])
def test_telemetry_of_an_onnxruntime_that_another_pack_loaded(monkeypatch, choice, calls):
    import onnxruntime

    switched = []
    monkeypatch.setattr(onnxruntime, "disable_telemetry_events", lambda: switched.append(1), raising=False)
    monkeypatch.delenv(TELEMETRY.name, raising=False)
    if choice:
        monkeypatch.setenv(TELEMETRY.name, choice)
    library.load_onnxruntime.__wrapped__()
    assert len(switched) == calls


def test_an_interrupt_in_the_midst_of_a_lock_is_an_interrupt():
    """As `threading.Condition.wait` does it when the signal comes between its steps."""
    lock = threading.Lock()
    with pytest.raises(KeyboardInterrupt) as raised, plain_interrupts(), lock:
        lock.release()
        raise KeyboardInterrupt
    assert raised.value.__cause__ is None and not lock.locked()
    with pytest.raises(RuntimeError, match="mine"), plain_interrupts():
        raise RuntimeError("mine")

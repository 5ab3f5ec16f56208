"""One picture to one file, pictures through pipes, and the words of the command line."""

import io
import subprocess
import sys

import numpy as np
import pytest
from onnx_segmentation.commands import default_model, main
from onnx_segmentation.errors import InputsError, ModelNotFoundError
from onnx_segmentation.matting.methods import METHODS
from onnx_segmentation.refine import EDGE_COLOURS
from PIL import Image
from support import ROOT, make_red_model


@pytest.fixture
def photo(tmp_path):
    pixels = np.zeros((20, 30, 3), np.uint8)
    pixels[5:15, 8:22, 0] = 230
    Image.fromarray(pixels).save(tmp_path / "photo.png", dpi=(300, 300))
    return tmp_path / "photo.png"


@pytest.fixture
def model(tmp_path):
    return ["-m", str(make_red_model(tmp_path / "red.onnx"))]


@pytest.mark.parametrize(("name", "kind"), [("cut.png", "PNG"), ("cut.webp", "WEBP"), ("new/cut.TIFF", "TIFF")])
def test_the_name_of_the_output_says_its_format(photo, model, tmp_path, name, kind):
    assert main(["cutout", str(photo), "-o", str(tmp_path / name), *model]) == 0
    with Image.open(tmp_path / name) as picture:
        assert (picture.format, picture.mode, picture.size) == (kind, "RGBA", (30, 20))
    assert {path.name for path in (tmp_path / name).parent.iterdir()} - {"photo.png", "red.onnx"} == {
        (tmp_path / name).name
    }


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["photo.png", "-o", "photo.png"], "would be replaced by a cut-out"),
        (["photo.png", "-o", "there.png"], "there.png is there: --overwrite replaces it"),
        (["photo.png", "-o", "cut.jpg"], "jpeg has no alpha"),
        (["none.png", "-o", "-"], "none.png is no file"),
        (["photo.png", "photo.png", "-o", "-"], "one picture"),
        (["photo.png", "-o", "-", "--manifest", "rows.csv"], "no manifest"),
        (["photo.png"], "no --output"),
        (["photo.png", "-o", "cut.png", "--where", "colour > 2"], "no column colour"),
    ],
)
def test_a_refused_run_leaves_nothing_behind(photo, model, tmp_path, capsys, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.png").write_bytes(b"mine")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert main(["cutout", *arguments, *model]) == 2
    assert words in capsys.readouterr().err
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_refused_folder_run_leaves_nothing_behind(photo, model, tmp_path, capsys):
    for more in (["--jobs", "0"], ["-m", "none.onnx"], ["--manifest", "x.txt"], ["--where", "1 +"]):
        assert main(["cutout", str(tmp_path), "-o", str(tmp_path / "deep" / "out"), *model, *more]) == 2
        assert not (tmp_path / "deep").exists()
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    assert main(["cutout", str(tmp_path), "-o", str(tmp_path / "link"), *model]) == 2
    assert {path.name for path in tmp_path.iterdir()} == {"photo.png", "red.onnx", "link"}


def test_overwrite_replaces_one(photo, model, tmp_path):
    (tmp_path / "cut.png").write_bytes(b"old")
    assert main(["cutout", str(photo), "-o", str(tmp_path / "cut.png"), "--overwrite", *model]) == 0
    with Image.open(tmp_path / "cut.png") as picture:
        assert picture.mode == "RGBA" and [round(value) for value in picture.info["dpi"]] == [300, 300]


@pytest.mark.parametrize("output", [[], ["-o", "-"]])
def test_pipes(photo, model, output):
    run = "import sys; sys.path.insert(0, 'tools'); from pack import load_pack; load_pack(); "
    run += "from onnx_segmentation.commands import main; sys.exit(main(sys.argv[1:]))"
    line = [sys.executable, "-c", run, "cutout", "-", *output, *model, "-om"]
    done = subprocess.run(line, input=photo.read_bytes(), capture_output=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    with Image.open(io.BytesIO(done.stdout)) as mask:
        assert mask.mode == "L" and mask.getpixel((15, 10)) > 200 > 50 > mask.getpixel((1, 1))


def test_help_and_version_import_nothing_slow():
    """What makes them slow is what they import: torch and numpy take seconds."""
    code = "import sys, runpy\n"
    code += f"sys.argv = ['x', *sys.argv[1:]]\ntry: runpy.run_path({str(ROOT)!r}, run_name='__main__')\n"
    code += "except SystemExit as end: print(end.code, {'torch', 'numpy', 'PIL', 'scipy'} & set(sys.modules))"
    for arguments in (["--version"], ["--help"], ["cutout", "--help"], ["models", "--help"]):
        done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
        assert done.stdout.splitlines()[-1] == "0 set()", done.stdout + done.stderr


def test_version(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out.startswith("onnx-segmentation 0.")


def test_help_names_every_word(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["cutout", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert all(word in said for word in (*METHODS, *EDGE_COLOURS))


def test_the_usual_values_are_the_library_s(photo, model, tmp_path, monkeypatch):
    """They are written down twice, since --help imports nothing slow."""
    from onnx_segmentation.batch.job import Job
    from onnx_segmentation.commands import cutout_one
    from onnx_segmentation.options import to_options
    from onnx_segmentation.sessions.recipes.recipe import Recipe

    jobs = []
    monkeypatch.setattr(cutout_one, "Worker", lambda job: jobs.append(job) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main(["cutout", str(photo), "-o", str(tmp_path / "cut.png"), *model])
    usual = Job(jobs[0].model, Recipe())
    assert (jobs[0].options, jobs[0].form) == (to_options({}), usual.form)
    assert jobs[0].max_megapixels == usual.max_megapixels


@pytest.mark.parametrize("name", ["cpu", "CPU", "Cpu", "CPUExecutionProvider"])
def test_providers_by_any_of_their_names(photo, model, tmp_path, name):
    assert main(["cutout", str(photo), "-o", str(tmp_path / "cut.png"), *model, "--provider", name]) == 0


def test_an_unknown_provider_is_refused(photo, model, tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["cutout", str(photo), "-o", str(tmp_path / "cut.png"), *model, "--provider", "Nope"])
    assert "'Nope'; give one of CUDA, TensorRT" in capsys.readouterr().err


@pytest.mark.parametrize("many", [False, True])
def test_a_gpu_that_does_not_come_stops_before_the_first_picture(photo, model, tmp_path, capsys, monkeypatch, many):
    from onnx_segmentation.sessions.session import CustomSession

    monkeypatch.setattr(CustomSession, "provider", "CPUExecutionProvider")
    source, output = (tmp_path, tmp_path / "out") if many else (photo, tmp_path / "cut.png")
    line = ["cutout", str(source), "-o", str(output), *model, "--provider", "cuda"]
    assert main(line) == 2
    assert "asked for CUDA, got CPU" in capsys.readouterr().err and not output.exists()
    assert main([*line, "--allow-cpu"]) == 0 and output.exists()


def test_workers_that_asked_for_gpus_and_have_none_stop(tmp_path):
    from onnx_segmentation.batch.job import Job
    from onnx_segmentation.batch.worker import check_provider
    from onnx_segmentation.sessions.recipes.recipe import Recipe

    with pytest.raises(InputsError, match=r"asked for a GPU, got the CPU: .* --allow-cpu"):
        check_provider(Job(tmp_path, Recipe(), gpu=True), "CPUExecutionProvider")
    check_provider(Job(tmp_path, Recipe(), gpu=True), "CUDAExecutionProvider")
    check_provider(Job(tmp_path, Recipe(), gpu=True, allow_cpu=True), "CPUExecutionProvider")


def test_the_usual_model_is_one_that_is_there(tmp_path, monkeypatch):
    monkeypatch.setattr(default_model, "find_files", lambda entry, _: [tmp_path] if entry.name == "silueta" else [])
    assert default_model.default_model() == "silueta"
    monkeypatch.setattr(default_model, "find_files", lambda *_: [])
    with pytest.raises(ModelNotFoundError, match=r"none of u2net, .* is on disk: .* models fetch u2net"):
        default_model.default_model()

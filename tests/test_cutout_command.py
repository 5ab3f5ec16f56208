"""The command on folders: equal to the node, safe to kill, and a bad picture costs that picture only."""

import csv
import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from onnx_segmentation.batch.whole_files import PART
from onnx_segmentation.commands import main
from PIL import Image
from support import ROOT, make_red_model, open_photo, photos, to_saved
from test_pictures import png_of_size

NUMBERS = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225], "width": 64, "height": 64}
RUN = "import sys; sys.path.insert(0, 'tools'); from pack import load_pack; load_pack(); "
RUN += "from onnx_segmentation.commands import main; sys.exit(main(sys.argv[1:]))"
COUNT = 200


@pytest.fixture
def folder(tmp_path):
    """200 pictures in folders: generated ones of many sizes, and real photos reduced."""
    rng = np.random.default_rng(3)
    real = [open_photo(name) for name in photos()]
    for number in range(COUNT):
        size = (int(rng.integers(20, 400)), int(rng.integers(20, 400)))
        if number % 4:
            small = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
            picture = Image.fromarray(small).resize(size, Image.Resampling.BICUBIC)
        else:
            picture = real[number // 4 % len(real)].resize(size)
        file = tmp_path / "photos" / f"{number % 7}" / f"{number:03}.{('png', 'jpg', 'webp')[number % 3]}"
        file.parent.mkdir(parents=True, exist_ok=True)
        picture.save(file)
    return tmp_path / "photos"


@pytest.fixture
def model(tmp_path):
    """A model of the red channel and its recipe, as arguments."""
    recipe = tmp_path / "red.json"
    recipe.write_text(json.dumps(NUMBERS))
    return ["--model", str(make_red_model(tmp_path / "red.onnx")), "--recipe", str(recipe)]


def arguments(source, output, model, *more):
    return ["cutout", str(source), "--output", str(output), *model, *more]


def results(output):
    return {path.relative_to(output).as_posix(): path for path in sorted(output.rglob("*.png"))}


def pixels(path):
    """All of a file's pixels; raises where it is not whole."""
    with Image.open(path) as picture:
        return np.array(picture)


def node_rgba(host, node, file, **inputs):
    """What the node and SaveImage make of a file."""
    rgba, _ = host.run(node, images=torch.from_numpy(pixels(file).astype(np.float32) / 255)[None], **inputs)
    return to_saved(rgba[0])


def test_200_pictures_as_the_node_makes_them(folder, model, host, tmp_path, capsys):
    make_red_model(host.folder / "red.onnx")
    numbers = dict(
        zip(("mean_r", "mean_g", "mean_b", "std_r", "std_g", "std_b"), NUMBERS["mean"] + NUMBERS["std"], strict=True)
    )
    numbers |= {"width": 64, "height": 64, "alpha_matting": "false", "model": "red.onnx", "edge_colours": "blur_fusion"}
    assert main(arguments(folder, tmp_path / "out", model)) == 0
    assert f"{COUNT} done" in capsys.readouterr().out
    sources = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    found = results(tmp_path / "out")
    assert list(found) == [path.relative_to(folder).with_suffix(".png").as_posix() for path in sources]
    for source, result in zip(sources, found.values(), strict=True):
        expected = node_rgba(host, "ImageSegmentationCustomAdvanced", source, **numbers)
        assert np.array_equal(pixels(result), expected), source


@pytest.mark.parametrize("matting", ["false", "true"])
def test_real_model_with_one_thread_each(u2netp, host, tmp_path, matting):
    """--jobs 2 gives each session run fewer threads: not a level may differ."""
    (host.folder / "u2netp.onnx").write_bytes(u2netp.read_bytes())
    for name in ("astronaut", "chelsea", "coffee", "rocket"):
        (tmp_path / "in").mkdir(exist_ok=True)
        open_photo(name).resize((300, 260)).save(tmp_path / "in" / f"{name}.png")
    options = ["--alpha-matting"] if matting == "true" else []
    assert main(arguments(tmp_path / "in", tmp_path / "out", ["--model", str(u2netp)], "--jobs", "2", *options)) == 0
    numbers = {"model": "u2netp", "alpha_matting": matting, "edge_colours": "auto" if options else "blur_fusion"}
    for name, result in results(tmp_path / "out").items():
        expected = node_rgba(host, "ImageSegmentation", tmp_path / "in" / name, **numbers)
        assert np.array_equal(pixels(result), expected), name


def start(*args):
    return subprocess.Popen(
        [sys.executable, "-c", RUN, *args], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def wait_for(process, output, count):
    while len(results(output)) < count and process.poll() is None:
        time.sleep(0.002)


def test_killed_and_started_again(folder, model, tmp_path):
    """Killed three times: each time what is there is whole, and stays as it is."""
    output, command = tmp_path / "out", arguments(folder, tmp_path / "out", model)
    killed_at = []
    for more in (1, 30, 60):
        before = {name: path.stat() for name, path in results(output).items()}
        process = start(*command)
        wait_for(process, output, len(before) + more)
        process.kill()
        process.communicate()
        after = results(output)
        killed_at.append(len(after))
        for path in after.values():
            pixels(path)
        assert all(after[name].stat().st_mtime_ns == stat.st_mtime_ns for name, stat in before.items())
    assert killed_at == sorted(killed_at) and killed_at[-1] < COUNT
    last = start(*command)
    said = last.communicate()[0].decode()
    assert last.returncode == 0
    assert f"{COUNT - killed_at[-1]} done" in said and f"{killed_at[-1]} were there before" in said
    assert len(results(output)) == COUNT
    assert not list(output.rglob(f"*{PART}"))


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_interrupted(folder, model, tmp_path):
    process = start(*arguments(folder, tmp_path / "out", model))
    wait_for(process, tmp_path / "out", 1)
    process.send_signal(signal.SIGINT)
    said = process.communicate()[1].decode()
    assert process.returncode == 130, said
    assert "goes on from here" in said and "Traceback" not in said
    assert not list((tmp_path / "out").rglob(f"*{PART}"))


@pytest.fixture
def bad_folder(tmp_path):
    """Good pictures beside what people's folders hold."""
    folder = tmp_path / "mixed"
    (folder / "locked").mkdir(parents=True)
    photo = open_photo("chelsea").resize((120, 90))
    for name in ("good.jpg", "locked/good.png"):
        photo.save(folder / name)
    (folder / "cut off.jpg").write_bytes((folder / "good.jpg").read_bytes()[:1000])
    (folder / "zero.png").touch()
    (folder / "page.jpg").write_text("<!DOCTYPE html>")
    (folder / "huge.png").write_bytes(png_of_size(30000, 20000))
    photo.convert("CMYK").save(folder / "cmyk.jpg")
    photo.quantize(16).save(folder / "palette.gif")
    photo.save(folder / "animated.webp", save_all=True, append_images=[photo.rotate(9)])
    photo.resize((1, 1)).save(folder / "one.bmp")
    (folder / "gone.jpg").symlink_to(folder / "nowhere.jpg")
    return folder


def make_read_only(folder):
    """A folder that nobody can write to, root neither."""
    if os.geteuid():
        folder.mkdir(parents=True)
        folder.chmod(0o555)
    elif not Path("/sys/kernel").is_dir():
        pytest.skip("root can write everywhere here")
    else:
        folder.parent.mkdir(parents=True)
        folder.symlink_to("/sys/kernel")


def test_a_bad_picture_costs_that_picture(bad_folder, model, tmp_path, capsys):
    output, manifest = tmp_path / "out", tmp_path / "rows.csv"
    make_read_only(output / "locked")
    more = ["--manifest", str(manifest)]
    assert main(arguments(bad_folder, output, model, *more)) == 1
    said = capsys.readouterr()
    expected = {
        "cut off.jpg": "truncated",
        "zero.png": "the file is empty",
        "page.jpg": "no kind of picture",
        "huge.png": "600 megapixels, the limit is 178",
        "locked/good.png": "not allowed",
        "gone.jpg": "no such file",
    }
    failures = dict(re.findall(rf"^failed: {re.escape(str(bad_folder))}/(.*?): (.*)$", said.err, re.M))
    assert {name: words for name, words in expected.items() if words in failures.get(name, "")} == expected
    assert len(failures) == len(expected)
    assert list(results(output)) == ["animated.png", "cmyk.png", "good.png", "one.png", "palette.png"]
    assert pixels(output / "one.png").shape == (1, 1, 4)
    assert "note: of several frames, the first only" in said.err and "note: CMYK without a profile" in said.err
    rows = {Path(row["input"]).name: row for row in csv.DictReader(manifest.read_text().splitlines())}
    assert len(rows) == 11
    assert (rows["zero.png"]["status"], rows["one.bmp"]["status"]) == ("failed", "done")


def test_again_after_failures_only_those(bad_folder, model, tmp_path, capsys):
    main(arguments(bad_folder, tmp_path / "out", model))
    open_photo("coffee").resize((50, 50)).save(bad_folder / "zero.png")
    assert main(arguments(bad_folder, tmp_path / "out", model)) == 1
    assert "1 done" in capsys.readouterr().out.splitlines()[-1]
    assert (tmp_path / "out" / "zero.png").is_file()


def test_overwrite_does_them_again(bad_folder, model, tmp_path):
    for more in ([], ["--overwrite", "--background", "#0000ff"]):
        main(arguments(bad_folder / "good.jpg", tmp_path / "out", model, *more))
    assert pixels(tmp_path / "out" / "good.png").shape == (90, 120, 3)


def test_full_disk_ends_the_run(folder, model, tmp_path, monkeypatch, capsys):
    tried = []

    def full(path, data, before):
        tried.append(path)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("onnx_segmentation.batch.stores.write_whole", full)
    assert main(arguments(folder, tmp_path / "out", model)) == 2
    assert "the disk is full" in capsys.readouterr().err
    assert len(tried) < COUNT / 2


def test_one_run_at_a_time(bad_folder, model, tmp_path, capsys):
    from onnx_segmentation.batch.lock import only_run

    with only_run(tmp_path / "out"):
        assert main(arguments(bad_folder, tmp_path / "out", model)) == 2
    assert "another run is writing" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (["--model", "none.onnx"], "neither a file nor the name of a model"),
        (["--model", "modnet-webcam"], "needs a file that you bring"),
        (["--recipe", "none.json"], "no recipe file none.json"),
        (["--format", "jpeg"], "jpeg has no alpha"),
        (["--background", "whitish"], "give a name such as white"),
        (["--jobs", "0"], "give 1 or more"),
        (["--manifest", "rows.txt"], "ends with .csv or .parquet"),
        (["--output", "s3://bucket/photos"], "add --engine ray"),
    ],
)
def test_wrong_options_are_said_before_anything_begins(bad_folder, model, tmp_path, capsys, monkeypatch, change, words):
    monkeypatch.setenv("U2NET_HOME", str(tmp_path))
    assert main(arguments(bad_folder / "good.jpg", tmp_path / "out", model, *change)) == 2
    assert words in capsys.readouterr().err
    assert not results(tmp_path / "out")


def test_input_that_is_not_there(model, tmp_path, capsys):
    assert main(arguments(tmp_path / "none", tmp_path / "out", model)) == 2
    assert "there is no" in capsys.readouterr().err


def test_help_says_the_exit_codes(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["cutout", "--help"])
    assert re.search(r"exit code: 0 .* 1 .* 2 .* 130", " ".join(capsys.readouterr().out.split()))

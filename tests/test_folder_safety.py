"""What a run may not touch or mix, and what it says in words: tables of others, files where folders are needed, long
names, the recipe with which an output folder began, weights in a second file."""

import errno
import json
import os

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from onnx_segmentation.batch.first_recipe import first_recipe, keep_first_recipe, recipe_file
from onnx_segmentation.batch.outcome import explain
from onnx_segmentation.batch.record import FOLDER
from onnx_segmentation.batch.stores import LocalStore
from onnx_segmentation.commands import main
from onnx_segmentation.errors import RecipeError
from onnx_segmentation.sessions.finding.samples import Trial
from onnx_segmentation.sessions.onnx_file.content import content_digest
from onnx_segmentation.sessions.recipes.container import CustomSessionContainer
from onnx_segmentation.sessions.recipes.recipe import Recipe
from onnx_segmentation.simple import load_session, segment
from PIL import Image
from support import make_red_model, picture_input, write_model
from test_record import draw, photos, read_rows  # noqa: F401

LONG = "n" * 300
UNIT = Recipe(CustomSessionContainer((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), 64, 64))


@pytest.fixture
def run(tmp_path, capsys, monkeypatch):
    """Run the command in a folder of pictures' folder; its exit code and what it said."""
    monkeypatch.chdir(tmp_path)
    make_red_model(tmp_path / "red.onnx")

    def command(*line):
        code = main(["cutout", *line, "-m", "red.onnx", "-q"])
        said = capsys.readouterr()
        return code, said.out + said.err

    return command


@pytest.mark.parametrize("text", ["my,notes\n1,2\n", "input\n", "\xff", "name;input,output,status\n"])
def test_a_table_of_somebody_else_is_never_replaced(photos, run, tmp_path, text):  # noqa: F811
    (tmp_path / "notes.csv").write_text(text, encoding="latin-1")
    code, said = run("photos", "-o", "out", "--manifest", "notes.csv")
    assert code == 2 and "notes.csv, which is there and is no table that this command wrote" in said
    assert (tmp_path / "notes.csv").read_text(encoding="latin-1") == text and not (tmp_path / "out").exists()


def test_a_parquet_file_of_somebody_else_is_never_replaced(photos, run, tmp_path):  # noqa: F811
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(pa.table({"price": [1]}), tmp_path / "a.parquet")
    (tmp_path / "b.parquet").write_bytes(b"PAR1 cut off")
    for name in ("a.parquet", "b.parquet"):
        before = (tmp_path / name).read_bytes()
        code, said = run("photos", "-o", "out", "--manifest", name)
        assert code == 2 and "no table that this command wrote" in said and (tmp_path / name).read_bytes() == before


def test_our_own_table_is_written_anew(photos, run, tmp_path):  # noqa: F811
    (tmp_path / "rows.csv").touch()
    for _ in range(2):
        assert run("photos", "-o", "out", "--manifest", "rows.csv")[0] == 0
    assert len(read_rows(tmp_path / "rows.csv")) == 3


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (["photos", "-o", "plain"], "plain is a file"),
        (["photos", "-o", "plain/deep/out"], "plain is a file"),
        (["photos", "-o", "plain.png"], "plain.png is a file"),
        (["photos/p00/a.jpg", "-o", "plain/cut.png"], "plain is a file"),
        (["photos", "-o", LONG], "the name is too long"),
        (["photos", "-o", "out", "--manifest", f"{LONG}.csv"], "the name is too long"),
        (["photos", "-o", "out", "--manifest", f"{LONG}/rows.csv"], "the name is too long"),
        (["photos", "-o", "out", "--manifest", "plain/rows.csv"], "plain is a file"),
        (["photos", "-o", "out", "--manifest", "rows.csv"], "rows.csv, which is there and is no table"),  # a folder
        (["photos/p00/a.jpg", "-o", f"{LONG}.png"], "the name is too long"),
        ([LONG, "-o", "out"], "the name is too long"),
        (["photos", "-o", "."], "the output folder"),
        (["photos/p00", "-o", "photos"], "holds"),
    ],
)
def test_names_that_cannot_be_are_said_in_words(photos, run, tmp_path, line, words):  # noqa: F811
    (tmp_path / "plain").write_text("mine")
    (tmp_path / "plain.png").write_text("mine")
    (tmp_path / "rows.csv").mkdir()
    before = sorted(tmp_path.rglob("*"))
    code, said = run(*line)
    assert code == 2 and words in said and "Errno" not in said and "Error:" not in said
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_a_link_to_the_folder_above_is_no_way_round(photos, run, tmp_path):  # noqa: F811
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    code, said = run("photos", "-o", "link")
    assert code == 2 and "whose pictures are cut out" in said


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EACCES, errno.ENOSPC, errno.EROFS, errno.ENAMETOOLONG])
def test_errors_of_the_system_are_words(number):
    for error in (OSError(number, os.strerror(number), "a.jpg"), OSError(number, os.strerror(number))):
        assert "Err" not in explain(error) and explain(error).startswith("a.jpg: ") == bool(error.filename)


def test_an_interrupt_while_options_are_read(monkeypatch, capsys):
    monkeypatch.setattr("argparse.ArgumentParser.parse_args", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    assert main(["cutout", "x", "-o", "y"]) == 130
    assert capsys.readouterr().err == "interrupted\n"


def with_weights(folder, level):
    """A model that keeps what it takes away from the picture in a second file."""
    node = helper.make_node("Sub", ["input", "shift"], ["mask"])
    shift = onnx.numpy_helper.from_array(np.full((1, 3, 64, 64), level, np.float32), "shift")
    out = helper.make_tensor_value_info("mask", TensorProto.FLOAT, [1, 3, 64, 64])
    folder.mkdir()
    path = write_model(folder / "m.onnx", [node], [picture_input((1, 3, 64, 64))], [out], [shift])
    onnx.save(onnx.load(path), path, save_as_external_data=True, location="m.data", size_threshold=1024)
    return path


def test_other_weights_are_another_model(tmp_path):
    first, same, other = (with_weights(tmp_path / name, level) for name, level in (("a", 0.5), ("b", 0.5), ("c", 0.25)))
    other.write_bytes(first.read_bytes())
    assert content_digest(first) == content_digest(same) != content_digest(other)
    before = content_digest(first)
    data = (tmp_path / "a" / "m.data").read_bytes()
    (tmp_path / "a" / "m.data").write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    os.utime(tmp_path / "a" / "m.data", ns=(1, 1))
    assert content_digest(first) != before


def test_the_recipe_of_the_first_run_stays(photos, run, tmp_path):  # noqa: F811
    """Whatever a later search would find, on other pictures or another machine."""
    model, store = tmp_path / "red.onnx", LocalStore(tmp_path / "out")
    assert run("photos/p00", "-o", "out", "--base", "photos")[0] == 0
    used = first_recipe(store, model)
    assert used == load_session(model).recipe
    keep_first_recipe(store, model, UNIT)  # as if that first run had found another one
    code, said = run("photos/p00", "-o", "out", "--base", "photos")
    assert code == 0 and "recipe: that of the first run" in said and "again: 2 done before: another recipe" in said
    code, said = run("photos", "-o", "out", "--base", "photos")
    assert code == 0 and "1 done" in said and "2 were there before" in said
    assert first_recipe(store, model) == UNIT
    assert "recipe:" not in run("photos", "-o", "out", "--base", "photos", "--overwrite")[1]
    assert first_recipe(store, model) == used


def test_who_gives_a_recipe_has_that_one(photos, run, tmp_path):  # noqa: F811
    store = LocalStore(tmp_path / "out")
    keep_first_recipe(store, tmp_path / "red.onnx", UNIT)
    given = {"mean": [0.1, 0, 0], "std": [1, 1, 1], "width": 64, "height": 64}
    (tmp_path / "given.json").write_text(json.dumps(given))
    assert "recipe:" not in run("photos", "-o", "out", "--recipe", "given.json")[1]
    (tmp_path / "red.onnx.json").write_text(json.dumps(given))
    code, said = run("photos", "-o", "out")
    assert code == 0 and "recipe:" not in said
    assert first_recipe(store, tmp_path / "red.onnx") == UNIT


def test_a_first_recipe_that_cannot_be_read_is_said(tmp_path):
    model, store = make_red_model(tmp_path / "red.onnx"), LocalStore(tmp_path)
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / recipe_file(model)).write_text("{")
    with pytest.raises(RecipeError, match=r"of the output folder cannot be read: .*; remove it"):
        first_recipe(store, model)


def test_a_picture_of_one_colour_is_no_trial(tmp_path, monkeypatch):
    """A logo in one colour, its shape in its alpha."""
    monkeypatch.setenv("ONNX_SEGMENTATION_CACHE", str(tmp_path / "cache"))
    pixels = np.full((60, 80, 4), 230, np.uint8)
    pixels[..., 3] = 0
    pixels[15:45, 20:60, 3] = 255
    picture = Image.fromarray(pixels)
    assert not Trial([torch.from_numpy(pixels[..., :3])]).pictures
    result = np.asarray(segment(picture, make_red_model(tmp_path / "red.onnx")))
    assert not result[..., 3][pixels[..., 3] == 0].any()

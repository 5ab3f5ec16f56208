"""Columns about a result, conditions on them, and what is estimated from a few pictures."""

import csv

import numpy as np
import pytest
from onnx_segmentation.batch.dry_run import Measured, Sample, choose
from onnx_segmentation.batch.measures import COLUMNS, measure
from onnx_segmentation.batch.stamps import Stamp
from onnx_segmentation.batch.task import Task
from onnx_segmentation.batch.where import meets
from onnx_segmentation.commands import main
from onnx_segmentation.commands.dry_run import describe
from onnx_segmentation.errors import InputsError
from PIL import Image
from support import make_red_model

VALUES = {"confidence": 0.9, "share": 0.25, "subjects": 1, "softness": 0.1, "touches_border": False, "seconds": 2.0}


def discs(*places, side=100, radius=12):
    y, x = np.mgrid[:side, :side]
    alpha = np.zeros((side, side), np.uint8)
    for centre_x, centre_y in places:
        alpha[np.hypot(x - centre_x, y - centre_y) < radius] = 255
    return alpha


def test_what_is_measured():
    one = measure(discs((50, 50)))
    assert (one.subjects, one.softness, one.touches_border) == (1, 0.0, False)
    assert one.share == pytest.approx(np.pi * 12**2 / 100**2, rel=0.05)
    assert measure(discs((30, 30), (70, 70))).subjects == 2
    assert measure(discs((3, 50))).touches_border
    assert measure(discs()) == type(one)(0.0, 0, 0.0, False)
    soft = discs((50, 50))
    soft[50:] //= 2
    assert measure(soft).softness == pytest.approx(0.5, abs=0.05)
    assert measure(np.kron(discs((50, 50)), np.ones((40, 30), np.uint8))).subjects == 1
    speck = discs((50, 50))
    speck[5, 5] = 255
    assert measure(np.kron(speck, np.ones((3, 3), np.uint8))).subjects == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("confidence>.8", True),
        ("confidence > .8 and subjects == 1", True),
        ("confidence < .8 or touches_border", False),
        ("not touches_border", True),
        (".1 < share <= .25", True),
        ("touches_border == False and seconds != 3", True),
        ("share > -1", True),
        ("(softness < .05 or share > .2) and subjects >= 1", True),
    ],
)
def test_conditions(text, expected):
    assert meets(text, VALUES) is expected


@pytest.mark.parametrize(
    "text",
    ["", "sharpness > 1", "confidence >", "confidence > 'a'", "__import__('os')", "share.real > 0", "share + 1 > 0",
     "confidence > 0 or colour", "share in (1, 2)", "lambda: 1", "(" * 300 + "1" + ")" * 300],
)  # fmt: skip
def test_what_is_no_condition(text):
    with pytest.raises(InputsError, match="columns are confidence"):
        meets(text, VALUES)


@pytest.fixture
def folder(tmp_path):
    """Two pictures with a subject of a quarter, one with a small one."""
    (tmp_path / "in").mkdir()
    for name, half in (("a", 20), ("b", 20), ("small", 4)):
        pixels = np.zeros((80, 80, 3), np.uint8)
        pixels[40 - half : 40 + half, 40 - half : 40 + half, 0] = 240
        Image.fromarray(pixels).save(tmp_path / "in" / f"{name}.png")
    return tmp_path / "in"


@pytest.fixture
def command(tmp_path, folder):
    model, recipe = make_red_model(tmp_path / "red.onnx"), tmp_path / "red.json"
    recipe.write_text('{"mean": [0, 0, 0], "std": [1, 1, 1], "width": 64, "height": 64}')
    return ["cutout", str(folder), "-o", str(tmp_path / "out"), "-m", str(model), "-q", "--recipe", str(recipe)]


def test_only_what_meets_it_is_written(command, tmp_path, capsys):
    line = [*command, "--where", "share > .1", "--manifest", str(tmp_path / "rows.csv")]
    assert main(line) == 0
    assert "2 done" in (said := capsys.readouterr().out) and "1 not written, as they do not meet --where" in said
    assert {path.name for path in (tmp_path / "out").glob("*.png")} == {"a.png", "b.png"}
    rows = {row["output"]: row for row in csv.DictReader((tmp_path / "rows.csv").read_text().splitlines())}
    assert rows["small.png"]["status"] == "filtered" and float(rows["small.png"]["share"]) < 0.1
    assert all(rows["a.png"][column] for column in COLUMNS) and rows["a.png"]["model"] == "red.onnx"
    assert main(line) == 0
    assert "3 were there before" in capsys.readouterr().out


def test_a_dry_run_writes_nothing(command, tmp_path, capsys):
    assert main([*command, "--dry-run", "2"]) == 0
    said = capsys.readouterr().out
    assert "dry run: 2 of 3 pictures" in said and "core hours" in said and not (tmp_path / "out").exists()
    main(command)
    assert main([*command, "--dry-run", "2"]) == 2
    assert "all pictures are done" in capsys.readouterr().err


def test_the_pictures_of_a_dry_run_are_spread_over_sizes():
    tasks = [Task(f"{number}", "", Stamp(size, 0)) for number, size in enumerate([5, 1, 9, 3, 7, 2])]
    assert [task.stamp.size for task in choose(tasks, 3)] == [2, 5, 9]
    assert len(choose(tasks, 100)) == 6


def test_what_follows_from_a_dry_run():
    seconds = {"read": 0.1, "decode": 0.1, "model": 0.5, "matting": 0.0, "rest": 0.1, "encode": 0.2}
    measured = Measured([Sample(seconds, 1000, 5000)] * 8, wall=4.0, jobs=2, failed=2)
    said = describe(measured, 1000, [2000] * 1000, workers=50)
    assert "  core hours 0.2 (measured, with 2 jobs side by side)" in said  # 800 of 1000 are pictures, 1 s each
    assert "  in 2.0 MB (known), out 4.0 MB (measured mean)" in said
    assert any(line.startswith("  hours on this machine 0.11 (measured 2.00 a second)") for line in said)
    assert sum("assumed: each as fast as a job here" in line for line in said) == 1

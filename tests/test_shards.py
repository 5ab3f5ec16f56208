"""Files of many pictures: a result beside each, whole shards or none, and on from where it stopped."""

import csv
import io
import json
import os
import signal
import tarfile
import time

import numpy as np
import pytest
from onnx_segmentation.commands import main
from PIL import Image
from support import make_red_model
from test_cutout_command import start

RECIPE = '{"mean": [0, 0, 0], "std": [1, 1, 1], "width": 64, "height": 64}'


def jpeg(half, side=48):
    pixels = np.zeros((side, side, 3), np.uint8)
    middle = slice(side // 2 - half, side // 2 + half)
    pixels[middle, middle, 0] = 240
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG")
    return file.getvalue()


def write_tar(path, samples):
    """samples: {key: {extension: bytes}}"""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as shard:
        for key, members in samples.items():
            for extension, data in members.items():
                info = tarfile.TarInfo(f"{key}.{extension}")
                info.size, info.mtime = len(data), 7
                shard.addfile(info, io.BytesIO(data))


def read_tar(path):
    with tarfile.open(path) as shard:
        return {info.name: shard.extractfile(info).read() for info in shard}


def size_of(data):
    with Image.open(io.BytesIO(data)) as picture:
        return picture.mode, picture.size


@pytest.fixture
def shards(tmp_path):
    for number in range(3):
        samples = {
            f"train/{number}{each}": {"jpg": jpeg(6 + 4 * each), "cls": b"%d" % each, "txt": b"caption"}
            for each in range(3)
        }
        if number == 1:
            samples["train/11"]["jpg"] = b"broken"
        write_tar(tmp_path / "in" / f"{number:03}.tar", samples)
    return tmp_path / "in"


@pytest.fixture
def command(tmp_path, capsys):
    model = make_red_model(tmp_path / "red.onnx")
    (tmp_path / "red.onnx.json").write_text(RECIPE)

    def line(source, *more):
        return ["cutout", str(source), "-o", str(tmp_path / "out"), "-m", str(model), "-q", *more]

    return line


def test_a_tar_keeps_what_was_there_and_gains_results(shards, command, tmp_path, capsys):
    assert main(command(shards, "--shards", "--manifest", str(tmp_path / "rows.csv"))) == 1
    said = capsys.readouterr()
    assert f"failed: {shards}/001.tar:train/11.jpg: the file is no kind of picture" in said.err
    before, after = read_tar(shards / "000.tar"), read_tar(tmp_path / "out" / "000.tar")
    assert {name: data for name, data in after.items() if ".cutout." not in name} == before
    assert list(after)[:5] == [f"train/00.{kind}" for kind in ("jpg", "cls", "txt", "cutout.png", "cutout.json")]
    assert size_of(after["train/00.cutout.png"]) == ("RGBA", (48, 48))
    values = json.loads(after["train/02.cutout.json"])
    assert values["subjects"] == 1 and values["share"] > 0.2 and values["error"] == ""
    broken = read_tar(tmp_path / "out" / "001.tar")
    assert "no kind of picture" in json.loads(broken["train/11.cutout.json"])["error"]
    assert "train/11.cutout.png" not in broken and broken["train/11.jpg"] == b"broken"
    rows = list(csv.DictReader((tmp_path / "rows.csv").read_text().splitlines()))
    assert [row["notes"] for row in rows] == ["3 done", "2 done, 1 failed", "3 done"]


def test_again_and_with_other_options(shards, command, tmp_path, capsys):
    main(command(shards, "--shards"))
    first = {path.name: path.read_bytes() for path in (tmp_path / "out").glob("*.tar")}
    assert main(command(shards / "*.tar")) == 0 and "3 were there before" in capsys.readouterr().out
    assert main(command(shards, "--shards", "--overwrite")) == 1
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").glob("*.tar")} == first
    main(command(shards, "--shards", "--mask", "--where", "share > .2"))
    assert "again: 3 done before: other options" in capsys.readouterr().err
    masks = read_tar(tmp_path / "out" / "000.tar")
    assert sorted(masks) == [f"train/02.{kind}" for kind in ("cls", "jpg", "mask.json", "mask.png", "txt")]


def test_which_member_is_the_picture(command, tmp_path, capsys):
    write_tar(tmp_path / "in" / "a.tar", {"x": {"left.png": jpeg(4), "right.png": jpeg(20), "json": b"{}"}})
    assert main(command(tmp_path / "in" / "a.tar")) == 0
    assert list(read_tar(tmp_path / "out" / "a.tar")) == ["x.left.png", "x.right.png", "x.json"]
    assert main(command(tmp_path / "in" / "a.tar", "--column", "right.png")) == 0
    assert json.loads(read_tar(tmp_path / "out" / "a.tar")["x.cutout.json"])["share"] > 0.5


@pytest.mark.parametrize("content", [b"", b"no tar at all" * 99, None])
def test_a_shard_that_is_none_costs_itself(shards, command, tmp_path, capsys, content):
    whole = (shards / "001.tar").read_bytes()
    (shards / "001.tar").write_bytes(whole[:2500] if content is None else content)
    assert main(command(shards, "--shards")) == 1
    assert {path.name for path in (tmp_path / "out").iterdir() if path.suffix == ".tar"} == {"000.tar", "002.tar"}
    assert f"failed: {shards}/001.tar: " in capsys.readouterr().err
    (shards / "001.tar").write_bytes(whole)
    main(command(shards, "--shards"))
    assert "1 done" in (said := capsys.readouterr().out) and "2 were there before" in said


def test_tars_and_parquet_are_two_runs(shards, command, tmp_path, capsys):
    (shards / "x.parquet").write_bytes(b"")
    assert main(command(shards, "--shards")) == 2
    assert "run once for each kind" in capsys.readouterr().err and not (tmp_path / "out").exists()


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_killed_shards_go_on_with_nothing_lost_or_twice(command, tmp_path):
    for number in range(120):
        write_tar(tmp_path / "in" / f"{number:03}.tar", {f"{number}-{each}": {"jpg": jpeg(9)} for each in range(2)})
    line, out = command(tmp_path / "in", "--shards", "--manifest", str(tmp_path / "rows.csv")), tmp_path / "out"
    written = {}
    for more in (3, 20):
        process = start(*line)
        while len(list(out.glob("*.tar"))) < len(written) + more and process.poll() is None:
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        now = {path.name: path.stat().st_mtime_ns for path in out.glob("*.tar")}
        assert now.items() >= written.items() and len(now) < 120
        written = now
    assert main(line) == 0
    after = {path.name: path.stat().st_mtime_ns for path in out.glob("*.tar")}
    assert len(after) == 120 and after.items() >= written.items()
    assert not [path for path in out.iterdir() if "part" in path.name]
    for number in (0, 60, 119):
        assert len(read_tar(out / f"{number:03}.tar")) == 6
    assert len((tmp_path / "rows.csv").read_text().splitlines()) == 121


class TestParquet:
    """Pictures in a column."""

    @pytest.fixture
    def table(self, tmp_path):
        pa = pytest.importorskip("pyarrow")
        pictures = [{"bytes": data, "path": None} for data in (jpeg(4), None, jpeg(20), b"broken")]
        struct = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
        columns = {"image": pa.array(pictures, struct), "label": [1, 2, 3, 4], "thumb": [b"x"] * 4}
        return pa.table(columns)

    def run(self, table, command, tmp_path, *more):
        from pyarrow import parquet

        (tmp_path / "in").mkdir(exist_ok=True)
        parquet.write_table(table, tmp_path / "in" / "a.parquet", row_group_size=3)
        code = main(command(tmp_path / "in" / "a.parquet", *more))
        return code, parquet.ParquetFile(tmp_path / "out" / "a.parquet")

    def test_columns_beside_those_that_were_there(self, table, command, tmp_path):
        code, result = self.run(table, command, tmp_path)
        assert code == 1 and result.num_row_groups == 2
        rows = result.read()
        assert rows.select(table.column_names).equals(table)
        assert [None if data is None else size_of(data)[0] for data in rows["cutout"].to_pylist()] == [
            "RGBA", None, "RGBA", None,
        ]  # fmt: skip
        assert "no kind of picture" in rows["cutout_error"].to_pylist()[3]
        assert rows["cutout_subjects"].to_pylist() == [1, None, 1, None]

    def test_rows_that_do_not_meet_the_condition_are_left_out(self, table, command, tmp_path):
        _, result = self.run(table, command, tmp_path, "--where", "share > .2", "--mask")
        rows = result.read()
        assert rows["label"].to_pylist() == [2, 3, 4] and rows["mask_share"].to_pylist()[1] > 0.2

    def test_a_column_that_is_not_there(self, table, command, tmp_path, capsys):
        from pyarrow import parquet

        (tmp_path / "in").mkdir()
        parquet.write_table(table, tmp_path / "in" / "a.parquet")
        assert main(command(tmp_path / "in" / "a.parquet", "--column", "picture")) == 1
        assert "column is picture; columns that hold bytes are image, thumb" in capsys.readouterr().err

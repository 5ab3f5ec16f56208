"""What a second run does: the same again costs nothing, what differs is done again, what is not ours stays."""

import csv
import os
import signal
import time
from collections import Counter

import numpy as np
import pytest
from onnx_segmentation.batch import fingerprint as fingerprints
from onnx_segmentation.batch.inputs import Found
from onnx_segmentation.batch.naming import Naming
from onnx_segmentation.batch.outcome import Outcome
from onnx_segmentation.batch.plan import Plan
from onnx_segmentation.batch.record import FOLDER, Record
from onnx_segmentation.batch.stores import LocalStore
from onnx_segmentation.commands import main
from onnx_segmentation.commands.report import Report
from PIL import Image
from support import make_red_model
from test_cutout_command import pixels, start

SIDE = 24


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    (folder / "p00").mkdir(parents=True)
    (folder / "p01").mkdir()
    for name in ("p00/a.jpg", "p00/b.jpg", "p01/a.jpg"):
        draw(folder / name, "red")
    return folder


def draw(path, colour):
    picture = np.zeros((SIDE, SIDE, 3), np.uint8)
    picture[6:18, 6:18] = Image.new("RGB", (1, 1), colour).getpixel((0, 0))
    Image.fromarray(picture).save(path)


@pytest.fixture
def cut(tmp_path, capsys):
    """Run the command; what it said, its exit code, and its rows."""
    model = make_red_model(tmp_path / "red.onnx")

    def run(source, *more, output=tmp_path / "out"):
        table = tmp_path / "rows.csv"
        line = ["cutout", str(source), "-o", str(output), "-m", str(model), "-q", "--manifest", str(table), *more]
        code = main(line)
        said = capsys.readouterr()
        rows = read_rows(table) if table.is_file() else []
        return code, said.out + said.err, rows

    return run


def read_rows(table):
    return list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))


def stamps(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*.png")}


def test_the_same_again_does_nothing(photos, cut, tmp_path):
    assert "3 done" in cut(photos)[1]
    before = stamps(tmp_path / "out")
    code, said, rows = cut(photos)
    assert code == 0 and "0 done" in said and "3 were there before" in said
    assert stamps(tmp_path / "out") == before
    assert [row["status"] for row in rows] == ["done"] * 3 and len({row["input"] for row in rows}) == 3
    assert len(list((tmp_path / "out" / FOLDER).glob("*.jsonl"))) == 1


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (["--mask"], "other options"),
        (["-a"], "other options"),
        (["--background", "white"], "other options"),
        (["--where", "share < 2"], "other options"),
    ],
)
def test_other_options_are_done_again_and_said(photos, cut, more, reason):
    cut(photos)
    code, said, rows = cut(photos, *more)
    assert code == 0 and f"again: 3 done before: {reason}" in said and "3 done in" in said
    assert len(rows) == 3
    assert "3 were there before" in cut(photos, *more)[1]


def test_the_reason_is_said_before_the_first_picture(capsys):
    plan = Plan(["/in/a.jpg"], Naming("/in", ".png"), again=Counter({"another model": 1}))
    Report(plan, Found("/in", ["/in/a.jpg"]), quiet=True)
    assert capsys.readouterr().err == "again: 1 done before: another model\n"


def test_another_model_and_another_recipe(photos, cut, tmp_path):
    cut(photos)
    (tmp_path / "red.onnx.json").write_text('{"mean": [0.1, 0, 0], "std": [1, 1, 1], "width": 64, "height": 64}')
    assert "another recipe" in cut(photos)[1]
    data = (tmp_path / "red.onnx").read_bytes()
    (tmp_path / "red.onnx").write_bytes(data.replace(b"tiny", b"tony"))
    assert "again: 3 done before: another model\n" in cut(photos)[1]


def test_results_of_an_older_version(photos, cut, monkeypatch):
    cut(photos)
    monkeypatch.setattr(fingerprints.Fingerprint.__init__, "__defaults__", ("v0",))
    assert "an older version of this program" in cut(photos)[1]


def test_a_changed_picture_is_done_again(photos, cut, tmp_path):
    cut(photos)
    before = stamps(tmp_path / "out")
    draw(photos / "p00" / "b.jpg", "#500000")
    code, said, _ = cut(photos)
    assert code == 0 and "again: 1 done before: another picture" in said
    changed = {path.name for path, time in stamps(tmp_path / "out").items() if before[path] != time}
    assert changed == {"b.png"}


def test_a_retouched_cut_out_stays(photos, cut, tmp_path):
    cut(photos)
    mine = tmp_path / "out" / "p00" / "a.png"
    mine.write_bytes(b"retouched")
    code, said, rows = cut(photos)
    assert code == 0 and "left: p00/a.png: the cut-out was changed" in said and "1 left as they are" in said
    assert sorted(row["status"] for row in rows) == ["done", "done", "left"]
    code, said, _ = cut(photos, "--mask")
    assert code == 1 and "again: 2 done" in said and mine.read_bytes() == b"retouched"
    assert cut(photos, "--overwrite")[0] == 0 and pixels(mine).shape == (SIDE, SIDE, 4)


def test_a_file_without_a_record_stays(photos, cut, tmp_path):
    foreign = tmp_path / "out" / "p00" / "a.png"
    foreign.parent.mkdir(parents=True)
    foreign.write_bytes(b"foreign")
    for _ in range(2):
        code, said, rows = cut(photos)
        assert code == 1 and "no record says that it is ours" in said and foreign.read_bytes() == b"foreign"
        assert len(rows) == 3
    assert cut(photos, "--overwrite")[0] == 0 and foreign.read_bytes() != b"foreign"


def test_a_failure_does_not_disown_the_result_before_it(photos, cut, tmp_path):
    cut(photos)
    good = (photos / "p00" / "a.jpg").read_bytes()
    (photos / "p00" / "a.jpg").write_bytes(good[:200])
    code, _, rows = cut(photos)
    assert code == 1 and sum(row["status"] == "failed" for row in rows) == 1 and len(rows) == 3
    (photos / "p00" / "a.jpg").write_bytes(good)
    code, said, _ = cut(photos)
    assert code == 0 and "left" not in said and "1 done" in said


def test_retry_failed_does_those_alone(photos, cut, tmp_path):
    (photos / "p00" / "a.jpg").write_bytes(b"")
    cut(photos)
    draw(photos / "p00" / "a.jpg", "red")
    draw(photos / "p00" / "new.jpg", "red")
    code, said, _ = cut(photos, "--retry-failed")
    assert code == 0 and "1 done" in said and not (tmp_path / "out" / "p00" / "new.png").exists()


def test_two_runs_whose_outputs_would_meet(photos, cut, tmp_path):
    cut(photos / "p00")
    before = stamps(tmp_path / "out")
    for more in ([], ["--overwrite"]):
        code, said, _ = cut(photos / "p01", *more)
        assert code == 2 and f"--base {photos}" in said and "p00/a.jpg" in said
    assert stamps(tmp_path / "out") == before


def test_base_gives_each_run_its_folders(photos, cut, tmp_path):
    for folder in ("p00", "p01"):
        assert cut(photos / folder, "--base", str(photos))[0] == 0
    assert sorted(path.relative_to(tmp_path / "out").as_posix() for path in stamps(tmp_path / "out")) == [
        "p00/a.png", "p00/b.png", "p01/a.png",
    ]  # fmt: skip
    assert "3 were there before" in cut(photos)[1]  # the whole knows what its parts did
    assert "2 were there before" in cut(photos / "p00", "--base", str(photos))[1]


def test_a_dataset_that_was_moved_is_the_same(photos, cut, tmp_path):
    cut(photos)
    photos.rename(tmp_path / "moved")
    code, said, _ = cut(tmp_path / "moved")
    assert code == 0 and "3 were there before" in said


def test_a_picture_of_another_kind_beside_a_done_one(photos, cut, tmp_path):
    cut(photos)
    before = stamps(tmp_path / "out")
    draw(photos / "p00" / "a.webp", "red")
    assert "1 done" in cut(photos)[1]
    after = stamps(tmp_path / "out")
    assert after.items() >= before.items() and tmp_path / "out" / "p00" / "a.webp.png" in after


def test_a_run_of_one_folder_reads_what_concerns_it(tmp_path, monkeypatch):
    store = LocalStore(tmp_path)
    for prefix in ("", "p00", "p00/deep", "p01", "p0", "!" * 200):
        record = Record(store, prefix)
        record.add(Outcome(f"/in/{prefix}", f"{prefix}/x.png", "done"))
        record.close()
    read = []
    monkeypatch.setattr(LocalStore, "lines", lambda _, name: iter([read.append(name) or b""]))
    Record(store, "p00")
    assert sorted(name.partition("@")[2][:6] for name in read)[1:] == [".jsonl", "p00%2F", "p00.js"]
    assert len(read) == 4  # and the one of a long name, of which only a digest is known


def test_lines_that_were_cut_off_are_no_rows(tmp_path):
    record = Record(LocalStore(tmp_path), "")
    for number in range(3):
        record.add(Outcome(f"/in/{number}", f"{number}.png", "done"))
    record.close()
    file = next((tmp_path / FOLDER).iterdir())
    file.write_bytes(file.read_bytes()[:-10])
    assert sorted(Record(LocalStore(tmp_path), "").seen) == ["0.png", "1.png"]


def test_rows_are_added_and_never_written_anew_while_a_run_goes_on(tmp_path):
    record = Record(LocalStore(tmp_path), "")
    sizes = []
    for number in range(50):
        record.add(Outcome(f"/in/{number}", f"{number}.png", "done"))
        sizes.append(next((tmp_path / FOLDER).iterdir()).stat().st_size)
    steps = np.diff(sizes)
    assert len(list((tmp_path / FOLDER).iterdir())) == 1 and steps.min() > 0 and steps.max() < 2 * steps.min()


@pytest.mark.skipif(os.name == "nt", reason="signals")
@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGKILL])
def test_the_record_of_an_ended_run_is_true(tmp_path, kind):
    model, photos, out = make_red_model(tmp_path / "red.onnx"), tmp_path / "photos", tmp_path / "out"
    photos.mkdir()
    for number in range(150):
        draw(photos / f"{number}.jpg", "red")
    line = ["cutout", str(photos), "-o", str(out), "-m", str(model), "-q", "--manifest", str(tmp_path / "rows.csv")]
    process = start(*line)
    while len(list(out.glob("*.png"))) < 5 and process.poll() is None:
        time.sleep(0.002)
    process.send_signal(kind)
    process.communicate()
    assert process.returncode != 0
    there = {path.name: path.stat() for path in out.glob("*.png")}
    seen = Record(LocalStore(out), "").seen
    for name, stat in there.items():
        assert (seen[name].result.size, seen[name].result.time) == (stat.st_size, stat.st_mtime_ns)
    if kind == signal.SIGINT:
        rows = read_rows(tmp_path / "rows.csv")
        assert {row["output"] for row in rows if row["status"] == "done"} == there.keys()
    assert main(line) == 0
    rows = read_rows(tmp_path / "rows.csv")
    assert len(rows) == 150 and len({row["input"] for row in rows}) == 150
    after = {path.name: path.stat().st_mtime_ns for path in out.glob("*.png")}
    assert len(after) == 150 and all(after[name] == stat.st_mtime_ns for name, stat in there.items())

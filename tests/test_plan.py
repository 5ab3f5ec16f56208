"""Which pictures, under which names, and which of them still."""

import errno
import io
import os

import pytest
from onnx_segmentation.batch.inputs import find_pictures
from onnx_segmentation.batch.naming import name_outputs
from onnx_segmentation.batch.plan import make_plan
from onnx_segmentation.batch.stores import LocalStore
from onnx_segmentation.batch.whole_files import PART, is_part, part_of, write_whole
from onnx_segmentation.errors import InputsError
from PIL import Image


@pytest.fixture
def photos(tmp_path):
    for name in ("a/1.jpg", "a/2.PNG", "a/deep/1.jpg", "b/1.jpg", "b/.hidden.jpg", "b/notes.txt"):
        file = tmp_path / "photos" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")
    return tmp_path / "photos"


def outputs(inputs, output):
    found = find_pictures([str(name) for name in inputs], output)
    naming = make_plan(found, output.as_posix(), ".png").naming
    return [naming.output(path) for path in found.paths]


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ([""], ["a/1.png", "a/2.png", "a/deep/1.png", "b/1.png"]),
        (["a"], ["1.png", "2.png", "deep/1.png"]),
        (["a", "b"], ["a/1.png", "a/2.png", "a/deep/1.png", "b/1.png"]),
        (["a/deep", "b/1.jpg"], ["a/deep/1.png", "b/1.png"]),
        (["a/1.jpg"], ["1.png"]),
        (["*/1.jpg"], ["a/1.png", "b/1.png"]),
        (["**/*.jpg"], ["a/1.png", "a/deep/1.png", "b/1.png"]),
        (["b/notes.txt"], ["notes.png"]),
        (["a/1.jpg", "a", "a/*.jpg"], ["1.png", "2.png", "deep/1.png"]),
    ],
)
def test_folders_below_the_common_one_are_kept(photos, inputs, expected):
    assert outputs([photos / name for name in inputs], photos.parent / "out") == expected


def test_results_inside_the_inputs_are_no_inputs(photos):
    (photos / "out").mkdir()
    (photos / "out" / "1.png").write_bytes(b"x")
    assert "out/1.png" not in outputs([photos], photos / "out")
    assert outputs([photos / "**" / "1.*"], photos / "out") == ["a/1.png", "a/deep/1.png", "b/1.png"]


@pytest.mark.parametrize("name", ["none.jpg", "*.bmp"])
def test_nothing_found(photos, name):
    with pytest.raises(InputsError, match=name.replace("*", r"\*")):
        outputs([photos / name], photos.parent / "out")


def test_an_input_is_never_replaced(photos):
    with pytest.raises(InputsError, match=r"2\.png would be replaced"):
        (photos / "a" / "2.PNG").rename(photos / "a" / "2.png")
        outputs([photos / "a" / "2.png"], photos / "a")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a.jpg", "a.png", "b.jpg"], ["a.jpg.png", "a.png.png", "b.png"]),
        (["A.jpg", "a.png"], ["A.jpg.png", "a.png.png"]),  # one name where case does not count
        (["x/a.jpg", "y/a.png"], ["x/a.png", "y/a.png"]),
        (["a.jpg", "a.png", "a.jpg.webp"], ["a.jpg.png", "a.png.png", "a.jpg.webp.png"]),
        (["a.b.jpg", "a.jpg"], ["a.b.png", "a.png"]),
    ],
)
def test_no_two_inputs_share_an_output(names, expected):
    naming = name_outputs("/in", [f"/in/{name}" for name in names], ".png")
    assert [naming.output(f"/in/{name}") for name in names] == expected


def test_empty_outputs_do_not_count_and_leftovers_are_removed(photos):
    out = photos.parent / "out"
    (out / "a").mkdir(parents=True)
    (out / "a" / "1.png").write_bytes(b"whole")
    (out / "a" / "2.png").write_bytes(b"")  # a disk that was full, or power lost
    leftover = out / "a" / f".2.png{PART}"
    leftover.write_bytes(b"half")
    assert LocalStore(out).stamps(["a", "b"]).keys() == {"a/1.png"}
    assert not leftover.exists()


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
@pytest.mark.parametrize("pattern", ["**/*.jpg", "**/1.*"])
def test_links_that_lead_back_are_not_followed(photos, pattern):
    (photos / "a" / "loop").symlink_to(photos, target_is_directory=True)
    (photos / "a" / "deep" / "up").symlink_to(photos / "a", target_is_directory=True)
    assert outputs([photos / pattern], photos.parent / "out") == ["a/1.png", "a/deep/1.png", "b/1.png"]


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("trip [2020]/IMG[1].jpg", "trip [2020]/*.jpg"),
        ("trip [2020]/IMG[1].jpg", "trip [2020]/IMG[1].jpg"),
        ("trip [2020]/IMG[1].jpg", "trip [2020]/IMG[1]*"),
        ("trip [2020]/IMG[1].jpg", "*/IMG[1].*"),
        ("trip/IMG1.jpg", "trip/IMG[0-9].jpg"),
    ],
)
def test_brackets_in_names(tmp_path, name, pattern):
    (tmp_path / name).parent.mkdir()
    (tmp_path / name).write_bytes(b"x")
    assert find_pictures([str(tmp_path / pattern)], tmp_path / "out").paths == [(tmp_path / name).as_posix()]


def test_hidden_folders_are_no_part_of_a_pattern(photos):
    (photos / ".thumbs").mkdir()
    (photos / ".thumbs" / "1.jpg").write_bytes(b"x")
    assert outputs([photos / "**" / "*.jpg"], photos.parent / "out") == ["a/1.png", "a/deep/1.png", "b/1.png"]
    assert outputs([photos / ".thumbs" / "*.jpg"], photos.parent / "out") == ["1.png"]


def test_content_decides_where_a_name_says_nothing(photos):
    picture = io.BytesIO()
    Image.new("RGB", (4, 4)).save(picture, "JPEG")
    for name in ("b/download", "b/photo.jpg_large", "b/clip.thm"):
        (photos / name).write_bytes(picture.getvalue())
    (photos / "b" / "raw.cr2").write_bytes(b"II*\0raw")
    found = find_pictures([str(photos / "b")], photos.parent / "out")
    assert [path.rpartition("/")[2] for path in found.paths] == ["1.jpg", "download", "photo.jpg_large"]
    assert found.left_out == {".txt": 1, ".thm": 1, ".cr2": 1}


def test_base_keeps_the_folders_of_every_run(photos):
    found = find_pictures([str(photos / "a" / "deep")], photos.parent / "out", str(photos))
    assert make_plan(found, "/out", ".png").naming.output(found.paths[0]) == "a/deep/1.png"
    with pytest.raises(InputsError, match="lies outside the base"):
        find_pictures([str(photos / "a")], photos.parent / "out", str(photos / "b"))


def test_what_is_missing_among_others_is_a_row(photos):
    found = find_pictures([str(photos / "a"), str(photos / "none.jpg")], photos.parent / "out")
    assert len(found.paths) == 3
    assert [(lost.status, lost.input) for lost in found.lost] == [("failed", (photos / "none.jpg").as_posix())]


def test_a_folder_that_cannot_be_listed_is_a_row(photos, monkeypatch):
    real = os.scandir

    def scandir(path):
        if str(path).endswith("deep"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    found = find_pictures([str(photos)], photos.parent / "out")
    assert len(found.paths) == 3 and found.lost[0].input == str(photos / "a" / "deep")
    assert "not allowed" in found.lost[0].error


@pytest.mark.parametrize(
    ("earlier", "names", "expected"),
    [
        ({"a.jpg": "a.png"}, ["a.jpg", "a.webp"], ["a.png", "a.webp.png"]),
        ({"a.jpg": "a.jpg.png"}, ["a.jpg"], ["a.jpg.png"]),
        ({"a.jpg": "a.png"}, ["a.webp"], ["a.webp.png"]),  # a.jpg is gone; its cut-out is not
        ({"a.jpg": "a.webp"}, ["a.jpg", "a.tif"], ["a.jpg.png", "a.tif.png"]),  # another format then
    ],
)
def test_what_earlier_runs_wrote_keeps_its_name(earlier, names, expected):
    rows = {f"/in/{name}": output for name, output in earlier.items()}
    naming = name_outputs("/in", [f"/in/{name}" for name in names], ".png", rows)
    assert [naming.output(f"/in/{name}") for name in names] == expected


def test_names_that_would_be_too_long_are_shortened_and_differ():
    names = ["x" * 251 + ".jpg", "x" * 251 + ".png", "夜" * 83 + "é.jpg"]
    naming = name_outputs("/in", [f"/in/{name}" for name in names], ".webp")
    made = [naming.output(f"/in/{name}") for name in names]
    assert len(set(made)) == 3 and all(len(os.fsencode(name)) <= 255 and name.endswith(".webp") for name in made)


def test_the_part_of_a_long_name_fits_the_disk(tmp_path):
    name = "x" * 251 + ".png"
    write_whole(tmp_path / name, b"data")
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert is_part(part_of(tmp_path / name).name)

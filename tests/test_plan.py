"""Which pictures, under which names, and which of them still."""

import pytest
from onnx_segmentation.batch.inputs import find_pictures
from onnx_segmentation.batch.naming import name_outputs
from onnx_segmentation.batch.plan import finished_outputs, make_plan
from onnx_segmentation.batch.whole_files import PART
from onnx_segmentation.errors import InputsError


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


def test_finished_are_left_out_and_leftovers_removed(photos):
    out = photos.parent / "out"
    (out / "a").mkdir(parents=True)
    (out / "a" / "1.png").write_bytes(b"whole")
    (out / "a" / "2.png").write_bytes(b"")  # a disk that was full, or power lost
    leftover = out / "a" / f".2.png{PART}"
    leftover.write_bytes(b"half")
    plan = make_plan(find_pictures([str(photos)], out), out.as_posix(), ".png")
    rest = plan.without(finished_outputs(out, plan.folders()))
    assert [rest.naming.output(path) for path in rest.todo] == ["a/2.png", "a/deep/1.png", "b/1.png"]
    assert rest.finished == 1
    assert not leftover.exists()

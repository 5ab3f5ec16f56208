"""Folders that are not what their names say: no original is ever replaced, and no cut-out cut out again."""

import errno
import os
import socket

import pytest
from onnx_segmentation.batch.inputs import find_pictures
from onnx_segmentation.batch.originals import protect_originals
from onnx_segmentation.batch.plan import make_plan
from onnx_segmentation.batch.stores import LocalStore
from onnx_segmentation.batch.whole_files import PART, write_whole
from onnx_segmentation.commands import main
from onnx_segmentation.errors import InputsError, PictureError
from onnx_segmentation.pictures import file_kind, read
from onnx_segmentation.pictures.read import read_picture
from PIL import Image
from support import make_red_model

posix = pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    (folder / "deep").mkdir(parents=True)
    for name in ("a.png", "b.jpg", "deep/c.jpg"):
        Image.new("RGB", (8, 8), "red").save(folder / name)
    return folder


def plan(inputs, output):
    found = find_pictures([str(name) for name in inputs], output)
    made = make_plan(found, output.as_posix(), ".png")
    protect_originals(found, made.naming, output)
    return made


def link(tmp_path, target):
    (tmp_path / "out").symlink_to(target, target_is_directory=True)
    return tmp_path / "out"


@posix
@pytest.mark.parametrize("more", [[], ["--overwrite"]])
def test_an_output_that_is_a_link_to_the_pictures(photos, tmp_path, capsys, more):
    before = {file: file.read_bytes() for file in photos.rglob("*.*")}
    out = link(tmp_path, photos)
    model = ["--model", str(make_red_model(tmp_path / "red.onnx"))]
    assert main(["cutout", str(photos), "--output", str(out), *model, *more]) == 2
    assert "give another folder as output" in capsys.readouterr().err
    assert {file: file.read_bytes() for file in photos.rglob("*.*")} == before


@posix
@pytest.mark.parametrize("pattern", ["", "*.jpg", "**/*.jpg"])
def test_the_same_folder_is_refused_before_the_first_run(photos, pattern):
    """Else run 2 would cut the cut-outs."""
    (photos / "a.png").unlink()
    with pytest.raises(InputsError, match=r"lies? (among|in).* give another folder as output"):
        plan([photos / pattern], photos)


@posix
def test_results_that_land_in_a_folder_of_pictures(photos, tmp_path):
    (photos / "more").mkdir()
    Image.new("RGB", (8, 8)).save(photos / "more" / "d.jpg")
    with pytest.raises(InputsError, match=r"would lie among the pictures of .*/photos/"):
        plan([photos / "deep", photos / "more"], photos)  # photos/deep/c.png
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "deep").symlink_to(photos / "deep")
    with pytest.raises(InputsError, match=r"would lie among the pictures of .*/photos/deep"):
        plan([photos], tmp_path / "other")


@posix
def test_results_inside_the_pictures_under_another_name_are_left_out(photos, tmp_path):
    (photos / "results").mkdir()
    Image.new("RGB", (8, 8)).save(photos / "results" / "a.png")
    out = link(tmp_path, photos / "results")
    for inputs in ([photos], [photos / "**" / "*.*"]):
        made = plan(inputs, out)
        assert sorted(map(made.naming.output, made.todo)) == ["a.png", "b.png", "deep/c.png"]


@posix
@pytest.mark.parametrize("kind", ["hard", "soft"])
def test_a_result_s_name_that_is_a_link_to_a_picture(photos, tmp_path, kind):
    out = tmp_path / "results"
    out.mkdir()
    make = os.link if kind == "hard" else os.symlink
    make(photos / "a.png", out / "b.png")  # of another picture than the one whose result it would be
    with pytest.raises(InputsError, match=r"a\.png would be replaced by a cut-out, or is one: .* result b\.png"):
        plan([photos], out)


@posix
def test_a_picture_that_is_a_link_into_the_results(photos, tmp_path):
    out = tmp_path / "results"
    out.mkdir()
    (photos / "b.jpg").rename(out / "a.png")
    (photos / "b.jpg").symlink_to(out / "a.png")
    with pytest.raises(InputsError, match=r"b\.jpg would be replaced"):
        plan([photos], out)


def test_another_spelling_on_a_disk_that_takes_both_for_one(photos, monkeypatch):
    """As Windows and macOS do: photos/A.PNG is found for photos/a.png."""
    (photos / "a.png").rename(photos / "A.PNG")
    real = os.stat

    def stat(path, *rest, **named):
        path = os.fspath(path)
        return real(path.replace("/A.png", "/A.PNG"), *rest, **named)

    monkeypatch.setattr(file_kind.os, "stat", stat)
    with pytest.raises(InputsError, match=r"A\.PNG would be replaced"):
        plan([photos / "A.PNG"], photos)


def test_one_by_one_into_their_own_folder_again_and_again(photos):
    """`cutout b.jpg --output .` may be repeated; `cutout * --output .`, which takes its own results in, may not."""
    for _ in range(2):
        made = plan([photos / "b.jpg"], photos)
        assert made.naming.output(made.todo[0]) == "b.png"
        (photos / "b.png").write_bytes(b"a result")
    with pytest.raises(InputsError, match=r"b\.png would be replaced by a cut-out, or is one"):
        plan([photos / "b.jpg", photos / "b.png"], photos)


@pytest.fixture
def special(photos, monkeypatch):
    os.mkfifo(photos / "fifo.jpg")
    (photos / "zero.jpg").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listening:
        monkeypatch.chdir(photos)  # a socket's path is short
        listening.bind("socket.jpg")
    return photos


@posix
@pytest.mark.parametrize("pattern", ["", "*.jpg"])
def test_what_may_never_end_is_left_out_and_said(special, tmp_path, caplog, pattern):
    made = plan([special / pattern], tmp_path / "out")
    assert not [path for path in made.todo if "fifo" in path or "zero" in path or "socket" in path]
    for name, kind in (("fifo", "a FIFO"), ("zero", "a device"), ("socket", "a socket")):
        assert f"{name}.jpg left out: it is {kind}, not a file" in caplog.text


@posix
@pytest.mark.parametrize(("name", "kind"), [("fifo", "a FIFO"), ("zero", "a device"), ("socket", "a socket")])
def test_what_may_never_end_is_refused_by_name(special, tmp_path, name, kind):
    with pytest.raises(InputsError, match=f"is {kind}, which may be read without end"):
        plan([special / f"{name}.jpg"], tmp_path / "out")
    with pytest.raises(PictureError, match=f"is {kind}"):
        read_picture(special / f"{name}.jpg")


def test_a_large_file_that_is_no_picture_is_not_read_whole(tmp_path, monkeypatch):
    huge = tmp_path / "huge.png"
    with huge.open("wb") as file:
        file.truncate(1 << 40)
    for name in ("read_bytes", "read_text"):
        monkeypatch.setattr(read.Path, name, None)
    with pytest.raises(PictureError, match="no kind of picture"):
        read_picture(huge)


def test_whatever_has_the_name_of_a_result_and_is_no_file_stays(tmp_path):
    (tmp_path / "a.png").mkdir()
    with pytest.raises(FileExistsError, match="is a folder"):
        write_whole(tmp_path / "a.png", b"x")
    assert (tmp_path / "a.png").is_dir()


@posix
def test_parts_are_never_written_through_links(tmp_path):
    (tmp_path / "mine.txt").write_bytes(b"mine")
    (tmp_path / f".a.png{PART}").symlink_to(tmp_path / "mine.txt")
    write_whole(tmp_path / "a.png", b"result")
    assert (tmp_path / "a.png").read_bytes() == b"result" and (tmp_path / "mine.txt").read_bytes() == b"mine"


def test_a_disk_that_is_full_keeps_no_part(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(type(tmp_path), "replace", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(tmp_path / "a.png", b"x")
    assert not list(tmp_path.iterdir())


def test_only_parts_of_ours_are_removed(tmp_path):
    kept = [tmp_path / f"film{PART}", tmp_path / f".folder{PART}" / "a.txt", tmp_path / "b.part"]
    for file in kept:
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"mine")
    (tmp_path / f".a.png{PART}").write_bytes(b"half")
    LocalStore(tmp_path).stamps([""])
    assert all(file.exists() for file in kept) and not (tmp_path / f".a.png{PART}").exists()

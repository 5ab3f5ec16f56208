"""ComfyUI's folders of ONNX models beside packs that change them, and for the wheel that another pack uses."""

import re
import sys
from pathlib import Path

import pytest
from onnx_segmentation.simple import load_session, obtain_named
from support import make_red_model


@pytest.fixture
def folders(host, loaded):
    """ComfyUI's own table, with a folder of the user's extra_model_paths.yaml that we saw when we were loaded."""
    import folder_paths

    table = folder_paths.folder_names_and_paths
    before = list(table["onnx"][0]), table["onnx"][1]
    kept = loaded("sessions.downloads.comfyui_folders")._seen
    elsewhere = host.folder.parent.parent / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    folder_paths.add_model_folder_path("onnx", str(elsewhere))
    loaded("nodes.host").register_model_folder()
    make_red_model(host.folder / "ours.onnx")
    make_red_model(elsewhere / "users.onnx")
    yield table
    table["onnx"] = before
    kept.clear()


def listed(host):
    return host.nodes["ImageSegmentationAuto"].INPUT_TYPES()["required"]["model"][0]


@pytest.mark.parametrize("extensions", [{".onnx"}, {".pt"}, set(), [".onnx"]], ids=str)
def test_a_pack_that_assigns_the_key_after_us_takes_nothing_away(host, folders, tmp_path, extensions):
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    make_red_model(theirs / "theirs.onnx")
    assert listed(host) == ["ours.onnx", "users.onnx"]
    folders["onnx"] = ([str(theirs)], extensions)
    assert listed(host) == ["ours.onnx", "theirs.onnx", "users.onnx"]
    assert set(extensions) <= set(folders["onnx"][1])
    host.run("ImageSegmentationDiagnostics", model="users.onnx")


def test_the_key_may_be_gone(host, folders):
    del folders["onnx"]
    assert listed(host) == ["ours.onnx", "users.onnx"]


def test_a_list_that_comfyui_keeps_is_made_anew(host, folders):
    """The same folders, and another extension: ComfyUI looks at the folders alone."""
    import folder_paths

    folders["onnx"] = (folders["onnx"][0], {".pt"})
    assert folder_paths.get_filename_list("onnx") == []
    assert listed(host) == ["ours.onnx", "users.onnx"]


def test_nothing_is_assigned_where_nothing_is_lost(host, folders):
    before = folders["onnx"]
    listed(host)
    assert folders["onnx"] is before


def test_the_wheel_inside_comfyui_takes_comfyuis_files(host, folders, tmp_path, monkeypatch):
    """Another pack imports `onnx_segmentation`: no second copy of a model is downloaded beside ComfyUI's."""
    monkeypatch.setenv("ONNX_SEGMENTATION_MODELS", str(tmp_path / "own"))
    assert obtain_named("users.onnx") == Path(folders["onnx"][0][1]) / "users.onnx"
    assert load_session("ours.onnx").path == host.folder / "ours.onnx"


def test_the_wheel_inside_comfyui_downloads_to_comfyuis_folder(online, host, tmp_path, monkeypatch):
    from onnx_segmentation.errors import ChecksumError

    monkeypatch.setenv("ONNX_SEGMENTATION_MODELS", str(tmp_path / "own"))
    (host.folder / "silueta.onnx").write_bytes(b"another file")
    with pytest.raises(ChecksumError, match=re.escape(str(host.folder))):
        obtain_named("silueta")
    assert not (tmp_path / "own").exists()


def test_outside_comfyui_there_are_no_such_folders(monkeypatch):
    from onnx_segmentation.sessions.downloads.comfyui_folders import inside_comfyui, model_folders

    monkeypatch.delitem(sys.modules, "folder_paths", raising=False)
    assert not inside_comfyui() and model_folders() == []

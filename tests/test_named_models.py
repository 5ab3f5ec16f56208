"""Models picked by name: the list, old graphs, downloads in the node, rembg's own sessions. Runs in either host."""

import hashlib
import json
import sys
import types
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from hosts import Cancelled, Failed
from onnx_segmentation.nodes.named import OLD_NAMES
from onnx_segmentation.sessions import rembg_session
from onnx_segmentation.sessions.recipes.catalog import catalog, find_model
from support import ROOT, make_red_model

PLAIN = {"alpha_matting": "false"}
ALLOR = ROOT / "tests" / "data" / "allor.json"


@pytest.fixture
def any_file(monkeypatch):
    """Stand-ins are used although their checksums are other ones."""
    monkeypatch.setenv("MODEL_CHECKSUM_DISABLED", "1")


@pytest.fixture
def tiny_u2netp(online, loaded, monkeypatch):
    """The catalogue expects of u2netp what the server on loopback sends."""
    module = loaded("sessions.recipes.catalog")
    known = dict(module.catalog())
    known["u2netp"] = replace(known["u2netp"], checksum=f"md5:{hashlib.md5(online.content).hexdigest()}")
    monkeypatch.setattr(module, "catalog", lambda: known)


def combo(host):
    return host.nodes["ImageSegmentation"].INPUT_TYPES()["required"]["model"]


def stand_in(folder, name):
    """A file of the name and input of a named model, whose mask is the red channel."""
    model = find_model(name)
    size = model.recipe.container
    shape = (1, 3, "h", "w") if model.recipe.fit == "keep_aspect" else (1, 3, size.height, size.width)
    return make_red_model(folder / model.file, shape)


def test_every_name_is_listed_the_old_ones_first(host):
    names, options = combo(host)
    assert names[:9] == OLD_NAMES
    assert {name for name in names if not name.startswith("rembg:")} == set(OLD_NAMES) | set(catalog())
    assert options["default"] == "u2netp" and len(set(names)) == len(names)
    assert len(options["tooltip"].splitlines()) == 3


def test_listing_costs_no_network_and_no_import(host, monkeypatch):
    for name in ("requests", "rembg"):
        if not (name == "rembg" and name in sys.modules):  # an earlier test may have run it
            monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delenv("ONNX_SEGMENTATION_OFFLINE")
    for node in host.nodes.values():
        node.INPUT_TYPES()


@pytest.mark.parametrize("name", OLD_NAMES)
def test_graphs_of_the_older_pack_run(host, photo, any_file, name):
    """As Allor saved them: widget values by position, seven inputs."""
    stand_in(host.folder, name)
    graph = json.loads(ALLOR.read_text())
    node = next(node for node in graph["nodes"] if node["type"] == "ImageSegmentation")
    values = [name, *node["widgets_values"][1:]]
    required = host.nodes["ImageSegmentation"].INPUT_TYPES()["required"]
    assert [entry["name"] for entry in node["inputs"]] == ["images"] and len(required) == 1 + len(values)
    rgba, mask = host.run("ImageSegmentation", images=photo, **dict(zip(list(required)[1:], values, strict=True)))
    assert rgba.shape == (1, 100, 120, 4) and mask.shape == (1, 100, 120)
    assert torch.equal(rgba[..., 3], mask) and mask.max() > 0.9 > 0.1 > mask.min()


def test_a_file_of_rembgs_own_folder_is_used(host, homes, photo, any_file):
    stand_in(host.folder, "silueta")
    expected = host.run("ImageSegmentation", model="silueta", images=photo, **PLAIN)
    theirs = homes / ".rembg" / "models" / "silueta" / "silueta.onnx"
    theirs.parent.mkdir(parents=True)
    (host.folder / "silueta.onnx").rename(theirs)
    found = host.run("ImageSegmentation", model="silueta", images=photo, **PLAIN)
    assert torch.equal(found[0], expected[0])


def test_a_file_of_models_rembg_and_of_a_subfolder(host, photo, any_file):
    stand_in(host.folder.parent / "rembg", "u2net")
    host.run("ImageSegmentation", model="u2net", images=photo, **PLAIN)
    (host.folder.parent / "rembg" / "u2net.onnx").unlink()
    stand_in(host.folder / "people", "modnet-w")
    host.run("ImageSegmentation", model="modnet-w", images=photo, **PLAIN)


def test_a_missing_file_is_downloaded_and_kept(host, tiny_u2netp, photo, online):
    first = host.run("ImageSegmentation", model="u2netp", images=photo, **PLAIN)
    assert online.requests == {"/u2netp.onnx": 1}
    assert (host.folder / "u2netp.onnx").read_bytes() == online.content
    online.behaviour = "missing"
    second = host.run("ImageSegmentation", model="u2netp", images=photo * 1.0, **PLAIN)
    assert torch.equal(first[0], second[0]) and online.requests.total() == 1


def test_a_download_is_cancelled_and_tried_again(host, tiny_u2netp, photo, online):
    online.behaviour = "drip"
    with pytest.raises(Cancelled):
        host.run("ImageSegmentation", model="u2netp", images=photo, cancel_after=0, **PLAIN)
    assert list(host.folder.iterdir()) == []
    online.behaviour = "good"
    assert host.run("ImageSegmentation", model="u2netp", images=photo, **PLAIN)[1].shape == (1, 100, 120)


def test_offline_says_which_file_to_put_where(host, photo):
    said = rf"DownloadError: u2netp cannot .*OFFLINE is set.* save it as .*{host.folder.name}.u2netp\.onnx"
    with pytest.raises(Failed, match=said):
        host.run("ImageSegmentation", model="u2netp", images=photo, **PLAIN)


def test_a_model_that_the_user_brings_says_where_it_is_from(host, photo):
    said = r"ModelNotFoundError: modnet-photographic .* get modnet_photographic_portrait_matting\.onnx from https://"
    with pytest.raises(Failed, match=said):
        host.run("ImageSegmentation", model="modnet-p", images=photo, **PLAIN)


def test_a_wrong_file_is_refused(host, photo):
    stand_in(host.folder, "u2net")
    with pytest.raises(Failed, match=r"ChecksumError: .*is not the u2net of the catalogue"):
        host.run("ImageSegmentation", model="u2net", images=photo, **PLAIN)


def test_a_licence_is_told_at_first_use(host, loaded, photo, any_file, caplog, monkeypatch):
    monkeypatch.setattr(loaded("sessions.downloads.files"), "_told", set())
    stand_in(host.folder, "bria-rmbg")
    host.run("ImageSegmentation", model="bria-rmbg", images=photo, **PLAIN)
    assert "bria-rmbg: licence of the weights is CC BY-NC 4.0: not for commercial use" in caplog.text


@pytest.mark.parametrize("name", ["isnetis", "u2net_cloth_seg", "birefnet-general-lite", "u2netp"])
def test_the_trainers_recipe_can_be_chosen(host, photo, any_file, name):
    model = find_model(name)
    stand_in(host.folder, name)
    settings = {"images": photo, **PLAIN}
    results = {}
    for source in ("rembg", "trainer"):
        results[source] = host.run("ImageSegmentation", model=name, recipe_source=source, **settings)
        handed = host.run("ImageSegmentation", model=name, recipe=model.recipe_of(source), **settings)
        assert torch.equal(results[source][1], handed[1])
    assert torch.equal(results["rembg"][1], results["trainer"][1]) == (model.trainer_recipe is None)


class FakeRembg:
    """A session of rembg's form: two masks of one picture."""

    def __init__(self, name, options, *args, **kwargs):
        self.options, self.kwargs = options, kwargs

    def predict(self, img):
        from PIL import Image

        levels = np.array(img)
        return [Image.fromarray(levels[..., channel]) for channel in (0, 1)]

    @classmethod
    def name(cls):
        return "sam"


@pytest.fixture
def fake_rembg(loaded, monkeypatch):
    """Its sessions module alone; nothing of the real one is run."""
    sessions = types.ModuleType("rembg.sessions")
    sessions.sessions_class = [FakeRembg]
    monkeypatch.setitem(sys.modules, "rembg", types.ModuleType("rembg"))
    monkeypatch.setitem(sys.modules, "rembg.sessions", sessions)
    monkeypatch.setattr(loaded("sessions.rembg_session"), "rembg_names", lambda: ("sam", "another"))
    monkeypatch.delenv("ONNX_SEGMENTATION_OFFLINE")


def test_rembgs_own_session_goes_through_the_same_pipeline(host, fake_rembg, photo, caplog):
    batch = torch.cat([photo, photo.flip(2)])
    settings = {"model": "rembg:sam", "images": batch, **PLAIN, "edge_colours": "photo"}
    rgba, mask = host.run("ImageSegmentation", **settings)
    assert torch.equal(mask, batch[..., :2].amax(-1)) and torch.equal(rgba[..., :3], batch)
    _, clean = host.run("ImageSegmentation", **settings, post_process_mask="true")
    assert set(clean.unique().tolist()) == {0.0, 1.0}
    assert "do not count" not in caplog.text
    _, same = host.run("ImageSegmentation", **settings, decoding="sigmoid")
    assert torch.equal(same, mask) and "rembg:sam is run by rembg: recipe and decoding do not count" in caplog.text


def test_rembg_is_not_reached_without_onnxruntime(host, loaded, fake_rembg, photo, monkeypatch):
    """Importing rembg ends the process where onnxruntime is missing."""
    for name in ("rembg", "rembg.sessions"):
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    runtime = loaded("sessions.runtime.library")
    runtime.load_onnxruntime.cache_clear()
    try:
        with pytest.raises(Failed, match="RuntimeMissingError"):
            host.run("ImageSegmentation", model="rembg:another", images=photo, **PLAIN)
    finally:
        runtime.load_onnxruntime.cache_clear()


@pytest.mark.skipif(not find_spec("rembg"), reason="rembg is not installed")
def test_names_of_rembg_without_its_import(host):
    """In a process of its own: names from rembg's source, neither cloud sessions nor those that need a path."""
    import subprocess

    code = (
        "import sys; sys.path.insert(0, 'tools'); from pack import load_pack; load_pack();"
        "from onnx_segmentation.sessions.rembg_session import rembg_names; print(' '.join(rembg_names()));"
        "assert 'rembg' not in sys.modules and 'onnxruntime' not in sys.modules"
    )
    names = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    found = set(names.stdout.split())
    assert "sam" in found and not found & {"withoutbg", "atlascloud", "u2net_custom", "u2net", "bria-rmbg"}


def test_cloud_sessions_are_known_by_what_they_import(tmp_path):
    cloud = tmp_path / "cloud.py"
    source = "class A:\n    def name(cls):\n        return 'a'\n"
    for head, listed in (("import numpy\n", ["a"]), ("from urllib import request\n", []), ("import requests\n", [])):
        cloud.write_text(head + source)
        assert list(rembg_session._names(cloud)) == listed
    for more, value in (("is_local", False), ("requires_credentials", True)):
        cloud.write_text(f"{source}    def {more}(cls):\n        return {value}\n")
        assert list(rembg_session._names(cloud)) == []
    cloud.write_text("class {")
    assert list(rembg_session._names(cloud)) == []


def test_cloud_sessions_are_refused_when_asked_for(fake_rembg, monkeypatch):
    from onnx_segmentation.errors import RembgError

    monkeypatch.setattr(FakeRembg, "is_local", staticmethod(lambda: False), raising=False)
    with pytest.raises(RembgError, match="sends pictures to a server"):
        rembg_session.RembgSession("sam")
    with pytest.raises(RembgError, match="no session 'future'"):
        rembg_session.RembgSession("future")

"""How many widgets a node shows before somebody asks for the others, and what is said of models in their list."""

import re

import pytest
import torch
from fake_comfyui import defaults
from hosts import Failed
from support import ROOT, make_red_model

import locales

MOST = {"ImageSegmentationCustomAdvanced": 13, "ImageSegmentationRecipe": 12}
PAGES_OWN = {"ImageSegmentationCustomAdvanced": 2, "ImageSegmentationCustom": 1}  # preset, read from model
SCRIPTS = sorted((ROOT / "web").glob("*.js"))
WIDGETS = ("INT", "FLOAT", "STRING", "BOOLEAN")
SAID = re.compile(r'\bsay\("(\w+)"|\bsay\(\w+ === "\w+" \? "(\w+)" : "(\w+)"')


def seen(node):
    types = node.INPUT_TYPES()
    declared = types.get("required", {}) | types.get("optional", {})
    widgets = [
        (name, options) for name, (kind, options) in declared.items() if isinstance(kind, list) or kind in WIDGETS
    ]
    return [name for name, options in widgets if not options.get("advanced")]


def test_few_widgets_are_seen_at_first(host):
    for node_id, node in host.nodes.items():
        assert len(seen(node)) + PAGES_OWN.get(node_id, 0) <= MOST.get(node_id, 8), (node_id, seen(node))
    assert {"model", "alpha_matting"} <= set(seen(host.nodes["ImageSegmentation"]))


@pytest.mark.parametrize("name", ["ImageSegmentation", "ImageSegmentationCustom", "ImageSegmentationCustomAdvanced"])
def test_a_new_node_asks_for_confidence_and_an_older_graph_does_not(host, asked, name):
    node, required = host.nodes[name], host.nodes[name].INPUT_TYPES()["required"]
    assert defaults(node)["min_confidence"] == 0.5
    older = {key: value for key, value in defaults(node).items() if key in required}
    node().execute(**older | {"images": torch.zeros(1, 8, 8, 3)})
    assert next(call for call in asked if len(call) == 4)[3].min_confidence == 0


def test_the_scripts_say_what_is_translated():
    said = {
        word for path in SCRIPTS for groups in SAID.findall(path.read_text(encoding="utf-8")) for word in groups if word
    }
    said |= {"cutout", "mask", "trimap"}  # by the pictures' names
    said |= {"installed", "downloaded", "brought"}  # by a model's state
    assert said == set(locales.PAGE)


def test_settings_are_those_of_the_script():
    script = (ROOT / "web" / "onnx_segmentation_preview.js").read_text(encoding="utf-8")
    assert f'"{locales.PREVIEW.replace("_", ".")}"' in script
    for text in locales.SETTINGS[locales.PREVIEW].values():
        assert f'"{text}"' in script


def test_what_the_list_says_of_models(host, loaded, monkeypatch):
    routes = loaded("nodes.routes")
    make_red_model(host.folder / "own.onnx")
    (host.folder / "u2netp.onnx").write_bytes(b"x" * 4_574_861)
    status, body = routes.models_answer({})
    models = body["models"]
    assert status == 200
    assert models["u2netp"] == models["u2netp.onnx"] == {"size": "4.6 MB", "state": "installed", "commercial": True}
    assert models["bria-rmbg"] == {"size": "1 GB", "state": "", "commercial": False}
    assert models["ben2"]["state"] == "brought"
    assert models["own.onnx"]["state"] == ""
    assert "isnetis" in body["aliases"] and "isnet-anime" not in body["aliases"]


def test_the_usual_model_is_offered_until_it_is_there(host, online):
    for name in ("ImageSegmentationAuto", "ImageSegmentationCustomAdvanced", "ImageSegmentationModelLoader"):
        assert host.nodes[name].INPUT_TYPES()["required"]["model"][0] == ["u2netp.onnx"]
    (host.folder / "u2netp.onnx").write_bytes(b"")
    assert host.nodes["ImageSegmentationAuto"].INPUT_TYPES()["required"]["model"][0] == ["u2netp.onnx"]


def test_offline_nothing_is_offered(host):
    assert host.nodes["ImageSegmentationAuto"].INPUT_TYPES()["required"]["model"][0] == []


@pytest.mark.parametrize("name", ["ImageSegmentationModelLoader", "ImageSegmentationDiagnostics"])
def test_it_is_downloaded_when_it_is_run(host, online, name):
    with pytest.raises(Failed, match="u2netp cannot be downloaded: what came is another file"):  # the mirror's is
        host.run(name, model="u2netp.onnx")


def test_people_find_the_nodes(host):
    for name in ("remove bg", "birefnet", "isnet", "matte", "cutout", "mask"):
        assert name in host.nodes["ImageSegmentation"].SEARCH_ALIASES
        assert name in host.nodes["ImageSegmentationAuto"].SEARCH_ALIASES

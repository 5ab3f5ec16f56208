"""Example graphs and the blueprint: nodes that exist, sockets that fit, values that are allowed, a picture each."""

import json

import pytest
from PIL import Image
from stamp_graphs import stamp
from support import ROOT, make_red_model

EXAMPLES = sorted((ROOT / "example_workflows").glob("*.json"))
BLUEPRINTS = sorted((ROOT / "subgraphs").glob("*.json"))
# ComfyUI's own nodes that the graphs use, alike in 0.3.64 and 0.18.1; test_real_server.py holds it against a tree.
CORE = json.loads((ROOT / "tests" / "data" / "core_nodes.json").read_text())
WIDGETS = ("INT", "FLOAT", "STRING", "BOOLEAN")
NOTE = "MarkdownNote"
TITLE, PREVIEW = 30, 250
PREVIEWED = {f"ImageSegmentation{name}" for name in ("", "Custom", "CustomAdvanced", "Auto", "Apply")}
OUTSIDE = (-10, -20)  # a blueprint's own inputs and outputs


@pytest.fixture
def declared(host):
    """{node: (inputs, names of the required ones, types of the outputs)} of all nodes that graphs may use."""
    make_red_model(host.folder / "u2netp.onnx")
    types = {name: (node.INPUT_TYPES(), node.RETURN_TYPES) for name, node in host.nodes.items()}
    types |= {name: (entry["input"], entry["output"]) for name, entry in CORE.items()}
    return {name: (everything(inputs), set(inputs["required"]), outputs) for name, (inputs, outputs) in types.items()}


def everything(inputs):
    declarations = inputs["required"] | inputs.get("optional", {})
    return {name: (kind, options[0] if options else {}) for name, (kind, *options) in declarations.items()}


def read(path):
    """The nodes and the links (id, from, slot, to, slot, type) of an example, or of a blueprint's inside."""
    graph = json.loads(path.read_text(encoding="utf-8"))
    if path in EXAMPLES:
        return [node for node in graph["nodes"] if node["type"] != NOTE], graph["links"]
    (inside,) = graph["definitions"]["subgraphs"]
    names = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
    return inside["nodes"], [[link[name] for name in names] for link in inside["links"]]


def test_all_are_there():
    names = {path.stem for path in EXAMPLES}
    assert [name.split()[0] for name in sorted(names)] == ["1", "2", "3", "4", "5", "6"]
    assert len(BLUEPRINTS) == 1


@pytest.mark.parametrize("path", EXAMPLES + BLUEPRINTS, ids=lambda path: path.stem)
def test_widgets_hold_what_they_accept(path, declared):
    """Saved graphs store widget values by position."""
    for node in read(path)[0]:
        inputs, _, _ = declared[node["type"]]
        values = iter(node["widgets_values"])
        for name, (kind, options) in inputs.items():
            if isinstance(kind, list) or kind in WIDGETS:
                check_value(next(values), kind, options, f"{node['type']}.{name}")
            if "image_upload" in options or "video_upload" in options:
                assert next(values) == "image"  # the button
        assert list(values) == []


@pytest.mark.parametrize("path", EXAMPLES + BLUEPRINTS, ids=lambda path: path.stem)
def test_a_reader_who_lacks_our_nodes_is_led_to_this_pack(path):
    """Allor has nodes of the same names."""
    ours = [node["properties"] for node in read(path)[0] if node["type"].startswith("ImageSegmentation")]
    assert ours, path.stem
    assert all(properties | stamp() == properties for properties in ours), "python -m tools.stamp_graphs writes it"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_preview_after_a_run_covers_no_other_node(path):
    """It makes a node that loads a model PREVIEW pixels taller."""
    nodes = json.loads(path.read_text(encoding="utf-8"))["nodes"]
    boxes = [(*node["pos"], *node["size"]) for node in nodes]
    for node, (x, y, width, height) in zip(nodes, boxes, strict=True):
        height += PREVIEW if node["type"] in PREVIEWED else 0
        for other in boxes:
            apart = x + width <= other[0] or other[0] + other[2] <= x or y + height <= other[1] - TITLE
            assert apart or other[1] + other[3] + TITLE <= y or other[:2] == (x, y), (node["type"], other)


def check_value(value, kind, options, name):
    if isinstance(kind, list):
        assert value in kind or not kind, name  # an empty list is one of the user's own files
    elif kind in ("INT", "FLOAT"):
        assert options.get("min", value) <= value <= options.get("max", value), name
    else:
        assert isinstance(value, {"STRING": str, "BOOLEAN": bool}[kind]), name


@pytest.mark.parametrize("path", EXAMPLES + BLUEPRINTS, ids=lambda path: path.stem)
def test_links_join_sockets_of_one_type(path, declared):
    nodes, links = read(path)
    by_id = {node["id"]: node for node in nodes}
    for number, origin, slot, target, socket, kind in links:
        if origin not in OUTSIDE:
            assert declared[by_id[origin]["type"]][2][slot] == kind
            assert number in by_id[origin]["outputs"][slot]["links"]
        if target not in OUTSIDE:
            entry = by_id[target]["inputs"][socket]
            wanted = declared[by_id[target]["type"]][0][entry["name"]][0]
            assert wanted in (kind, "*") and entry["link"] == number


@pytest.mark.parametrize("path", EXAMPLES + BLUEPRINTS, ids=lambda path: path.stem)
def test_every_required_socket_is_linked(path, declared):
    nodes, links = read(path)
    for node in nodes:
        inputs, required, _ = declared[node["type"]]
        linked = {node["inputs"][socket]["name"] for _, _, _, target, socket, _ in links if target == node["id"]}
        sockets = {
            name for name in required if not isinstance(inputs[name][0], list) and inputs[name][0] not in WIDGETS
        }
        assert sockets <= linked <= set(inputs)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_templates_dialog_has_a_picture(path):
    picture = path.with_suffix(".jpg")
    assert picture.stat().st_size < 60_000
    with Image.open(picture) as opened:
        assert opened.format == "JPEG" and opened.width == opened.height


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_it_runs_on_a_fresh_machine(path):
    """Its files are ours, which the page puts into the input folder, and its model is one that is downloaded."""
    nodes, links = read(path)
    script = (ROOT / "web" / "onnx_segmentation_templates.js").read_text(encoding="utf-8")
    for node in nodes:
        if node["type"].startswith("Load"):
            assert f'"{node["widgets_values"][0]}"' in script
            assert (ROOT / "web" / node["widgets_values"][0]).is_file()
        if node["type"] in PREVIEWED - {"ImageSegmentationApply"} | {"ImageSegmentationModelLoader"}:
            assert node["widgets_values"][0] in ("u2netp", "u2netp.onnx")
    places = {node["id"]: node["pos"][0] for node in nodes}
    assert all(places[origin] <= places[target] for _, origin, _, target, _, _ in links)


@pytest.mark.parametrize("path", BLUEPRINTS, ids=lambda path: path.stem)
def test_the_blueprints_outside_is_its_inside(path, declared):
    graph = json.loads(path.read_text(encoding="utf-8"))
    (inside,), (outside,) = graph["definitions"]["subgraphs"], graph["nodes"]
    assert outside["type"] == inside["id"] and outside["title"] == inside["name"] == path.stem
    for end in ("inputs", "outputs"):
        assert [(e["name"], e["type"]) for e in outside[end]] == [(e["name"], e["type"]) for e in inside[end]]
    by_id = {str(node["id"]): node["type"] for node in inside["nodes"]}
    for node, widget in outside["properties"]["proxyWidgets"]:
        assert widget in declared[by_id[node]][0]

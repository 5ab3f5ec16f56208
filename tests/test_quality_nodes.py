"""The quality widget: what older graphs, new nodes and the command line take, and what the node says of it."""

import numpy as np
import pytest
import torch
from hosts import FakeHost
from onnx_segmentation.commands import main
from PIL import Image
from support import ROOT, make_red_model

REMOVERS = [f"ImageSegmentation{name}" for name in ("", "Custom", "CustomAdvanced", "Auto")]
IMAGES = torch.zeros(1, 8, 8, 3)


@pytest.mark.parametrize("name", REMOVERS)
def test_it_is_the_last_input_and_new_nodes_of_any_file_have_best(host, name):
    declared = host.nodes[name].INPUT_TYPES()["optional"]
    kind, options = declared["quality"]
    assert kind == ["rembg", "fast", "best"] and list(declared)[-1] == "quality"
    assert options["default"] == ("best" if name.endswith("Auto") else "rembg")


@pytest.mark.parametrize("name", REMOVERS)
def test_a_graph_that_lacks_it_keeps_rembg(host, asked, name):
    node = host.nodes[name]
    required = node.INPUT_TYPES()["required"]
    values = {key: options[0].get("default", kind[0]) for key, (kind, *options) in required.items() if key != "images"}
    values["model"] = "u2netp" if name == "ImageSegmentation" else "red.onnx"
    node().execute(images=IMAGES, **values)
    assert next(call for call in asked if len(call) == 4 and call[0] == 1)[3].quality == "rembg"


def test_the_page_gives_an_older_graph_rembg():
    """A page fills in the declared default for values that a graph lacks; the script puts that right."""
    script = (ROOT / "web" / "onnx_segmentation_quality.js").read_text(encoding="utf-8")
    assert 'NEW_DEFAULT = "ImageSegmentationAuto"' in script and 'widget.value = "rembg"' in script


@pytest.mark.parametrize("quality", ["rembg", "fast", "best"])
def test_the_node_says_what_ran_and_what_does_not_count(host, loaded, red, monkeypatch, quality):
    if not isinstance(host, FakeHost):
        pytest.skip("what the node says is noted inside the fake host")
    said = []
    monkeypatch.setattr(loaded("nodes.host"), "show_text", lambda _, text: said.append(text))
    image = torch.zeros(1, 200, 240, 3)
    image[0, 40:80, 50:90, 0] = 1
    host.run("ImageSegmentationCustom", images=image, model=red, size=64, alpha_matting="false", quality=quality)
    assert ("do not count" in said[-1]) == (quality != "rembg")
    assert ("2 runs of the model" in said[-1]) == (quality == "best")


@pytest.mark.parametrize(
    ("option", "refused"),
    [("--quality=good", "rembg, fast, best"), ("--quality=0", "1 to 100"), ("--file-quality=101", "1 to 100")],
)
def test_the_command_refuses(tmp_path, capsys, option, refused):
    with pytest.raises(SystemExit):
        main(["cutout", str(tmp_path), "--output", str(tmp_path / "out"), "--model", "u2netp", option])
    assert refused in capsys.readouterr().err


def test_the_command_takes_a_word_for_the_cut_out_and_a_number_for_the_file(tmp_path):
    model = make_red_model(tmp_path / "red.onnx")
    rgb = np.zeros((90, 120, 3), np.uint8)
    rgb[20:50, 30:70, 0] = 255
    Image.fromarray(rgb).save(tmp_path / "photo.png")
    results = {}
    for name, more in {"plain": (), "best": ("--quality", "best", "--quality", "90")}.items():
        folder = tmp_path / name
        arguments = [str(tmp_path / "photo.png"), "--output", str(folder), "--model", str(model), "--format", "webp"]
        assert main(["cutout", *arguments, "--quiet", "--jobs", "1", *more]) == 0
        results[name] = np.asarray(Image.open(next(folder.glob("*.webp"))))
    assert not np.array_equal(results["plain"][..., 3], results["best"][..., 3])

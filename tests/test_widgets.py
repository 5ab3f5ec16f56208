"""Every input that a node declares reaches the code: moved off its default, it changes what the node asks for."""

from dataclasses import dataclass
from typing import Any

import pytest
import torch

OFF = {"background": "#123456", "decoding": "sigmoid", "output": "mask", "edge_colours": "photo", "classes": "dog"}
NODES = [f"ImageSegmentation{name}" for name in ("", "Custom", "CustomAdvanced", "Auto", "ModelLoader", "Recipe")]
NODES += [f"ImageSegmentation{name}" for name in ("Apply", "AlphaMatting", "Foreground", "Compare", "Diagnostics")]
NODES += ["ImageSegmentationRecipeFinder"]
MODEL = "isnet-anime"  # its trainers' recipe is not rembg's


def inputs_of(node):
    types = node.INPUT_TYPES()
    return {
        name: (kind, options[0] if options else {})
        for group in ("required", "optional")
        for name, (kind, *options) in types.get(group, {}).items()
    }


def usual(host, name, kind, options):
    """What the test sends for an input at first; None to leave it out."""
    if name == "model":
        return MODEL if MODEL in kind else "red.onnx"
    if isinstance(kind, list):
        return options.get("default", kind[0])
    sockets = {"MASK": torch.zeros(1, 8, 8), "IMAGE": torch.zeros(1, 8, 8, 3)}
    if kind == "SEGMENTATION_SESSION":
        return host.run("ImageSegmentationModelLoader", model="red.onnx")[0]
    return sockets.get(kind, options.get("default"))


def moved(host, name, kind, value):
    """Another value that the input accepts."""
    if name == "model":
        return "u2netp" if MODEL in kind else "other.onnx"
    if name in OFF or isinstance(kind, list):
        return OFF.get(name) or kind[(kind.index(value) + 1) % len(kind)]
    if kind == "SEGMENTATION_SESSION":
        return host.run("ImageSegmentationModelLoader", model="other.onnx")[0]
    if kind == "SEGMENTATION_RECIPE":
        return host.run("ImageSegmentationRecipe", width=64, height=64, decoding="none")[0]
    if kind in ("MASK", "IMAGE"):
        return torch.ones(2, *value.shape[1:])
    return not value if kind == "BOOLEAN" else value + 8 if kind == "INT" else 0.25


def observe(node, calls, values):
    """All that can be seen of a run: what it asked for, what it gave, what it holds."""
    calls.clear()
    instance = node()
    outputs = getattr(instance, node.FUNCTION)(**values)
    outputs = [] if isinstance(outputs, dict) else [described(output) for output in outputs]
    return repr((calls, outputs, getattr(instance, "_session", None) is None))


def described(output):
    if isinstance(output, torch.Tensor):
        return output.shape, float(output.sum())
    return (output.path.name, output.recipe) if hasattr(output, "path") else output


def unread(host, name, calls):
    """The declared inputs of a node that change nothing."""
    node = host.nodes[name]
    declared = inputs_of(node)
    values = {key: usual(host, key, *entry) for key, entry in declared.items()}
    values |= dict.fromkeys(node.INPUT_TYPES().get("hidden", {}), "7")
    left_out = {"recipe", "trimap", "transparency"} if name != "ImageSegmentationDiagnostics" else {"images"}
    start = {key: value for key, value in values.items() if key not in left_out}
    before = observe(node, calls, start)
    changes = {key: "8" if key not in declared else moved(host, key, declared[key][0], values[key]) for key in values}
    return [key for key, value in changes.items() if observe(node, calls, start | {key: value}) == before]


def test_all_nodes_are_tried(host):
    assert set(NODES) == set(host.nodes)


@pytest.mark.parametrize("name", NODES)
def test_every_declared_input_reaches_the_code(host, asked, name):
    assert unread(host, name, asked) == []


@pytest.mark.parametrize("name", NODES)
def test_what_older_graphs_lack_has_a_default_and_unknown_names_are_refused(host, asked, name):
    node = host.nodes[name]
    required = {key: usual(host, key, *entry) for key, entry in inputs_of(node).items()}
    required = {key: required[key] for key in node.INPUT_TYPES()["required"]}
    observe(node, asked, required)
    with pytest.raises(TypeError, match="no_such_input"):
        observe(node, asked, required | {"no_such_input": 1})


@pytest.mark.parametrize("name", NODES[:4])
def test_a_required_widget_has_no_default(host, asked, name):
    node = host.nodes[name]
    required = {key: usual(host, key, *inputs_of(node)[key]) for key in node.INPUT_TYPES()["required"]}
    for key in required:
        with pytest.raises(TypeError, match=key):
            observe(node, asked, {other: value for other, value in required.items() if other != key})


def test_a_widget_that_nobody_reads_is_noticed(host, loaded, asked, monkeypatch):
    declare = loaded("nodes.declare")
    module: Any = loaded("nodes.any_model")

    @dataclass(frozen=True, kw_only=True)
    class WithADeadOne(module.AutoWidgets):
        dead: int = declare.optional(0, "INT", "Nobody reads this.")

    monkeypatch.setattr(module, "AutoWidgets", WithADeadOne)
    assert list(host.nodes["ImageSegmentationAuto"].INPUT_TYPES()["optional"])[-1] == "dead"  # new ones come last
    assert unread(host, "ImageSegmentationAuto", asked) == ["dead"]

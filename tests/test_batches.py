"""Frames of one run: together if each is then as it is alone, one at a time otherwise, whatever the file declares."""

import numpy as np
import pytest
import torch
from onnx import TensorProto
from onnx_segmentation.sessions.recipes.container import CustomSessionContainer
from onnx_segmentation.sessions.recipes.recipe import Recipe
from onnx_segmentation.sessions.runtime import loaded
from onnx_segmentation.sessions.runtime.memory import free_bytes
from onnx_segmentation.sessions.session import CustomSession
from support import picture_input, write_model
from zoo import Builder, output

SIDE, COUNT = 16, 3
FREE = ("frames", 3, SIDE, SIDE)
RECIPE = Recipe(CustomSessionContainer((0.0,) * 3, (1.0,) * 3, SIDE, SIDE), scale="255", decoding="none")


def red(graph, tensor="input"):
    return graph.add("Conv", tensor, graph.weight(np.reshape([1.0, 0, 0], (1, 3, 1, 1))))


def together(graph):
    graph.add("Identity", red(graph), out="mask")


def free_by_name_only(graph):
    """A constant inside says one frame."""
    shape = graph.weight([1, 1, SIDE, SIDE], np.int64)
    graph.add("Reshape", red(graph), shape, out="mask")


def only_the_first_comes_out(graph):
    start, stop, axis = (graph.weight([number], np.int64) for number in (0, 1, 0))
    graph.add("Slice", red(graph), start, stop, axis, out="mask")


def normalised_over_the_batch(graph):
    """Divided by the brightest value of all frames."""
    mask = red(graph)
    graph.add("Div", mask, graph.add("ReduceMax", mask, keepdims=1), out="mask")


@pytest.fixture
def runs(monkeypatch):
    """How many frames each run had."""
    counts, run = [], loaded.run_session

    def counted(session, outputs, feeds, options):
        counts.append(len(next(iter(feeds.values()))))
        return run(session, outputs, feeds, options)

    monkeypatch.setattr(loaded, "run_session", counted)
    return counts


def build(path, head):
    graph = Builder()
    head(graph)
    ends = [picture_input(FREE, TensorProto.FLOAT)], [output("mask", ("frames", 1, SIDE, SIDE))]
    return write_model(path, graph.nodes, *ends, graph.weights)


def frames():
    levels = np.random.default_rng(2).integers(0, 256, (COUNT, SIDE, SIDE, 3))
    return torch.from_numpy((levels * np.reshape([0.3, 0.6, 1.0], (COUNT, 1, 1, 1))).astype(np.uint8))


@pytest.mark.parametrize(
    ("head", "first", "later"),
    [
        (together, [1, 3], [3]),
        (free_by_name_only, [1, 3, 1, 1], [1, 1, 1]),
        (only_the_first_comes_out, [1, 3, 1, 1], [1, 1, 1]),
        (normalised_over_the_batch, [1, 3, 1, 1], [1, 1, 1]),
    ],
)
def test_together_or_alone(tmp_path, runs, head, first, later):
    session = CustomSession(build(tmp_path / "model.onnx", head), RECIPE)
    pictures = frames()
    masks = session.segment(pictures).masks
    assert runs == first
    runs.clear()
    assert torch.equal(session.segment(pictures).masks, masks)
    assert runs == later
    alone = [session.segment(picture[None]).masks[0] for picture in pictures]
    assert torch.equal(torch.stack(alone), masks)


def test_frames_go_together_where_memory_is_known(tmp_path):
    pytest.importorskip("psutil")
    session = CustomSession(build(tmp_path / "model.onnx", together), RECIPE)
    assert free_bytes(torch.device("cpu")) > 0
    assert session.frames_at_once(SIDE, SIDE) > 1

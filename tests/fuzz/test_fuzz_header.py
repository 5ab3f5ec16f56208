"""Mutated headers: what `inspect` says of them is facts, or an error of ours in one plain line."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx_segmentation.errors import ModelError
from onnx_segmentation.sessions.onnx_file.header import inspect
from onnx_segmentation.sessions.onnx_file.picture_input import find_picture_input
from test_plain_text import is_plain
from wire import varint

NUMBERS = (0, 1, 2, 5, 2**20, 2**31, 2**32 - 1, 2**33, 2**40, 2**62, 2**63, 2**64 - 1, 2**69)


def small_model(external=False):
    picture = helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, "h", 64])
    mask = helper.make_tensor_value_info("mask", TensorProto.FLOAT, [1, 1, 64, 64])
    weight = numpy_helper.from_array(np.zeros((1, 3, 1, 1), np.float32), "w")
    branch = helper.make_graph([], "branch", [], [helper.make_tensor_value_info("b", TensorProto.FLOAT, [1])], [weight])
    if external:
        weight.ClearField("raw_data")
        weight.data_location = TensorProto.EXTERNAL
        weight.external_data.add(key="location", value="w.bin")
    nodes = [
        helper.make_node("Conv", ["input", "w"], ["c"], dilations=[1, 1]),
        helper.make_node("Constant", [], ["k"], value=weight),
        helper.make_node("If", ["k"], ["i"], then_branch=branch, else_branch=branch),
        helper.make_node("Sigmoid", ["c"], ["s"]),
        helper.make_node("Identity", ["s"], ["mask"]),
    ]
    graph = helper.make_graph(nodes, "tiny", [picture], [mask], [weight])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=opsets, producer_name="p", producer_version="1")
    helper.set_model_props(model, {"onnx_segmentation.recipe": '{"width": 64}', "names": "{0: 'person'}"})
    return model.SerializeToString()


def header_of(path):
    """A real model without its weights."""
    model = onnx.load(path)
    for tensor in model.graph.initializer:
        tensor.ClearField("raw_data")
        tensor.ClearField("float_data")
    return model.SerializeToString()


def flip_bit(data, rng, place):
    data[place] ^= 1 << rng.randrange(8)


def other_byte(data, rng, place):
    data[place] = rng.randrange(256)


def leave_out(data, rng, place):
    del data[place : place + rng.choice((1, 2, 8, 100))]


def put_in_noise(data, rng, place):
    data[place:place] = rng.randbytes(rng.choice((1, 2, 9)))


def put_in_number(data, rng, place):
    data[place:place] = varint(rng.choice(NUMBERS))


def put_in_field(data, rng, place):
    data[place:place] = varint(rng.randrange(1, 31) << 3) + varint(rng.choice(NUMBERS))


def other_type(data, rng, place):
    data[place] = data[place] & 0xF8 | rng.choice((0, 1, 2, 5))


def copy_part(data, rng, place):
    start = rng.randrange(len(data))
    data[place:place] = data[start : start + rng.choice((4, 16, 64))]


def cut_off(data, rng, place):
    del data[max(place, 1) :]


CHANGES = (flip_bit, other_byte, leave_out, put_in_noise, put_in_number, put_in_field, other_type, copy_part, cut_off)


def mutate(content, rng):
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 16))):
        rng.choice(CHANGES)(data, rng, rng.randrange(len(data)))
        data = data or bytearray(b"\x08")
    return bytes(data)


@pytest.fixture
def headers(request):
    """Small ones mostly: reading the real one takes as long as a hundred of them."""
    small = [small_model(), small_model(external=True)] * 20
    path = request.config.rootpath.parent / ".cache" / "models" / "u2netp.onnx"
    return small + ([header_of(path)] if path.is_file() else [])


def test_any_header_is_read_or_refused(draws, headers, tmp_path):
    (tmp_path / "w.bin").write_bytes(bytes(12))
    path, read, refused = tmp_path / "model.onnx", 0, 0
    for case, rng in draws:
        path.write_bytes(mutate(rng.choice(headers), rng))
        try:
            facts = inspect(path)
            assert all(is_plain(str(entry), 1000) for entry in (*facts.inputs, *facts.outputs)), case
            find_picture_input("model.onnx", facts)
            read += 1
        except ModelError as error:
            assert is_plain(str(error)), case
            refused += 1
        except Exception as error:
            raise AssertionError(f"{case}: {path.read_bytes()!r}") from error
    assert refused

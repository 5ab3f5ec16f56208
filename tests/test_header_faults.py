"""Headers that nobody should believe: refused by our own errors, in words, at little cost."""

import os

import pytest
from onnx_segmentation.errors import ExternalDataError, ModelError, ModelNotFoundError, NotOnnxError
from onnx_segmentation.sessions.onnx_file import header, protobuf
from onnx_segmentation.sessions.onnx_file.header import inspect, read_header
from onnx_segmentation.sessions.onnx_file.protobuf import Budget, CutOffError, MalformedError, Message, TooLargeError
from onnx_segmentation.sessions.refiner import is_refiner
from support import make_red_model
from test_plain_text import EVIL, is_plain
from wire import EMPTY_GRAPH, IR, external, integer, message, model, varint

WRONG_TYPES = {
    "opset domain": lambda number: IR + message(8, integer(1, number)) + EMPTY_GRAPH,
    "metadata key": lambda number: IR + message(14, integer(1, number)) + EMPTY_GRAPH,
    "producer": lambda number: IR + integer(2, number) + EMPTY_GRAPH,
    "graph": lambda number: IR + integer(7, number),
    "input name": lambda number: model(message(11, integer(1, number))),
    "input type": lambda number: model(message(11, integer(2, number))),
    "shape": lambda number: model(message(11, message(2, message(1, integer(2, number))))),
    "weight": lambda number: model(integer(5, number)),
    "node": lambda number: model(integer(1, number), message(12, message(1, b"m"))),
    "node's input": lambda number: model(
        message(1, integer(1, number) + message(2, b"m")), message(12, message(1, b"m"))
    ),
    "location": lambda number: model(message(5, message(13, message(1, b"location") + integer(2, number)))),
}
AS_BYTES = {
    "ir_version": message(1, b"8") + EMPTY_GRAPH,
    "opset version": IR + message(8, message(2, b"99999")) + EMPTY_GRAPH,
    "element type": model(message(11, message(2, message(1, message(1, b"zz"))))),
    "dimension": model(message(11, message(2, message(1, message(2, message(1, message(1, b"64"))))))),
}


@pytest.mark.parametrize("number", [0, 5, 2**20, 2**33, 2**63, 2**64 - 1, 2**69], ids=hex)
@pytest.mark.parametrize("place", WRONG_TYPES)
def test_a_number_in_the_place_of_bytes(place, number):
    """Python's bytes(2 ** 33) would take 8 GB."""
    with pytest.raises(MalformedError):
        read_header(memoryview(WRONG_TYPES[place](number)))


@pytest.mark.parametrize("place", AS_BYTES)
def test_bytes_in_the_place_of_a_number(place):
    with pytest.raises(MalformedError):
        read_header(memoryview(AS_BYTES[place]))


@pytest.mark.parametrize("length", [1, 2**31, 2**63, 2**64 - 1], ids=hex)
def test_a_length_beyond_the_end(length):
    with pytest.raises(CutOffError, match="are left"):
        read_header(memoryview(IR + varint(7 << 3 | 2) + varint(length)))


@pytest.mark.parametrize("data", [b"\x08" + b"\xff" * 10, b"\x08" + b"\x80" * 11, b"\x0b", b"\x00\x00", varint(2**40)])
def test_what_no_writer_writes(data):
    with pytest.raises(MalformedError):
        read_header(memoryview(data))


def test_names_in_no_utf8(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(model(message(11, message(1, b"\xff\xfe"))))
    with pytest.raises(NotOnnxError, match="not an ONNX model"):
        inspect(path)


def test_a_budget_of_fields_and_of_text(tmp_path, monkeypatch):
    """Counted, not timed: reading ends at the budget, whatever the size of the file."""
    budget = Budget(fields=10)
    with pytest.raises(TooLargeError):
        Message(memoryview(integer(1, 1) * 11), budget)
    with pytest.raises(TooLargeError):
        Message(memoryview(message(1, b"a" * 11)), Budget(text=10)).text(1)
    monkeypatch.setattr(header, "Budget", lambda: Budget(fields=100, text=100))
    path = tmp_path / "model.onnx"
    path.write_bytes(model(b"\x0a\x00" * 100))
    with pytest.raises(NotOnnxError, match=r"more than 500,000 fields, which no model of pictures has"):
        inspect(path)
    path.write_bytes(IR + message(14, message(1, b"k") + message(2, b"v" * 100)) + EMPTY_GRAPH)
    with pytest.raises(NotOnnxError, match=r"more than 16,777,216 bytes of text"):
        inspect(path)


def test_real_headers_are_far_below_it(u2netp, monkeypatch):
    budgets = []
    monkeypatch.setattr(
        "onnx_segmentation.sessions.onnx_file.header.Budget", lambda: budgets.append(Budget()) or budgets[0]
    )
    inspect(u2netp)
    assert protobuf.MOST_FIELDS - budgets[0].fields < protobuf.MOST_FIELDS / 100


# Where tensors can be: a weight, a sparse one, a node's attribute, a branch, a function.
PLACES = {
    "weight": lambda tensor: model(message(5, tensor)),
    "sparse weight": lambda tensor: model(message(15, message(1, tensor))),
    "sparse indices": lambda tensor: model(message(15, message(2, tensor))),
    "constant": lambda tensor: model(message(1, message(5, message(5, tensor)))),
    "constant after a large one": lambda tensor: model(
        message(1, message(9, b"x" * 9000) + message(5, message(5, tensor)))
    ),
    "list of tensors": lambda tensor: model(message(1, message(5, message(10, tensor)))),
    "sparse constant": lambda tensor: model(message(1, message(5, message(22, message(1, tensor))))),
    "branch": lambda tensor: model(message(1, message(5, message(6, message(5, tensor))))),
    "constant in a branch": lambda tensor: model(
        message(1, message(5, message(11, message(1, message(5, message(5, tensor))))))
    ),
    "function": lambda tensor: IR + EMPTY_GRAPH + message(25, message(7, message(5, message(5, tensor)))),
}
LOCATIONS = {
    "parent": (b"../secret.bin", "outside its own folder: refused"),
    "parent, missing": (b"../gone.bin", "outside its own folder: refused"),
    "inside and out": (b"sub/../../secret.bin", "outside its own folder: refused"),
    "absolute": (b"/etc/hostname", "outside its own folder: refused"),
    "drive": (b"C:\\Windows\\win.ini", "outside its own folder: refused"),
    "network": (b"\\\\server\\share\\w.bin", "outside its own folder: refused"),
    "memory": (b"*/_ORT_MEM_ADDR_/*", "outside its own folder: refused"),
    "link out": (b"out.bin", "outside its own folder: refused"),
    "NUL": (b"w\0.bin", "not there"),
    "nothing": (b"", "not there"),
    "the folder": (b".", "not there"),
    "a folder": (b"sub", "not there"),
    "loop": (b"loop.bin", "not there"),
    "missing": (b"gone.bin", "not there"),
    "long": (b"a" * 300, "cannot be opened"),
    "long path": (b"a/" * 3000, "cannot be opened"),
    "markup": (EVIL.replace("\0", "").encode(), "not there"),
}


@pytest.fixture
def folder(tmp_path):
    """A model's folder with weights, beside a secret."""
    folder = tmp_path / "models"
    (folder / "sub").mkdir(parents=True)
    (tmp_path / "secret.bin").write_bytes(bytes(12))
    (folder / "w.bin").write_bytes(bytes(12))
    (folder / "out.bin").symlink_to(tmp_path / "secret.bin")
    (folder / "loop.bin").symlink_to("loop.bin")
    return folder


@pytest.mark.parametrize("place", PLACES)
def test_weights_elsewhere_are_looked_at_wherever_they_are_named(folder, place):
    path = folder / "model.onnx"
    path.write_bytes(PLACES[place](external(b"w.bin")))
    assert inspect(path).external == ("w.bin",)
    path.write_bytes(PLACES[place](external(b"../secret.bin")))
    with pytest.raises(ExternalDataError, match="outside its own folder: refused"):
        inspect(path)


@pytest.mark.parametrize("kind", LOCATIONS)
def test_what_a_model_may_not_name(folder, kind):
    location, said = LOCATIONS[kind]
    (folder / "model.onnx").write_bytes(model(message(5, external(location))))
    with pytest.raises(ExternalDataError, match=said) as raised:
        inspect(folder / "model.onnx")
    assert is_plain(str(raised.value))


def test_the_last_location_is_no_excuse(folder):
    first, second = external(b"../secret.bin"), external(b"w.bin")
    (folder / "model.onnx").write_bytes(model(message(5, first + second)))
    with pytest.raises(ExternalDataError):
        inspect(folder / "model.onnx")


def test_hugging_faces_links_into_blobs(tmp_path):
    """Both are links, by other names than their targets'; onnxruntime loads such."""
    snapshot, blobs = tmp_path / "snapshots" / "rev" / "onnx", tmp_path / "blobs"
    snapshot.mkdir(parents=True)
    blobs.mkdir()
    (blobs / "aaa").write_bytes(model(message(5, external(b"w.bin"))))
    (snapshot / "model.onnx").symlink_to("../../../blobs/aaa")
    with pytest.raises(ExternalDataError, match=r"put it beside the model, into .*onnx"):
        inspect(snapshot / "model.onnx")
    (blobs / "bbb").write_bytes(bytes(12))
    (snapshot / "w.bin").symlink_to("../../../blobs/bbb")
    assert inspect(snapshot / "model.onnx").external == ("w.bin",)


def test_of_two_graphs_none_is_believed():
    """onnxruntime would merge them: weights of the first would be loaded by a header that names none."""
    with pytest.raises(MalformedError, match="several graphs"):
        read_header(memoryview(model(message(5, external(b"../secret.bin"))) + EMPTY_GRAPH))


def test_graphs_within_graphs_have_an_end():
    graph = message(5, external(b"../secret.bin"))
    for _ in range(2000):
        graph = message(1, message(5, message(6, graph)))
    with pytest.raises(MalformedError, match="graphs within graphs"):
        read_header(memoryview(IR + message(7, graph)))


STRANGE = {
    "opset in words": IR + message(8, message(2, b"x")) + EMPTY_GRAPH,
    "nine bytes": IR + message(8, integer(1, 2**33)) + EMPTY_GRAPH,
    "NUL": model(message(5, external(b"a\0b"))),
    "long": model(message(5, external(b"a" * 300))),
    "empty": b"",
    "html": b"<html>",
}


@pytest.mark.parametrize("kind", STRANGE)
def test_a_strange_file_is_left_out_and_said_once(host, caplog, kind):
    """The page lists all nodes, whatever lies in models/onnx."""
    make_red_model(host.folder / "good.onnx", (1, 4, "h", "w"))
    (host.folder / f"{kind}.onnx").write_bytes(STRANGE[kind])
    for _ in range(3):
        for node in host.nodes.values():
            node.INPUT_TYPES()
    methods = host.nodes["ImageSegmentationAlphaMatting"].INPUT_TYPES()["optional"]["matting_method"][0]
    assert "good.onnx" in methods and f"{kind}.onnx" not in methods
    said = [record for record in caplog.records if f"{kind}.onnx is left out" in record.getMessage()]
    assert len(said) == 1


def test_what_cannot_be_opened_is_left_out_too(tmp_path, monkeypatch):
    """A pipe would wait for a writer; a folder may not be entered; a name may be too long."""
    (tmp_path / "loop.onnx").symlink_to("loop.onnx")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.onnx")
    (tmp_path / "folder.onnx").mkdir()
    for name in ("loop.onnx", "pipe.onnx", "folder.onnx", "gone.onnx", "a" * 300, "nul\0.onnx"):
        assert not is_refiner(tmp_path / name)
        with pytest.raises(ModelError):
            inspect(tmp_path / name)
    path = make_red_model(tmp_path / "locked.onnx")

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(path), "open", refuse)
    with pytest.raises(ModelError, match=r"locked\.onnx cannot be read: Permission denied") as raised:
        inspect(path)
    assert not isinstance(raised.value, ModelNotFoundError) and not is_refiner(path)

"""Text of a model's file, of names of files and of what lies beside them: harmless wherever a person sees it."""

import csv
import json
import os
import sys
from types import ModuleType, SimpleNamespace

import onnx
import pytest
from hosts import Failed
from onnx import TensorProto, helper
from onnx_segmentation import load_session, segment
from onnx_segmentation.batch.manifest import COLUMNS
from onnx_segmentation.commands import main
from onnx_segmentation.errors import SegmentationError
from support import make_red_model, open_photo, picture_input, write_model
from test_plain_text import EVIL, is_plain

# As a file system takes it; Windows takes little of it.
NAME = EVIL.replace("/", "-").replace("\x00", "") if os.name != "nt" else "&#60;img src=x&gt;\u202egnp.exe"
FILE = f"{NAME}.onnx"


def evil_model(path, kind=TensorProto.FLOAT):
    """The red model, with evil names wherever a file has names."""
    first = helper.make_tensor(f"first{EVIL}", TensorProto.INT64, [1], [0])
    shape = (1, 3, 64, 64)
    node = helper.make_node("Gather", [f"in{EVIL}", f"first{EVIL}"], [f"out{EVIL}"], name=EVIL, axis=1)
    out = helper.make_tensor_value_info(f"out{EVIL}", kind, [1, 1, 64, 64])
    write_model(path, [node], [picture_input(shape, name=f"in{EVIL}")], [out], [first])
    model = onnx.load(path)
    model.producer_name, model.producer_version = EVIL, EVIL
    model.metadata_props.add(key=EVIL, value=EVIL)
    onnx.save(model, path)
    return path


@pytest.fixture
def page(monkeypatch):
    """Everything that a page is sent, as one list of texts."""
    texts = []
    server = ModuleType("server")
    server.PromptServer = SimpleNamespace(
        instance=SimpleNamespace(
            client_id="1",
            send_progress_text=lambda text, node: texts.append(text),
            send_sync=lambda event, data, client: texts.append(data["state"]),
        )
    )
    monkeypatch.setitem(sys.modules, "server", server)
    return texts


@pytest.mark.parametrize("node", ["ImageSegmentationAuto", "ImageSegmentationDiagnostics"])
def test_a_node_shows_and_logs_it_plain(host, page, photo, caplog, node):
    caplog.set_level("INFO")
    evil_model(host.folder / FILE)
    outputs = host.run(node, images=photo, model=FILE)
    shown = [line for text in page for line in text.split("\n")]
    assert shown and all(is_plain(line) for line in shown)
    records = [record.getMessage() for record in caplog.records if record.name == "onnx_segmentation"]
    assert records and all(map(is_plain, records))
    if node == "ImageSegmentationDiagnostics":
        assert all(is_plain(line) for line in outputs[0].split("\n"))
        assert any("made by: \u2039img" in line for line in shown)


def test_the_page_is_told_plain(host, loaded):
    routes = loaded("nodes.routes")
    evil_model(host.folder / FILE)
    status, body = routes.recipe_answer({"model": FILE})
    assert status == 200 and is_plain(body["source"]) and all(map(is_plain, body["also"]))
    (host.folder / f"{FILE}.json").write_text(json.dumps({EVIL: 1}))
    for name in (FILE, EVIL):
        status, body = routes.recipe_answer({"model": name})
        assert status in (400, 404) and is_plain(body["message"])


def test_a_node_that_fails_says_it_plain(host, photo):
    evil_model(host.folder / FILE)
    (host.folder / f"{FILE}.json").write_text(json.dumps({"output": EVIL, "width": 64, "height": 64}))
    with pytest.raises(Failed) as failed:
        host.run("ImageSegmentationAuto", images=photo, model=FILE)
    assert is_plain(str(failed.value))


def failing_model(path):
    """onnxruntime loads it, and fails on every picture; what it says names the node."""
    shape = helper.make_tensor("shape", TensorProto.INT64, [4], [1, 1, 7, 64])
    node = helper.make_node("Reshape", ["input", "shape"], ["mask"], name=EVIL)
    out = helper.make_tensor_value_info("mask", TensorProto.FLOAT, [1, 1, 64, 64])
    return write_model(path, [node], [picture_input(("n", 3, 64, 64))], [out], [shape])


def unloadable_model(path):
    node = helper.make_node(EVIL, ["input"], ["mask"], name=EVIL)
    out = helper.make_tensor_value_info("mask", TensorProto.FLOAT, [1, 1, 64, 64])
    return write_model(path, [node], [picture_input((1, 3, 64, 64))], [out])


@pytest.mark.parametrize("make", [failing_model, unloadable_model])
def test_what_onnxruntime_says_is_plain_and_said_once(tmp_path, make, capfd):
    """Its own lines on the terminal quote names as they are, so it writes none; the cause is as plain as the error."""
    with pytest.raises(SegmentationError) as raised:
        segment(open_photo("astronaut").resize((60, 50)), load_session(make(tmp_path / "model.onnx")))
    error = raised.value
    while error:
        assert is_plain(str(error))
        error = error.__cause__
    assert "\x1b" not in "".join(capfd.readouterr())


def test_terminal_and_manifest(tmp_path, capsys):
    model, folder = make_red_model(tmp_path / "red.onnx"), tmp_path / "in"
    (tmp_path / "red.onnx.json").write_text(json.dumps({"width": 64, "height": 64}))
    folder.mkdir()
    open_photo("astronaut").resize((60, 50)).save(folder / f"good{NAME}.png")
    (folder / f"bad{NAME}.png").write_bytes(b"no picture \x1b[31m<img src=x>")
    manifest = tmp_path / "rows.csv"
    options = ["--output", str(tmp_path / "out"), "--model", str(model), "--manifest", str(manifest)]
    assert main(["cutout", str(folder), *options]) == 1
    printed = "".join(capsys.readouterr())
    assert "failed: " in printed and all(is_plain(line, 10_000) for line in printed.strip().split("\n"))
    with manifest.open(newline="", encoding="utf-8") as rows:
        cells = [cell for row in csv.reader(rows) for cell in row]
    assert all(map(is_plain, cells)) and len(cells) == 3 * len(COLUMNS)
    assert [path.name for path in (tmp_path / "out").glob("*.png")] == [f"good{NAME}.png"]

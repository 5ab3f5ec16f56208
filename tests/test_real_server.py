"""A real ComfyUI server: progress, cancel, memory. Needs the tree of COMFYUI_PATH, and the harness that drives it."""

import json
import time

import pytest
from real_server import NEEDED, make_server
from support import ROOT, open_photo

pytestmark = NEEDED
NODE = "ImageSegmentationCustomAdvanced"
RGB = {"mean_r": 0.485, "mean_g": 0.456, "mean_b": 0.406, "std_r": 0.229, "std_g": 0.224, "std_b": 0.225}


@pytest.fixture(scope="module")
def server(u2netp):
    comfy = make_server([str(u2netp), (str(u2netp), "onnx", "twin.onnx")])
    with comfy:
        comfy.photo = comfy.upload(open_photo("astronaut").resize((400, 400)))
        yield comfy


def graph(server, frames=1, nodes=1, **inputs):
    """One photo many times -> the node, several times over -> the first frame is looked at."""
    prompt = {
        "photo": {"class_type": "LoadImage", "inputs": {"image": server.photo}},
        "batch": {"class_type": "RepeatImageBatch", "inputs": {"image": ["photo", 0], "amount": frames}},
    }
    values = server.defaults(NODE) | RGB | {"model": "u2netp.onnx", "width": 320, "height": 320}
    values |= {"alpha_matting": "false", "images": ["batch", 0]} | inputs
    for number in range(nodes):
        own = values | {"alpha_matting_erode_size": values["alpha_matting_erode_size"] + number}
        prompt[f"node{number}"] = {"class_type": NODE, "inputs": own}
        first = {"image": [f"node{number}", 0], "batch_index": 0, "length": 1}
        prompt[f"first{number}"] = {"class_type": "ImageFromBatch", "inputs": first}
        prompt[f"look{number}"] = {"class_type": "PreviewImage", "inputs": {"images": [f"first{number}", 0]}}
    return prompt


def events(server, name, since):
    return [event for event in server.events[since:] if event["type"] == name]


def loads(server, model="u2netp.onnx"):
    return server.log().count(f"loaded {model} on")


def test_its_own_nodes_are_those_of_the_example_graphs(server):
    """tests/data/core_nodes.json is what this ComfyUI declares; lists may have grown."""
    for name, expected in json.loads((ROOT / "tests" / "data" / "core_nodes.json").read_text()).items():
        found = server.object_info(name)
        assert found["output"] == expected["output"], name
        for group, inputs in expected["input"].items():
            assert list(found["input"][group]) == list(inputs), name
            for key, (kind, _) in inputs.items():
                declared, *options = found["input"][group][key]
                choices = declared if isinstance(declared, list) else (options or [{}])[0].get("options", [])
                assert set(kind) <= set(choices) if isinstance(kind, list) else declared == kind, f"{name}.{key}"


def test_a_tick_for_each_frame(server):
    result = server.run(graph(server, frames=6, std_r=0.2291))
    assert result.ok, result.error
    assert [value for node, value, _ in result.progress if node == "node0"] == [1, 2, 3, 4, 5, 6]
    assert {total for node, _, total in result.progress if node == "node0"} == {6}


def test_cancel_at_the_third_of_forty_frames_with_matting(server):
    since = len(server.events)
    prompt = server.submit(graph(server, frames=40, alpha_matting="true"))["prompt_id"]
    server.wait_event(
        lambda event: event["type"] == "progress" and event["data"]["value"] >= 3, timeout=120, start=since
    )
    start = time.monotonic()
    server.interrupt()
    server.wait_event(lambda event: event["type"] == "execution_interrupted", timeout=30, start=since)
    seconds = time.monotonic() - start
    print(f"cancel took {seconds:.2f} s")
    assert seconds < 1.0
    assert server.wait(prompt).interrupted
    assert max(event["data"]["value"] for event in events(server, "progress", since)) < 40
    again = server.run(graph(server, frames=2, alpha_matting="true"))
    assert again.ok and again.images


def test_two_nodes_on_one_file_hold_one_session(server):
    result = server.run(graph(server, nodes=2, model="twin.onnx"))
    assert result.ok and len(result.images) == 2, result.error
    assert loads(server, "twin.onnx") == 1


def test_free_gives_the_sessions_memory_back(server):
    """A session of u2netp that has run holds about 270 MB; the pictures of this graph are 10 MB."""
    for std in (0.2293, 0.2294):
        assert server.run(graph(server, std_r=std)).ok
    held = server.rss_mb()["VmRSS"]
    server.free()
    deadline = time.monotonic() + 20
    while held - server.rss_mb()["VmRSS"] < 150 and time.monotonic() < deadline:
        time.sleep(0.5)
    given = held - server.rss_mb()["VmRSS"]
    print(f"/free gave {given:.0f} MB of {held:.0f} MB back")
    assert given >= 150
    before = loads(server)
    assert server.run(graph(server, std_r=0.2295)).ok
    assert loads(server) == before + 1


def test_keep_loaded_off_gives_it_back_at_once(server):
    server.free()
    time.sleep(3)
    assert server.run(graph(server, std_r=0.2296)).ok
    kept = server.rss_mb()["VmRSS"]
    assert server.run(graph(server, std_r=0.2297, keep_loaded=False)).ok
    given = kept - server.rss_mb()["VmRSS"]
    print(f"keep_loaded off gave {given:.0f} MB back")
    assert given >= 150


def test_fifty_runs_with_changing_numbers_grow_by_nothing(server):
    def run(number):
        matting = "true" if number % 5 == 0 else "false"
        result = server.run(graph(server, std_r=0.23 + number / 1000, alpha_matting=matting, frames=1 + number % 3))
        assert result.ok, result.error
        return server.rss_mb()["VmRSS"]

    sizes = [run(number) for number in range(65)]
    early, late = max(sizes[10:20]), max(sizes[55:65])
    print(f"memory after 20 runs {early:.0f} MB, after 65 runs {late:.0f} MB")
    assert late - early < 60  # a result that stays is 3 MB or more, a session 270 MB; ComfyUI alone grew by 15 MB

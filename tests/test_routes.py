"""What the page is told about model files: their numbers, and nothing of what ComfyUI does not list."""

import asyncio
import json
import os
import sys
from threading import get_ident
from types import ModuleType, SimpleNamespace

import pytest
from support import make_red_model

IMAGENET = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}


@pytest.fixture
def routes(loaded):
    return loaded("nodes.routes")


def test_a_model_of_the_catalogue(routes, host):
    make_red_model(host.folder / "u2netp.onnx", (1, 3, 320, 320))
    status, body = routes.recipe_answer({"model": "u2netp.onnx"})
    assert status == 200
    assert body["source"] == "catalogue: u2netp"
    assert (body["width"], body["height"], body["decoding"]) == (320, 320, "min_max")
    assert body | IMAGENET == body
    assert body["also"] == []


def test_a_recipe_beside_the_file(routes, host):
    make_red_model(host.folder / "sub" / "own.onnx")
    own = {"mean": [0.1, 0.2, 0.3], "std": [0.5, 0.6, 0.7], "width": 96, "height": 64, "scale": "255"}
    (host.folder / "sub" / "own.onnx.json").write_text(json.dumps(own))
    name = os.path.join("sub", "own.onnx")  # noqa: PTH118 (as ComfyUI writes it)
    status, body = routes.recipe_answer({"model": name})
    assert status == 200
    assert (body["mean"], body["std"]) == ((0.1, 0.2, 0.3), (0.5, 0.6, 0.7))
    assert (body["width"], body["height"], body["source"]) == (96, 64, "own.onnx.json")
    assert body["also"] == ["scale 255"]


def test_a_stranger_is_deduced(routes, host):
    make_red_model(host.folder / "stranger.onnx", (1, 3, 48, 80))
    status, body = routes.recipe_answer({"model": "stranger.onnx"})
    assert (status, body["width"], body["height"]) == (200, 80, 48)
    assert body["source"] == "ImageNet's mean and std"


@pytest.mark.parametrize(
    "name", ["../secret.onnx", "..\\secret.onnx", "sub/../../secret.onnx", "{absolute}", "no.onnx"]
)
def test_what_is_not_listed_is_not_read(routes, host, tmp_path, name):
    secret = make_red_model(host.folder.parent / "secret.onnx")
    status, body = routes.recipe_answer({"model": name.format(absolute=secret)})
    assert status == 404
    assert "no file of models/onnx" in body["message"]


def test_other_kinds_of_files_are_not_read(routes, host):
    (host.folder / "notes.txt").write_text("private")
    assert routes.recipe_answer({"model": "notes.txt"})[0] == 404


def test_a_name_is_wanted(routes, host):
    assert routes.recipe_answer({}) == (400, {"message": "model is missing; give the name of a file of models/onnx"})


def test_a_link_out_of_the_folder_counts_as_what_comfyui_lists(routes, host, tmp_path):
    """Many keep their models on another disk and link them: whoever can link here can copy here too."""
    (host.folder / "linked.onnx").symlink_to(make_red_model(tmp_path / "elsewhere" / "linked.onnx", (1, 3, 40, 40)))
    status, body = routes.recipe_answer({"model": "linked.onnx"})
    assert (status, body["width"]) == (200, 40)


def test_a_link_to_nothing(routes, host, tmp_path):
    (host.folder / "gone.onnx").symlink_to(tmp_path / "gone.onnx")
    assert routes.recipe_answer({"model": "gone.onnx"})[0] == 404


@pytest.mark.parametrize(("content", "words"), [(b"<html>", "web page"), (b"", "empty"), (b"\x08\x07rubbish", "ONNX")])
def test_a_file_that_is_no_model(routes, host, content, words):
    (host.folder / "broken.onnx").write_bytes(content)
    status, body = routes.recipe_answer({"model": "broken.onnx"})
    assert status == 400
    assert words in body["message"]
    assert str(host.folder) not in body["message"]


def test_a_file_that_may_not_be_read(routes, host, loaded, monkeypatch):
    make_red_model(host.folder / "locked.onnx")

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(loaded("sessions.finding.sources"), "find_recipe", refuse)
    assert routes.recipe_answer({"model": "locked.onnx"}) == (
        400,
        {"message": "locked.onnx cannot be read: Permission denied"},
    )


def test_every_family_has_its_numbers(routes, loaded):
    status, body = routes.presets_answer({})
    assert status == 200
    assert list(body) == list(loaded("sessions.recipes.presets").PRESETS)
    assert (body["u2net"]["width"], body["isnet"]["width"], body["isnet"]["std"]) == (320, 1024, (1.0, 1.0, 1.0))
    assert body["u2net"] | IMAGENET == body["u2net"]
    assert "scale 255" in body["mediapipe selfie"]["also"]


def test_both_answer_at_the_server(routes, loaded, monkeypatch):
    """Registered with the server that runs, off its event loop's thread."""
    served, threads = {}, []
    files = loaded("nodes.host").model_files
    monkeypatch.setattr(loaded("nodes.host"), "model_files", lambda: threads.append(get_ident()) or files())
    server = ModuleType("server")
    instance = SimpleNamespace(routes=SimpleNamespace(get=lambda path: lambda handler: served.update({path: handler})))
    server.PromptServer = SimpleNamespace(instance=instance)
    web = ModuleType("aiohttp.web")
    web.json_response = lambda body, status: (status, json.loads(json.dumps(body)))
    web.Request = web.Response = object
    aiohttp = ModuleType("aiohttp")
    aiohttp.web = web
    for name, module in {"server": server, "aiohttp": aiohttp, "aiohttp.web": web}.items():
        monkeypatch.setitem(sys.modules, name, module)
    routes.register()
    assert set(served) == {f"/onnx_segmentation/{name}" for name in ("recipe", "presets", "models")}
    request = SimpleNamespace(query={"model": "no.onnx"})
    status, body = asyncio.run(served["/onnx_segmentation/recipe"](request))
    assert (status, list(body)) == (404, ["message"])
    assert threads and get_ident() not in threads


def test_nothing_is_registered_without_a_server(routes, monkeypatch):
    monkeypatch.delitem(sys.modules, "server", raising=False)
    routes.register()

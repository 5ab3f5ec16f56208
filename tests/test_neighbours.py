"""Beside the Allor pack, whose names three nodes have, and beside a second copy: said once, with what to do."""

import asyncio
import importlib.util
import sys
from types import ModuleType, SimpleNamespace

import pytest
from support import ROOT

NAMES = ["ImageSegmentation", "ImageSegmentationCustom", "ImageSegmentationCustomAdvanced"]
ALLOR = f"NODE_CLASS_MAPPINGS = {{name: type(name, (), {{}}) for name in {NAMES}}}"


class ComfyUI:
    """Loads packs as ComfyUI's nodes.py does (`load_custom_node`), and starts its server."""

    def __init__(self, folder):
        self.folder = folder
        self.startup = SimpleStartup()
        self.nodes = ModuleType("nodes")
        self.nodes.NODE_CLASS_MAPPINGS, self.nodes.LOADED_MODULE_DIRS = {}, {}
        self.server = ModuleType("server")
        routes = SimpleNamespace(paths=[])
        routes.get = lambda path: lambda handler: routes.paths.append(path)
        self.routes = routes
        instance = SimpleNamespace(routes=routes, app=SimpleNamespace(on_startup=self.startup))
        self.server.PromptServer = SimpleNamespace(instance=instance)

    def load(self, name):
        folder = self.folder / name
        module_name = str(folder).replace(".", "_x_")
        spec = importlib.util.spec_from_file_location(module_name, folder / "__init__.py")
        module = sys.modules[module_name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        self.nodes.LOADED_MODULE_DIRS[name] = str(folder)
        for key, node in module.NODE_CLASS_MAPPINGS.items():
            self.nodes.NODE_CLASS_MAPPINGS[key] = node
            node.RELATIVE_PYTHON_MODULE = f"custom_nodes.{name}"
        return module

    def start(self):
        for each in self.startup:
            asyncio.run(each(None))

    def diagnose(self):
        return self.nodes.NODE_CLASS_MAPPINGS["ImageSegmentationDiagnostics"]().execute("none")["result"][0]


class SimpleStartup(list):
    frozen = False


@pytest.fixture
def comfyui(host, real_comfyui, tmp_path, monkeypatch):
    if real_comfyui:
        pytest.skip("its own loader has loaded the pack already")
    folder = tmp_path / "custom_nodes"
    folder.mkdir()
    (folder / "ComfyUI-Allor").mkdir()
    (folder / "ComfyUI-Allor" / "__init__.py").write_text(ALLOR)
    (folder / "other").mkdir()
    (folder / "other" / "__init__.py").write_text(ALLOR.replace(f"{NAMES}", "['ImageSegmentationAuto']"))
    for name in ("onnx-segmentation", "copy 2"):
        (folder / name).symlink_to(ROOT, target_is_directory=True)
    comfyui = ComfyUI(folder)
    monkeypatch.setitem(sys.modules, "nodes", comfyui.nodes)
    monkeypatch.setitem(sys.modules, "server", comfyui.server)
    web = SimpleNamespace(Request=object, Response=object)
    monkeypatch.setitem(sys.modules, "aiohttp", SimpleNamespace(web=web))
    yield comfyui
    for name in [name for name in sys.modules if name.startswith(str(folder).replace(".", "_x_"))]:
        del sys.modules[name]


def said(caplog):
    return [record.getMessage() for record in caplog.records if record.name == "onnx_segmentation"]


@pytest.mark.parametrize(
    ("order", "owner"),
    [
        (
            ["ComfyUI-Allor", "onnx-segmentation"],
            "this pack's, which ComfyUI loaded after custom_nodes/ComfyUI-Allor",
        ),
        (["onnx-segmentation", "ComfyUI-Allor"], "custom_nodes/ComfyUI-Allor's, which ComfyUI loaded last"),
    ],
    ids=["before", "after"],
)
def test_allor(comfyui, caplog, order, owner):
    for name in order:
        comfyui.load(name)
    comfyui.start()
    (text,) = said(caplog)
    assert f"{', '.join(NAMES)} are {owner}" in text
    assert '"ImageSegmentation" to false under "modules" in custom_nodes/ComfyUI-Allor/config.json' in text
    assert f"\nbeside it: {text}" in comfyui.diagnose()


def test_another_pack_with_one_of_our_names(comfyui, caplog):
    comfyui.load("onnx-segmentation")
    comfyui.load("other")
    comfyui.start()
    (text,) = said(caplog)
    assert "custom_nodes/other has nodes of the same names: ImageSegmentationAuto are custom_nodes/other's" in text
    assert "Remove one of the two packs" in text


def test_two_copies(comfyui, caplog):
    first, second = comfyui.load("onnx-segmentation"), comfyui.load("copy 2")
    comfyui.start()
    (text,) = said(caplog)
    folders = [comfyui.folder / name for name in ("onnx-segmentation", "copy 2")]
    assert f"this pack is installed twice: {folders[0]} is used, {folders[1]} is not. Remove one" in text
    assert f"\nbeside it: {text}" in comfyui.diagnose()
    assert comfyui.nodes.NODE_CLASS_MAPPINGS == first.NODE_CLASS_MAPPINGS
    assert second.NODE_CLASS_MAPPINGS == {} and second.WEB_DIRECTORY is None
    assert len(comfyui.routes.paths) == len(set(comfyui.routes.paths)) > 0


def test_alone_nothing_is_said(comfyui, caplog):
    comfyui.load("onnx-segmentation")
    comfyui.load("onnx-segmentation")  # a pack that reloads others
    comfyui.start()
    assert said(caplog) == [] and "beside it" not in comfyui.diagnose()


def test_the_wheel_is_no_second_copy(comfyui, caplog):
    """`import onnx_segmentation` by another pack, before ComfyUI loads this one: it registers nothing."""
    from onnx_segmentation.nodes import neighbours

    assert sys.modules["onnx_segmentation"].__title__
    assert not neighbours.loaded_by_comfyui("onnx_segmentation")
    assert not neighbours.loaded_by_comfyui(str(comfyui.folder / "other") + ".vendored.onnx_segmentation")
    assert comfyui.load("onnx-segmentation").NODE_CLASS_MAPPINGS
    comfyui.start()
    assert said(caplog) == []

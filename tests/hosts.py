"""Where the node tests run: over the small fake, or in a real ComfyUI by its own loader, validator and executor."""

import asyncio
import importlib
import inspect
import sys
import tempfile
import uuid
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fake_comfyui
from pack import ROOT, load_pack


class Rejected(Exception):
    """ComfyUI refuses the prompt at queue time."""


class Failed(Exception):
    """The node raised; the message begins with the exception's name."""


class Cancelled(Exception):
    """The user's cancel stopped the node."""


class FakeHost:
    def __init__(self, models: Path) -> None:
        self._comfyui = fake_comfyui.FakeComfyUI(models)
        self._comfyui.install()
        self.folder = models / "onnx"
        self.folder.mkdir(parents=True)
        pack = load_pack()
        import_module("onnx_segmentation.nodes.host").register_model_folder()
        self.nodes = pack.NODE_CLASS_MAPPINGS
        self.display_names = pack.NODE_DISPLAY_NAME_MAPPINGS
        self._instances: dict[str, Any] = {}

    def run(self, node: str, cancel_after: int | None = None, **inputs: Any) -> tuple[Any, ...]:
        self._comfyui.ticks.clear()
        self._comfyui.cancel_at = cancel_after
        cls = self.nodes[node]
        instance = self._instances.setdefault(node, cls())
        try:
            return fake_comfyui.execute(cls, fake_comfyui.defaults(cls) | inputs, instance)
        except fake_comfyui.PromptRejected as error:
            raise Rejected(str(error)) from error
        except fake_comfyui.InterruptProcessingException as error:
            raise Cancelled from error
        except Exception as error:
            raise Failed(f"{type(error).__name__}: {error}") from error

    @property
    def frames_done(self) -> int:
        return len(self._comfyui.ticks)


class RealHost:
    """One per process: the tree's modules have names like `nodes` and `utils`."""

    def __init__(self, tree: Path) -> None:
        sys.path.insert(0, str(tree))
        from comfy.cli_args import args

        args.cpu, args.base_directory = True, tempfile.mkdtemp(prefix="comfyui_base_")
        importlib.import_module("utils.extra_config")  # before `nodes`, which puts comfy/ with its own utils first
        import execution
        import folder_paths

        import nodes

        self._execution, self._nodes = execution, nodes
        self.folder = Path(folder_paths.models_dir) / "onnx"
        self.folder.mkdir(parents=True)
        if not asyncio.run(nodes.load_custom_node(str(ROOT), module_parent="custom_nodes")):
            raise RuntimeError("ComfyUI's loader did not load the pack")
        self.nodes = {name: nodes.NODE_CLASS_MAPPINGS[name] for name in load_pack().NODE_CLASS_MAPPINGS}
        self.display_names = {name: nodes.NODE_DISPLAY_NAME_MAPPINGS[name] for name in self.nodes}
        self._held: dict[str, Any] = {}
        self._events: list[str] = []
        nodes.NODE_CLASS_MAPPINGS["TestSource"] = _source_node(self._held)
        nodes.NODE_CLASS_MAPPINGS["TestSink"] = _sink_node(self._held)
        self._executor = self._make_executor()

    def _make_executor(self) -> Any:
        server = SimpleNamespace(client_id=None, last_node_id=None, last_prompt_id=None, sockets_metadata={})
        server.send_sync = lambda event, data, sid=None: self._events.append(event)
        options: dict[str, Any] = {"cache_type": self._execution.CacheType.CLASSIC}
        if "cache_args" in inspect.signature(self._execution.PromptExecutor.__init__).parameters:
            options["cache_args"] = {"lru": 0, "ram": 0}
        return self._execution.PromptExecutor(server, **options)

    def run(self, node: str, cancel_after: int | None = None, **inputs: Any) -> tuple[Any, ...]:
        self._hook_progress(cancel_after)
        cls = self.nodes[node]
        prompt = {"node": {"class_type": node, "inputs": fake_comfyui.defaults(cls)}}
        for name, value in inputs.items():
            if isinstance(value, (str, int, float)):
                prompt["node"]["inputs"][name] = value
            else:
                self._held[name] = value
                # A new id each time, so that ComfyUI never takes an input from its cache.
                source = uuid.uuid4().hex
                prompt[source] = {"class_type": "TestSource", "inputs": {"name": name}}
                prompt["node"]["inputs"][name] = [source, 0]
        for slot in range(len(cls.RETURN_TYPES)):
            prompt[f"sink{slot}"] = {"class_type": "TestSink", "inputs": {"value": ["node", slot], "slot": slot}}
        self._execute(prompt)
        return tuple(self._held[f"output{slot}"] for slot in range(len(cls.RETURN_TYPES)))

    def _execute(self, prompt: dict[str, Any]) -> None:
        prompt_id = uuid.uuid4().hex
        valid, error, outputs, node_errors = asyncio.run(self._execution.validate_prompt(prompt_id, prompt, None))
        if not valid:
            raise Rejected(f"{error} {node_errors}")
        self._executor.execute(prompt, prompt_id, {"client_id": "tests"}, outputs)
        for event, data in self._executor.status_messages:
            if event == "execution_interrupted":
                raise Cancelled
            if event == "execution_error":
                raise Failed(f"{data['exception_type']}: {data['exception_message']}")

    def _hook_progress(self, cancel_after: int | None) -> None:
        import comfy.utils
        from comfy import model_management

        self.frames_done = 0

        def hook(value: int, total: int, preview: Any, **_: Any) -> None:
            self.frames_done = value
            if cancel_after is not None and value >= cancel_after:
                model_management.interrupt_current_processing(True)

        comfy.utils.set_progress_bar_global_hook(hook)


class Anything(str):
    """A type that matches every socket."""

    def __ne__(self, other: object) -> bool:
        return False


def _source_node(held: dict[str, Any]) -> type:
    class Source:
        RETURN_TYPES, FUNCTION, CATEGORY = (Anything("*"),), "give", "tests"

        @classmethod
        def INPUT_TYPES(cls):
            return {"required": {"name": ("STRING", {})}}

        @classmethod
        def IS_CHANGED(cls, name):
            return uuid.uuid4().hex

        def give(self, name):
            return (held[name],)

    return Source


def _sink_node(held: dict[str, Any]) -> type:
    class Sink:
        RETURN_TYPES, FUNCTION, CATEGORY, OUTPUT_NODE = (), "take", "tests", True

        @classmethod
        def INPUT_TYPES(cls):
            return {"required": {"value": (Anything("*"), {}), "slot": ("INT", {})}}

        @classmethod
        def VALIDATE_INPUTS(cls, input_types):
            return True

        def take(self, value, slot):
            held[f"output{slot}"] = value
            return ()

    return Sink

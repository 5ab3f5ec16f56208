"""The node to add when something is slow or wrong; its text belongs in every bug report."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from torch import Tensor

from . import host, inputs, neighbours
from .declare import input_types, optional, socket
from .named import file_names, obtain_named_file

NO_MODEL = "none"


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class DiagnosticsWidgets:
    images: Tensor | None = socket("IMAGE", "Pictures to time the model's stages with (the first is used).")
    provider: str = inputs.provider()
    unique_id: str = ""
    check_gpu: bool = optional(
        False,
        "BOOLEAN",
        "Run every step on the GPU and on the CPU, and say PASS or FAIL, times, launches and memory for each: one to "
        "three minutes.",
        advanced=True,
    )


class ImageSegmentationDiagnostics:
    DESCRIPTION = (
        "Says what onnxruntime and a model have and lack, which recipe is used and why, and where the time goes."
    )
    SEARCH_ALIASES: ClassVar = ["onnxruntime providers", "cuda not used", "why is it slow", "onnx model info"]
    CATEGORY = "image/segmentation"
    FUNCTION = "execute"
    OUTPUT_NODE = True
    RETURN_TYPES = ("STRING",)
    RETURN_NAMES = ("text",)
    OUTPUT_TOOLTIPS = ("The report, a line each.",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        tooltip = "A model to look into, or none for the runtime alone."
        return input_types({"model": inputs.model([NO_MODEL, *file_names()], tooltip)}, DiagnosticsWidgets)

    @classmethod
    def IS_CHANGED(cls, **_: Any) -> float:
        return float("nan")  # the machine may have changed: always run

    def execute(self, model: str, **widgets: Any) -> dict[str, Any]:
        from ..sessions.describe import describe_runtime
        from ..shell import own_command

        settings = DiagnosticsWidgets(**widgets)
        lines = describe_runtime() + [f"beside it: {text}" for text in neighbours.conflicts()]
        lines += [f"commands: {own_command('--help')}"]
        if model != NO_MODEL:
            path = obtain_named_file(model, settings.unique_id)
            lines += _describe(path, host.provider(settings.provider), settings.images)
        if settings.check_gpu:
            lines += _check_gpu()
        text = "\n".join(lines)
        host.show_text(settings.unique_id, text)
        return {"ui": {"text": [text]}, "result": (text,)}


def _check_gpu() -> list[str]:
    """A line for each step, and the verdict."""
    from ..gpu_check.check import run_check
    from ..gpu_check.lines import verdict

    host.make_room(0)
    lines = run_check(lambda _: host.raise_if_cancelled())
    return [f"GPU check: {line}" for line in (*lines, verdict(lines))]


def _describe(path: Path, provider: str | None, images: Tensor | None) -> list[str]:
    """What the model is and lacks and, of the first picture, where the time goes."""
    from ..cutouts import cutout  # when it runs: ComfyUI's start does not wait for it
    from ..sessions.describe import describe_model, describe_times
    from ..sessions.finding.sources import find_recipe
    from ..sessions.session import CustomSession
    from ..stages import record

    with record() as times:
        chosen = find_recipe(path, provider, host.make_room)  # holds the model until the session has it too
        session = CustomSession(path, chosen.recipe, provider=provider, make_room=host.make_room)
        lines = describe_model(session.model, provider)
        if images is not None:
            cutout(images[:1], session, raise_if_cancelled=host.raise_if_cancelled)
    return lines + describe_times(times)

"""The node to add when something is slow or wrong; its text belongs in every bug report."""

from typing import Any, ClassVar

from torch import Tensor

from . import host, inputs, neighbours

NO_MODEL = "none"


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
        images = "Pictures to time the model's stages with (the first is used)."
        return {
            "required": {"model": inputs.model([NO_MODEL, *host.model_files()], tooltip)},
            "optional": {"images": ("IMAGE", {"tooltip": images}), "provider": inputs.provider()},
            "hidden": inputs.HIDDEN,
        }

    @classmethod
    def IS_CHANGED(cls, **_: Any) -> float:
        return float("nan")  # the machine may have changed: always run

    def execute(
        self, model: str, images: Tensor | None = None, provider: str = host.AUTO, unique_id: str = ""
    ) -> dict[str, Any]:
        from ..cutout import cutout  # when it runs: ComfyUI's start does not wait for it
        from ..sessions.describe import describe_model, describe_runtime, describe_times
        from ..sessions.finding.sources import find_recipe
        from ..sessions.session import CustomSession
        from ..shell import own_command
        from ..stages import record

        lines = describe_runtime() + [f"beside it: {text}" for text in neighbours.conflicts()]
        lines += [f"commands: {own_command('--help')}"]
        if model != NO_MODEL:
            path, asked = host.model_path(model), host.provider(provider)
            with record() as times:
                found = find_recipe(path, asked, host.make_room)
                session = CustomSession(path, found.recipe, provider=asked, make_room=host.make_room)
                lines += describe_model(session.model, asked)
                if images is not None:
                    cutout(images[:1], session, raise_if_cancelled=host.raise_if_cancelled)
            lines += describe_times(times)
        text = "\n".join(lines)
        host.show_text(unique_id, text)
        return {"ui": {"text": [text]}, "result": (text,)}

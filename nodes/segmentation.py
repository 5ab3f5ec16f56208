"""The three nodes that older graphs know: a model by name, a file with one mean and std, a file with all numbers."""

from pathlib import Path
from typing import Any, ClassVar

from torch import Tensor

from ..cutout import CutoutOptions, cutout
from ..sessions.container import CustomSessionContainer
from ..sessions.named import NAMED_MODELS
from ..sessions.session import CustomSession
from . import host, inputs


class _SegmentationNode:
    """What the three have in common: outputs, and the run."""

    CATEGORY = "image/segmentation"
    FUNCTION = "execute"
    RETURN_TYPES = ("IMAGE", "MASK")
    RETURN_NAMES = ("image", "mask")
    OUTPUT_TOOLTIPS = (
        "The cut-out, RGBA with straight alpha: colours are not darkened at the edges.",
        "The mask: white (1) is the subject.",
    )
    SEARCH_ALIASES: ClassVar = ["remove background", "cut out", "rembg", "segmentation", "matting", "onnx", "u2net"]

    def __init__(self) -> None:
        self._session: CustomSession | None = None  # keeps the model loaded between runs

    def _run(
        self, images: Tensor, path: Path, container: CustomSessionContainer, options: CutoutOptions
    ) -> tuple[Tensor, Tensor]:
        if self._session and self._session.path != path:
            self._session = None  # give the other model's memory back before this one is loaded
        self._session = CustomSession(path, container, provider=host.provider())
        return cutout(images, self._session, options, host.progress(len(images)))

    @classmethod
    def IS_CHANGED(cls, model: str, **_: Any) -> str:
        """Run again when the model's file was replaced."""
        return host.fingerprint(_named_file(model) if model in NAMED_MODELS else model)


class ImageSegmentation(_SegmentationNode):
    DESCRIPTION = "Cuts the subject out with a well-known model, picked by its name."

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        tooltip = "A named model. Its file must be in models/onnx; which file that is, the error says if it is missing."
        return {
            "required": {
                "images": inputs.IMAGES,
                "model": inputs.model(_named_on_disk(), tooltip),
                **inputs.matting_and_post_process(),
            }
        }

    def execute(
        self,
        images: Tensor,
        model: str,
        alpha_matting: str,
        alpha_matting_foreground_threshold: int,
        alpha_matting_background_threshold: int,
        alpha_matting_erode_size: int,
        post_process_mask: str,
    ) -> tuple[Tensor, Tensor]:
        options = CutoutOptions(
            alpha_matting == "true",
            alpha_matting_foreground_threshold,
            alpha_matting_background_threshold,
            alpha_matting_erode_size,
            post_process_mask == "true",
        )
        return self._run(images, host.model_path(_named_file(model)), NAMED_MODELS[model].container, options)


class ImageSegmentationCustom(_SegmentationNode):
    DESCRIPTION = "Cuts the subject out with any ONNX file of models/onnx: one mean, one std, a square input size."

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "images": inputs.IMAGES,
                "model": inputs.model(host.model_files(), inputs.FILE_TOOLTIP),
                **inputs.matting_and_post_process(),
                "mean": inputs.mean(0.485, "all channels"),
                "std": inputs.std("all channels"),
                "size": inputs.size("Width and height"),
            }
        }

    def execute(
        self,
        images: Tensor,
        model: str,
        alpha_matting: str,
        alpha_matting_foreground_threshold: int,
        alpha_matting_background_threshold: int,
        alpha_matting_erode_size: int,
        post_process_mask: str,
        mean: float,
        std: float,
        size: int,
    ) -> tuple[Tensor, Tensor]:
        options = CutoutOptions(
            alpha_matting == "true",
            alpha_matting_foreground_threshold,
            alpha_matting_background_threshold,
            alpha_matting_erode_size,
            post_process_mask == "true",
        )
        container = CustomSessionContainer((mean,) * 3, (std,) * 3, size, size)
        return self._run(images, host.model_path(model), container, options)


class ImageSegmentationCustomAdvanced(_SegmentationNode):
    DESCRIPTION = "Cuts the subject out with any ONNX file of models/onnx: mean and std per channel, width and height."

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "images": inputs.IMAGES,
                "model": inputs.model(host.model_files(), inputs.FILE_TOOLTIP),
                **inputs.matting_and_post_process(),
                "mean_r": inputs.mean(0.485, "red"),
                "mean_g": inputs.mean(0.456, "green"),
                "mean_b": inputs.mean(0.406, "blue"),
                "std_r": inputs.std("red"),
                "std_g": inputs.std("green"),
                "std_b": inputs.std("blue"),
                "width": inputs.size("Width"),
                "height": inputs.size("Height"),
            }
        }

    def execute(
        self,
        images: Tensor,
        model: str,
        alpha_matting: str,
        alpha_matting_foreground_threshold: int,
        alpha_matting_background_threshold: int,
        alpha_matting_erode_size: int,
        post_process_mask: str,
        mean_r: float,
        mean_g: float,
        mean_b: float,
        std_r: float,
        std_g: float,
        std_b: float,
        width: int,
        height: int,
    ) -> tuple[Tensor, Tensor]:
        options = CutoutOptions(
            alpha_matting == "true",
            alpha_matting_foreground_threshold,
            alpha_matting_background_threshold,
            alpha_matting_erode_size,
            post_process_mask == "true",
        )
        container = CustomSessionContainer((mean_r, mean_g, mean_b), (std_r, std_g, std_b), width, height)
        return self._run(images, host.model_path(model), container, options)


def _named_on_disk() -> list[str]:
    """The named models whose file is there, u2netp in any case."""
    files = {Path(name).name for name in host.model_files()}
    return [name for name, model in NAMED_MODELS.items() if model.file in files or name == "u2netp"]


def _named_file(model: str) -> str:
    """The model's file as ComfyUI lists it, in whatever subfolder it lies."""
    file = NAMED_MODELS[model].file
    return next((name for name in host.model_files() if Path(name).name == file), file)

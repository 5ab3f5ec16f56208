"""What the nodes that run a model have in common."""

import time
from pathlib import Path
from typing import Any

from torch import Tensor

from ..cutout import Cutout, CutoutOptions, cutout
from ..sessions.catalog import find_model
from ..sessions.providers import plain_name
from ..sessions.recipe import Recipe
from ..sessions.session import CustomSession
from . import host

IMAGE_TOOLTIP = "The cut-out, RGBA with straight alpha: colours are not darkened at the edges."
MASK_TOOLTIP = "The mask: white (1) is the subject."
CONFIDENCE_TOOLTIP = "How sure the model is that there is a subject, 0-1; the lowest of a batch."
SEARCH_ALIASES = ["remove background", "cut out", "rembg", "segmentation", "matting", "onnx", "u2net"]


class SessionNode:
    """Holds the loaded model between runs: ComfyUI keeps one instance per node."""

    CATEGORY = "image/segmentation"
    FUNCTION = "execute"
    RETURN_TYPES: tuple[str, ...] = ("IMAGE", "MASK")
    RETURN_NAMES: tuple[str, ...] = ("image", "mask")
    OUTPUT_TOOLTIPS: tuple[str, ...] = (IMAGE_TOOLTIP, MASK_TOOLTIP)
    SEARCH_ALIASES = SEARCH_ALIASES

    def __init__(self) -> None:
        self._session: CustomSession | None = None
        self._wanted: tuple[object, ...] = ()

    @classmethod
    def IS_CHANGED(cls, model: str, **_: Any) -> str:
        """Run again when the model's file was replaced."""
        return host.fingerprint(named_file(model))

    def run(
        self,
        images: Tensor,
        path: Path,
        recipe: Recipe,
        options: CutoutOptions,
        node_id: str,
        source: str = "",
        provider: str = host.AUTO,
        keep_loaded: bool = True,
    ) -> Cutout:
        """Load the model if it is not there, cut out, and say on the node what was used."""
        wanted = path, provider, host.file_stamp(path)
        if self._wanted != wanted:
            self._session = None  # give the other model's memory back before this one is loaded
        self._wanted = wanted
        session = CustomSession(path, recipe, provider=host.provider(provider), make_room=host.make_room)
        self._session = session if keep_loaded else None
        return run_session(images, session, options, node_id, source)


def run_session(
    images: Tensor, session: CustomSession, options: CutoutOptions, node_id: str, source: str = ""
) -> Cutout:
    """Cut out with progress and cancel, and say on the node: model, provider, recipe's source, time, no subject."""
    start = time.perf_counter()
    result = cutout(images, session, options, host.progress(len(images)), host.raise_if_cancelled)
    parts = [session.path.name, plain_name(session.provider), source, f"{time.perf_counter() - start:.1f} s"]
    missed = sum(sure < options.min_confidence for sure in result.confidence)
    if missed:
        parts.append(f"no subject found in {missed} of {len(images)}" if len(images) > 1 else "no subject found")
    host.show_text(node_id, " · ".join(part for part in parts if part))
    return result


def named_file(model: str) -> str:
    """The file of a named model as ComfyUI lists it, in whatever subfolder it lies; other names are files already."""
    known = find_model(model)
    if not known:
        return model
    return next((name for name in host.model_files() if Path(name).name == known.file), known.file)

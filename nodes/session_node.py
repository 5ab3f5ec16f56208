"""What the nodes that run a model have in common."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import Tensor

from ..plain_text import LINE, plain
from ..sessions.recipes.recipe import Recipe
from ..sessions.runtime.providers import plain_name
from . import host
from .managed import manage
from .named import load_refiner
from .widgets import AnyModelWidgets, CutoutWidgets, MattingWidgets

if TYPE_CHECKING:  # the pipeline is imported when a node runs: ComfyUI's start does not wait for it
    from ..cutouts import Cutout, CutoutOptions
    from ..sessions.refiner import Refiner
    from ..sessions.rembg_session import RembgSession
    from ..sessions.segmenter import Segmenter
    from ..sessions.session import CustomSession

IMAGE_TOOLTIP = "The cut-out, RGBA with straight alpha: colours are not darkened at the edges."
MASK_TOOLTIP = "The mask: white (1) is the subject."
CONFIDENCE_TOOLTIP = "How sure the model is that there is a subject, 0-1; the lowest of a batch."
CLASSES_TOOLTIP = (
    "One mask for each class, as the model gives them: those of `classes`, or all that appear. Of several pictures, "
    "all masks of the first class come first. A model of one class gives its mask."
)
NAMES_TOOLTIP = "The names of these classes in the same order, with commas."
PREVIEW = "onnx_segmentation.preview"  # what web/onnx_segmentation_preview.js listens to
SEARCH_ALIASES = [
    *("remove background", "remove bg", "background removal", "cut out", "cutout", "matte", "mask", "alpha"),
    *("rembg", "segmentation", "matting", "onnx", "u2net", "isnet", "birefnet", "rmbg", "modnet"),
]


class SessionNode:
    """Holds the loaded model between runs: ComfyUI keeps one instance per node."""

    CATEGORY = "image/segmentation"
    FUNCTION = "execute"
    RETURN_TYPES: tuple[str, ...] = ("IMAGE", "MASK")
    RETURN_NAMES: tuple[str, ...] = ("image", "mask")
    OUTPUT_TOOLTIPS: tuple[str, ...] = (IMAGE_TOOLTIP, MASK_TOOLTIP)
    SEARCH_ALIASES = SEARCH_ALIASES

    def __init__(self) -> None:
        self._session: CustomSession | RembgSession | None = None
        self._identity: tuple[object, ...] = ()
        self._network: Refiner | None = None

    @classmethod
    def IS_CHANGED(cls, model: str, **_: Any) -> str:
        """Run again when the model's file was replaced."""
        return host.fingerprint(host.model_path(model))

    def run(self, images: Tensor, path: Path, recipe: Recipe, settings: CutoutWidgets, source: str = "") -> Cutout:
        """Load the model if it is not there, cut out, and say on the node what was used."""
        from ..sessions.session import CustomSession

        self.drop_other(path, settings.provider)
        session = CustomSession(path, recipe, provider=host.provider(settings.provider), make_room=host.make_room)
        return self.run_held(images, session, settings, source)

    def drop_other(self, path: Path, provider: str) -> None:
        """Give another model's memory back, before this one is loaded."""
        identity = path, provider, host.fingerprint(path)
        if self._identity != identity:
            self._session = None
        self._identity = identity

    def run_held(
        self, images: Tensor, session: CustomSession | RembgSession, settings: CutoutWidgets, source: str = ""
    ) -> Cutout:
        """Cut out with a session and the network that the widgets ask for, and hold both for the next run."""
        options, network = with_network(settings.options(), settings)
        self._session, self._network = (session, network) if settings.keep_loaded else (None, None)
        each = isinstance(settings, AnyModelWidgets)
        return run_session(images, session, options, settings.unique_id, source, each, settings.opacity())


def with_network(options: CutoutOptions, settings: MattingWidgets) -> tuple[CutoutOptions, Refiner | None]:
    """The options with the network that the matting method needs, and the network, to be held for the next run."""
    if not options.decided().refine.alpha_matting:
        return options, None
    network = load_refiner(settings.matting_method, settings.unique_id)
    if network:
        manage(network.model)
    return replace(options, refine=replace(options.refine, network=network)), network


def run_session(
    images: Tensor,
    session: Segmenter,
    options: CutoutOptions,
    node_id: str,
    source: str = "",
    each_class: bool = False,
    opacity: Tensor | None = None,
) -> Cutout:
    """Cut out with progress and cancel, and say on the node: model, provider, recipe's source, time, confidence.


    opacity: of the input, see `cutout`. A steady batch ticks for each frame that it looks at first.
    """
    from ..cutouts import cutout
    from ..imaging.convert import to_frames
    from ..model_runs import steady_samples

    images = to_frames(images)
    manage(session.held)
    start = time.perf_counter()
    tick = host.progress(len(images) + (len(steady_samples(len(images))) if options.steady else 0))
    result = cutout(
        images,
        session,
        options,
        tick,
        host.raise_if_cancelled,
        class_masks=each_class,
        opacity=opacity,
        on_sample=tick,
    )
    quality = "" if options.quality == "rembg" else quality_said(options.quality, result.runs)
    parts = [session.path.name, plain_name(session.provider), source, f"{time.perf_counter() - start:.1f} s"]
    parts += [confidence_text(result.confidence, options.min_confidence), quality]  # a narrow node cuts the end off
    state = plain(" · ".join(part for part in parts if part), LINE)
    host.show_text(node_id, state)
    show_preview(node_id, state, result)
    return result


def class_outputs(result: Cutout) -> tuple[Tensor, str]:
    """What the outputs class_masks and class_names give."""
    if result.class_masks is None:
        return result.mask, ""
    return result.class_masks, ", ".join(name.replace(",", " ") for name in result.class_names)


def lowest(result: Cutout) -> float:
    """The confidence of a batch, in two digits."""
    return round(min(result.confidence), 2)


def confidence_text(confidence: list[float], least: float) -> str:
    """The lowest of a batch, and how many frames have no subject for sure, or probably."""
    from ..cutout_options import PROBABLE
    from ..frames import shown_confidence

    text = f"confidence {shown_confidence(min(confidence))}"
    missed, doubted = (sum(sure < limit for sure in confidence) for limit in (least, PROBABLE))
    if not doubted and not missed:
        return text
    where = f" in {missed or doubted} of {len(confidence)}" if len(confidence) > 1 else ""
    return f"{text}: {'no subject found' if missed else 'probably no subject'}{where}"


def quality_said(quality: str, runs: Sequence[int]) -> str:
    """What the state line says of fast and best: how often the model ran, and what does not count."""
    count = f"{runs[0]}" if len(set(runs)) == 1 else f"{min(runs)} to {max(runs)}"
    ran = f"{count} runs{' a frame' if len(runs) > 1 else ''} of the model, " if max(runs) > 1 else ""
    return f"{quality}: {ran}matting and post-process settings do not count"


def show_preview(node_id: str, state: str, result: Cutout) -> None:
    """Send the first frame's pictures, small, to be drawn on the node: cut-out, mask and, after matting, trimap."""
    if not node_id or not host.has_page():
        return
    from ..imaging.preview import data_url

    pictures = {"cutout": result.image[0], "mask": result.mask[0]}
    if result.trimap is not None:
        pictures["trimap"] = result.trimap
    urls = {name: data_url(picture) for name, picture in pictures.items()}
    host.send_to_page(PREVIEW, {"node": node_id, "state": state, "pictures": urls})

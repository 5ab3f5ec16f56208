"""What happens between a model and the result: the options of a cut-out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from torch import Tensor

from .errors import OptionsError
from .imaging.compose import TRANSPARENT, parse_colour
from .refine import QUALITIES, Quality, RefineOptions
from .values import YES_OR_NO, Kind, Maybe, Number, Rule, Word, check

InputAlpha = Literal["ignore", "multiply", "prior"]
INPUT_ALPHA: tuple[str, ...] = get_args(InputAlpha)
PROBABLE = 0.5  # a frame whose confidence is below this probably has no subject
RULES: dict[str, Rule] = {
    "refine": Kind(RefineOptions, "RefineOptions"),
    "post_process": YES_OR_NO,
    "min_confidence": Number(0, 1),
    "steady": YES_OR_NO,
    "background": Kind(str, f"{TRANSPARENT}, or a colour as #rrggbb"),
    "steady_trimap": YES_OR_NO,
    "classes": Kind(str, "names or numbers of classes, with commas between them"),
    "plate": Maybe(Kind(Tensor, "an IMAGE of one picture")),
    "input_alpha": Word(INPUT_ALPHA),
    "quality": Word(QUALITIES),
    "crop": YES_OR_NO,
    "detail": YES_OR_NO,
}


@dataclass(frozen=True)
class CutoutOptions:
    """What happens between the model and the result.

    refine: alpha matting and colours. post_process: clean the mask first. min_confidence: a frame whose map stays below
    this (0..1) has no subject, and its mask is empty. steady: one scale for the whole batch, set by frames spread over
    it, instead of each frame's own, so that a video does not flicker (min-max decodings only). background:
    `transparent`, or a colour such as #ffffff that the cut-out is laid over, which makes the result RGB.
    steady_trimap: with matting, what is sure in one frame and another thing in the next is unknown in both. classes: of
    a model of several, names or numbers of those that are the subject, with commas; empty for what its recipe says.
    plate: an IMAGE of one picture, the same scene without the subject, for models that compare the two. input_alpha:
    what the picture's own alpha does to the result's. `ignore`; `multiply` it; `prior`: with matting, what is
    transparent is background in the trimap and what is half transparent unknown (without matting as `multiply`).

    quality: `rembg` does what the other options say. `fast` makes a better mask without a solver: neither stretched nor
    rounded, and following the picture's colours near its contour. `best` runs the model again on each subject's box,
    solves alpha drawn to what the model says, and estimates the colours. With both of these alpha_matting, its
    thresholds and erode_size, post_process and steady do not count; method and edge_colours do, and steady_trimap draws
    each frame to the one before. crop: whether `best` runs the model again. detail: whether the mask follows the
    colours.

    Raises ColourError for a background that is no colour, OptionsError for any other value that cannot be.
    """

    refine: RefineOptions = field(default_factory=RefineOptions)
    post_process: bool = False
    min_confidence: float = 0.0
    steady: bool = False
    background: str = TRANSPARENT
    steady_trimap: bool = False
    classes: str = ""
    plate: Tensor | None = field(default=None, compare=False)
    input_alpha: InputAlpha = "ignore"
    quality: Quality = "rembg"
    crop: bool = True
    detail: bool = True

    def __post_init__(self) -> None:
        check(self, RULES, OptionsError)
        parse_colour(self.background)

    def decided(self) -> CutoutOptions:
        """With what `quality` decides in the place of what does not count beside it."""
        if self.quality == "rembg":
            return self
        colours = "estimated" if self.refine.edge_colours == "auto" else self.refine.edge_colours
        refine = replace(self.refine, alpha_matting=self.quality == "best", edge_colours=colours)
        return replace(self, refine=refine, post_process=False, steady=False)

"""The options of `segment` and of the command line: the nodes' widgets, under the same names."""

from dataclasses import replace
from difflib import get_close_matches
from typing import Any, TypedDict

from .cutout_options import PROBABLE, CutoutOptions, InputAlpha
from .matting.methods import Method
from .refine import EdgeColours, Quality, RefineOptions

REFINE = {
    "alpha_matting": "alpha_matting",
    "alpha_matting_foreground_threshold": "foreground_threshold",
    "alpha_matting_background_threshold": "background_threshold",
    "alpha_matting_erode_size": "erode_size",
    "matting_method": "method",
    "edge_colours": "edge_colours",
}
REST = {
    name: name.removesuffix("_mask")
    for name in ("post_process_mask", "min_confidence", "classes", "input_alpha", "quality")
}
# As a node that is placed anew has it; `CutoutOptions` has what older graphs mean. A picture's own alpha counts.
USUAL: dict[str, Any] = {"min_confidence": PROBABLE, "input_alpha": "multiply"}

# Of a cut-out without matting: nearer to the truth than rembg's on every ground (benchmarks/edges.py).
PLAIN_COLOURS: EdgeColours = "blur_fusion"


class Options(TypedDict, total=False):
    """The widgets of the nodes, under the same names; what is not given is `USUAL`, or as in `CutoutOptions`."""

    alpha_matting: bool
    alpha_matting_foreground_threshold: int
    alpha_matting_background_threshold: int
    alpha_matting_erode_size: int
    post_process_mask: bool
    matting_method: Method
    edge_colours: EdgeColours
    min_confidence: float
    classes: str
    input_alpha: InputAlpha
    quality: Quality


def to_options(options: Options, mask: bool = False) -> CutoutOptions:
    """The nodes' words as the library's options. mask: nothing but the mask is wanted: colours need no estimate.

    Raises TypeError for a name that is none, OptionsError for values.
    """
    values: dict[str, Any] = USUAL | {**options}
    if "edge_colours" not in values and not values.get("alpha_matting") and values.get("quality", "rembg") == "rembg":
        values["edge_colours"] = PLAIN_COLOURS
    for name in options:
        if name not in Options.__annotations__:
            _refuse(name)
    refine = {name: values[key] for key, name in REFINE.items() if key in values}
    rest = {name: values[key] for key, name in REST.items() if key in values}
    checked = CutoutOptions(RefineOptions(**refine), **rest)
    return replace(checked, refine=replace(checked.refine, edge_colours="photo")) if mask else checked


def _refuse(name: str) -> None:
    near = get_close_matches(name, Options.__annotations__, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"options are {', '.join(Options.__annotations__)}"
    raise TypeError(f"segment() has no option {name!r}; {hint}")

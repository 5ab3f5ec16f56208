"""Recipes by family of models, for files whose name the catalogue does not know."""

from .catalog import catalog
from .container import CustomSessionContainer
from .recipe import Recipe

PLAIN = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
FAMILIES = {
    "u2net": "u2net",
    "isnet": "isnet-general-use",
    "birefnet": "birefnet-general",
    "modnet": "modnet-photographic",
    "ben2": "ben2",
    "rmbg": "bria-rmbg",
    "withoutbg": "withoutbg",
}
# MediaPipe's selfie segmentation: 256 x 256, pixels 0..1, the output is the probability of a person.
# Source: MediaPipe Model Card "Selfie Segmentation" (general model).
OTHERS = {
    "mediapipe selfie": Recipe(
        CustomSessionContainer(*PLAIN, 256, 256), scale="255", resampler="bilinear", decoding="none"
    ),
    "plain /255": Recipe(CustomSessionContainer(*PLAIN), scale="255", decoding="none"),
}
PRESETS = (*FAMILIES, *OTHERS)


def preset(name: str) -> Recipe:
    """The recipe of this family. Raises KeyError for a name that is not in PRESETS."""
    return OTHERS[name] if name in OTHERS else catalog()[FAMILIES[name]].recipe

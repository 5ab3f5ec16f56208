"""The library in three lines: a session by name or file, and one picture at a time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack, overload

import numpy as np
import torch
from numpy.typing import NDArray

from .cutout import CutoutOptions, cutout
from .errors import ImageError, ModelNotFoundError
from .forks import begin_work
from .imaging.convert import to_levels, to_values
from .matting.methods import Method
from .pictures.read import Picture, read_picture, to_picture
from .pictures.write import Colour, ResultForm, to_result
from .refine import EdgeColours, RefineOptions
from .sessions.downloads.comfyui_folders import inside_comfyui, model_folders, model_path
from .sessions.downloads.files import default_folder, find_files, obtain
from .sessions.finding.sources import find_recipe
from .sessions.recipes.catalog import catalog, find_model
from .sessions.recipes.recipe import Recipe
from .sessions.session import CustomSession

if TYPE_CHECKING:
    from PIL import Image

CHECKOUT_MODELS = Path(__file__).parent / ".cache" / "models"  # where the demo and the tests put theirs
REFINE = {
    "alpha_matting": "alpha_matting",
    "alpha_matting_foreground_threshold": "foreground_threshold",
    "alpha_matting_background_threshold": "background_threshold",
    "alpha_matting_erode_size": "erode_size",
    "matting_method": "method",
    "edge_colours": "edge_colours",
}
REST = {"post_process_mask": "post_process", "min_confidence": "min_confidence"}


class Options(TypedDict, total=False):
    """The widgets of the nodes, under the same names; what is not given has the default of `CutoutOptions`."""

    alpha_matting: bool
    alpha_matting_foreground_threshold: int
    alpha_matting_background_threshold: int
    alpha_matting_erode_size: int
    post_process_mask: bool
    matting_method: Method
    edge_colours: EdgeColours
    min_confidence: float


@overload
def segment(
    image: str | Path | bytes | Image.Image,
    model: CustomSession | str | Path,
    *,
    mask: bool = False,
    background: Colour | None = None,
    **options: Unpack[Options],
) -> Image.Image: ...


@overload
def segment(
    image: NDArray[np.uint8],
    model: CustomSession | str | Path,
    *,
    mask: bool = False,
    background: Colour | None = None,
    **options: Unpack[Options],
) -> NDArray[np.uint8]: ...


def segment(
    image: str | Path | bytes | Image.Image | NDArray[np.uint8],
    model: CustomSession | str | Path,
    *,
    mask: bool = False,
    background: Colour | None = None,
    **options: Unpack[Options],
) -> Image.Image | NDArray[np.uint8]:
    """Cut the subject out of one picture.

    image: a file, its bytes, a PIL picture (upright by its EXIF orientation, whatever its mode), or an array
    [H, W], [H, W, 3] or [H, W, 4] of uint8. model: what `load_session` gives, which is worth keeping for several
    pictures, or what it takes. mask: return the mask instead, 255 = subject. background: put the subject on this
    colour (R, G, B, 0..255). options: those of the nodes.

    Returns straight RGBA, the grey mask, or RGB; a PIL picture, with the colour profile of the one given, or, for an
    array, an array of uint8.

    Raises ImageError and PictureError for what is no picture, and what `load_session` and `cutout` raise.
    """
    begin_work()
    form = ResultForm(mask=mask, background=background)
    session = model if isinstance(model, CustomSession) else load_session(model)
    picture = _read(image)
    result = cutout(to_values(picture.pixels)[None], session, to_options(options))
    shown = to_result(to_levels(result.image[0]).numpy(), form)
    if isinstance(image, np.ndarray):
        return np.asarray(shown)
    if picture.icc and not mask:
        shown.info["icc_profile"] = picture.icc
    return shown


def load_session(model: str | Path, recipe: Recipe | None = None, *, provider: str | None = None) -> CustomSession:
    """A model in memory: a file, or a name of the catalogue.

    recipe: how to feed it; None takes the one that `find_recipe` finds. provider: as in `CustomSession`.
    Raises the ModelErrors of `errors`, RecipeError for a recipe beside the file that cannot be read.
    """
    path = Path(model) if Path(model).is_file() else model_file(str(model))
    if recipe:
        return CustomSession(path, recipe, provider=provider)
    found = find_recipe(path, provider)
    return CustomSession(path, found.recipe, provider=provider)


def model_file(name: str) -> Path:
    """The file of a model by its name: one of the catalogue, downloaded where it is not here yet, or, inside ComfyUI,
    one that ComfyUI lists. ComfyUI's folders come first there, before our own.

    Raises what `sessions.downloads.files.obtain` raises, and ModelNotFoundError for a name that nobody knows.
    """
    if inside_comfyui() and model_path(name).is_file():
        return model_path(name)
    known = find_model(name)
    if known is None:
        names = ", ".join(sorted(catalog()))
        raise ModelNotFoundError(f"{name} is neither a file nor the name of a model; names are {names}")
    try:
        folders = [*model_folders(), default_folder()]
    except ModelNotFoundError:
        folders = model_folders()
        if not folders and not find_files(known, [CHECKOUT_MODELS]):  # rembg's folders are looked into as well
            raise
    return obtain(known, [*folders, CHECKOUT_MODELS])


def to_options(given: Options) -> CutoutOptions:
    """The nodes' words as the library's options."""
    values: dict[str, Any] = {**given}
    refine = {name: values[key] for key, name in REFINE.items() if key in values}
    rest = {name: values[key] for key, name in REST.items() if key in values}
    return CutoutOptions(RefineOptions(**refine), **rest)


def _read(image: str | Path | bytes | Image.Image | NDArray[np.uint8]) -> Picture:
    if isinstance(image, (str, Path, bytes)):
        return read_picture(Path(image) if isinstance(image, str) else image)
    if not isinstance(image, np.ndarray):
        return to_picture(_check_pil(image))
    if image.dtype != np.uint8 or not (image.ndim == 2 or (image.ndim == 3 and image.shape[2] in (3, 4))):
        raise ImageError(
            f"the array is {image.dtype} {list(image.shape)}; wanted is uint8 [height, width], or with 3 or 4 channels"
        )
    rgb = np.stack([image] * 3, axis=2) if image.ndim == 2 else image[..., :3]
    return Picture(torch.from_numpy(np.array(rgb, order="C")))  # a copy: it may be read-only, or have its rows reversed


def _check_pil(image: Any) -> Image.Image:
    from PIL import Image

    if isinstance(image, Image.Image):
        return image
    raise ImageError(
        f"the image is a {type(image).__name__}; give a file, its bytes, a PIL picture, or a numpy array of uint8. For "
        "a tensor, ComfyUI's IMAGE, there is cutout"
    )

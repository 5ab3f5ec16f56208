"""The library in three lines: a session by name or file, and a picture in any form."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar, Unpack, overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .cutouts import Cutout, cutout
from .errors import ModelNotFoundError
from .forks import begin_work
from .imaging.convert import check_images, spread_levels, to_levels, to_values
from .options import Options, to_options
from .pictures.forms import to_source
from .pictures.write import ColourLevels, ResultForm, RGBALevels, check_bgcolor, over_rgba, to_result
from .sessions.downloads.comfyui_folders import inside_comfyui, model_folders, model_path
from .sessions.downloads.files import default_folder, find_files, obtain
from .sessions.finding.samples import MOST_PICTURES, Trial
from .sessions.finding.sources import find_recipe
from .sessions.other_copies import to_session
from .sessions.recipes.catalog import catalog, find_model
from .sessions.recipes.recipe import Recipe
from .sessions.session import CustomSession

if TYPE_CHECKING:
    from PIL import Image

CHECKOUT_MODELS = Path(__file__).parent / ".cache" / "models"  # where the demo and the tests put theirs
Pixels = TypeVar("Pixels", NDArray[np.uint8], NDArray[np.float32], Tensor)


@overload
def segment(
    image: str | PathLike[str] | bytes | BinaryIO | Image.Image,
    model: CustomSession | str | PathLike[str],
    *,
    mask: bool = False,
    background: ColourLevels | None = None,
    only_mask: bool = False,
    bgcolor: Sequence[int] | None = None,
    **options: Unpack[Options],
) -> Image.Image: ...


@overload
def segment(
    image: Pixels,
    model: CustomSession | str | PathLike[str],
    *,
    mask: bool = False,
    background: ColourLevels | None = None,
    only_mask: bool = False,
    bgcolor: Sequence[int] | None = None,
    **options: Unpack[Options],
) -> Pixels: ...


def segment(
    image: object,
    model: CustomSession | str | PathLike[str],
    *,
    mask: bool = False,
    background: ColourLevels | None = None,
    only_mask: bool = False,
    bgcolor: Sequence[int] | None = None,
    **options: Unpack[Options],
) -> Any:
    """Cut the subject out of a picture, or of each picture of a batch.

    image: a path, a file's bytes, a file opened with "rb", a PIL picture (upright by its EXIF orientation, whatever its
    mode), or an array or tensor [H, W], [H, W, 3 or 4] or [B, H, W, 3 or 4], of uint8 or of floats 0..1. model: what
    `load_session` gives, which is worth keeping for several pictures, or what it takes. mask: return the mask instead,
    255 = subject. background: put the subject on this colour (R, G, B, 0..255). options: those of the nodes.

    rembg's names mean the same here: `only_mask` is `mask`; `bgcolor` (R, G, B, alpha) is a background under an RGBA.

    Returns straight RGBA, the grey mask, or RGB: a PIL picture, with the colour profile and resolution (dpi) of the one
    given; for an array or tensor another one, of uint8 or float32, on the same device.

    Raises TypeError for an option that there is not, OptionsError and ResultError for values out of range, ImageError
    and PictureError for what is no picture, and what `load_session` and `cutout` raise.
    """
    begin_work()
    form = ResultForm(mask=mask or only_mask, background=background)
    settings = to_options(options, form.mask)
    behind = None if bgcolor is None else check_bgcolor(bgcolor)
    source = to_source(image)
    session = load_session(model, pictures=source.frames) if isinstance(model, (str, PathLike)) else to_session(model)
    result = cutout(source.frames, session, settings)
    shown = source.back(_values(result, form, behind))
    if source.icc and not form.mask:
        shown.info["icc_profile"] = source.icc
    if source.dpi:
        shown.info["dpi"] = source.dpi
    return shown


def _values(result: Cutout, form: ResultForm, behind: RGBALevels | None) -> Tensor:
    """What was asked for, [B, H, W] or [B, H, W, C] float32 0..1."""
    if form.mask:
        return result.mask
    if form.background is None and behind is None:
        return result.image
    frames = [to_levels(frame).numpy() for frame in result.image]
    pictures = [to_result(rgba, form) if behind is None else over_rgba(rgba, behind) for rgba in frames]
    return to_values(torch.from_numpy(np.stack([np.asarray(picture) for picture in pictures])))


def load_session(
    model: str | PathLike[str],
    recipe: Recipe | None = None,
    *,
    provider: str | None = None,
    pictures: Tensor | None = None,
) -> CustomSession:
    """A model in memory: a file, or a name of the catalogue.

    recipe: how to feed it; None takes the one that `find_recipe` finds. provider: as in `CustomSession`. pictures:
    IMAGE [B, H, W, 3 or 4], of which up to three are used to find it. Without, what only a picture can tell is a guess,
    and the first pictures that the session cuts out settle it.
    Raises the ModelErrors of `errors`, RecipeError for a recipe beside the file that cannot be read.
    """
    path = find_model_file(model)
    if recipe:
        return CustomSession(path, recipe, provider=provider)
    if pictures is not None:
        check_images(pictures)
    trial = Trial(() if pictures is None else spread_levels(pictures, MOST_PICTURES))
    chosen = find_recipe(path, provider, trial=trial)  # holds the model until the session has it too
    session = CustomSession(path, chosen.recipe, provider=provider)
    session.doubt = "" if chosen.tried else chosen.doubt
    return session


def find_model_file(model: str | PathLike[str]) -> Path:
    """The file that somebody names: by its path, or as `obtain_named` does."""
    return Path(model) if Path(model).is_file() else obtain_named(str(model))


def obtain_named(name: str) -> Path:
    """The file of a model by its name: one of the catalogue, downloaded where it is not here yet, or, inside ComfyUI,
    one that ComfyUI lists. ComfyUI's folders come first there, before our own.

    Raises what `sessions.downloads.files.obtain` raises, and ModelNotFoundError for a name that nobody knows.
    """
    if inside_comfyui() and model_path(name).is_file():
        return model_path(name)
    entry = find_model(name)
    if entry is None:
        names = ", ".join(sorted(catalog()))
        raise ModelNotFoundError(f"{name} is neither a file nor the name of a model; names are {names}")
    try:
        folders = [*model_folders(), default_folder()]
    except ModelNotFoundError:
        folders = model_folders()
        if not folders and not find_files(entry, [CHECKOUT_MODELS]):  # rembg's folders are looked into as well
            raise
    return obtain(entry, [*folders, CHECKOUT_MODELS])

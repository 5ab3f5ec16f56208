"""The options of `cutout` as the library has them, checked before anything begins."""

import argparse
import importlib.util
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from torch import Tensor

from ..batch.first_recipe import first_recipe, keep_first_recipe
from ..batch.inputs import Found
from ..batch.job import Job
from ..batch.recipe import LocalSource, StoredSource, in_memory, telling_pictures
from ..batch.shard_form import is_shard
from ..batch.shards import first_pictures, open_stored
from ..batch.stores import Store
from ..batch.where import check_where
from ..errors import InputsError, ResultError
from ..options import Options, to_options
from ..pictures.write import ColourLevels, Format, ResultForm
from ..sessions.guessed import settled
from ..sessions.recipes.sidecar import read_recipe, sidecar_path
from ..sessions.session import CustomSession
from ..shell import FOLDER, pip_install
from ..simple import load_session
from .default_model import default_model

# Modules, and what pip calls them.
LOCAL = {"tqdm": "tqdm", "filelock": "filelock"}
PYARROW = {"pyarrow": "pyarrow"}
RAY = LOCAL | {"ray": "ray[data]>=2.60,<3", "pyarrow": "pyarrow"}
PACKAGE = __name__.partition(".")[0]


def load(
    args: argparse.Namespace, pictures: Callable[[], Sequence[Tensor]], store: Store | None = None
) -> CustomSession:
    """The model with the recipe of the whole run, so that what is wrong with it is said before anything is written.

    pictures: some of the run, [H, W, 3] uint8 each, asked for if the recipe is a guess without. store: the output
    folder, whose first recipe stays unless the user gave one.
    """
    if args.where:
        check_where(args.where)
    to_options(options(args))
    recipe = args.recipe and read_recipe(args.recipe)
    session = load_session(args.model or default_model(), recipe, provider=args.provider)
    first = first_recipe(store, session.path) if store and not gives_recipe(args, session.path) else None
    if first is None or args.overwrite:
        return settled(session, pictures)
    if session.doubt or first != session.recipe:
        print(
            "recipe: that of the first run of this output folder (--recipe gives another, --overwrite finds it anew)",
            file=sys.stderr,
        )
    return session.with_recipe(first)


def keep_recipe(args: argparse.Namespace, store: Store, job: Job) -> None:
    """For later runs. Raises OSError."""
    if not gives_recipe(args, job.model):
        keep_first_recipe(store, job.model, job.recipe)


def gives_recipe(args: argparse.Namespace, model: Path) -> bool:
    """Whether the user says how to feed the model: with an option, or in a file beside it."""
    return args.recipe is not None or sidecar_path(model).is_file()


def to_job(args: argparse.Namespace, form: ResultForm, session: CustomSession) -> Job:
    return Job(
        session.path,
        session.recipe,
        to_options(options(args), form.mask),
        form,
        args.provider,
        args.max_megapixels,
        args.where,
        args.allow_cpu,
        args.column,
        args.engine == "ray" and args.ray_gpus > 0,
    )


def some_pictures(found: Found, filesystem: Any, args: argparse.Namespace) -> Sequence[Tensor]:
    """Of a run, on which a recipe is found. filesystem: of pyarrow; None for this machine's files."""
    if means_shards(args):
        with open_stored(filesystem, found.paths[0]) as shard:
            return telling_pictures(*in_memory(first_pictures(shard, found.paths[0], args.column)), args.max_megapixels)
    source = LocalSource() if filesystem is None else StoredSource(filesystem)
    return telling_pictures(found.paths, source, args.max_megapixels)


def means_shards(args: argparse.Namespace) -> bool:
    return args.shards or any(is_shard(name.partition("?")[0]) for name in args.inputs)


def options(args: argparse.Namespace) -> Any:
    """Those that have a value: `to_options` knows the others."""
    return {name: value for name in Options.__annotations__ if (value := getattr(args, name, None)) is not None}


def to_form(args: argparse.Namespace, usual: Format = "png") -> ResultForm:
    """usual: the format that counts if none is given."""
    return ResultForm(args.format or usual, args.mask, _colour(args.background), args.compression, args.file_quality)


def _colour(name: str | None) -> ColourLevels | None:
    from PIL import ImageColor

    if name is None:
        return None
    try:
        return ImageColor.getrgb(name)[:3]
    except ValueError as error:
        raise ResultError(f"background is {name!r}; give a name such as white, or '#rrggbb'") from error


def check_needed(modules: Mapping[str, str]) -> None:
    """Raises InputsError if a module cannot be imported that the engine needs."""
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        raise InputsError(f"{', '.join(missing)} not installed: {pip_install(*(modules[name] for name in missing))}")


def check_package() -> None:
    """Raises InputsError if Ray's workers could not import this package."""
    if PathFinder.find_spec(PACKAGE) is None:
        raise InputsError(f"Ray's workers import {PACKAGE}, which is not installed: {pip_install(f'{FOLDER}[ray]')}")

"""What the page asks for: the numbers of a model file, and those of the known families."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import SegmentationError
from ..plain_text import plain
from ..sessions.recipes.catalog import CatalogModel, catalog, find_by_file, find_model
from ..sessions.recipes.presets import PRESETS, preset
from ..sessions.recipes.recipe import Recipe
from ..sessions.runtime.library import CPU
from . import host
from .named import file_names, installed_file, model_names, named_file

Answer = tuple[int, dict[str, Any]]  # the status, and what goes out as JSON
HELD_ELSEWHERE = ("scale", "fit", "resampler", "channels", "output")  # of a recipe, what the page's numbers cannot say
DEFAULTS = Recipe()


def register() -> None:
    """Answer at /onnx_segmentation/ of ComfyUI's server, where there is one."""
    page = host.page_server()
    if page is not None:
        _serve(page, "/onnx_segmentation/recipe", recipe_answer)
        _serve(page, "/onnx_segmentation/presets", presets_answer)
        _serve(page, "/onnx_segmentation/models", models_answer)


def _serve(page: Any, path: str, answer: Callable[[Mapping[str, str]], Answer]) -> None:
    from aiohttp import web

    async def handle(request: web.Request) -> web.Response:
        # In a thread: a model takes seconds to read, and the server would stand still.
        status, body = await asyncio.to_thread(answer, request.query)
        return web.json_response(body, status=status)

    page.routes.get(path)(handle)


def recipe_answer(query: Mapping[str, str]) -> Answer:
    """The numbers of the file that `model` names, and in words where they were found.

    Only names that ComfyUI lists are looked at: 400 without a name, 404 for one that is not listed or has no file
    behind it, 400 for a file that cannot be used; each with a `message`.
    """
    name = query.get("model", "")
    if not name:
        return 400, {"message": "model is missing; give the name of a file of models/onnx"}
    label = plain(name)
    if name not in file_names() or not named_file(name):
        return 404, {"message": f"{label} is no file of models/onnx; refresh the page (R) and pick one of the list"}
    try:
        return 200, _read(name)
    except SegmentationError as error:
        return 400, {"message": str(error)}
    except OSError as error:
        return 400, {"message": f"{label} cannot be read: {error.strerror}"}


def _read(name: str) -> dict[str, Any]:
    from ..sessions.finding.sources import find_recipe

    # On the CPU: a look at a file must not take memory from what runs on the GPU.
    chosen = find_recipe(named_file(name) or host.model_path(name), CPU)
    return {**numbers(chosen.recipe), "source": plain(chosen.source), "doubt": plain(chosen.doubt)}


def presets_answer(_: Mapping[str, str]) -> Answer:
    """The numbers of each known family, by its name."""
    return 200, {name: {**numbers(preset(name)), "source": f"preset {name}"} for name in PRESETS}


def models_answer(_: Mapping[str, str]) -> Answer:
    """What the lists of models say beside each name, and which names mean another one's file."""
    listed = {name: find_model(name) for name in model_names()} | {name: find_by_file(name) for name in file_names()}
    models = {name: _label(name, entry) for name, entry in listed.items()}
    return 200, {"models": models, "aliases": [alias for entry in catalog().values() for alias in entry.aliases]}


def _label(name: str, entry: CatalogModel | None) -> dict[str, Any]:
    """size: of the file, or what a download takes. state: installed, to be downloaded, or to be brought."""
    path = host.model_path(name)
    file = path if path.is_file() else installed_file(entry.name) if entry else None
    if file:
        size, state = file.stat().st_size / 1e6, "installed" if entry else ""
    else:
        size, state = (entry.size_mb or 0, _missing(name, entry)) if entry else (0, "")
    return {"size": shown_size(size), "state": state, "commercial": entry is None or entry.commercial}


def _missing(name: str, entry: CatalogModel) -> str:
    """What becomes of a file that is not here; names without .onnx are those of downloads anyway."""
    if not entry.url:
        return "brought"
    return "downloaded" if name.endswith(".onnx") else ""


def shown_size(megabytes: float) -> str:
    """Under 0.1 MB, 4.6 MB, 176 MB, 1 GB; nothing for nothing."""
    if 0 < megabytes < 0.1:
        return "< 0.1 MB"
    if megabytes >= 1000:
        return f"{round(megabytes / 1000, 1):g} GB"
    return f"{megabytes:.2g} MB" if 0 < megabytes < 10 else f"{megabytes:.0f} MB" if megabytes else ""


def numbers(recipe: Recipe) -> dict[str, Any]:
    """What a node with numbers can hold of a recipe, and in words (`also`) what it cannot."""
    container = recipe.container
    held = {name: getattr(recipe, name) for name in HELD_ELSEWHERE}
    also = [f"{name} {plain(value)}" for name, value in held.items() if value != getattr(DEFAULTS, name)]
    return {
        "mean": container.mean,
        "std": container.std,
        "width": container.width,
        "height": container.height,
        "decoding": recipe.decoding,
        "also": also,
    }

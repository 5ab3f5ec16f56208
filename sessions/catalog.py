"""The catalogue of named models: which file each one needs, under what licence, and how it is fed."""

import hashlib
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from .recipe import Recipe, from_dict

CATALOG = Path(__file__).with_name("catalog.toml")


@dataclass(frozen=True)
class CatalogModel:
    """One entry. recipe: as rembg runs it; trainer_recipe: as its trainers do, where that differs.

    url and checksum (`md5:...` or `sha256:...`) are empty for a model that the user brings.
    """

    name: str
    file: str
    licence: str
    commercial: bool
    use: str
    recipe: Recipe
    trainer_recipe: Recipe | None = None
    aliases: tuple[str, ...] = ()
    url: str = ""
    checksum: str = ""


@cache
def catalog() -> dict[str, CatalogModel]:
    """Every model by name, in the catalogue's order."""
    entries = tomllib.loads(CATALOG.read_text(encoding="utf-8"))["model"]
    return {entry["name"]: _read(entry) for entry in entries}


def find_model(name: str) -> CatalogModel | None:
    """The model of this name or alias."""
    return next((model for model in catalog().values() if name in (model.name, *model.aliases)), None)


def find_by_file(file: str) -> CatalogModel | None:
    """The model whose file is called this, in whatever case."""
    return next((model for model in catalog().values() if model.file.lower() == file.lower()), None)


def find_by_checksum(path: Path) -> CatalogModel | None:
    """The model whose checksum this file has, whatever it is called. Reads the whole file."""
    with path.open("rb") as file:
        sums = {f"md5:{hashlib.file_digest(file, 'md5').hexdigest()}"}
        file.seek(0)
        sums.add(f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}")
    return next((model for model in catalog().values() if model.checksum in sums), None)


def _read(entry: dict[str, Any]) -> CatalogModel:
    recipes: dict[str, Any] = {key: from_dict(entry[key]) for key in ("recipe", "trainer_recipe") if key in entry}
    values = entry | recipes | {"aliases": tuple(entry.get("aliases", ()))}
    return CatalogModel(**values)

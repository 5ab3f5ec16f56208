"""The catalogue of named models: which file each one needs, under what licence, and how it is fed."""

import hashlib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from ...errors import CatalogError
from .recipe import Recipe, from_dict

CATALOG = Path(__file__).with_name("catalog.toml")
RecipeSource = Literal["rembg", "trainer"]
BLOCK = 2**20  # bytes
RECIPE_SOURCES: tuple[str, ...] = get_args(RecipeSource)


@dataclass(frozen=True)
class CatalogEntry:
    """A file that is known by name.

    file: what its source calls it. size_mb: millions of bytes, None where nobody says. checksum: `md5:...` or
    `sha256:...`; it and url are empty for a file that the user brings, whose makers' `page` is then given.

    Raises CatalogError for a download without a checksum, or a checksum that is none.
    """

    name: str
    file: str
    licence: str
    commercial: bool
    use: str
    aliases: tuple[str, ...] = ()
    url: str = ""
    page: str = ""
    checksum: str = ""
    size_mb: float | None = None

    def __post_init__(self) -> None:
        if bool(self.url) != bool(self.checksum):
            raise CatalogError(f"{self.name} has only one of url and checksum; a download needs both")
        kind, _, digits = self.checksum.partition(":")
        if self.checksum and len(digits) != {"md5": 32, "sha256": 64}.get(kind):
            raise CatalogError(f"checksum of {self.name} is {self.checksum!r}; give md5:... or sha256:...")
        if self.size_mb is not None and self.size_mb <= 0:
            raise CatalogError(f"size_mb of {self.name} is {self.size_mb}; give millions of bytes, or leave it out")

    @property
    def files(self) -> tuple[str, ...]:
        """Names that its file goes by: its source's, and `<name>.onnx` as rembg stores it."""
        return tuple(dict.fromkeys([self.file, *(f"{name}.onnx" for name in (self.name, *self.aliases))]))

    @property
    def summary(self) -> str:
        """What it is good at, size, licence, in one line."""
        size = f"{self.size_mb:g} MB" if self.size_mb else ""
        bring = "" if self.url else "bring the file yourself"
        terms = self.licence if self.commercial else f"{self.licence}: not for commercial use"
        return f"{self.use} ({', '.join(part for part in (size, terms, bring) if part)})"


@dataclass(frozen=True)
class CatalogModel(CatalogEntry):
    """A segmentation model. recipe: as rembg runs it; trainer_recipe: as its trainers do, where that differs."""

    recipe: Recipe = field(default_factory=Recipe)
    trainer_recipe: Recipe | None = None

    def recipe_of(self, source: RecipeSource = "rembg") -> Recipe:
        """rembg's recipe, or the trainers' own, which is the same where nothing else is known."""
        return self.trainer_recipe or self.recipe if source == "trainer" else self.recipe


@cache
def catalog() -> dict[str, CatalogModel]:
    """Every segmentation model by name, in the catalogue's order."""
    return {entry["name"]: _read_model(entry) for entry in _tables()["model"]}


@cache
def refiners() -> dict[str, CatalogEntry]:
    """Every refiner (picture and trimap in, alpha out) by name, the usual choice first."""
    return {entry["name"]: CatalogEntry(**_plain(entry)) for entry in _tables()["refiner"]}


def find_model(name: str) -> CatalogModel | None:
    """The model of this name or alias."""
    return next((model for model in catalog().values() if name in (model.name, *model.aliases)), None)


def find_refiner(name: str) -> CatalogEntry | None:
    """The refiner of this name or alias."""
    return next((entry for entry in refiners().values() if name in (entry.name, *entry.aliases)), None)


def find_by_file(file: str) -> CatalogModel | None:
    """The model whose file is called this, in whatever case."""
    name = file.lower()
    return next((model for model in catalog().values() if name in map(str.lower, model.files)), None)


def find_by_checksum(path: Path) -> CatalogModel | None:
    """The model whose checksum this file has, whatever it is called. Reads the whole file."""
    sums = {f"{kind}:{digits}" for kind, digits in digests(path).items()}
    return next((model for model in catalog().values() if model.checksum in sums), None)


def digest(path: Path, kind: str) -> str:
    """The hexadecimal checksum of a file; kind: md5 or sha256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, kind).hexdigest()


def digests(path: Path) -> dict[str, str]:
    """The hexadecimal md5 and sha256 of a file, in one reading; as long as it does not change, in no further one."""
    stat = path.stat()
    return _digests(path.resolve(), stat.st_mtime_ns, stat.st_size)


@cache
def _digests(path: Path, *_: int) -> dict[str, str]:
    sums = {"md5": hashlib.md5(usedforsecurity=False), "sha256": hashlib.sha256()}
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            for each in sums.values():
                each.update(block)
    return {kind: each.hexdigest() for kind, each in sums.items()}


@cache
def _tables() -> dict[str, list[dict[str, Any]]]:
    import tomllib  # when the list is first asked for, not while ComfyUI starts

    return tomllib.loads(CATALOG.read_text(encoding="utf-8"))


def family_tables() -> list[dict[str, Any]]:
    """The tables of public networks, for `finding.families`."""
    return _tables()["family"]


def _read_model(entry: dict[str, Any]) -> CatalogModel:
    recipes: dict[str, Any] = {key: from_dict(entry[key]) for key in ("recipe", "trainer_recipe") if key in entry}
    return CatalogModel(**_plain(entry) | recipes)


def _plain(entry: dict[str, Any]) -> dict[str, Any]:
    return entry | {"aliases": tuple(entry.get("aliases", ()))}

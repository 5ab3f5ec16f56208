"""The public network that a file is, by its name as people have it or by its graph, and how that family is fed."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..recipes.catalog import family_tables, find_model
from ..recipes.recipe import Recipe, from_dict
from ..recipes.spelling import spelled_out

# Words that say how a file was exported, not what it is.
NOISE = {
    *(
        "fp16",
        "fp32",
        "f16",
        "f32",
        "float16",
        "float32",
        "half",
        "bf16",
        "int8",
        "uint8",
        "quint8",
        "qint8",
        "q4",
        "q8",
    ),
    *("q4f16", "quant", "quantized", "quantised", "quantize", "bnb4", "dynamic", "static", "sim", "simplified", "simp"),
    *(
        "opt",
        "optimized",
        "optimised",
        "copy",
        "final",
        "best",
        "latest",
        "onnx",
        "model",
        "models",
        "weights",
        "export",
    ),
    *("exported", "converted", "int", "opset", "batch", "nchw", "nhwc", "general", "main", "epoch"),
}
UNNAMED = {"", "onnx", "models", "weights", "export", "checkpoints"}
"""Folders that say nothing of the model in them."""


@dataclass(frozen=True)
class Family:
    """name: for people. words: beginnings of a file's name without separators, the most telling first. fingerprints: of
    its graphs. recipe: with a size for files that leave it free."""

    name: str
    words: tuple[str, ...]
    fingerprints: tuple[str, ...]
    recipe: Recipe


@cache
def families() -> tuple[Family, ...]:
    """Every family of the catalogue, in its order."""
    return tuple(_read_family(table) for table in family_tables())


def _read_family(table: dict[str, object]) -> Family:
    model = find_model(str(table.get("model", "")))
    recipe = model.recipe if model else from_dict(spelled_out(table["recipe"]))  # type: ignore[arg-type]
    words, prints = (tuple(map(str, table.get(key, ()))) for key in ("words", "fingerprints"))  # type: ignore[call-overload]
    return Family(str(table["name"]), words, prints, recipe)


def family_of_graph(digits: str) -> Family | None:
    """The family with this fingerprint."""
    return next((each for each in families() if digits and digits in each.fingerprints), None)


def family_of_name(path: Path) -> Family | None:
    """The family that the file's name begins with; of `model.onnx`, its folder's."""
    name = telling_name(path)
    matching = [(len(word), family) for family in families() for word in family.words if name.startswith(word)]
    return max(matching, key=lambda each: each[0])[1] if matching else None


def telling_name(path: Path) -> str:
    """The letters and digits of a file's name that say what it is: `ISNet-general_use (1).fp16.onnx` is isnetuse."""
    for text in (path.stem, *(folder.name for folder in path.parents)):
        parts = re.findall(r"[a-z]+[0-9]*|[0-9]+", text.lower())
        telling = [part for part in parts if part not in NOISE]
        name = "".join(telling)
        if re.search("[a-z]{3}", name):
            return name
        if text.lower() not in UNNAMED and not set(parts) & NOISE:
            break
    return ""

"""What a model's classes are called: by its metadata, by a file beside it, or by a well-known list."""

import ast
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...plain_text import plain
from ..onnx_file.header import ModelFacts
from ..recipes.classes import known_list
from .hugging_face import read_labels

KEYS = ("names", "id2label", "labels", "classes", "class_names", "label_names")
"""Of metadata: `names` is ultralytics'."""
LONGEST = 1 << 20  # characters


def find_class_names(path: Path, facts: ModelFacts, count: int, instances: bool) -> Mapping[int, str]:
    """The names by their numbers; empty if nobody says them. count: of classes, 0 if nobody knows. instances: whether
    the model finds instances. Names whose number is not `count` are those of another model."""
    for names in (read_names(facts.metadata), read_labels(path)):
        if names and (not count or max(names) < count):
            return {number: plain(name) for number, name in sorted(names.items())}
    told = " ".join([path.stem, path.parent.name, *facts.metadata.values()])[:LONGEST]
    known = known_list(count, told, instances)
    return {n: name for n, name in enumerate(known.names) if name != "N/A"} if known else {}


def read_names(metadata: Mapping[str, str]) -> dict[int, str]:
    """Names of classes in a model's metadata: a list, or numbers with names, as JSON or as Python writes it."""
    for key in KEYS:
        names = _named(_parse(metadata.get(key, "")))
        if names:
            return names
    return {}


def _parse(text: str) -> Any:
    if not 1 < len(text) < LONGEST:
        return None
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
    return [part.strip() for part in text.split(",")] if "," in text and text[0] not in "[{(" else None


def _named(value: Any) -> dict[int, str]:
    if isinstance(value, (list, tuple)) and all(isinstance(name, str) for name in value):
        return dict(enumerate(value))
    if not isinstance(value, dict):
        return {}
    numbered = {str(number): name for number, name in value.items()}
    if all(number.isdecimal() and isinstance(name, str) for number, name in numbered.items()):
        return {int(number): name for number, name in numbered.items() if len(number) < 6}
    turned = {str(number): name for name, number in value.items() if isinstance(name, str)}
    return {int(number): name for number, name in turned.items() if number.isdecimal() and len(number) < 6}

"""What decides over the pixels of a result, beside its picture: written into the record, compared by the next run."""

import json
from dataclasses import dataclass, fields, is_dataclass
from hashlib import sha256
from typing import Any

from ..sessions.onnx_file.content import content_digest
from ..sessions.recipes.recipe import to_dict
from .job import Job

RESULTS_VERSION = 1
"""Raised when the same model, recipe and options give other pixels than before, and at no other time."""
SHOWN = 12  # hexadecimal digits of each part
WORDS = {
    "model": "another model",
    "recipe": "another recipe",
    "options": "other options",
    "version": "an older version of this program",
}


@dataclass(frozen=True)
class Fingerprint:
    """model: digest of the file and of its weights. recipe, options: of their values. version: RESULTS_VERSION."""

    model: str
    recipe: str
    options: str
    version: str = f"v{RESULTS_VERSION}"

    def __str__(self) -> str:
        return "-".join((self.model, self.recipe, self.options, self.version))

    def other_than(self, text: str) -> str:
        """In words, what was different when the other fingerprint was made."""
        parts = text.split("-")
        names = [field.name for field in fields(self)]
        if len(parts) != len(names):
            return WORDS["version"]
        return " and ".join(WORDS[name] for name, part in zip(names, parts, strict=True) if getattr(self, name) != part)


def fingerprint(job: Job) -> Fingerprint:
    """Of a job. Options that have their usual values do not count, so that new ones change nothing."""
    options = _changed(job.options) | {f"form.{name}": value for name, value in _changed(job.form).items()}
    options |= {name: value for name in ("where", "column") if (value := getattr(job, name))}
    return Fingerprint(content_digest(job.model)[:SHOWN], _short(to_dict(job.recipe)), _short(options))


def _changed(record: Any) -> dict[str, Any]:
    """The fields of a dataclass that differ from its defaults, those of dataclasses in it too."""
    usual = type(record)()
    changed: dict[str, Any] = {}
    for field in fields(record):
        value = getattr(record, field.name)
        if is_dataclass(value) and not isinstance(value, type):
            changed |= {f"{field.name}.{name}": inner for name, inner in _changed(value).items()}
        elif value != getattr(usual, field.name):
            changed[field.name] = value
    return changed


def _short(values: dict[str, Any]) -> str:
    return sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()[:SHOWN]

"""Files on their way into a folder of models, and what processes that were killed left of them."""

import uuid
from pathlib import Path

from ..recipes.catalog import catalog, refiners
from .file_lock import if_nobody_holds, lock_path

_DIGITS = "[0-9a-f]" * 8


def new_part(target: Path) -> Path:
    """A name beside the target that no other download uses."""
    return target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.part")


def remove_dead_parts(target: Path) -> None:
    """Delete every part in the target's folder that nobody writes any more, whatever its age.

    The caller holds the target's lock; other files of the catalogue are looked at only if nobody holds theirs. Nothing
    but our own names is touched.
    """
    _remove(target)
    for name in {entry.file for entry in (*catalog().values(), *refiners().values())} - {target.name}:
        other = target.with_name(name)
        if lock_path(other).exists() or _parts(other):
            with if_nobody_holds(other) as free:
                if free:
                    _remove(other)


def _remove(target: Path) -> None:
    for part in _parts(target):
        part.unlink(missing_ok=True)


def _parts(target: Path) -> list[Path]:
    return [part for part in target.parent.glob(f".{target.name}.{_DIGITS}.part") if part.is_file()]

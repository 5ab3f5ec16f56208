"""Values of another loaded copy of the package. ComfyUI loads the pack under a name of its own; a wheel beside it, or a
second pack, has classes of the same names that are no instances of ours.
"""

from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, TypeVar

from .plain_text import plain_list

T = TypeVar("T")


def is_named(value: object, kind: type) -> bool:
    """Whether it is of this class, or of one of the same name in another copy."""
    return any(each.__name__ == kind.__name__ for each in type(value).__mro__)


def as_ours(value: object, kind: type[T]) -> T:
    """A value of a dataclass as ours: another copy's is made again of its fields, and so held to the same rules.

    Raises ValueError, with what is allowed, for what is of no class of that name, or has a field that ours lacks.
    """
    if isinstance(value, kind):
        return value
    dataclass: Any = kind
    known = {entry.name for entry in fields(dataclass)}
    entries = fields(value) if is_dataclass(value) and not isinstance(value, type) else ()
    common = known & {entry.name for entry in entries}
    if not common or not is_named(value, kind):
        raise ValueError(f"give a {kind.__name__}")
    newer = sorted(entry.name for entry in entries if entry.name not in known and not _is_usual(value, entry))
    if newer:
        raise ValueError(f"another version made it, with {plain_list(newer)}, which this one does not know")
    return kind(**{name: getattr(value, name) for name in common})


def _is_usual(value: object, entry: Field[Any]) -> bool:
    usual = entry.default if entry.default_factory is MISSING else entry.default_factory()
    return bool(getattr(value, entry.name) == usual)

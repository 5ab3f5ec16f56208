"""Which output belongs to which input. Paths are posix strings, so that object storage is served too."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Naming:
    """Outputs keep the folders below `base`, and the input's name with the suffix of the result: a/b.jpg -> a/b.png.

    full: inputs, relative to base and casefolded, that keep their own suffix as well (b.jpg -> b.jpg.png), because
    their short names would be the same on some file system.
    """

    base: str
    suffix: str
    full: frozenset[str] = frozenset()

    def relative(self, path: str) -> str:
        """The input's path below the base."""
        return path[len(self.base) :].lstrip("/")

    def output(self, path: str) -> str:
        """The output's path, relative to the output folder."""
        short, full = self.names(path)
        return full if self.relative(path).casefold() in self.full else short

    def names(self, path: str) -> tuple[str, str]:
        """The two that the output can have: its own, and the one that it has beside inputs of other kinds."""
        name = self.relative(path)
        return _short(name, self.suffix), name + self.suffix


def name_outputs(base: str, paths: Iterable[str], suffix: str) -> Naming:
    """A naming under which no two of these inputs write the same output, whatever the case of their names."""
    naming = Naming(base, suffix)
    names = {naming.relative(path).casefold() for path in paths}
    full: set[str] = set()
    while True:
        outputs = Counter(_output(name, suffix, full) for name in names)
        clashing = {name for name in names - full if outputs[_output(name, suffix, full)] > 1}
        if not clashing:
            return Naming(base, suffix, frozenset(full))
        full |= clashing


def _output(name: str, suffix: str, full: set[str]) -> str:
    return name + suffix if name in full else _short(name, suffix)


def _short(name: str, suffix: str) -> str:
    folder, slash, last = name.rpartition("/")  # a million times: pathlib made planning take four times as long
    return folder + slash + (last.rpartition(".")[0] or last) + suffix

"""Which output belongs to which input. Paths are posix strings, so that object storage is served too."""

import os
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

LONGEST = 255  # bytes of a name, on nearly every disk


@dataclass(frozen=True)
class Naming:
    """Outputs keep the folders below `base`, and the input's name with the suffix of the result: a/b.jpg -> a/b.png.

    full: inputs, relative to base and casefolded, that keep their own suffix as well (b.jpg -> b.jpg.png), because
    their short names would be the same on some file system, or because an earlier run named them so.
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
        return _fitting(_short(name, self.suffix)), _fitting(name + self.suffix)


def name_outputs(base: str, paths: Iterable[str], suffix: str, earlier: Mapping[str, str] | None = None) -> Naming:
    """A naming under which no two of these inputs write the same output, whatever the case of their names.

    earlier: the outputs that inputs have had, {input: output}; they keep them.
    """
    plain = Naming(base, suffix)
    kept = {plain.relative(path).casefold(): plain.names(path).index(name) for path, name in _known(plain, earlier)}
    names = {plain.relative(path).casefold() for path in paths}
    short = {name for name, which in kept.items() if which == 0}
    full = {name for name, which in kept.items() if which == 1}
    while True:
        outputs = Counter(_output(name, suffix, full) for name in names | kept.keys())
        clashing = {name for name in names - full - short if outputs[_output(name, suffix, full)] > 1}
        if not clashing:
            return Naming(base, suffix, frozenset(full))
        full |= clashing


def _known(naming: Naming, earlier: Mapping[str, str] | None) -> Iterable[tuple[str, str]]:
    inside = naming.base.rstrip("/") + "/"
    for path, name in (earlier or {}).items():
        if path.startswith(inside) and name in naming.names(path):
            yield path, name


def _output(name: str, suffix: str, full: Collection[str]) -> str:
    return name + suffix if name in full else _short(name, suffix)


def _short(name: str, suffix: str) -> str:
    folder, slash, last = name.rpartition("/")  # a million times: pathlib made planning take four times as long
    return folder + slash + (last.rpartition(".")[0] or last) + suffix


def _fitting(name: str) -> str:
    """The same, or with a shorter last part that the disk takes and that no other name has."""
    if len(name) * 4 <= LONGEST:
        return name
    folder, slash, last = name.rpartition("/")
    raw = os.fsencode(last)
    if len(raw) <= LONGEST:
        return name
    stem, dot, suffix = last.rpartition(".")
    mark = f"~{sha256(raw).hexdigest()[:12]}{dot}{suffix}"
    kept = os.fsencode(stem)[: LONGEST - len(mark)].decode("utf-8", "ignore")
    return folder + slash + kept + mark

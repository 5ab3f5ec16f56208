"""What is still to be done: inputs whose output is not there yet."""

import os
import posixpath
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import InputsError
from .inputs import Found
from .naming import Naming, name_outputs
from .whole_files import is_part


@dataclass(frozen=True)
class Plan:
    """todo: inputs to do, in order. finished: how many were done before. naming: input -> output."""

    todo: list[str]
    naming: Naming
    finished: int = 0

    def folders(self) -> set[str]:
        """The folders of the outputs, relative to the output folder."""
        return {posixpath.dirname(self.naming.output(path)) for path in self.todo}

    def without(self, finished: Collection[str]) -> "Plan":
        """Leave out the inputs whose output, relative to the output folder, is among these."""
        todo = [path for path in self.todo if self.naming.output(path) not in finished]
        return replace(self, todo=todo, finished=len(self.todo) - len(todo))


def make_plan(found: Found, output: str, suffix: str) -> Plan:
    """Every input, with the name of its output.

    output: the output folder, absolute. Raises InputsError if an output has the path of an input, whatever the
    storage; `protect_originals` looks closer at this machine's.
    """
    naming = name_outputs(found.base, found.paths, suffix)
    replaced = set(found.paths).intersection(f"{output}/{naming.output(path)}" for path in found.paths)
    if replaced:
        raise InputsError(f"{min(replaced)} would be replaced by a cut-out: give another folder as output")
    return Plan(found.paths, naming)


def finished_outputs(output: Path, folders: Collection[str]) -> set[str]:
    """The files in these folders that are not empty, relative to `output`. What a killed run left over is removed.

    Only while no other run writes there.
    """
    done: set[str] = set()
    for folder in folders:
        if not (output / folder).is_dir():
            continue
        with os.scandir(output / folder) as entries:
            for entry in entries:
                if is_part(entry.name) and not entry.is_dir(follow_symlinks=False):
                    Path(entry.path).unlink()
                elif entry.is_file() and entry.stat().st_size:
                    done.add(posixpath.join(folder, entry.name))
    return done

"""Throw-away environments of metadata alone: what an installer reads of a package that is there, and no package.

A dry run looks at names, versions and what each package requires. So nothing is downloaded that the index can describe,
torch least of all, and an environment is there in a second.
"""

import subprocess
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from .pack import load_alone

pip_changes = load_alone("commands/pip_changes.py")

ALONE = ("--no-deps",)


class Throwaway:
    """An environment in a folder. options: pip's own, such as --platform."""

    def __init__(self, base: str, folder: Path, options: tuple[str, ...] = ()) -> None:
        subprocess.run([base, "-m", "venv", "--without-pip", "--clear", str(folder)], check=True)
        self.python = str(next(path for path in folder.glob("*/python*") if path.stem == "python"))
        self._base, self._options = base, options
        where = pip_changes.run(self.python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
        self._packages = Path(where.strip())

    def add(self, specifications: Iterable[str], options: tuple[str, ...] = ()) -> None:
        """Packages as the index describes them, `name==version` or just a name, and unless ALONE what they need.

        Raises InstallError where one has no wheel.
        """
        for name, version, requires in described(self._base, tuple(specifications), (*self._options, *options)):
            self.add_stub(name, version, requires)

    def add_stub(self, name: str, version: str, requires: Iterable[str] = ()) -> None:
        """A package of this name, instead of the one that was there."""
        stem = pip_changes.normal(name).replace("-", "_")
        for old in self._packages.glob(f"{stem}-*.dist-info"):
            old.rename(old.with_suffix(".gone"))
        folder = self._packages / f"{stem}-{version}.dist-info"
        folder.mkdir()
        fields = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
        fields += [f"Requires-Dist: {entry}" for entry in requires]
        (folder / "METADATA").write_text("\n".join(fields) + "\n", encoding="utf-8")
        (folder / "INSTALLER").write_text("pip\n", encoding="utf-8")
        (folder / "RECORD").write_text("", encoding="utf-8")


@cache
def described(
    python: str, specifications: tuple[str, ...], options: tuple[str, ...] = ()
) -> list[tuple[str, str, tuple[str, ...]]]:
    """Name, version and requirements of each, from its wheel. Raises InstallError."""
    if not specifications:
        return []
    wheels = "--ignore-installed", "--only-binary=:all:"
    report = pip_changes.pip_report(python, specifications, (*wheels, *options))
    return [(entry["name"], entry["version"], tuple(entry.get("requires_dist", ()))) for entry in report]

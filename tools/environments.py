"""python dev.py environments: whether installing this pack changes anything in the environments that users have.

python dev.py environments [NAME...]    some of them
python dev.py environments --table      the answers as docs/INSTALLING.md shows them

Each Python at hand, pip, and uv where there is one; requirements.txt whole, and line by line, as ComfyUI-Manager
installs it: then each line finds what the lines before it brought. Nothing is installed. The exit code is 1 if anything
that is there would be replaced or overwritten, or if something would have to be built from source.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

from .common_environments import ABOVE_CAP, ENVIRONMENTS, Environment
from .throwaway import ALONE, Throwaway, described, pip_changes


@dataclass(frozen=True)
class Answer:
    """What one installer said of an environment. whole: of the whole file; apart: of its lines, one after the other."""

    environment: str
    python: str
    installer: str
    whole: list[pip_changes.Change] | pip_changes.InstallError
    apart: list[pip_changes.Change] | pip_changes.InstallError

    @property
    def is_harmless(self) -> bool:
        return not self.failures and not any(change.touches for change in self.changes)

    @property
    def changes(self) -> list[pip_changes.Change]:
        return [change for part in (self.whole, self.apart) if isinstance(part, list) for change in part]

    @property
    def failures(self) -> list[pip_changes.InstallError]:
        return [part for part in (self.whole, self.apart) if isinstance(part, pip_changes.InstallError)]

    def __str__(self) -> str:
        told = tell(self.whole) if tell(self.whole) == tell(self.apart) else f"{tell(self.whole)}; {tell(self.apart)}"
        return f"{self.environment}, Python {self.python}, {self.installer}: {told}"


def tell(one: list[pip_changes.Change] | pip_changes.InstallError) -> str:
    return str(one) if isinstance(one, pip_changes.InstallError) else ", ".join(map(str, one)) or "nothing"


def try_out(name: str, base: str, version: str, installer: str) -> Answer:
    whole, apart = (attempt(name, base, installer, in_steps) for in_steps in (False, True))
    return Answer(name, version, installer, whole, apart)


def attempt(
    name: str, base: str, installer: str, in_steps: bool
) -> list[pip_changes.Change] | pip_changes.InstallError:
    try:
        with tempfile.TemporaryDirectory() as folder:
            return install(ENVIRONMENTS[name], build(name, base, Path(folder)), installer, in_steps)
    except pip_changes.InstallError as error:
        return error


def build(name: str, base: str, folder: Path) -> Throwaway:
    environment = ENVIRONMENTS[name]
    made = Throwaway(base, folder, environment.pip)
    made.add(environment.packages)
    made.add_stub("torch", environment.torch)
    if name == ABOVE_CAP:
        made.add_stub("numpy", numbas_cap(base))
    return made


def install(environment: Environment, made: Throwaway, installer: str, in_steps: bool) -> list[pip_changes.Change]:
    """The changes to what was there at first, and what was added to it. Raises pip_changes.InstallError."""
    requirements = on_platform(pip_changes.lines(), environment.markers)
    ask: pip_changes.Installer = pip_changes.installers()[installer]
    options = environment.uv if installer == "uv" else environment.pip
    before, found = pip_changes.installed(made.python), {}
    for part in [[line] for line in requirements] if in_steps else [requirements]:
        step = pip_changes.changes(ask, made.python, part, options)
        made.add((f"{change.name}=={change.version}" for change in step), ALONE)  # fails for what has no wheel
        found |= {change.name: change for change in step if change.name in before or change.name not in found}
    return sorted(found.values(), key=lambda change: change.name)


def on_platform(requirements: Iterable[str], markers: dict[str, str]) -> list[str]:
    """Those whose markers hold there, without them: pip's --platform chooses wheels, and leaves markers as here."""
    parsed = [Requirement(line) for line in requirements]
    return [f"{one.name}{one.specifier}" for one in parsed if one.marker is None or one.marker.evaluate(markers)]


def numbas_cap(base: str) -> str:
    """The lowest numpy that the newest numba refuses."""
    (_, _, requires), *_ = described(base, ("numba",))
    caps = re.findall(r"<\s*([\d.]+)", next(entry for entry in requires if entry.startswith("numpy")))
    return f"{max(map(Version, caps))}.0"


def pythons() -> dict[str, str]:
    """Interpreters at hand by version: this one, those of the path, pyenv's."""
    versions = sorted({version for environment in ENVIRONMENTS.values() for version in environment.pythons})
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [sys.executable, *filter(None, (shutil.which(f"python{version}") for version in versions))]
    candidates += [str(path) for version in versions for path in sorted(pyenv.glob(f"{version}.*/bin/python"))]
    at_hand = {version: path for path in reversed(candidates) if (version := version_of(path)) in versions}
    return dict(sorted(at_hand.items()))


def version_of(python: str) -> str:
    said = [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    return subprocess.run(said, capture_output=True, text=True, check=False).stdout.strip()


def answers(names: Iterable[str]) -> Iterator[Answer]:
    jobs = [
        (name, base, version, installer)
        for name in names
        for version, base in pythons().items()
        if version in ENVIRONMENTS[name].pythons
        for installer in pip_changes.installers()
    ]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(lambda job: try_out(*job), jobs)


def table(found: list[Answer]) -> Iterator[str]:
    """A row for each environment: what it holds, where it was tried, what comes."""
    yield "| environment | holds | Python | added | changed or overwritten |"
    yield "|---|---|---|---|---|"
    for name in dict.fromkeys(answer.environment for answer in found):
        mine = [answer for answer in found if answer.environment == name]
        changes = [change for answer in mine for change in answer.changes]
        yield row(
            [name],
            [package.replace("==", " ") for package in ENVIRONMENTS[name].packages],
            [answer.python for answer in mine],
            [change.name for change in changes if not change.touches],
            [str(change) for change in changes if change.touches] + [str(e) for a in mine for e in a.failures],
        )


def row(*cells: list[str]) -> str:
    return f"| {' | '.join(', '.join(dict.fromkeys(cell)) or 'nothing' for cell in cells)} |"


def main() -> int:
    parser = argparse.ArgumentParser(prog="dev.py environments", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of: {', '.join(ENVIRONMENTS)}")
    parser.add_argument("--table", action="store_true", help="as docs/INSTALLING.md shows it")
    options = parser.parse_args()
    found = []
    for answer in answers(options.names or ENVIRONMENTS):
        found.append(answer)
        print(f"{'ok      ' if answer.is_harmless else 'CHANGES '}{answer}", flush=True)
    if options.table:
        print("\n".join(table(found)))
    return 0 if all(answer.is_harmless for answer in found) else 1


if __name__ == "__main__":
    sys.exit(main())

"""What installing this pack's requirements.txt would change in an environment; nothing is installed."""

import argparse
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EPILOG = """\
It asks pip, and uv where there is one, for the whole of requirements.txt and for each of its lines alone, as
ComfyUI-Manager installs them.

exit code: 0 nothing that is there would change; 1 something would, or be overwritten; 2 it could not be found out.
"""
PYTHON_HELP = "the interpreter of an environment, for example ComfyUI's (default: the one that runs this)"
REQUIREMENTS = Path(__file__).parent.parent / "requirements.txt"
# Packages that bring the same files: the one that is installed last overwrites the others.
SAME_FILES = (
    {f"opencv{contrib}-python{headless}" for contrib in ("", "-contrib") for headless in ("", "-headless")},
    {"onnxruntime", *(f"onnxruntime-{build}" for build in ("gpu", "directml", "openvino", "rocm", "migraphx"))},
)
LIST = (
    "import json; from importlib.metadata import distributions; "
    "print(json.dumps({d.metadata['Name']: d.version for d in distributions()}))"
)


class InstallError(Exception):
    """An installer refused; its own words."""


@dataclass(frozen=True)
class Change:
    """A package that would be installed. before: the version that it replaces. over: what it overwrites files of."""

    name: str
    version: str
    before: str | None = None
    over: tuple[str, ...] = ()

    @property
    def touches(self) -> bool:
        """Whether something that is there would be another afterwards."""
        return bool(self.before or self.over)

    def __str__(self) -> str:
        text = f"{self.name} {self.before} -> {self.version}" if self.before else f"{self.name} {self.version} (new)"
        return f"{text} over {', '.join(self.over)}" if self.over else text


# The interpreter, the requirements, further options -> names and versions that would be installed.
Installer = Callable[[str, Iterable[str], Iterable[str]], dict[str, str]]


def changes(
    installer: Installer, python: str, requirements: Iterable[str], options: Iterable[str] = ()
) -> list[Change]:
    """What this installer would do to the interpreter's environment, by name. Raises InstallError if it refuses."""
    there = installed(python)
    planned = installer(python, requirements, options)
    return [
        Change(name, version, there.get(name), overwritten(name, there)) for name, version in sorted(planned.items())
    ]


def overwritten(name: str, there: Iterable[str]) -> tuple[str, ...]:
    """Other packages that are there and own the files of this one."""
    return tuple(sorted(other for group in SAME_FILES if name in group for other in group & set(there) - {name}))


def installed(python: str) -> dict[str, str]:
    """Names and versions of what an interpreter's environment holds."""
    return {normal(name): version for name, version in json.loads(run(python, "-c", LIST)).items()}


def ask_pip(python: str, requirements: Iterable[str], options: Iterable[str] = ()) -> dict[str, str]:
    return {normal(entry["name"]): entry["version"] for entry in pip_report(python, requirements, options)}


def pip_report(python: str, requirements: Iterable[str], options: Iterable[str] = ()) -> list[dict[str, str]]:
    """The metadata of each package that pip would install."""
    pip = sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check"
    report = run(*pip, "install", "--dry-run", "--quiet", "--report=-", *options, *requirements)
    return [entry["metadata"] for entry in json.loads(report)["install"]]


def ask_uv(python: str, requirements: Iterable[str], options: Iterable[str] = ()) -> dict[str, str]:
    said = run("uv", "pip", "install", "--dry-run", "--color=never", "--python", python, *options, *requirements)
    return {normal(name): version for name, version in re.findall(r"^ [+~] ([^\s=]+)==(\S+)", said, re.MULTILINE)}


def installers() -> dict[str, Installer]:
    """Those that are at hand, by name."""
    pip: dict[str, Installer] = {"pip": ask_pip}
    return pip | ({"uv": ask_uv} if shutil.which("uv") else {})


def lines() -> list[str]:
    """The requirements of requirements.txt."""
    text = REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in text if line.strip() and not line.startswith("#")]


def normal(name: str) -> str:
    """A package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def run(*command: str) -> str:
    """The command's output; uv says on the other stream what it would do, so both are read. Raises InstallError."""
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", errors="replace", check=False)
    if done.returncode:
        raise InstallError(f"{' '.join(command[:5])} ...: {done.stderr.strip()[-600:]}")
    return done.stdout or done.stderr


def add_parser(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "pip-changes",
        help=__doc__,
        description=__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("pythons", nargs="*", default=[sys.executable], metavar="PYTHON", help=PYTHON_HELP)
    parser.set_defaults(run=show)


def show(args: argparse.Namespace) -> int:
    """A line for each interpreter, installer and part of requirements.txt."""
    if not REQUIREMENTS.is_file():
        print(f"{REQUIREMENTS} is not there: this command is for the folder in custom_nodes", file=sys.stderr)
        return 2
    try:
        changed = [_show_all(python) for python in args.pythons]
        return int(any(changed))
    except (InstallError, OSError) as error:
        print(f"onnx-segmentation: {error}", file=sys.stderr)
        return 2


def _show_all(python: str) -> bool:
    """Whether anything would change."""
    touched = False
    for name, installer in installers().items():
        for part in [lines(), *([line] for line in lines())]:
            found = changes(installer, python, part)
            touched |= any(change.touches for change in found)
            label = part[0] if len(part) == 1 else "all of requirements.txt"
            print(f"{python}, {name}, {label}: {', '.join(map(str, found)) or 'nothing'}", flush=True)
    return touched

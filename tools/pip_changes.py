"""What installing this pack would change in a ComfyUI's environment; nothing is installed.

python -m tools.pip_changes PYTHON...    the interpreters of the environments (default: this one)
"""

import json
import re
import subprocess
import sys
from typing import Any

from .pack import ROOT

REQUIREMENTS = ROOT / "requirements.txt"


def changes(python: str) -> list[str]:
    """A line for each package that `pip install -r requirements.txt` would add or replace."""
    there = {normal(package["name"]): package["version"] for package in pip(python, "list", "--format=json")}
    report = pip(python, "install", "--dry-run", "--quiet", "--report=-", "-r", str(REQUIREMENTS))
    wanted = {normal(entry["metadata"]["name"]): entry["metadata"]["version"] for entry in report["install"]}
    return [
        f"{name} {there[name]} -> {version}" if name in there else f"{name} {version} (new)"
        for name, version in sorted(wanted.items())
    ]


def normal(name: str) -> str:
    """A package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pip(python: str, *arguments: str) -> Any:
    """What this interpreter's pip answers, as JSON."""
    command = [python, "-m", "pip", "--disable-pip-version-check", *arguments]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


if __name__ == "__main__":
    for interpreter in sys.argv[1:] or [sys.executable]:
        print(interpreter)
        for line in changes(interpreter) or ["nothing"]:
            print(f"  {line}")

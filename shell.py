"""Commands to be typed: with this very interpreter and this very folder, quoted for the shell."""

import shlex
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

FOLDER = Path(__file__).parent.absolute()


def own_command(*words: str) -> str:
    """A command of this pack (`commands`), which runs from any current folder: own_command("models", "verify")."""
    return quoted(sys.executable, str(FOLDER), *words)


def pip_install(*requirements: str) -> str:
    """The pip of the Python that runs this, which is seldom the one that a shell finds."""
    return quoted_pip("install", *requirements)


def quoted_pip(*words: str) -> str:
    """A command of the same pip."""
    return quoted(sys.executable, "-m", "pip", *words)


def quoted(*words: str) -> str:
    """The words as one line for this system's shell."""
    return _for_windows(words) if sys.platform == "win32" else shlex.join(words)


def _for_windows(words: Iterable[str]) -> str:
    """Its shell takes < and > for files where they are not in quotes."""
    return " ".join(f'"{word}"' if set(word) & set("<>&|^") else subprocess.list2cmdline([word]) for word in words)

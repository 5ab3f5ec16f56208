"""The folder for what the pack keeps between starts: optimised graphs, compiled loops."""

import os
import platform
import sys
from pathlib import Path

VARIABLE = "ONNX_SEGMENTATION_CACHE"
"""Environment variable: another folder; empty for none at all."""


def cache_folder() -> Path | None:
    """`onnx_segmentation` in the user's cache folder; None where VARIABLE is empty."""
    if VARIABLE in os.environ:
        return Path(os.environ[VARIABLE]) if os.environ[VARIABLE] else None
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "onnx_segmentation"


def processor() -> str:
    """The model of this processor: what is kept is laid out for its vector width."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        lines = info.read_text(encoding="utf-8", errors="replace").splitlines()
        return " ".join(sorted({line for line in lines if line.startswith(("model name", "flags", "Features"))}))
    return f"{platform.machine()} {platform.processor()}"

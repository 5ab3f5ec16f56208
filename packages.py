"""Packages that are there, and pip commands that add one and change none of them."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from .shell import pip_install, quoted

# What the packages that we name in commands build on: held where they are, as others' packages were made for them.
HELD = ("numpy", "scipy", "pillow", "scikit-image", "numba", "llvmlite")
# All four own the module cv2: the last one that is installed overwrites parts of the others. The fullest comes first.
OPENCV = ("opencv-contrib-python", "opencv-python", "opencv-contrib-python-headless", "opencv-python-headless")


def versions(names: Iterable[str]) -> dict[str, str]:
    """Those of these packages that pip knows, with their versions."""
    from importlib import metadata  # slow to import, and seldom needed

    return {name: dist.version for name in names for dist in metadata.distributions(name=name)}


def add(requirement: str) -> str:
    """The command that adds a package. It changes nothing else: it fails if that cannot be had, or wants a compiler."""
    return _install([requirement], HELD)


def update(package: str, *along: str) -> str:
    """The command that makes a package new, together with those that come `along`, and changes no other."""
    return _install(["--upgrade", package], [name for name in HELD if name not in (package, *along)])


def _install(what: Iterable[str], held: Iterable[str]) -> str:
    return pip_install("--only-binary=:all:", *what, *(f"{name}=={there}" for name, there in versions(held).items()))


def mend_opencv(reason: str) -> str:
    """What to do about a cv2 that is there and cannot be imported for this reason."""
    there = versions(OPENCV)
    if not there:
        return f"no package that pip knows owns it: remove its folder, then {add('opencv-python')}"
    keep = next(iter(there))
    if len(there) > 1:
        remove = quoted(sys.executable, "-m", "pip", "uninstall", "-y", *there)
        return f"{' and '.join(there)} overwrote one another; keep one: {remove} && {_whole(keep, there)}"
    if "libGL" in reason or "libgthread" in reason:
        return f"{keep} wants this library of the system (Debian, Ubuntu: apt install libgl1 libglib2.0-0)"
    if "numpy" in reason or "_ARRAY_API" in reason:
        return f"{keep} {there[keep]} was made for another numpy: {update(keep)}"
    return _whole(keep, there)


def _whole(name: str, there: dict[str, str]) -> str:
    return pip_install("--force-reinstall", "--no-deps", f"{name}=={there[name]}")

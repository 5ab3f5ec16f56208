"""What is shipped agrees with itself: requirements, package list, version."""

import importlib
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.version import Version
from support import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def requirements(path):
    return [line for line in path.read_text().splitlines() if line and not line.startswith("#")]


# What `pip install .` brings into an environment of one's own, and ComfyUI-Manager must not put into ComfyUI's.
LEFT_OUT = {
    "torch": "ComfyUI brings it, in the build for its GPU",
    "numpy": "torch ends at 2.2 on an Intel Mac, and wants numpy 1 there: ComfyUI has the two that fit",
    "opencv-python": "one of four packages that own cv2: a second one overwrites the first, and 5.0 moves numpy 1 to 2",
    "pymatting": "1.1.15 and later replace a numba before 0.60; and a numpy above numba's cap goes down",
    "rembg": "up to 2.0.69 it demands opencv-python-headless, from 2.0.70 numpy >= 2.3 and pillow >= 12.1",
}


def test_manager_installs_what_the_project_declares_but_for_what_harms():
    """requirements.txt is what ComfyUI-Manager installs: each line of it is the project's, word for word."""
    declared, installed = PROJECT["project"]["dependencies"], requirements(ROOT / "requirements.txt")
    assert [entry for entry in declared if entry in installed] == installed
    assert {Requirement(entry).name for entry in declared if entry not in installed} == set(LEFT_OUT)


@pytest.mark.parametrize(
    "machine", [("linux", "x86_64"), ("win32", "AMD64"), ("darwin", "arm64"), ("darwin", "x86_64")]
)
def test_one_cv2_comes_with_the_project(machine):
    """rembg brings none from 2.0.70 on."""
    where = dict(zip(("sys_platform", "platform_machine"), machine, strict=True))
    declared = [Requirement(entry) for entry in PROJECT["project"]["dependencies"]]
    names = [one.name for one in declared if one.marker is None or one.marker.evaluate(where)]
    assert len([name for name in names if name.startswith("opencv")]) == 1
    assert ("rembg" in names) == ("pymatting" in names) == (machine != ("darwin", "x86_64"))
    assert all("2.0.69" not in one.specifier for one in declared if one.name == "rembg")


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("floors", ["lowest_numpy1", "lowest_numpy2", "lowest_whole"])
def test_floors_are_tested(floors, python):
    """Each of CI's lowest sets holds what the project allows; where a wheel exists, the lowest of it."""
    pins = [Requirement(line) for line in requirements(ROOT / "tests" / f"{floors}.txt")]
    pins = [one for one in pins if one.marker is None or one.marker.evaluate({"python_version": python})]
    lowest = {one.name: str(one.specifier).removeprefix("==") for one in pins}
    for entry in floors_of_the_project():
        if entry.name in lowest:
            assert lowest[entry.name] in entry.specifier, entry
        else:
            assert entry.name in LEFT_OUT or entry.name == "onnxruntime-gpu", entry


def floors_of_the_project():
    return [one for one in map(Requirement, PROJECT["project"]["dependencies"]) if ">=" in str(one.specifier)]


def test_some_set_holds_each_floor():
    pins = [Requirement(line) for path in ROOT.glob("tests/lowest_*.txt") for line in requirements(path)]
    exact = {(one.name, Version(spec.version)) for one in pins for spec in one.specifier if spec.operator == "=="}
    for entry in floors_of_the_project():
        (floor,) = entry.specifier
        assert floor.operator == ">="
        assert (entry.name.removesuffix("-gpu"), Version(floor.version)) in exact, entry


def test_publishers_fields_stand_in_one_place():
    """And where a person reads how to install, the address is that of the page in front of him."""
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    marked = [number for number, line in enumerate(lines) if "OWNER" in line and not line.startswith("#")]
    first = lines.index("[project.urls]")
    between = [number for number in range(first, (marked or [first])[-1]) if lines[number] and lines[number][0] != "["]
    assert set(between) <= set(marked) | {first}
    assert "OWNER" not in (ROOT / "README.md").read_text(encoding="utf-8")


def test_onnxruntime_is_asked_for_once():
    """Its two packages own the same files: exactly one marker may be true on any machine."""
    lines = [Requirement(line) for line in requirements(ROOT / "requirements.txt")]
    for platform in ("linux", "win32", "darwin"):
        for machine in ("x86_64", "AMD64", "aarch64", "arm64"):
            where = {"sys_platform": platform, "platform_machine": machine}
            builds = [line for line in lines if line.name.startswith("onnxruntime")]
            assert sum(line.marker is not None and line.marker.evaluate(where) for line in builds) == 1, where


def test_tests_have_every_requirement():
    names = {Requirement(entry).name.removesuffix("-gpu") for entry in PROJECT["project"]["dependencies"]}
    # Without a screen: machines that run tests have none, and the cv2 without windows is the same in all that is used.
    names = names - {"opencv-python"} | {"opencv-python-headless"}
    assert names <= set(requirements(ROOT / "tests" / "requirements.txt"))


def test_every_package_is_listed():
    files = [file for depth in (1, 2, 3) for file in ROOT.glob("[!.]*/" * depth + "__init__.py")]
    found = {".".join(["onnx_segmentation", *path.parent.relative_to(ROOT).parts]) for path in files}
    found = {name for name in found if name.split(".")[1] not in ("tools", "benchmarks", "tests")}
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == found | {"onnx_segmentation"}


def test_data_files_are_shipped():
    """Setuptools leaves out what is no Python and is not named."""
    settings = PROJECT["tool"]["setuptools"]
    for package in set(settings["packages"]) - {"onnx_segmentation"}:
        folder = ROOT.joinpath(*package.split(".")[1:])
        data = {path.name for path in folder.iterdir() if path.is_file() and path.suffix != ".py"}
        assert data == set(settings["package-data"].get(package, [])), package


def test_console_script_is_there():
    module, function = PROJECT["project"]["scripts"]["onnx-segmentation"].split(":")
    assert callable(getattr(importlib.import_module(module), function))


def test_one_version(pack):
    assert pack.__version__ == PROJECT["project"]["version"]

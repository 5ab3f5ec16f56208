"""What is shipped agrees with itself: requirements, package list, version."""

import importlib
import re
import tomllib

from support import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def requirements(path):
    return [line for line in path.read_text().splitlines() if line and not line.startswith("#")]


def test_manager_installs_what_the_project_declares():
    """requirements.txt is what ComfyUI-Manager installs; torch is ComfyUI's own."""
    declared = [entry for entry in PROJECT["project"]["dependencies"] if not entry.startswith("torch")]
    assert requirements(ROOT / "requirements.txt") == declared


def test_onnxruntime_is_asked_for_once():
    """Its two packages own the same files: exactly one marker may be true on any machine."""
    from packaging.requirements import Requirement

    lines = [Requirement(line) for line in requirements(ROOT / "requirements.txt")]
    for platform in ("linux", "win32", "darwin"):
        for machine in ("x86_64", "AMD64", "aarch64", "arm64"):
            where = {"sys_platform": platform, "platform_machine": machine}
            assert sum(line.marker is not None and line.marker.evaluate(where) for line in lines) == 1, where


def test_tests_have_every_requirement():
    names = {re.split(r"[<>=;\s]", line)[0].removesuffix("-gpu") for line in PROJECT["project"]["dependencies"]}
    assert names <= set(requirements(ROOT / "tests" / "requirements.txt"))


def test_every_package_is_listed():
    files = [*ROOT.glob("[!.]*/__init__.py"), *ROOT.glob("[!.]*/[!.]*/__init__.py")]
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

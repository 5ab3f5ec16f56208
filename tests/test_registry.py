"""What the registry, ComfyUI-Manager and the public repository read."""

import re
import tomllib

import pytest
from archive import packed_files
from support import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
COMFY = PROJECT["tool"]["comfy"]


# The registry's machines, of which it then says that the pack fits no other: this one fits all.
CLASSIFIERS = {f"Programming Language :: Python :: 3.{minor}" for minor in (11, 12, 13)}
CLASSIFIERS |= {"Operating System :: OS Independent"}


def test_no_classifier_shuts_anybody_out():
    """`Environment :: GPU :: NVIDIA CUDA` made the Manager's page say incompatible to everybody."""
    assert set(PROJECT["project"]["classifiers"]) == CLASSIFIERS


def test_the_registrys_fields_are_there():
    assert set(COMFY) == {"PublisherId", "DisplayName", "Icon", "Banner", "requires-comfyui", "Models"}
    assert set(PROJECT["project"]["urls"]) == {"Repository", "Documentation", "Issues"}
    for field in ("Icon", "Banner"):
        repository = PROJECT["project"]["urls"]["Repository"].replace("github.com", "raw.githubusercontent.com")
        assert (ROOT / COMFY[field].removeprefix(f"{repository}/main/")).is_file()


def test_its_model_is_the_catalogues(pack):
    from onnx_segmentation.sessions.recipes.catalog import find_model

    (model,) = COMFY["Models"]
    known = find_model("u2netp")
    assert (model["location"], model["model_url"]) == (f"/onnx/{known.file}", known.url)


def test_source_can_be_read_on_windows():
    """`comfy-test lint` refuses what cp1252 lacks: a console of Windows cannot print it."""
    for name in packed_files():
        if name.endswith(".py"):
            (ROOT / name).read_text(encoding="utf-8").encode("cp1252")


def test_hooks_lint_as_the_tests_do():
    (pinned,) = [
        line for line in (ROOT / "tests" / "constraints.txt").read_text().splitlines() if line.startswith("ruff==")
    ]
    assert f"rev: v{pinned.removeprefix('ruff==')}\n" in (ROOT / ".pre-commit-config.yaml").read_text()


def test_hooks_run_what_ci_runs():
    """ci.yml runs `dev.py test` (with coverage in one job), which is ruff, mypy and pytest."""
    hooks = (ROOT / ".pre-commit-config.yaml").read_text()
    for step in ("id: ruff-check", "id: ruff-format", "entry: python dev.py types", "entry: python dev.py test"):
        assert step in hooks
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    assert "run: python dev.py test\n" in workflow and "run: python dev.py coverage\n" in workflow


@pytest.mark.parametrize("template", ["bug", "model"])
def test_reports_bring_the_diagnostics(template, pack):
    text = (ROOT / ".github" / "ISSUE_TEMPLATE" / f"{template}.yml").read_text(encoding="utf-8")
    assert pack.NODE_DISPLAY_NAME_MAPPINGS["ImageSegmentationDiagnostics"] in text


@pytest.mark.parametrize("path", sorted((ROOT / "web").glob("*.js")), ids=lambda path: path.name)
def test_the_page_keeps_to_itself(path):
    """What `comfy-test lint --strict` refuses: names of extensions that others may have, and a hand in the page."""
    source = path.read_text(encoding="utf-8")
    names = re.findall(r'registerExtension\(\{\s+name: "([^"]*)"', source)
    assert len(names) == source.count("registerExtension")  # those that others import register nothing
    assert all(name.startswith("onnxsegmentation.") for name in names)
    assert not re.search(r"document\.(head|body|addEventListener)|(window|globalThis)\.\w+ = ", source)

"""What the registry, ComfyUI-Manager and the public repository read."""

import re
import shutil
import subprocess
import sys
import tomllib

import pathspec
import pytest
from support import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
COMFY = PROJECT["tool"]["comfy"]


def files():
    """The checkout's own files, without those that git ignores and the dot files."""
    ignored = patterns(".gitignore")
    for top in ROOT.iterdir():
        if not top.name.startswith("."):
            for path in [top, *top.rglob("*")]:
                if path.is_file() and not ignored.match_file(path.relative_to(ROOT)):
                    yield path.relative_to(ROOT)


def patterns(name):
    return pathspec.GitIgnoreSpec.from_lines((ROOT / name).read_text().splitlines())


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """What `comfy node publish` packs: the tracked files, less those of .comfyignore."""
    folder = tmp_path_factory.mktemp("archive") / "onnx-segmentation"
    left_out = patterns(".comfyignore")
    for path in files():
        if not left_out.match_file(path):
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / path, target)
    return folder


def test_the_archive_loads_as_the_pack(archive, pack):
    code = (
        "import importlib.util, sys; "
        "spec = importlib.util.spec_from_file_location('packed', '__init__.py', submodule_search_locations=['.']); "
        "packed = sys.modules['packed'] = importlib.util.module_from_spec(spec); spec.loader.exec_module(packed); "
        "import packed.cutout, packed.sessions.session, packed.matting.closed_form.solve; "
        "from packed.sessions.recipes.catalog import catalog; assert catalog(); "
        "print(*packed.NODE_CLASS_MAPPINGS)"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=archive, capture_output=True, text=True, check=True)
    assert result.stdout.split() == list(pack.NODE_CLASS_MAPPINGS)


def test_the_archive_holds_what_the_page_shows_and_no_more(archive):
    found = {path.name for path in archive.iterdir()}
    assert {"web", "locales", "example_workflows", "subgraphs", "requirements.txt", "LICENSE"} <= found
    assert not {"tests", "benchmarks", "tools", "docs", "dev.py"} & found


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
    for path in files():
        if path.suffix == ".py":
            (ROOT / path).read_text(encoding="utf-8").encode("cp1252")


def test_hooks_lint_as_the_tests_do():
    (pinned,) = [
        line for line in (ROOT / "tests" / "constraints.txt").read_text().splitlines() if line.startswith("ruff==")
    ]
    assert f"rev: v{pinned.removeprefix('ruff==')}\n" in (ROOT / ".pre-commit-config.yaml").read_text()


@pytest.mark.parametrize("template", ["bug", "model"])
def test_reports_bring_the_diagnostics(template, pack):
    text = (ROOT / ".github" / "ISSUE_TEMPLATE" / f"{template}.yml").read_text(encoding="utf-8")
    assert pack.NODE_DISPLAY_NAME_MAPPINGS["ImageSegmentationDiagnostics"] in text


@pytest.mark.parametrize("path", sorted((ROOT / "web").glob("*.js")), ids=lambda path: path.name)
def test_the_page_keeps_to_itself(path):
    """What `comfy-test lint --strict` refuses: names of extensions that others may have, and a hand in the page."""
    source = path.read_text(encoding="utf-8")
    assert re.findall(r'registerExtension\(\{\s+name: "onnxsegmentation\.\w+"', source)
    assert not re.search(r"document\.(head|body|addEventListener)|(window|globalThis)\.\w+ = ", source)

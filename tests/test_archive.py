"""What people get from the registry: it loads, its pages lead somewhere, the commands that they name run."""

import re
import shlex
import subprocess
import sys

import pytest
from archive import pack_into, packed_files
from PIL import Image
from support import ROOT, make_red_model

PAGES = [name for name in packed_files() if name.endswith(".md")]
LINK = re.compile(r"\]\(([^)\s]+)\)|<img[^>]+src=\"([^\"]+)\"")
CHECKOUT_ONLY = re.compile(r"\bdev\.py\b|-m (tools|benchmarks|tests)\b")
NOTE = re.compile(r"<!--.*?-->", re.DOTALL)  # for those who write the pages
COMMAND = re.compile(r"python custom_nodes/onnx-segmentation (\w[\w-]*)")


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """In a path with spaces, under a name that is no name of a package."""
    return pack_into(tmp_path_factory.mktemp("Comfy UI") / "custom_nodes" / "onnx-segmentation (2)")


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """A current folder that has nothing to do with it, in which a module has the name of one of ours."""
    folder = tmp_path_factory.mktemp("else where")
    (folder / "commands.py").write_text("raise SystemExit('the wrong one')")
    return folder


@pytest.fixture
def run(archive, elsewhere, homes):
    def command(*words):
        line = [sys.executable, str(archive), *map(str, words)]
        return subprocess.run(line, cwd=elsewhere, capture_output=True, text=True, check=False)

    return command


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def anchors(text):
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_it_loads_as_the_pack(archive, pack):
    code = (
        "import importlib.util, sys; "
        "spec = importlib.util.spec_from_file_location('packed', '__init__.py', submodule_search_locations=['.']); "
        "packed = sys.modules['packed'] = importlib.util.module_from_spec(spec); spec.loader.exec_module(packed); "
        "import packed.cutouts, packed.sessions.session, packed.matting.closed_form.solve; "
        "from packed.sessions.recipes.catalog import catalog; assert catalog(); "
        "print(*packed.NODE_CLASS_MAPPINGS)"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=archive, capture_output=True, text=True, check=True)
    assert result.stdout.split() == list(pack.NODE_CLASS_MAPPINGS)


def test_it_holds_what_the_page_shows_and_no_more(archive):
    names = {path.name for path in archive.iterdir()}
    assert {"web", "locales", "example_workflows", "subgraphs", "docs", "requirements.txt", "LICENSE"} <= names
    assert not {"tests", "tools", "dev.py"} & names
    assert not {path.name for path in (archive / "docs").iterdir()} & {"icon.png", "banner.jpg"}  # shown from the web
    assert {path.name for path in (archive / "benchmarks").iterdir()} == {"RESULTS.md"}


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_to_something_in_it(archive, name):
    for found in LINK.findall(read(name)):
        link, _, anchor = "".join(found).partition("#")
        if "://" in link:
            assert "/onnx-segmentation/" not in link, "a link into this repository is to be relative"
            continue
        target = (archive / name).parent / link if link else archive / name
        assert target.is_file(), f"{name} links to {link}"
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), f"{name} links to {link}#{anchor}"


@pytest.mark.parametrize("name", PAGES)
def test_what_needs_the_checkout_says_so(name):
    """dev.py, tools and benchmarks are not in the archive: the section, or the page's beginning, says checkout."""
    first, *sections = re.split(r"^## ", NOTE.sub("", read(name)), flags=re.MULTILINE)
    for section in (first, *sections):
        assert not CHECKOUT_ONLY.search(section) or "checkout" in first + section, section[:60]


def test_what_people_are_told_to_run_is_a_command_of_it(run):
    told = {command for name in PAGES for command in COMMAND.findall(read(name))}
    assert {"cutout", "models", "pip-changes"} <= told
    shown = run("--help")
    assert shown.returncode == 0, shown.stderr
    assert told <= set(re.findall(r"^ {4}([\w-]+)", shown.stdout, re.MULTILINE))


def test_cutout_from_it(run, archive, tmp_path):
    model = make_red_model(tmp_path / "red.onnx")
    Image.new("RGB", (20, 10), "red").save(tmp_path / "a photo.png")
    done = run("cutout", tmp_path / "a photo.png", "--output", tmp_path / "out put", "--model", model, "--quiet")
    assert done.returncode == 0, done.stderr
    with Image.open(tmp_path / "out put" / "a photo.png") as result:
        assert result.mode == "RGBA" and result.size == (20, 10)


def test_the_command_that_it_prints_can_be_pasted(run, archive, elsewhere):
    """Its own interpreter and folder, quoted: on the first line of the help."""
    line = run("models", "nonsense").stderr.splitlines()[0].removeprefix("usage: ")
    assert shlex.split(line)[:2] == [sys.executable, str(archive)]
    again = subprocess.run(
        f"{line.split(' [')[0]} verify", shell=True, cwd=elsewhere, capture_output=True, text=True, check=False
    )
    assert again.returncode == 0, again.stderr


def test_pip_changes_reads_its_requirements(run, tmp_path):
    """An interpreter that is none: the command is there, and says what went wrong."""
    done = run("pip-changes", tmp_path / "no python")
    assert done.returncode == 2 and "no python" in done.stderr
    assert "requirements.txt" in run("pip-changes", "--help").stdout


def test_ray_wants_it_installed(run, tmp_path, archive):
    """Its workers are processes of their own, which import the package by its name."""
    pytest.importorskip("ray")
    done = run("cutout", tmp_path, "--output", tmp_path / "out", "--model", "u2netp", "--engine", "ray")
    assert done.returncode == 2
    assert done.stderr.strip().endswith(f"{sys.executable} -m pip install '{archive}[ray]'")


def test_a_python_without_torch_is_said(archive, tmp_path):
    """The shell's `python`, perhaps, and not ComfyUI's."""
    command = [
        sys.executable,
        "-I",
        "-S",
        str(archive),
        "cutout",
        "photo.jpg",
        "--output",
        "out.png",
    ]  # no site-packages
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"is not installed in {sys.executable}: use the Python that runs ComfyUI" in done.stderr

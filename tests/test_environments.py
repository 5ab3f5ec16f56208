"""What `dev.py environments` takes for a change; the installers themselves are asked by a workflow, once a week."""

import sys

import pytest
from onnx_segmentation.tools import environments, throwaway
from support import ROOT

pip_changes = throwaway.pip_changes
Change, InstallError = pip_changes.Change, pip_changes.InstallError


@pytest.fixture
def made(tmp_path):
    environment = throwaway.Throwaway(sys.executable, tmp_path / "environment")
    for name, version in {"torch": "2.3.1", "numpy": "1.26.4", "opencv-python": "4.10.0.84"}.items():
        environment.add_stub(name, version)
    return environment


def test_an_environment_of_metadata_is_one_to_pip(made):
    assert pip_changes.installed(made.python) == {"torch": "2.3.1", "numpy": "1.26.4", "opencv-python": "4.10.0.84"}
    assert pip_changes.ask_pip(made.python, ["torch>=2", "numpy<2"], ["--no-index"]) == {}
    with pytest.raises(InstallError, match="pip"):
        pip_changes.ask_pip(made.python, ["numpy>=2"], ["--no-index", "--find-links=."])
    made.add_stub("numpy", "2.2.6")
    assert pip_changes.installed(made.python)["numpy"] == "2.2.6"


@pytest.mark.parametrize(
    ("planned", "said", "touches"),
    [
        ({"numpy": "2.2.6"}, "numpy 1.26.4 -> 2.2.6", True),
        ({"opencv-python-headless": "5.0"}, "opencv-python-headless 5.0 (new) over opencv-python", True),
        ({"opencv-contrib-python": "4.11"}, "opencv-contrib-python 4.11 (new) over opencv-python", True),
        ({"flatbuffers": "25.12"}, "flatbuffers 25.12 (new)", False),
    ],
)
def test_what_is_there_and_would_be_another_is_a_change(made, planned, said, touches):
    (change,) = pip_changes.changes(lambda *_: planned, made.python, [])
    assert (str(change), change.touches) == (said, touches)


def test_uv_says_what_it_would_do(monkeypatch):
    said = "Resolved 7 packages in 464ms\n - numpy==1.26.0\n + numpy==2.4.6\n + PyMatting==1.1.16\n"
    monkeypatch.setattr(pip_changes, "run", lambda *_: said)
    assert pip_changes.ask_uv("python", []) == {"numpy": "2.4.6", "pymatting": "1.1.16"}


def test_lines_are_tried_one_after_the_other(made, monkeypatch):
    """A line finds what the lines before it brought; what one of them replaces was there, or was not."""
    steps = {"first": {"scipy": "1.11"}, "second": {"numpy": "2.2.6"}, "third": {"scipy": "1.16"}}
    monkeypatch.setattr(pip_changes, "lines", lambda: list(steps))
    asked = lambda _, requirements, __: {n: v for line in requirements for n, v in steps[line].items()}  # noqa: E731
    monkeypatch.setattr(pip_changes, "installers", lambda: {"pip": asked})
    monkeypatch.setattr(throwaway, "described", lambda _, specs, __: [(*spec.split("=="), ()) for spec in specs])
    environment = environments.Environment((), "2.3.1")
    found = environments.install(environment, made, "pip", in_steps=True)
    assert found == [Change("numpy", "2.2.6", "1.26.4"), Change("scipy", "1.11")]


@pytest.mark.parametrize(
    ("whole", "apart", "harmless"),
    [
        ([Change("scipy", "1.11")], [Change("scipy", "1.11")], True),
        ([], [Change("numpy", "2.2.6", "1.26.4")], False),
        ([Change("opencv-python-headless", "5.0", over=("opencv-python",))], [], False),
        (InstallError("no wheel"), [], False),
    ],
)
def test_either_way_of_installing_counts(whole, apart, harmless):
    assert environments.Answer("newest", "3.11", "pip", whole, apart).is_harmless == harmless


def test_another_platforms_markers():
    intel_mac = environments.ENVIRONMENTS["Intel Mac"].markers
    names = environments.on_platform(pip_changes.lines(), intel_mac)
    assert [name for name in names if name.startswith("onnxruntime")] == ["onnxruntime>=1.19"]


def test_the_docs_show_each_environment():
    """The table itself: python dev.py environments --table."""
    text = (ROOT / "docs" / "INSTALLING.md").read_text(encoding="utf-8")
    rows = [line.split(" | ")[0].removeprefix("| ") for line in text.splitlines() if line.startswith("| ")]
    assert set(environments.ENVIRONMENTS) <= set(rows)

"""python -m onnx_segmentation models, and the pages that are written from the catalogue."""

import hashlib
import subprocess
import sys
from dataclasses import replace

import model_table
import pytest
from onnx_segmentation.commands import main, models
from onnx_segmentation.sessions.recipes import catalog as catalogue
from onnx_segmentation.sessions.recipes.catalog import catalog, refiners
from support import ROOT

CONTENT = b"a model" * 1000


@pytest.fixture
def folder(tmp_path, homes, monkeypatch):
    """The catalogue expects `CONTENT` of u2netp and of vitmatte."""
    checksum = f"md5:{hashlib.md5(CONTENT).hexdigest()}"
    known, refine = dict(catalog()), dict(refiners())
    known["u2netp"] = replace(known["u2netp"], checksum=checksum)
    name = next(iter(refine))
    refine[name] = replace(refine[name], checksum=checksum)
    for module in (catalogue, models):
        monkeypatch.setattr(module, "catalog", lambda: known)
        monkeypatch.setattr(module, "refiners", lambda: refine)
    folder = tmp_path / "models" / "onnx"
    monkeypatch.setenv("ONNX_SEGMENTATION_MODELS", str(folder))
    return folder


def test_list_fetch_verify(folder, monkeypatch, capsys):
    from github import serve

    with serve(CONTENT) as github:
        monkeypatch.setenv("ONNX_SEGMENTATION_MIRROR", github.url)
        assert main(["models", "fetch", "u2netp", "vitmatte"]) == 0
        assert main(["models", "fetch", "u2netp"]) == 0  # it is there
        assert github.requests.total() == 2
    out = capsys.readouterr().out
    vitmatte = folder / "vitmatte-small-distinctions-646.onnx"
    assert f"u2netp: {folder / 'u2netp.onnx'}" in out and f"vitmatte-small-distinctions-646: {vitmatte}" in out

    (folder.parent / "rembg").mkdir()
    (folder.parent / "rembg" / "silueta.onnx").write_bytes(b"cut off")
    (folder / "ben2.onnx").write_bytes(b"any export")
    assert main(["models"]) == 0
    out = capsys.readouterr().out
    for name in (*catalog(), *refiners()):
        assert name in out
    assert out.count("not on disk") == len(catalog()) + len(refiners()) - 4
    assert "(4.6 MB, Apache-2.0)" in out

    assert main(["models", "verify"]) == 1
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [line[:2] for line in lines] == [
        ["right", "u2netp"],
        ["WRONG", "silueta"],
        ["no checksum known", "ben2"],
        ["right", "vitmatte-small-distinctions-646"],
    ]
    (folder.parent / "rembg" / "silueta.onnx").unlink()
    assert main(["models", "verify"]) == 0


def test_what_cannot_be_fetched(folder, monkeypatch, capsys):
    monkeypatch.setenv("ONNX_SEGMENTATION_OFFLINE", "1")
    assert main(["models", "fetch", "u2net", "modnet-p"]) == 1
    said = capsys.readouterr().err
    assert "u2net cannot be downloaded" in said and "modnet-photographic needs a file that you bring" in said
    assert main(["models", "fetch", "u2nett"]) == 2
    assert "unknown: u2nett; known are u2net, u2netp" in capsys.readouterr().err


def test_another_folder_and_an_interrupt(folder, tmp_path, monkeypatch, capsys):
    other = tmp_path / "other"
    other.mkdir()
    (other / "u2netp.onnx").write_bytes(CONTENT)
    assert main(["models", "--folder", str(other), "fetch", "u2netp"]) == 0
    assert str(other) in capsys.readouterr().out

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(models, "obtain", interrupt)
    assert main(["models", "fetch", "u2netp"]) == 130
    for wrong in ([], ["models", "fetch"], ["models", "nonsense"]):
        with pytest.raises(SystemExit) as left:
            main(wrong)
        assert left.value.code == 2


def test_as_a_module(homes, tmp_path):
    """As `python -m onnx_segmentation`, from wherever the package is installed."""
    (tmp_path / "onnx_segmentation").symlink_to(ROOT, target_is_directory=True)
    command = [sys.executable, "-m", "onnx_segmentation", "models"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "u2netp" in result.stdout and not result.stderr


@pytest.mark.parametrize("page", model_table.PAGES, ids=lambda page: page.name)
def test_pages_show_todays_catalogue(page):
    text = page.read_text(encoding="utf-8")
    assert text == model_table.with_table(text), "python -m tools.model_table writes it"

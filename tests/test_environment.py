"""Environment variables: one module has them all, the page lists them, and a user without a home does no harm."""

import ast
import logging

import pytest
from onnx_segmentation import caches, commands, environment
from onnx_segmentation.environment import VARIABLES, XDG_CACHE_HOME
from onnx_segmentation.errors import ModelNotFoundError
from onnx_segmentation.sessions.downloads.files import default_folder, rembg_folders
from onnx_segmentation.simple import segment
from PIL import Image
from support import ROOT, make_red_model, modules
from variables import PAGE, page

pwd = pytest.importorskip("pwd", reason="users by number are POSIX's")
ROOMS = ["batch", "commands", "imaging", "kernels", "matting", "nodes", "pictures", "sessions"]


@pytest.fixture
def nobody(monkeypatch):
    """A user whom the system does not know, without a home, as containers have them."""
    for name in ("HOME", *(variable.name for variable in VARIABLES)):
        monkeypatch.delenv(name, raising=False)

    def unknown(number):
        raise KeyError(f"getpwuid(): uid not found: {number}")

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    caches._say_once.cache_clear()


def test_one_module_reads_them():
    for path in modules(
        [*ROOMS, *(path.name for path in ROOT.glob("*.py") if path.name not in ("dev.py", "environment.py"))]
    ):
        for node in ast.walk(ast.parse(path.read_text())):
            assert not isinstance(node, ast.Attribute) or node.attr not in ("environ", "getenv", "environb"), path
            assert not isinstance(node, ast.Attribute) or node.attr != "expanduser", f"{path}: raises without a home"


def test_the_page_lists_them():
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m tools.variables"


def test_nobodys_home(nobody):
    assert environment.home() is None and environment.users_cache_folder() is None
    assert rembg_folders() == []
    assert str(environment.expand("~/models")) == "~/models"


@pytest.mark.parametrize("home", ["", "relative"])
def test_a_home_that_is_none(nobody, monkeypatch, home):
    monkeypatch.setenv("HOME", home)
    assert environment.home() is None


def test_a_relative_cache_folder_is_not_one(monkeypatch, tmp_path):
    """As the XDG Base Directory Specification has it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(XDG_CACHE_HOME.name, "here")
    assert environment.users_cache_folder() == tmp_path / ".cache"
    monkeypatch.setenv(XDG_CACHE_HOME.name, str(tmp_path / "there"))
    assert environment.users_cache_folder() == tmp_path / "there"


def test_without_a_home_nothing_is_kept_and_that_is_said_once(nobody, caplog):
    with caplog.at_level(logging.WARNING):
        assert caches.own_folder("kernels") is None and caches.own_folder("tensorrt") is None
    assert [record.message.count("ONNX_SEGMENTATION_CACHE") for record in caplog.records] == [1]


def test_without_a_home_a_file_is_cut_out(nobody, red_model):
    assert segment(Image.new("RGB", (40, 30), "red"), red_model, alpha_matting=True).mode == "RGBA"


def test_without_a_home_rembgs_file_is_found(nobody, tmp_path, monkeypatch):
    monkeypatch.setenv("U2NET_HOME", str(tmp_path))
    monkeypatch.setenv("MODEL_CHECKSUM_DISABLED", "1")
    make_red_model(tmp_path / "silueta.onnx", (1, 3, 320, 320))
    assert segment(Image.new("RGB", (40, 30), "red"), "silueta").mode == "RGBA"


def test_without_a_home_a_name_says_what_to_do(nobody, capsys):
    with pytest.raises(ModelNotFoundError, match="set ONNX_SEGMENTATION_MODELS to a folder"):
        default_folder()
    with pytest.raises(ModelNotFoundError, match="ONNX_SEGMENTATION_MODELS"):
        segment(Image.new("RGB", (40, 30), "red"), "silueta")
    assert commands.main(["models"]) == 2
    assert "ONNX_SEGMENTATION_MODELS" in capsys.readouterr().err

"""Folders of ours: other people's files in them stay, and what others could have written is never loaded."""

import hashlib
import logging
import os
import pickle
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from onnx_segmentation import caches, kernel_cache, ownership
from onnx_segmentation.environment import CACHE
from onnx_segmentation.kernels.load import COMPLETE
from onnx_segmentation.sessions.runtime.providers import TENSORRT, provider_options
from support import ROOT

pytestmark = pytest.mark.skipif(os.name != "posix", reason="owners and modes are POSIX's")
as_superuser = pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0 or not shutil.which("setpriv"), reason="becomes other users by setpriv"
)
STRANGER, FRIEND = 12345, 12346
PARTS = ("kernels", "0" * 16)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache folder, in a process that has said nothing yet."""
    folder = tmp_path / "cache"
    folder.mkdir()
    monkeypatch.setenv(CACHE.name, str(folder))
    caches._say_once.cache_clear()
    return folder


def test_a_folder_of_ours_is_closed_and_marked(cache):
    before = os.umask(0)
    try:
        folder = caches.own_folder(*PARTS)
    finally:
        os.umask(before)
    assert folder == cache / "kernels" / PARTS[1]
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, folder.parent)] == [0o700, 0o700]
    assert stat.S_IMODE(cache.stat().st_mode) == 0o755  # the user's own, and none of our business
    assert [path.name for path in folder.iterdir()] == [caches.MARKER]
    assert caches.own_folder(*PARTS) == folder


def test_an_older_folder_of_ours_is_tightened(cache):
    folder = cache.joinpath(*PARTS)
    folder.mkdir(parents=True, mode=0o755)
    assert caches.own_folder(*PARTS) == folder and stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_engines_of_tensorrt_lie_in_a_folder_of_ours(cache):
    assert Path(provider_options(TENSORRT)["trt_engine_cache_path"]).parent.parent == cache


def open_leaf(cache):
    cache.joinpath(*PARTS).chmod(0o777)


def open_parent(cache):
    (cache / "kernels").chmod(0o775)


def open_cache(cache):
    cache.chmod(0o777)


def open_file(cache):
    cache.joinpath(*PARTS).chmod(0o755)
    (cache.joinpath(*PARTS) / "index.nbi").write_bytes(b"mine once")
    (cache.joinpath(*PARTS) / "index.nbi").chmod(0o666)


def foreign_leaf(cache):
    os.chown(cache.joinpath(*PARTS), STRANGER, STRANGER)


def foreign_file(cache):
    (cache.joinpath(*PARTS) / "index.nbi").write_bytes(b"not mine")
    os.chown(cache.joinpath(*PARTS) / "index.nbi", STRANGER, STRANGER)


def foreign_cache(cache):
    os.chown(cache, STRANGER, STRANGER)


def link_to_another(cache):
    """A folder that was closed and ours, in whose place a stranger has put a link to an open one."""
    shutil.rmtree(cache / "kernels")
    theirs = cache.parent / "theirs"
    theirs.mkdir()
    theirs.chmod(0o777)
    (cache / "kernels").symlink_to(theirs)


MODES = [open_leaf, open_parent, open_cache, open_file, link_to_another]
OWNERS = [foreign_leaf, foreign_file, foreign_cache]


@pytest.mark.parametrize("change", [*MODES, *(pytest.param(change, marks=as_superuser) for change in OWNERS)])
def test_what_others_could_write_is_not_used(cache, change, caplog):
    """A folder of this process takes its place; what the log says mends it."""
    caches.own_folder(*PARTS)
    change(cache)
    with caplog.at_level(logging.WARNING):
        private = caches.own_folder(*PARTS)
        assert caches.own_folder(*PARTS) == private
    assert not private.is_relative_to(cache) and stat.S_IMODE(private.stat().st_mode) == 0o700
    assert [path.name for path in private.iterdir()] == [caches.MARKER] and caches.is_private(private)
    (said,) = [record.getMessage() for record in caplog.records]
    command = re.search(r"To mend it: (ch(own|mod) .+), or set", said)[1]
    subprocess.run(command, shell=True, check=True)
    assert caches.own_folder(*PARTS).is_relative_to(cache.parent)


def test_a_sticky_folder_above_is_right(cache):
    """As /tmp is: nobody puts anything in another's place there."""
    cache.chmod(0o1777)
    assert caches.own_folder(*PARTS) == cache.joinpath(*PARTS)


@as_superuser
def test_the_superuser_trusts_comfyuis_owner(cache, monkeypatch):
    """In a container: root inside, and ComfyUI's folder belongs to a user outside."""
    os.chown(cache, FRIEND, FRIEND)
    monkeypatch.setattr(ownership, "_comfyuis_owner", lambda: FRIEND)
    assert caches.own_folder(*PARTS) == cache.joinpath(*PARTS)
    os.chown(cache, STRANGER, STRANGER)
    assert not caches.own_folder(*PARTS).is_relative_to(cache)


@pytest.mark.parametrize("obstacle", ["file", "read only", "too long"])
def test_a_folder_that_cannot_be_is_said(cache, obstacle, monkeypatch, caplog):
    if obstacle == "file":
        (cache / "kernels").write_text("in the way")
    elif obstacle == "read only":
        monkeypatch.setattr(caches.os, "access", lambda *_: False)
    else:
        monkeypatch.setenv(CACHE.name, f"{cache}/{'x' * 300}")
    with caplog.at_level(logging.WARNING):
        assert caches.own_folder(*PARTS) is None
    assert "nothing is kept between starts" in caplog.text


class Poison:
    """Runs a command when it is unpickled."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


FIND = (
    "import sys; sys.path.insert(0, 'tools'); from pack import load_pack; load_pack();"
    "from onnx_segmentation import caches, kernel_cache;"
    # The key holds the Python's version, and another user's may be another.
    "kernel_cache.kernels_folder = lambda: caches.own_folder('kernels', sys.argv[1]);"
    "kernel_cache.kernels.find('resample')"
)


def poison(cache, proofs):
    source = kernel_cache.kernels_folder()
    folder = cache / "kernels" / source.name
    shutil.copytree(source, folder)
    run, *_ = (folder / COMPLETE).read_text().splitlines()
    for index in folder.rglob("*.nbi"):
        index.write_bytes(pickle.dumps(Poison(f"touch {proofs}/ran")))
    files = sorted((folder / run).rglob("*.nb[ci]"))
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()} {path.relative_to(folder / run)}" for path in files]
    (folder / COMPLETE).write_text("\n".join([run, *lines]))
    return folder


def give(folder, user):
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user, user)


@pytest.mark.parametrize(
    ("change", "user", "runs"),
    [
        ("ours", None, True),  # without which the others prove nothing
        ("open", None, False),
        pytest.param("a stranger's", None, False, marks=as_superuser),
        pytest.param("the superuser's, open", FRIEND, False, marks=as_superuser),
        pytest.param("a stranger's", FRIEND, False, marks=as_superuser),
        pytest.param("closed in a stranger's", FRIEND, False, marks=as_superuser),
    ],
)
def test_a_poisoned_index_of_others_is_never_loaded(change, user, runs):
    if kernel_cache.kernels_folder() is None:
        pytest.skip("numba is not installed")
    kernel_cache.kernels.find("resample", wait=True)
    base = Path(tempfile.mkdtemp())  # not below pytest's, which is closed to other users
    base.chmod(0o755)
    cache, proofs = base / "cache", base / "proofs"
    cache.mkdir()
    proofs.mkdir()
    proofs.chmod(0o777)
    folder = poison(cache, proofs)
    if change == "a stranger's":
        give(cache, STRANGER)
    elif change == "closed in a stranger's":
        give(folder, FRIEND)
        os.chown(cache, STRANGER, STRANGER)
    elif change != "ours":
        folder.chmod(0o777)
    switch = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
    environment = os.environ | {CACHE.name: str(cache), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [*switch, sys.executable, "-c", FIND, folder.name],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (proofs / "ran").exists() == runs, done.stderr
    if not runs:
        assert done.returncode == 0 and re.search("ch(own|mod)", done.stderr), done.stderr
    shutil.rmtree(base)

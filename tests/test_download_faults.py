"""Servers that send too much, say nonsense or break off, addresses with passwords, and proxies of another kind."""

import logging
import os
import re
import sys
import traceback
from dataclasses import replace
from types import SimpleNamespace

import pytest
from github import CONTENT
from onnx_segmentation.errors import DownloadError
from onnx_segmentation.sessions.downloads import files, transfer, verified
from onnx_segmentation.sessions.downloads.answer import body_length
from onnx_segmentation.sessions.downloads.files import find_files, obtain
from onnx_segmentation.sessions.downloads.reasons import hide_password
from onnx_segmentation.sessions.recipes.catalog import catalog
from tiny_release import ENTRY


@pytest.mark.parametrize("behaviour", ["endless", "bomb"])
def test_no_more_comes_than_the_size_that_the_catalogue_says(github, folder, behaviour):
    github.behaviour = behaviour
    most = []
    with pytest.raises(DownloadError, match=r"or one without an end: at least [\d.]+ MB, at most 2\.1 MB are expected"):
        obtain(ENTRY, [folder], lambda done, total: most.append(done))
    assert list(folder.iterdir()) == []
    assert max(most, default=0) < 3e6 and github.poured < 20e6  # the system's own buffers take some


def test_a_file_of_no_known_size_ends_too(github, folder, monkeypatch):
    github.behaviour = "endless"
    monkeypatch.setattr(transfer, "LARGEST", 1 << 20)
    with pytest.raises(DownloadError, match=r"at most 2\.2 MB"):
        obtain(replace(ENTRY, size_mb=None), [folder])


def test_the_body_of_a_redirect_is_not_read(github, folder):
    github.behaviour = "endless_redirect"
    assert obtain(ENTRY, [folder]).read_bytes() == CONTENT
    assert github.poured < 20e6


@pytest.mark.parametrize("length", ["abc", "-5", "1e6", "", "9" * 400, "\xb2"])
def test_a_length_that_is_none(github, folder, length):
    github.behaviour, github.length = "bad_length", length
    with pytest.raises(DownloadError, match="Content-Length"):
        obtain(ENTRY, [folder])
    assert list(folder.iterdir()) == []


def test_a_length_said_twice(github, folder):
    with pytest.raises(DownloadError, match="Content-Length is '5, 6'"):
        body_length(SimpleNamespace(headers={"Content-Length": "5, 6"}))
    github.behaviour, github.length = "bad_length", f"{len(CONTENT)}, {len(CONTENT)}"
    assert obtain(ENTRY, [folder]).is_file()


@pytest.mark.parametrize("behaviour", ["whole_again", "end_is_missing"])
def test_an_answer_that_goes_on_otherwise_than_asked(github, folder, behaviour):
    github.behaviour = behaviour
    assert obtain(ENTRY, [folder]).read_bytes() == CONTENT
    assert len(github.ranges) == 2 and github.ranges[1]


def test_a_disk_without_room(github, folder, monkeypatch):
    """Known before anything comes."""
    free = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(transfer.shutil, "disk_usage", lambda _: free)
    with pytest.raises(DownloadError, match=r"the disk of .* is full: 1\.0 MB are needed, 0\.0 MB are free"):
        obtain(ENTRY, [folder])


def everything_said(error, caplog):
    return "".join(traceback.format_exception(error)) + repr(error.__context__) + caplog.text


@pytest.mark.parametrize("behaviour", ["good", "missing", "wrong", "cut_once", "cut", "bad_length", "refuses"])
def test_a_password_in_an_address_is_used_and_never_shown(github, folder, monkeypatch, caplog, behaviour):
    github.behaviour = behaviour
    monkeypatch.setenv("ONNX_SEGMENTATION_MIRROR", github.url.replace("//", "//me:geheim%21@") + "/mirror")
    with caplog.at_level(logging.DEBUG, "onnx_segmentation"):
        try:
            obtain(ENTRY, [folder])
            said = caplog.text
        except DownloadError as error:
            said = everything_said(error, caplog)
            assert f"//***@{github.url.removeprefix('http://')}/mirror/{ENTRY.file}" in str(error)
    assert github.requests and "geheim" not in said and "\x1b" not in said
    github.behaviour = "needs_password"
    obtain(ENTRY, [folder.with_name("second")])
    assert github.passwords == ["Basic bWU6Z2VoZWltIQ=="]  # me:geheim!


@pytest.mark.parametrize(
    "mirror",
    [
        "http://me:geheim@127.0.0.1:1/x", "http://me:ge/geheim@127.0.0.1:1", "http://me:#geheim@127.0.0.1:1/",
        "http://geheim@127.0.0.1:1", "http://me:geheim@[bad/", "ftp://me:geheim@127.0.0.1/", "http://me:geheim@host:port",
        "http://me:geheim@ho st/", "http://me:@geheim@127.0.0.1:1/",
    ],
)  # fmt: skip
def test_nor_in_an_address_that_is_none(folder, monkeypatch, caplog, mirror):
    monkeypatch.setenv("ONNX_SEGMENTATION_MIRROR", mirror)
    with caplog.at_level(logging.DEBUG, "onnx_segmentation"), pytest.raises(DownloadError) as raised:
        obtain(ENTRY, [folder])
    assert "geheim" not in everything_said(raised.value, caplog)


def test_what_is_no_password_stays():
    for text in ("https://host/@scope/file.onnx", "http://127.0.0.1:80/x", "write to a@b.c", "//server/share"):
        assert hide_password(text) == text


@pytest.mark.parametrize("proxy", ["socks5h://127.0.0.1:1", "http://me:geheim@127.0.0.1:1", "http://me:geheim@[bad"])
def test_a_proxy_that_cannot_be_used(folder, monkeypatch, caplog, proxy):
    monkeypatch.setenv("http_proxy", proxy)
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setitem(sys.modules, "socks", None)
    monkeypatch.delitem(sys.modules, "urllib3.contrib.socks", raising=False)
    with pytest.raises(DownloadError) as raised:
        obtain(ENTRY, [folder])
    assert "geheim" not in everything_said(raised.value, caplog)
    if "socks" in proxy:
        assert re.search(r"SOCKS proxy .* missing: pip install PySocks", str(raised.value))


def make_strange(path, kind):
    """A pipe, a folder, a link to nowhere or to a device without an end."""
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to({"nowhere": path.with_name("gone"), "device": "/dev/zero"}[kind])


@pytest.mark.skipif(os.name != "posix", reason="pipes and devices with a name")
@pytest.mark.parametrize("kind", ["pipe", "folder", "nowhere", "device"])
def test_what_is_no_file_is_neither_read_nor_replaced(github, folder, kind):
    """In the place of the model, of its lock, and of what remembers checksums."""
    taken = {"model": ENTRY.file, "lock": f".{ENTRY.file}.lock", "memory": verified.MEMORY}
    for role, name in taken.items():
        place = folder / role
        place.mkdir(parents=True)
        make_strange(place / name, kind)
        mode = (place / name).lstat().st_mode
        if role == "memory":
            assert obtain(ENTRY, [place]).read_bytes() == CONTENT
        else:
            said = "is in the way" if role == "model" else "is no lock of ours"
            with pytest.raises(DownloadError, match=f"{said}.*[Rr]emove"):
                obtain(ENTRY, [place])
        assert (place / name).lstat().st_mode == mode
        assert {path.name for path in place.iterdir()} == {name, *([ENTRY.file] if role == "memory" else [])}


def test_a_lock_that_is_a_link_empties_nothing(github, folder):
    """Older filelocks would; neither for the model that is fetched, nor for parts of another one."""
    folder.mkdir(parents=True)
    thesis = folder / "thesis.txt"
    thesis.write_text("mine")
    other = catalog()["u2netp"].file
    (folder / f".{other}.lock").symlink_to(thesis)
    (folder / f".{other}.0123cdef.part").write_text("nobody knows whose")
    assert obtain(ENTRY, [folder]).read_bytes() == CONTENT
    assert thesis.read_text() == "mine" and (folder / f".{other}.0123cdef.part").is_file()


def test_links_that_lead_back_are_followed_once(folder, monkeypatch):
    folder.mkdir(parents=True)
    (folder / "inside").mkdir()
    (folder / "inside" / ENTRY.file).write_bytes(CONTENT)
    for place in (folder, folder / "inside"):
        for name in ("again", "and_again"):
            (place / name).symlink_to(folder, target_is_directory=True)
    visits = []
    walk = os.walk
    monkeypatch.setattr(files.os, "walk", lambda *a, **k: (visits.append(each[0]) or each for each in walk(*a, **k)))
    assert [path.name for path in find_files(ENTRY, [folder])] == [ENTRY.file]
    assert len(visits) < 10


def test_a_memory_that_is_too_long_is_left_alone(github, folder):
    folder.mkdir(parents=True)
    (folder / verified.MEMORY).write_bytes(b"{" + b" " * verified.LARGEST + b"}")
    assert obtain(ENTRY, [folder]).read_bytes() == CONTENT
    assert (folder / verified.MEMORY).stat().st_size == verified.LARGEST + 2

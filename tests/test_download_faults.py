"""Servers that send too much, say nonsense or break off, addresses with passwords, and proxies of another kind."""

import logging
import re
import sys
import traceback
from dataclasses import replace
from types import SimpleNamespace

import pytest
from github import CONTENT
from onnx_segmentation.errors import DownloadError
from onnx_segmentation.sessions.downloads import transfer
from onnx_segmentation.sessions.downloads.answer import body_length
from onnx_segmentation.sessions.downloads.files import obtain
from onnx_segmentation.sessions.downloads.reasons import hide_password
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

"""Files of named models: found, verified once, or fetched whole from a server on loopback that does what servers do."""

import errno
import json
import logging
import os
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import filelock
import pytest
from github import CONTENT
from onnx_segmentation import environment
from onnx_segmentation.errors import CatalogError, ChecksumError, DownloadError, ModelNotFoundError
from onnx_segmentation.sessions.downloads import files, transfer, verified
from onnx_segmentation.sessions.downloads.download import POLL
from onnx_segmentation.sessions.downloads.file_lock import if_nobody_holds, lock_path
from onnx_segmentation.sessions.downloads.files import find_files, obtain
from onnx_segmentation.sessions.recipes.catalog import catalog, refiners
from support import ROOT
from tiny_release import ENTRY


def rubbish(folder):
    return [path.name for path in folder.glob("*") if path.name not in (ENTRY.file, verified.MEMORY)]


@pytest.mark.parametrize("behaviour", ["good", "redirect", "cut_once"])
def test_the_right_file(github, folder, behaviour):
    github.behaviour = behaviour
    seen = []
    path = obtain(ENTRY, [folder], lambda done, total: seen.append((done, total)))
    assert path == folder / ENTRY.file and path.read_bytes() == CONTENT
    assert not rubbish(folder)
    if behaviour == "cut_once":
        assert github.requests["/mirror/tiny-release.onnx"] == 2 and github.ranges[1]


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        ("wrong", r"what came is another file, 19 bytes with md5 \w+ \(a login page"),
        ("missing", "the server answers 404 Not Found"),
        ("cut", "the connection was cut"),
        ("huge", "what comes is another file, or one without an end: at least 1000000000.0 MB, at most 2.1 MB are exp"),
    ],
)
def test_a_clear_error_and_no_rubbish(github, folder, behaviour, said):
    github.behaviour = behaviour
    with pytest.raises(DownloadError, match=said) as raised:
        obtain(ENTRY, [folder])
    by_hand = f"download {github.url}/mirror/{ENTRY.file}, check that its {ENTRY.checksum.replace(':', ' is ')}"
    assert f"{by_hand}, and save it as {folder / ENTRY.file}" in str(raised.value)
    assert list(folder.iterdir()) == []
    github.behaviour = "good"
    assert obtain(ENTRY, [folder]).read_bytes() == CONTENT


def test_no_network(folder, monkeypatch):
    monkeypatch.delenv("ONNX_SEGMENTATION_MIRROR", raising=False)
    with pytest.raises(DownloadError, match=r"no connection .*By hand: download http://127\.0\.0\.1:1/tiny"):
        obtain(ENTRY, [folder])
    assert list(folder.iterdir()) == []


def test_without_the_packages_that_download(github, folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "filelock", None)
    with pytest.raises(DownloadError, match="pip install requests filelock"):
        obtain(ENTRY, [folder])


def test_a_disk_that_fills_up_on_the_way(github, folder, monkeypatch):
    class Full:
        def __init__(self, file):
            self.file = file

        def write(self, chunk):
            if self.file.tell() + len(chunk) > len(CONTENT) // 2:
                raise OSError(errno.ENOSPC, "No space left on device")
            return self.file.write(chunk)

        def __getattr__(self, name):
            return getattr(self.file, name)

    write = transfer.Transfer._write
    monkeypatch.setattr(
        transfer.Transfer, "_write", lambda self, answer, file, asked: write(self, answer, Full(file), asked)
    )
    with pytest.raises(DownloadError, match=r"the disk of .* is full"):
        obtain(ENTRY, [folder])
    assert list(folder.iterdir()) == []


def test_a_folder_that_cannot_be_written(github, tmp_path, homes):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DownloadError, match="cannot be written"):
        obtain(ENTRY, [tmp_path / "file" / "onnx"])


@pytest.mark.parametrize("behaviour", ["drip", "stall"])
def test_cancel_takes_effect_whatever_the_server_does(github, folder, behaviour):
    """It is asked on and on while nothing comes; and the transfer has ended, with its part, when the caller goes on."""
    github.behaviour = behaviour
    asked = []

    def cancel():
        asked.append(len(list(folder.glob(".*.part"))))
        if len(asked) == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        obtain(ENTRY, [folder], raise_if_cancelled=cancel)
    assert asked[-1] == 1 and POLL < 1
    assert list(folder.iterdir()) == []
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("download")]


def test_two_threads_at_once_download_once(github, folder):
    github.behaviour = "slow"
    with ThreadPoolExecutor(2) as pool:
        paths = list(pool.map(lambda _: obtain(ENTRY, [folder]), range(2)))
    assert [path.read_bytes() for path in paths] == [CONTENT, CONTENT]
    assert github.requests.total() == 1 and not rubbish(folder)


def test_two_processes_at_once_download_once(github, folder):
    github.behaviour = "slow"
    fields = {"name": ENTRY.name, "file": ENTRY.file, "checksum": ENTRY.checksum, "url": ENTRY.url}
    code = (
        "import sys; sys.path.insert(0, 'tools'); from pack import load_pack; load_pack();"
        "from onnx_segmentation.sessions.recipes.catalog import CatalogEntry;"
        "from onnx_segmentation.sessions.downloads.files import obtain; from pathlib import Path;"
        f"obtain(CatalogEntry(licence='MIT', commercial=True, use='', **{fields}), [Path({str(folder)!r})])"
    )
    runs = [subprocess.Popen([sys.executable, "-c", code], cwd=ROOT) for _ in range(2)]
    assert [run.wait(60) for run in runs] == [0, 0]
    assert (folder / ENTRY.file).read_bytes() == CONTENT
    assert github.requests.total() == 1 and not rubbish(folder)


def test_who_waits_for_another_can_be_cancelled(github, folder):
    github.behaviour = "stall"

    def cancel():
        raise KeyboardInterrupt

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(obtain, ENTRY, [folder])
        while not github.requests:
            time.sleep(0.01)
        with pytest.raises(KeyboardInterrupt):
            obtain(ENTRY, [folder], raise_if_cancelled=cancel)
        github.released.set()
        assert first.result().read_bytes() == CONTENT
    assert not rubbish(folder)


def test_parts_of_a_process_that_died_are_swept(github, folder):
    """At once, those of other models too; but none whose lock is held, and nobody else's files."""
    folder.mkdir(parents=True)
    other = catalog()["u2netp"].file
    dead = [folder / f".{name}.0123cdef.part" for name in (ENTRY.file, other)]
    names = (f".{ENTRY.file}.mine.part", ".film.0123cdef.part", f".{other}.part", "a.part")
    foreign = [folder / name for name in names]
    for path in (*dead, *foreign):
        path.write_bytes(b"half")
    with if_nobody_holds(folder / other):
        obtain(ENTRY, [folder])
    assert sorted(rubbish(folder)) == sorted(path.name for path in (dead[1], *foreign))
    (folder / ENTRY.file).unlink()
    obtain(ENTRY, [folder])
    assert sorted(rubbish(folder)) == sorted(path.name for path in foreign)


@pytest.mark.skipif(os.name != "posix", reason="Windows deletes no open file")
def test_a_lock_is_deleted_while_it_is_held(folder, monkeypatch):
    """Whoever waits for it then makes a new one. Deleted later, it might be one that another has got by now."""
    folder.mkdir(parents=True)
    path = lock_path(folder / ENTRY.file)
    unlink, held = Path.unlink, []

    def unlink_and_look(self, missing_ok=False):
        if self == path:
            with pytest.raises(filelock.Timeout):
                filelock.FileLock(path, timeout=0).acquire()
            held.append(True)
        unlink(self, missing_ok)

    monkeypatch.setattr(Path, "unlink", unlink_and_look)
    with if_nobody_holds(folder / ENTRY.file) as free, if_nobody_holds(folder / ENTRY.file) as again:
        assert free and not again
    assert held == [True] and not path.exists()


def test_no_network_call_for_a_file_that_is_there(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "requests", None)
    (folder / "people").mkdir(parents=True)
    (folder / "people" / "TINY.onnx").write_bytes(CONTENT)  # rembg's name for it, in another case, in a subfolder
    assert obtain(ENTRY, [folder]) == folder / "people" / "TINY.onnx"


def test_offline_mode(github, folder, monkeypatch):
    monkeypatch.setenv("ONNX_SEGMENTATION_OFFLINE", "1")
    with pytest.raises(DownloadError, match="ONNX_SEGMENTATION_OFFLINE is set"):
        obtain(ENTRY, [folder])
    assert not github.requests
    monkeypatch.setenv("ONNX_SEGMENTATION_OFFLINE", "0")
    assert obtain(ENTRY, [folder]).is_file()


def test_a_file_is_read_whole_once(folder, monkeypatch):
    """Remembered by size and time, in this process and in later ones."""
    folder.mkdir(parents=True)
    path = folder / ENTRY.file
    path.write_bytes(CONTENT)
    reads = []
    digest = verified.digest
    monkeypatch.setattr(verified, "digest", lambda *a: reads.append(a) or digest(*a))
    for _ in range(3):
        obtain(ENTRY, [folder])
        monkeypatch.setattr(verified, "_here", {})  # as another process
    assert len(reads) == 1
    path.write_bytes(CONTENT)  # written again: another time
    obtain(ENTRY, [folder])
    assert len(reads) == 2
    assert list(json.loads((folder / verified.MEMORY).read_text())) == [str(path)]


def test_memory_that_cannot_be_kept_or_read(tmp_path, homes, monkeypatch):
    """A folder that cannot be written: the process remembers. Nonsense in the file: as if it were not there."""
    path = tmp_path / "file.onnx"
    path.write_bytes(CONTENT)
    blocked = tmp_path / "blocked"
    blocked.write_text("in the way")
    assert verified.matches(path, ENTRY.checksum, blocked)
    monkeypatch.setattr(verified, "digest", None)
    assert verified.matches(path, ENTRY.checksum, blocked)
    monkeypatch.undo()
    for nonsense in ("{", "[]", '{"a": 1}'):
        (tmp_path / verified.MEMORY).write_text(nonsense)
        monkeypatch.setattr(verified, "_here", {})
        assert verified.matches(path, ENTRY.checksum, tmp_path)
        assert (tmp_path / verified.MEMORY).read_text() == nonsense  # somebody else's, then


def test_a_file_that_is_another_one(folder, monkeypatch, caplog):
    """Never overwritten, never used without a word: a right one elsewhere is, or the error says what to do."""
    folder.mkdir(parents=True)
    path = folder / ENTRY.file
    path.write_bytes(b"another model")
    with pytest.raises(ChecksumError, match=r"is not the tiny of the catalogue: its checksum is md5:[0-9a-f]{32}, exp"):
        obtain(ENTRY, [folder])
    (folder / "right").mkdir()
    (folder / "right" / "tiny.onnx").write_bytes(CONTENT)
    assert obtain(ENTRY, [folder]) == folder / "right" / "tiny.onnx"
    shutil.rmtree(folder / "right")
    monkeypatch.setenv("MODEL_CHECKSUM_DISABLED", "1")
    assert obtain(ENTRY, [folder]) == path and "MODEL_CHECKSUM_DISABLED is set" in caplog.text
    assert path.read_bytes() == b"another model"


@pytest.mark.parametrize(
    ("variables", "place"),
    [
        ({}, ".u2net"),
        ({}, ".rembg/models/tiny"),
        ({"U2NET_HOME": "shared"}, "shared"),
        ({"U2NET_HOME": "shared"}, "shared/models/tiny"),
        ({"REMBG_HOME": "own"}, "own/models/tiny"),
        ({"XDG_DATA_HOME": "data"}, "data/rembg/models/tiny"),
        ({"XDG_DATA_HOME": "data"}, "data/.u2net"),
    ],
)
def test_rembgs_homes_are_read(folder, homes, monkeypatch, variables, place):
    for name, value in variables.items():
        monkeypatch.setenv(name, str(homes / value))
    path = homes / place / "tiny.onnx"
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    before = {file: file.stat().st_mtime_ns for file in homes.rglob("*")}
    assert obtain(ENTRY, [folder]) == path
    assert {file: file.stat().st_mtime_ns for file in homes.rglob("*") if folder.parent not in file.parents} == before


def test_rembgs_homes_are_those_of_rembg(homes, monkeypatch):
    base = pytest.importorskip("rembg.sessions.base").BaseSession
    if not hasattr(base, "legacy_home"):
        pytest.skip("this rembg has one home")
    for variables in ({}, {"U2NET_HOME": "~/a"}, {"REMBG_HOME": "~/b"}, {"XDG_DATA_HOME": str(homes / "c")}):
        with monkeypatch.context() as patch:
            for name, value in variables.items():
                patch.setenv(name, value)
            theirs = [base.legacy_home(), f"{base.rembg_home()}/models"]
            assert [str(path) for path in files.rembg_folders()] == theirs


def test_a_file_that_the_user_brings(folder, monkeypatch):
    modnet = catalog()["modnet-photographic"]
    with pytest.raises(ModelNotFoundError, match=rf"get {modnet.file} from https://\S+, put it into {folder}, and run"):
        obtain(modnet, [folder])
    folder.mkdir(parents=True)
    (folder / "modnet-p.onnx").write_bytes(b"any export")
    assert obtain(modnet, [folder]) == folder / "modnet-p.onnx"


def test_a_licence_that_forbids_is_said_once(folder, monkeypatch, caplog):
    monkeypatch.setattr(files, "_told", set())
    folder.mkdir(parents=True)
    entry = replace(ENTRY, licence="CC BY-NC 4.0", commercial=False)
    (folder / entry.file).write_bytes(CONTENT)
    with caplog.at_level(logging.WARNING):
        obtain(entry, [folder])
        obtain(entry, [folder])
        obtain(replace(ENTRY, name="free"), [folder])
    said = [record.message for record in caplog.records]
    assert said == ["tiny: licence of the weights is CC BY-NC 4.0: not for commercial use"]


@pytest.mark.parametrize("wrong", [{"checksum": ""}, {"url": ""}, {"checksum": "md5:12"}, {"size_mb": 0}])
def test_a_download_without_a_checksum_does_not_exist(wrong):
    with pytest.raises(CatalogError, match="tiny"):
        replace(ENTRY, **wrong)


def test_every_entry_can_be_had():
    """By download with a checksum, or from its makers' page; and no two go by one name or file."""
    entries = [*catalog().values(), *refiners().values()]
    assert all(bool(entry.url) != bool(entry.page) for entry in entries)
    for names in ([name for entry in entries for name in (entry.name, *entry.aliases)], [e.file for e in entries]):
        assert len(set(names)) == len(names)


def test_where_models_go_outside_comfyui(homes, monkeypatch, tmp_path):
    monkeypatch.delenv("ONNX_SEGMENTATION_MODELS", raising=False)
    assert files.default_folder() == homes / ".onnx_segmentation" / "models"
    pack = tmp_path / "ComfyUI" / "custom_nodes" / "pack" / "environment.py"
    pack.parent.mkdir(parents=True)
    (tmp_path / "ComfyUI" / "folder_paths.py").write_text("")
    monkeypatch.setattr(environment, "__file__", str(pack))
    assert files.default_folder() == tmp_path / "ComfyUI" / "models" / "onnx"
    monkeypatch.setenv("ONNX_SEGMENTATION_MODELS", "~/elsewhere")
    assert files.default_folder() == homes / "elsewhere"


def test_hidden_folders_are_left_alone(folder, homes):
    (folder / ".trash").mkdir(parents=True)
    (folder / ".trash" / ENTRY.file).write_bytes(CONTENT)
    assert find_files(ENTRY, [folder]) == []

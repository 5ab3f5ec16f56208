"""Whatever folder we touch, other people's files in it stay as they are, old and large ones and names like ours too."""

import ast
import os

import pytest
from github import CONTENT, serve
from onnx_segmentation import caches, kernel_cache
from onnx_segmentation.batch.inputs import find_pictures
from onnx_segmentation.batch.lock import only_run
from onnx_segmentation.batch.outcome import Outcome
from onnx_segmentation.batch.plan import make_plan
from onnx_segmentation.batch.record import Record
from onnx_segmentation.batch.record_end import write_manifest
from onnx_segmentation.batch.stores import LocalStore
from onnx_segmentation.batch.whole_files import PART, write_whole
from onnx_segmentation.environment import CACHE
from onnx_segmentation.kernels import load
from onnx_segmentation.sessions.downloads.files import obtain
from onnx_segmentation.sessions.finding import kept
from onnx_segmentation.sessions.recipes.container import CustomSessionContainer
from onnx_segmentation.sessions.recipes.recipe import Recipe
from onnx_segmentation.sessions.session import CustomSession
from support import ROOT, make_red_model, modules
from tiny_release import ENTRY

KEY = "0123456789abcdef"
NAMES = [
    "thesis.docx", "film.mkv", "old.onnx", "u2net-0123456789abcdef-01234567.onnx", "log.txt", "complete.txt", "one.nbi",
    "notes.cutout-part", f"x.png{PART}", PART, f".notes{PART}", ".tiny.onnx.mine.part", "tiny.onnx.part", "tiny.lock",
    ".onnx_segmentation.json.mine", "made-by-somebody.txt", "kernels/thesis.docx", "kernels/my_cuda_project/main.cu",
    f"kernels/{KEY}/main.cu", f"kernels/{KEY[::-1]}/run/log.txt", "tensorrt/engine.plan", "models/thesis.docx",
]  # fmt: skip
LARGE = 2**31  # bytes, of which a sparse file has none on the disk


@pytest.fixture
def crowded(tmp_path, monkeypatch):
    """A folder of other people's old files: as the cache folder, as that of models, and as that of results."""
    folder = tmp_path / "crowded"
    for name in NAMES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("mine")
    with (folder / "film.mkv").open("wb") as film:
        film.truncate(LARGE)
    (folder / "link").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "thesis.docx").write_text("mine")
    for number, path in enumerate(sorted(folder.rglob("*"))):
        os.utime(path, (1e9 + number,) * 2, follow_symlinks=False)
    monkeypatch.setenv(CACHE.name, str(folder))
    return folder


def foreign(folder):
    """Each file's size, time and mode, and where each link leads."""
    paths = [folder / name for name in NAMES] + [folder.parent / "elsewhere" / "thesis.docx"]
    stats = {path: (path.stat().st_size, path.stat().st_mtime_ns, path.stat().st_mode) for path in paths}
    return stats | {folder / "link": (folder / "link").readlink()}


def test_kernels(crowded, monkeypatch):
    before = foreign(crowded)
    for number in range(6):  # ours, and old: four stay
        folder = caches.own_folder("kernels", f"{number:016x}")
        (folder / load.LOG).write_text("done")
        os.utime(folder, (number, number))
    monkeypatch.setattr(kernel_cache.subprocess, "Popen", lambda *_, **__: None)
    kernel_cache._start_compiling(kernel_cache.own_folder("kernels", "f" * 16))
    assert foreign(crowded) == before
    ours = [path.parent.name for path in crowded.rglob(caches.MARKER)]
    assert sorted(ours) == [*(f"{number:016x}" for number in (3, 4, 5)), "f" * 16]


def test_sessions(crowded, red_model):
    everything = sorted(crowded.rglob("*"))
    CustomSession(red_model, Recipe(CustomSessionContainer(width=64, height=64)))
    assert sorted(crowded.rglob("*")) == everything


def test_downloads(crowded, monkeypatch):
    before = foreign(crowded)
    with serve(CONTENT) as github:
        monkeypatch.setenv("ONNX_SEGMENTATION_MIRROR", github.url)
        for _ in range(2):
            assert obtain(ENTRY, [crowded]).read_bytes() == CONTENT
        (crowded / ENTRY.file).unlink()
        github.behaviour = "wrong"
        with pytest.raises(Exception, match="another file"):
            obtain(ENTRY, [crowded])
    assert foreign(crowded) == before


def test_results(crowded, tmp_path):
    before = foreign(crowded)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "x.jpg").write_bytes(b"a photo")
    plan = make_plan(find_pictures([str(tmp_path / "photos")], crowded), crowded.as_posix(), ".png")
    with only_run(crowded):
        LocalStore(crowded).stamps({"", "kernels", "models"})
        write_whole(crowded / plan.naming.output(plan.todo[0]), b"a cut-out")
        (crowded / ".onnx-segmentation").mkdir()
        for name in ("thesis.docx", "notes.jsonl"):
            (crowded / ".onnx-segmentation" / name).write_text("mine")
        for _ in range(3):
            record = Record(LocalStore(crowded), "")
            record.add(Outcome("/x.jpg", "x.png", "done"))
            record.close()
        write_manifest(record.rows(), crowded / "rows.csv")
    assert {path.name for path in (crowded / ".onnx-segmentation").iterdir()} >= {"thesis.docx", "notes.jsonl"}
    assert foreign(crowded) == before and (crowded / "x.png").read_bytes() == b"a cut-out"


def test_recipes_that_were_found(crowded, tmp_path):
    before, model = foreign(crowded), make_red_model(tmp_path / "model.onnx")
    (crowded / "recipes").mkdir()
    (crowded / "recipes" / "thesis.docx").write_text("mine")
    kept.keep(model, kept.KeptRecipe(Recipe(), "by hand"))
    assert kept.load_kept(model).recipe == Recipe()
    assert kept.forget(model) and not kept.forget(model)
    assert foreign(crowded) == before and (crowded / "recipes" / "thesis.docx").read_text() == "mine"


def test_a_folder_of_one_process(crowded):
    caches.private_folder.cache_clear()
    before = foreign(crowded)
    crowded.chmod(0o777)
    folder = caches.own_folder("kernels", KEY)
    assert caches.is_private(folder) and foreign(crowded) == before


# Who deletes or replaces files, and what holds it to its own: tests above, or names that nobody else has.
ANSWERED = {
    "caches.py": {"unlink", "rmdir", "rmtree"},
    "kernels/load.py": {"replace"},
    "batch/lock.py": {"unlink", "rmdir"},
    "batch/object_store.py": {"unlink"},
    "batch/record_end.py": {"replace", "unlink"},
    "batch/shards.py": {"unlink"},
    "batch/stores.py": {"replace", "unlink"},
    "batch/whole_files.py": {"replace", "unlink"},
    "sessions/downloads/file_lock.py": {"unlink"},
    "sessions/downloads/parts.py": {"unlink"},
    "sessions/downloads/transfer.py": {"replace", "unlink"},
    "sessions/downloads/verified.py": {"replace", "unlink"},
    "sessions/finding/kept.py": {"replace", "unlink"},
}
DELETING = {"unlink", "rmdir", "rmtree", "replace", "rename", "renames", "remove", "removedirs", "move"}


def test_every_deletion_is_answered():
    """A new one belongs into the list, and what it may meet into the tests above."""
    rooms = ["batch", "commands", "imaging", "kernels", "matting", "nodes", "pictures", "sessions"]
    for path in modules([*rooms, *(path.name for path in ROOT.glob("*.py") if path.name != "dev.py")]):
        calls = {call for node in ast.walk(ast.parse(path.read_text())) if (call := deletion(node))}
        assert calls <= ANSWERED.get(path.relative_to(ROOT).as_posix(), set()), path


def deletion(node):
    """The name of a call that deletes or replaces files; `replace` of two texts, or of a dataclass, is none."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr not in DELETING:
        return None
    is_other = (node.func.attr == "replace" and len(node.args) != 1) or (node.func.attr == "remove" and node.args)
    return None if is_other else node.func.attr

"""The graph of imports is the one that ARCHITECTURE.md draws: no circle, no arrow that its table does not allow."""

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from support import ROOT

PAGE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
OUTSIDE = {"tests", "tools", "benchmarks"}  # they may import everything
COMFYUI = {"comfy", "folder_paths", "server", "execution", "nodes", "comfy_execution"}
KNOW_COMFYUI = {"nodes/host.py", "nodes/managed.py", "sessions/downloads/comfyui_folders.py"}


def read_table():
    """{file or folder: room}, {room: rooms that it may import}"""
    places, allowed = {}, {}
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) == 4 and "`" in cells[1]:
            room, files, _, imports = cells
            places |= dict.fromkeys(re.findall(r"`([^`]+)`", files), room)
            allowed[room] = {name.strip() for name in imports.split(",") if name.strip()}
    return places, allowed


PLACES, ALLOWED = read_table()


def source_files(root=ROOT):
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).parts
        if not any(part.startswith(".") for part in parts) and parts[0] not in OUTSIDE and parts != ("dev.py",):
            yield path.relative_to(root)


def imports(path, files, root=ROOT):
    """The files that a file imports, inside functions and for the type checker too."""
    for node in ast.walk(ast.parse((root / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            parts = path.parent.parts
            module = Path(*parts[: len(parts) - node.level + 1], *(node.module or "").split("."))
            for alias in node.names:
                places = (module / f"{alias.name}.py", module / alias.name / "__init__.py", Path(f"{module}.py"))
                yield next(place for place in (*places, module / "__init__.py") if place in files)


def outside_imports(path):
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield (node.module or "").split(".")[0]


def room_of(path):
    return PLACES.get(path.as_posix()) or PLACES.get(f"{path.parent.as_posix()}/")


FILES = list(source_files())
GRAPH = {path: set(imports(path, set(FILES))) - {path} for path in FILES}


def order(graph):
    return list(TopologicalSorter(graph).static_order())


def wrong_arrows(graph):
    """The imports that the table does not allow, as `file (room) imports file (room)`."""
    arrows = [(path, other, room_of(path), room_of(other)) for path in graph for other in graph[path]]
    return [
        f"{path} ({room}) imports {other} ({target})"
        for path, other, room, target in arrows
        if target not in {room, "ground", *ALLOWED.get(room, ())}
    ]


def test_every_file_is_in_a_room():
    assert [str(path) for path in FILES if room_of(path) is None] == []


@pytest.mark.parametrize("place", PLACES)
def test_every_place_of_the_table_is_there(place):
    assert (ROOT / place).exists()


def test_the_table_names_rooms_that_are_there():
    assert set().union(*ALLOWED.values()) <= set(ALLOWED)


def test_files_import_without_a_circle():
    assert len(order(GRAPH)) == len(FILES)


def test_rooms_import_without_a_circle():
    order(ALLOWED)


def test_every_arrow_is_allowed():
    assert wrong_arrows(GRAPH) == []


def test_the_drawing_shows_arrows_of_the_table():
    drawn = re.findall(r"^  (\w+) --> (\w+)$", PAGE, re.MULTILINE)
    assert len(drawn) > 20
    assert [arrow for arrow in drawn if arrow[1] not in ALLOWED[arrow[0]]] == []


def test_a_wrong_arrow_and_a_circle_are_noticed(tmp_path):
    """imaging imports sessions lazily, and two files import each other."""
    (tmp_path / "imaging").mkdir()
    (tmp_path / "imaging" / "late.py").write_text("def f():\n    from ..sessions import session\n")
    (tmp_path / "sessions").mkdir()
    (tmp_path / "sessions" / "session.py").write_text("from .segmenter import Segmenter\n")
    (tmp_path / "sessions" / "segmenter.py").write_text("from .session import Masks\n")
    files = list(source_files(tmp_path))
    graph = {path: set(imports(path, set(files), tmp_path)) for path in files}
    assert wrong_arrows(graph) == ["imaging/late.py (imaging) imports sessions/session.py (sessions)"]
    with pytest.raises(CycleError):
        order(graph)


def test_only_these_files_know_comfyui():
    knowing = {path.as_posix() for path in FILES if set(outside_imports(path)) & COMFYUI}
    assert knowing == KNOW_COMFYUI

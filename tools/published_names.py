"""Write down the names that an update must not change: python -m tools.published_names

The registry's update lays a new version over the old one and removes nothing: a template, language, blueprint or script
under a new name would be there twice. A node's id is in people's graphs. Until the first version is published (it has a
section in CHANGELOG.md then) the list is simply written again; after that this refuses to drop a name.
"""

import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FIRST = "0.2.0"
FILE = ROOT / "tests" / "data" / "published_names.json"
# ComfyUI takes whatever it finds of these: scripts, help pages, languages, templates, blueprints.
LISTED = ("web/**/*.js", "web/docs/*.md", "locales/*/*.json", "example_workflows/*.json", "subgraphs/*.json")


def names(nodes: Iterable[str]) -> dict[str, list[str]]:
    """Ids of nodes, and the files that ComfyUI finds by listing their folders."""
    files = {path.relative_to(ROOT).as_posix() for pattern in LISTED for path in ROOT.glob(pattern) if path.is_file()}
    return {"nodes": sorted(nodes), "files": sorted(files)}


def written() -> dict[str, list[str]]:
    """Those that were written down."""
    kept: dict[str, list[str]] = json.loads(FILE.read_text(encoding="utf-8"))
    return kept


def is_published(changelog: Path = ROOT / "CHANGELOG.md") -> bool:
    """Whether the first version is out: from then on a name may come, and none may go."""
    return re.search(rf"^## \[{re.escape(FIRST)}\]", changelog.read_text(encoding="utf-8"), re.MULTILINE) is not None


def gone(now: dict[str, list[str]]) -> list[str]:
    """Names that were written down and are no more."""
    return [name for kind, known in written().items() for name in known if name not in now[kind]]


def write(now: dict[str, list[str]]) -> int:
    """Exit code 1, and nothing is written, where a published name is gone."""
    if is_published() and gone(now):
        print(f"published, and gone now: {', '.join(gone(now))}. Keep these names", file=sys.stderr)
        return 1
    FILE.write_text(json.dumps(now, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    from .pack import load_pack

    sys.exit(write(names(load_pack().NODE_CLASS_MAPPINGS)))

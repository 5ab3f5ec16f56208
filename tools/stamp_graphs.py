"""Write this pack's name and version on its nodes in the templates and the blueprint: python -m tools.stamp_graphs

By `cnr_id` the page and ComfyUI-Manager offer this pack for a node that a reader of the graph lacks, not another pack
with nodes of the same names; `ver` is the version that the graph was made with.
"""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GRAPHS = [*sorted((ROOT / "example_workflows").glob("*.json")), *sorted((ROOT / "subgraphs").glob("*.json"))]
OUR_NODE = re.compile(r'("Node name for S&R": "ImageSegmentation\w*")(?:, "cnr_id": "[^"]*", "ver": "[^"]*")?')


def stamp() -> dict[str, str]:
    """What a node of ours carries among its properties."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {"cnr_id": project["name"], "ver": project["version"]}


def stamped(path: Path) -> str:
    """The file's text with the stamp on each of our nodes, and every other byte as it is."""
    words = "".join(f', "{name}": "{value}"' for name, value in stamp().items())
    return OUR_NODE.sub(rf"\1{words}", path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    for file in GRAPHS:
        file.write_text(stamped(file), encoding="utf-8", newline="\n")

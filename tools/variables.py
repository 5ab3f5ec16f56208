"""Write docs/ENVIRONMENT.md, the page about environment variables: python -m tools.variables"""

from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "ENVIRONMENT.md"
HEAD = """# Environment variables

All that the pack reads or sets. `environment.py` has them; `python -m tools.variables` writes this page in a checkout.
"""


def page() -> str:
    """A row for each variable. The pack is loaded."""
    from onnx_segmentation.environment import VARIABLES

    rows = ["| variable | if it is not set | what it does |", "|---|---|---|"]
    rows += [f"| `{variable.name}` | {variable.default} | {variable.meaning} |" for variable in VARIABLES]
    return "\n".join([HEAD, *rows, ""])


if __name__ == "__main__":
    from .pack import load_pack

    load_pack()
    PAGE.write_text(page(), encoding="utf-8")

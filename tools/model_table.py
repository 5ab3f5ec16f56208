"""Write the catalogue's table into the README and the node's help page: python -m tools.model_table"""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- models: python -m tools.model_table -->", "<!-- /models -->"
PAGES = [ROOT / "README.md", ROOT / "web" / "docs" / "ImageSegmentation.md"]


def table() -> str:
    """A row for each model and refiner of the catalogue. The pack is loaded."""
    from onnx_segmentation.sessions.recipes.catalog import CatalogModel, catalog, refiners

    rows = ["| name | good at | MB | licence | file |", "|---|---|---|---|---|"]
    for entry in (*catalog().values(), *refiners().values()):
        names = " = ".join(f"`{name}`" for name in (entry.name, *entry.aliases))
        both = isinstance(entry, CatalogModel) and entry.trainer_recipe
        use = entry.use + (" †" if both else "")
        size = f"{entry.size_mb:g}" if entry.size_mb else "?"
        licence = entry.licence if entry.commercial else f"**{entry.licence}**"
        file = f"`{entry.file}`" if entry.url else f"[bring `{entry.file}`]({entry.page})"
        rows.append(f"| {names} | {use} | {size} | {licence} | {file} |")
    return "\n".join(rows)


def with_table(text: str) -> str:
    """The page with today's table between its two marks."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n{table()}\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    from .pack import load_pack

    load_pack()
    for page in PAGES:
        page.write_text(with_table(page.read_text(encoding="utf-8")), encoding="utf-8")

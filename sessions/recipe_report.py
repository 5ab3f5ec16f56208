"""What a bench of recipes says: as lines of text, and as a sheet of pictures."""

import json
from collections.abc import Sequence

from torch import Tensor

from ..imaging.contact_sheet import SheetRow, contact_sheet, lay_over
from ..plain_text import LINE, plain
from .recipe_bench import RecipeBench, Row
from .recipes.recipe import ALL_BUT_BACKGROUND, Recipe, to_dict

MOST_ROWS = 12  # of a sheet


def table(bench: RecipeBench) -> str:
    """Lines: each recipe with its worth, the best first, then the chosen one as a sidecar would hold it."""
    heading = "IoU" if bench.measured else "score"
    lines = [f"{plain(bench.model)}, {len(bench.chosen.masks)} picture(s)", f"   {heading:>6}  subject  recipe"]
    lines += [_line(row, row is bench.chosen) for row in bench.rows]
    if not bench.measured:
        lines.append("A score is no measurement: look at the masks, or paint one by hand and give it as reference.")
    lines += [f"found: {plain(text, LINE)}" for text in (bench.found.doubt, bench.change) if text]
    lines.append(f"recipe: {json.dumps(to_dict(bench.chosen.recipe))}")
    return "\n".join(lines)


def _line(row: Row, chosen: bool) -> str:
    mark = ">" if chosen else " "
    if row.failure:
        return f"{mark}       -        -  {plain(f'{row.words}: {row.failure}', LINE)}"
    share = sum(float((mask > 127).float().mean()) for mask in row.masks) / len(row.masks)
    return f"{mark}  {row.value:6.3f}  {share:6.1%}  {plain(f'{row.words}: {reading(row.recipe)}', LINE)}"


def reading(recipe: Recipe) -> str:
    """How the output is read, in words."""
    parts = [f"output {recipe.output}", recipe.decoding]
    if recipe.class_index != ALL_BUT_BACKGROUND:
        parts.append(f"class {recipe.class_index}")
    elif recipe.background:
        parts.append("no background" if recipe.background < 0 else f"background {recipe.background}")
    return ", ".join([*parts, *(["inverted"] if recipe.invert else [])])


def sheet(bench: RecipeBench, pictures: Sequence[Tensor]) -> Tensor:
    """[H, W, 3] uint8: the pictures, and below what each recipe cuts out of them, the best first."""
    word = "IoU" if bench.measured else "score"
    rows = [SheetRow((bench.model,), tuple(pictures))]
    for row in [row for row in bench.rows if not row.failure][:MOST_ROWS]:
        cut = tuple(lay_over(picture, mask) for picture, mask in zip(pictures, row.masks, strict=True))
        mark = ("chosen",) if row is bench.chosen else ()
        rows.append(SheetRow((f"{word} {row.value:.3f}", row.words, reading(row.recipe), *mark), cut))
    return contact_sheet(rows)

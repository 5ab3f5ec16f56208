"""Many small pictures in rows, each row with words beside it, as one picture to look at."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from ..plain_text import plain

if TYPE_CHECKING:
    from PIL import ImageDraw

CELL = 192  # pixels of a small picture's longer side
WORDS = 200  # pixels of width
GAP = 8
LETTER = 6  # pixels of Pillow's own font
LINES = 9
PAPER = (244, 244, 242)
INK = (20, 20, 20)


@dataclass(frozen=True)
class SheetRow:
    """words: lines. pictures: [H, W, 3] uint8, of any size."""

    words: tuple[str, ...]
    pictures: tuple[Tensor, ...]


def contact_sheet(rows: Sequence[SheetRow]) -> Tensor:
    """[H, W, 3] uint8: a row below the other, words at the left."""
    from PIL import Image, ImageDraw

    columns = max((len(row.pictures) for row in rows), default=0)
    size = WORDS + columns * (CELL + GAP) + GAP, len(rows) * (CELL + GAP) + GAP
    sheet = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(sheet)
    for number, row in enumerate(rows):
        top = GAP + number * (CELL + GAP)
        _write(draw, row.words, top)
        for column, picture in enumerate(row.pictures):
            sheet.paste(Image.fromarray(shrink(picture).numpy()), (WORDS + column * (CELL + GAP), top))
    return torch.from_numpy(np.array(sheet))


def shrink(picture: Tensor) -> Tensor:
    """[H, W, 3] uint8, its longer side CELL."""
    factor = CELL / max(picture.shape[:2])
    size = [max(1, round(side * factor)) for side in picture.shape[:2]]
    planes = interpolate(picture.permute(2, 0, 1)[None].float(), size, mode="bilinear", antialias=True)
    return planes[0].permute(1, 2, 0).round().clamp(0, 255).to(torch.uint8).contiguous()


def lay_over(picture: Tensor, mask: Tensor) -> Tensor:
    """A picture [H, W, 3] uint8 over white where the mask [H, W] uint8 is bright, the rest pale magenta."""
    alpha = (mask.float() / 255)[..., None]
    beside = picture.float() * 0.25 + 0.75 * torch.tensor([255.0, 0.0, 255.0])
    return (picture.float() * alpha + beside * (1 - alpha)).round().clamp(0, 255).to(torch.uint8)


def _write(draw: "ImageDraw.ImageDraw", words: Sequence[str], top: int) -> None:
    wide = (WORDS - 2 * GAP) // LETTER
    lines = [line for text in words for line in textwrap.wrap(plain(text), wide)]
    for number, line in enumerate(lines[:LINES]):
        draw.text((GAP, top + number * 20), line.encode("latin-1", "replace").decode("latin-1"), INK)

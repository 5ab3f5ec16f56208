"""Small pictures of a result for a page: shrunk, encoded, and written as an address that an <img> takes."""

import base64
import io

from torch import Tensor

from .convert import to_levels, to_pil

SIDE = 320


def data_url(picture: Tensor, side: int = SIDE) -> str:
    """[H, W] grey, [H, W, 3] RGB or [H, W, 4] straight RGBA, float 0..1 -> a data: address of a PNG.

    Its longest side is at most `side`. Pixels are left out down to twice that, then Pillow averages the rest, colours
    weighted by alpha: a frame of 4K costs little more than a small one.
    """
    longest = max(picture.shape[:2])
    step = max(1, longest // (2 * side))
    small = to_pil(to_levels(picture[::step, ::step].contiguous().cpu()))
    small.thumbnail((side, side), reducing_gap=None)
    file = io.BytesIO()
    small.save(file, "png", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()

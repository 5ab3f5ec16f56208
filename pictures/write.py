"""What a result looks like as a file: cut-out, mask, or the subject on a colour."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ..errors import ResultError
from ..values import YES_OR_NO, Maybe, Rule, Triple, Whole, Word, check

if TYPE_CHECKING:
    from PIL import Image

Format = Literal["png", "webp", "tiff", "jpeg"]
FORMATS: tuple[str, ...] = get_args(Format)
MEDIA_TYPES = {"png": "image/png", "webp": "image/webp", "tiff": "image/tiff", "jpeg": "image/jpeg"}
SUFFIX = {"png": ".png", "webp": ".webp", "tiff": ".tif", "jpeg": ".jpg"}
COMPRESSION = 4
ColourLevels = tuple[int, int, int]
RGBALevels = tuple[int, int, int, int]
RULES: dict[str, Rule] = {
    "format": Word(FORMATS),
    "mask": YES_OR_NO,
    "background": Maybe(Triple(Whole(0, 255), "levels 0..255")),
    "compression": Whole(0, 9, "(0 is none, 9 the smallest file)"),
    "quality": Maybe(Whole(1, 100)),
}


@dataclass(frozen=True)
class ResultForm:
    """How results are written.

    mask: the mask, grey, instead of the cut-out. background: the subject on this colour (R, G, B, 0..255) instead of on
    nothing. compression: PNG's, 0..9; Pillow's own 6 takes nearly three times as long as 4 for files 3 % smaller
    (benchmarks/RESULTS.md).
    quality: 1..100 for lossy WebP (lossless where it is None) and for JPEG (95 where it is None).

    Raises ResultError for anything else, and for JPEG with alpha.
    """

    format: Format = "png"
    mask: bool = False
    background: ColourLevels | None = None
    compression: int = COMPRESSION
    quality: int | None = None

    def __post_init__(self) -> None:
        check(self, RULES, ResultError)
        if self.format == "jpeg" and not (self.mask or self.background):
            raise ResultError("jpeg has no alpha: choose png, webp or tiff, or give a background or ask for the mask")
        if self.mask and self.background:
            raise ResultError("a mask has no background: ask for one or the other")

    @property
    def suffix(self) -> str:
        return SUFFIX[self.format]


def to_result(rgba: NDArray[np.uint8], form: ResultForm) -> Image.Image:
    """Straight RGBA [H, W, 4] -> the picture to be written."""
    from PIL import Image

    if form.mask:
        return Image.fromarray(np.ascontiguousarray(rgba[..., 3]))
    picture = Image.fromarray(rgba)
    if form.background is None:
        return picture
    behind = Image.new("RGB", picture.size, form.background)
    behind.paste(picture.convert("RGB"), mask=picture.getchannel("A"))
    return behind


def check_bgcolor(levels: Sequence[int]) -> RGBALevels:
    """rembg's form of a background: R, G, B, alpha (255 if missing), 0..255. Raises ResultError."""
    try:
        red, green, blue, alpha = (Whole(0, 255)(level) for level in (*levels, 255)[: max(len(levels), 4)])
    except (TypeError, ValueError) as error:
        raise ResultError(f"bgcolor is {levels!r}; give four levels 0..255: R, G, B and alpha") from error
    return red, green, blue, alpha


def over_rgba(rgba: NDArray[np.uint8], levels: RGBALevels) -> Image.Image:
    """Straight RGBA [H, W, 4] over one colour -> straight RGBA."""
    from PIL import Image

    picture = Image.fromarray(rgba)
    return Image.alpha_composite(Image.new("RGBA", picture.size, levels), picture)


def encode(
    rgba: NDArray[np.uint8], form: ResultForm, icc: bytes | None = None, dpi: tuple[float, float] | None = None
) -> bytes:
    """The bytes of the result's file. icc: the profile that its colours are in; masks have none. dpi: pixels an inch,
    which WebP has no place for."""
    file = io.BytesIO()
    more: dict[str, Any] = {"icc_profile": icc} if icc and not form.mask else {}
    more |= {"dpi": dpi} if dpi and form.format != "webp" else {}
    to_result(rgba, form).save(file, form.format.upper(), **_settings(form), **more)
    return file.getvalue()


def _settings(form: ResultForm) -> dict[str, Any]:
    if form.format == "png":
        return {"compress_level": form.compression}
    if form.format == "webp":
        # exact: without it, colours where alpha is 0 are thrown away.
        return {"lossless": form.quality is None, "quality": form.quality or 80, "exact": True}
    if form.format == "tiff":
        return {"compression": "tiff_adobe_deflate"}
    return {"quality": form.quality or 95}

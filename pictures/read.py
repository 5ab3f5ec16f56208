"""Any picture file -> 8-bit RGB, upright, with its colour profile, and in words what of it could not be kept."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ..errors import PictureError
from ..out_of_memory import memory_for
from .file_kind import special_kind
from .kinds import HEAD, add_plugin, kind_of, missing_plugin

if TYPE_CHECKING:
    from PIL import Image

MOST_DPI = 60_000  # TIFF and JPEG hold no more
MAX_MEGAPIXELS = 178.0  # Pillow's own limit, above which it takes a file for a decompression bomb
# What Pillow, or a plug-in of it, decodes in this process: never EPS, which it hands to Ghostscript, a program that
# runs what the file says; nor WMF, which Windows draws.
FORMATS = (
    "JPEG", "MPO", "PNG", "WEBP", "TIFF", "GIF", "BMP", "DIB", "AVIF", "HEIF", "JXL", "JPEG2000", "PPM", "TGA", "PSD",
    "ICO", "ICNS", "DDS", "QOI", "SGI", "SUN", "PCX", "XBM", "XPM",
)  # fmt: skip
SEVERAL = {"GIF": "frame", "PNG": "frame", "WEBP": "frame", "AVIF": "frame", "TIFF": "page"}
Dpi = tuple[float, float]
BeforeDecoding = Callable[[int, int], None]
DEEP = "I", "I;16", "I;16B", "I;16L", "I;16N"


@dataclass(frozen=True)
class Picture:
    """pixels: [H, W, 3] uint8, or [H, W, 4] with straight alpha if any of it is transparent.

    icc: the RGB profile that they are in, if any. notes: what was lost in reading. dpi: pixels an inch, across and
    down, if the file says so.
    """

    pixels: Tensor
    icc: bytes | None = None
    notes: tuple[str, ...] = ()
    dpi: Dpi | None = None

    @property
    def rgb(self) -> Tensor:
        """[H, W, 3] uint8."""
        return self.pixels[..., :3]

    @property
    def transparent(self) -> bool:
        return self.pixels.shape[2] == 4


def read_picture(
    source: Path | bytes, max_megapixels: float = MAX_MEGAPIXELS, before_decoding: BeforeDecoding | None = None
) -> Picture:
    """Read a file, or its bytes: EXIF orientation applied, the first frame of an animation.

    before_decoding: called with width and height, before the pixels take memory.
    Raises PictureError for a picture that is too large or of a kind unknown, NotEnoughMemoryError, OSError and what
    else Pillow raises for a file that is broken.
    """
    with memory_for("reading a picture"), _open(source) as file:
        _check_size(file, max_megapixels)
        if before_decoding:
            before_decoding(file.width, file.height)
        notes = [*_several(file), *_depth(file)]
        return to_picture(file, notes)


def to_picture(picture: Image.Image, notes: list[str] | None = None) -> Picture:
    """A PIL picture of any mode, as `read_picture` gives it."""
    from PIL import ImageOps

    lost = list(notes or ())
    icc = picture.info.get("icc_profile") or None
    dpi = _dpi(picture)
    upright = ImageOps.exif_transpose(picture)
    if dpi and upright.size != picture.size and upright.size == picture.size[::-1]:
        dpi = dpi[::-1]
    alpha = None
    if _has_transparency(upright):
        upright = upright.convert("RGBA")
        alpha = upright.getchannel("A")
    rgb, icc = _to_rgb(upright, icc, lost)
    if alpha and alpha.getextrema() != (255, 255):
        rgb.putalpha(alpha)
    return Picture(torch.from_numpy(np.array(rgb)), icc, tuple(lost), dpi)


def lift_pillow_limit() -> None:
    """For a process of our own: `read_picture` has a limit itself, of which it gives the number."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None


def _open(source: Path | bytes) -> Image.Image:
    from PIL import Image, UnidentifiedImageError

    if not isinstance(source, bytes) and (kind := special_kind(source)):
        raise PictureError(f"{source} is {kind}, which may be read without end: give a file, or its bytes")
    Image.init()
    head = source[:HEAD] if isinstance(source, bytes) else _head(source)
    add_plugin(kind_of(head))
    try:
        formats = [name for name in FORMATS if name in Image.OPEN]
        return Image.open(io.BytesIO(source) if isinstance(source, bytes) else source, formats=formats)
    except UnidentifiedImageError as error:
        begins = f"no kind of picture that is read here (it begins with {head[:16]!r})"
        what = missing_plugin(kind_of(head)) or (f"the file is {begins}" if head else "the file is empty (0 bytes)")
        raise PictureError(what) from error


def _head(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(HEAD)


def _dpi(picture: Image.Image) -> Dpi | None:
    try:
        across, down = (float(value) for value in picture.info.get("dpi", ()))
    except (TypeError, ValueError, ZeroDivisionError):  # a fraction of nothing, as some cameras write
        return None
    possible = all(math.isfinite(value) and 1 <= value <= MOST_DPI for value in (across, down))
    return (across, down) if possible else None


def _has_transparency(picture: Image.Image) -> bool:
    """As Pillow 10.1's `has_transparency_data`, for the Pillows before."""
    alpha_modes = "RGBA", "RGBa", "LA", "La", "PA"
    palette = picture.palette if picture.mode == "P" else None
    return picture.mode in alpha_modes or "transparency" in picture.info or bool(palette and "A" in palette.mode)


def _check_size(picture: Image.Image, limit: float) -> None:
    megapixels = picture.width * picture.height / 1e6
    if megapixels > limit:
        raise PictureError(
            f"{picture.width} x {picture.height} is {megapixels:.0f} megapixels, the limit is {limit:.0f}: make it "
            "smaller, or raise the limit where memory allows (about 60 bytes a pixel)"
        )


def _several(picture: Image.Image) -> list[str]:
    part = SEVERAL.get(picture.format or "")
    several = part and getattr(picture, "is_animated", False)
    return [f"of several {part}s, the first only"] if several else []


def _depth(picture: Image.Image) -> list[str]:
    """Pillow reduces 16-bit colour while it decodes; only the tiles' raw mode still tells."""
    deep = picture.mode in DEEP or any(";16" in str(tile[3]) for tile in getattr(picture, "tile", ()))
    return ["16 bits a channel became 8"] if deep else []


def _to_rgb(picture: Image.Image, icc: bytes | None, lost: list[str]) -> tuple[Image.Image, bytes | None]:
    space = icc[16:20] if icc else b""
    if picture.mode == "CMYK":
        return _from_cmyk(picture, icc if space == b"CMYK" else None, lost), None
    if picture.mode in DEEP:
        picture = _from_deep(picture)
    if picture.mode == "F":
        raise PictureError("floating point pixels have no known range: save it with 8 or 16 bits a channel")
    if icc and (space != b"RGB " or picture.mode in ("LAB", "HSV")):
        lost.append("its colour profile fits no RGB result and is left out")
        icc = None
    return picture.convert("RGB"), icc


def _from_deep(picture: Image.Image) -> Image.Image:
    """The upper of two bytes, as Pillow takes them of 16-bit colour; its own conversion of grey clips at 255."""
    from PIL import Image

    values = np.asarray(picture).astype(np.int64)
    if values.min() < 0 or values.max() > 65535:
        raise PictureError(f"grey values {values.min()}..{values.max()} are outside 0..65535: save it with 16 bits")
    small = picture.mode == "I" and values.max() <= 255  # 8 bits in a wide type
    return Image.fromarray((values if small else values >> 8).astype(np.uint8))


def _from_cmyk(picture: Image.Image, icc: bytes | None, lost: list[str]) -> Image.Image:
    from PIL import ImageCms

    if icc is None:
        lost.append("CMYK without a profile: colours are approximate")
        return picture.convert("RGB")
    try:
        profile = ImageCms.getOpenProfile(io.BytesIO(icc))
        converted = ImageCms.profileToProfile(picture, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except ImageCms.PyCMSError:
        converted = None
    if converted is None:
        lost.append("CMYK with a broken profile: colours are approximate")
        return picture.convert("RGB")
    lost.append("CMYK became sRGB by its profile")
    return converted

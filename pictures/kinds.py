"""Kinds of picture files: their names, how they begin, and which package decodes those that Pillow does not."""

import importlib
import importlib.util
from pathlib import PurePath

from ..packages import add

SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".avif", ".avifs", ".heic",
     ".heif", ".hif", ".jxl", ".tga", ".jp2")
)  # fmt: skip
HEAD = 32  # bytes with which every kind below can be told
# Raw photos begin like TIFF, and thumbnails of videos like JPEG: they are not what a person sees as the picture.
_MAGIC = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF8": "GIF",
    b"\xff\x0a": "JXL",
    b"\x00\x00\x00\x0cJXL \r\n\x87\n": "JXL",
    b"\x00\x00\x00\x0cjP  \r\n\x87\n": "JPEG2000",
}
_BRANDS = {b"avif": "AVIF", b"avis": "AVIF"} | dict.fromkeys((b"heic", b"heix", b"hevc", b"mif1", b"msf1"), "HEIF")
_THUMBNAILS = frozenset((".thm", ".ini", ".db"))
# Which package of PyPI adds a kind to Pillow, and its module.
_PLUGINS = {
    "HEIF": ("pillow-heif", "pillow_heif"),
    "AVIF": ("pillow-avif-plugin", "pillow_avif"),
    "JXL": ("pillow-jxl-plugin", "pillow_jxl"),
}


def has_picture_name(name: str) -> bool:
    """Whether a file of this name is taken for a picture without a look at it."""
    return not name.startswith(".") and PurePath(name).suffix.lower() in SUFFIXES


def may_be_picture(name: str) -> bool:
    """Whether a look at its content decides: a name that says nothing, of a file that nobody hides."""
    return not name.startswith(".") and PurePath(name).suffix.lower() not in _THUMBNAILS


def kind_of(head: bytes) -> str:
    """The kind of a file that begins so, by Pillow's name of it; empty if it is none of those that are told apart."""
    for magic, kind in _MAGIC.items():
        if head.startswith(magic):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    return _BRANDS.get(head[8:12], "") if head[4:8] == b"ftyp" else ""


def add_plugin(kind: str) -> None:
    """Have Pillow read the kind, if the package for it is installed."""
    from PIL import Image

    _, module = _PLUGINS.get(kind, ("", ""))
    if kind in Image.OPEN or not module or importlib.util.find_spec(module) is None:
        return
    plugin = importlib.import_module(module)
    if kind == "HEIF":
        plugin.register_heif_opener()


def missing_plugin(kind: str) -> str:
    """What to do about a kind that this Pillow does not read; empty if there is nothing."""
    from PIL import Image

    if kind in Image.OPEN or kind not in _PLUGINS:
        return ""
    package, _ = _PLUGINS[kind]
    return f"{kind} is read with {package}, which is not installed: {add(package)}"

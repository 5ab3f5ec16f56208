"""What people and programs write where a number or a word belongs; a recipe file of it is read, or refused in words."""

import json
from itertools import product

FIELDS = ("mean", "std", "width", "height", "size", "scale", "fit", "pad", "multiple", "resampler", "channels")
FIELDS += ("output", "decoding", "class_index", "canvas_size")
HUGGINGFACE = ("size", "image_mean", "image_std", "do_normalize", "do_rescale", "resample", "size_divisor")
HUGGINGFACE += ("crop_size", "rescale_factor", "image_processor_type")
VALUES = (
    None,
    True,
    False,
    "",
    "64",
    "RGB",
    "x" * 5000,
    "<img src=x onerror=alert(1)>\x1b[2J\u202e",
    "\ud800",
    0,
    -1,
    64,
    64.0,
    64.5,
    255,
    -0.0,
    1e-320,
    1e308,
    10**30,
    10**400,
    [],
    [0.5],
    [0.5, 0.5, 0.5],
    [1, 2, 3, 4],
    [None, None, None],
    [1e308, 1e308, 1e308],
    ["a", "b", "c"],
    [[1], [2], [3]],
    [64, 32],
    {},
    {"height": 64, "width": 64},
    {"height": "64", "width": None},
    {"shortest_edge": -5},
    {"shortest_edge": 64.0, "longest_edge": [1]},
    {"width": 64},
)
# Texts that are no JSON, or not all of them: by hand, since json.dumps writes none of these.
TEXTS = (
    b"",
    b" ",
    b"null",
    b"5",
    b'"recipe"',
    b"[]",
    b'[{"width": 64}]',
    b"{",
    b'{"width": 64',
    b"{'width': 64}",
    b'{"width": 64,}',
    b"\xff\xfe{\x00}\x00",
    b"\xef\xbb\xbf{}",
    b'{"width": \xff}',
    b'{"width": NaN}',
    b'{"width": Infinity}',
    b'{"mean": [0.5, 0.5, -Infinity]}',
    b'{"std": 1e999}',
    b'{"width": 1e999}',
    b'{"width": -1e999, "height": 1e-999}',
    b'{"width": ' + b"9" * 5000 + b"}",
    b'{"pad": [1' + b"0" * 4000 + b", 0, 0]}",
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"mean": ' + b"[" * 900 + b"]" * 900 + b"}",
    b'{"width": 64, "width": "64"}',
    b'{"": 1}',
    b'{"__class__": 1, "__init__": 2, "container": {}}',
    b'{"container": {"width": 64}}',
    b"\x00" * 100,
    b'{"width": 64}' + b"\x00",
    b'{"output": "' + b"a" * 2_000_000 + b'"}',
    b'{"canvas_size": 64, "width": "x"}',
    b"<html>404</html>",
    b"version https://git-lfs.github.com/spec/v1",
)


def written(fields: tuple[str, ...] = FIELDS) -> list[bytes]:
    """Every strange value in every field, as JSON."""
    return [json.dumps({name: value}).encode() for name, value in product(fields, VALUES)]


def huggingface() -> list[bytes]:
    """The same beside what an image processor's configuration has."""
    usual = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3, "size": {"height": 64, "width": 64}}
    return [json.dumps(usual | {name: value}).encode() for name, value in product(HUGGINGFACE, VALUES)]

"""Reading: whatever lies in a folder becomes 8-bit RGB, upright, and what is lost is said."""

import io
import struct
import zlib

import numpy as np
import pytest
import tifffile
from onnx_segmentation.errors import PictureError
from onnx_segmentation.pictures.read import read_picture
from PIL import Image, ImageCms

RNG = np.random.default_rng(1)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def saved(picture, kind, **settings):
    file = io.BytesIO()
    picture.save(file, kind, **settings)
    return file.getvalue()


def noise(*shape):
    return RNG.integers(0, 256, shape, dtype=np.uint8)


def png_of_size(width, height):
    """A PNG that says how large it is, and has no pixels."""
    return png(width, height, depth=8, colours=2)


def deep_png(pixels):
    """A PNG of 16 bits a channel, grey or RGB, which Pillow cannot write."""
    rows = (b"\0" + row.astype(">u2").tobytes() for row in pixels)  # 0: no filter
    return png(*pixels.shape[1::-1], depth=16, colours=0 if pixels.ndim == 2 else 2, data=zlib.compress(b"".join(rows)))


def deep_tiff(pixels):
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, photometric="minisblack" if pixels.ndim == 2 else "rgb")
    return file.getvalue()


def png(width, height, depth, colours, data=b""):
    header = struct.pack(">IIBBBBB", width, height, depth, colours, 0, 0, 0)
    chunks = (b"IHDR" + header, b"IDAT" + data)
    parts = (struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def test_orientation_is_applied():
    pixels = noise(4, 6, 3)
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by a quarter, clockwise
    picture = read_picture(saved(Image.fromarray(pixels), "PNG", exif=exif))
    assert np.array_equal(picture.pixels.numpy(), np.rot90(pixels, -1))
    assert picture.notes == ()


@pytest.mark.parametrize("written", [deep_png, deep_tiff])
@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3)])
def test_16_bits_give_their_upper_byte_and_it_is_said(written, shape):
    """Pillow's own conversion of 16-bit grey would make all of it white."""
    deep = RNG.integers(0, 65536, shape, dtype=np.uint16)
    picture = read_picture(written(deep))
    expected = (deep >> 8).astype(np.uint8)
    expected = expected if len(shape) == 3 else np.stack([expected] * 3, axis=2)
    assert np.array_equal(picture.pixels.numpy(), expected)
    assert picture.notes == ("16 bits a channel became 8",)


@pytest.mark.parametrize(
    ("data", "pixel", "note"),
    [
        (saved(Image.new("L", (1, 1), 7), "PNG"), (7, 7, 7), None),
        (saved(Image.new("1", (3, 2), 1), "PNG"), (255, 255, 255), None),
        (saved(Image.new("RGBA", (3, 2), (9, 8, 7, 0)), "PNG"), (9, 8, 7, 0), None),
        (saved(Image.new("RGBA", (3, 2), (9, 8, 7, 255)), "PNG"), (9, 8, 7), None),
        (saved(Image.new("RGB", (3, 2), (9, 8, 7)).quantize(4), "PNG"), (9, 8, 7), None),
        (saved(Image.new("RGB", (3, 2), (9, 8, 7)).quantize(4), "PNG", transparency=b"\0"), (9, 8, 7, 0), None),
        (saved(Image.new("CMYK", (3, 2), (0, 255, 255, 0)), "TIFF"), (255, 0, 0), "CMYK without a profile"),
    ],
    ids=["1 x 1 grey", "bits", "transparent", "opaque", "palette", "transparent palette", "cmyk"],
)
def test_modes(data, pixel, note):
    picture = read_picture(data)
    assert tuple(picture.pixels[0, 0].tolist()) == pixel
    assert picture.notes[0].startswith(note) if note else picture.notes == ()


@pytest.mark.parametrize(("kind", "part"), [("GIF", "frame"), ("WEBP", "frame"), ("PNG", "frame"), ("TIFF", "page")])
def test_of_an_animation_the_first_frame(kind, part):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ((255, 0, 0), (0, 255, 0))]
    settings = {"lossless": True} if kind == "WEBP" else {}
    picture = read_picture(saved(frames[0], kind, save_all=True, append_images=frames[1:], **settings))
    assert tuple(picture.pixels[0, 0].tolist()) == (255, 0, 0)
    assert picture.notes == (f"of several {part}s, the first only",)


def test_rgb_profile_is_kept():
    assert read_picture(saved(Image.new("RGB", (2, 2)), "PNG", icc_profile=SRGB)).icc == SRGB


def test_profile_of_another_space_is_left_out():
    picture = read_picture(saved(Image.new("L", (2, 2)), "TIFF", icc_profile=SRGB[:16] + b"GRAY" + SRGB[20:]))
    assert picture.icc is None
    assert picture.notes == ("its colour profile fits no RGB result and is left out",)


def test_huge_picture_is_refused_by_its_header():
    with pytest.raises(PictureError, match=r"30000 x 20000 is 600 megapixels, the limit is 100"):
        read_picture_without_pillows_limit(png_of_size(30000, 20000))


def read_picture_without_pillows_limit(data):
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        return read_picture(data, max_megapixels=100)
    finally:
        Image.MAX_IMAGE_PIXELS = limit


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", r"the file is empty \(0 bytes\)"),
        (b"<!DOCTYPE html>", r"no kind of picture that is read here \(it begins with b'.!DOCTYPE html.'\)"),
        (saved(Image.new("F", (2, 2)), "TIFF"), "floating point"),
    ],
    ids=["empty", "web page", "floats"],
)
def test_no_picture(data, words):
    with pytest.raises(PictureError, match=words):
        read_picture(data)


@pytest.mark.parametrize("name", ["photo.jpg", "photo.eps", "photo.png"])
def test_postscript_never_reaches_ghostscript(tmp_path, monkeypatch, name):
    """Whatever it is called: it is a program, which Ghostscript would run."""
    from PIL import EpsImagePlugin

    called = []
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *a, **b: called.append(a) or Image.new("RGB", (1, 1)))
    monkeypatch.setattr(EpsImagePlugin, "gs_binary", "gs", raising=False)  # Pillow 10.1 and later
    (tmp_path / name).write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n")
    for source in (tmp_path / name, (tmp_path / name).read_bytes()):
        with pytest.raises(PictureError, match="no kind of picture"):
            read_picture(source)
    assert not called


@pytest.mark.parametrize("broken", [b"\0" * 16 + b"CMYK" + b"\0" * 200, SRGB[:16] + b"CMYK" + SRGB[20:]])
def test_cmyk_with_a_broken_profile_is_read_without_it(broken):
    cmyk = Image.new("CMYK", (3, 2), (0, 255, 255, 0))
    picture = read_picture(saved(cmyk, "JPEG", icc_profile=broken, quality=100))
    assert picture.notes == ("CMYK with a broken profile: colours are approximate",)
    assert np.allclose(picture.pixels[0, 0].numpy(), (255, 0, 0), atol=3)

"""Writing: the formats keep every level, the profile, and the colours under alpha 0."""

import io

import numpy as np
import pytest
from onnx_segmentation.errors import ResultError
from onnx_segmentation.pictures.write import ResultForm, encode
from PIL import Image, ImageCms

RGBA = np.random.default_rng(2).integers(0, 256, (9, 11, 4), dtype=np.uint8)
RGBA[:3, :, 3] = 0
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def decoded(form, icc=None):
    return Image.open(io.BytesIO(encode(RGBA, form, icc)))


@pytest.mark.parametrize("kind", ["png", "webp", "tiff"])
def test_cut_outs_are_lossless(kind):
    picture = decoded(ResultForm(kind), SRGB)
    assert picture.format == kind.upper()
    assert picture.info["icc_profile"] == SRGB
    assert np.array_equal(np.asarray(picture.convert("RGBA")), RGBA)


@pytest.mark.parametrize("kind", ["png", "webp", "tiff"])
def test_mask_is_alpha_in_grey(kind):
    picture = decoded(ResultForm(kind, mask=True), SRGB)
    assert "icc_profile" not in picture.info
    assert np.array_equal(np.asarray(picture.convert("L")), RGBA[..., 3])


def test_colour_behind():
    """rgb a + colour (1 - a), to the nearest level."""
    found = np.asarray(decoded(ResultForm(background=(255, 128, 0)))).astype(float)
    alpha = RGBA[..., 3:] / 255
    assert np.abs(found - (RGBA[..., :3] * alpha + np.array([255, 128, 0]) * (1 - alpha))).max() <= 0.5 + 1e-9


def test_jpeg_on_a_colour():
    picture = decoded(ResultForm("jpeg", background=(255, 255, 255)), SRGB)
    assert (picture.format, picture.mode, picture.info["icc_profile"]) == ("JPEG", "RGB", SRGB)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"format": "gif"}, "png, webp, tiff, jpeg"),
        ({"format": "jpeg"}, "jpeg has no alpha"),
        ({"mask": True, "background": (0, 0, 0)}, "one or the other"),
        ({"background": (0, 0, 256)}, "0..255"),
        ({"compression": 10}, "0 .* to 9"),
        ({"quality": 0}, "1 to 100"),
    ],
)
def test_forms_that_cannot_be(settings, words):
    with pytest.raises(ResultError, match=words):
        ResultForm(**settings)

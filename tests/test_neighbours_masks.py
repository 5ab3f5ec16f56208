"""Masks, pictures and transparency as other nodes send them."""

import numpy as np
import pytest
import torch
from onnx_segmentation import (
    CustomSession,
    CustomSessionContainer,
    CutoutOptions,
    ImageError,
    Recipe,
    RefineOptions,
    cutout,
    matte_masks,
    segment,
)
from onnx_segmentation.imaging.convert import to_frames, to_masks
from onnx_segmentation.matting.trimap import trimap_within
from PIL import Image
from support import make_red_model

SIZE = 24


@pytest.fixture
def picture():
    """A red square on black, [1, 24, 24, 3]."""
    frame = torch.zeros(1, SIZE, SIZE, 3)
    frame[:, 6:18, 6:18, 0] = 1
    return frame


@pytest.fixture
def hole():
    """Alpha [24, 24] whose left half is transparent, with a column of a half between."""
    alpha = torch.ones(SIZE, SIZE)
    alpha[:, :11], alpha[:, 11] = 0, 0.5
    return alpha


@pytest.fixture
def session(tmp_path):
    """Its mask is the red channel, as it is."""
    model = make_red_model(tmp_path / "red.onnx", (1, 3, SIZE, SIZE))
    recipe = Recipe(CustomSessionContainer((0,) * 3, (1,) * 3, SIZE, SIZE), scale="255", decoding="none")
    return CustomSession(model, recipe, provider="CPUExecutionProvider")


@pytest.mark.parametrize("shape", [(SIZE, SIZE), (1, SIZE, SIZE), (1, 1, SIZE, SIZE), (1, SIZE, SIZE, 1)])
def test_one_mask_in_any_form(shape):
    mask = torch.rand(SIZE, SIZE)
    assert torch.equal(to_masks(mask.view(shape), 1), mask[None])


@pytest.mark.parametrize("shape", [(3, SIZE, SIZE), (3, 1, SIZE, SIZE), (3, SIZE, SIZE, 1)])
def test_several_masks_for_one_picture_and_for_as_many(shape):
    masks = torch.rand(3, SIZE, SIZE)
    for pictures in (1, 3):
        assert torch.equal(to_masks(masks.view(shape), pictures), masks)
    with pytest.raises(ImageError, match="3 masks for 2 pictures"):
        to_masks(masks.view(shape), 2)


def test_a_cut_out_for_each_mask(picture):
    masks = torch.stack([torch.zeros(SIZE, SIZE), torch.ones(SIZE, SIZE), picture[0, ..., 0]])
    result = matte_masks(picture, masks, CutoutOptions())
    assert result.image.shape == (3, SIZE, SIZE, 4) and torch.equal(result.mask, masks)
    one = matte_masks(picture, masks[2:], CutoutOptions())
    assert torch.equal(result.image[2:], one.image)


def test_several_trimaps_of_one_picture(picture):
    trimaps = torch.stack([torch.zeros(SIZE, SIZE), picture[0, ..., 0]])
    assert matte_masks(picture, picture[..., 0], trimaps=trimaps).image.shape[0] == 2


@pytest.mark.parametrize("shape", [(2, SIZE, 30), (2, SIZE, 30, 1)])
def test_grey_pictures(shape, session):
    grey = torch.rand(2, SIZE, 30)
    wanted = cutout(grey[..., None].repeat(1, 1, 1, 3), session).image
    assert torch.equal(cutout(grey.view(shape), session).image, wanted)


def test_what_is_no_picture(picture):
    with pytest.raises(ImageError, match="wanted is"):
        to_frames(picture[0])  # without its batch
    with pytest.raises(ImageError, match="wanted is"):
        to_frames(torch.zeros(4, 4))


def test_input_alpha_multiplies(picture, hole, session):
    plain = cutout(picture, session)
    seen = cutout(torch.cat([picture, hole[None, ..., None]], -1), session, CutoutOptions(input_alpha="multiply"))
    assert torch.equal(seen.mask, ((plain.mask * hole * 255).round() / 255))
    assert torch.equal(seen.image[..., :3], plain.image[..., :3])
    ignored = cutout(torch.cat([picture, hole[None, ..., None]], -1), session)
    assert torch.equal(ignored.image, plain.image)


def test_the_alpha_comes_as_a_mask_too(picture, hole, session):
    options = CutoutOptions(input_alpha="multiply")
    own = cutout(torch.cat([picture, hole[None, ..., None]], -1), session, options)
    assert torch.equal(cutout(picture, session, options, opacity=hole).image, own.image)
    assert torch.equal(
        cutout(picture, session, options, opacity=torch.ones(1, 64, 64)).mask, cutout(picture, session).mask
    )
    with pytest.raises(ImageError, match="input's alpha"):
        cutout(picture, session, options, opacity=torch.ones(2, 8, 8))


def test_premultiplied_colours_are_multiplied_by_what_is_seen(picture, hole):
    options = CutoutOptions(RefineOptions(edge_colours="premultiplied"), input_alpha="multiply")
    result = matte_masks(picture, picture[..., 0], options, opacity=hole)
    assert float(result.image[0, :, :11, :3].max()) == 0


def test_input_alpha_as_a_prior(picture, hole, session):
    options = CutoutOptions(RefineOptions(alpha_matting=True, erode_size=2), input_alpha="prior")
    result = cutout(picture, session, options, opacity=hole)
    assert set(result.trimap[:, :11].flatten().tolist()) == {0}
    assert 1 not in result.trimap[:, 11]
    assert float(result.mask[0, :, :11].max()) == 0 and float(result.mask.max()) == 1
    without = cutout(picture, session, CutoutOptions(input_alpha="prior"), opacity=hole)
    assert torch.equal(without.mask, cutout(picture, session, CutoutOptions(input_alpha="multiply"), opacity=hole).mask)


def test_trimap_within():
    trimap = torch.tensor([[1.0, 1.0, 1.0, 0.5, 0.0]])
    opacity = torch.tensor([[1.0, 0.5, 0.0, 1.0, 1.0]])
    assert trimap_within(trimap, opacity).tolist() == [[1.0, 0.5, 0.0, 0.5, 0.0]]


def test_a_transparent_file_stays_transparent(tmp_path, session, hole):
    pixels = np.zeros((SIZE, SIZE, 4), np.uint8)
    pixels[..., 0], pixels[..., 3] = 255, (hole.numpy() * 255).round()
    Image.fromarray(pixels).save(tmp_path / "t.png")
    alpha = np.asarray(segment(tmp_path / "t.png", session))[..., 3]
    assert (alpha <= pixels[..., 3]).all() and alpha.max() == 255
    ignored = np.asarray(segment(tmp_path / "t.png", session, input_alpha="ignore"))[..., 3]
    assert ignored.min() == 255


@pytest.mark.parametrize("name", ["ImageSegmentationAlphaMatting", "ImageSegmentationForeground"])
def test_nodes_take_what_neighbours_send(host, picture, name):
    for mask in (picture[0, ..., 0], picture[..., 0], picture[..., 0][:, None], picture[..., :1]):
        assert host.run(name, images=picture, mask=mask)[0].shape == (1, SIZE, SIZE, 4)
    assert host.run(name, images=picture, mask=picture[..., 0].repeat(3, 1, 1))[0].shape == (3, SIZE, SIZE, 4)


def test_load_images_mask_is_wired_as_it_is(host, red, picture, hole):
    """Its MASK is 1 where the file is transparent."""
    values = {"images": picture, "model": red, "alpha_matting": "false", "transparency": 1 - hole[None]}
    mask = host.run("ImageSegmentationAuto", **values, input_alpha="multiply")[1]
    assert float(mask[0, :, :11].max()) == 0 and float(mask.max()) > 0.9
    assert float(host.run("ImageSegmentationAuto", **values)[1][0, :, :11].max()) > 0.9


def test_compare_takes_them_too(host, picture):
    mask = picture[..., 0]
    assert host.run("ImageSegmentationCompare", mask=mask[0], reference=mask[0])[0].shape == (1, SIZE, SIZE, 3)
    assert host.run("ImageSegmentationCompare", mask=mask[:, None], reference=mask)[0].shape == (1, SIZE, SIZE, 3)

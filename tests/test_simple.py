"""segment(): the node's result in three lines, as PIL or array."""

import numpy as np
import onnx_segmentation
import pytest
import torch
from onnx_segmentation import load_session, segment
from onnx_segmentation.cutout import CutoutOptions, cutout, matte_masks
from onnx_segmentation.errors import ImageError, ModelNotFoundError
from onnx_segmentation.matting.foreground.estimate import estimate_foreground
from onnx_segmentation.matting.trimap import make_trimap
from onnx_segmentation.refine import RefineOptions
from onnx_segmentation.sessions.recipes.container import CustomSessionContainer
from onnx_segmentation.sessions.recipes.recipe import Recipe
from onnx_segmentation.simple import Options
from PIL import Image
from support import open_photo, to_saved


@pytest.fixture(scope="module")
def photo():
    return open_photo("chelsea").resize((320, 240))


def test_as_the_node_gives_it(u2netp, host, photo):
    (host.folder / "u2netp.onnx").write_bytes(u2netp.read_bytes())
    images = torch.from_numpy(np.array(photo).astype(np.float32) / 255)[None]
    changed = {"alpha_matting_erode_size": 5, "min_confidence": 0.1, "edge_colours": "premultiplied"}
    rgba, mask = host.run(
        "ImageSegmentation", images=images, model="u2netp", alpha_matting="true", post_process_mask="true", **changed
    )
    session = load_session(u2netp)
    found = segment(photo, session, alpha_matting=True, post_process_mask=True, **changed)
    assert np.array_equal(np.asarray(found), to_saved(rgba[0]))
    only = segment(photo, session, mask=True, alpha_matting=True, post_process_mask=True, **changed)
    assert np.array_equal(np.asarray(only), to_saved(mask[0]))


def test_options_are_the_widgets_of_the_node(host):
    declared = host.nodes["ImageSegmentation"].INPUT_TYPES()
    widgets = set(declared["required"]) | set(declared["optional"])
    assert set(Options.__annotations__) <= widgets


def test_file_bytes_picture_and_array_alike(u2netp, photo, tmp_path):
    file = tmp_path / "photo.png"
    photo.save(file)
    session = load_session(u2netp)
    found = [segment(source, session) for source in (file, str(file), file.read_bytes(), photo, np.array(photo))]
    assert [type(each) for each in found[:4]] == [Image.Image] * 4
    assert isinstance(found[4], np.ndarray)
    assert all(np.array_equal(np.asarray(found[0]), np.asarray(each)) for each in found[1:])


def test_model_by_name(u2netp, photo, monkeypatch):
    monkeypatch.setenv("U2NET_HOME", str(u2netp.parent))
    by_name, by_file = segment(photo, "u2netp"), segment(photo, u2netp)
    assert np.array_equal(np.asarray(by_name), np.asarray(by_file))


def test_grey_arrays_and_backgrounds(u2netp, photo):
    session = load_session(u2netp)
    grey = np.asarray(photo.convert("L"))
    assert segment(grey, session, mask=True).shape == grey.shape
    assert segment(grey, session, background=(255, 255, 255)).shape == (*grey.shape, 3)


@pytest.mark.parametrize("array", [np.zeros((4, 4, 3)), np.zeros((4, 4, 2), np.uint8), np.zeros(4, np.uint8)])
def test_other_arrays_are_refused(u2netp, array):
    with pytest.raises(ImageError, match="wanted is uint8"):
        segment(array, u2netp)


def test_unknown_model(photo):
    with pytest.raises(ModelNotFoundError, match=r"names are .*u2netp"):
        segment(photo, "u3net")


def test_the_package_has_nothing_else():
    with pytest.raises(AttributeError, match="WEB_THINGS"):
        _ = onnx_segmentation.WEB_THINGS


@pytest.fixture
def red_session(red_model):
    return load_session(red_model, Recipe(CustomSessionContainer((0.0,) * 3, (1.0,) * 3, 64, 64), scale="255"))


def unlike_others():
    rng = np.random.default_rng(1)
    plain = rng.integers(0, 256, (20, 30, 3), np.uint8)
    read_only = plain.copy()
    read_only.flags.writeable = False
    wide = np.repeat(np.repeat(plain, 2, 0), 2, 1)
    yield "read-only", read_only
    yield "turned twice", np.ascontiguousarray(plain[::-1, ::-1])[::-1, ::-1]
    yield "BGR twice", np.ascontiguousarray(plain[..., ::-1])[..., ::-1]
    yield "every second", wide[::2, ::2]
    yield "Fortran", np.asfortranarray(plain)
    yield "from bytes", np.frombuffer(plain.tobytes(), np.uint8).reshape(plain.shape)
    yield "its own class", plain.view(np.memmap)


@pytest.mark.parametrize("matting", [False, True])
@pytest.mark.parametrize(("name", "array"), list(unlike_others()), ids=[name for name, _ in unlike_others()])
def test_arrays_in_whatever_memory(red_session, name, array, matting):
    """The same pixels, the same cut-out, no warning, and the array as it was."""
    options = {"alpha_matting": matting, "alpha_matting_erode_size": 1}
    expected = segment(np.array(array, order="C"), red_session, **options)
    before = array.copy()
    assert np.array_equal(segment(array, red_session, **options), expected)
    assert np.array_equal(array, before)


@pytest.mark.parametrize("image", [torch.zeros(4, 4, 3), None, 7, [[1]], object()])
def test_what_is_no_picture_is_refused(red_session, image):
    with pytest.raises(ImageError, match=rf"is a {type(image).__name__}; give a file, its bytes, a PIL picture"):
        segment(image, red_session)


def test_tensors_that_want_gradients(red_session):
    """What they hold counts; nothing here has a gradient."""
    images = torch.rand(2, 20, 30, 3)
    masks = (images[..., 0] > 0.5).float()
    options = CutoutOptions(RefineOptions(alpha_matting=True, erode_size=1), post_process=True)
    works = (
        lambda x, y: cutout(x, red_session, options).image,
        lambda x, y: matte_masks(x, y, options).image,
        lambda x, y: matte_masks(x, y[0], options, trimaps=y).image,
        lambda x, y: make_trimap(y),
        lambda x, y: estimate_foreground(x, y),
    )
    for work in works:
        result = work(images.clone().requires_grad_(), masks.clone().requires_grad_())
        assert torch.equal(result, work(images, masks)) and not result.requires_grad

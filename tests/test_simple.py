"""segment(): the node's result in three lines, as PIL or array."""

import io

import numpy as np
import onnx_segmentation
import pytest
import torch
from onnx_segmentation import CutoutOptions, RefineOptions, cutout, load_session, matte_masks, segment
from onnx_segmentation.errors import ImageError, ModelNotFoundError, OptionsError, ResultError
from onnx_segmentation.matting.foreground.estimate import estimate_foreground
from onnx_segmentation.matting.trimap import make_trimap
from onnx_segmentation.options import Options, to_options
from onnx_segmentation.sessions.recipes.container import CustomSessionContainer
from onnx_segmentation.sessions.recipes.recipe import Recipe
from onnx_segmentation.sessions.session import CustomSession
from PIL import Image
from support import make_red_model, open_photo, to_saved


@pytest.fixture(scope="module")
def photo():
    return open_photo("chelsea").resize((320, 240))


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """A mask that is the red channel, through 64 x 64 and back."""
    path = make_red_model(tmp_path_factory.mktemp("models") / "red.onnx")
    return CustomSession(path, Recipe(CustomSessionContainer(width=64, height=64)))


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
    declared = host.nodes["ImageSegmentationAuto"].INPUT_TYPES()
    widgets = set(declared["required"]) | set(declared["optional"])
    assert set(Options.__annotations__) <= widgets


def test_file_bytes_picture_and_array_alike(session, photo, tmp_path):
    file = tmp_path / "photo.png"
    photo.save(file)
    found = [segment(source, session) for source in (file, str(file), file.read_bytes(), photo, np.array(photo))]
    assert [type(each) for each in found[:4]] == [Image.Image] * 4
    assert isinstance(found[4], np.ndarray)
    assert all(np.array_equal(np.asarray(found[0]), np.asarray(each)) for each in found[1:])


def test_model_by_name(u2netp, photo, monkeypatch):
    monkeypatch.setenv("U2NET_HOME", str(u2netp.parent))
    by_name, by_file = segment(photo, "u2netp"), segment(photo, u2netp)
    assert np.array_equal(np.asarray(by_name), np.asarray(by_file))


def test_grey_arrays_and_backgrounds(session, photo):
    grey = np.asarray(photo.convert("L"))
    assert segment(grey, session, mask=True).shape == grey.shape
    assert segment(grey, session, background=(255, 255, 255)).shape == (*grey.shape, 3)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4, 3), np.int32),
        np.zeros((4, 4, 2), np.uint8),
        np.zeros(4, np.uint8),
        np.full((4, 4, 3), 255.0),
        torch.zeros(3, 4, 5),
        torch.zeros(1, 3, 4, 5),
    ],
    ids=["int32", "two channels", "a line", "floats of 0..255", "CHW", "NCHW"],
)
def test_other_arrays_are_refused(session, image):
    with pytest.raises(ImageError, match="wanted is"):
        segment(image, session)


@pytest.mark.parametrize("image", [None, 5, io.StringIO("text"), ["photo.png"]], ids=["None", "int", "text", "list"])
def test_what_is_no_picture_is_refused(session, image):
    with pytest.raises(ImageError, match="give a path, bytes, a file opened with 'rb'"):
        segment(image, session)


@pytest.mark.parametrize("kind", [np.uint8, np.float16, np.float32, np.float64], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("box", ["array", "tensor"])
@pytest.mark.parametrize("batched", [False, True])
def test_arrays_and_tensors_come_back_as_they_went_in(session, photo, kind, box, batched):
    levels = np.asarray(photo)
    pixels = levels if kind is np.uint8 else (levels.astype(np.float64) / 255).astype(kind)
    pixels = np.stack([pixels, pixels[:, ::-1]]) if batched else pixels
    given = torch.from_numpy(pixels.copy()) if box == "tensor" else pixels
    same = np.uint8 if kind is np.uint8 else np.float32
    expected = np.asarray(segment(photo, session)), np.asarray(segment(photo, session, mask=True))
    for found, right in zip((segment(given, session), segment(given, session, mask=True)), expected, strict=True):
        assert type(found) is type(given)
        found = np.asarray(found)
        assert found.dtype == same and found.shape == ((2, *right.shape) if batched else right.shape)
        first = found[0] if batched else found
        away = np.abs((first if same is np.uint8 else first * 255).astype(float) - right)
        assert away.max() <= (0 if kind is np.uint8 else 1.01)


@pytest.mark.parametrize(
    "given",
    [
        lambda values: values.to(torch.bfloat16),
        lambda values: values.clone().requires_grad_(),
        lambda values: values.permute(2, 0, 1).contiguous().permute(1, 2, 0),
        lambda values: values.expand(1, *values.shape),
    ],
    ids=["bfloat16", "grad", "strides", "expanded"],
)
def test_tensors_of_every_kind(session, photo, given):
    values = torch.from_numpy(np.array(photo).astype(np.float32) / 255)
    found = segment(given(values), session, mask=True)
    assert found.dtype == torch.float32 and not found.requires_grad
    right = torch.from_numpy(np.array(segment(photo, session, mask=True)).astype(np.float32) / 255)
    assert (found.reshape(right.shape) - right).abs().max() < 0.02


def test_one_channel_and_alpha(session, photo):
    grey = np.asarray(photo.convert("L"))
    alone = segment(grey, session)
    assert np.array_equal(segment(grey[..., None], session), alone)
    with_alpha = np.concatenate([np.asarray(photo), grey[..., None]], axis=2)
    whole, seen = np.asarray(segment(photo, session)), segment(with_alpha, session)
    assert np.array_equal(segment(with_alpha, session, input_alpha="ignore"), whole)
    assert (seen[..., 3] <= np.minimum(whole[..., 3], grey)).all()


def test_an_open_file_and_other_bytes(session, photo, tmp_path):
    photo.save(tmp_path / "photo.png")
    content = (tmp_path / "photo.png").read_bytes()
    with (tmp_path / "photo.png").open("rb") as file:
        found = [segment(file, session), *(segment(kind(content), session) for kind in (io.BytesIO, bytearray))]
    assert all(np.array_equal(np.asarray(each), np.asarray(segment(photo, session))) for each in found)


@pytest.mark.parametrize(
    ("name", "said"), [("alpha_mating", "did you mean 'alpha_matting'"), ("sessions", "options are alpha_matting, ")]
)
def test_an_unknown_option_is_a_type_error(photo, name, said):
    with pytest.raises(TypeError, match=f"no option '{name}'; {said}"):
        segment(photo, "a model that is never looked for", **{name: True})


@pytest.mark.parametrize(
    "wrong",
    [
        {"alpha_matting_foreground_threshold": 300},
        {"alpha_matting_background_threshold": -1},
        {"alpha_matting_erode_size": -1},
        {"alpha_matting_erode_size": 2.5},
        {"min_confidence": 1.5},
        {"min_confidence": float("nan")},
        {"edge_colours": "blue"},
        {"matting_method": "magic"},
        {"alpha_matting": "false"},
        {"post_process_mask": "maybe"},
    ],
    ids=str,
)
def test_values_are_held_to_the_nodes_limits(photo, wrong):
    with pytest.raises(OptionsError, match=r"allowed are|give "):
        segment(photo, "a model that is never looked for", **wrong)


@pytest.mark.parametrize("wrong", [(1, 2), (1, 2, 3, 256), "white", (1.5, 0, 0, 0)], ids=str)
def test_a_bgcolor_that_is_none_is_refused(photo, wrong):
    with pytest.raises(ResultError, match="bgcolor is"):
        segment(photo, "a model that is never looked for", bgcolor=wrong)


def test_the_matting_options_arrive():
    numbers = {"foreground_threshold": 230, "background_threshold": 15, "erode_size": 6}
    options = to_options({"alpha_matting": True, **{f"alpha_matting_{name}": value for name, value in numbers.items()}})
    assert options.refine == RefineOptions(alpha_matting=True, **numbers)


def test_what_is_not_said_is_as_a_new_node_has_it():
    plain = RefineOptions(edge_colours="blur_fusion")
    assert to_options({}) == CutoutOptions(plain, min_confidence=0.5, input_alpha="multiply")
    asked = {"min_confidence": 0.0, "input_alpha": "prior"}
    assert to_options(asked) == CutoutOptions(plain, **asked)


@pytest.mark.parametrize(
    ("options", "colours"),
    [
        ({"post_process_mask": True}, "blur_fusion"),
        ({"alpha_matting": True}, "auto"),
        ({"quality": "fast"}, "auto"),
        ({"edge_colours": "photo"}, "photo"),
        ({"edge_colours": "auto"}, "auto"),
    ],
)
def test_colours_of_a_cut_out_without_matting_are_estimated_too(options, colours):
    assert to_options(options).refine.edge_colours == colours
    assert to_options(options, mask=True).refine.edge_colours == "photo"  # which nobody sees


def test_rembgs_names_mean_the_same(u2netp, photo):
    """Alpha within a level of rembg's own; its bgcolor lets what is half subject shine through once more."""
    from rembg import remove

    def away(ours, theirs):
        assert (ours.mode, ours.size) == (theirs.mode, theirs.size)
        return np.abs(np.asarray(ours).astype(int) - np.asarray(theirs).astype(int))

    session = load_session(u2netp)
    for options in ({"only_mask": True}, {"only_mask": True, "post_process_mask": True}):
        assert away(segment(photo, session, **options), remove(photo, session=session, **options)).max() <= 1
    mask = np.asarray(segment(photo, session, only_mask=True))
    ours = segment(photo, session, bgcolor=(255, 0, 128, 255))
    theirs = remove(photo, session=session, bgcolor=(255, 0, 128, 255))
    sure = (mask == 255) | (mask == 0)
    assert away(ours, theirs)[sure].max() <= 1 and np.asarray(ours.getchannel("A")).min() == 255
    assert np.array_equal(np.asarray(ours)[..., :3], np.asarray(segment(photo, session, background=(255, 0, 128))))
    clear = segment(photo, session, bgcolor=(9, 9, 9, 0))
    assert np.array_equal(np.asarray(clear.getchannel("A")), mask)


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

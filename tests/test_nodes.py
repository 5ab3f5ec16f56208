"""The nodes as a graph sees them: what they declare, what they refuse, what comes out. Runs in either host."""

import numpy as np
import pytest
import torch
from hosts import Cancelled, Failed, Rejected
from support import make_red_model, to_saved

IMAGENET = {"mean_r": 0.485, "mean_g": 0.456, "mean_b": 0.406, "std_r": 0.229, "std_g": 0.224, "std_b": 0.225}
U2NETP = IMAGENET | {"width": 320, "height": 320}
PLAIN = {"mean": 0.0, "std": 1.0, "size": 64, "alpha_matting": "false"}

THRESHOLD = {"min": 0, "max": 250, "step": 5}
COMMON = {
    "images": ("IMAGE", {}),
    "model": (None, {}),
    "alpha_matting": (["true", "false"], {}),
    "alpha_matting_foreground_threshold": ("INT", {"default": 240, **THRESHOLD}),
    "alpha_matting_background_threshold": ("INT", {"default": 20, **THRESHOLD}),
    "alpha_matting_erode_size": ("INT", {"default": 10, "min": 0, "step": 1}),
    "post_process_mask": (["false", "true"], {}),
}
MEAN = {"min": 0.0, "max": 1.0, "step": 0.001, "round": 0.001}
STD = ("FLOAT", {"default": 1.0, "min": 0.001, "max": 1.0, "step": 0.001, "round": 0.001})
SIZE = ("INT", {"default": 1024, "min": 8, "max": 16384, "step": 8})
DECLARED = {
    "ImageSegmentation": COMMON | {"model": (None, {"default": "u2netp"})},
    "ImageSegmentationCustom": COMMON | {"mean": ("FLOAT", {"default": 0.485, **MEAN}), "std": STD, "size": SIZE},
    "ImageSegmentationCustomAdvanced": COMMON
    | {"mean_r": ("FLOAT", {"default": 0.485, **MEAN})}
    | {"mean_g": ("FLOAT", {"default": 0.456, **MEAN})}
    | {"mean_b": ("FLOAT", {"default": 0.406, **MEAN})}
    | {"std_r": STD, "std_g": STD, "std_b": STD, "width": SIZE, "height": SIZE},
}


@pytest.fixture
def with_u2netp(host, u2netp):
    (host.folder / "u2netp.onnx").write_bytes(u2netp.read_bytes())
    return host


def entries(node):
    types = node.INPUT_TYPES()
    yield from types.get("required", {}).items()
    yield from types.get("optional", {}).items()


@pytest.mark.parametrize("name", DECLARED)
def test_older_graphs_find_their_inputs(name, host):
    """Ids, names, order, defaults, limits and accepted values of the pack that these nodes succeed."""
    required = host.nodes[name].INPUT_TYPES()["required"]
    assert list(required) == list(DECLARED[name])
    for key, (kind, limits) in DECLARED[name].items():
        declared, *options = required[key]
        assert declared == kind or key == "model"
        assert {k: v for k, v in options[0].items() if k not in ("tooltip", "advanced")} == limits, key
    assert host.nodes[name].CATEGORY == "image/segmentation"
    assert host.nodes[name].RETURN_TYPES[:2] == ("IMAGE", "MASK")


def test_everything_is_explained(host):
    for name, node in host.nodes.items():
        assert node.DESCRIPTION and node.SEARCH_ALIASES, name
        assert host.display_names[name]
        assert len(node.OUTPUT_TOOLTIPS) == len(node.RETURN_TYPES) == len(node.RETURN_NAMES), name
        for key, (_, *options) in entries(node):
            assert options and options[0].get("tooltip"), f"{name}.{key}"


def test_american_spellings_are_found_too(host):
    for name, node in host.nodes.items():
        if "colour" in f"{host.display_names[name]} {node.DESCRIPTION}".lower():
            assert any("color" in alias for alias in node.SEARCH_ALIASES), name
        for alias in node.SEARCH_ALIASES:
            assert alias.replace("colour", "color") in node.SEARCH_ALIASES, f"{name}: {alias}"


def test_named_and_advanced_agree(with_u2netp, photo):
    settings = {"images": photo, "alpha_matting": "false"}
    named = with_u2netp.run("ImageSegmentation", model="u2netp", **settings)
    advanced = with_u2netp.run("ImageSegmentationCustomAdvanced", model="u2netp.onnx", **settings, **U2NETP)
    assert torch.equal(named[0], advanced[0]) and torch.equal(named[1], advanced[1])
    assert named[0].shape == (1, 100, 120, 4) and named[1].shape == (1, 100, 120)
    assert named[1].mean() > 0.2  # the astronaut


def test_custom_uses_one_mean_std_and_size(host, red, photo):
    rgba, mask = host.run("ImageSegmentationCustom", model=red, images=photo, **PLAIN)
    channel = photo[..., 0]
    stretched = (channel - channel.min()) / (channel.max() - channel.min())
    assert (mask - stretched).abs().mean() < 0.04  # through 64 x 64 and back
    assert torch.equal(rgba[..., 3], mask)


def test_colours_stay_the_photos_own(host, red, photo):
    """Straight alpha, where rembg multiplies the colour by alpha and darkens the edge (rembg#474)."""
    rgba, _ = host.run("ImageSegmentationCustom", model=red, images=photo, **PLAIN, edge_colours="photo")
    assert torch.equal(rgba[..., :3], photo)


def test_true_and_false_are_words(host, red, photo):
    matted, _ = host.run("ImageSegmentationCustom", model=red, images=photo, **PLAIN | {"alpha_matting": "true"})
    plain, _ = host.run("ImageSegmentationCustom", model=red, images=photo, **PLAIN)
    _, mask = host.run("ImageSegmentationCustom", model=red, images=photo, **PLAIN, post_process_mask="true")
    assert not torch.equal(matted, plain)
    assert set(mask.unique().tolist()) <= {0.0, 1.0}


@pytest.mark.parametrize("matting", ["false", "true"])
def test_a_batch_is_its_frames(host, red, photo, matting):
    batch = torch.cat([photo, photo.flip(1), photo * 0.5])
    settings = {"model": red, **PLAIN, "alpha_matting": matting}
    rgba, mask = host.run("ImageSegmentationCustom", images=batch, **settings)
    for number, frame in enumerate(batch):
        single = host.run("ImageSegmentationCustom", images=frame[None], **settings)
        assert torch.equal(rgba[number], single[0][0]) and torch.equal(mask[number], single[1][0])
    assert host.frames_done == 1


@pytest.mark.parametrize("matting", ["false", "true"])
def test_levels_survive_saving(host, red, photo, matting):
    """SaveImage truncates 255 * x: what was rounded must not fall a level lower."""
    rgba, mask = host.run("ImageSegmentationCustom", model=red, images=photo, **PLAIN | {"alpha_matting": matting})
    np.testing.assert_array_equal(to_saved(rgba), np.rint(255 * rgba.numpy()))
    np.testing.assert_array_equal(to_saved(mask), np.rint(255 * mask.numpy()))


def test_alpha_of_the_input_is_ignored(host, red, photo):
    with_alpha = torch.cat([photo, torch.rand(*photo.shape[:3], 1)], -1)
    plain = host.run("ImageSegmentationCustom", model=red, images=photo, **PLAIN)
    assert torch.equal(host.run("ImageSegmentationCustom", model=red, images=with_alpha, **PLAIN)[0], plain[0])


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (257, 3), (64, 64)])
@pytest.mark.parametrize("level", [0.0, 0.5, 1.0, None], ids=["black", "grey", "white", "noise"])
def test_strange_pictures_give_a_mask(host, red, shape, level):
    images = torch.rand(1, *shape, 3) if level is None else torch.full((1, *shape, 3), level)
    for matting in ("false", "true"):
        rgba, mask = host.run("ImageSegmentationCustom", model=red, images=images, **PLAIN | {"alpha_matting": matting})
        for values in (rgba, mask):
            assert values.shape[:3] == (1, *shape)
            assert values.min() >= 0 and values.max() <= 1  # NaN fails both


def test_values_outside_the_range_are_clipped(host, red, photo):
    rgba, _ = host.run("ImageSegmentationCustom", model=red, images=photo * 3 - 1, **PLAIN)
    assert rgba.min() >= 0 and rgba.max() <= 1


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (torch.zeros(0, 8, 8, 3), "images is empty"),
        (torch.zeros(1, 0, 8, 3), "images is empty"),
        (torch.zeros(1, 8, 8, 2), r"images is \[1, 8, 8, 2\]; wanted is"),
        (torch.zeros(8, 8, 3), r"images is \[8, 8, 3\]; wanted is"),
        (torch.full((2, 8, 8, 3), torch.nan), "frame 0 of images holds NaN"),
    ],
)
def test_pictures_that_cannot_be_are_refused(host, red, images, said):
    with pytest.raises(Failed, match=f"ImageError: {said}"):
        host.run("ImageSegmentationCustom", model=red, images=images, **PLAIN)


@pytest.mark.parametrize("wrong", [{"std": 0.0}, {"size": 0}, {"alpha_matting_erode_size": -1}, {"size": -8}])
def test_nonsense_is_refused_at_queue_time(host, red, photo, wrong):
    with pytest.raises(Rejected, match="min"):
        host.run("ImageSegmentationCustom", model=red, images=photo, **PLAIN | wrong)


def test_unknown_choices_are_refused_at_queue_time(host, red, photo):
    for wrong in ({"alpha_matting": "maybe"}, {"model": "absent.onnx"}):
        with pytest.raises(Rejected, match="not in list"):
            host.run("ImageSegmentationCustom", images=photo, **{"model": red, **PLAIN, **wrong})


def test_size_that_the_model_does_not_take(host, red, photo):
    with pytest.raises(Failed, match="set width to 64 and height to 64"):
        host.run("ImageSegmentationCustom", model=red, images=photo, **PLAIN | {"size": 1024})


def test_files_that_are_no_models(host, photo):
    (host.folder / "page.onnx").write_text("<html>404</html>")
    with pytest.raises(Failed, match="web page"):
        host.run("ImageSegmentationCustom", model="page.onnx", images=photo, **PLAIN)


def test_new_files_and_subfolders_are_listed(host, photo):
    files = host.nodes["ImageSegmentationCustom"].INPUT_TYPES
    assert files()["required"]["model"][0] == []
    make_red_model(host.folder / "people" / "red.onnx")
    (host.folder / "notes.txt").write_text("not a model")
    (name,) = files()["required"]["model"][0]
    assert name.replace("\\", "/") == "people/red.onnx"
    assert host.run("ImageSegmentationCustom", model=name, images=photo, **PLAIN)[0].shape[-1] == 4


def test_a_replaced_file_is_another_input(host, red):
    node = host.nodes["ImageSegmentationCustom"]
    before = node.IS_CHANGED(model=red, images=None)
    assert before == node.IS_CHANGED(model=red, images=None)
    make_red_model(host.folder / red, (1, 3, "height", "width"))
    assert node.IS_CHANGED(model=red, images=None) != before


def test_cancel_stops_between_frames_and_the_next_run_works(host, red, photo):
    batch = photo.repeat(6, 1, 1, 1)
    with pytest.raises(Cancelled):
        host.run("ImageSegmentationCustom", model=red, images=batch, cancel_after=1, **PLAIN)
    assert host.frames_done < 6
    assert host.run("ImageSegmentationCustom", model=red, images=batch, **PLAIN)[0].shape[0] == 6
    assert host.frames_done == 6

"""What the newer inputs do: provider, keep_loaded, background, steadiness. Runs in either host."""

import pytest
import torch
from hosts import Failed
from support import to_saved

PLAIN = {"mean": 0.0, "std": 1.0, "size": 64, "alpha_matting": "false"}
PHOTO = {"edge_colours": "photo"}
NEW = ["provider", "keep_loaded", "background"]
OLDER = ["ImageSegmentation", "ImageSegmentationCustom", "ImageSegmentationCustomAdvanced"]


@pytest.fixture
def models(loaded):
    """The models in memory, of the pack as this host loaded it."""
    held = loaded("sessions.runtime.loaded")._models
    held.clear()  # what other tests hold
    return held


@pytest.mark.parametrize("name", OLDER)
def test_they_come_last_and_in_this_order(host, name):
    """Graphs store widget values by position."""
    optional = list(host.nodes[name].INPUT_TYPES()["optional"])
    assert optional[-8:] == [*NEW, "scale", "steady_trimap", "input_alpha", "transparency", "quality"]
    assert optional.index("min_confidence") < optional.index("provider")


def test_their_defaults_change_nothing(host, red, photo):
    given = {"provider": "auto", "keep_loaded": True, "background": "transparent", "steady_trimap": False}
    with_them = host.run("ImageSegmentationCustom", model=red, images=photo, **PLAIN, **given)
    plain = host.run("ImageSegmentationCustom", model=red, images=photo, **PLAIN)
    assert torch.equal(with_them[0], plain[0]) and torch.equal(with_them[1], plain[1])


@pytest.mark.parametrize("keep", [True, False])
def test_keep_loaded(host, red, photo, models, keep):
    for images in (photo, photo.flip(1)):
        host.run("ImageSegmentationCustom", model=red, images=images, **PLAIN, keep_loaded=keep)
        assert len(models) == keep


@pytest.mark.parametrize(
    "node", ["ImageSegmentationAuto", "ImageSegmentationModelLoader", "ImageSegmentationDiagnostics"]
)
def test_finding_a_recipe_and_running_load_a_model_once(host, red, photo, models, node, caplog):
    caplog.set_level("INFO", "onnx_segmentation")
    given = {} if node == "ImageSegmentationModelLoader" else {"images": photo}
    host.run(node, model=red, **given, **({"alpha_matting": "false"} if node == "ImageSegmentationAuto" else {}))
    assert [line for line in caplog.messages if line.startswith("loaded")] == [f"loaded {red} on CPUExecutionProvider"]


def test_two_nodes_on_one_file_hold_one_model(host, red, photo, models):
    host.run("ImageSegmentationCustom", model=red, images=photo, **PLAIN)
    (held,) = models.values()
    host.run("ImageSegmentationAuto", model=red, images=photo, alpha_matting="false", provider="CPU")
    assert list(models.values()) == [held]


def test_a_provider_that_is_not_there_falls_back(host, red, photo, caplog):
    asked = host.run("ImageSegmentationCustom", model=red, images=photo, **PLAIN, provider="OpenVINO")
    plain = host.run("ImageSegmentationCustom", model=red, images=photo, **PLAIN, provider="CPU")
    assert torch.equal(asked[1], plain[1])


@pytest.mark.parametrize(
    ("background", "colour"),
    [("#ffffff", (1, 1, 1)), ("000000", (0, 0, 0)), ("#1e90FF", (30 / 255, 144 / 255, 1)), ("#f80", (1, 136 / 255, 0))],
)
def test_a_background_is_laid_under(host, red, photo, background, colour):
    image, mask = host.run("ImageSegmentationCustom", model=red, images=photo, **PLAIN, **PHOTO, background=background)
    assert image.shape == (1, 100, 120, 3)
    expected = photo * mask[..., None] + torch.tensor(colour) * (1 - mask[..., None])
    assert (image - expected).abs().max() <= 0.5 / 255 + 1e-6
    assert (torch.from_numpy(to_saved(image)) == (image * 255).round()).all()  # saving, which truncates, keeps it


def test_a_background_under_premultiplied_colours(host, red, photo):
    """They are multiplied by alpha already, and are not so again."""
    settings = {"model": red, "images": photo, **PLAIN, "background": "#ffffff"}
    straight = host.run("ImageSegmentationCustom", **settings, **PHOTO)[0]
    already = host.run("ImageSegmentationCustom", **settings, edge_colours="premultiplied")[0]
    assert (straight - already).abs().max() <= 1 / 255 + 1e-6


def test_a_background_on_the_matting_nodes(host, photo):
    mask = photo[..., 0]
    foreground = host.run("ImageSegmentationForeground", images=photo, mask=mask, background="#00ff00")[0]
    matted = host.run("ImageSegmentationAlphaMatting", images=photo, mask=mask, background="#00ff00")[0]
    assert foreground.shape == matted.shape == (1, 100, 120, 3)


def test_a_background_that_is_no_colour_says_what_is(host, red, photo):
    with pytest.raises(Failed, match="ColourError: background is 'snowy'; give transparent, a colour's name"):
        host.run("ImageSegmentationCustom", model=red, images=photo, **PLAIN, background="snowy")


def flicker(values):
    return float((values[1:] - values[:-1]).abs().mean())


def test_a_steady_trimap_calms_the_edges(host):
    """A still picture whose mask goes up and down from frame to frame, as a model's does on a video."""
    down, across = torch.meshgrid(torch.linspace(-1, 1, 90), torch.linspace(-1, 1, 90), indexing="ij")
    soft = ((0.6 - torch.hypot(down, across)) * 8).clamp(0, 1)
    picture = (soft[..., None] * torch.tensor([0.9, 0.7, 0.5]) + (1 - soft)[..., None] * torch.tensor([0.1, 0.2, 0.4]))[
        None
    ]
    radii = [0.6, 0.66, 0.58, 0.65, 0.57, 0.64]
    masks = torch.stack([((radius - torch.hypot(down, across)) * 30).clamp(0, 1) for radius in radii])
    settings = {"images": picture.repeat(len(radii), 1, 1, 1), "mask": masks, "erode_size": 2}
    alone = host.run("ImageSegmentationAlphaMatting", **settings)[1]
    steady = host.run("ImageSegmentationAlphaMatting", **settings, steady_trimap=True)[1]
    assert flicker(steady) < 0.7 * flicker(alone)
    still = settings | {"mask": masks[:1].repeat(len(radii), 1, 1)}
    same = [host.run("ImageSegmentationAlphaMatting", **still, steady_trimap=wanted)[1] for wanted in (False, True)]
    assert torch.equal(*same)


def test_steadiness_in_the_pipeline(host, red, photo):
    """Off, a batch is its frames; on, a frame that differs from its neighbours leaves more to matting."""
    batch = torch.cat([photo, photo * 0.8, photo.flip(2)])
    settings = {"model": red, "images": batch, **PLAIN, "alpha_matting": "true", "alpha_matting_erode_size": 2}
    steady = host.run("ImageSegmentationCustom", **settings, steady_trimap=True)
    alone = host.run("ImageSegmentationCustom", **settings)
    assert steady[0].shape == alone[0].shape and not torch.equal(steady[1], alone[1])
    assert host.frames_done == 3


def test_diagnostics_compares_what_was_asked_with_what_came(host, red, photo):
    (text,) = host.run("ImageSegmentationDiagnostics", model=red, images=photo, provider="CUDA")
    assert "runs on: CPU; asked for: CUDA" in text
    assert "threads: " in text and "kept kernels: " in text
    (text,) = host.run("ImageSegmentationDiagnostics", model=red, provider="CPU")
    assert "runs on: CPU; asked for: CPU\n" in text

"""Refiners (ViTMatte): where their windows lie, what reaches them, and the nodes that offer them. Runs in either host.

The stand-ins give the red channel back as alpha, so that the right answer is known at every pixel.
"""

import hashlib
from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch
from hosts import Cancelled, Failed
from onnx import TensorProto, helper
from onnx_segmentation.errors import MattingInputError, MethodMissingError, ModelInputError, NotFiniteError, TrimapError
from onnx_segmentation.matting import methods, vitmatte
from onnx_segmentation.matting.trimap import make_trimap
from onnx_segmentation.refine import RefineOptions, colours_and_alpha
from onnx_segmentation.sessions.recipes.catalog import refiners
from onnx_segmentation.sessions.refiner import Refiner, is_refiner
from support import make_red_model, picture_input, write_model
from zoo import Builder, output

VITMATTE = "vitmatte-small-distinctions-646"
MATTING = {"foreground_threshold": 240, "background_threshold": 20, "erode_size": 4}


class Red:
    """An AlphaNetwork: gives red back, and notes what it was given."""

    def __init__(self, height=128, width=128):
        self.height, self.width = height, width
        self.seen = []

    def __call__(self, pixel_values, raise_if_cancelled=None):
        assert pixel_values.shape == (4, self.height, self.width) and pixel_values.dtype == torch.float32
        self.seen.append(pixel_values)
        return pixel_values[0]


def scene(height, width, box=None):
    """Noise, and a trimap whose unknown band is the border of a box (top, left, bottom, right)."""
    image = torch.rand(height, width, 3, generator=torch.Generator().manual_seed(3))
    top, left, bottom, right = box or (height // 4, width // 4, height * 3 // 4, width * 3 // 4)
    trimap = torch.zeros(height, width)
    trimap[top:bottom, left:right] = 0.5
    trimap[top + 6 : bottom - 6, left + 6 : right - 6] = 1
    return image, trimap


@pytest.mark.parametrize(
    ("size", "box"),
    [
        ((50, 70), None),
        ((128, 128), None),
        ((300, 90), None),
        ((600, 500), (250, 200, 300, 260)),
        ((600, 500), (0, 0, 40, 40)),
        ((600, 500), (570, 440, 600, 500)),
        ((600, 500), (20, 30, 590, 480)),
        ((40, 900), (5, 10, 35, 880)),
    ],
)
@pytest.mark.parametrize("window", [(128, 128), (96, 160)], ids=str)
def test_unknown_pixels_are_the_networks_and_known_ones_stay(size, box, window):
    """At the picture's own scale: not a value is resampled on the way there and back."""
    image, trimap = scene(size[0], size[1], box)
    network = Red(*window)
    alpha = vitmatte.estimate_alpha(image, trimap, network)
    unknown = trimap == 0.5
    assert alpha.dtype == torch.float32
    assert torch.equal(alpha[~unknown], trimap[~unknown])
    assert (alpha - image[..., 0])[unknown].abs().max() < 1e-6
    for seen in network.seen:
        assert set(seen[3].unique().tolist()) <= {0.0, 0.5, 1.0} and (seen[3] == 0.5).any()


def test_one_window_with_known_ground_around_where_that_is_enough():
    image, trimap = scene(600, 500, (250, 200, 300, 260))
    network = Red(256, 256)
    vitmatte.estimate_alpha(image, trimap, network)
    (seen,) = network.seen
    rows = (seen[3] == 0.5).any(1).nonzero()
    assert rows.min() >= vitmatte.CONTEXT and rows.max() < 256 - vitmatte.CONTEXT
    assert torch.equal(seen[:3], image[275 - 128 : 275 + 128, 230 - 128 : 230 + 128].permute(2, 0, 1))


def test_windows_without_unknown_pixels_are_left_out():
    """A ring: nothing is run in its middle or its corners' outside."""
    image, trimap = scene(1200, 1200, (100, 100, 1100, 1100))
    network = Red(256, 256)
    vitmatte.estimate_alpha(image, trimap, network)
    everywhere = len(vitmatte._starts((trimap == 0.5).any(1), 1200, 256)) ** 2
    assert len(network.seen) < everywhere * 0.75


def test_windows_are_blended_without_a_seam():
    """Networks disagree from window to window: here by 1. No two neighbours differ by more than the ramp."""

    class Disagreeing(Red):
        def __call__(self, pixel_values, raise_if_cancelled=None):
            super().__call__(pixel_values)
            return torch.full((self.height, self.width), float(len(self.seen) % 2))

    image = torch.rand(200, 3000, 3)
    trimap = torch.full((200, 3000), 0.5)
    trimap[:5], trimap[-5:] = 0, 1
    network = Disagreeing(1024, 1024)
    alpha = vitmatte.estimate_alpha(image, trimap, network)[5:-5]
    assert len(network.seen) == 4 and alpha.min() == 0 and alpha.max() == 1
    assert alpha.diff(dim=1).abs().max() < 2.5 / vitmatte.OVERLAP


def test_detail_survives_where_the_squashed_whole_loses_it(tmp_path):
    """Strands one pixel wide in a picture twice the network's size, against rembg's way of feeding the same file."""
    matting = pytest.importorskip("rembg.matting")
    import onnxruntime
    from PIL import Image

    path = make_red_model(tmp_path / "model.onnx", (1, 4, 1024, 1024))
    strands = torch.zeros(2048, 2048, 3)
    strands[:, ::3] = 1
    mask = torch.zeros(2048, 2048)
    mask[500:1500, 700:1300] = 1
    levels = (mask * 255).to(torch.uint8)
    session = onnxruntime.InferenceSession(str(path))
    session_run = session.run
    feeds = []
    session.run = lambda outputs, feed: feeds.append(feed) or session_run(outputs, {"input": feed["pixel_values"]})
    theirs_in = Image.fromarray((strands * 255).to(torch.uint8).numpy()), Image.fromarray(levels.numpy())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matting, "_get_session", lambda _: session)
        theirs = np.asarray(matting.vitmatte_alpha(*theirs_in, erode_size=30)) / 255
    options = RefineOptions(
        alpha_matting=True, erode_size=30, method="vitmatte", edge_colours="photo", network=Refiner(path)
    )
    _, ours = colours_and_alpha(strands, levels, options)
    from onnx_segmentation.matting.trimap import make_trimap

    band = make_trimap(levels, erode_size=30) == 0.5
    right = strands[..., 0][band]
    assert (ours[band] - right).abs().max() < 1 / 255
    assert np.abs(theirs[band.numpy()] - right.numpy()).mean() > 0.2


def test_a_picture_of_the_networks_size_is_fed_as_rembg_feeds_it(tmp_path):
    """But for grey, which rembg writes as 128 / 255."""
    matting = pytest.importorskip("rembg.matting")
    from PIL import Image

    mask = np.zeros((1024, 1024), np.uint8)
    mask[300:700, 300:700] = 255
    picture = np.random.default_rng(0).integers(0, 256, (1024, 1024, 3), np.uint8)
    feeds = []

    class Session:
        def run(self, outputs, feed):
            feeds.append(feed["pixel_values"][0])
            return [np.zeros((1, 1, 1024, 1024), np.float32)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matting, "_get_session", lambda _: Session())
        matting.vitmatte_alpha(Image.fromarray(picture), Image.fromarray(mask), background_threshold=20)
    network = Red(1024, 1024)
    image = torch.from_numpy(picture.astype(np.float32) / 255)
    vitmatte.estimate_alpha(image, make_trimap(torch.from_numpy(mask)), network)
    (seen,) = network.seen
    assert np.abs(seen[:3].numpy() - feeds[0][:3]).max() <= 1e-6
    assert np.abs(seen[3].numpy() - feeds[0][3]).max() <= 0.5 / 255 + 1e-6


def test_nothing_unknown_nothing_run():
    image, trimap = scene(60, 60)
    network = Red()
    assert torch.equal(vitmatte.estimate_alpha(image, trimap.round(), network), trimap.round()) and not network.seen


@pytest.mark.parametrize("missing", [0.0, 1.0])
def test_a_trimap_without_both_sides_is_refused(missing):
    image, trimap = scene(60, 60)
    with pytest.raises(TrimapError):
        vitmatte.estimate_alpha(image, torch.where(trimap == missing, 0.5, trimap), Red())
    with pytest.raises(MattingInputError):
        vitmatte.estimate_alpha(image * torch.nan, trimap, Red())


def test_stops_between_windows():
    image, trimap = scene(600, 500, (20, 30, 590, 480))
    network = Red()

    def stop():
        if len(network.seen) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        vitmatte.estimate_alpha(image, trimap, network, stop)
    assert len(network.seen) == 2


def test_a_method_without_its_network_says_so():
    image, trimap = scene(60, 60)
    with pytest.raises(MethodMissingError, match="Refiner"):
        methods.estimate_alpha(image, trimap, "vitmatte")


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        ((1, 4, 64, 96), TensorProto.FLOAT),
        ((1, 4, 64, 96), TensorProto.FLOAT16),
        ((1, 64, 96, 4), TensorProto.FLOAT),
        (("batch", 4, "height", "width"), TensorProto.FLOAT),
    ],
    ids=str,
)
def test_files_of_any_form(tmp_path, shape, kind):
    path = tmp_path / "model.onnx"
    axis = 3 if shape[3] == 4 else 1
    first = helper.make_tensor("first", TensorProto.INT64, [1], [0])
    node = helper.make_node("Gather", ["input", "first"], ["alphas"], axis=axis)
    out = output("alphas", [1 if i == axis else side for i, side in enumerate(shape)], kind)
    write_model(path, [node], [picture_input(shape, kind)], [out], [first])
    assert is_refiner(path)
    network = Refiner(path)
    assert (network.height, network.width) == ((64, 96) if 64 in shape else (1024, 1024))
    image, trimap = scene(90, 120)
    alpha = vitmatte.estimate_alpha(image, trimap, network)
    assert (alpha - image[..., 0])[trimap == 0.5].abs().max() < 1e-3


def test_files_that_are_no_refiners(tmp_path):
    red = make_red_model(tmp_path / "red.onnx")
    (tmp_path / "page.onnx").write_text("<html>")
    assert not is_refiner(red) and not is_refiner(tmp_path / "page.onnx") and not is_refiner(tmp_path / "none.onnx")
    with pytest.raises(ModelInputError, match="takes 3 channels of float32; a refiner takes 4"):
        Refiner(red)
    graph = Builder()
    graph.add("Log", graph.add("Sub", "input", "input"), out="alphas")
    shape = (1, 4, 64, 64)
    broken = write_model(tmp_path / "log.onnx", graph.nodes, [picture_input(shape)], [output("alphas", shape)])
    image, trimap = scene(60, 60)
    with pytest.raises(NotFiniteError, match=r"log\.onnx gives NaN"):
        vitmatte.estimate_alpha(image, trimap, Refiner(broken))


@pytest.fixture
def any_file(monkeypatch):
    monkeypatch.setenv("MODEL_CHECKSUM_DISABLED", "1")


@pytest.fixture
def disc():
    """A red disc of a soft edge, and a rough mask of it: [1, 150, 200, 3], [1, 150, 200]."""
    down, across = np.mgrid[-0.75:0.75:150j, -1:1:200j]
    red = 1 / (1 + np.exp((np.hypot(down, across) - 0.5) * 30))
    image = np.rint(np.stack([red, np.full_like(red, 0.3), np.full_like(red, 0.6)], -1) * 255) / 255
    return torch.from_numpy(image.astype(np.float32))[None], torch.from_numpy((red > 0.5).astype(np.float32))[None]


def methods_of(host):
    return [
        host.nodes[name].INPUT_TYPES()["optional"]["matting_method"][0]
        for name in ("ImageSegmentationAlphaMatting", "ImageSegmentation", "ImageSegmentationAuto")
    ]


def test_offered_where_the_file_is_there_or_can_be_fetched(host, monkeypatch):
    solvers = methods.available_methods()
    assert methods_of(host) == [solvers] * 3  # offline, and nothing there
    make_red_model(host.folder / f"{VITMATTE}.onnx", (1, 4, 64, 64))
    make_red_model(host.folder / "mine" / "refiner.onnx", (1, 4, 64, 64))
    make_red_model(host.folder / "segmenter.onnx")
    (host.folder / "broken.onnx").write_bytes(b"\x08")
    own = [name for name in methods_of(host)[0] if name.endswith(".onnx")]
    assert methods_of(host) == [[*solvers, "vitmatte", VITMATTE, *own]] * 3
    assert [name.replace("\\", "/") for name in own] == ["mine/refiner.onnx"]
    monkeypatch.delenv("ONNX_SEGMENTATION_OFFLINE")
    assert methods_of(host) == [[*solvers, "vitmatte", *refiners(), *own]] * 3


@pytest.mark.parametrize("file", [f"{VITMATTE}.onnx", "my refiner.onnx"])
def test_nodes_refine_with_it(host, any_file, disc, file):
    make_red_model(host.folder / file, (1, 4, 128, 128))
    image, mask = disc
    method = "vitmatte" if file.startswith(VITMATTE) else file
    settings = {"images": image, "matting_method": method, "edge_colours": "photo"}
    rgba, alpha = host.run("ImageSegmentationAlphaMatting", mask=mask, **settings, **MATTING | {"erode_size": 12})
    changed = alpha[0] != mask[0]
    assert changed.any() and (alpha[0] - image[0, ..., 0])[changed].abs().max() < 1e-6
    assert torch.equal(rgba[..., 3], alpha)
    make_red_model(host.folder / "red.onnx")
    numbers = {"mean": 0.0, "std": 1.0, "size": 64, "alpha_matting": "true", "alpha_matting_erode_size": 3}
    _, whole = host.run("ImageSegmentationCustom", model="red.onnx", **settings, **numbers)
    assert (whole[0] - image[0, ..., 0]).abs().mean() < 0.01


def test_fetched_when_first_run(host, loaded, online, disc, monkeypatch):
    make_red_model(host.folder.parent / "refiner.onnx", (1, 4, 128, 128))
    online.content = (host.folder.parent / "refiner.onnx").read_bytes()
    module = loaded("sessions.recipes.catalog")
    entry = replace(module.refiners()[VITMATTE], checksum=f"md5:{hashlib.md5(online.content).hexdigest()}")
    monkeypatch.setattr(module, "refiners", lambda: {VITMATTE: entry})
    image, mask = disc
    settings = {"images": image, "mask": mask, "matting_method": "vitmatte", **MATTING}
    with pytest.raises(Cancelled):
        online.behaviour = "stall"
        host.run("ImageSegmentationAlphaMatting", cancel_after=0, **settings)
    online.behaviour = "good"
    host.run("ImageSegmentationAlphaMatting", **settings)
    assert (host.folder / f"{VITMATTE}.onnx").read_bytes() == online.content


def test_not_fetched_where_it_is_not_needed(host, online, disc):
    make_red_model(host.folder / "red.onnx")
    numbers = {"mean": 0.0, "std": 1.0, "size": 64, "alpha_matting": "false"}
    host.run("ImageSegmentationCustom", model="red.onnx", images=disc[0], matting_method="vitmatte", **numbers)
    assert not online.requests


def test_a_refiner_is_no_segmenter(host, disc):
    model = onnx.load(make_red_model(host.folder / "refiner.onnx", (1, 4, 64, 64)))
    model.graph.input[0].name = model.graph.node[0].input[0] = "pixel_values"  # as ViTMatte has it
    onnx.save(model, host.folder / "refiner.onnx")
    with pytest.raises(Failed, match=r"ChannelCountError: .* takes a picture and a trimap .* matting_method"):
        host.run("ImageSegmentationAuto", model="refiner.onnx", images=disc[0], alpha_matting="false")

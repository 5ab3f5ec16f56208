"""What is sent to the page after a run: small pictures of the first frame and one line of state."""

import base64
import io
import re
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from support import make_red_model

PLAIN = {"mean_r": 0.0, "mean_g": 0.0, "mean_b": 0.0, "width": 64, "height": 64}
EVENT = "onnx_segmentation.preview"


def decode(url):
    kind, _, data = url.partition(",")
    assert kind == "data:image/png;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


@pytest.fixture
def page(host, monkeypatch):
    """A ComfyUI server on which a page waits; what it is sent, as (event, data, page)."""
    sent = []
    instance = SimpleNamespace(
        client_id="page",
        send_sync=lambda *message: sent.append(message),
        send_progress_text=lambda *message: sent.append(message),
    )
    server = ModuleType("server")
    server.PromptServer = SimpleNamespace(instance=instance)
    monkeypatch.setitem(sys.modules, "server", server)
    make_red_model(host.folder / "red.onnx")
    return SimpleNamespace(sent=sent, server=instance)


def disc(frames=1, height=120, width=160):
    """A red disc on black, a second frame without it."""
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    red = ((y - height / 2) ** 2 + (x - width / 2) ** 2 < (height / 3) ** 2).float()
    images = torch.zeros(frames, height, width, 3)
    images[0, ..., 0] = red
    return images


def previews(page):
    return [data for event, data, *_ in page.sent if event == EVENT]


@pytest.mark.parametrize(
    ("node", "numbers"),
    [
        ("ImageSegmentationCustomAdvanced", PLAIN),
        ("ImageSegmentationCustom", {"mean": 0.0, "size": 64}),
        ("ImageSegmentationAuto", {}),
    ],
)
def test_each_node_shows_what_it_made(host, page, node, numbers):
    image, mask, *_ = host.run(node, images=disc(), model="red.onnx", alpha_matting="false", quality="rembg", **numbers)
    (data,) = previews(page)
    assert data["node"] == "1"
    assert data["state"].startswith("red.onnx · CPU · ") and re.search(r" · confidence (1|)\.\d\d$", data["state"])
    assert (data["state"], "1") in page.sent  # the line that was there before, too
    assert set(data["pictures"]) == {"cutout", "mask"}
    cutout, shown = decode(data["pictures"]["cutout"]), decode(data["pictures"]["mask"])
    assert (cutout.mode, cutout.size, shown.mode, shown.size) == ("RGBA", (160, 120), "L", (160, 120))
    assert np.array_equal(np.array(shown), (mask[0] * 255).round().byte().numpy())  # smaller than 320: not resized
    assert np.array_equal(np.array(cutout), (image[0] * 255).round().byte().numpy())


def test_the_named_models_node_too(host, page, monkeypatch):
    monkeypatch.setenv("MODEL_CHECKSUM_DISABLED", "1")
    make_red_model(host.folder / "u2netp.onnx", (1, 3, 320, 320))
    host.run("ImageSegmentation", images=disc(), model="u2netp", alpha_matting="false")
    assert previews(page)[0]["state"].startswith("u2netp.onnx · CPU · ")


def test_a_loaded_model_that_is_applied_too(host, page):
    (session,) = host.run("ImageSegmentationModelLoader", model="red.onnx")
    host.run("ImageSegmentationApply", session=session, images=disc())
    assert set(previews(page)[0]["pictures"]) == {"cutout", "mask"}


def test_with_matting_the_trimap_too(host, page):
    values = {**PLAIN, "alpha_matting": "true", "alpha_matting_erode_size": 4}
    host.run("ImageSegmentationCustomAdvanced", images=disc(2), model="red.onnx", **values)
    (data,) = previews(page)
    trimap = np.array(decode(data["pictures"]["trimap"]))
    assert set(np.unique(trimap)) == {0, 128, 255}
    assert trimap[60, 80] == 255 and trimap[0, 0] == 0  # of the first frame: the second has no disc


def test_nothing_is_sent_where_no_page_waits(host, page):
    page.server.client_id = None
    host.run("ImageSegmentationCustomAdvanced", images=disc(), model="red.onnx", alpha_matting="false", **PLAIN)
    assert previews(page) == []


@pytest.mark.parametrize(
    ("size", "wanted"), [((2000, 3000), (320, 213)), ((900, 300), (107, 320)), ((5, 7), (7, 5)), ((1, 4000), (320, 1))]
)
def test_large_pictures_are_shrunk(pack, size, wanted):
    from onnx_segmentation.imaging.preview import data_url

    assert decode(data_url(torch.rand(*size))).size == wanted


def test_hidden_colours_do_not_bleed_into_the_edge(pack):
    """Green lies under alpha 0: shrinking must not mix it into the red beside it."""
    from onnx_segmentation.imaging.preview import data_url

    rgba = torch.zeros(640, 640, 4)
    rgba[:, :, 1] = 1
    rgba[:, 333:] = torch.tensor([1.0, 0, 0, 1])
    shown = np.array(decode(data_url(rgba)))
    assert shown.shape == (320, 320, 4)
    assert shown[..., 1][shown[..., 3] > 16].max() <= 2

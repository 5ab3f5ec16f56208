"""The made-up interfaces through the Auto node: the right mask, or a refusal in words."""

import numpy as np
import onnxruntime
import pytest
import torch
from hosts import Failed
from interfaces import INTERFACES
from zoo import GAIN

PLAIN = {"alpha_matting": "false", "quality": "rembg"}
KINDS = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(uint8)": np.uint8, "tensor(int8)": np.int8}
KINDS |= {"tensor(int32)": np.int32, "tensor(int64)": np.int64, "tensor(bool)": np.bool_}


@pytest.fixture(scope="module")
def picture():
    """A soft red disc in grey-green [1, 180, 240, 3]."""
    down, across = np.mgrid[-0.9:0.9:180j, -1.2:1.2:240j]
    red = 0.1 + 0.8 / (1 + np.exp((np.hypot(down, across) - 0.6) * 14))
    levels = np.rint(np.stack([red, np.full_like(red, 0.95), np.full_like(red, 0.4)], -1) * 255) / 255
    return torch.from_numpy(levels.astype(np.float32))[None]


def iou(mask, expected):
    ours, theirs = mask > 0.5, expected > 0.5
    return float((ours & theirs).sum() / (ours | theirs).sum())


@pytest.mark.parametrize("interface", INTERFACES, ids=lambda interface: interface.name)
def test_onnxruntime_runs_it(tmp_path, interface):
    session = onnxruntime.InferenceSession(interface.build(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"])
    free = 48 * 14 * 64 // 64 if "48" in interface.name or "14" in interface.name else 256
    feeds = {}
    for entry in session.get_inputs():
        states = entry.name[0] == "r" and entry.name[-1] == "i"
        shape = [side if isinstance(side, int) else 1 if states else free for side in entry.shape]
        feeds[entry.name] = np.ones(shape, KINDS[entry.type])
    session.run(None, feeds)


@pytest.mark.parametrize(
    "interface",
    [each for each in INTERFACES if not each.refused],
    ids=lambda each: each.name,
)
def test_the_right_mask(host, picture, interface):
    interface.build(host.folder / "model.onnx")
    _, mask, *_ = host.run("ImageSegmentationAuto", model="model.onnx", images=picture, **PLAIN)
    expected = torch.sigmoid((interface.gain or GAIN) * (picture[..., 0] - 0.5))
    assert iou(mask, expected) >= 0.98
    if interface.gain:
        assert (mask - expected).abs().max() < 0.06


@pytest.mark.parametrize("interface", [each for each in INTERFACES if each.refused], ids=lambda each: each.name)
def test_no_mask_is_refused_in_words(host, picture, interface):
    interface.build(host.folder / "model.onnx")
    with pytest.raises(Failed, match=f"(?i)({interface.refused})") as failed:
        host.run("ImageSegmentationAuto", model="model.onnx", images=picture, **PLAIN)
    assert "Error: " in str(failed.value)

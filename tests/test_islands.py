"""Unknown pixels far apart are solved side by side; nobody sees a difference, and a cancel is heard."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import skimage.data
import torch
from onnx_segmentation.errors import ConvergenceError
from onnx_segmentation.imaging.opencv import find_cv2
from onnx_segmentation.matting.closed_form import solve as closed_form
from onnx_segmentation.matting.closed_form.islands import islands
from onnx_segmentation.matting.closed_form.solve import estimate_alpha
from svd_reference import solve

pytestmark = pytest.mark.usefixtures("each_solver")
GROUP = 60
CENTRES = ((35, 35), (40, 120), (120, 45), (115, 125))


@pytest.fixture(autouse=True)
def _small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closed_form, "GROUP", GROUP)
    monkeypatch.setattr(closed_form, "COMPILED_GROUP", GROUP)


def rings() -> tuple[torch.Tensor, torch.Tensor]:
    """A photo, float32 [160, 160, 3], and a trimap with a ring of unknown pixels around four discs."""
    down, across = np.mgrid[:160, :160]
    distance = np.min([np.hypot(down - y, across - x) for y, x in CENTRES], axis=0)
    trimap = np.where(distance < 20, 1.0, np.where(distance > 28, 0.0, 0.5))
    picture = skimage.data.astronaut()[40:200, 140:300] / 255.0
    return torch.from_numpy(picture).float(), torch.from_numpy(trimap).float()


def test_groups_hold_every_unknown_pixel_once() -> None:
    unknown = rings()[1] == 0.5
    held = torch.zeros(unknown.shape, dtype=torch.int64)
    groups = list(islands(unknown, GROUP))
    for group in groups:
        held[group.rows, group.columns] += group.unknown.long()
    assert len(groups) == (4 if find_cv2() else 1)  # cv2 tells them apart
    assert torch.equal(held, unknown.long())


def test_every_pixel_lies_two_inside_its_crop() -> None:
    """Its windows reach that far, except where the picture ends."""
    for group in islands(rings()[1] == 0.5, GROUP):
        rows, columns = group.unknown.nonzero(as_tuple=True)
        assert group.rows.start == 0 or int(rows.min()) >= 2
        assert group.columns.start == 0 or int(columns.min()) >= 2
        assert int(rows.max()) + 2 < len(group.unknown) or group.rows.stop == 160
        assert int(columns.max()) + 2 < group.unknown.shape[1] or group.columns.stop == 160


@pytest.mark.parametrize("inference", [False, True])
def test_agrees_with_the_svd_built_system(inference: bool) -> None:
    image, trimap = rings()
    with torch.inference_mode(inference):
        alpha = estimate_alpha(image.clone(), trimap.clone())
    exact = solve(image.double().numpy(), trimap.double().numpy())
    assert np.abs(alpha.numpy() - exact).max() <= 2e-3


def test_a_cancel_is_heard_in_the_callers_thread() -> None:
    class Cancelled(Exception):
        pass

    asked: list[int] = []

    def stop() -> None:
        asked.append(threading.get_ident())
        raise Cancelled

    with pytest.raises(Cancelled):
        estimate_alpha(*rings(), raise_if_cancelled=stop)
    assert asked == [threading.get_ident()]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ThreadPool")]


def test_one_island_without_a_solution_is_an_error() -> None:
    with pytest.raises(ConvergenceError, match="1 iterations"):
        estimate_alpha(*rings(), tolerance=1e-12, max_iterations=1)

"""What people rely on: alpha is the solution of Levin's equations, always finite, in 0..1, and never a
surprise."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from onnx_segmentation.errors import ConvergenceError, MattingInputError, TrimapError
from onnx_segmentation.matting.closed_form import direct, multigrid
from onnx_segmentation.matting.closed_form import solve as closed_form
from onnx_segmentation.matting.closed_form.prior import Prior
from onnx_segmentation.matting.closed_form.solve import estimate_alpha
from PIL import Image
from scipy.ndimage import minimum_filter
from support import SHARED as DATA
from svd_reference import solve

pytestmark = pytest.mark.usefixtures("each_solver")
Array = NDArray[np.float64]
# Real photos with mattes, where the shared folder is there; scikit-image's astronaut always.
SHARED_PHOTOS = ["lemur", "comp_lemur_rocket", "comp_lemur_chelsea", "am2k_1", "p3m_a09f6d7a"] if DATA.is_dir() else []
PHOTOS = ["astronaut", *SHARED_PHOTOS]
COMPOSITES = ["comp_lemur_rocket", "comp_lemur_chelsea"] if DATA.is_dir() else []


def load(name: str) -> tuple[Array, Array]:
    if name == "astronaut":
        return astronaut()
    entry = {e["name"]: e for e in json.loads((DATA / "manifest.json").read_text())}[name]
    picture, matte = Image.open(DATA / entry["image"]).convert("RGB"), Image.open(DATA / entry["gt"]).convert("L")
    return np.array(picture) / 255.0, np.array(matte) / 255.0


def astronaut() -> tuple[Array, Array]:
    """A photo that a package ships, with a made-up matte: a soft disc about the head."""
    import skimage.data

    down, across = np.mgrid[:512, :512]
    return skimage.data.astronaut() / 255.0, np.clip((75 - np.hypot(down - 100, across - 225)) / 10, 0, 1)


def band(matte: Array, width: int) -> Array:
    subject, background = (minimum_filter(known, width, mode="nearest") for known in (matte > 0.94, matte < 0.08))
    return np.where(subject, 1.0, np.where(background, 0.0, 0.5))


def crop(name: str, size: int = 160) -> tuple[Array, Array]:
    """The window with most unknown pixels beside both kinds of known ones."""
    picture, matte = load(name)
    trimap = band(matte, 9)
    best = (-1.0, 0, 0)
    for y in range(0, trimap.shape[0] - size, 40):
        for x in range(0, trimap.shape[1] - size, 40):
            piece = trimap[y : y + size, x : x + size]
            if (piece == 0).mean() > 0.1 and (piece == 1).mean() > 0.1:
                best = max(best, (float((piece == 0.5).mean()), y, x))
    _, y, x = best
    return picture[y : y + size, x : x + size], trimap[y : y + size, x : x + size]


def ours(picture: Array, trimap: Array, prior: Prior | None = None) -> Array:
    image, hint = (
        torch.from_numpy(np.ascontiguousarray(picture)),
        torch.from_numpy(np.ascontiguousarray(trimap)),
    )
    alpha = estimate_alpha(image.float(), hint.float(), prior=prior)
    assert alpha.shape == hint.shape and alpha.dtype == torch.float32
    assert bool(torch.isfinite(alpha).all()) and float(alpha.min()) >= 0 and float(alpha.max()) <= 1
    return alpha.numpy().astype(np.float64)


def ramp_trimap(height: int = 64, width: int = 64) -> Array:
    trimap = np.full((height, width), 0.5)
    trimap[:, :8], trimap[:, -8:] = 0.0, 1.0
    return trimap


def scribbles(height: int, width: int) -> Array:
    trimap = np.full((height, width), 0.5)
    trimap[height // 4, width // 4 : width // 2] = 1.0
    trimap[3 * height // 4, width // 3 : 2 * width // 3] = 0.0
    return trimap


def flat_colours() -> Array:
    picture = np.full((64, 64, 3), (0.2, 0.4, 0.6))
    picture[:, 30:] = (0.7, 0.1, 0.3)
    return picture


def grey_ramp() -> Array:
    return np.repeat(np.tile(np.round(np.linspace(0, 255, 64)) / 255, (64, 1))[:, :, None], 3, 2)


CASES = {
    **{name: (*crop(name), 2e-3) for name in PHOTOS},
    "two flat colours": (flat_colours(), ramp_trimap(), 1e-3),
    "one flat colour": (np.full((64, 64, 3), 0.5), ramp_trimap(), 1e-3),
    "black": (np.zeros((64, 64, 3)), ramp_trimap(), 1e-3),
    "grey ramp": (grey_ramp(), ramp_trimap(), 1e-3),
    "grey ramp across": (grey_ramp().transpose(1, 0, 2), ramp_trimap(), 1e-3),
    "noise": (np.random.default_rng(0).random((64, 64, 3)), ramp_trimap(), 1e-3),
    "scribbles": (crop("astronaut", 96)[0], scribbles(96, 96), 1e-3),
}


@pytest.mark.parametrize("name", CASES)
def test_agrees_with_the_svd_built_system(name: str, each_solver: str) -> None:
    picture, trimap, tolerance = CASES[name]
    share = 1 if each_solver == "torch" else 0.1
    assert np.abs(ours(picture, trimap) - solve(picture, trimap)).max() <= tolerance * share


@pytest.mark.parametrize("name", ["astronaut", "two flat colours", "scribbles"])
def test_a_prior_draws_alpha(name: str) -> None:
    """Weights from none at all to more than the Laplacian's own."""
    picture, trimap, tolerance = CASES[name]
    likely = np.tile(np.linspace(0, 1, trimap.shape[1]), (len(trimap), 1))
    weight = np.linspace(-1, 2, len(trimap))[:, None].clip(0) * np.ones_like(trimap)
    prior = Prior(*(torch.from_numpy(values).float() for values in (likely, weight)))
    exact = solve(picture, trimap, (likely, weight))
    assert np.abs(exact - solve(picture, trimap)).max() > 0.1
    assert np.abs(ours(picture, trimap, prior) - exact).max() <= tolerance


def test_each_frame_has_its_prior() -> None:
    picture, trimap, _ = CASES["noise"]
    image, hint = torch.from_numpy(picture).float(), torch.from_numpy(trimap).float()
    images, hints, weight = torch.stack([image, image]), torch.stack([hint, hint]), torch.full((2, 64, 64), 0.5)
    likely = torch.stack([torch.zeros(64, 64), torch.ones(64, 64)])
    together = closed_form._solve_frames(images, hints, Prior(likely, weight).planes(hints), 3e-6, 300, lambda: None)
    for frame, value in zip(together, likely, strict=True):
        alone = estimate_alpha(image, hint, prior=Prior(value, weight[0]))
        assert (frame - alone).abs().max() <= 2e-3
    assert (together[0] - together[1]).abs().max() > 0.1


def test_a_prior_without_a_window_is_alpha() -> None:
    hint, likely = torch.full((2, 20), 0.5), torch.full((2, 20), 0.7)
    weight = torch.zeros(2, 20)
    weight[:, :5] = 1
    alpha = estimate_alpha(torch.zeros(2, 20, 3), hint, prior=Prior(likely, weight))
    torch.testing.assert_close(alpha, torch.where(weight > 0, likely, hint))


@pytest.mark.parametrize(
    ("alpha", "weight"),
    [
        (torch.full((9, 9), 1.5), torch.ones(9, 9)),
        (torch.full((9, 9), 0.5), torch.full((9, 9), -1.0)),
        (torch.full((9, 9), 0.5), torch.full((9, 9), torch.inf)),
        (torch.full((9, 9), torch.nan), torch.ones(9, 9)),
        (torch.full((9, 9), 0.5), torch.ones(9, 8)),
        (torch.ones(9, 9, dtype=torch.uint8), torch.ones(9, 9)),
        (torch.full((9, 8), 0.5), torch.ones(9, 8)),
    ],
)
def test_refuses_what_is_no_prior(alpha: torch.Tensor, weight: torch.Tensor) -> None:
    trimap = torch.full((9, 9), 0.5)
    trimap[0], trimap[-1] = 0.0, 1.0
    with pytest.raises(MattingInputError, match="prior"):
        estimate_alpha(torch.zeros(9, 9, 3), trimap, prior=Prior(alpha, weight))


@pytest.mark.parametrize("name", PHOTOS)
def test_agrees_with_pymatting_where_pymatting_is_right(name: str) -> None:
    pymatting = pytest.importorskip("pymatting")
    picture, trimap = crop(name)
    mine, theirs, exact = (
        ours(picture, trimap),
        pymatting.estimate_alpha_cf(picture, trimap),
        solve(picture, trimap),
    )
    far = np.abs(mine - theirs) > 1 / 255
    assert (np.abs(theirs - exact)[far] > np.abs(mine - exact)[far]).all()


@pytest.mark.parametrize("name", COMPOSITES)
def test_error_against_known_alpha_is_pymattings(name: str) -> None:
    pymatting = pytest.importorskip("pymatting")
    picture, matte = load(name)
    trimap = band(matte, 15)
    mine = np.abs(ours(picture, trimap) - matte).mean()
    theirs = np.abs(pymatting.estimate_alpha_cf(picture, trimap) - matte).mean()
    assert round(mine, 4) <= round(theirs, 4)


@pytest.mark.parametrize("shape", [(3, 3), (3, 9), (9, 3), (5, 6), (17, 33)])
def test_small_pictures_agree(shape: tuple[int, int]) -> None:
    trimap = np.full(shape, 0.5)
    trimap[0, 0], trimap[-1, -1] = 1.0, 0.0
    grey = np.full((*shape, 3), 0.5)
    assert np.abs(ours(grey, trimap) - solve(grey, trimap)).max() <= 1e-3
    # Two known pixels do not determine four colour coefficients: on noise only eps decides, so only the range
    # is certain.
    ours(np.random.default_rng(1).random((*shape, 3)), trimap)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (2, 20), (20, 2)])
def test_pictures_without_a_window_keep_the_trimap(shape: tuple[int, int]) -> None:
    trimap = np.full(shape, 0.5)
    np.testing.assert_array_equal(ours(np.zeros((*shape, 3)), trimap), trimap)


def test_islands_and_borders() -> None:
    rng = np.random.default_rng(2)
    picture = rng.random((50, 70, 3))
    trimap = rng.choice([0.0, 0.5, 1.0], (50, 70), p=[0.4, 0.3, 0.3])
    trimap[[0, -1]] = 0.5
    trimap[:, [0, -1]] = 0.5
    assert np.abs(ours(picture, trimap) - solve(picture, trimap)).max() <= 1e-3


def test_one_unknown_pixel() -> None:
    trimap = np.zeros((9, 9))
    trimap[:, 5:], trimap[4, 4] = 1.0, 0.5
    picture = np.random.default_rng(3).random((9, 9, 3))
    assert np.abs(ours(picture, trimap) - solve(picture, trimap)).max() <= 1e-5


def test_nothing_unknown_is_returned_as_it_is() -> None:
    trimap = np.zeros((9, 9))
    trimap[3:] = 1.0
    np.testing.assert_array_equal(ours(np.zeros((9, 9, 3)), trimap), trimap)


@pytest.mark.parametrize("known", [[], [0.0], [1.0]])
def test_a_trimap_needs_both_sides(known: list[float]) -> None:
    trimap = torch.full((9, 9), 0.5)
    for k, value in enumerate(known):
        trimap[k] = value
    with pytest.raises(TrimapError, match="definite"):
        estimate_alpha(torch.zeros(9, 9, 3), trimap)


@pytest.mark.parametrize(
    ("image", "trimap"),
    [
        (torch.full((9, 9, 3), torch.nan), torch.zeros(9, 9)),
        (torch.zeros(9, 9, 3), torch.full((9, 9), torch.inf)),
        (torch.zeros(9, 9, 4), torch.zeros(9, 9)),
        (torch.zeros(9, 9, 3), torch.zeros(8, 9)),
        (torch.zeros(9, 9, 3, dtype=torch.uint8), torch.zeros(9, 9)),
    ],
)
def test_refuses_what_is_no_picture(image: torch.Tensor, trimap: torch.Tensor) -> None:
    with pytest.raises(MattingInputError):
        estimate_alpha(image, trimap)


def test_a_batch_is_its_frames() -> None:
    picture, trimap, _ = CASES["noise"]
    image, hint = torch.from_numpy(picture).float(), torch.from_numpy(trimap).float()
    both = estimate_alpha(torch.stack([image, image.flip(0)]), torch.stack([hint, hint]))
    torch.testing.assert_close(both[0], estimate_alpha(image, hint))
    assert both.shape == (2, 64, 64)


def test_frames_solved_as_one_system_are_those_solved_alone() -> None:
    """What a GPU does with a batch: unknown pixels reach the frames' edges, and no window spans two frames."""
    picture, trimap, _ = CASES["astronaut"]
    image, hint = torch.from_numpy(np.ascontiguousarray(picture)).float(), torch.from_numpy(trimap.copy()).float()
    hint[:, 60:90] = 0.5
    images, hints = torch.stack([image, image.flip(0), image]), torch.stack([hint, hint.flip(0), hint.round()])
    together = closed_form._solve_frames(images, hints, None, 3e-6, 300, lambda: None)
    assert (together - estimate_alpha(images, hints)).abs().max() <= 2e-3


def test_running_out_of_iterations_is_an_error() -> None:
    picture, trimap, _ = CASES["astronaut"]
    with pytest.raises(ConvergenceError, match="1 iterations"):
        estimate_alpha(
            torch.from_numpy(picture).float(), torch.from_numpy(trimap).float(), tolerance=1e-12, max_iterations=1
        )


def test_should_stop_passes_through() -> None:
    class Cancelled(Exception):
        pass

    def stop() -> None:
        raise Cancelled

    picture, trimap, _ = CASES["astronaut"]
    with pytest.raises(Cancelled):
        estimate_alpha(torch.from_numpy(picture).float(), torch.from_numpy(trimap).float(), raise_if_cancelled=stop)


def test_the_device_path_agrees(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a GPU runs instead of SuperLU, here on the CPU, with enough levels to use every coarse product."""
    monkeypatch.setattr(multigrid, "direct_solver", direct.dense_solver)
    monkeypatch.setattr(multigrid, "DIRECT_SIZE", 100)
    picture, trimap, tolerance = CASES["astronaut"]
    assert np.abs(ours(picture, trimap) - solve(picture, trimap)).max() <= tolerance


@pytest.mark.parametrize("solver", [direct.superlu_solver, direct.dense_solver])
def test_equations_that_cannot_be_solved_are_said(solver):
    """Values near the end of float32 make them."""
    starts, columns = torch.tensor([0, 2, 4]), torch.tensor([0, 1, 0, 1])
    shift = torch.tensor(-direct.SHIFT, dtype=torch.float64)
    with pytest.raises(ConvergenceError, match=r"cannot be solved \(.*singular.*values in 0\.\.1"):
        solver(starts, columns.int(), torch.stack([shift, 0 * shift, 0 * shift, shift]))

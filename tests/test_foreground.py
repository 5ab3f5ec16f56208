"""Foreground colours against pymatting 1.1.16, and against what must come out where its float32 fails it."""

import itertools
import json
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from onnx_segmentation.kernel_cache import kernels
from onnx_segmentation.matting.foreground import compiled, estimate_foreground
from onnx_segmentation.matting.foreground.tiles import pyramid
from PIL import Image
from skimage import data
from support import SHARED

pymatting = pytest.importorskip("pymatting")
LEVEL = 1 / 255


@pytest.fixture(params=["compiled", "torch"], autouse=True)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every test runs by the compiled kernels and in torch, the GPU's engine, on the CPU."""
    if request.param == "torch":
        monkeypatch.setattr(kernels, "find", lambda *_: None)
    elif kernels.find("foreground", wait=True) is None:
        pytest.skip("numba is not installed")
    return str(request.param)


def ours(image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    result = estimate_foreground(torch.from_numpy(image), torch.from_numpy(alpha))
    assert result.shape == image.shape and result.dtype == torch.float32
    assert torch.isfinite(result).all() and result.min() >= 0 and result.max() <= 1
    return result.numpy()


def assert_as_pymatting(image: np.ndarray, alpha: np.ndarray) -> None:
    expected = pymatting.estimate_foreground_ml(image, alpha)
    assert np.abs(ours(image, alpha) - expected)[alpha > 0].max(initial=0) <= LEVEL


def mattes() -> list[tuple[str, str]]:
    if not (SHARED / "manifest.json").exists():
        return []
    entries = json.loads((SHARED / "manifest.json").read_text())
    return [(e["image"], m) for e in entries for m in ([e["gt"]] if "gt" in e else e["golden"].values())]


@pytest.mark.parametrize(("photo", "matte"), mattes())
def test_photos(photo: str, matte: str) -> None:
    image = np.asarray(Image.open(SHARED / photo).convert("RGB"), np.float32) / 255
    mask = Image.open(SHARED / matte)
    grey = mask.getchannel("A") if mask.mode == "RGBA" else mask.convert("L")
    assert_as_pymatting(image, np.asarray(grey, np.float32) / 255)


def astronaut(height: int = 300, width: int = 401) -> np.ndarray:
    return np.ascontiguousarray(data.astronaut()[:height, :width].astype(np.float32) / 255)


def alphas() -> dict[str, np.ndarray]:
    random, (y, x) = np.random.default_rng(0), np.mgrid[:300, :401]
    noise = random.random((300, 401))
    discs = {f"disc {w}": np.clip((105 - np.hypot(y - 150, x - 200)) / w + 0.5, 0, 1) for w in (2, 20, 120)}
    hair = {"hair": np.where(random.random((300, 401)) < 0.03, noise, 0), "noise": noise}
    ramps = {"ramp": x / 401 * 0.98 + 0.01, "diagonal": (x + y) / 701, "faint": np.full((300, 401), 0.004)}
    hard = {"all 0": np.zeros((300, 401)), "all 1": np.ones((300, 401)), "binary": (noise > 0.5) * 1.0}
    return {name: a.astype(np.float32) for name, a in (discs | hair | ramps | hard).items()}


@pytest.mark.parametrize("name", alphas())
def test_synthetic(name: str) -> None:
    assert_as_pymatting(astronaut(), alphas()[name])


@pytest.mark.parametrize("name", ["noise", "ramp", "diagonal", "faint", "disc 2", "disc 20", "disc 120", "hair"])
def test_kernels_are_pymatting_bit_for_bit(engine: str, name: str) -> None:
    """Where alpha is soft; where it is 1, far from the edge, the photo stays.

    The coarsest level's one pixel is its own neighbour: were it soft, its determinant would cancel in pymatting.
    """
    if engine == "torch":
        pytest.skip("torch rounds in another order")
    image, alpha = astronaut(), alphas()[name]
    alpha[0, 0] = 0
    soft = (alpha > 0) & (alpha < 1)
    assert np.array_equal(ours(image, alpha)[soft], pymatting.estimate_foreground_ml(image, alpha)[soft])


class Cancelled(Exception):
    pass


def test_it_can_be_cancelled_at_every_band() -> None:
    image, alpha = torch.from_numpy(astronaut()), torch.from_numpy(alphas()["noise"])
    asked = list[None]()
    whole = estimate_foreground(image, alpha, lambda: asked.append(None))
    assert len(asked) >= len(pyramid(*alpha.shape))
    for last in (1, len(asked)):
        count = itertools.count(1)

        def stop(last: int = last, count: Iterator[int] = count) -> None:
            if next(count) == last:
                raise Cancelled

        with pytest.raises(Cancelled):
            estimate_foreground(image, alpha, stop)
    assert torch.equal(estimate_foreground(image, alpha), whole)


def test_a_large_level_is_swept_in_bands(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And their number changes nothing."""
    if engine == "torch":
        pytest.skip("torch asks between tiles")
    image, alpha = torch.from_numpy(astronaut()), torch.from_numpy(alphas()["noise"])
    whole, asked = estimate_foreground(image, alpha), list[None]()
    monkeypatch.setattr(compiled, "BAND", 401 * 10)
    assert torch.equal(estimate_foreground(image, alpha, lambda: asked.append(None)), whole)
    assert len(asked) >= 300 // 11


def test_alpha_out_of_range_is_taken_as_the_nearest_in_it() -> None:
    image, alpha = astronaut(), alphas()["disc 20"]
    assert np.array_equal(ours(image, alpha * 1e9 - 1e8), ours(image, (alpha * 1e9 - 1e8).clip(0, 1)))


@pytest.mark.parametrize("brightest", [1.5, 1e38])
def test_colours_out_of_range_are_taken_as_the_nearest_in_it(brightest: float) -> None:
    image, alpha = astronaut() * brightest, alphas()["disc 20"]
    assert np.array_equal(ours(image, alpha), ours(image.clip(0, 1), alpha))
    assert np.array_equal(ours(image.astype(np.float64), alpha), ours(image.clip(0, 1), alpha))


@pytest.mark.parametrize("form", ["grad", "transposed", "float16", "float64", "strided", "inference"])
def test_tensors_of_any_type_and_layout(form: str) -> None:
    """As floats in a row, and no gradient goes through."""
    image, alpha = (torch.from_numpy(each).half() for each in (astronaut(), alphas()["disc 20"]))
    whole = estimate_foreground(image.float(), alpha.float())
    with torch.inference_mode(form == "inference"):
        convert = {
            "grad": lambda each: each.float().requires_grad_(),
            "transposed": lambda each: each.transpose(0, 1).contiguous().transpose(0, 1),
            "float64": lambda each: each.double(),
            "strided": lambda each: torch.stack([each, each], -1)[..., 0],
        }.get(form, lambda each: each.clone())
        result = estimate_foreground(convert(image), convert(alpha))
    assert torch.equal(result, whole) and not result.requires_grad


@pytest.mark.parametrize("size", [(1, 2), (1, 77), (77, 1), (2, 300), (3, 3), (33, 32), (129, 67), (31, 400)])
def test_sizes(size: tuple[int, int]) -> None:
    alpha = np.random.default_rng(1).random(size).astype(np.float32)
    assert_as_pymatting(astronaut(*size), alpha)


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_one_pixel(value: float) -> None:
    # pymatting divides by zero levels here
    ours(astronaut(1, 1), np.full((1, 1), value, np.float32))


def test_constant_alpha_explains_the_photo() -> None:
    # No gradient pulls F and B apart: both are the photo. pymatting's float32 is 10/255 off.
    image = astronaut()
    assert np.abs(ours(image, np.full(image.shape[:2], 0.5, np.float32)) - image).max() <= 0.1 * LEVEL


def in_float64(image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """pymatting 1.1.16's loops in float64: its float32 determinant cancels where alpha is soft and flat."""
    means = [image[clear].sum(0) / (clear.sum() + 1e-5) for clear in (alpha > 0.9, alpha < 0.1)]
    colours = np.array(means, np.float64).reshape(1, 1, 2, 3)
    for level in pyramid(*alpha.shape):
        h, w = level.height, level.width
        y, x = (np.arange(n) for n in (h, w))
        at = np.ix_(y * alpha.shape[0] // h, x * alpha.shape[1] // w)
        colours = colours[np.ix_(y * colours.shape[0] // h, x * colours.shape[1] // w)]
        photo, matte = image[at].astype(np.float64), alpha[at].astype(np.float64)
        for row, column in [(row, column) for _ in range(level.sweeps) for row in y for column in x]:
            a = np.array([matte[row, column], 1 - matte[row, column]])
            system, right = np.outer(a, a), a[:, None] * photo[row, column]
            for dy, dx in ((0, -1), (0, 1), (-1, 0), (1, 0)):
                other = np.clip(row + dy, 0, h - 1), np.clip(column + dx, 0, w - 1)
                weight = 1e-5 + abs(matte[row, column] - matte[other])
                system, right = system + weight * np.eye(2), right + weight * colours[other]
            colours[row, column] = np.linalg.solve(system, right).clip(0, 1)
    return colours[:, :, 0]


@pytest.mark.parametrize("name", ["constant", "waves"])
def test_where_float32_fails_pymatting(name: str) -> None:
    # Compared with its loops in float64: its float32 is 9/255 off on this crop at a constant 0.5, 1/255 on the waves.
    y, x = np.mgrid[:37, :52]
    waves = 0.5 + 0.001 * np.sin(x / 5) * np.cos(y / 7)
    alpha = (waves if name == "waves" else np.full((37, 52), 0.5)).astype(np.float32)
    image = np.ascontiguousarray(astronaut()[60:97, 180:232])
    assert np.abs(ours(image, alpha) - in_float64(image, alpha)).max() <= LEVEL


@pytest.mark.parametrize("seed", range(20))
def test_random_sizes(seed: int) -> None:
    # Blobs of soft pixels anywhere, cut by the edges, in images of any shape.
    random = np.random.default_rng(seed)
    size = random.integers(1, 260, 2)
    size[0] += size.sum() == 2
    y, x = np.mgrid[: size[0], : size[1]]
    alpha = np.zeros(size, np.float32)
    for _ in range(random.integers(1, 4)):
        centre, radius, soft = random.random(2) * size, random.random() * size.max() / 2, random.choice([2, 9, 40])
        disc = (radius - np.hypot(y - centre[0], x - centre[1])) / soft + 0.5
        alpha = np.maximum(alpha, disc.clip(0, 1).astype(np.float32))
    assert_as_pymatting(astronaut(*size), alpha)


def test_nothing_to_estimate_is_the_photo() -> None:
    image = astronaut()
    for value in (0, 1):
        assert np.array_equal(ours(image, np.full(image.shape[:2], value, np.float32)), image)


def test_batch_is_frame_by_frame() -> None:
    image, every = torch.from_numpy(astronaut()), alphas()
    alpha = torch.from_numpy(np.stack([every["disc 20"], every["all 1"], every["noise"]]))
    batch = estimate_foreground(image.expand(3, -1, -1, -1), alpha)
    for got, matte in zip(batch, alpha, strict=True):
        assert (got - estimate_foreground(image, matte))[matte > 0].abs().max() <= 0.25 * LEVEL


@pytest.mark.parametrize("shapes", [((4, 4, 4), (4, 4)), ((4, 4, 3), (4, 5)), ((0, 4, 3), (0, 4))])
def test_shapes_that_do_not_fit(shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        estimate_foreground(torch.zeros(shapes[0]), torch.zeros(shapes[1]))


def test_nan_is_refused() -> None:
    with pytest.raises(ValueError, match="NaN"):
        estimate_foreground(torch.full((4, 4, 3), torch.nan), torch.ones(4, 4))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_cuda_agrees_with_the_cpu() -> None:
    image, alpha = torch.from_numpy(astronaut()), torch.from_numpy(alphas()["hair"])
    gpu = torch.device("cuda")
    result = estimate_foreground(image.to(gpu), alpha.to(gpu))
    assert result.is_cuda
    assert (result.cpu() - estimate_foreground(image, alpha))[alpha > 0].abs().max() <= 0.1 * LEVEL

"""Every matting method by the one door: batches, tensors of any kind, pictures of a few pixels."""

import warnings

import pytest
import torch
from onnx_segmentation.errors import ConvergenceError, MattingInputError
from onnx_segmentation.matting.methods import available_methods, estimate_alpha


def disc(height, width):
    down, across = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij")
    red = ((0.6 - torch.hypot(down, across)) * 4 + 0.5).clamp(0, 1)
    trimap = torch.where(red > 0.8, 1.0, torch.where(red < 0.2, 0.0, 0.5))
    noise = 0.1 * torch.rand(height, width, 3, generator=torch.Generator().manual_seed(1))
    return 0.9 * torch.stack([red, 0.2 + 0 * red, 0.3 + 0 * red], -1) + noise, trimap


@pytest.fixture(params=available_methods())
def method(request):
    return request.param


def test_a_batch_is_its_pictures(method):
    """Our own solver may stack frames; every other method has them one by one."""
    image, trimap = disc(44, 48)
    alone = estimate_alpha(image, trimap, method), estimate_alpha(image.flip(1), trimap.flip(1), method)
    batch = estimate_alpha(torch.stack([image, image.flip(1)]), torch.stack([trimap, trimap.flip(1)]), method)
    assert torch.allclose(batch, torch.stack(alone), atol=2e-3)
    assert batch.dtype == torch.float32 and batch.min() >= 0 and batch.max() <= 1


def test_gradients_and_values_a_little_outside(method):
    image, trimap = disc(44, 48)
    expected = estimate_alpha(image, trimap, method)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = estimate_alpha(image.clone().requires_grad_(), trimap.clone().requires_grad_(), method)
        estimate_alpha(image * 1.01 - 0.005, trimap, method)
    assert torch.equal(result, expected) and not result.requires_grad


@pytest.mark.parametrize(
    ("image", "trimap"),
    [((20, 24, 4), (20, 24)), ((20, 24, 3), (20, 25)), ((2, 20, 24, 3), (20, 24)), ((2, 20, 24, 3), (3, 20, 24))],
)
def test_what_does_not_fit_is_refused(method, image, trimap):
    with pytest.raises(MattingInputError):
        estimate_alpha(torch.rand(image), torch.zeros(trimap), method)
    with pytest.raises(MattingInputError, match="uint8"):
        estimate_alpha(torch.zeros(20, 24, 3, dtype=torch.uint8), torch.zeros(20, 24), method)
    with pytest.raises(MattingInputError, match="NaN"):
        estimate_alpha(torch.full((20, 24, 3), torch.nan), torch.zeros(20, 24), method)


@pytest.mark.parametrize("size", [(1, 3), (3, 1), (2, 2), (3, 5), (1, 40)])
def test_pictures_of_a_few_pixels(method, size):
    """Alpha, or an error that the pipeline knows: then the frame keeps its mask."""
    trimap = torch.full(size, 0.5)
    trimap.view(-1)[0], trimap.view(-1)[-1] = 0.0, 1.0
    try:
        alpha = estimate_alpha(torch.rand(*size, 3), trimap, method)
    except ConvergenceError as error:
        assert method in str(error) and f"{size[1]} x {size[0]}" in str(error)
    else:
        assert alpha.shape == size and bool(alpha.isfinite().all())

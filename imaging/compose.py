"""Results are allocated once and filled frame by frame."""

import numpy as np
import torch
from torch import Tensor


def empty(*shape: int) -> Tensor:
    """Uninitialised float32 on the CPU, through numpy, which asks the kernel for huge pages."""
    return torch.from_numpy(np.empty(shape, np.float32))


def write_frame(rgba: Tensor, mask: Tensor, colours: Tensor, alpha: Tensor) -> None:
    """Fill one frame of the results, RGBA [H, W, 4] and mask [H, W], from colours [H, W, 3] and alpha [H, W].

    cv2 rather than torch: right after a run of the model, filling fresh memory took torch's threads several times as
    long (benchmarks/RESULTS.md).
    """
    import cv2

    target = rgba.numpy()
    cv2.cvtColor(colours.contiguous().numpy(), cv2.COLOR_RGB2RGBA, dst=target)
    target[..., 3] = mask.numpy()[:] = alpha.numpy()

"""Where the pixels of a frame were in the frame before: by cv2's dense optical flow; nowhere without cv2.

Source: Kroeger, Timofte, Dai and Van Gool, "Fast Optical Flow using Dense Inverse Search", ECCV 2016.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import grid_sample, interpolate

from .opencv import find_cv2

LONGEST = 640  # pixels of the frames that the flow is looked for in


def find_flow(frame: Tensor, before: Tensor) -> Tensor | None:
    """Of two frames [H, W, 3] 0..1 on one device: [2, H, W], how many pixels to the right and down each was before.

    None without cv2. Small grey copies go to the CPU, whatever the device.
    """
    cv2 = find_cv2()
    if cv2 is None:
        return None
    height, width = frame.shape[:2]
    scale = min(1.0, LONGEST / max(height, width))
    size = max(round(height * scale), 16), max(round(width * scale), 16)
    now, then = (_small_grey(each, size) for each in (frame, before))
    found = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_FAST).calc(now, then, None)
    flow = torch.from_numpy(found).permute(2, 0, 1).to(frame.device)
    full = interpolate(flow[None], (height, width), mode="bilinear", align_corners=False)[0]
    return full * full.new_tensor([width / size[1], height / size[0]])[:, None, None]


def _small_grey(frame: Tensor, size: tuple[int, int]) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    grey = frame.mean(-1)[None, None]
    small = interpolate(grey, size, mode="bilinear", antialias=True)[0, 0]
    return (small * 255).round().clamp(0, 255).to(torch.uint8).cpu().numpy()


def moved(planes: Tensor, flow: Tensor) -> Tensor:
    """Planes [C, H, W] of the frame before, as they lie in the frame that the flow [2, H, W] is of; edges go on."""
    height, width = planes.shape[1:]
    across = (torch.arange(width, device=planes.device) + flow[0] + 0.5) * (2 / width) - 1
    down = (torch.arange(height, device=planes.device)[:, None] + flow[1] + 0.5) * (2 / height) - 1
    grid = torch.stack([across, down], -1)
    return grid_sample(planes[None], grid[None], "bilinear", "border", align_corners=False)[0]

"""Foreground colours against pymatting's estimate_foreground_ml: `python dev.py bench foreground [ROUNDS] [SIDES]`.

By the compiled kernels and by torch, as where numba is not installed. SIDES: in pixels, 1024,2048,3464 if not given.
"""

import sys

import cv2
import numpy as np
import torch
from pymatting import estimate_foreground_ml
from skimage import data

from tools.pack import load_pack

from .kernels import choose_kernels
from .timing import interleave, median_ms, print_header, ratio

SIDES = "1024,2048,3464"


def main() -> None:
    load_pack()
    from onnx_segmentation.matting.foreground import estimate_foreground, estimate_in_torch

    choose_kernels(libraries_alone=False)
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    print_header(__doc__ or "")
    sides = sys.argv[2] if len(sys.argv) > 2 else SIDES
    print(
        "| size | soft | kernels, ms | torch, ms | pymatting, ms | kernels faster | torch faster |\n" + "|---" * 7 + "|"
    )
    for side in map(int, sides.split(",")):
        for soft in (0.02, 0.15, 1.0):
            image, alpha = case(side, soft)
            tensors = torch.from_numpy(image), torch.from_numpy(alpha)
            runs = {
                "kernels": lambda pair=tensors: estimate_foreground(*pair),
                "torch": lambda pair=tensors: estimate_in_torch(pair[0][None], pair[1][None]),
                "pymatting": lambda pair=(image, alpha): estimate_foreground_ml(*pair),
            }
            times = interleave(runs, rounds)
            medians = " | ".join(f"{median_ms(times[who]):.0f}" for who in runs)
            faster = " | ".join(f"{ratio(times, 'pymatting', who):.2f} x" for who in ("kernels", "torch"))
            print(f"| {side} x {side} | {soft:.0%} | {medians} | {faster} |", flush=True)


def case(side: int, soft: float) -> tuple[np.ndarray, np.ndarray]:
    """A photo and a disc whose edge is soft on the given share of pixels; 1.0: a ramp, every pixel soft."""
    image = cv2.resize(data.astronaut(), (side, side), interpolation=cv2.INTER_CUBIC).astype(np.float32) / 255
    y, x = np.mgrid[:side, :side]
    width = soft / (2 * np.pi * 0.3)
    disc = np.clip((0.3 + width / 2 - np.hypot(y - side / 2, x - side / 2) / side) / width, 0, 1)
    return image, (disc if soft < 1 else 0.01 + 0.98 * x / side).astype(np.float32)


if __name__ == "__main__":
    main()

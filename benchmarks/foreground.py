"""Foreground colours against pymatting's estimate_foreground_ml: `python dev.py bench foreground [ROUNDS]`."""

import sys

import cv2
import numpy as np
import torch
from pymatting import estimate_foreground_ml
from skimage import data

from tools.pack import load_pack

from .timing import interleave, median_ms, print_header, ratio

SIDES = {"1 MP": 1024, "4 MP": 2048, "12 MP": 3464}


def main() -> None:
    load_pack()
    from onnx_segmentation.matting.foreground.estimate import estimate_foreground

    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    print_header(__doc__ or "")
    print("| size | soft | ours, ms | pymatting, ms | faster |\n|---|---|---|---|---|")
    for name, side in SIDES.items():
        for soft in (0.02, 0.15, 1.0):
            image, alpha = case(side, soft)
            tensors = torch.from_numpy(image), torch.from_numpy(alpha)
            runs = {
                "ours": lambda pair=tensors: estimate_foreground(*pair),
                "pymatting": lambda pair=(image, alpha): estimate_foreground_ml(*pair),
            }
            times = interleave(runs, rounds)
            medians = " | ".join(f"{median_ms(times[who]):.0f}" for who in runs)
            print(f"| {name} | {soft:.0%} | {medians} | {ratio(times, 'pymatting', 'ours'):.2f} x |", flush=True)


def case(side: int, soft: float) -> tuple[np.ndarray, np.ndarray]:
    """A photo and a disc whose edge is soft on the given share of pixels; 1.0: a ramp, every pixel soft."""
    image = cv2.resize(data.astronaut(), (side, side), interpolation=cv2.INTER_CUBIC).astype(np.float32) / 255
    y, x = np.mgrid[:side, :side]
    width = soft / (2 * np.pi * 0.3)
    disc = np.clip((0.3 + width / 2 - np.hypot(y - side / 2, x - side / 2) / side) / width, 0, 1)
    return image, (disc if soft < 1 else 0.01 + 0.98 * x / side).astype(np.float32)


if __name__ == "__main__":
    main()

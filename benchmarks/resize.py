"""Milliseconds of a resize: Pillow alone, our bands of its passes, our compiled kernels. All three give the same bits.

Lanczos, noise, from one size to another: down to a model's input in three colours, back up in one.
"""

from functools import partial

import numpy as np
from PIL import Image

from tools.pack import load_pack

from .kernels import choose_kernels
from .timing import interleave, median_ms, print_header, ratio

ROUNDS = 15
CASES = [
    ((512, 512, 3), (320, 320)),
    ((1024, 1024, 3), (320, 320)),
    ((3000, 4000, 3), (1024, 1024)),
    ((320, 320), (512, 512)),
    ((320, 320), (1024, 1024)),
    ((1024, 1024), (4000, 3000)),
]


def main() -> None:
    load_pack()
    choose_kernels(libraries_alone=False)
    print_header(__doc__ or "")
    print(f"{'':36s}{'Pillow':>9s}{'bands':>9s}{'kernels':>9s}{'x Pillow':>10s}{'x bands':>10s}")
    for shape, size in CASES:
        runs = contenders(np.random.default_rng(0).integers(0, 256, shape, np.uint8), size)
        times = interleave(runs, ROUNDS)
        figures = "".join(f"{median_ms(times[name]):9.1f}" for name in runs)
        faster = ratio(times, "Pillow", "kernels"), ratio(times, "bands", "kernels")
        print(f"{f'{shape} to {size}':36s}{figures}{faster[0]:10.1f}{faster[1]:10.1f}", flush=True)


def contenders(levels, size):
    from onnx_segmentation.imaging import resize
    from onnx_segmentation.kernel_cache import kernels

    height, width = levels.shape[:2]
    steps = resize.passes(height, width, size[1], size[0])
    by_passes = partial(resize._pass_by_pass, levels, steps, "lanczos")
    return {
        "Pillow": lambda: np.array(Image.fromarray(levels).resize(size, Image.Resampling.LANCZOS)),
        "bands": partial(by_passes, None),
        "kernels": partial(by_passes, kernels.find("resample")),
    }


if __name__ == "__main__":
    main()

"""Which way a CPU goes in a benchmark: with the loops that numba compiles, or without."""

import os


def choose_loops(libraries_alone: bool) -> None:
    """Load all loops, compiled in time also for the processes that this one starts; or keep them away from all."""
    from onnx_segmentation import caches, compiled
    from onnx_segmentation.kernels.load import MODULES

    if libraries_alone:
        os.environ[caches.VARIABLE] = ""
    for module in MODULES:
        compiled.loops.find(module, wait=True)

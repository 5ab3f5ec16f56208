"""Which way a CPU goes in a benchmark: with the kernels that numba compiles, or without."""

import os


def choose_kernels(libraries_alone: bool) -> None:
    """Load all kernels, compiled in time also for the processes that this one starts; or keep them away from all."""
    from onnx_segmentation import environment, kernel_cache
    from onnx_segmentation.kernels.load import MODULES

    if libraries_alone:
        os.environ[environment.CACHE.name] = ""
    for module in MODULES:
        kernel_cache.kernels.find(module, wait=True)

"""TensorRT's own libraries, which its package puts where no loader looks."""

import ctypes
import functools
import logging
import sys
from importlib.util import find_spec
from pathlib import Path

logger = logging.getLogger("onnx_segmentation")

PACKAGE = "tensorrt_libs"
# onnxruntime wants version 10 of each; the second needs the first.
ON_WINDOWS, ON_LINUX = ("nvinfer_10.dll", "nvonnxparser_10.dll"), ("libnvinfer.so.10", "libnvonnxparser.so.10")


@functools.cache
def load_libraries() -> bool:
    """Load those of the package `tensorrt-cu12` or `-cu13` into this process, where onnxruntime finds them by name.

    Whether it could be done; the system's own, if there are any, need none of it.
    """
    spec = find_spec(PACKAGE)
    folders = list(spec.submodule_search_locations or []) if spec else []
    try:
        for name in ON_WINDOWS if sys.platform == "win32" else ON_LINUX:
            ctypes.CDLL(str(Path(folders[0]) / name), mode=ctypes.RTLD_GLOBAL)
    except (IndexError, OSError) as error:
        logger.debug(f"TensorRT's package is not used: {error}")
        return False
    return True

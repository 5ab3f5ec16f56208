"""A convolution of our own on every provider that this onnxruntime lists: the smallest model that needs all of it."""

from base64 import b64decode
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ..plain_text import plain_error
from ..sessions.runtime.create import new_session, session_options
from ..sessions.runtime.device_errors import cause_of, what_to_do
from ..sessions.runtime.library import CPU, CUDA, failures, load_onnxruntime
from ..sessions.runtime.providers import this_machine, what_is_wrong
from ..sessions.runtime.remedies import TENSORRT, plain_name
from .lines import Line

# x [1, 3, h, w] float32 -> y [1, 1, h, w], the mean of 3 x 3 pixels and all channels; opset 13.
# tests/test_gpu_check.py makes it again.
MODEL = b64decode(
    "CAcSADraAQoiCgF4CgF3EgF5IgRDb252KhEKBHBhZHNAAUABQAFAAaABBxIFcHJvYmUqewgBCAMIAwgDEAFCAXdKbCa0Fz0mtBc9JrQXPSa0Fz0mtBc9"
    "JrQXPSa0Fz0mtBc9JrQXPSa0Fz0mtBc9JrQXPSa0Fz0mtBc9JrQXPSa0Fz0mtBc9JrQXPSa0Fz0mtBc9JrQXPSa0Fz0mtBc9JrQXPSa0Fz0mtBc9JrQX"
    "PVoXCgF4EhIKEAgBEgwKAggBCgIIAwoACgBiFwoBeRISChAIARIMCgIIAQoCCAEKAAoAQgQKABAN"
)
ALLOWED = 2e-3  # TF32 and half precision, which some providers take, are off by about a thousandth
ALWAYS_LISTED = (TENSORRT,)
"""onnxruntime lists it whether its libraries are there or not, and nobody needs it."""


def check_providers(path: Path) -> list[Line]:
    """A line for each. path: a file with `MODEL`."""
    return [_check(path, provider) for provider in load_onnxruntime().get_available_providers() if _can_be(provider)]


def _can_be(provider: str) -> bool:
    """CUDA's needs a card that torch sees."""
    return provider not in (CUDA, TENSORRT) or torch.cuda.is_available()


def _check(path: Path, provider: str) -> Line:
    step, name = f"convolution by {plain_name(provider)}", plain_name(provider)
    try:
        session = new_session(path, [provider] if provider == CPU else [provider, CPU], session_options())
        if provider not in session.get_providers():
            return Line(step, provider in ALWAYS_LISTED, f"{name} did not come: {what_is_wrong(provider)}")
        pixels = np.random.default_rng(1).random((1, 3, 40, 50), np.float32)
        (given,) = session.run(None, {"x": pixels})
    except failures() as error:
        cause = cause_of(error)
        remedy = what_to_do(cause, provider, this_machine()) if cause else what_is_wrong(provider)
        return Line(step, provider in ALWAYS_LISTED, f"{name} failed: {plain_error(error)}. {remedy}")
    off = float(np.abs(given - _mean(pixels)).max())
    return Line(step, off <= ALLOWED, "", off, ALLOWED)


def _mean(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    padded = np.pad(pixels.mean(1, keepdims=True), ((0, 0), (0, 0), (1, 1), (1, 1)))
    height, width = pixels.shape[2:]
    parts = [padded[..., y : y + height, x : x + width] for y in range(3) for x in range(3)]
    means: NDArray[np.float32] = np.mean(parts, 0)
    return means

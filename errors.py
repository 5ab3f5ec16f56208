"""What can go wrong, in words for the person at the graph.

    SegmentationError
    ├── ImageError            the picture given: empty batch, NaN, wrong shape
    ├── ContainerError        a mean, std or size that cannot be (also a ValueError)
    ├── ModelError
    │   ├── ModelNotFoundError    no such file
    │   ├── NotOnnxError          the file is something else, or only part of a model
    │   ├── ModelInputError       the model wants another size, rank, channel count or type
    │   └── ModelOutputError      what came out is no mask, or not finite
    ├── RuntimeMissingError   onnxruntime absent, empty or broken
    └── MattingError
        ├── TrimapError           no definite subject or no definite background
        ├── ConvergenceError      the solver ran out of iterations
        └── MethodMissingError    a matting method whose package is not installed

Each message says what was wrong, the value, what is allowed and what to do.
"""


class SegmentationError(Exception):
    """Base of every error that this package raises on purpose."""


class ImageError(SegmentationError):
    """The image cannot be segmented as it is."""


class ContainerError(SegmentationError, ValueError):
    """A normalization container with impossible values."""


class ModelError(SegmentationError):
    """The model file cannot be used."""


class ModelNotFoundError(ModelError):
    """There is no file at the model's path."""


class NotOnnxError(ModelError):
    """The file is not a whole ONNX model."""


class ModelInputError(ModelError):
    """The model takes another input than the container gives."""


class ModelOutputError(ModelError):
    """The model's output cannot be read as a mask."""


class RuntimeMissingError(SegmentationError):
    """onnxruntime cannot be used."""


class MattingError(SegmentationError):
    """Alpha matting cannot be done on this frame."""


class TrimapError(MattingError):
    """The trimap has no definite subject or no definite background."""


class ConvergenceError(MattingError):
    """The matting solver did not reach its tolerance."""


class MethodMissingError(MattingError):
    """The package behind a matting method is not installed."""

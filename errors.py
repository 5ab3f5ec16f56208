"""What can go wrong, in words for the person at the graph.

    SegmentationError
      - ImageError                the picture given: empty batch, NaN, wrong shape
      - ContainerError            a mean, std or size that cannot be (also a ValueError)
      - RecipeError               a recipe, or the file it was read from, that cannot be (also a ValueError)
      - CatalogError              an impossible entry of the catalogue (also a ValueError)
      - ModelError
          - ModelNotFoundError    no such file
          - NotOnnxError          the file is something else, or only part of a model
          - ChecksumError         the file of a named model is another one
          - DownloadError         the file of a named model cannot be fetched
          - RembgError            rembg's own session of a model cannot be used
          - ModelTooNewError      an opset or format that this onnxruntime does not know
          - CustomOperatorError   operators that no onnxruntime has by itself
          - ExternalDataError     weights in a second file that is missing, or lies outside the model's folder
          - ModelInputError       the model wants another size or type
              - SeveralInputsError    more than one input
              - ChannelCountError     another number of channels than three
              - NotAnImageModelError  the input is no picture
          - ModelMemoryError      no memory left for it, on the CPU and one frame at a time
          - DeviceError           what runs the model failed, not the model: a card, its driver, its libraries
          - ModelOutputError      what came out cannot be read as the recipe says
              - NoMaskError           no output looks like a mask
                  - OtherKindError    a detector, a depth estimator, an upscaler ...: no segmentation model
              - ConstantOutputError   the same value everywhere, whatever the picture
              - NotFiniteError        NaN or infinity
      - OptionsError              an option of the pipeline that cannot be (also a ValueError)
      - ColourError               a background colour that cannot be read (also a ValueError)
      - RuntimeMissingError       onnxruntime absent, empty or broken
      - ForkedError               used in a child of os.fork() after its parent used it
      - NotEnoughMemoryError      none left beside the model: for a picture, its matting, the results of a batch
          - DeviceMemoryError     none left on a GPU, whichever library found it out
      - InputsError               no such file or folder, no pictures in it, an output that would replace an input
      - PictureError              a file that cannot be read as a picture
      - ResultError               a form of result that cannot be (also a ValueError)
      - MattingError
          - MattingInputError     image, trimap or alpha of another shape or type, or with NaN (also a ValueError)
          - TrimapError           no definite subject or no definite background
          - ConvergenceError      the solver ran out of iterations
          - MethodMissingError    a matting method whose package is not installed

Each message says what was wrong, the value, what is allowed and what to do, in one plain line (`plain_text`).
"""

from typing import Any

from .plain_text import LINE, plain


class SegmentationError(Exception):
    """Base of every error that this package raises on purpose."""

    def __init__(self, message: object = "") -> None:
        super().__init__(plain(message, LINE))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled by its name in this module: `hide_module` changes what pickle would look it up by."""
        if globals().get(type(self).__name__) is not type(self):
            return (*super().__reduce__(),)  # somebody else's subclass
        return _rebuild, (type(self).__name__, self.args), self.__dict__ or None


class ImageError(SegmentationError):
    """The image cannot be segmented as it is."""


class ContainerError(SegmentationError, ValueError):
    """A normalization container with impossible values."""


class RecipeError(SegmentationError, ValueError):
    """A recipe with impossible values, or a recipe file that cannot be read."""


class CatalogError(SegmentationError, ValueError):
    """An entry of the catalogue with impossible values."""


class ModelError(SegmentationError):
    """The model file cannot be used."""


class ModelNotFoundError(ModelError):
    """There is no file at the model's path."""


class NotOnnxError(ModelError):
    """The file is not a whole ONNX model."""


class ChecksumError(ModelError):
    """The file of a named model has another checksum."""


class DownloadError(ModelError):
    """The file of a named model cannot be fetched."""


class RembgError(ModelError):
    """rembg's own session of a model cannot be used."""


class ModelTooNewError(ModelError):
    """The model was written for a newer onnxruntime."""


class CustomOperatorError(ModelError):
    """The model uses operators that onnxruntime does not have."""


class ExternalDataError(ModelError):
    """The model's weights lie in another file that cannot be used."""


class ModelInputError(ModelError):
    """The model takes another input than it would be given."""


class SeveralInputsError(ModelInputError):
    """The model takes more than one input."""


class ChannelCountError(ModelInputError):
    """The model takes another number of channels than three."""


class NotAnImageModelError(ModelInputError):
    """The model's input is no picture."""


class ModelMemoryError(ModelError):
    """Memory ran out while the model was loaded or run."""


class DeviceError(ModelError):
    """The device that runs the model failed, and nothing else could run it."""


class ModelOutputError(ModelError):
    """The model's output cannot be read as the recipe says."""


class NoMaskError(ModelOutputError):
    """No output of the model looks like a mask."""


class OtherKindError(NoMaskError):
    """The file is a model of another kind."""


class ConstantOutputError(ModelOutputError):
    """The model gives the same value everywhere."""


class NotFiniteError(ModelOutputError):
    """The model gives NaN or infinity."""


class OptionsError(SegmentationError, ValueError):
    """An option of the pipeline with an impossible value."""


class ColourError(SegmentationError, ValueError):
    """A colour that is none."""


class RuntimeMissingError(SegmentationError):
    """onnxruntime cannot be used."""


class ForkedError(SegmentationError):
    """The parent of this process has used what cannot be used on both sides of a fork."""


class NotEnoughMemoryError(SegmentationError):
    """Memory ran out, and not in the model."""


class DeviceMemoryError(NotEnoughMemoryError):
    """Memory of a GPU ran out."""


class InputsError(SegmentationError):
    """The inputs or the output folder cannot be used as given."""


class PictureError(SegmentationError):
    """The file cannot be read as a picture."""


class ResultError(SegmentationError, ValueError):
    """A form of result with impossible values."""


class MattingError(SegmentationError):
    """Alpha matting cannot be done on this frame."""


class MattingInputError(MattingError, ValueError):
    """Image, trimap or alpha cannot be matted as they are."""


class TrimapError(MattingError):
    """The trimap has no definite subject or no definite background."""


class ConvergenceError(MattingError):
    """The matting solver did not reach its tolerance."""


class MethodMissingError(MattingError):
    """The package behind a matting method is not installed."""


def _rebuild(name: str, arguments: tuple[Any, ...]) -> SegmentationError:
    error: SegmentationError = globals()[name](*arguments)
    return error


def hide_module() -> None:
    """Have our errors shown by their names alone: ComfyUI's page puts the module before the name, and both before the
    message, unless the module is that of Python's own errors."""
    for error in list(globals().values()):
        if isinstance(error, type) and issubclass(error, SegmentationError):
            error.__module__ = "builtins"

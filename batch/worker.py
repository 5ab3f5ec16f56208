"""One session, and the three steps of a picture: read, cut out, encode."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..callbacks import RaiseIfCancelled
from ..cutouts import cutout
from ..errors import InputsError
from ..imaging.convert import to_levels, to_values
from ..pictures.read import BeforeDecoding, Dpi, Picture, read_picture
from ..pictures.write import encode
from ..sessions.runtime.library import CPU, CUDA
from ..sessions.runtime.providers import plain_name, why_not
from ..sessions.session import CustomSession
from .job import Job
from .measures import Measures, measure
from .warnings_kept import keep_warnings


@dataclass(frozen=True)
class CutPicture:
    """rgba: straight, [H, W, 4] uint8. The rest as in `Picture` and `Outcome`."""

    rgba: NDArray[np.uint8]
    icc: bytes | None
    dpi: Dpi | None
    confidence: float
    measures: Measures
    notes: tuple[str, ...]


class Worker:
    """Threads may share it. Raises what `CustomSession` raises, and InputsError if the provider that was asked for did
    not come."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self._session = CustomSession(job.model, job.recipe, provider=job.provider)
        check_provider(job, self._session.provider)

    def read(self, source: str | bytes, before_decoding: BeforeDecoding | None = None) -> Picture:
        """A path or a file's bytes; raises as `read_picture` does."""
        file = source if isinstance(source, bytes) else Path(source)
        return read_picture(file, self.job.max_megapixels, before_decoding)

    def cut(self, picture: Picture, raise_if_cancelled: RaiseIfCancelled | None = None) -> CutPicture:
        """What the node makes of this picture, in whole levels."""
        options = self.job.options
        with keep_warnings() as warned:
            result = cutout(
                to_values(picture.pixels)[None], self._session, options, raise_if_cancelled=raise_if_cancelled
            )
        rgba = to_levels(result.image[0]).numpy()
        ignored = ["its own alpha is ignored"] if picture.transparent and options.input_alpha == "ignore" else []
        notes = (*picture.notes, *ignored, *warned)
        return CutPicture(rgba, picture.icc, picture.dpi, result.confidence[0], measure(rgba[..., 3]), notes)

    def encode(self, cut: CutPicture) -> bytes:
        """The result's file."""
        return encode(cut.rgba, self.job.form, cut.icc, cut.dpi)


def check_provider(job: Job, provider: str) -> None:
    """Raises InputsError if the job asked for another one and may not go on on the CPU."""
    if job.allow_cpu:
        return
    if job.gpu and provider == CPU:
        raise InputsError(f"asked for a GPU, got the CPU: {why_not(job.provider or CUDA)}. Or go on with --allow-cpu")
    if job.provider in (None, provider):
        return
    raise InputsError(
        f"asked for {plain_name(str(job.provider))}, got {plain_name(provider)}: {why_not(str(job.provider))}. "
        "Or go on on the CPU with --allow-cpu"
    )

"""One session, and the three steps of a picture: read, cut out, encode."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..callbacks import RaiseIfCancelled
from ..cutouts import cutout
from ..imaging.convert import to_levels, to_values
from ..pictures.read import Picture, read_picture
from ..pictures.write import encode
from ..sessions.session import CustomSession
from .job import Job
from .warnings_kept import keep_warnings


@dataclass(frozen=True)
class CutPicture:
    """rgba: straight, [H, W, 4] uint8. The rest as in `Picture` and `Outcome`."""

    rgba: NDArray[np.uint8]
    icc: bytes | None
    confidence: float
    notes: tuple[str, ...]


class Worker:
    """Threads may share it. Raises what `CustomSession` raises."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self._session = CustomSession(job.model, job.recipe, provider=job.provider)

    def read(self, source: str | bytes) -> Picture:
        """A path or a file's bytes; raises as `read_picture` does."""
        return read_picture(source if isinstance(source, bytes) else Path(source), self.job.max_megapixels)

    def cut(self, picture: Picture, raise_if_cancelled: RaiseIfCancelled | None = None) -> CutPicture:
        """What the node makes of this picture, in whole levels."""
        with keep_warnings() as warned:
            result = cutout(
                to_values(picture.pixels)[None], self._session, self.job.options, raise_if_cancelled=raise_if_cancelled
            )
        rgba = to_levels(result.image[0]).numpy()
        return CutPicture(rgba, picture.icc, result.confidence[0], (*picture.notes, *warned))

    def encode(self, cut: CutPicture) -> bytes:
        """The result's file."""
        return encode(cut.rgba, self.job.form, cut.icc)

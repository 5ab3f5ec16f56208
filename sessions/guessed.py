"""Sessions whose recipe was a guess because nobody had a picture: the first pictures settle it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from torch import Tensor

from ..callbacks import RaiseIfCancelled
from .finding.samples import MOST_PICTURES, Trial
from .finding.sources import find_recipe
from .session import CustomSession

__all__ = ["MOST_PICTURES", "settled"]

logger = logging.getLogger("onnx_segmentation")


def settled(
    session: CustomSession,
    pictures: Callable[[], Sequence[Tensor]],
    raise_if_cancelled: RaiseIfCancelled | None = None,
) -> CustomSession:
    """The session as it is, unless its recipe is a guess: then with the one that is found on these pictures.

    pictures: called if it is a guess -> [H, W, 3] uint8 each. Raises what `find_recipe` raises.
    """
    if not session.doubt:
        return session
    trial = Trial(pictures(), raise_if_cancelled=raise_if_cancelled)
    chosen = find_recipe(session.path, session.provider, session.make_room, trial)
    logger.info(f"{session.path.name}: {chosen.said}")
    return session.with_recipe(chosen.recipe)

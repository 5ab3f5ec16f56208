"""What a search through folders takes, counts and leaves out."""

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from ..pictures.file_kind import Identity, special_kind
from ..pictures.kinds import HEAD, SUFFIXES, has_picture_name, kind_of, may_be_picture
from .outcome import Outcome, explain
from .shard_form import SUFFIXES as SHARDS
from .shard_form import is_shard

logger = logging.getLogger("onnx_segmentation")


@dataclass
class Search:
    """What a search has come across so far."""

    output: Identity | None
    shards: bool = False
    lost: list[Outcome] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)

    def say(self, error: OSError) -> None:
        """A folder that cannot be read costs what is in it, not the run."""
        self.lost.append(Outcome(str(error.filename), "", "failed", explain(error)))

    def takes(self, path: Path) -> bool:
        """Whether a file that was met, not named, is a picture."""
        if self.takes_name(path.name) or self._shows_picture(path):
            return _can_be_read(path)
        self.leave_out(path.name)
        return False

    def takes_name(self, name: str) -> bool:
        """Whether its name alone says so."""
        return is_shard(name) if self.shards else has_picture_name(name)

    def leave_out(self, name: str) -> None:
        """Count a file that nobody hides."""
        if not name.startswith("."):
            self.left_out[PurePath(name).suffix.lower() or "no suffix"] += 1

    def _shows_picture(self, path: Path) -> bool:
        return not self.shards and may_be_picture(path.name) and bool(kind_of(_head(path)))

    def came_to_nothing(self, inputs: Iterable[str]) -> str:
        """What to say if there is nothing to do."""
        reasons = "".join(f"; {lost.input}: {lost.error}" for lost in self.lost[:3])
        what, known = ("shards", SHARDS) if self.shards else ("pictures", sorted(SUFFIXES))
        return f"no {what} in {', '.join(inputs)}{reasons}; known are {', '.join(known)}"


def _head(path: Path) -> bytes:
    """The first bytes of a file; none of what is no file, which may be read without end."""
    if not path.is_file():
        return b""
    try:
        with path.open("rb") as file:
            return file.read(HEAD)
    except OSError:
        return b""


def _can_be_read(picture: Path) -> bool:
    if kind := special_kind(picture):
        logger.warning(f"{picture} left out: it is {kind}, not a file")
    return not kind

"""Pictures of a run on which its recipe is found: once, by whoever starts the run, for all its workers.

They hang on what the pictures are, not on their names, their order, or how many of them were done before.
"""

import hashlib
import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

from torch import Tensor

from ..pictures.read import read_picture
from .outcome import explain

logger = logging.getLogger("onnx_segmentation")

MOST = 3
ATTEMPTS = 12  # at pictures, of which some cannot be read
HEAD = 2**16  # bytes of files of one size, which tell them apart
MOST_LISTED = 1000  # of stored pictures, for each of which a request is made


class Source(Protocol):
    """Where the pictures lie."""

    def sizes(self, paths: Sequence[str]) -> dict[str, int]:
        """Bytes of each file that is there."""

    def read(self, path: str, most: int = -1) -> bytes:
        """The file, or its beginning. Raises OSError."""


class LocalSource:
    """This machine's files."""

    def sizes(self, paths: Sequence[str]) -> dict[str, int]:
        return {path: Path(path).stat().st_size for path in paths if Path(path).is_file()}

    def read(self, path: str, most: int = -1) -> bytes:
        with Path(path).open("rb") as file:
            return file.read(most)


class StoredSource:
    """A file system of pyarrow."""

    def __init__(self, filesystem: Any) -> None:
        self._filesystem = filesystem

    def sizes(self, paths: Sequence[str]) -> dict[str, int]:
        entries = self._filesystem.get_file_info(list(paths[:MOST_LISTED]))
        return {entry.path: entry.size for entry in entries if entry.size is not None}

    def read(self, path: str, most: int = -1) -> bytes:
        with self._filesystem.open_input_stream(path) as stream:
            return bytes(stream.read() if most < 0 else stream.read(most))


class HeldSource:
    """Pictures in memory, by names of their own."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self._files = files

    def sizes(self, paths: Sequence[str]) -> dict[str, int]:
        return {path: len(self._files[path]) for path in paths}

    def read(self, path: str, most: int = -1) -> bytes:
        return self._files[path] if most < 0 else self._files[path][:most]


def in_memory(files: Iterable[bytes]) -> tuple[list[str], HeldSource]:
    """Names and source of files that are at hand."""
    named = {str(number): data for number, data in enumerate(files)}
    return list(named), HeldSource(named)


def telling_pictures(paths: Sequence[str], source: Source, max_megapixels: float) -> list[Tensor]:
    """Up to MOST of the pictures that can be read, [H, W, 3] uint8 each: those of middling size."""
    pictures: list[Tensor] = []
    with ThreadPoolExecutor(1) as reading:  # whatever is wrong with a file, it is in the future
        for path in _spread(_by_content(paths, source)):
            future = reading.submit(lambda path: read_picture(source.read(path), max_megapixels).rgb, path)
            if error := future.exception():
                logger.info(f"no recipe is tried on {path}: {explain(error)}")
            else:
                pictures.append(future.result())
            if len(pictures) == MOST:
                break
    return pictures


def _by_content(paths: Sequence[str], source: Source) -> list[str]:
    """Smallest file first; files of one size by what they hold."""
    sizes = source.sizes(paths)
    alike = Counter(sizes.values())

    def key(path: str) -> tuple[int, bytes]:
        return sizes[path], _head(path, source) if alike[sizes[path]] > 1 else b""

    return sorted(sizes, key=key)


def _head(path: str, source: Source) -> bytes:
    try:
        return hashlib.sha256(source.read(path, HEAD)).digest()
    except OSError:
        return b""


def _spread(paths: Sequence[str]) -> list[str]:
    """The middle one, then those at the quarters, at the eighths ...: at most ATTEMPTS."""
    if not paths:
        return []
    numbers = [place * len(paths) // parts for parts in (2, 4, 8, 16) for place in range(1, parts)]
    return [paths[number] for number in dict.fromkeys((*numbers, *range(len(paths))))][:ATTEMPTS]
